// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
	"github.com/juncture-dev/juncture/engine/student"
)

// newForm writes the files of a form that has a new name.
var newForm = flag.Bool("new-form", false, "write testdata anew; only for a form with a new name")

// golden compares bytes with a file below testdata. The files are the frozen
// forms of docs/record.md: a difference means that records written before can
// no longer be verified. A new form needs a new format name, not a new file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *newForm {
		if err := os.WriteFile("testdata/"+name, []byte(strings.Join(hexLines(got), "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(want)), hexLines(got)); diff != "" {
		t.Errorf("%s (-frozen +now):\n%s", name, diff)
	}
}

func hexLines(b []byte) (lines []string) {
	for len(b) > 0 {
		n := min(32, len(b))
		lines, b = append(lines, hex.EncodeToString(b[:n])), b[n:]
	}
	return lines
}

var exampleAt = time.Date(2026, 9, 1, 6, 0, 0, 5, time.UTC)

// exampleBatch is decisions about the students of examplePopulation: one with all
// a decision can have, and one with next to nothing.
func exampleBatch() *decision.Batch {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	waitlisted, _ := decision.StateNumber(decision.Waitlisted)
	undetermined, _ := decision.StateNumber(decision.Undetermined)
	p := examplePopulation()
	return &decision.Batch{
		District: "springfield", Process: "tutoring", Revision: "sha256-00", Run: "run", Trigger: "t", At: exampleAt, Expires: exampleAt.Add(time.Hour),
		Fields:   []string{"b", "i", "f", "s", "d", "none", "bs", "is", "fs", "ss", "ds", "cb", "ci", "cf", "cs", "cd", "cbs", "cis", "cfs", "css", "cds"},
		Students: p.IDs, Schools: p.Schools, Classes: p.Classes,
		Outcome: []uint32{1, 0}, State: []uint8{waitlisted, undetermined}, Priority: []float64{67.25, math.NaN()},
		Outcomes: []decision.Outcome{
			{Code: decision.CodeMissing, Missing: []string{"m"}},
			{
				Rules: []string{"far-behind", "absent"}, Code: "FAR_BEHIND", Missing: []string{"x"}, Failure: "f", Computed: 0b1111111111 << 11,
				Result: []any{true, int64(-3), 0.5, "x", time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), nil,
					[]bool{true, false}, []int64{1, 300}, []float64{}, []string{"", "y"}, []time.Time{day(2)},
					nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
			},
		},
		Computed: append(make([]*decision.Values, 11), []*decision.Values{
			{Bools: []bool{true, true}}, {Ints: []int64{-7, 1}}, {Floats: []float64{math.Inf(-1), 1}}, {Texts: []string{"é", "x"}}, {Ints: []int64{20000, 0}, Dates: true},
			{Lists: []any{[]bool{true}, nil}}, {Lists: []any{[]int64{1, -1}, nil}}, {Lists: []any{[]float64{0.5}, nil}}, {Lists: []any{[]string{"q"}, nil}}, {Lists: []any{[]time.Time{day(3), day(4)}, nil}},
		}...),
		Places:     []decision.Allotment{{Group: "s1", Units: 2, Rank: 7, Waiting: 3, Placement: "NoPlaceFree"}, {}},
		Supersedes: []uint16{1, 0}, Superseded: []string{decision.RunPart("sha256-00", "s")},
	}
}

func examplePopulation() *student.Population {
	attribute := func(name string, t bundle.Type) bundle.Attribute { return bundle.Attribute{Name: name, Type: t} }
	return student.New("springfield", exampleAt, time.UTC, student.Origin{Kind: "oneroster-csv", Digest: "sha256-00"},
		[]string{"p1", "p2"}, []string{"s1", ""}, []string{"c9", "c1"}, []*student.Column{
			{Attribute: attribute("grade", bundle.Integer), Presence: []student.Presence{student.Present, student.Absent}, Ints: []int64{-5, 0}},
			{
				Attribute: attribute("topics", bundle.StringList), Presence: []student.Presence{student.Present, student.Faulty}, Codes: []uint32{1, 0}, Dict: []string{"b", "a"},
				Offsets: []uint32{0, 2, 2}, RowOffsets: []uint32{0, 2, 3}, Rows: []uint32{2, 300, 4}, Newest: []int32{20000, -1},
			},
		})
}

// exampleLeaves are the commitments of a batch about examplePopulation.
func exampleLeaves(t *testing.T, b *decision.Batch) (information []Hash, leaves []Hash) {
	t.Helper()
	p := examplePopulation()
	h, err := headerOf(p)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := readingOf(&h)
	if err != nil {
		t.Fatal(err)
	}
	forms, _, err := outcomeForms(b)
	if err != nil {
		t.Fatal(err)
	}
	key := Key(bytes.Repeat([]byte{7}, 32))
	var c committer
	var persons []Hash
	for row := range p.Len() {
		i := c.information(&key, &reading, p, row)
		information = append(information, i)
		persons = append(persons, c.person(&i, p.IDs[row], p.Schools[row], p.Classes[row]))
	}
	w := leafWriter{context: contextOf(b)}
	return information, w.leaves(nil, b, forms, persons, 0, b.Len())
}

func TestCanonicalFormsAreFrozen(t *testing.T) {
	p, b := examplePopulation(), exampleBatch()
	golden(t, "information.hex", CanonicalInformation(CanonicalInformation(nil, p, 0), p, 1))
	forms, _, err := outcomeForms(b)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "outcome.hex", append(bytes.Clone(forms[0]), forms[1]...))
	golden(t, "own.hex", appendOwn(appendOwn(nil, b, 0, b.Outcomes[1].Computed), b, 1, 0))
	information, leaves := exampleLeaves(t, b)
	golden(t, "leaf.hex", bytes.Join([][]byte{information[0][:], information[1][:], leaves[0][:], leaves[1][:]}, nil))

	task := decision.Open(b.Record(0), bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor", Within: 60})
	e := Entry{
		Format: EntryFormat, District: "springfield", Sequence: 1, Previous: Hash{}.String(), Run: RunID("springfield", "tutoring", "sha256-00", "t"), Trigger: "t",
		At: formatTime(exampleAt), Seed: "00ff", Engine: "v1", Process: "tutoring", Revision: "sha256-00", Snapshot: "sha256-01", Recording: "run", Segment: "sha256-02",
		Proof: ProofPerDecision, Root: rootOf(leaves).String(), Tasks: taskDigest([]decision.Task{task}).String(),
		Counts: Counts{Students: 2, Decisions: 2, Seats: 0, Waiting: 1, Tasks: 1, States: map[decision.State]int{"Waitlisted": 1, "Undetermined": 1}},
	}
	entry, hash, err := e.canonical()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "entry.hex", append(entry, hash[:]...))
}

// TestFilesAreFrozen holds the bytes of whole files.
func TestFilesAreFrozen(t *testing.T) {
	var snapshot bytes.Buffer
	if _, err := EncodeSnapshot(&snapshot, examplePopulation()); err != nil {
		t.Fatal(err)
	}
	golden(t, "snapshot.hex", snapshot.Bytes())
	golden(t, "decisions.hex", encodeExample(t, exampleBatch()))
}

func encodeExample(t testing.TB, b *decision.Batch) []byte {
	t.Helper()
	forms, kinds, err := outcomeForms(b)
	if err != nil {
		t.Fatal(err)
	}
	var e segmentEncoder
	chunk, err := e.decisions(nil, &encodedBatch{Batch: b, forms: forms, kinds: kinds}, 0, b.Len())
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

// frame is an empty batch of the same run.
func frame(b *decision.Batch) *decision.Batch {
	return &decision.Batch{
		District: b.District, Process: b.Process, Revision: b.Revision, Run: b.Run, Trigger: b.Trigger, At: b.At, Expires: b.Expires, Fields: b.Fields,
		Students: b.Students, Schools: b.Schools, Classes: b.Classes, Superseded: b.Superseded, Computed: make([]*decision.Values, len(b.Fields)),
	}
}

func TestEveryFieldOfADecisionIsKept(t *testing.T) {
	b := exampleBatch()
	for v, i := reflect.ValueOf(b.Record(0)), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the example does not set %s: a new field of decision.Record needs a column, a place in the canonical form, and a new format name", v.Type().Field(i).Name)
		}
	}
	got := frame(b)
	if _, err := decodeDecisions(encodeExample(t, b), got, b.Len()); err != nil {
		t.Fatal(err)
	}
	for i := range b.Len() {
		if diff := cmp.Diff(b.Record(i), got.Record(i), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("decision %d (-written +read):\n%s", i, diff)
		}
	}
	if _, again := exampleLeaves(t, got); !reflect.DeepEqual(again, second(exampleLeaves(t, b))) {
		t.Error("what was read has other leaves")
	}
}

func second(_, b []Hash) []Hash { return b }

// TestEveryFieldOfADecisionIsProved: the evidence of a decision proves no other.
func TestEveryFieldOfADecisionIsProved(t *testing.T) {
	b := exampleBatch()
	information, leaves := exampleLeaves(t, b)
	e := Evidence{Information: information[0], Fields: b.Fields, Computed: b.Outcomes[1].Computed}
	if got, err := e.leaf(b.Record(0), b.Trigger); err != nil || got != leaves[0] {
		t.Fatalf("the record has another leaf than the batch, %v", err)
	}
	proves := func(r decision.Record) bool {
		got, err := e.leaf(r, b.Trigger)
		return err == nil && got == leaves[0]
	}
	for i := range reflect.TypeFor[decision.Record]().NumField() {
		other := b.Record(0)
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		if proves(other) {
			t.Errorf("the evidence does not hold %s", reflect.TypeFor[decision.Record]().Field(i).Name)
		}
	}
	for f := range b.Fields {
		other := b.Record(0)
		if other.Result[f].V == nil {
			other.Result[f].V = "something"
		} else {
			other.Result[f].V = nil
		}
		if proves(other) {
			t.Errorf("the evidence does not hold result field %s", b.Fields[f])
		}
	}
	other := b.Record(0)
	other.Student, other.School = other.School, other.Student
	other.ID = decision.ID(other.Revision, decision.StudentKey(other.District, other.Student), b.Trigger)
	if proves(other) {
		t.Error("the evidence does not say which text is the student and which the school")
	}
}

func TestCanonicalFormsHaveOneSpelling(t *testing.T) {
	b := exampleBatch()
	_, want := exampleLeaves(t, b)
	b.Outcomes[0].Rules, b.Outcomes[1].Result[8] = []string{}, []float64(nil)
	b.At, b.Expires = b.At.In(time.FixedZone("x", 3600)), b.Expires.In(time.FixedZone("x", 3600))
	b.Computed[11].Bools[1], b.Computed[14].Texts[1] = false, "whatever"
	if _, got := exampleLeaves(t, b); !reflect.DeepEqual(got, want) {
		t.Error("nil and empty lists, instants in two zones, or what rows do not compute make two forms")
	}
	if !bytes.Equal(encodeExample(t, b), encodeExample(t, exampleBatch())) {
		t.Error("they make two files")
	}
}

func TestHMACIsThatOfTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var w hmacWriter
	for n := range 300 {
		var key Key
		message := make([]byte, n)
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		for i := range message {
			message[i] = byte(r.Uint32())
		}
		mac := hmac.New(sha256.New, key[:])
		mac.Write(message)
		w.reset(&key)
		w.inner = append(w.inner, message...)
		if got := w.sum(); !hmac.Equal(mac.Sum(nil), got[:]) {
			t.Fatalf("%d bytes: another HMAC", n)
		}
	}
}

func TestStudentDigestIsThatOfIDs(t *testing.T) {
	d := newStudentDigest("springfield")
	for _, s := range []string{"", "a", "\x00", "学生", strings.Repeat("x", 99), strings.Repeat("y", 1000), "12:x,"} {
		part := d.of(s)
		if got := hex.EncodeToString(part[:]); got != decision.StudentPart("springfield", s) {
			t.Errorf("%.10q: %s", s, got)
		}
	}
}

// judge is the root that the transparency library gives.
func judge(t *testing.T, leaves []Hash) Hash {
	t.Helper()
	if len(leaves) == 0 {
		return Hash(hasher.EmptyRoot())
	}
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i := range leaves {
		if err := tree.Append(leaves[i][:], nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Hash(root)
}

func someLeaves(n int) []Hash {
	leaves := make([]Hash, n)
	for i := range leaves {
		leaves[i] = sha256.Sum256(fmt.Append(nil, i))
	}
	return leaves
}

func TestTreesAreThoseOfRFC6962(t *testing.T) {
	for size := range 300 {
		leaves := someLeaves(size)
		root := judge(t, leaves)
		if got := rootOf(bytesOf(leaves)); got != root {
			t.Fatalf("%d leaves: another root", size)
		}
		for i := range leaves {
			path, top := siblings(nil, bytesOf(leaves), i)
			if top[0] != root {
				t.Fatalf("%d leaves: another root beside the path", size)
			}
			if err := proof.VerifyInclusion(hasher, uint64(i), uint64(size), leaves[i][:], path, root[:]); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, size, err)
			}
		}
	}
}

func bytesOf(leaves []Hash) []Hash { return append([]Hash(nil), leaves...) }

// TestGroupsAreSubtrees: the tree over the groups' roots is the tree.
func TestGroupsAreSubtrees(t *testing.T) {
	for _, size := range []int{1, GroupRows - 1, GroupRows, GroupRows + 1, 2 * GroupRows, 3*GroupRows + 5, 5 * GroupRows, 6*GroupRows + 1} {
		leaves := someLeaves(size)
		root := judge(t, leaves)
		var roots []Hash
		for from := 0; from < size; from += GroupRows {
			roots = append(roots, rootOf(bytesOf(leaves[from:min(from+GroupRows, size)])))
		}
		if rootOf(bytesOf(roots)) != root {
			t.Fatalf("%d leaves: another root", size)
		}
		for _, i := range []int{0, size / 2, size - 1} {
			group := i / GroupRows
			path, _ := siblings(nil, bytesOf(leaves[group*GroupRows:min((group+1)*GroupRows, size)]), i%GroupRows)
			path, _ = siblings(path, bytesOf(roots), group)
			if err := proof.VerifyInclusion(hasher, uint64(i), uint64(size), leaves[i][:], path, root[:]); err != nil {
				t.Errorf("leaf %d of %d: %v", i, size, err)
			}
		}
	}
}

func TestUnrecordableValuesAreErrors(t *testing.T) {
	for name, v := range map[string]any{"int": 1, "map": map[string]string{}, "hour": time.Unix(3600, 0), "hours": []time.Time{time.Unix(1, 1)}, "far": time.Unix(1<<52, 0), "any list": []any{"x"}} {
		b := exampleBatch()
		b.Outcomes[1].Result[0] = v
		if _, _, err := outcomeForms(b); err == nil {
			t.Errorf("%s is recorded", name)
		}
		b = exampleBatch()
		b.Computed[16].Lists[0] = v
		if _, _, err := outcomeForms(b); err == nil {
			t.Errorf("a list of %s is recorded", name)
		}
	}
}

// TestClaimedSizes: what a damaged file says of its own size costs nothing.
func TestClaimedSizes(t *testing.T) {
	var snapshot bytes.Buffer
	seal, err := EncodeSnapshot(&snapshot, examplePopulation())
	if err != nil {
		t.Fatal(err)
	}
	b := snapshot.Bytes()
	copy(b[len(b)-12:], "\xff\xff\xff\xff")
	for _, damaged := range [][]byte{b, b[len(b)-12:], []byte("JNCTCOL1"), nil} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := DecodeSnapshot(bytes.NewReader(damaged), int64(len(damaged)), seal)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d bytes are read", len(damaged))
		}
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 1<<20 {
			t.Errorf("%d bytes cost %d bytes of memory", len(damaged), cost)
		}
	}
}

// FuzzReadFiles: a file that has the seal it is asked for, and whatever content.
func FuzzReadFiles(f *testing.F) {
	var snapshot bytes.Buffer
	if _, err := EncodeSnapshot(&snapshot, examplePopulation()); err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot.Bytes())
	f.Add([]byte("JNCTCOL1JNCTCOL1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var seal Hash
		if n := len(b) - 12; n > 0 {
			footer := b[max(0, n-int(binary.LittleEndian.Uint32(b[n:]))):n]
			seal = sha256.Sum256(footer)
		}
		p, err := DecodeSnapshot(bytes.NewReader(b), int64(len(b)), seal)
		if err == nil && (p.Len() != len(p.Schools) || p.Len() != len(p.Classes)) {
			t.Fatal("a population that does not fit together")
		}
		_, _ = openSegment(bytes.NewReader(b), int64(len(b)), seal)
	})
}

// FuzzDecisions: a chunk of decisions is refused, or gives decisions that are
// encoded and decoded to the same again.
func FuzzDecisions(f *testing.F) {
	b := exampleBatch()
	f.Add(encodeExample(f, b))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		got := frame(b)
		if _, err := decodeDecisions(chunk, got, b.Len()); err != nil {
			return
		}
		again := frame(b)
		if _, err := decodeDecisions(encodeExample(t, got), again, b.Len()); err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		for i := range b.Len() {
			if diff := cmp.Diff(got.Record(i), again.Record(i), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("decision %d (-read +read again):\n%s", i, diff)
			}
		}
	})
}

// FuzzColumns: a chunk of a column is refused, or gives a column that fits
// together, and the same row by row.
func FuzzColumns(f *testing.F) {
	types := []bundle.Type{bundle.Boolean, bundle.Integer, bundle.Number, bundle.String, bundle.Date, bundle.IntegerList, bundle.NumberList, bundle.StringList, bundle.DateList}
	for i := range examplePopulation().Columns() {
		e, g, p := newGroupEncoder("x"), encodedGroup{}, examplePopulation()
		c := p.Columns()[i]
		if err := e.column(&g, c, 0, p.Len()); err != nil {
			f.Fatal(err)
		}
		for at, typ := range types {
			if typ == c.Type() {
				f.Add(byte(at), c.Rows != nil, g.bytes)
			}
		}
	}
	f.Fuzz(func(t *testing.T, at byte, recorded bool, chunk []byte) {
		h := snapshotColumn{Attribute: bundle.Attribute{Name: "a", Type: types[int(at)%len(types)]}, Rows: recorded, Newest: recorded}
		const rows = 2
		whole := newColumnDecoder(h, 0)
		if whole.add(columns.NewDecoder(chunk), rows, 0, rows) != nil {
			return
		}
		one := func(c *columnDecoder, row int) []byte {
			p := student.New("x", exampleAt, nil, student.Origin{}, make([]string, c.Len()), make([]string, c.Len()), make([]string, c.Len()), []*student.Column{c.Column})
			return CanonicalInformation(nil, p, row)
		}
		for row := range rows {
			alone := newColumnDecoder(h, 0)
			if err := alone.add(columns.NewDecoder(chunk), rows, row, row+1); err != nil {
				t.Fatalf("the whole is read and row %d is not: %v", row, err)
			}
			if !bytes.Equal(one(whole, row), one(alone, 0)) {
				t.Fatalf("row %d differs when it is read alone", row)
			}
		}
	})
}

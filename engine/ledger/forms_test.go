// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/transparency-dev/merkle/proof"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// golden compares bytes with a file below testdata. The files are the frozen
// forms of docs/record.md: a difference means that records written before can
// no longer be verified. A new form needs a new format name, not a new file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
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

func exampleRecord() decision.Record {
	priority := 67.25
	at := time.Date(2026, 9, 1, 6, 0, 0, 5, time.UTC)
	return decision.Record{
		ID: "id", District: "springfield", School: "s1", Class: "c1", Student: "p1", Process: "tutoring", Revision: "sha256-00", Run: "run", At: at,
		Rules: []string{"far-behind", "absent"}, State: decision.Proposed,
		Reason: decision.Reason{Code: "FAR_BEHIND", Text: map[string]string{"es": "¡Más!", "en": "Below."}},
		Result: []decision.Value{
			{Field: "b", V: true}, {Field: "i", V: int64(-3)}, {Field: "f", V: 0.5}, {Field: "s", V: "x"}, {Field: "d", V: time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)},
			{Field: "none"}, {Field: "bs", V: []bool{true, false}}, {Field: "is", V: []int64{1, 300}}, {Field: "fs", V: []float64{}}, {Field: "ss", V: []string{"", "y"}},
			{Field: "ds", V: []time.Time{time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}},
		},
		Priority: &priority, Group: "s1", Units: 2, Rank: 7, Waiting: 3, Placement: "NoPlaceFree", Missing: []string{"m"}, Failure: "f", Supersedes: "before",
		Expires: at.Add(time.Hour),
	}
}

func examplePopulation() *student.Population {
	attribute := func(name string, t bundle.Type) bundle.Attribute { return bundle.Attribute{Name: name, Type: t} }
	return student.New("springfield", time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC), time.UTC, student.Origin{Kind: "oneroster-csv", Digest: "sha256-00"},
		[]string{"p1", "p2"}, []string{"s1", ""}, []string{"", "c1"}, []*student.Column{
			{Attribute: attribute("grade", bundle.Integer), Presence: []student.Presence{student.Present, student.Absent}, Ints: []int64{-5, 0}},
			{
				Attribute: attribute("topics", bundle.StringList), Presence: []student.Presence{student.Present, student.Faulty}, Codes: []uint32{1, 0}, Dict: []string{"b", "a"},
				Offsets: []uint32{0, 2, 2}, RowOffsets: []uint32{0, 2, 3}, Rows: []uint32{2, 300, 4}, Newest: []int32{20000, -1},
			},
		})
}

func TestCanonicalFormsAreFrozen(t *testing.T) {
	r := exampleRecord()
	form, err := CanonicalRecord(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "record.hex", form)
	p := examplePopulation()
	golden(t, "input.hex", CanonicalInput(CanonicalInput(nil, p, 0), p, 1))

	var l leaf
	var mac hmacWriter
	key := Key(bytes.Repeat([]byte{7}, 32))
	if err := mac.leaf(&l, p, 0, &r, &key); err != nil {
		t.Fatal(err)
	}
	golden(t, "leaf.hex", append(l.Inputs[:], l.Commitment[:]...))

	tasks := taskDigest([]decision.Task{decision.Open(r, bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor", Within: 60})})
	e := Entry{
		Format: EntryFormat, District: "springfield", Sequence: 1, Previous: Hash{}.String(), Run: RunID("springfield", "tutoring", "sha256-00", "t"), Trigger: "t",
		At: formatTime(r.At), Seed: "00ff", Engine: "v1", Process: "tutoring", Revision: "sha256-00", Snapshot: "sha256-01", Segment: "sha256-02",
		Root: l.Commitment.String(), Tasks: tasks.String(), Counts: Counts{Students: 2, Decisions: 1, Seats: 0, Waiting: 1, Tasks: 1, States: map[decision.State]int{"Proposed": 1}},
	}
	entry, hash, err := e.canonical()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "entry.hex", append(entry, hash[:]...))
}

// TestFilesAreFrozen holds the bytes of whole files, and with them the
// versions of the libraries that write them: other bytes of the same content
// would do no harm, but snapshots would be kept twice.
func TestFilesAreFrozen(t *testing.T) {
	var snapshot, segment bytes.Buffer
	if err := EncodeSnapshot(&snapshot, examplePopulation()); err != nil {
		t.Fatal(err)
	}
	writeExample(t, &segment)
	s, g := sha256.Sum256(snapshot.Bytes()), sha256.Sum256(segment.Bytes())
	golden(t, "files.hex", append(s[:], g[:]...))
}

func writeExample(t *testing.T, w *bytes.Buffer) {
	t.Helper()
	records := []decision.Record{exampleRecord()}
	var declared []string
	for _, v := range records[0].Result {
		declared = append(declared, v.Field)
	}
	fields, languages, err := segmentShape(declared, records)
	if err != nil {
		t.Fatal(err)
	}
	r := &records[0]
	h := SegmentHeader{Format: SegmentFormat, District: r.District, Process: r.Process, Revision: r.Revision, Run: r.Run, At: r.At, Size: 1, Fields: fields, Languages: languages}
	if err := encodeSegment(w, h, records, make([]leaf, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFieldOfARecordIsKept(t *testing.T) {
	r := exampleRecord()
	for v, i := reflect.ValueOf(r), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the example does not set %s: a new field of decision.Record needs a column, a place in the canonical form, and a new format name", v.Type().Field(i).Name)
		}
	}
	var file bytes.Buffer
	writeExample(t, &file)
	s, err := openSegment(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.records(0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]decision.Record{r}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("segment (-written +read):\n%s", diff)
	}
	form, err := CanonicalRecord(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[decision.Record]().NumField() {
		other := exampleRecord()
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		if again, err := CanonicalRecord(nil, &other); err != nil || bytes.Equal(form, again) {
			t.Errorf("the canonical form does not hold %s (%v)", reflect.TypeFor[decision.Record]().Field(i).Name, err)
		}
	}
}

func TestCanonicalFormHasOneSpelling(t *testing.T) {
	same := func(name string, a, b func(*decision.Record)) {
		x, y := exampleRecord(), exampleRecord()
		a(&x)
		b(&y)
		fx, err := CanonicalRecord(nil, &x)
		if err != nil {
			t.Fatal(err)
		}
		fy, err := CanonicalRecord(nil, &y)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fx, fy) {
			t.Errorf("%s: two forms", name)
		}
	}
	same("nil and empty list", func(r *decision.Record) { r.Missing = nil }, func(r *decision.Record) { r.Missing = []string{} })
	same("nil and empty text", func(r *decision.Record) { r.Reason.Text = nil }, func(r *decision.Record) { r.Reason.Text = map[string]string{} })
	same("a field without value and no field", func(*decision.Record) {}, func(r *decision.Record) { r.Result = append(r.Result[:5:5], r.Result[6:]...) })
	same("an instant in two zones", func(*decision.Record) {}, func(r *decision.Record) { r.At = r.At.In(time.FixedZone("x", 3600)) })
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

func TestEveryLeafHasItsProof(t *testing.T) {
	for size := range 70 {
		leaves := make([]Hash, size)
		for i := range leaves {
			leaves[i] = sha256.Sum256(fmt.Append(nil, i))
		}
		r, err := root(leaves)
		if err != nil {
			t.Fatal(err)
		}
		if size == 0 && r != sha256.Sum256(nil) {
			t.Error("the empty tree's root is not the hash of nothing")
		}
		for i := range leaves {
			p, err := inclusion(leaves, i)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyInclusion(hasher, uint64(i), uint64(size), hasher.HashLeaf(leaves[i][:]), p, r[:]); err != nil {
				t.Errorf("leaf %d of %d: %v", i, size, err)
			}
		}
	}
}

func TestUnrecordableValuesAreErrors(t *testing.T) {
	for name, v := range map[string]any{"int": 1, "map": map[string]string{}, "hour": time.Unix(3600, 0), "hours": []time.Time{time.Unix(1, 1)}, "far": time.Unix(1<<52, 0), "any list": []any{"x"}} {
		r := decision.Record{Result: []decision.Value{{Field: "f", V: v}}}
		if _, err := CanonicalRecord(nil, &r); err == nil {
			t.Errorf("%s is recorded", name)
		}
	}
}

// TestClaimedFooter: what a damaged file says of its own size costs nothing.
func TestClaimedFooter(t *testing.T) {
	var snapshot bytes.Buffer
	if err := EncodeSnapshot(&snapshot, examplePopulation()); err != nil {
		t.Fatal(err)
	}
	b := snapshot.Bytes()
	copy(b[len(b)-8:], "\xff\xff\xff\xff")
	for _, damaged := range [][]byte{b, b[len(b)-8:], []byte("PAR1"), nil} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := DecodeSnapshot(bytes.NewReader(damaged), int64(len(damaged)))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d bytes are read", len(damaged))
		}
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 1<<20 {
			t.Errorf("%d bytes cost %d bytes of memory", len(damaged), cost)
		}
	}
}

func FuzzReadFiles(f *testing.F) {
	var snapshot bytes.Buffer
	if err := EncodeSnapshot(&snapshot, examplePopulation()); err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot.Bytes())
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if p, err := DecodeSnapshot(bytes.NewReader(b), int64(len(b))); err == nil && p.Len() != len(p.Schools) {
			panic("a population that does not fit together")
		}
	})
}

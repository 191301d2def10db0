// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/student"
)

// Processes are those whose runs Together records.
var Processes = []string{"mentoring", "transport", "tutoring"}

// begin begins the nth run of each of Processes.
func (d District) begin(t *testing.T, s ledger.Store, n int) (runs []ledger.Run, recorded []ledger.Recorded) {
	t.Helper()
	var starts []ledger.RunStart
	for _, p := range Processes {
		starts = append(starts, d.Start(p, n))
	}
	runs, err := s.BeginRuns(ctx, starts)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		recorded = append(recorded, d.Recorded(run, n))
	}
	return runs, recorded
}

// Recorded is the nth run of a process as it is recorded.
func (d District) Recorded(run ledger.Run, n int) ledger.Recorded {
	return ledger.Recorded{Run: run.ID, Bundle: d.bundle(run.Process, n)}
}

// Decisions are what the nth run of a process decides about a population.
func (d District) Decisions(run ledger.Run, n int, p *student.Population) (ledger.Decisions, error) {
	c := d.CommitOf(run, n, p)
	var fields []string
	for _, f := range c.Bundle.Process.Result {
		fields = append(fields, f.Name)
	}
	b, err := decision.Gather(decision.Batch{
		District: d.Name, Process: run.Process, Revision: run.Revision, Run: run.ID, Trigger: run.Trigger, At: run.At, Fields: fields,
	}, c.Records)
	return ledger.Decisions{Batch: b, Tasks: c.Tasks}, err
}

func (d District) decisions(t *testing.T, run ledger.Run, n int, p *student.Population) ledger.Decisions {
	t.Helper()
	made, err := d.Decisions(run, n, p)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Together records the nth runs of Processes on one reading.
func Together(t *testing.T, s ledger.Store, d District, n int) []ledger.Receipt {
	t.Helper()
	runs, recorded := d.begin(t, s, n)
	p := d.Population(n)
	r := record(t, s, recorded)
	var all []ledger.Decisions
	for _, run := range runs {
		all = append(all, d.decisions(t, run, n, p))
	}
	if err := r.Append(ctx, p, all); err != nil {
		t.Fatal(err)
	}
	return commit(t, r)
}

func record(t *testing.T, s ledger.Store, runs []ledger.Recorded) ledger.Recorder {
	t.Helper()
	r, err := s.Record(ctx, runs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func commit(t *testing.T, r ledger.Recorder) []ledger.Receipt {
	t.Helper()
	receipts, err := r.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

func recordedTogether(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 13, Students: 150}
	s := open(t, d.Name)
	Together(t, s, d, 0)
	receipts := Together(t, s, d, 1)
	for i, r := range receipts {
		if r.Run.Sequence != int64(len(Processes)+i+1) || r.Run.Snapshot != receipts[0].Run.Snapshot || r.Run.Segment != receipts[0].Run.Segment {
			t.Errorf("receipt %d: %+v", i, r.Run)
		}
		c := d.CommitOf(r.Run, 1, d.Population(1))
		got := all(t, s, ledger.Query{Run: r.Run.ID})
		before := map[string]string{}
		for _, earlier := range all(t, s, ledger.Query{Process: r.Run.Process}) {
			if earlier.Run != r.Run.ID {
				before[earlier.Student] = earlier.ID
			}
		}
		for i := range c.Records {
			c.Records[i].Supersedes = before[c.Records[i].Student]
		}
		if diff := cmp.Diff(c.Records, records(got), same); diff != "" {
			t.Fatalf("decisions of %s (-committed +read):\n%s", r.Run.Process, diff)
		}
		snapshotIsReadBack(t, s, r.Run, c)
		standing, err := s.Standing(ctx, r.Run.Process, bundle.ModeLive)
		if err != nil || standing == nil {
			t.Fatalf("standing: %v, %v", standing, err)
		}
		if diff := cmp.Diff(r.Run, *standing); diff != "" {
			t.Errorf("standing run (-committed +read):\n%s", diff)
		}
	}
	Whole(t, s)
	again := Together(t, s, d, 1)
	for i := range again {
		if diff := cmp.Diff(ledger.Receipt{Run: receipts[i].Run, Again: true}, again[i]); diff != "" {
			t.Errorf("recorded again (-first +again):\n%s", diff)
		}
	}
	if standing, err := s.Standing(ctx, "none", bundle.ModeLive); standing != nil || err != nil {
		t.Errorf("a process without runs stands: %v, %v", standing, err)
	}
}

// partsJoin: a district fed in parts gives the record that it gives at once.
func partsJoin(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 14, Students: 3*ledger.GroupRows + 100}
	whole := d.Population(0)
	s := open(t, d.Name)
	runs, recorded := d.begin(t, s, 0)
	r := record(t, s, recorded[:1])
	at := d.decisions(t, runs[0], 0, whole)
	for from := 0; from < whole.Len(); from += 2 * ledger.GroupRows {
		to := min(from+2*ledger.GroupRows, whole.Len())
		part := Rows(whole, from, to)
		b := at.Batch.Slice(from, to)
		b.Students, b.Schools, b.Classes = part.IDs, part.Schools, part.Classes
		tasks := tasksOf(at.Tasks, b)
		if err := r.Append(ctx, part, []ledger.Decisions{{Batch: b, Tasks: tasks}}); err != nil {
			t.Fatal(err)
		}
	}
	inParts := commit(t, r)[0].Run
	atOnce, err := s.CommitRun(ctx, ledger.RunCommit{
		Run: runs[1].ID, Bundle: recorded[1].Bundle, Population: whole, Batch: d.decisions(t, runs[1], 0, whole).Batch,
		Tasks: d.decisions(t, runs[1], 0, whole).Tasks,
	})
	if err != nil {
		t.Fatal(err)
	}
	if inParts.Snapshot != atOnce.Run.Snapshot {
		t.Error("the same reading in parts and at once gives two snapshots")
	}
	c := d.CommitOf(runs[0], 0, whole)
	if diff := cmp.Diff(c.Records, records(all(t, s, ledger.Query{Run: inParts.ID})), same); diff != "" {
		t.Errorf("decisions (-made +read):\n%.2000s", diff)
	}
	liveStateIsReadBackOf(t, s, runs[0].Process, c)
	for _, row := range []int{0, ledger.GroupRows - 1, ledger.GroupRows, 2 * ledger.GroupRows, whole.Len() - 1} {
		got, e, err := s.Decision(ctx, c.Records[row].ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Check(got.Record); err != nil || e.Row != row {
			t.Errorf("row %d: evidence of row %d, %v", row, e.Row, err)
		}
	}
	Whole(t, s)
}

func tasksOf(tasks []decision.Task, b *decision.Batch) (of []decision.Task) {
	here := map[string]bool{}
	for i := range b.Len() {
		here[b.Record(i).ID] = true
	}
	for _, t := range tasks {
		if here[t.Decision] {
			of = append(of, t)
		}
	}
	return of
}

// Rows are rows [from, to) of a population as one of its own.
func Rows(p *student.Population, from, to int) *student.Population {
	var columns []*student.Column
	for _, c := range p.Columns() {
		part := *c
		part.Presence = c.Presence[from:to]
		if c.Offsets != nil {
			part.Offsets = c.Offsets[from : to+1]
		} else {
			part.Bools, part.Ints, part.Floats, part.Codes = some(c.Bools, from, to), some(c.Ints, from, to), some(c.Floats, from, to), some(c.Codes, from, to)
		}
		if c.RowOffsets != nil {
			part.RowOffsets = c.RowOffsets[from : to+1]
		}
		part.Newest = some(c.Newest, from, to)
		columns = append(columns, &part)
	}
	return student.New(p.District, p.At, p.Zone, p.Source, p.IDs[from:to], p.Schools[from:to], p.Classes[from:to], columns)
}

func some[T any](values []T, from, to int) []T {
	if values == nil {
		return nil
	}
	return values[from:to]
}

// emptyParts: a part without students, wherever it comes, is no way around the
// order of students, nor around the size of the parts.
func emptyParts(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 20, Students: ledger.GroupRows + 200}
	s := open(t, d.Name)
	const end = ledger.GroupRows
	for n, c := range []struct {
		what string
		cuts [][2]int
		good bool
	}{
		{"before, between and after", [][2]int{{0, 0}, {0, end}, {0, 0}, {end, end + 50}, {0, 0}}, true},
		{"before a part of students who come earlier", [][2]int{{0, end}, {0, 0}, {0, end}}, false},
		{"after the last part", [][2]int{{0, 100}, {0, 0}, {100, end}}, false},
	} {
		whole := d.Population(n)
		runs, recorded := d.begin(t, s, n)
		r := record(t, s, recorded[:1])
		at := d.decisions(t, runs[0], n, whole)
		var err error
		for _, cut := range c.cuts {
			part := Rows(whole, cut[0], cut[1])
			b := at.Batch.Slice(cut[0], cut[1])
			b.Students, b.Schools, b.Classes = part.IDs, part.Schools, part.Classes
			if err = r.Append(ctx, part, []ledger.Decisions{{Batch: b, Tasks: tasksOf(at.Tasks, b)}}); err != nil {
				break
			}
		}
		if err == nil {
			_, err = r.Commit(ctx)
		}
		if err := errors.Join(r.Close(), err); (err == nil) != c.good || err != nil && !errors.Is(err, ledger.ErrRefused) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if report := Whole(t, s); report.Runs != 1 || report.Decisions != end+50 {
		t.Errorf("%d runs with %d decisions", report.Runs, report.Decisions)
	}
}

// listsInSomeParts: where no decision of a part has a value of a field that
// others compute, the part says nothing about the field's type.
func listsInSomeParts(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 21, Students: 2 * ledger.GroupRows}
	s := open(t, d.Name)
	whole := d.Population(0)
	runs, recorded := d.begin(t, s, 0)
	at := d.decisions(t, runs[0], 0, whole)
	b := at.Batch
	field := slices.Index(b.Fields, "days")
	b.Computed = make([]*decision.Values, len(b.Fields))
	b.Computed[field] = &decision.Values{Lists: make([]any, b.Len())}
	for row := range ledger.GroupRows {
		o := b.Outcomes[b.Outcome[row]]
		if o.Result == nil || o.Result[field] == nil {
			continue
		}
		b.Computed[field].Lists[row] = o.Result[field]
		o.Result, o.Computed = slices.Clone(o.Result), 1<<field
		o.Result[field] = nil
		b.Outcome[row] = uint32(len(b.Outcomes))
		b.Outcomes = append(b.Outcomes, o)
	}
	r := record(t, s, recorded[:1])
	for from := 0; from < whole.Len(); from += ledger.GroupRows {
		to := min(from+ledger.GroupRows, whole.Len())
		part := Rows(whole, from, to)
		b := at.Batch.Slice(from, to)
		b.Students, b.Schools, b.Classes = part.IDs, part.Schools, part.Classes
		if err := r.Append(ctx, part, []ledger.Decisions{{Batch: b, Tasks: tasksOf(at.Tasks, b)}}); err != nil {
			t.Fatal(err)
		}
	}
	run := commit(t, r)[0].Run
	if diff := cmp.Diff(d.CommitOf(runs[0], 0, whole).Records, records(all(t, s, ledger.Query{Run: run.ID})), same); diff != "" {
		t.Errorf("decisions (-made +read):\n%.2000s", diff)
	}
	Whole(t, s)
}

// givenUpAlone: a run that is given up while it is recorded leaves the others as
// they are, and can be recorded later.
func givenUpAlone(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 15, Students: 2*ledger.GroupRows + 10}
	s := open(t, d.Name)
	whole := d.Population(0)
	runs, recorded := d.begin(t, s, 0)
	r := record(t, s, recorded)
	for from := 0; from < whole.Len(); from += ledger.GroupRows {
		to := min(from+ledger.GroupRows, whole.Len())
		part := Rows(whole, from, to)
		decisions := make([]ledger.Decisions, len(runs))
		for i, run := range runs {
			if i > 0 || from == 0 { // the first of them fails in the second part
				decisions[i] = d.decisions(t, run, 0, part)
			}
		}
		if err := r.Append(ctx, part, decisions); err != nil {
			t.Fatal(err)
		}
	}
	receipts := commit(t, r)
	if receipts[0].Run.State != ledger.RunPending || receipts[0].Run.Sequence != 0 {
		t.Errorf("the run given up: %+v", receipts[0])
	}
	if got := all(t, s, ledger.Query{Process: runs[0].Process}); len(got) != 0 {
		t.Errorf("%d decisions of it are visible", len(got))
	}
	if report := Whole(t, s); report.Runs != 2 || report.Decisions != 2*whole.Len() {
		t.Errorf("%d runs with %d decisions", report.Runs, report.Decisions)
	}
	if _, err := s.CommitRun(ctx, d.CommitOf(runs[0], 0, whole)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, d.Name)
	if report := Whole(t, s); report.Runs != 3 {
		t.Errorf("%d runs", report.Runs)
	}
}

// uncommittedIsGone: of a recording that is not committed nothing is kept, and
// the next one can begin.
func uncommittedIsGone(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 16, Students: 50}
	s := open(t, d.Name)
	runs, recorded := d.begin(t, s, 0)
	p := d.Population(0)
	for name, spoil := range map[string]func(part *student.Population, decisions []ledger.Decisions) (*student.Population, []ledger.Decisions){
		"nothing is wrong": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			return p, a
		},
		"decisions of two runs": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			return p, a[:2]
		},
		"the other run's": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			a[0] = a[1]
			return p, a
		},
		"another instant": func(_ *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			return d.Population(1), a
		},
		"a task of another part": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			a[0].Tasks = a[1].Tasks
			return p, a
		},
		"an outcome of none": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			a[2].Batch.Outcome[1] = 9999
			return p, a
		},
		"a state of none": func(p *student.Population, a []ledger.Decisions) (*student.Population, []ledger.Decisions) {
			a[2].Batch.State[1] = 99
			return p, a
		},
	} {
		r := record(t, s, recorded)
		var decisions []ledger.Decisions
		for _, run := range runs {
			decisions = append(decisions, d.decisions(t, run, 0, p))
		}
		part, decisions := spoil(p, decisions)
		err := r.Append(ctx, part, decisions)
		if (err == nil) != (name == "nothing is wrong") || err != nil && !errors.Is(err, ledger.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			if _, err := r.Commit(ctx); err == nil {
				t.Errorf("%s: it is committed all the same", name)
			}
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: closing: %v", name, err)
		}
		if report := Whole(t, s); report.Runs != 0 || len(report.Notes) != 0 {
			t.Errorf("%s: %+v", name, report)
		}
	}
	if _, err := s.Record(ctx, append(recorded[:2:2], recorded[1])...); !errors.Is(err, ledger.ErrRefused) {
		t.Errorf("one run twice: %v", err)
	}
}

// besideARecording: while one is under way, runs are begun and given up, even
// those that are being recorded.
func besideARecording(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 19, Students: 50}
	s := open(t, d.Name)
	runs, recorded := d.begin(t, s, 0)
	p := d.Population(0)
	r := record(t, s, recorded[:2])
	if err := r.Append(ctx, p, []ledger.Decisions{d.decisions(t, runs[0], 0, p), d.decisions(t, runs[1], 0, p)}); err != nil {
		t.Fatal(err)
	}
	if err := s.AbandonRun(ctx, runs[2].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFired(ctx, "tutoring", "schedule", Epoch); err != nil {
		t.Fatal(err)
	}
	commit(t, r)
	r = record(t, s, []ledger.Recorded{d.Recorded(must(t)(s.BeginRun(ctx, d.Start("tutoring", 1))), 1)})
	p = d.Population(1)
	pending, err := s.PendingRuns(ctx)
	if err != nil || len(pending) != 1 {
		t.Fatalf("%d runs are pending, %v", len(pending), err)
	}
	if err := r.Append(ctx, p, []ledger.Decisions{d.decisions(t, pending[0], 1, p)}); err != nil {
		t.Fatal(err)
	}
	if err := s.AbandonRun(ctx, pending[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(ctx); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("committing a run that was given up meanwhile: %v", err)
	}
	if report := Whole(t, s); report.Runs != 2 {
		t.Errorf("%d runs", report.Runs)
	}
}

// begunAnew: a run that is given up and begun again while it is recorded is not
// committed with an instant, a seed or an engine that nobody decided with.
func begunAnew(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 22, Students: 30}
	s := open(t, d.Name)
	start := d.Start("tutoring", 0)
	p := d.Population(0)
	for name, change := range map[string]func(*ledger.RunStart){
		"another seed":    func(s *ledger.RunStart) { s.Seed = []byte("another") },
		"another instant": func(s *ledger.RunStart) { s.At = s.At.Add(time.Hour) },
		"another engine":  func(s *ledger.RunStart) { s.Engine = "another" },
	} {
		run := must(t)(s.BeginRun(ctx, start))
		r := record(t, s, []ledger.Recorded{d.Recorded(run, 0)})
		if err := r.Append(ctx, p, []ledger.Decisions{d.decisions(t, run, 0, p)}); err != nil {
			t.Fatal(err)
		}
		if err := s.AbandonRun(ctx, run.ID); err != nil {
			t.Fatal(err)
		}
		anew := start
		change(&anew)
		if again := must(t)(s.BeginRun(ctx, anew)); again.ID != run.ID {
			t.Fatal("it is another run: the case does not test what it should")
		}
		if _, err := r.Commit(ctx); !errors.Is(err, ledger.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if report := Whole(t, s); report.Runs != 0 || len(report.Notes) != 0 {
			t.Errorf("%s: %+v", name, report)
		}
		if err := s.AbandonRun(ctx, run.ID); err != nil {
			t.Fatal(err)
		}
	}
	Commit(t, s, d, "tutoring", 0)
	Whole(t, s)
}

// canonicalGiven: whoever has a bundle's canonical form gets the same record for
// giving it, and is refused with another.
func canonicalGiven(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 23, Students: 30}
	s := open(t, d.Name)
	run := must(t)(s.BeginRun(ctx, d.Start("tutoring", 0)))
	recorded := d.Recorded(run, 0)
	other, err := Bundle("tutoring", 77).Canonical()
	if err != nil {
		t.Fatal(err)
	}
	form, err := recorded.Bundle.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string][]byte{"another bundle's": other, "empty": {}, "one byte more": append(slices.Clone(form), ' ')} {
		recorded.Canonical = wrong
		if _, err := s.Record(ctx, recorded); !errors.Is(err, ledger.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	recorded.Canonical = form
	r := record(t, s, []ledger.Recorded{recorded})
	p := d.Population(0)
	if err := r.Append(ctx, p, []ledger.Decisions{d.decisions(t, run, 0, p)}); err != nil {
		t.Fatal(err)
	}
	committed := commit(t, r)[0].Run
	_, b, err := s.Snapshot(ctx, committed.ID)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := b.Canonical(); err != nil || string(read) != string(form) {
		t.Errorf("the bundle read is another (%v)", err)
	}
	Whole(t, s)
}

func must(t *testing.T) func(ledger.Run, error) ledger.Run {
	return func(r ledger.Run, err error) ledger.Run {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// provedAsAWhole: a run without a leaf per decision is recorded, verified and
// read like any other, and says that no single decision is proved.
func provedAsAWhole(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 17, Students: 60}
	s := open(t, d.Name)
	Commit(t, s, d, "tutoring", 0)
	run := must(t)(s.BeginRun(ctx, d.Start("tutoring", 1)))
	c := d.Commit(run, 1)
	c.Proof = ledger.ProofPerRun
	receipt, err := s.CommitRun(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Run.Proof != ledger.ProofPerRun || receipt.Run.Root != (ledger.Hash{}) {
		t.Errorf("receipt %+v", receipt.Run)
	}
	got, e, err := s.Decision(ctx, c.Records[7].ID)
	if err != nil || got.Student != c.Records[7].Student {
		t.Fatal(err)
	}
	if err := e.Check(got.Record); !errors.Is(err, ledger.ErrNoLeaf) {
		t.Errorf("its evidence: %v", err)
	}
	Commit(t, s, d, "tutoring", 2)
	if report := Whole(t, s); report.Runs != 3 {
		t.Errorf("%d runs", report.Runs)
	}
}

// WithoutLeaves records the runs of one store in another, each proved as a whole.
func WithoutLeaves(t *testing.T, from, to ledger.Store) {
	t.Helper()
	runs, err := from.Runs(ctx, "")
	if err != nil || len(runs) == 0 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, run := range runs {
		c := ledger.RunCommit{Run: run.ID, Proof: ledger.ProofPerRun, Records: records(all(t, from, ledger.Query{Run: run.ID}))}
		if c.Population, c.Bundle, err = from.Snapshot(ctx, run.ID); err != nil {
			t.Fatal(err)
		}
		must(t)(to.BeginRun(ctx, run.RunStart))
		if _, err := to.CommitRun(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
}

// informationIsProved: the evidence of a decision proves what was known of its
// student, and nothing else.
func informationIsProved(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 18, Students: 40}
	s := open(t, d.Name)
	receipts := Together(t, s, d, 0)
	for _, want := range all(t, s, ledger.Query{Process: "tutoring"}) {
		_, e, err := s.Decision(ctx, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		known, err := s.Knew(ctx, want.Run, want.Student)
		if err != nil || known.Len() != 1 || known.IDs[0] != want.Student {
			t.Fatalf("what was known: %v", err)
		}
		if err := e.CheckInformation(known, 0); err != nil {
			t.Fatal(err)
		}
		known.Columns()[0].Presence[0] ^= 1
		if e.CheckInformation(known, 0) == nil {
			t.Fatal("the evidence also proves other information")
		}
		e.Key[0] ^= 1
		if err := e.Check(want.Record); err != nil {
			t.Fatalf("without the key: %v", err)
		}
	}
	if _, err := s.Knew(ctx, receipts[0].Run.ID, "nobody"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("what was known of nobody: %v", err)
	}
	if _, err := s.BeginRuns(ctx, []ledger.RunStart{d.Start("tutoring", 1), {Process: "x", At: Epoch}}); !errors.Is(err, ledger.ErrRefused) {
		t.Errorf("one good and one bad run: %v", err)
	}
	if pending, err := s.PendingRuns(ctx); err != nil || len(pending) != 0 {
		t.Errorf("then %d are pending, %v", len(pending), err)
	}
}

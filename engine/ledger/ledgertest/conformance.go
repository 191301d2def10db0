// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
	"github.com/juncture-dev/juncture/engine/student"
)

// Run holds a kind of store to the contract of ledger.Store. open opens the
// store of a district: the same one for the same test and name, so that what one
// opening wrote the next one reads.
func Run(t *testing.T, open func(t *testing.T, district string) ledger.Store) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, func(*testing.T, string) ledger.Store)
	}{
		{"a committed run is read back", committedRunIsReadBack},
		{"a run begun again is the first one", begunAgainIsTheFirst},
		{"committing again changes nothing", committingAgainChangesNothing},
		{"a later run supersedes", laterRunSupersedes},
		{"a trial replaces nothing that is in force", trialReplacesNothing},
		{"a live run replaces trials and proposals", liveReplacesAll},
		{"decisions are found by what a query names", queries},
		{"pages join up", pages},
		{"each decision has its evidence", evidence},
		{"runs are recorded together", recordedTogether},
		{"parts join up", partsJoin},
		{"parts without students change nothing", emptyParts},
		{"lists computed in some parts only", listsInSomeParts},
		{"a run given up leaves the others", givenUpAlone},
		{"what is not committed is gone", uncommittedIsGone},
		{"runs are given up beside a recording", besideARecording},
		{"a run begun anew is not recorded as it was before", begunAnew},
		{"a bundle's canonical form may be given", canonicalGiven},
		{"a run may be proved as a whole", provedAsAWhole},
		{"what was known is proved", informationIsProved},
		{"what contradicts itself is refused", refusals},
		{"an abandoned run is gone", abandoned},
		{"triggers remember when they fired", marks},
		{"an empty district is whole", empty},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open) })
	}
}

var (
	ctx  = context.Background()
	same = cmpopts.EquateEmpty()
)

// Commit begins and commits the nth run of a process.
func Commit(t *testing.T, s ledger.Store, d District, process string, n int) ledger.Receipt {
	t.Helper()
	run, err := s.BeginRun(ctx, d.Start(process, n))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := s.CommitRun(ctx, d.Commit(run, n))
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// Whole fails the test unless the store's record is whole, and returns the
// report.
func Whole(t *testing.T, s ledger.Store) ledger.Report {
	t.Helper()
	report, err := s.Verify(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Faults {
		t.Error(f)
	}
	return report
}

func all(t *testing.T, s ledger.Store, q ledger.Query) []ledger.Decision {
	t.Helper()
	var out []ledger.Decision
	for d, err := range s.Decisions(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func records(decisions []ledger.Decision) []decision.Record {
	out := make([]decision.Record, len(decisions))
	for i := range decisions {
		out[i] = decisions[i].Record
	}
	return out
}

func committedRunIsReadBack(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 1, Students: 200}
	s := open(t, d.Name)
	run, err := s.BeginRun(ctx, d.Start("tutoring", 0))
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, ledger.Query{}); len(got) != 0 {
		t.Fatalf("%d decisions are visible before the commit", len(got))
	}
	c := d.Commit(run, 0)
	receipt, err := s.CommitRun(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Run.Sequence != 1 || receipt.Again {
		t.Errorf("receipt %+v", receipt)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, d.Name)
	if diff := cmp.Diff(c.Records, records(all(t, s, ledger.Query{})), same); diff != "" {
		t.Errorf("decisions (-committed +read):\n%s", diff)
	}
	runs, err := s.Runs(ctx, "tutoring")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Run{receipt.Run}, runs); diff != "" {
		t.Errorf("runs (-receipt +read):\n%s", diff)
	}
	snapshotIsReadBack(t, s, run, c)
	liveStateIsReadBack(t, s, c)
	if report := Whole(t, s); report.Runs != 1 || report.Decisions != len(c.Records) || report.Head != receipt.Run.Entry {
		t.Errorf("report %+v", report)
	}
}

// snapshotIsReadBack: the record gives what a run read, and the bundle it ran.
func snapshotIsReadBack(t *testing.T, s ledger.Store, run ledger.Run, c ledger.RunCommit) {
	t.Helper()
	p, b, err := s.Snapshot(ctx, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := b.Digest(); err != nil || string(digest) != run.Revision {
		t.Errorf("the bundle read has digest %s, %v", digest, err)
	}
	for i := range c.Population.IDs {
		if string(ledger.CanonicalInformation(nil, p, i)) != string(ledger.CanonicalInformation(nil, c.Population, i)) {
			t.Fatalf("row %d of the snapshot is not what the run read", i)
		}
	}
	if !p.At.Equal(run.At) || p.Zone.String() != c.Population.Zone.String() || p.Source != c.Population.Source {
		t.Errorf("snapshot of %v, %v, %v", p.At, p.Zone, p.Source)
	}
}

// liveStateIsReadBack: tasks and seats are those of the commit.
func liveStateIsReadBack(t *testing.T, s ledger.Store, c ledger.RunCommit) {
	t.Helper()
	liveStateIsReadBackOf(t, s, "tutoring", c)
}

func liveStateIsReadBackOf(t *testing.T, s ledger.Store, process string, c ledger.RunCommit) {
	t.Helper()
	tasks, err := s.Tasks(ctx, process, decision.TaskOpen)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Tasks, tasks, cmpopts.SortSlices(func(a, b decision.Task) bool { return a.ID < b.ID })); diff != "" {
		t.Errorf("tasks (-committed +read):\n%s", diff)
	}
	held, err := s.Held(ctx, process)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]decision.Seat{}
	for i := range c.Records {
		if seat, ok := decision.SeatOf(bundle.ModeLive, &c.Records[i]); ok {
			want[c.Records[i].Student] = seat
		}
	}
	if diff := cmp.Diff(want, held); diff != "" || len(want) == 0 {
		t.Errorf("seats (-committed +read):\n%s", diff)
	}
}

func begunAgainIsTheFirst(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "shelbyville", Seed: 2, Students: 5}
	s := open(t, d.Name)
	first, err := s.BeginRun(ctx, d.Start("tutoring", 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, d.Name)
	later := d.Start("tutoring", 0)
	later.At, later.Seed = later.At.Add(time.Hour), []byte("another")
	again, err := s.BeginRun(ctx, later)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("run (-first +again):\n%s", diff)
	}
	pending, err := s.PendingRuns(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Run{first}, pending); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	receipt := Commit(t, s, d, "tutoring", 0)
	if again, err = s.BeginRun(ctx, later); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(receipt.Run, again); diff != "" || again.State != ledger.RunCommitted {
		t.Errorf("run begun after its commit (-receipt +again):\n%s", diff)
	}
	if pending, err = s.PendingRuns(ctx); err != nil || len(pending) != 0 {
		t.Errorf("%d runs pending after the commit, %v", len(pending), err)
	}
}

func committingAgainChangesNothing(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 3, Students: 50}
	s := open(t, d.Name)
	first := Commit(t, s, d, "tutoring", 0)
	c := d.Commit(first.Run, 0)
	c.Records = c.Records[:10] // even if it is another outcome
	again, err := s.CommitRun(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ledger.Receipt{Run: first.Run, Again: true}, again); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	if got := len(all(t, s, ledger.Query{})); got != first.Run.Counts.Decisions {
		t.Errorf("%d decisions, committed were %d", got, first.Run.Counts.Decisions)
	}
	Whole(t, s)
}

func laterRunSupersedes(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 4, Students: 120}
	s := open(t, d.Name)
	first := Commit(t, s, d, "tutoring", 0)
	Commit(t, s, d, "mentoring", 0)
	before, err := s.InForce(ctx, "tutoring", bundle.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	second := Commit(t, s, d, "tutoring", 3) // another revision
	inForce := all(t, s, ledger.Query{Process: "tutoring", InForceOnly: true})
	if len(inForce) != second.Run.Counts.Decisions {
		t.Fatalf("%d decisions in force, the newest run made %d", len(inForce), second.Run.Counts.Decisions)
	}
	superseded := 0
	for _, d := range inForce {
		if d.Run != second.Run.ID || d.Current != d.State {
			t.Errorf("a decision of run %s is in force as %s", d.Run, d.Current)
		}
		if d.Supersedes != before[d.Student] {
			t.Error("a decision does not supersede the student's earlier one")
		}
		if d.Supersedes != "" {
			superseded++
		}
	}
	if superseded == 0 || superseded == len(inForce) {
		t.Fatalf("%d of %d supersede one: the case does not test what it should", superseded, len(inForce))
	}
	if got := all(t, s, ledger.Query{Process: "tutoring", State: decision.Superseded}); len(got) != first.Run.Counts.Decisions {
		t.Errorf("%d superseded decisions, the first run made %d", len(got), first.Run.Counts.Decisions)
	}
	withdrawn, err := s.Tasks(ctx, "tutoring", decision.TaskWithdrawn)
	if err != nil || len(withdrawn) != first.Run.Counts.Tasks {
		t.Errorf("%d tasks withdrawn, the first run opened %d (%v)", len(withdrawn), first.Run.Counts.Tasks, err)
	}
	places, err := s.Places(ctx, "tutoring")
	if err != nil || len(places) != second.Run.Counts.Seats+second.Run.Counts.Waiting {
		t.Errorf("%d places, the newest run gave %d seats and %d waiting (%v)", len(places), second.Run.Counts.Seats, second.Run.Counts.Waiting, err)
	}
	Whole(t, s)
}

// trialReplacesNothing: a process that goes from Live to Shadow or Advisory and
// back loses no decision, no seat and no task of its live run on the way.
func trialReplacesNothing(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 11, Students: 90}
	s := open(t, d.Name)
	live := Commit(t, s, d, "tutoring", 0)
	query := ledger.Query{Process: "tutoring", InForceOnly: true}
	decisions := all(t, s, query)
	places, err := s.Places(ctx, "tutoring")
	if err != nil || len(places) == 0 {
		t.Fatalf("%d places, %v: the case does not test what it should", len(places), err)
	}
	for n, mode := range []bundle.Mode{bundle.ModeShadow, bundle.ModeAdvisory, bundle.ModeShadow} {
		trial := d
		trial.Mode = mode
		c := Commit(t, s, trial, "tutoring", n+1)
		if diff := cmp.Diff(decisions, all(t, s, query)); diff != "" {
			t.Fatalf("in force after a run in mode %s (-before +after):\n%s", mode, diff)
		}
		after, err := s.Places(ctx, "tutoring")
		if diff := cmp.Diff(places, after); diff != "" || err != nil {
			t.Fatalf("places after a run in mode %s (-before +after), %v:\n%s", mode, err, diff)
		}
		for _, made := range all(t, s, ledger.Query{Run: c.Run.ID}) {
			if slices.ContainsFunc(decisions, func(d ledger.Decision) bool { return d.ID == made.Supersedes }) {
				t.Fatalf("a decision in mode %s supersedes a live one", mode)
			}
			if made.Current != made.State {
				t.Fatalf("a decision of the newest run in mode %s is %s", mode, made.Current)
			}
		}
		Whole(t, s)
	}
	asked, err := s.Tasks(ctx, "tutoring", decision.TaskOpen)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, task := range asked {
		if slices.ContainsFunc(decisions, func(d ledger.Decision) bool { return d.ID == task.Decision }) {
			kept++
		}
	}
	if kept != live.Run.Counts.Tasks || kept == 0 {
		t.Errorf("%d of the live run's %d tasks are open", kept, live.Run.Counts.Tasks)
	}
	again := Commit(t, s, d, "tutoring", 4)
	before := map[string]string{}
	for _, d := range decisions {
		before[d.Student] = d.ID
	}
	for _, d := range all(t, s, query) {
		if d.Run != again.Run.ID || d.Supersedes != before[d.Student] {
			t.Fatal("the next live run does not supersede the live decisions")
		}
	}
	Whole(t, s)
}

// liveReplacesAll: once a process is live, nobody is asked to act on what it
// only proposed before.
func liveReplacesAll(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 12, Students: 60}
	s := open(t, d.Name)
	for n, mode := range []bundle.Mode{bundle.ModeShadow, bundle.ModeAdvisory} {
		trial := d
		trial.Mode = mode
		Commit(t, s, trial, "tutoring", n)
	}
	if places, err := s.Places(ctx, "tutoring"); err != nil || len(places) != 0 {
		t.Errorf("%d places are taken by trials, %v", len(places), err)
	}
	proposed, err := s.InForce(ctx, "tutoring", bundle.ModeLive)
	if err != nil {
		t.Fatal(err)
	}
	live := Commit(t, s, d, "tutoring", 2)
	for _, made := range all(t, s, ledger.Query{Process: "tutoring"}) {
		switch {
		case made.Run != live.Run.ID && made.Current != decision.Superseded:
			t.Fatalf("a decision of an earlier run is still %s", made.Current)
		case made.Run == live.Run.ID && made.Supersedes != proposed[made.Student]:
			t.Fatal("a live decision does not supersede what was proposed")
		}
	}
	tasks, err := s.Tasks(ctx, "tutoring", decision.TaskOpen)
	if err != nil || len(tasks) != live.Run.Counts.Tasks {
		t.Errorf("%d tasks are open, the live run opened %d (%v)", len(tasks), live.Run.Counts.Tasks, err)
	}
	Whole(t, s)
}

func queries(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 5, Students: 80}
	s := open(t, d.Name)
	for n := range 4 {
		Commit(t, s, d, "tutoring", n)
		Commit(t, s, d, "mentoring", n)
	}
	everything := all(t, s, ledger.Query{})
	for i := 1; i < len(everything); i++ {
		a, b := everything[i-1].Cursor, everything[i].Cursor
		if fmt.Sprint(a.Process, a.Student, a.Sequence+100) >= fmt.Sprint(b.Process, b.Student, b.Sequence+100) {
			t.Fatalf("decisions %d and %d are not in order", i-1, i)
		}
	}
	one := everything[len(everything)/2]
	for _, q := range []ledger.Query{
		{Process: "tutoring"}, {Process: "none"}, {Student: one.Student}, {Student: "nobody"}, {Revision: one.Revision}, {Run: one.Run},
		{State: decision.Superseded}, {State: decision.Proposed}, {State: decision.Proposed, Process: "mentoring", InForceOnly: true},
		{Student: one.Student, Process: one.Process}, {State: decision.Superseded, InForceOnly: true}, {Student: one.Student, InForceOnly: true},
	} {
		var want []ledger.Decision
		for _, d := range everything {
			inForce := d.Current != decision.Superseded
			if (q.Process == "" || q.Process == d.Process) && (q.Student == "" || q.Student == d.Student) && (q.Revision == "" || q.Revision == d.Revision) &&
				(q.Run == "" || q.Run == d.Run) && (q.State == "" || q.State == d.Current) && (!q.InForceOnly || inForce) {
				want = append(want, d)
			}
		}
		if diff := cmp.Diff(want, all(t, s, q)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", q, diff)
		}
	}
}

func pages(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 6, Students: 40}
	s := open(t, d.Name)
	for n := range 3 {
		Commit(t, s, d, "tutoring", n)
		Commit(t, s, d, "mentoring", n)
	}
	want := all(t, s, ledger.Query{})
	var got []ledger.Decision
	for q := (ledger.Query{Limit: 7}); ; {
		page := all(t, s, q)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		q.After = page[len(page)-1].Cursor
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-all +joined):\n%s", diff)
	}
}

func evidence(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 7, Students: 60}
	s := open(t, d.Name)
	Commit(t, s, d, "tutoring", 0)
	Commit(t, s, d, "tutoring", 1)
	for _, want := range all(t, s, ledger.Query{}) {
		got, e, err := s.Decision(ctx, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("decision (-listed +found):\n%s", diff)
		}
		if err := e.Check(got.Record); err != nil {
			t.Fatal(err)
		}
		forged := got.Record
		forged.Reason.Code += "!"
		if e.Check(forged) == nil {
			t.Fatal("the evidence also proves another record")
		}
		e.Row++
		if e.Check(got.Record) == nil {
			t.Fatal("the evidence also proves another row")
		}
	}
	if _, _, err := s.Decision(ctx, "none"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an unknown decision: %v", err)
	}
}

func refusals(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 8, Students: 30}
	s := open(t, d.Name)
	run, err := s.BeginRun(ctx, d.Start("tutoring", 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*ledger.RunCommit){
		"another bundle":        func(c *ledger.RunCommit) { c.Bundle = Bundle("tutoring", 77) },
		"no bundle":             func(c *ledger.RunCommit) { c.Bundle = nil },
		"another instant":       func(c *ledger.RunCommit) { c.Population = d.Population(1) },
		"two about one student": func(c *ledger.RunCommit) { c.Records[3] = c.Records[2] },
		"out of order":          func(c *ledger.RunCommit) { c.Records[2], c.Records[3] = c.Records[3], c.Records[2] },
		"an id made up":         func(c *ledger.RunCommit) { c.Records[3].ID = "x" },
		"an unknown state":      func(c *ledger.RunCommit) { c.Records[3].State = "Great" },
		"an unknown student": func(c *ledger.RunCommit) {
			r := &c.Records[len(c.Records)-1]
			r.Student = "zzz"
			r.ID = decision.ID(r.Revision, decision.StudentKey(d.Name, "zzz"), run.Trigger)
		},
		"another district":        func(c *ledger.RunCommit) { c.Records[0].District = "shelbyville" },
		"an undeclared field":     func(c *ledger.RunCommit) { c.Records[decided(c)].Result[0].Field = "secret" },
		"a value of another type": func(c *ledger.RunCommit) { c.Records[decided(c)].Result[1].V = "many" },
		"a Go value of no type":   func(c *ledger.RunCommit) { c.Records[decided(c)].Result[1].V = struct{}{} },
		"an hour as a date":       func(c *ledger.RunCommit) { c.Records[decided(c)].Result[4].V = time.Unix(3600, 0) },
		"supersedes nothing":      func(c *ledger.RunCommit) { c.Records[0].Supersedes = c.Records[1].ID },
		"a task of no decision":   func(c *ledger.RunCommit) { c.Tasks[0].Decision = "x" },
		"a task twice":            func(c *ledger.RunCommit) { c.Tasks = append(c.Tasks, c.Tasks[0]) },
		"expires by itself":       func(c *ledger.RunCommit) { c.Records[3].Expires = time.Time{} },
		"expires in year 10000": func(c *ledger.RunCommit) {
			for i := range c.Records {
				c.Records[i].Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		},
		"a task due in year 10000": func(c *ledger.RunCommit) { c.Tasks[0].Due = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a presence of none": func(c *ledger.RunCommit) {
			c.Population.Columns()[0].Presence[0] = student.Faulty + 1
		},
		"an outcome that nobody could read": func(c *ledger.RunCommit) {
			c.Records[3].Failure = strings.Repeat("x", columns.MaxValues)
		},
		"the text of a reason": func(c *ledger.RunCommit) { c.Records[3].Reason.Text = map[string]string{"en": "Below 40."} },
		"fewer than all":       func(c *ledger.RunCommit) { c.Records = c.Records[1:] },
		"an unknown proof":     func(c *ledger.RunCommit) { c.Proof = "faith" },
	} {
		c := d.Commit(run, 0)
		spoil(&c)
		if _, err := s.CommitRun(ctx, c); !errors.Is(err, ledger.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if got := all(t, s, ledger.Query{}); len(got) != 0 {
			t.Fatalf("%s: %d decisions are visible", name, len(got))
		}
	}
	if _, err := s.CommitRun(ctx, ledger.RunCommit{Run: "never begun"}); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a run never begun: %v", err)
	}
	if err := s.SetFired(ctx, "tutoring", "schedule", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, ledger.ErrRefused) {
		t.Errorf("fired in the year 10000: %v", err)
	}
	if _, err := s.BeginRun(ctx, ledger.RunStart{Process: "tutoring"}); !errors.Is(err, ledger.ErrRefused) {
		t.Errorf("a run without a revision: %v", err)
	}
	Commit(t, s, d, "tutoring", 0)
	Whole(t, s)
}

// decided is a record that has a result.
func decided(c *ledger.RunCommit) int {
	for i := range c.Records {
		if len(c.Records[i].Result) > 0 && i > 0 {
			return i
		}
	}
	return 0
}

func abandoned(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 9, Students: 10}
	s := open(t, d.Name)
	run, err := s.BeginRun(ctx, d.Start("tutoring", 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AbandonRun(ctx, run.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CommitRun(ctx, d.Commit(run, 0)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("committing it: %v", err)
	}
	committed := Commit(t, s, d, "tutoring", 0)
	if err := s.AbandonRun(ctx, committed.Run.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("abandoning a committed run: %v", err)
	}
}

func marks(t *testing.T, open func(*testing.T, string) ledger.Store) {
	s := open(t, "springfield")
	if at, err := s.LastFired(ctx, "tutoring", "schedule"); err != nil || !at.IsZero() {
		t.Errorf("before: %v, %v", at, err)
	}
	for _, at := range []time.Time{Epoch, Epoch.Add(time.Nanosecond), Epoch.Add(-time.Hour)} {
		if err := s.SetFired(ctx, "tutoring", "schedule", at); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := s.LastFired(ctx, "tutoring", "schedule"); err != nil || !at.Equal(Epoch.Add(time.Nanosecond)) {
		t.Errorf("after: %v, %v", at, err)
	}
	if at, err := s.LastFired(ctx, "mentoring", "schedule"); err != nil || !at.IsZero() {
		t.Errorf("another process: %v, %v", at, err)
	}
	Whole(t, s)
}

func empty(t *testing.T, open func(*testing.T, string) ledger.Store) {
	d := District{Name: "springfield", Seed: 10}
	s := open(t, d.Name)
	Whole(t, s)
	receipt := Commit(t, s, d, "tutoring", 0) // a district without students
	if receipt.Run.Counts.Decisions != 0 {
		t.Errorf("counts %+v", receipt.Run.Counts)
	}
	if got := all(t, s, ledger.Query{}); len(got) != 0 {
		t.Errorf("%d decisions", len(got))
	}
	Whole(t, s)
}

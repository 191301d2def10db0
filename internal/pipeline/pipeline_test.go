// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/pipeline"
	"github.com/juncture-dev/juncture/internal/translate"
)

var (
	at   = time.Date(2026, 9, 1, 2, 0, 0, 0, time.UTC)
	seed = []byte("seed")
)

// programs are the processes of testdata by name.
func programs(t *testing.T) map[string]*engine.Program {
	t.Helper()
	set, problems, err := manifest.Read([]string{"testdata/network.yaml"}, nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	compiled := map[string]*engine.Program{}
	for _, p := range manifest.Of[*v1alpha1.PersonalizationProcess](set) {
		closed, err := translate.Close(p, set.Lookup(p.Namespace))
		if err != nil {
			t.Fatal(err)
		}
		form, err := closed.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := bundle.Parse(form)
		if err != nil {
			t.Fatal(err)
		}
		if compiled[p.Name], err = engine.Compile(parsed); err != nil {
			t.Fatal(err)
		}
	}
	return compiled
}

// input is a run of the named processes of a district, all by one trigger.
func input(t *testing.T, trigger string, processes ...string) pipeline.Input {
	t.Helper()
	all := programs(t)
	in := pipeline.Input{District: "north", Source: "testdata/roster", At: at, Seed: seed}
	for _, name := range processes {
		in.Due = append(in.Due, pipeline.Due{Program: all[name], Trigger: trigger})
	}
	return in
}

func open(t *testing.T) ledger.Store {
	t.Helper()
	l, err := ledger.Open(t.TempDir(), ledger.Options{District: "north", Entropy: ledgertest.Entropy(1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func run(t *testing.T, in pipeline.Input) pipeline.Output {
	t.Helper()
	out, err := pipeline.DistrictRun(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out.Runs {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return out
}

func pending(t *testing.T, l ledger.Store) []ledger.Run {
	t.Helper()
	runs, err := l.PendingRuns(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestRecordChangesNoDecision(t *testing.T) {
	in := input(t, "request/1", "calls", "tutoring")
	without := run(t, in)
	in.Ledger = open(t)
	with := run(t, in)
	for i := range without.Runs {
		a, b := without.Runs[i], with.Runs[i]
		if a.ID == "" || a.ID != b.ID || a.Batch.Counts.Decisions != 7 {
			t.Errorf("run %q and %q, %d decisions", a.ID, b.ID, a.Batch.Counts.Decisions)
		}
		if diff := cmp.Diff(a.Batch, b.Batch, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s without (-) and with a record (+):\n%s", a.Process(), diff)
		}
		if a.Receipt != nil || b.Receipt == nil {
			t.Errorf("receipts %v, %v", a.Receipt, b.Receipt)
		}
	}
	if with.Population.Len() != 7 || len(with.Population.Columns()) != 2 {
		t.Errorf("read %d students and %d attributes, want 7 and the union of 2", with.Population.Len(), len(with.Population.Columns()))
	}
}

// TestProcessSeesItsOwnAttributes: nothing but what a process declared can be
// reached through what it is given.
func TestProcessSeesItsOwnAttributes(t *testing.T) {
	out := run(t, input(t, "request/1", "calls", "tutoring"))
	for i, want := range []string{"present", "scores"} {
		columns := out.Runs[i].Population.Columns()
		if len(columns) != 1 || columns[0].Name() != want {
			t.Errorf("process %s sees %d columns, the first %s", out.Runs[i].Process(), len(columns), columns[0].Name())
		}
	}
}

func TestCommittedRunIsNotDecidedAgain(t *testing.T) {
	in := input(t, "request/1", "tutoring")
	in.Ledger = open(t)
	first := run(t, in)
	in.At, in.Seed, in.Source = at.Add(time.Hour), []byte("other"), "nowhere" // nothing is read
	again := run(t, in)
	r := again.Runs[0]
	if !r.Again || !r.At.Equal(at) || string(r.Seed) != "seed" || r.Receipt == nil {
		t.Errorf("again %v, at %s with seed %q", r.Again, r.At, r.Seed)
	}
	if diff := cmp.Diff(first.Runs[0].Batch.Decisions.All(), r.Batch.Decisions.All()); diff != "" {
		t.Errorf("first (-), again (+):\n%s", diff)
	}
	if diff := cmp.Diff(first.Runs[0].Batch.Counts, r.Batch.Counts); diff != "" {
		t.Errorf("first (-), again (+):\n%s", diff)
	}
	if report := ledgertest.Whole(t, in.Ledger); report.Runs != 1 {
		t.Errorf("%d runs in the record", report.Runs)
	}
}

// TestInterruptedRunIsDoneAsItWasBegun: what the end of a process cuts off is
// done later at the first instant and with the first seed, beside what is new.
func TestInterruptedRunIsDoneAsItWasBegun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	store := open(t)
	in := input(t, "request/1", "tutoring")
	in.Ledger = interrupted{store, cancel}
	if _, err := pipeline.DistrictRun(ctx, in); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	in.Ledger = store
	if n := len(pending(t, in.Ledger)); n != 1 {
		t.Fatalf("%d runs are pending, want 1", n)
	}

	later := input(t, "request/1", "tutoring", "calls")
	later.Ledger, later.At, later.Seed = in.Ledger, at.Add(time.Hour), []byte("other")
	out := run(t, later)
	resumed, fresh := out.Runs[0], out.Runs[1]
	if !resumed.At.Equal(at) || string(resumed.Seed) != "seed" || !resumed.Population.At.Equal(at) {
		t.Errorf("resumed at %s with seed %q", resumed.At, resumed.Seed)
	}
	if !fresh.At.Equal(later.At) || !out.Population.At.Equal(later.At) {
		t.Errorf("the other process ran at %s, what was read is of %s", fresh.At, out.Population.At)
	}
	alone := run(t, input(t, "request/1", "tutoring"))
	if diff := cmp.Diff(alone.Runs[0].Batch.Decisions.All(), resumed.Batch.Decisions.All()); diff != "" {
		t.Errorf("never interrupted (-), resumed (+):\n%s", diff)
	}
	if n := len(pending(t, in.Ledger)); n != 0 {
		t.Errorf("%d runs are still pending", n)
	}
}

func TestUnreadableRosterLeavesNothing(t *testing.T) {
	in := input(t, "request/1", "calls", "tutoring")
	in.Ledger = open(t)
	in.Source = filepath.Join(t.TempDir(), "nowhere.zip")
	_, err := pipeline.DistrictRun(context.Background(), in)
	var unreadable *oneroster.Error
	if !errors.As(err, &unreadable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if n := len(pending(t, in.Ledger)); n != 0 {
		t.Errorf("%d runs are pending", n)
	}
	in.Source = "testdata/roster"
	run(t, in) // the same trigger instance may be tried anew
}

func TestOneProcessDoesNotStopTheOther(t *testing.T) {
	in := input(t, "request/1", "tutoring", "calls")
	in.Ledger = open(t)
	in.Seed = nil // the lottery of tutoring needs one
	out, err := pipeline.DistrictRun(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out.Runs[0].Err == nil || out.Runs[0].Batch != nil || out.Runs[0].Receipt != nil {
		t.Errorf("tutoring ran: %+v", out.Runs[0])
	}
	if out.Runs[1].Err != nil || out.Runs[1].Receipt == nil {
		t.Errorf("calls did not run: %v", out.Runs[1].Err)
	}
	if n := len(pending(t, in.Ledger)); n != 0 {
		t.Errorf("%d runs are pending", n)
	}
}

// interrupted is a store whose machine is told to stop before it can commit.
type interrupted struct {
	ledger.Store
	stop func()
}

func (s interrupted) Record(ctx context.Context, runs ...ledger.Recorded) (ledger.Recorder, error) {
	s.stop()
	return s.Store.Record(ctx, runs...)
}

// broken is a store that cannot record the runs of one process, or any.
type broken struct {
	ledger.Store
	process string
}

var errFull = errors.New("the disk is full")

func (b broken) Record(ctx context.Context, runs ...ledger.Recorded) (ledger.Recorder, error) {
	for _, r := range runs {
		if b.process == "" || r.Bundle.Process.Name == b.process {
			return nil, errFull
		}
	}
	return b.Store.Record(ctx, runs...)
}

// TestWhatCannotBeRecordedStopsNoOther: runs are recorded together, but one that
// is refused does not take the others with it.
func TestWhatCannotBeRecordedStopsNoOther(t *testing.T) {
	in := input(t, "request/1", "tutoring", "calls")
	in.Ledger = broken{open(t), "tutoring"}
	out, err := pipeline.DistrictRun(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(out.Runs[0].Err, errFull) || out.Runs[0].Batch != nil || out.Runs[0].Receipt != nil {
		t.Errorf("tutoring: error %v, receipt %v", out.Runs[0].Err, out.Runs[0].Receipt)
	}
	if out.Runs[1].Err != nil || out.Runs[1].Receipt == nil || out.Runs[1].Batch == nil {
		t.Errorf("calls: error %v", out.Runs[1].Err)
	}
	if report := ledgertest.Whole(t, in.Ledger); report.Runs != 1 {
		t.Errorf("%d runs in the record", report.Runs)
	}
	if n := len(pending(t, in.Ledger)); n != 0 {
		t.Errorf("%d runs are pending", n)
	}
}

// forgetful is a store whose first commit gets through and then fails, and that
// knows of nothing to give up.
type forgetful struct {
	ledger.Store
	failed *bool
}

type forgetfulRecorder struct {
	ledger.Recorder
	failed *bool
}

func (f forgetful) Record(ctx context.Context, runs ...ledger.Recorded) (ledger.Recorder, error) {
	r, err := f.Store.Record(ctx, runs...)
	return forgetfulRecorder{r, f.failed}, err
}

func (r forgetfulRecorder) Commit(ctx context.Context) ([]ledger.Receipt, error) {
	receipts, err := r.Recorder.Commit(ctx)
	if !*r.failed {
		*r.failed = true
		return nil, errors.New("the answer was lost")
	}
	return receipts, err
}

func (forgetful) AbandonRun(context.Context, string) error { return ledger.ErrNotFound }

// TestACommitThatGotThroughIsFound: an error of a commit does not say that
// nothing was recorded.
func TestACommitThatGotThroughIsFound(t *testing.T) {
	in := input(t, "request/1", "tutoring", "calls")
	in.Ledger = forgetful{open(t), new(bool)}
	for _, due := range [][]pipeline.Due{in.Due[:1], in.Due[1:], in.Due} {
		in.Due, in.At = due, in.At.Add(time.Hour)
		for i := range in.Due {
			in.Due[i].Trigger = in.At.Format(time.RFC3339)
		}
		for _, r := range run(t, in).Runs {
			if r.Receipt == nil || r.Batch == nil {
				t.Errorf("%s: receipt %v", r.Process(), r.Receipt)
			}
		}
	}
	if report := ledgertest.Whole(t, in.Ledger); report.Runs != 4 {
		t.Errorf("%d runs in the record, want 4", report.Runs)
	}
}

// TestARunThatFailsLosesNoOther: what was decided is recorded although a run that
// failed cannot be given up.
func TestARunThatFailsLosesNoOther(t *testing.T) {
	in := input(t, "request/1", "tutoring", "calls")
	in.Seed = nil // the lottery of tutoring needs one
	in.Ledger = forgetful{open(t), new(bool)}
	out, err := pipeline.DistrictRun(context.Background(), in)
	if err != nil || out.Runs[0].Err == nil || out.Runs[1].Receipt == nil {
		t.Errorf("error %v, tutoring %v, calls %v", err, out.Runs[0].Err, out.Runs[1].Receipt)
	}
}

// TestNothingIsAcknowledgedThatIsNotRecorded: without a commit there is no batch.
func TestNothingIsAcknowledgedThatIsNotRecorded(t *testing.T) {
	in := input(t, "request/1", "calls")
	in.Ledger = broken{open(t), ""}
	out, err := pipeline.DistrictRun(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Runs[0]; !errors.Is(r.Err, errFull) || r.Batch != nil || r.Population != nil {
		t.Errorf("error %v, batch %v", r.Err, r.Batch)
	}
	if n := len(pending(t, in.Ledger)); n != 0 {
		t.Errorf("%d runs are pending", n)
	}
}

// TestSupersedes: the second run knows what was in force.
func TestSupersedes(t *testing.T) {
	in := input(t, "request/1", "calls")
	in.Ledger = open(t)
	first := run(t, in)
	in.Due[0].Trigger, in.At = "request/2", at.Add(time.Hour)
	second := run(t, in)
	for i, r := range second.Runs[0].Batch.Records() {
		if r.Supersedes != first.Runs[0].Batch.Decisions.Record(i).ID {
			t.Errorf("decision %d supersedes %q", i, r.Supersedes)
		}
	}
}

func TestProgress(t *testing.T) {
	in := input(t, "request/1", "calls")
	in.Ledger = open(t)
	last := map[pipeline.Stage]pipeline.Progress{}
	var order []pipeline.Stage
	in.Progress = func(p pipeline.Progress) {
		if _, known := last[p.Stage]; !known {
			order = append(order, p.Stage)
		}
		last[p.Stage] = p
	}
	run(t, in)
	if diff := cmp.Diff([]pipeline.Stage{pipeline.Reading, pipeline.Deciding, pipeline.Recording}, order); diff != "" {
		t.Error(diff)
	}
	for stage, p := range last {
		if p.Done != p.Total {
			t.Errorf("%s ended at %d of %d", stage, p.Done, p.Total)
		}
	}
}

// TestShadowRunTakesNothingAway: a live process that is set to Shadow for a
// while keeps seats and decisions, and goes on from them.
func TestShadowRunTakesNothingAway(t *testing.T) {
	ctx := context.Background()
	in := input(t, "request/1", "tutoring")
	in.Ledger = open(t)
	live := run(t, in)
	before, err := in.Ledger.Held(ctx, "tutoring")
	if err != nil || len(before) == 0 {
		t.Fatalf("%d seats, %v", len(before), err)
	}

	trial := in
	trial.Due = []pipeline.Due{{Program: inMode(t, in.Due[0].Program, bundle.ModeShadow), Trigger: "request/2"}}
	trial.At = at.Add(time.Hour)
	for _, r := range run(t, trial).Runs[0].Batch.Records() {
		if r.Supersedes != "" {
			t.Fatal("a decision in shadow mode supersedes a live one")
		}
	}
	during, err := in.Ledger.Held(ctx, "tutoring")
	if diff := cmp.Diff(before, during); diff != "" || err != nil {
		t.Errorf("seats before (-) and after a shadow run (+), %v:\n%s", err, diff)
	}

	in.Due[0].Trigger, in.At = "request/3", at.Add(2*time.Hour)
	for i, r := range run(t, in).Runs[0].Batch.Records() {
		if r.Supersedes != live.Runs[0].Batch.Decisions.Record(i).ID {
			t.Fatal("the next live run does not go on from the last one")
		}
	}
	ledgertest.Whole(t, in.Ledger)
}

// inMode is the same process in another mode.
func inMode(t *testing.T, p *engine.Program, mode bundle.Mode) *engine.Program {
	t.Helper()
	b := *p.Bundle()
	b.Process.Mode = mode
	compiled, err := engine.Compile(&b)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestEmptyRosterFreesNobodysPlace: an export without a single student is taken
// for a torn one where there are decisions in force.
func TestEmptyRosterFreesNobodysPlace(t *testing.T) {
	ctx := context.Background()
	in := input(t, "request/1", "tutoring")
	in.Ledger = open(t)
	full := in.Source
	in.Source = filepath.Join(t.TempDir(), "roster")
	if err := os.CopyFS(in.Source, os.DirFS(full)); err != nil {
		t.Fatal(err)
	}
	run(t, in)
	before, err := in.Ledger.Held(ctx, "tutoring")
	if err != nil || len(before) == 0 {
		t.Fatalf("%d seats, %v", len(before), err)
	}

	users := filepath.Join(in.Source, "users.csv")
	all, err := os.ReadFile(users)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := bytes.Cut(all, []byte("\n"))
	if err := os.WriteFile(users, append(header, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Due[0].Trigger, in.At = "request/2", at.Add(time.Hour)
	out, err := pipeline.DistrictRun(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Runs[0]; r.Err == nil || r.Receipt != nil {
		t.Errorf("it was run, error %v", r.Err)
	}
	after, err := in.Ledger.Held(ctx, "tutoring")
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("seats before (-) and after (+), %v:\n%s", err, diff)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// Due is a process that is to decide, and why.
type Due struct {
	Program *engine.Program
	// Trigger is the trigger instance, such as
	// schedule/2026-09-01T02:00:00-04:00. The same instance of the same revision
	// is run once, however often it is asked for.
	Trigger string
	// Seed of the process's lottery; nil means Input.Seed.
	Seed []byte
	// Check, if not nil, may still refuse the run once it is known what the
	// process would decide on. Its error becomes the run's; it may be logged, so
	// it must not name a student. Nil refuses a roster without any student where
	// decisions are in force.
	Check func(*student.Population) error
}

// Input is what the run of a district depends on.
type Input struct {
	// District is the name of the district.
	District string
	// Source is the path of the roster, a zip or a folder.
	Source string
	// Zone is the district's time zone; nil means UTC.
	Zone *time.Location
	// Due are the processes that decide, each at most once.
	Due []Due
	// At is the instant of evaluation: nothing dated after it is seen.
	At time.Time
	// Seed of the lotteries whose policy publishes none.
	Seed []byte
	// Ledger is the district's record; nil to decide without one: then nobody
	// holds a seat, no decision is in force before, and nothing is kept.
	Ledger ledger.Store
	// Workers is how many students are evaluated at once; 0 means 1. No output
	// depends on it.
	Workers int
	// Limits bound the roster. The zero value means the defaults.
	Limits oneroster.Limits
	// Progress, if not nil, is told how far the run is. Calls do not overlap.
	Progress func(Progress)
}

// Stage is what a run is doing.
type Stage string

// The stages of a run.
const (
	Reading   Stage = "reading"   // in bytes
	Deciding  Stage = "deciding"  // in students
	Recording Stage = "recording" // in runs
)

// Progress says how far a stage is.
type Progress struct {
	Stage       Stage
	Process     string // empty while reading
	Done, Total int64
}

// Output is what the run of a district gave.
type Output struct {
	// Population is what was read at Input.At, with the attributes of all
	// processes that were due. It is nil if nothing was left to decide then.
	Population *student.Population
	// Runs are the runs, one for each of Input.Due, in that order.
	Runs []Run
}

// Run is one process's run. It holds student data, but Err may be logged.
type Run struct {
	Program *engine.Program
	ID      string
	Trigger string
	// At and Seed are those it was decided with: Input's, or those it was first
	// begun with if that had happened before.
	At   time.Time
	Seed []byte
	// Population is what the process could see; nil if Again or Err.
	Population *student.Population
	// Batch is what was decided, nil if Err.
	Batch *engine.Batch
	// Receipt acknowledges the commit; nil without a ledger, or if Err.
	Receipt *ledger.Receipt
	// Again says that the run was in the record before. Batch is then read from
	// the record, without tasks.
	Again bool
	// Err is why this process could not be run. Nothing of it is recorded.
	Err error

	check func(*student.Population) error
}

// Process is the name of the process.
func (r *Run) Process() string { return r.Program.Bundle().Process.Name }

// DistrictRun runs all processes that are due in a district.
//
// An error means that no further process could be run: the roster cannot be
// read (*oneroster.Error), the ledger fails, or the context ended. What was
// committed before is in the output and stays. A fault of one process is that
// Run's Err and does not stop the others.
//
// With a ledger, every run is begun in it before anything is read, and what was
// decided on one reading is recorded together. A run that fails is given up
// again, so that the trigger may be tried anew; one that the end of the context
// or of the machine interrupts stays pending, and is done as it was begun (same
// instant, same seed) when DistrictRun is called again with the same trigger
// instance.
func DistrictRun(ctx context.Context, in Input) (Output, error) {
	in.At = in.At.UTC() // as the record holds it
	out := Output{Runs: make([]Run, len(in.Due))}
	for i, due := range in.Due {
		run := &out.Runs[i]
		*run = Run{Program: due.Program, Trigger: due.Trigger, At: in.At, Seed: in.Seed, check: due.Check}
		if due.Seed != nil {
			run.Seed = due.Seed
		}
		run.ID = ledger.RunID(in.District, run.Process(), run.Program.Digest().String(), run.Trigger)
	}
	if err := begin(ctx, &in, out.Runs); err != nil {
		return out, err
	}
	for _, group := range byInstant(out.Runs) {
		population, err := read(ctx, &in, group)
		if err != nil {
			return out, abandon(ctx, &in, out.Runs, err)
		}
		if population.At.Equal(in.At) {
			out.Population = population
		}
		if err := decide(ctx, &in, population, group); err != nil {
			return out, abandon(ctx, &in, out.Runs, err)
		}
		if err := record(ctx, &in, population, group); err != nil {
			return out, abandon(ctx, &in, out.Runs, err)
		}
	}
	return out, nil
}

// begin records the intent to run.
func begin(ctx context.Context, in *Input, runs []Run) error {
	if in.Ledger == nil {
		return nil
	}
	starts := make([]ledger.RunStart, len(runs))
	for i := range runs {
		run := &runs[i]
		starts[i] = ledger.RunStart{
			Process: run.Process(), Revision: run.Program.Digest().String(), Trigger: run.Trigger, At: run.At, Seed: run.Seed, Engine: engine.Version,
		}
	}
	begun, err := in.Ledger.BeginRuns(ctx, starts)
	if err != nil {
		return err
	}
	for i := range runs {
		runs[i].At, runs[i].Seed = begun[i].At, begun[i].Seed
		if begun[i].State == ledger.RunCommitted {
			if err := recall(ctx, in, &runs[i], begun[i]); err != nil {
				return abandon(ctx, in, runs, err)
			}
		}
	}
	return nil
}

// recall takes a run that was committed before from the record.
func recall(ctx context.Context, in *Input, run *Run, committed ledger.Run) error {
	batch := &engine.Batch{Counts: engine.Counts{States: map[decision.State]int{}, Rules: map[string]int{}}}
	var records []decision.Record
	for d, err := range in.Ledger.Decisions(ctx, ledger.Query{Process: run.Process(), Run: run.ID}) {
		if err != nil {
			return err
		}
		records = append(records, d.Record)
		batch.Counts.States[d.State]++
		for _, id := range d.Rules {
			batch.Counts.Rules[id]++
		}
	}
	batch.Counts.Decisions = len(records)
	var err error
	if batch.Decisions, err = decision.Gather(shared(in, run), records); err != nil {
		return fmt.Errorf("run %s of process %s as it was recorded: %w", run.ID, run.Process(), err)
	}
	run.Batch, run.Receipt, run.Again = batch, &ledger.Receipt{Run: committed, Again: true}, true
	return nil
}

// shared is what all decisions of a run share.
func shared(in *Input, run *Run) decision.Batch {
	b := decision.Batch{
		District: in.District, Process: run.Process(), Revision: run.Program.Digest().String(), Run: run.ID, Trigger: run.Trigger, At: run.At,
	}
	for _, f := range run.Program.Bundle().Process.Result {
		b.Fields = append(b.Fields, f.Name)
	}
	return b
}

// byInstant groups the runs that are still to be decided. There is one group,
// but for runs that were begun earlier and not finished.
func byInstant(runs []Run) [][]*Run {
	var groups [][]*Run
next:
	for i := range runs {
		if runs[i].Again {
			continue
		}
		for g := range groups {
			if groups[g][0].At.Equal(runs[i].At) {
				groups[g] = append(groups[g], &runs[i])
				continue next
			}
		}
		groups = append(groups, []*Run{&runs[i]})
	}
	return groups
}

// read reads the roster once for all runs of one instant.
func read(ctx context.Context, in *Input, group []*Run) (*student.Population, error) {
	models := make([]bundle.Model, len(group))
	for i, run := range group {
		models[i] = run.Program.Bundle().Information
	}
	options := oneroster.Options{
		District: in.District, At: group[0].At, Zone: in.Zone, Plan: student.NewPlan(models...), Limits: in.Limits,
	}
	if in.Progress != nil {
		options.Progress = func(done, total int64) { in.Progress(Progress{Stage: Reading, Done: done, Total: total}) }
	}
	return oneroster.Read(ctx, in.Source, options)
}

// errNobody: a torn export must not end everybody's decisions.
var errNobody = errors.New("the roster has no student, and there are decisions in force: nothing was decided; mend the export")

// decide decides the runs of one instant. The error is one that stops them all;
// a run's own is its Err.
func decide(ctx context.Context, in *Input, population *student.Population, runs []*Run) error {
	var jobs []engine.Job
	var due []*Run
	for _, run := range runs {
		run.Population = population.View(run.Program.Bundle().Information)
		how, err := prepare(ctx, in, run)
		if err != nil {
			return err
		}
		if run.Err != nil {
			continue
		}
		jobs, due = append(jobs, engine.Job{Program: run.Program, Population: run.Population, Run: how}), append(due, run)
	}
	results, err := engine.DecideTogether(ctx, in.Workers, jobs...)
	if err != nil {
		return err
	}
	for i, run := range due {
		run.Batch = results[i].Batch
		run.fail(results[i].Err)
	}
	return nil
}

// fail notes why a run cannot be done.
func (r *Run) fail(err error) {
	if err != nil {
		r.Population, r.Batch, r.Err = nil, nil, fmt.Errorf("process %s: %w", r.Process(), err)
	}
}

// prepare finds what a run depends on beside the students, and whether it may
// go on.
func prepare(ctx context.Context, in *Input, run *Run) (engine.Run, error) {
	how := engine.Run{ID: run.ID, Trigger: run.Trigger, Seed: run.Seed}
	if in.Progress != nil {
		how.Progress = func(done, total int) {
			in.Progress(Progress{Stage: Deciding, Process: run.Process(), Done: int64(done), Total: int64(total)})
		}
	}
	decided := 0
	if in.Ledger != nil {
		var err error
		if how.Held, err = in.Ledger.Held(ctx, run.Process()); err != nil {
			return how, err
		}
		before, err := in.Ledger.Standing(ctx, run.Process(), run.Program.Bundle().Process.Mode)
		if err != nil {
			return how, err
		}
		if before != nil {
			decided = before.Counts.Decisions
		}
	}
	switch {
	case run.check != nil:
		run.fail(run.check(run.Population))
	case run.Population.Len() == 0 && decided > 0:
		run.fail(errNobody)
	}
	return how, nil
}

// record commits the runs that were decided, and then gives the others up.
func record(ctx context.Context, in *Input, population *student.Population, runs []*Run) error {
	if in.Ledger == nil {
		return nil
	}
	var decided []*Run
	for _, run := range runs {
		if run.Err == nil {
			decided = append(decided, run)
		}
	}
	err := commit(ctx, in, population, decided)
	if err != nil && ctx.Err() == nil {
		err = commitEach(ctx, in, population, decided, err)
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, run := range runs {
		if run.Err != nil {
			errs = append(errs, giveUp(ctx, in, run))
		}
	}
	return errors.Join(errs...)
}

// commitEach tries runs alone that could not be recorded together, so that what
// is wrong with one does not stop the others. A run that was alone already is
// tried again, too, unless it was refused: if the commit got through before it
// failed, it is found to be committed.
func commitEach(ctx context.Context, in *Input, population *student.Population, runs []*Run, err error) error {
	if len(runs) == 1 && errors.Is(err, ledger.ErrRefused) {
		runs[0].fail(err)
		return nil
	}
	for _, run := range runs {
		if err := commit(ctx, in, population, []*Run{run}); err != nil {
			if ctx.Err() != nil {
				return err
			}
			run.fail(err)
		}
	}
	return nil
}

// commit makes runs durable, all or none.
func commit(ctx context.Context, in *Input, population *student.Population, runs []*Run) error {
	if len(runs) == 0 {
		return nil
	}
	tell := func(done int) {
		if in.Progress != nil {
			in.Progress(Progress{Stage: Recording, Process: runs[0].Process(), Done: int64(done), Total: int64(len(runs))})
		}
	}
	tell(0)
	recorded, decisions := make([]ledger.Recorded, len(runs)), make([]ledger.Decisions, len(runs))
	for i, run := range runs {
		recorded[i] = ledger.Recorded{Run: run.ID, Bundle: run.Program.Bundle(), Canonical: run.Program.Canonical()}
		decisions[i] = ledger.Decisions{Batch: run.Batch.Decisions, Tasks: run.Batch.Tasks}
	}
	recorder, err := in.Ledger.Record(ctx, recorded...)
	if err != nil {
		return err
	}
	defer recorder.Close()
	if err := recorder.Append(ctx, population, decisions); err != nil {
		return err
	}
	receipts, err := recorder.Commit(ctx)
	if err != nil {
		return err
	}
	for i, run := range runs {
		run.Receipt = &receipts[i]
	}
	tell(len(runs))
	return nil
}

// abandon gives up the runs that are begun and not done, unless it was the
// context that ended: then they stay pending and are done later.
func abandon(ctx context.Context, in *Input, runs []Run, cause error) error {
	if ctx.Err() != nil || in.Ledger == nil {
		return cause
	}
	errs := []error{cause}
	for i := range runs {
		if runs[i].Receipt == nil && runs[i].Err == nil {
			errs = append(errs, giveUp(ctx, in, &runs[i]))
		}
	}
	return errors.Join(errs...)
}

// giveUp gives up a run that was begun. One that is not pending needs nothing.
func giveUp(ctx context.Context, in *Input, run *Run) error {
	err := in.Ledger.AbandonRun(ctx, run.ID)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	return err
}

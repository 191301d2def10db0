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
// With a ledger, every run is begun in it before anything is read. A run that
// fails is given up again, so that the trigger may be tried anew; one that the
// end of the context or of the machine interrupts stays pending, and is done
// as it was begun (same instant, same seed) when DistrictRun is called again
// with the same trigger instance.
func DistrictRun(ctx context.Context, in Input) (Output, error) {
	in.At = in.At.UTC() // as the record holds it
	out := Output{Runs: make([]Run, len(in.Due))}
	for i, due := range in.Due {
		out.Runs[i] = Run{Program: due.Program, Trigger: due.Trigger, At: in.At, Seed: in.Seed, check: due.Check}
		if due.Seed != nil {
			out.Runs[i].Seed = due.Seed
		}
		if err := begin(ctx, &in, &out.Runs[i]); err != nil {
			return out, abandon(ctx, &in, out.Runs[:i], err)
		}
	}
	for _, group := range byInstant(out.Runs) {
		population, err := read(ctx, &in, group)
		if err != nil {
			return out, abandon(ctx, &in, out.Runs, err)
		}
		if population.At.Equal(in.At) {
			out.Population = population
		}
		for _, run := range group {
			if err := decide(ctx, &in, population, run); err != nil {
				return out, abandon(ctx, &in, out.Runs, err)
			}
		}
	}
	return out, nil
}

// begin names a run and records the intent to run it.
func begin(ctx context.Context, in *Input, run *Run) error {
	revision := run.Program.Digest().String()
	run.ID = ledger.RunID(in.District, run.Process(), revision, run.Trigger)
	if in.Ledger == nil {
		return nil
	}
	begun, err := in.Ledger.BeginRun(ctx, ledger.RunStart{
		Process: run.Process(), Revision: revision, Trigger: run.Trigger, At: run.At, Seed: run.Seed, Engine: engine.Version,
	})
	if err != nil {
		return err
	}
	run.At, run.Seed = begun.At, begun.Seed
	if begun.State == ledger.RunCommitted {
		return recall(ctx, in, run, begun)
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

// decide runs one process and commits it. The error is one that stops the
// others, too.
func decide(ctx context.Context, in *Input, population *student.Population, run *Run) error {
	held, previous, err := inForce(ctx, in, run)
	if err != nil {
		return err
	}
	run.Population = population.View(run.Program.Bundle().Information)
	how := engine.Run{
		ID: run.ID, Trigger: run.Trigger, Seed: run.Seed, Workers: in.Workers, Held: held, Previous: previous,
	}
	if in.Progress != nil {
		how.Progress = func(done, total int) {
			in.Progress(Progress{Stage: Deciding, Process: run.Process(), Done: int64(done), Total: int64(total)})
		}
	}
	var batch *engine.Batch
	switch {
	case run.check != nil:
		err = run.check(run.Population)
	case population.Len() == 0 && len(previous) > 0:
		err = errNobody
	}
	if err == nil {
		batch, err = run.Program.DecideAll(ctx, run.Population, how)
	}
	if err == nil {
		err = commit(ctx, in, run, batch)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return err
	case err != nil:
		run.Population, run.Err = nil, fmt.Errorf("process %s: %w", run.Process(), err)
		return giveUp(ctx, in, run)
	}
	run.Batch = batch
	return nil
}

func inForce(ctx context.Context, in *Input, run *Run) (map[string]decision.Seat, map[string]string, error) {
	if in.Ledger == nil {
		return nil, nil, nil
	}
	held, err := in.Ledger.Held(ctx, run.Process())
	if err != nil {
		return nil, nil, err
	}
	previous, err := in.Ledger.InForce(ctx, run.Process(), run.Program.Bundle().Process.Mode)
	return held, previous, err
}

func commit(ctx context.Context, in *Input, run *Run, batch *engine.Batch) error {
	if in.Ledger == nil {
		return nil
	}
	tell := func(done int64) {
		if in.Progress != nil {
			in.Progress(Progress{Stage: Recording, Process: run.Process(), Done: done, Total: 1})
		}
	}
	tell(0)
	receipt, err := in.Ledger.CommitRun(ctx, ledger.RunCommit{
		Run: run.ID, Bundle: run.Program.Bundle(), Population: run.Population, Batch: batch.Decisions, Tasks: batch.Tasks,
	})
	if err != nil {
		return err
	}
	run.Receipt = &receipt
	tell(1)
	return nil
}

// abandon gives up the runs that are begun and not done, unless it was the
// context that ended: then they stay pending and are done later.
func abandon(ctx context.Context, in *Input, runs []Run, cause error) error {
	if ctx.Err() != nil {
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

func giveUp(ctx context.Context, in *Input, run *Run) error {
	if in.Ledger == nil {
		return nil
	}
	return in.Ledger.AbandonRun(ctx, run.ID)
}

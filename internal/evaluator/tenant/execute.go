// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

// seedBytes is the length of a seed that is drawn.
const seedBytes = 32

// maxRetry bounds the time between two attempts at a run that fails.
const maxRetry = time.Hour

// errUnchanged: none of the attributes that the information trigger names
// changed, so there is nothing to decide anew.
var errUnchanged = errors.New("nothing that the process's information trigger names changed")

// execute runs processes that are due at one instant. It reports whether it
// makes sense to look for more work now.
func (d *District) execute(ctx context.Context, list []due) bool {
	in := pipeline.Input{
		District: d.Name(), Source: d.roster.path, Zone: d.zone, At: list[0].at, Ledger: d.store, Workers: d.Workers,
	}
	for i := range list {
		one := &list[i]
		seed, err := seedOf(ctx, d.store, d.Entropy, one)
		if err != nil {
			d.troubled(ctx, err)
			return false
		}
		in.Due = append(in.Due, pipeline.Due{Program: one.program, Trigger: one.instance, Seed: seed, Check: d.checks(ctx, one)})
	}
	began := d.Clock.Now()
	out, err := pipeline.DistrictRun(ctx, in)
	if ctx.Err() != nil {
		d.Log.Info("a run was cut off; it is done at the next start")
		return false
	}
	for i := range out.Runs {
		run := &out.Runs[i]
		if err != nil && run.Err == nil && run.Receipt == nil {
			run.Err = err
		}
		d.settle(ctx, &list[i], run, d.Clock.Since(began))
	}
	return err == nil
}

// seedOf is what the process's lottery goes on with: that of its newest run, so
// that who drew which ticket does not change from run to run. The first is
// drawn.
func seedOf(ctx context.Context, store ledger.Store, entropy io.Reader, one *due) ([]byte, error) {
	if len(one.seed) > 0 {
		return one.seed, nil
	}
	runs, err := store.Runs(ctx, one.name)
	if err != nil {
		return nil, err
	}
	if len(runs) > 0 && len(runs[len(runs)-1].Seed) > 0 {
		return runs[len(runs)-1].Seed, nil
	}
	seed := make([]byte, seedBytes)
	if _, err := io.ReadFull(entropy, seed); err != nil {
		return nil, fmt.Errorf("draw a seed: %w", err)
	}
	return seed, nil
}

// checks are what may still be said against a run when the roster was read.
func (d *District) checks(ctx context.Context, one *due) func(*student.Population) error {
	return func(p *student.Population) error {
		if now, err := markOf(d.roster.path); err != nil || now != d.roster.mark {
			return errChanging
		}
		if one.kind == byInformation && p.Source.Digest != one.digest {
			return errChanging
		}
		runs, err := d.store.Runs(ctx, one.name)
		if err != nil || len(runs) == 0 {
			return err
		}
		last := &runs[len(runs)-1]
		if err := d.lacking(one, last, p); err != nil {
			return err
		}
		return d.unchanged(ctx, one, last, p)
	}
}

// lacking refuses a roster that has less than half of the students that the
// process last decided about. A torn export that is still a sound zip must not
// free everybody's place. Whoever knows better says so with a request.
func (d *District) lacking(one *due, last *ledger.Run, p *student.Population) error {
	if 2*p.Len() >= last.Counts.Students || one.kind == byRequest && acceptsFewer(one.instance) {
		return nil
	}
	return &source.Error{Reason: source.Invalid, Err: fmt.Errorf(
		"the roster has %s students, and process %s last decided about %d or so; less than half is taken for a torn export, so nothing was decided. Mend the export, or request a run with acceptFewerStudents if it is right",
		about(p.Len()), one.name, (last.Counts.Students+5)/10*10)}
}

// unchanged refuses an information run if none of the attributes that its
// trigger names changed since the process's last run, nor who the students are
// and where.
func (d *District) unchanged(ctx context.Context, one *due, last *ledger.Run, p *student.Population) error {
	if one.kind != byInformation || len(one.onChange.Attributes) == 0 || last.Revision != one.program.Digest().String() {
		return nil
	}
	before, _, err := d.store.Snapshot(ctx, last.ID)
	if err != nil {
		return err
	}
	if sameInformation(before, p, one.onChange.Attributes) {
		return errUnchanged
	}
	return nil
}

func sameInformation(a, b *student.Population, attributes []string) bool {
	if !slices.Equal(a.IDs, b.IDs) || !slices.Equal(a.Schools, b.Schools) || !slices.Equal(a.Classes, b.Classes) {
		return false
	}
	for _, name := range attributes {
		x, y := a.Column(name), b.Column(name)
		if x == nil || y == nil {
			return false
		}
		for row := range a.IDs {
			v, presentV := x.Any(row)
			w, presentW := y.Any(row)
			if presentV != presentW || !reflect.DeepEqual(v, w) {
				return false
			}
		}
	}
	return true
}

// settle notes how a run ended.
func (d *District) settle(ctx context.Context, one *due, run *pipeline.Run, took time.Duration) {
	log := d.Log.With("process", one.name, "run", run.ID, "trigger", run.Trigger, "at", run.At)
	if run.Err == nil {
		d.committed(ctx, one, run)
		log.Info("decided", "decisions", run.Batch.Counts.Decisions, "again", run.Again, "took", took.Round(time.Millisecond).String())
		return
	}
	if errors.Is(run.Err, errUnchanged) {
		one.handled = one.digest
		log.Info("nothing to decide", "why", errUnchanged.Error())
		return
	}
	log.Warn("the run failed; decisions made before stand", "error", run.Err)
	now := d.Clock.Now()
	one.retried = now.Add(one.retry.next(firstRetry, maxRetry))
	d.finish(run.ID, &Outcome{one.name, one.program.Digest().String(), run.Trigger, run.At, run.Err.Error()})
	switch bad := rosterFault(run.Err); bad {
	case nil:
		d.setProcess(one.name, func(s *ProcessState) { s.Error = run.Err.Error() })
	case errChanging:
		d.roster.digest, d.roster.next = "", now.Add(settle)
		d.sourceFailed(bad)
	default:
		one.refused, one.refusedUntil = d.roster.digest, now.Add(maxRetry)
		d.sourceFailed(bad)
	}
}

// rosterFault is what stands against a roster, nil where an error is about
// something else.
func rosterFault(err error) *source.Error {
	var refused *source.Error
	if errors.As(err, &refused) {
		return refused
	}
	var unreadable *oneroster.Error
	if errors.As(err, &unreadable) {
		return &source.Error{Reason: source.Invalid, Err: unreadable}
	}
	return nil
}

// committed notes a run that is in the record.
func (d *District) committed(ctx context.Context, one *due, run *pipeline.Run) {
	one.retry.reset()
	one.retried, one.refused = time.Time{}, ""
	if one.kind == byInformation {
		one.handled = one.digest
	}
	if one.schedule.key != "" {
		if err := d.store.SetFired(ctx, one.name, one.schedule.key, run.At); err != nil {
			d.troubled(ctx, err)
		}
	}
	d.finish(run.ID, nil)
	d.sourceRead(d.Clock.Now())
	newest := run.Receipt.Run
	d.set(func(s *State) {
		if run.Population != nil {
			s.Source.Problems = countProblems(run.Population)
		}
		if newest.Sequence > int64(s.Record.Runs) {
			s.Record.Head, s.Record.Runs = newest.Entry, int(newest.Sequence)
		}
		for i := range s.Processes {
			if p := &s.Processes[i]; p.Name == one.name {
				p.Error = ""
				if p.Last == nil || p.Last.Sequence < newest.Sequence {
					p.Last, p.Rules = &newest, run.Batch.Counts.Rules
				}
			}
		}
	})
}

// recall reads from the record what the last runs counted.
func (d *District) recall(ctx context.Context) {
	for _, p := range d.processes {
		if err := d.recallProcess(ctx, p); err != nil {
			d.troubled(ctx, err)
		}
	}
}

func (d *District) recallProcess(ctx context.Context, p *process) error {
	all, err := d.store.Runs(ctx, "")
	if err != nil {
		return err
	}
	var last *ledger.Run
	for i := range all {
		if all[i].Process == p.name {
			last = &all[i]
		}
	}
	rules := map[string]int{}
	if last != nil {
		for r, err := range d.store.Decisions(ctx, ledger.Query{Process: p.name, Run: last.ID}) {
			if err != nil {
				return err
			}
			for _, id := range r.Rules {
				rules[id]++
			}
		}
	}
	d.set(func(s *State) {
		if n := len(all); n > s.Record.Runs {
			s.Record.Runs, s.Record.Head = n, all[n-1].Entry
		}
		for i := range s.Processes {
			if s.Processes[i].Name == p.name {
				s.Processes[i].Last, s.Processes[i].Rules = last, rules
			}
		}
	})
	return nil
}

// How often the whole record is read and checked, and how often one that was
// found damaged: somebody may be mending it.
const (
	verifyEvery   = 24 * time.Hour
	verifyDamaged = 10 * time.Minute
)

// VerifyWhenDue checks the record once after the start, and then from time to
// time.
func (d *District) VerifyWhenDue(ctx context.Context) {
	s := d.State()
	every := verifyEvery
	if s.Record.Damage != "" {
		every = verifyDamaged
	}
	if s.Open != Open || !s.Record.Checked.IsZero() && d.Clock.Since(s.Record.Checked) < every {
		return
	}
	if _, err := d.Verify(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error("the record could not be checked", "error", err)
	}
}

// Verify reads the whole record and checks it. While it is not whole, no run
// starts in the district.
func (d *District) Verify(ctx context.Context) (ledger.Report, error) {
	store, err := d.Record()
	if err != nil {
		return ledger.Report{}, err
	}
	report, err := store.Verify(ctx, nil)
	if err == nil && !report.Whole() {
		// A fault stops the district, so it has to be there at a second look: a
		// run that is given up meanwhile takes files along that the first one saw.
		report, err = store.Verify(ctx, nil)
	}
	if err != nil {
		return report, err
	}
	damage := ""
	if !report.Whole() {
		damage = report.Faults[0].String()
		d.Log.Error("the record is not whole; no run starts in the district until it is mended", "faults", len(report.Faults), "first", damage)
	}
	now := d.Clock.Now()
	d.set(func(s *State) { s.Record.Checked, s.Record.Damage = now, damage })
	return report, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/ledger"
)

// due is a process that has to run, and why.
type due struct {
	*process
	instance string
	at       time.Time
	seed     []byte
	kind     kind
	schedule schedule // of a scheduled run
	digest   string   // of the roster that an information run is about
}

// kind is what started a run.
type kind int

const (
	bySchedule kind = iota
	byInformation
	byRequest
)

// maxWait bounds how long the loop sleeps: a wall clock may be set.
const maxWait = 10 * time.Minute

// turn does what there is to do and says how long there is nothing then.
func (d *District) turn(stop, abort context.Context) time.Duration {
	select {
	case d.Slots <- struct{}{}:
		defer func() { <-d.Slots }()
	case <-stop.Done():
		return 0
	}
	if !d.ensureOpen(abort) {
		return d.untilNext()
	}
	if d.State().Record.Damage == "" {
		d.work(stop, abort)
	}
	return d.untilNext()
}

// ensureOpen opens the record, and says that it is open once it is known what
// the last runs counted.
func (d *District) ensureOpen(ctx context.Context) bool {
	if _, err := d.Record(); err == nil {
		return true
	}
	now := d.Clock.Now()
	if now.Before(d.roster.next) {
		return false
	}
	if err := d.open(); err != nil {
		d.Log.Error("the record cannot be opened; the district is not served, others go on", "error", err)
		d.roster.next = now.Add(d.roster.retry.next(firstRetry, defaultCheck))
		d.set(func(s *State) { s.Open, s.OpenError = Failing, err.Error() })
		return false
	}
	d.roster = roster{}
	d.recall(ctx)
	d.set(func(s *State) { s.Open, s.OpenError = Open, "" })
	return true
}

// work runs what is due, until nothing is or the evaluator stops.
func (d *District) work(stop, abort context.Context) {
	if d.Assigned.Suspend {
		return
	}
	looked := false
	for stop.Err() == nil {
		now := d.Clock.Now()
		list, err := d.begun(abort)
		if err == nil && len(list) == 0 {
			list, err = d.fired(abort, now)
		}
		switch {
		case err != nil:
			d.troubled(abort, err)
			return
		case !looked && (len(list) > 0 || !now.Before(d.roster.next)):
			if looked = d.look(abort); !looked {
				return
			}
			// What is due may be another thing now.
		case len(list) == 0 || !d.execute(abort, list):
			return
		}
	}
}

// troubled reports an error of the record itself.
func (d *District) troubled(ctx context.Context, err error) {
	if ctx.Err() == nil {
		d.Log.Error("the record cannot be read", "error", err)
	}
}

// fired are the processes that a schedule or new information starts: those of
// the oldest instant, each at most once.
func (d *District) fired(ctx context.Context, now time.Time) ([]due, error) {
	var list []due
	for _, p := range d.processes {
		if now.Before(p.retried) {
			continue
		}
		one, err := d.scheduled(ctx, p, now)
		if err != nil {
			return nil, err
		}
		if one == nil {
			if one, err = d.informed(ctx, p, now); err != nil {
				return nil, err
			}
		}
		if one != nil && !p.refuses(d.roster.digest, now) {
			list = append(list, *one)
		}
	}
	return oldest(list), nil
}

// oldest are those of the list with the earliest instant.
func oldest(list []due) []due {
	var first []due
	for _, one := range list {
		switch {
		case len(first) == 0 || one.at.Before(first[0].at):
			first = []due{one}
		case one.at.Equal(first[0].at):
			first = append(first, one)
		}
	}
	return first
}

// scheduled is the newest time of the process's schedules that has come and
// was not run. A schedule that is new begins to count now. A time that is not
// after the latest instant the process was decided at, such as one missed before a
// request was done, is passed over: it would put older decisions in force.
func (d *District) scheduled(ctx context.Context, p *process, now time.Time) (*due, error) {
	decided, err := d.decidedAt(ctx, p)
	if err != nil {
		return nil, err
	}
	var found *due
	for _, s := range p.schedules {
		last, err := d.store.LastFired(ctx, p.name, s.key)
		if err != nil {
			return nil, err
		}
		if last.IsZero() {
			if err := d.store.SetFired(ctx, p.name, s.key, now); err != nil {
				return nil, err
			}
			continue
		}
		at, older := s.missed(last, now)
		if at.IsZero() {
			continue
		}
		if !at.After(decided) {
			d.Log.Warn("a scheduled run is passed over; decisions of a later instant stand", "process", p.name, "at", at, "decided", decided)
			if err := d.store.SetFired(ctx, p.name, s.key, at); err != nil {
				return nil, err
			}
			continue
		}
		if older > 0 {
			d.Log.Warn("scheduled runs were missed; only the newest is made up for", "process", p.name, "skipped", older, "at", at)
		}
		if found == nil || at.Before(found.at) {
			found = &due{process: p, instance: s.instance(at), at: at.UTC(), kind: bySchedule, schedule: s}
		}
	}
	return found, nil
}

// informed is the process if the present roster was not decided on yet, by its
// present revision. An earlier roster that comes back is new information, too:
// the instance holds the sequence number of the run before.
func (d *District) informed(ctx context.Context, p *process, now time.Time) (*due, error) {
	digest := d.roster.digest
	if p.onChange == nil || digest == "" || p.handled == digest {
		return nil, nil
	}
	runs, err := d.store.Runs(ctx, p.name)
	if err != nil {
		return nil, err
	}
	revision := p.program.Digest().String()
	at := now.UTC().Truncate(time.Second)
	var before int64
	for i := range runs {
		if runs[i].At.After(at) {
			at = runs[i].At // the clock went back; the decisions must not
		}
		if about, ok := informationOf(runs[i].Trigger); ok {
			before = runs[i].Sequence
			if about == digest && runs[i].Revision == revision {
				before = -1 // unless a later run was about another roster or revision
			}
		}
	}
	if before < 0 {
		p.handled = digest
		return nil, nil
	}
	return &due{
		process: p, instance: informationInstance(revision, digest, before),
		at: at, kind: byInformation, digest: digest,
	}, nil
}

// decidedAt is the latest instant that the process was decided at; the zero time
// if it never was.
func (d *District) decidedAt(ctx context.Context, p *process) (latest time.Time, err error) {
	runs, err := d.store.Runs(ctx, p.name)
	for i := range runs {
		if runs[i].At.After(latest) {
			latest = runs[i].At
		}
	}
	return latest, err
}

// begun are the runs that the record holds as begun and not committed: those
// that were cut off, then those requested, in order of arrival. Only the first
// is given, as each has its own instant.
func (d *District) begun(ctx context.Context) ([]due, error) {
	pending, err := d.store.PendingRuns(ctx)
	if err != nil {
		return nil, err
	}
	for len(pending) > 0 {
		first := d.first(pending)
		one, err := d.resume(ctx, pending[first])
		if err != nil {
			return nil, err
		}
		if one != nil {
			return []due{*one}, nil
		}
		pending = append(pending[:first], pending[first+1:]...)
	}
	return nil, nil
}

// first is the index of the pending run to do next.
func (d *District) first(pending []ledger.Run) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	best := 0
	for i := range pending {
		a, b := d.order[pending[i].ID], d.order[pending[best].ID]
		if a < b || a == b && pending[i].At.Before(pending[best].At) {
			best = i
		}
	}
	return best
}

// resume is how to do a pending run, or nil if it is not to be done any more.
func (d *District) resume(ctx context.Context, run ledger.Run) (*due, error) {
	p := d.process(run.Process)
	kind, wants := kindOf(run.Trigger)
	give := func(why string) (*due, error) {
		d.Log.Warn("a run that was begun is given up", "process", run.Process, "run", run.ID, "why", why)
		d.finish(run.ID, &Outcome{run.Process, run.Revision, run.Trigger, run.At, why})
		return nil, d.store.AbandonRun(ctx, run.ID)
	}
	if p == nil {
		return give("the process is not assigned to the district any more")
	}
	decided, err := d.decidedAt(ctx, p)
	if err != nil {
		return nil, err
	}
	switch {
	case kind != byRequest && run.At.Before(decided):
		return give("decisions of a later instant stand")
	case kind == byInformation && d.roster.digest != "" && wants != d.roster.digest:
		return give("the roster that it was about is not there any more")
	case run.Revision != p.program.Digest().String() && kind != byRequest:
		return give("the process has a new revision, which decides in its place")
	case run.Revision != p.program.Digest().String():
		// A request was acknowledged, so somebody's wish must not be lost: the
		// present revision does it.
		_, err := d.store.BeginRun(ctx, ledger.RunStart{
			Process: run.Process, Revision: p.program.Digest().String(), Trigger: run.Trigger, At: run.At, Seed: run.Seed, Engine: engine.Version,
		})
		if err != nil {
			return nil, err
		}
		if _, err := give("the process has a new revision, which decides in its place"); err != nil {
			return nil, err
		}
		return &due{process: p, instance: run.Trigger, at: run.At, seed: run.Seed, kind: byRequest}, nil
	}
	one := &due{process: p, instance: run.Trigger, at: run.At, seed: run.Seed, kind: kind, digest: wants}
	if kind == bySchedule {
		for _, s := range p.schedules {
			if s.instance(run.At) == run.Trigger {
				one.schedule = s
			}
		}
	}
	return one, nil
}

// untilNext is how long there is nothing to do.
func (d *District) untilNext() time.Duration {
	now := d.Clock.Now()
	wait := maxWait
	sooner := func(at time.Time) {
		if at.After(now) {
			wait = min(wait, at.Sub(now))
		}
	}
	sooner(d.roster.next)
	for _, p := range d.processes {
		sooner(p.retried)
		for _, s := range p.schedules {
			sooner(s.next(now))
		}
	}
	return wait
}

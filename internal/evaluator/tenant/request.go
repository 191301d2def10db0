// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
)

// Request asks for a run.
type Request struct {
	// ID names the request: asking again with the same one starts no second run.
	ID string
	// Process is the one to run; empty for all with a request trigger.
	Process string
	At      time.Time
	// Seed of the lottery; nil for the one that the process goes on with.
	Seed []byte
	// AcceptFewer lets the run go ahead on a roster that lacks most students.
	AcceptFewer bool
}

// RefusedError says why a run cannot be requested. It may be shown to the caller.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

// ErrNoProcess says that the district is not decided by such a process.
var ErrNoProcess = errors.New("no such process")

// Outcome is how a run that is in the record no more ended.
type Outcome struct {
	Process, Revision, Trigger string
	At                         time.Time
	Error                      string // why it was given up
}

// maxOutcomes bounds how many outcomes are remembered. Beyond it all older ones
// are forgotten at once: they are in the log.
const maxOutcomes = 1000

// clockSkew is by how much a caller's clock may be ahead of ours.
const clockSkew = time.Minute

// Request begins runs. When it returns they are in the record, so that they are
// done whatever happens to the evaluator.
func (d *District) Request(ctx context.Context, r Request) ([]ledger.Run, error) {
	store, err := d.Record()
	if err != nil {
		return nil, err
	}
	processes, err := d.requested(r.Process)
	if err != nil {
		return nil, err
	}
	if r.At.After(d.Clock.Now().Add(clockSkew)) {
		return nil, &RefusedError{"at: the instant of evaluation is in the future, of which nothing is known yet; give one that has come"}
	}
	var runs []ledger.Run
	for _, p := range processes {
		instance := requestInstance(r.ID, r.AcceptFewer)
		before, err := earlier(ctx, store, p.name, instance)
		if err != nil {
			return runs, err
		}
		if before != nil {
			runs = append(runs, *before)
			continue
		}
		seed, err := seedOf(ctx, store, d.Entropy, &due{process: p, seed: r.Seed})
		if err != nil {
			return runs, err
		}
		run, err := store.BeginRun(ctx, ledger.RunStart{
			Process: p.name, Revision: p.program.Digest().String(), Trigger: instance,
			At: r.At, Seed: seed, Engine: engine.Version,
		})
		if err != nil {
			return runs, err
		}
		d.arrived(run.ID)
		runs = append(runs, run)
	}
	d.Wake()
	return runs, nil
}

// earlier is the run that the same request led to before, perhaps under an
// earlier revision; nil where there is none.
func earlier(ctx context.Context, store ledger.Store, process, instance string) (*ledger.Run, error) {
	runs, err := store.Runs(ctx, process)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if runs[i].Trigger == instance {
			return &runs[i], nil
		}
	}
	return nil, nil
}

// requested are the processes that a request is about.
func (d *District) requested(name string) ([]*process, error) {
	if d.Assigned.Suspend {
		return nil, &RefusedError{"the district is suspended: no run starts until spec.suspend is unset"}
	}
	if damage := d.State().Record.Damage; damage != "" {
		return nil, &RefusedError{"the record is not whole: no run starts until it is mended (" + damage + ")"}
	}
	var list []*process
	for _, p := range d.processes {
		if name != "" && p.name != name {
			continue
		}
		if p.onRequest && p.program.Bundle().Process.Mode != bundle.ModeCatalogue {
			list = append(list, p)
		} else if name != "" {
			return nil, &RefusedError{fmt.Sprintf("process %s cannot be requested: add request: {} to its spec.triggers", name)}
		}
	}
	switch {
	case len(list) == 0 && name != "":
		return nil, ErrNoProcess
	case len(list) == 0:
		return nil, &RefusedError{"no process of the district can be requested: add request: {} to spec.triggers of one"}
	}
	return list, nil
}

func (d *District) arrived(run string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.done, run)
	if d.order[run] == 0 {
		d.arrivals++
		d.order[run] = d.arrivals
	}
}

// finish takes a run from the queue and tells who waits. Without an outcome it
// was committed.
func (d *District) finish(run string, given *Outcome) {
	d.set(func(*State) {
		delete(d.order, run)
		if given == nil {
			return
		}
		if len(d.done) >= maxOutcomes {
			clear(d.done)
		}
		d.done[run] = *given
	})
}

// Outcome is how a run that was given up ended, as far as it is remembered.
func (d *District) Outcome(run string) (Outcome, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.done[run]
	return o, ok
}

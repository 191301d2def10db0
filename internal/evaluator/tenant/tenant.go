// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
)

// Options of a district.
type Options struct {
	Assigned assignment.District
	// Programs are the compiled revisions, by digest; all that Assigned names.
	Programs map[bundle.Digest]*engine.Program
	// Store is the folder of all records, StoreDir of package assignment.
	Store   string
	Clock   clock.Clock
	Entropy io.Reader
	// Log must not be nil. Nothing that names a student is ever given to it.
	Log *slog.Logger
	// Slots bounds how many districts work at once: who works holds a place.
	Slots chan struct{}
	// Workers is how many students are evaluated at once.
	Workers int
	// Changed, if not nil, is called after what State returns may have changed. It
	// must not block.
	Changed func()
}

// ErrNotOpen says that the district's record could not be opened (yet).
var ErrNotOpen = errors.New("the district's record is not open")

// District is one tenant of an evaluator.
type District struct {
	Options
	zone      *time.Location
	processes []*process // by name

	fetch *source.Fetcher
	wake  chan struct{} // holds one

	mu       sync.Mutex
	store    *ledger.Ledger // nil until opened
	state    State
	changed  chan struct{}  // closed and replaced with every change of state
	order    map[string]int // place in the queue of runs begun by request, by id
	arrivals int
	done     map[string]Outcome // of runs that were given up, by id

	roster roster // of the loop alone
}

// process is one revision that the district is decided by.
type process struct {
	name      string
	program   *engine.Program
	schedules []schedule
	onChange  *bundle.InformationTrigger
	onRequest bool

	handled      string // digest of the roster that the information trigger needs no run for
	refused      string // digest of a roster that it could not be run on
	refusedUntil time.Time
	retry        backoff
	retried      time.Time // not before
}

// New prepares a district. It fails where the assignment cannot be served as it
// is; trouble with the record or the roster comes later and heals.
func New(o Options) (*District, error) {
	d := &District{
		Options: o, wake: make(chan struct{}, 1), changed: make(chan struct{}),
		order: map[string]int{}, done: map[string]Outcome{},
	}
	d.Log = o.Log.With("district", o.Assigned.Name)
	var err error
	if d.zone, err = time.LoadLocation(o.Assigned.TimeZone); err != nil {
		return nil, fmt.Errorf("district %s: time zone %q is not known: %w", o.Assigned.Name, o.Assigned.TimeZone, err)
	}
	d.state = State{Name: o.Assigned.Name, Suspended: o.Assigned.Suspend, Open: Opening}
	for _, assigned := range o.Assigned.Processes {
		program := o.Programs[assigned.Revision]
		if program == nil || program.Bundle().Process.Name != assigned.Name {
			return nil, fmt.Errorf("district %s: process %s: revision %s is not a revision of it", o.Assigned.Name, assigned.Name, assigned.Revision)
		}
		p, err := newProcess(program, d.zone)
		if err != nil {
			return nil, fmt.Errorf("district %s: process %s: %w", o.Assigned.Name, assigned.Name, err)
		}
		d.processes = append(d.processes, p)
		d.state.Processes = append(d.state.Processes, ProcessState{Name: p.name, Revision: assigned.Revision.String()})
	}
	d.fetch = source.New(o.Assigned.Source, d.copies())
	return d, nil
}

func newProcess(program *engine.Program, zone *time.Location) (*process, error) {
	p := &process{name: program.Bundle().Process.Name, program: program}
	for _, t := range program.Bundle().Process.Triggers {
		switch {
		case t.Schedule != nil:
			s, err := newSchedule(*t.Schedule, zone)
			if err != nil {
				return nil, err
			}
			p.schedules = append(p.schedules, s)
		case t.Information != nil:
			p.onChange = t.Information
		case t.Request != nil:
			p.onRequest = true
		}
	}
	return p, nil
}

// copies is where downloads are kept: beside the records, not in one, as whatever
// lies in a record must be accounted for.
func (d *District) copies() string { return filepath.Join(d.Store, ".sources", d.Name()) }

// Name is the district's name.
func (d *District) Name() string { return d.Assigned.Name }

// Record is the district's record, or ErrNotOpen.
func (d *District) Record() (ledger.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.store == nil {
		return nil, ErrNotOpen
	}
	return d.store, nil
}

// open opens the record. What the last process left is completed or discarded
// by it.
func (d *District) open() error {
	if err := os.MkdirAll(d.copies(), 0o700); err != nil {
		return err
	}
	store, err := ledger.Open(d.Store, ledger.Options{District: d.Name(), Entropy: d.Entropy})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.store = store
	d.mu.Unlock()
	return nil
}

// refuses reports whether a roster is known to be one that the process cannot be
// run on. From time to time it is tried again: the fault may have been in reading.
func (p *process) refuses(digest string, now time.Time) bool {
	return p.refused != "" && p.refused == digest && now.Before(p.refusedUntil)
}

// Close closes the record. Nothing may use the district afterwards.
func (d *District) Close() {
	d.mu.Lock()
	store := d.store
	d.store = nil
	d.mu.Unlock()
	if store == nil {
		return
	}
	if err := store.Close(); err != nil {
		d.Log.Error("the record could not be closed", "error", err)
	}
}

func (d *District) process(name string) *process {
	for _, p := range d.processes {
		if p.name == name {
			return p
		}
	}
	return nil
}

// Wake makes the district look for work now.
func (d *District) Wake() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run looks after the district until stop ends. What runs then may go on until
// abort ends; what is cut off is resumed at the next start.
func (d *District) Run(stop, abort context.Context) {
	for stop.Err() == nil {
		timer := d.Clock.NewTimer(d.turn(stop, abort))
		select {
		case <-stop.Done():
		case <-timer.C():
		case <-d.wake:
		}
		timer.Stop()
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator/httpapi"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Options of an evaluator.
type Options struct {
	Assignment *assignment.Assignment
	BundleDir  string // <digest>/bundle.json
	StoreDir   string // <district>/… of the record
	Access     httpapi.Authorizer
	// Reporter, if not nil, tells the cluster how the evaluator stands.
	Reporter Reporter
	Clock    clock.Clock
	Entropy  io.Reader // crypto/rand.Reader outside of tests
	Log      *slog.Logger
	Version  string
	// Grace is how long a run may go on after the evaluator was told to stop. What
	// is not finished then is done at the next start.
	Grace time.Duration
}

// Reporter tells the cluster how the evaluator stands. Run reports until the
// context ends, and once more then; Changed may be called at any time and does
// not block.
type Reporter interface {
	Run(ctx context.Context, now func() Standing)
	Changed()
}

// Standing is how an evaluator stands.
type Standing struct {
	Districts []tenant.State
	Since     time.Time
	Stopping  bool
}

// Evaluator serves one assignment.
type Evaluator struct {
	Options
	districts []*tenant.District
	api       *httpapi.API
	since     time.Time
	stopping  atomic.Bool
	opened    chan struct{} // holds one: a record may have been opened
}

// New loads and compiles what the assignment names. It opens no record yet.
func New(o Options) (*Evaluator, error) {
	programs, err := compileAll(o.BundleDir, o.Assignment)
	if err != nil {
		return nil, err
	}
	e := &Evaluator{Options: o, since: o.Clock.Now(), opened: make(chan struct{}, 1)}
	workers := runtime.GOMAXPROCS(0)
	slots := make(chan struct{}, workers)
	for _, assigned := range o.Assignment.Districts {
		d, err := tenant.New(tenant.Options{
			Assigned: assigned, Programs: programs, Store: o.StoreDir, Clock: o.Clock, Entropy: o.Entropy, Log: o.Log,
			Slots: slots, Workers: workers, Changed: e.changed,
		})
		if err != nil {
			return nil, err
		}
		e.districts = append(e.districts, d)
	}
	e.api = httpapi.New(httpapi.Options{
		Districts: e.districts, Access: o.Access, Clock: o.Clock, Log: o.Log, Version: o.Version, Stopping: e.stopping.Load,
	})
	return e, nil
}

// Handler answers HTTP requests.
func (e *Evaluator) Handler() http.Handler { return e.api }

func (e *Evaluator) changed() {
	select {
	case e.opened <- struct{}{}:
	default: // it will look anyway
	}
	if e.Reporter != nil {
		e.Reporter.Changed()
	}
}

// Standing is how the evaluator stands now.
func (e *Evaluator) Standing() Standing {
	s := Standing{Since: e.since, Stopping: e.stopping.Load()}
	for _, d := range e.districts {
		s.Districts = append(s.Districts, d.State())
	}
	return s
}

// Run serves until the context ends: districts decide, and requests are answered
// on the listener, which it closes. Then it stops in this order: not ready; no
// new runs; requests in flight are answered; running runs end or are cut off
// after the grace; records are closed.
func (e *Evaluator) Run(ctx context.Context, listener net.Listener) error {
	abort, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := httpapi.Server(e.api)
	server.ErrorLog = slog.NewLogLogger(e.Log.Handler(), slog.LevelDebug)
	server.BaseContext = func(net.Listener) context.Context { return abort }

	var working, reporting sync.WaitGroup
	for _, d := range e.districts {
		working.Go(func() { d.Run(ctx, abort) })
	}
	working.Go(func() { e.verify(ctx, abort) })
	reported, endReports := context.WithCancel(context.WithoutCancel(ctx))
	defer endReports()
	if e.Reporter != nil {
		reporting.Go(func() { e.Reporter.Run(reported, e.Standing) })
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	e.Log.Info("serving", "districts", len(e.districts), "address", listener.Addr().String())

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
		err = fmt.Errorf("the HTTP server ended: %w", err)
	}
	e.stopping.Store(true)
	e.changed()
	e.Log.Info("stopping")
	grace, cancel := context.WithTimeout(abort, e.Grace)
	defer cancel()
	ended := make(chan struct{})
	go func() { working.Wait(); close(ended) }()
	if shut := server.Shutdown(grace); shut != nil {
		err = errors.Join(err, server.Close())
	}
	select {
	case <-ended:
	case <-grace.Done():
		cut()
		<-ended
	}
	endReports()
	reporting.Wait()
	for _, d := range e.districts {
		d.Close()
	}
	e.Log.Info("stopped")
	return err
}

// verifyPause is how long the checking of records rests between two looks at
// which are due.
const verifyPause = 10 * time.Minute

// verify checks the records one after the other, apart from the runs.
func (e *Evaluator) verify(stop, abort context.Context) {
	ctx, cancel := context.WithCancel(abort)
	defer cancel()
	defer context.AfterFunc(stop, cancel)()
	for stop.Err() == nil {
		for _, d := range e.districts {
			d.VerifyWhenDue(ctx)
		}
		timer := e.Clock.NewTimer(verifyPause)
		select {
		case <-stop.Done():
		case <-e.opened:
		case <-timer.C():
		}
		timer.Stop()
	}
}

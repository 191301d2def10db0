// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Run is one run of a process. It counts no states: who may start runs need not
// be somebody who may see what was decided.
type Run struct {
	ID        string    `json:"id"`
	Process   string    `json:"process"`
	Revision  string    `json:"revision"`
	Trigger   string    `json:"trigger" doc:"What started it: schedule/…, information/… or request/…"`
	At        time.Time `json:"at" doc:"The instant of evaluation: nothing dated after it was seen."`
	State     string    `json:"state" enum:"Pending,Committed,Failed"`
	Error     string    `json:"error,omitempty" doc:"Why it failed. Nothing of it is in the record, and decisions made before stand."`
	Sequence  int64     `json:"sequence,omitempty" doc:"Place in the district's chain, from 1."`
	Entry     string    `json:"entry,omitempty" doc:"Hash of its entry in the chain."`
	Root      string    `json:"root,omitempty" doc:"Root of the Merkle tree over its decisions."`
	Students  int       `json:"students,omitempty"`
	Decisions int       `json:"decisions,omitempty"`
}

// RunList is some runs.
type RunList struct {
	Status int
	Body   struct {
		Runs []Run `json:"runs"`
	}
}

// OneRun is a run.
type OneRun struct {
	Body Run
}

// RunRequest asks for a run.
type RunRequest struct {
	InDistrict
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"The same key again gives the first request's runs and starts none."`
	Body           struct {
		Process             string    `json:"process,omitempty" maxLength:"253" doc:"Without it: every process with a request trigger."`
		At                  time.Time `json:"at,omitzero" required:"false" doc:"Instant of evaluation. Without it: now."`
		Seed                string    `json:"seed,omitempty" pattern:"^([0-9a-f]{2}){8,64}$" doc:"Seed of the lottery where the policy publishes none, hexadecimal, 8 to 64 bytes. Later runs of the process go on with it. Without it: that of the run before."`
		AcceptFewerStudents bool      `json:"acceptFewerStudents,omitempty" doc:"Decide although the roster has less than half of the students of the run before."`
	}
}

func (a *API) registerRuns() {
	create := a.operation(http.MethodPost, "/runs", "createRun", "create", "runs", "Decide now")
	create.DefaultStatus = http.StatusAccepted
	create.Errors = append(create.Errors, http.StatusConflict)
	huma.Register(a.huma, create, a.createRun)
	huma.Register(a.huma, a.operation(http.MethodGet, "/runs", "listRuns", "get", "runs", "Runs, the newest first; those not yet done before them"), a.listRuns)
	huma.Register(a.huma, a.operation(http.MethodGet, "/runs/{run}", "getRun", "get", "runs", "One run"), a.getRun)
}

func (a *API) createRun(ctx context.Context, in *RunRequest) (*RunList, error) {
	d, _, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	request := tenant.Request{ID: requestID(in.IdempotencyKey), Process: in.Body.Process, At: in.Body.At.UTC(), AcceptFewer: in.Body.AcceptFewerStudents}
	if in.Body.At.IsZero() {
		request.At = a.Clock.Now().UTC().Truncate(time.Second)
	}
	if request.Seed, err = hex.DecodeString(in.Body.Seed); err != nil {
		return nil, huma.Error422UnprocessableEntity("seed: write an even number of the digits 0-9 and a-f")
	}
	runs, err := d.Request(ctx, request)
	var refused *tenant.RefusedError
	switch {
	case errors.As(err, &refused):
		return nil, huma.Error409Conflict(refused.Why)
	case errors.Is(err, tenant.ErrNoProcess):
		return nil, huma.Error422UnprocessableEntity("process: the district is not decided by a process of that name")
	case errors.Is(err, tenant.ErrNotOpen):
		return nil, huma.Error503ServiceUnavailable("the district's record is not open; /readyz says why")
	case err != nil:
		return nil, a.failed(ctx, in.District, err)
	}
	list := &RunList{Status: http.StatusOK}
	for i := range runs {
		if !in.Body.At.IsZero() && !runs[i].At.Equal(in.Body.At) {
			return nil, huma.Error409Conflict("the Idempotency-Key was used for a request with another instant; take a new one")
		}
		if runs[i].State == ledger.RunPending {
			list.Status = http.StatusAccepted
		}
		list.Body.Runs = append(list.Body.Runs, runOf(&runs[i]))
	}
	return list, nil
}

// requestID names a request: by its key, or by a name of its own.
func requestID(key string) string {
	if key == "" {
		return rand.Text()
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// ListRunsInput selects runs.
type ListRunsInput struct {
	InDistrict
	Process string `query:"process" maxLength:"253"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (a *API) listRuns(ctx context.Context, in *ListRunsInput) (*RunList, error) {
	_, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	pending, err := store.PendingRuns(ctx)
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	committed, err := store.Runs(ctx, in.Process)
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	list := &RunList{Status: http.StatusOK}
	list.Body.Runs = []Run{}
	for i := range pending {
		ended := slices.ContainsFunc(committed, func(r ledger.Run) bool { return r.ID == pending[i].ID })
		if !ended && (in.Process == "" || pending[i].Process == in.Process) {
			list.Body.Runs = append(list.Body.Runs, runOf(&pending[i]))
		}
	}
	for i := len(committed) - 1; i >= 0; i-- {
		list.Body.Runs = append(list.Body.Runs, runOf(&committed[i]))
	}
	list.Body.Runs = list.Body.Runs[:min(in.Limit, len(list.Body.Runs))]
	return list, nil
}

// maxWait is how long a request waits for a run's end at most.
const maxWait = time.Minute

// GetRunInput names a run.
type GetRunInput struct {
	InDistrict
	Run  string `path:"run" pattern:"^[0-9a-f]{64}$"`
	Wait bool   `query:"wait" doc:"Answer when the run has ended, or after a minute."`
}

func (a *API) getRun(ctx context.Context, in *GetRunInput) (*OneRun, error) {
	d, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	timer := a.Clock.NewTimer(maxWait)
	defer timer.Stop()
	for waiting := in.Wait; ; {
		changed := d.Watch()
		run, err := find(ctx, d, store, in.Run)
		if err != nil {
			return nil, a.failed(ctx, in.District, err)
		}
		if !waiting || run.State != string(ledger.RunPending) || a.Stopping() {
			return &OneRun{Body: run}, nil
		}
		select {
		case <-changed:
		case <-timer.C():
			waiting = false
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// find is a run by id, whatever became of it.
func find(ctx context.Context, d *tenant.District, store ledger.Store, id string) (Run, error) {
	pending, err := store.PendingRuns(ctx)
	if err != nil {
		return Run{}, err
	}
	committed, err := store.Runs(ctx, "") // after the pending ones: a run goes from there to here
	if err != nil {
		return Run{}, err
	}
	for i := range committed {
		if committed[i].ID == id {
			return runOf(&committed[i]), nil
		}
	}
	for i := range pending {
		if pending[i].ID == id {
			return runOf(&pending[i]), nil
		}
	}
	if outcome, ok := d.Outcome(id); ok {
		return Run{
			ID: id, Process: outcome.Process, Revision: outcome.Revision, Trigger: outcome.Trigger, At: outcome.At, State: "Failed", Error: outcome.Error,
		}, nil
	}
	return Run{}, ledger.ErrNotFound
}

func runOf(r *ledger.Run) Run {
	one := Run{
		ID: r.ID, Process: r.Process, Revision: r.Revision, Trigger: r.Trigger, At: r.At, State: string(r.State),
		Sequence: r.Sequence, Students: r.Counts.Students, Decisions: r.Counts.Decisions,
	}
	if r.State == ledger.RunCommitted {
		one.Entry, one.Root = r.Entry.String(), r.Root.String()
	}
	return one
}

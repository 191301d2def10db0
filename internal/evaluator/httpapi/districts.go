// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/internal/evaluator/access"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// DistrictSummary is how a district stands.
type DistrictSummary struct {
	Name      string           `json:"name"`
	Open      string           `json:"open" enum:"Opening,Open,Failing" doc:"Whether its record is open."`
	Suspended bool             `json:"suspended"`
	Processes []ProcessSummary `json:"processes"`
}

// ProcessSummary is a process that decides in a district.
type ProcessSummary struct {
	Name     string `json:"name"`
	Revision string `json:"revision" doc:"That decides now."`
	LastRun  string `json:"lastRun,omitempty" doc:"Id of the newest run in the record."`
}

// DistrictList is the districts that the caller may see.
type DistrictList struct {
	Body struct {
		Districts []DistrictSummary `json:"districts"`
	}
}

// RecordState is the state of a district's record.
type RecordState struct {
	Body struct {
		District string     `json:"district"`
		Head     string     `json:"head" doc:"Hash of the newest entry of the chain: who keeps it can tell later whether anything before was changed."`
		Runs     int        `json:"runs"`
		Checked  *time.Time `json:"checked,omitempty" doc:"When the record was last read from end to end."`
		Whole    *bool      `json:"whole,omitempty" doc:"Whether it was whole then."`
		Damage   string     `json:"damage,omitempty" doc:"The first fault found. No run starts until it is mended."`
	}
}

// Task asks a person or a committee to act on a decision.
type Task struct {
	ID         string     `json:"id"`
	Decision   string     `json:"decision"`
	Process    string     `json:"process"`
	Role       string     `json:"role"`
	Agent      string     `json:"agent"`
	State      string     `json:"state"`
	Opened     time.Time  `json:"opened"`
	Due        *time.Time `json:"due,omitempty"`
	Otherwise  string     `json:"otherwise,omitempty" doc:"What happens if nobody acts in time."`
	EscalateTo string     `json:"escalateTo,omitempty"`
}

// TasksInput selects tasks.
type TasksInput struct {
	InDistrict
	Process string `query:"process" maxLength:"253"`
	State   string `query:"state" enum:"Open,Done,Escalated,Lapsed,Withdrawn"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor  string `query:"cursor" maxLength:"64" doc:"next of the page before."`
}

// TaskPage is a page of tasks, the oldest first.
type TaskPage struct {
	Body struct {
		Tasks []Task `json:"tasks"`
		Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last."`
	}
}

func (a *API) registerDistricts() {
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/v1/districts", OperationID: "listDistricts", Summary: "The districts whose decisions the caller may list",
		Security: []map[string][]string{{"token": {}}}, Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, a.listDistricts)
	huma.Register(a.huma, a.operation(http.MethodGet, "/record", "getRecord", "get", "record", "The state of the record"), a.getRecord)
	huma.Register(a.huma, a.operation(http.MethodGet, "/tasks", "listTasks", "list", "tasks", "What people are asked to do"), a.listTasks)
}

func (a *API) listDistricts(ctx context.Context, in *struct {
	Authorization string `header:"Authorization"`
}) (*DistrictList, error) {
	list := &DistrictList{}
	list.Body.Districts = []DistrictSummary{}
	caller := http.Header{"Authorization": {in.Authorization}}
	for _, d := range a.Districts {
		err := a.Access.Check(ctx, caller, access.Action{Verb: "list", Subresource: "decisions", District: d.Name()})
		switch {
		case errors.Is(err, access.ErrForbidden):
		case err != nil:
			status, message := refusal(err)
			return nil, huma.NewError(status, message)
		default:
			list.Body.Districts = append(list.Body.Districts, summary(d.State()))
		}
	}
	return list, nil
}

func summary(s tenant.State) DistrictSummary {
	d := DistrictSummary{Name: s.Name, Open: string(s.Open), Suspended: s.Suspended, Processes: []ProcessSummary{}}
	for _, p := range s.Processes {
		one := ProcessSummary{Name: p.Name, Revision: p.Revision}
		if p.Last != nil {
			one.LastRun = p.Last.ID
		}
		d.Processes = append(d.Processes, one)
	}
	return d
}

func (a *API) getRecord(_ context.Context, in *InDistrict) (*RecordState, error) {
	d, _, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	s := d.State().Record
	r := &RecordState{}
	r.Body.District, r.Body.Head, r.Body.Runs, r.Body.Damage = in.District, s.Head.String(), s.Runs, s.Damage
	if !s.Checked.IsZero() {
		whole := s.Damage == ""
		r.Body.Checked, r.Body.Whole = &s.Checked, &whole
	}
	return r, nil
}

func (a *API) listTasks(ctx context.Context, in *TasksInput) (*TaskPage, error) {
	_, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	tasks, err := store.Tasks(ctx, in.Process, decision.TaskState(in.State))
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	page := &TaskPage{}
	page.Body.Tasks = []Task{}
	skip := in.Cursor != ""
	for i := range tasks {
		t := &tasks[i]
		switch {
		case skip:
			skip = t.ID != in.Cursor
		case len(page.Body.Tasks) == in.Limit:
			page.Body.Next = page.Body.Tasks[in.Limit-1].ID
			return page, nil
		default:
			page.Body.Tasks = append(page.Body.Tasks, taskOf(t))
		}
	}
	return page, nil
}

func taskOf(t *decision.Task) Task {
	one := Task{
		ID: t.ID, Decision: t.Decision, Process: t.Process, Role: string(t.Role), Agent: t.Agent, State: string(t.State),
		Opened: t.Opened, Otherwise: t.Otherwise, EscalateTo: t.EscalateTo,
	}
	if !t.Due.IsZero() {
		one.Due = &t.Due
	}
	return one
}

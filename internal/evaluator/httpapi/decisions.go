// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Decision is one recorded decision.
type Decision struct {
	export.Record
	Current string `json:"current" doc:"Where the decision stands now: Superseded after a later run of the process."`
}

// DecisionPage is a page of decisions, by process, student and run.
type DecisionPage struct {
	Decisions []Decision `json:"decisions"`
	Next      string     `json:"next,omitempty" doc:"cursor of the next page; absent on the last."`
}

// DecisionsInput selects decisions.
type DecisionsInput struct {
	InDistrict
	Process  string `query:"process" maxLength:"253"`
	Student  string `query:"student" maxLength:"1024" doc:"sourcedId of the student."`
	State    string `query:"state" maxLength:"32" doc:"Where the decision stands now. Superseded implies history."`
	Revision string `query:"revision" maxLength:"71"`
	Run      string `query:"run" maxLength:"64" doc:"Decisions of one run; implies history."`
	History  bool   `query:"history" doc:"Decisions that were superseded, too. Without it: those in force."`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Of a JSON page. CSV holds all."`
	Cursor   string `query:"cursor" maxLength:"4096" doc:"next of the page before."`
	Format   string `query:"format" enum:"json,csv" doc:"Without it, the header Accept says."`
	Accept   string `header:"Accept"`
}

func (in *DecisionsInput) query() ledger.Query {
	history := in.History || in.Run != "" || in.State == string(decision.Superseded)
	return ledger.Query{
		Process: in.Process, Student: in.Student, State: decision.State(in.State), Revision: in.Revision, Run: in.Run,
		InForceOnly: !history,
	}
}

func (in *DecisionsInput) csv() bool {
	return in.Format == string(export.CSV) || in.Format == "" && strings.Contains(in.Accept, "text/csv")
}

// OneDecision is a decision and the proof that it was recorded.
type OneDecision struct {
	Body struct {
		Decision Decision `json:"decision"`
		Proof    Proof    `json:"proof"`
	}
}

// Proof is what shows that a decision is in the record: docs/record.md.
type Proof struct {
	By      ledger.Proof `json:"by" enum:"decision,run" doc:"decision: by a leaf of its own. run: by its run as a whole, which juncture verify proves; root, leaf and path are absent."`
	Run     string       `json:"run"`
	Entry   string       `json:"entry" doc:"Hash of the run's entry in the district's chain."`
	Segment string       `json:"segment" doc:"Seal of the file that holds the decision, in the entry."`
	Root    string       `json:"root,omitempty" doc:"Root of the Merkle tree over the run's decisions."`
	Row     int          `json:"row" doc:"Row of the decision in the segment: the index of its leaf."`
	Leaf    string       `json:"leaf,omitempty"`
	Path    [][]byte     `json:"path,omitempty" doc:"RFC 6962 inclusion proof of leaf under root."`
}

func (a *API) registerDecisions() {
	list := a.operation(http.MethodGet, "/decisions", "listDecisions", "list", "decisions", "Decisions in force, as a page of JSON or all as CSV")
	schemas := a.huma.OpenAPI().Components.Schemas
	list.Responses = map[string]*huma.Response{"200": {
		Description: "CSV has the columns and the bytes of `juncture run -o csv`.",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemas.Schema(reflect.TypeFor[DecisionPage](), true, "DecisionPage")},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	huma.Register(a.huma, list, a.listDecisions)
	huma.Register(a.huma, a.operation(http.MethodGet, "/decisions/{decision}", "getDecision", "get", "decisions", "One decision"), a.getDecision)
	a.registerExplanation()
}

func (a *API) listDecisions(ctx context.Context, in *DecisionsInput) (*huma.StreamResponse, error) {
	d, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	query := in.query()
	if query.State != "" && !query.State.Known() {
		return nil, huma.Error422UnprocessableEntity("state: there is no state of that name")
	}
	if in.csv() {
		columns, err := a.columns(ctx, d, store, in.Process)
		if err != nil {
			return nil, a.failed(ctx, in.District, err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) { a.writeCSV(ctx, store, query, columns) }}, nil
	}
	if query.After, err = parseCursor(in.Cursor); err != nil {
		return nil, huma.Error422UnprocessableEntity("cursor: give the next of the page before, as it was")
	}
	page, err := readPage(ctx, store, query, in.Limit)
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(page) // the caller went away
	}}, nil
}

func readPage(ctx context.Context, store ledger.Store, query ledger.Query, limit int) (*DecisionPage, error) {
	page := &DecisionPage{Decisions: []Decision{}}
	query.Limit = limit + 1
	var last ledger.Cursor
	for one, err := range store.Decisions(ctx, query) {
		if err != nil {
			return nil, err
		}
		if len(page.Decisions) == limit {
			page.Next = formatCursor(last)
			break
		}
		page.Decisions = append(page.Decisions, decisionOf(&one))
		last = one.Cursor
	}
	return page, nil
}

func decisionOf(d *ledger.Decision) Decision {
	return Decision{Record: export.NewRecord(&d.Record), Current: string(d.Current)}
}

// writeCSV streams decisions. An error after the first bytes breaks the
// connection off, so that nobody takes a part for the whole.
func (a *API) writeCSV(ctx huma.Context, store ledger.Store, query ledger.Query, columns []export.Column) {
	ctx.SetHeader("Content-Type", export.CSV.ContentType())
	out, err := export.NewWriter(export.CSV, ctx.BodyWriter(), columns)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for one, err := range store.Decisions(ctx.Context(), query) {
		if err == nil {
			one.State = one.Current
			err = out.Write(&one.Record)
		}
		if err != nil {
			if ctx.Context().Err() == nil {
				a.Log.Error("a download broke off", "district", store.District(), "error", err)
			}
			panic(http.ErrAbortHandler)
		}
	}
	if err := out.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// columns are the result fields of the processes that decided, or will, in the
// district: those that 'juncture run' writes for them.
func (a *API) columns(ctx context.Context, d *tenant.District, store ledger.Store, process string) ([]export.Column, error) {
	revisions := map[string]*bundle.Bundle{}
	for _, p := range d.Assigned.Processes {
		revisions[p.Name] = d.Programs[p.Revision].Bundle()
	}
	runs, err := store.Runs(ctx, process)
	if err != nil {
		return nil, err
	}
	newest := map[string]*ledger.Run{}
	for i := range runs {
		newest[runs[i].Process] = &runs[i]
	}
	for name, run := range newest {
		if program := d.Programs[bundle.Digest(run.Revision)]; program != nil {
			revisions[name] = program.Bundle()
		} else if _, revisions[name], err = store.Snapshot(ctx, run.ID); err != nil {
			return nil, err
		}
	}
	var bundles []*bundle.Bundle
	for _, name := range slices.Sorted(maps.Keys(revisions)) {
		if process == "" || name == process {
			bundles = append(bundles, revisions[name])
		}
	}
	return export.Columns(bundles...), nil
}

// OfDecision names a decision.
type OfDecision struct {
	InDistrict
	Decision string `path:"decision" pattern:"^[0-9a-f]{64}$"`
}

func (a *API) getDecision(ctx context.Context, in *OfDecision) (*OneDecision, error) {
	_, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	found, evidence, err := store.Decision(ctx, in.Decision)
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	if err := evidence.Check(found.Record); err != nil && !errors.Is(err, ledger.ErrNoLeaf) {
		return nil, a.failed(ctx, in.District, err)
	}
	one := &OneDecision{}
	one.Body.Decision = decisionOf(&found)
	one.Body.Proof = proofOf(&evidence)
	return one, nil
}

func proofOf(e *ledger.Evidence) Proof {
	p := Proof{By: e.Run.Proof, Run: e.Run.ID, Entry: e.Run.Entry.String(), Segment: e.Run.Segment, Row: e.Row}
	if e.Run.Proof == ledger.ProofPerDecision {
		p.Root, p.Leaf, p.Path = e.Run.Root.String(), e.Leaf.String(), e.Proof
	}
	return p
}

// A cursor is where a page ended. It holds a student's id, so it is treated as
// what it is: part of an answer about students.
func formatCursor(c ledger.Cursor) string {
	form, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(form)
}

func parseCursor(s string) (c ledger.Cursor, err error) {
	if s == "" {
		return c, nil
	}
	form, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(form, &c)
}

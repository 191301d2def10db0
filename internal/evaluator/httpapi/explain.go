// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// ExplainInput names a decision, and the form of the answer.
type ExplainInput struct {
	OfDecision
	Format   string `query:"format" enum:"json,text" doc:"Without it, the header Accept says."`
	Language string `query:"language" default:"en" maxLength:"35" doc:"Of the reason in the text, such as es. JSON has all languages."`
	Accept   string `header:"Accept"`
}

func (in *ExplainInput) text() bool {
	return in.Format == "text" || in.Format == "" && strings.Contains(in.Accept, "text/plain")
}

// registerExplanation offers an explanation to programs and to people.
func (a *API) registerExplanation() {
	explain := a.operation(http.MethodGet, "/decisions/{decision}/explanation", "explainDecision", "get", "explanations", "How one decision came about")
	schemas := a.huma.OpenAPI().Components.Schemas
	explain.Responses = map[string]*huma.Response{"200": {
		Description: "The text is that of `juncture explain`.",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemas.Schema(reflect.TypeFor[engine.Explanation](), true, "Explanation")},
			"text/plain":       {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	huma.Register(a.huma, explain, a.explain)
}

func (a *API) explain(ctx context.Context, in *ExplainInput) (*huma.StreamResponse, error) {
	d, store, err := a.record(in.District)
	if err != nil {
		return nil, err
	}
	explanation, err := a.explanation(ctx, d, store, in.Decision)
	if err != nil {
		return nil, a.failed(ctx, in.District, err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		// What fails below is that the caller went away.
		if in.text() {
			ctx.SetHeader("Content-Type", "text/plain; charset=utf-8")
			_ = explanation.WriteText(ctx.BodyWriter(), in.Language)
			return
		}
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(explanation)
	}}, nil
}

func (a *API) explanation(ctx context.Context, d *tenant.District, store ledger.Store, id string) (engine.Explanation, error) {
	found, evidence, err := store.Decision(ctx, id)
	if err != nil {
		return engine.Explanation{}, err
	}
	if err := evidence.Check(found.Record); err != nil && !errors.Is(err, ledger.ErrNoLeaf) {
		return engine.Explanation{}, err
	}
	what, err := a.replays.of(ctx, d, store, evidence.Run.ID)
	if err != nil {
		return engine.Explanation{}, err
	}
	row, known := slices.BinarySearch(what.population.IDs, found.Student)
	if !known {
		return engine.Explanation{}, errors.New("what the run read does not hold the student of a decision")
	}
	return what.program.Explain(what.population, row, found.Record, evidence.Run.Seed)
}

// replay is what a run is replayed with.
type replay struct {
	district, run string
	population    *student.Population
	program       *engine.Program
}

// replays keeps what the last explanations were given with: people look at one
// run's decisions one after the other. It is small, as a population is large.
type replays struct {
	mu   sync.Mutex
	kept []replay // the newest last
}

const maxReplays = 2

func (r *replays) of(ctx context.Context, d *tenant.District, store ledger.Store, run string) (replay, error) {
	r.mu.Lock()
	defer r.mu.Unlock() // while it is read, too: two at once would read it twice
	for i, kept := range r.kept {
		if kept.district == d.Name() && kept.run == run {
			r.kept = append(slices.Delete(r.kept, i, i+1), kept)
			return kept, nil
		}
	}
	population, revision, err := store.Snapshot(ctx, run)
	if err != nil {
		return replay{}, err
	}
	program, err := programOf(d, revision)
	if err != nil {
		return replay{}, err
	}
	one := replay{d.Name(), run, population, program}
	if r.kept = append(r.kept, one); len(r.kept) > maxReplays {
		r.kept = slices.Delete(r.kept, 0, 1)
	}
	return one, nil
}

func programOf(d *tenant.District, revision *bundle.Bundle) (*engine.Program, error) {
	digest, err := revision.Digest()
	if err != nil {
		return nil, err
	}
	if program := d.Programs[digest]; program != nil {
		return program, nil
	}
	return engine.Compile(revision)
}

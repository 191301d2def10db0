// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"runtime"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Health says that the program runs.
type Health struct {
	Body struct {
		Status string `json:"status" enum:"ok"`
	}
}

// Readiness says whether requests should be sent here. A district whose record
// cannot be opened is listed and does not keep the others from being served.
type Readiness struct {
	Status int
	Body   struct {
		Ready   bool              `json:"ready"`
		Opening []string          `json:"opening,omitempty" doc:"Districts whose record is being opened."`
		Failing map[string]string `json:"failing,omitempty" doc:"Districts whose record cannot be opened, and why."`
	}
}

// Version says what runs.
type Version struct {
	Body struct {
		Version string `json:"version"`
		Engine  string `json:"engine" doc:"Names the behaviour of the engine that decides."`
		Go      string `json:"go"`
	}
}

func (a *API) registerProbes() {
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/healthz", OperationID: "getHealth", Summary: "Does the program run?",
	}, func(context.Context, *struct{}) (*Health, error) {
		h := &Health{}
		h.Body.Status = "ok"
		return h, nil
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/readyz", OperationID: "getReadiness", Summary: "May requests be sent here?",
	}, func(context.Context, *struct{}) (*Readiness, error) { return a.readiness(), nil })
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/version", OperationID: "getVersion", Summary: "What runs here?",
	}, func(context.Context, *struct{}) (*Version, error) {
		v := &Version{}
		v.Body.Version, v.Body.Engine, v.Body.Go = a.Version, engine.Version, runtime.Version()
		return v, nil
	})
	a.stream(huma.Operation{
		Method: http.MethodGet, Path: "/metrics", OperationID: "getMetrics", Summary: "Metrics in Prometheus' form; they hold no student",
	}, "text/plain", a.metrics.handler())
}

// stream documents and serves a route that a plain handler answers.
func (a *API) stream(op huma.Operation, contentType string, h http.Handler) {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string"}}},
	}}
	a.huma.OpenAPI().AddOperation(&op)
	a.huma.Adapter().Handle(&op, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		h.ServeHTTP(w, r)
	})
}

func (a *API) readiness() *Readiness {
	r := &Readiness{Status: http.StatusOK}
	r.Body.Ready = !a.Stopping()
	open := 0
	for _, d := range a.Districts {
		switch s := d.State(); s.Open {
		case tenant.Opening:
			r.Body.Ready = false
			r.Body.Opening = append(r.Body.Opening, s.Name)
		case tenant.Failing:
			if r.Body.Failing == nil {
				r.Body.Failing = map[string]string{}
			}
			r.Body.Failing[s.Name] = "the record cannot be opened; the evaluator's log says why"
		default:
			open++
		}
	}
	if open == 0 && len(a.Districts) > 0 {
		r.Body.Ready = false
	}
	if !r.Body.Ready {
		r.Status = http.StatusServiceUnavailable
	}
	return r
}

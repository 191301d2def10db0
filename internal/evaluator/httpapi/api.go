// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/evaluator/access"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Authorizer lets a caller pass or says why not: an error that is one of package
// access. access.Reviewer asks the cluster.
type Authorizer interface {
	Check(context.Context, http.Header, access.Action) error
}

// Options of the API.
type Options struct {
	// Districts served, by name.
	Districts []*tenant.District
	Access    Authorizer
	Clock     clock.Clock
	Log       *slog.Logger
	// Version of the program.
	Version string
	// Stopping says that the evaluator is about to end: it is not ready then.
	Stopping func() bool
}

// API serves requests.
type API struct {
	Options
	http.Handler
	huma    huma.API
	byName  map[string]*tenant.District
	metrics *metrics
	replays replays
}

// maxBody bounds a request's body in bytes: the only body is a few fields.
const maxBody = 16 << 10

// New makes the API.
func New(o Options) *API {
	a := &API{Options: o, byName: map[string]*tenant.District{}}
	for _, d := range o.Districts {
		a.byName[d.Name()] = d
	}
	a.metrics = newMetrics(o.Districts)
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Juncture evaluator", o.Version)
	config.Info.Description = "The decisions of the districts that one evaluator serves. Every call about a district needs a bearer token " +
		"of the cluster and RBAC permission on the subresource of districts.juncture.dev that the operation names."
	config.CreateHooks = nil // no $schema members in answers
	config.DocsPath, config.SchemasPath = "", ""
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token that the cluster knows: kubectl create token NAME."},
	}
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[export.Result](), reflect.TypeFor[map[string]any]())
	a.huma = humago.New(mux, config)
	a.register()
	a.Handler = a.guarded(mux)
	return a
}

func (a *API) register() {
	a.registerProbes()
	a.registerDistricts()
	a.registerDecisions()
	a.registerRuns()
}

// OpenAPI is the document that is served.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// InDistrict is the part of a path that names the district.
type InDistrict struct {
	District string `path:"district" maxLength:"253" doc:"Name of the district."`
}

// operation is a route about one district that needs one permission.
func (a *API) operation(method, path, id, verb, subresource, summary string) huma.Operation {
	return huma.Operation{
		Method: method, Path: "/v1/districts/{district}" + path, OperationID: id, Summary: summary,
		Description:  "Needs `" + verb + "` on `districts/" + subresource + "` of group juncture.dev, with the district's name.",
		Security:     []map[string][]string{{"token": {}}},
		Errors:       []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		MaxBodyBytes: maxBody,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			err := a.Access.Check(ctx.Context(), header(ctx), access.Action{Verb: verb, Subresource: subresource, District: ctx.Param("district")})
			if err != nil {
				a.deny(ctx, err)
				return
			}
			next(ctx)
		}},
	}
}

func header(ctx huma.Context) http.Header {
	return http.Header{"Authorization": {ctx.Header("Authorization")}}
}

func (a *API) deny(ctx huma.Context, err error) {
	status, message := refusal(err)
	if status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="juncture"`)
	}
	if status == http.StatusServiceUnavailable {
		a.Log.Warn("the cluster cannot be asked for permission; nobody is let in", "error", err)
	}
	_ = huma.WriteErr(a.huma, ctx, status, message)
}

// refusal is the answer to who may not pass.
func refusal(err error) (status int, message string) {
	switch {
	case errors.Is(err, access.ErrUnauthenticated):
		return http.StatusUnauthorized, access.ErrUnauthenticated.Error()
	case errors.Is(err, access.ErrForbidden):
		return http.StatusForbidden, err.Error()
	}
	return http.StatusServiceUnavailable, access.ErrUnavailable.Error()
}

// record is a district and its record.
func (a *API) record(name string) (*tenant.District, ledger.Store, error) {
	d := a.byName[name]
	if d == nil {
		return nil, nil, huma.Error404NotFound("this evaluator serves no district of that name")
	}
	store, err := d.Record()
	if err != nil {
		return d, nil, huma.Error503ServiceUnavailable("the district's record is not open; /readyz says why")
	}
	return d, store, nil
}

// failed is the answer to an error of the record. What it says goes to the log
// only: none of the record's errors names a student.
func (a *API) failed(ctx context.Context, district string, err error) error {
	if errors.Is(err, ledger.ErrNotFound) {
		return huma.Error404NotFound("not in the record")
	}
	if ctx.Err() == nil {
		a.Log.Error("a request failed", "district", district, "error", err)
	}
	return huma.Error500InternalServerError("the record could not be read; the evaluator's log says why")
}

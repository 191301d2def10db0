// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package opa runs the reference table with the Open Policy Agent as a library.
package opa

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

//go:embed reference.rego
var policy string

const module = "github.com/open-policy-agent/opa"

// unlike: OPA calculates in decimal numbers of arbitrary precision.
const unlike = 10

// Best is a prepared query over students that are OPA's own values already.
var Best = peer.Kind{Name: "OPA", Module: module, Table: reference.Reference.Name, Form: "prepared query, parsed input", Share: 0.02, Unlike: unlike, Open: open(false)}

// Forms are further forms, for finding the best.
var Forms = []peer.Kind{
	{Name: "OPA, partially evaluated", Module: module, Table: reference.Reference.Name, Form: "as OPA, with partial evaluation", Share: 0.02, Unlike: unlike, Open: open(true)},
}

type engine struct {
	w      *peer.Work
	query  rego.PreparedEvalQuery
	inputs []ast.Value
	out    peer.Decisions
}

func open(partial bool) func(*peer.Work) (peer.Engine, error) {
	return func(w *peer.Work) (peer.Engine, error) {
		var options []rego.PrepareOption
		if partial {
			options = append(options, rego.WithPartialEval())
		}
		query, err := rego.New(rego.Query("data.reference.decision"), rego.Module("reference.rego", policy)).PrepareForEval(context.Background(), options...)
		return &engine{w: w, query: query}, err
	}
}

func (e *engine) Prepare(from, to int) error {
	rows := e.w.Rows(from, to)
	e.inputs = make([]ast.Value, len(rows))
	for i := range rows {
		v, err := ast.InterfaceToValue(rows[i].Map())
		if err != nil {
			return err
		}
		e.inputs[i] = v
	}
	e.out.Resize(len(rows))
	return nil
}

func (e *engine) Decide() error {
	ctx := context.Background()
	for i, input := range e.inputs {
		set, err := e.query.Eval(ctx, rego.EvalParsedInput(input))
		if err != nil {
			return err
		}
		if len(set) != 1 {
			return fmt.Errorf("%d results", len(set))
		}
		decision := set[0].Expressions[0].Value.([]any)
		rule, err := decision[0].(json.Number).Int64()
		if err != nil {
			return err
		}
		if e.out.Priority[i], err = decision[1].(json.Number).Float64(); err != nil {
			return err
		}
		e.out.Rule[i] = uint16(rule)
	}
	return nil
}

func (e *engine) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *engine) Close() error                       { return nil }

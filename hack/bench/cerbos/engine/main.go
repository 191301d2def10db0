// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command engine is the Cerbos engine, embedded: it decides about the reference
// students as it is told on its standard input.
package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing/fstest"

	enginev1 "github.com/cerbos/cerbos/api/genpb/cerbos/engine/v1"
	"github.com/cerbos/cerbos/private/check"
	"github.com/cerbos/cerbos/private/compile"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
	"github.com/juncture-dev/juncture/hack/bench/remote"
)

type engine struct {
	index   compile.Index
	inputs  []*enginev1.CheckInput
	outputs []*enginev1.CheckOutput
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "Cerbos:", err)
		os.Exit(1)
	}
}

func serve() error {
	index, err := compile.BuildIndex(context.Background(), fstest.MapFS{"student.yaml": {Data: []byte(policy(reference.Reference))}})
	if err != nil {
		return err
	}
	return remote.Serve(&engine{index: index}, os.Stdin, os.Stdout)
}

// field is a field of the student in an expression.
var field = regexp.MustCompile(`\bs\.`)

func policy(t reference.Table) string {
	var output strings.Builder
	for i, r := range t.Rules {
		if i < len(t.Rules)-1 {
			fmt.Fprintf(&output, "(%s) ? ", r.When)
		}
		fmt.Fprintf(&output, "[%d.0, %s]", i, r.Priority)
		if i < len(t.Rules)-1 {
			output.WriteString(" : ")
		}
	}
	return `apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: student
  version: default
  rules:
  - actions: [decide]
    effect: EFFECT_ALLOW
    roles: [evaluator]
    output:
      when:
        ruleActivated: |
          ` + field.ReplaceAllString(output.String(), "R.attr.") + "\n"
}

func (e *engine) Prepare(from, to int) error {
	rows := make([]reference.Student, to-from)
	e.inputs = make([]*enginev1.CheckInput, len(rows))
	for i := range rows {
		rows[i] = reference.Generate(reference.Seed, from+i)
		attributes, err := structpb.NewStruct(rows[i].Map())
		if err != nil {
			return err
		}
		e.inputs[i] = &enginev1.CheckInput{
			RequestId: "r",
			Resource:  &enginev1.Resource{Kind: "student", PolicyVersion: "default", Id: rows[i].ID, Attr: attributes.GetFields()},
			Principal: &enginev1.Principal{Id: "evaluator", PolicyVersion: "default", Roles: []string{"evaluator"}},
			Actions:   []string{"decide"},
		}
	}
	return nil
}

// Decide gives the students as one batch to the engine. Cerbos lends its engine
// to other programs through private/check alone, which makes a new one for every
// batch: a batch is large enough for that not to matter.
func (e *engine) Decide() (err error) {
	e.outputs, err = check.Check(context.Background(), nil, e.index, e.inputs)
	return err
}

func (e *engine) Decisions() (peer.Decisions, error) {
	var d peer.Decisions
	for _, o := range e.outputs {
		if len(o.GetOutputs()) != 1 || len(o.GetOutputs()[0].GetVal().GetListValue().GetValues()) != 2 {
			return d, fmt.Errorf("no decision: %v", o)
		}
		decision := o.GetOutputs()[0].GetVal().GetListValue().GetValues()
		d.Rule = append(d.Rule, uint16(decision[0].GetNumberValue()))
		d.Priority = append(d.Priority, decision[1].GetNumberValue())
	}
	return d, nil
}

func (e *engine) Close() error { return nil }

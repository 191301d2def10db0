// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package celgo runs the tables with cel-go as it comes, in several forms; the
// best of them is the one to compare with.
package celgo

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

const module = "cel.dev/cel-go"

// Best is the form that was found fastest: every field a typed variable of its
// own, resolved by an activation over the struct; all conditions in one
// expression whose value is the number of the rule; then the expression of that
// rule's priority. Constant lists are made ready beforehand (OptOptimize).
var Best = peer.Kind{Name: "cel-go", Module: module, Form: "typed variables, own activation, OptOptimize, one ternary for the rule, then its priority", Open: open(variables, true, true)}

// Forms are further forms, for finding the best.
var Forms = []peer.Kind{
	{Name: "cel-go, values converted before", Module: module, Form: "as cel-go, each student's fields CEL values already", Open: open(converted, true, true)},
	{Name: "cel-go, not optimised", Module: module, Form: "as cel-go, without OptOptimize", Open: open(variables, false, true)},
	{Name: "cel-go, rule by rule", Module: module, Form: "as cel-go, one program a condition", Open: open(variables, true, false)},
	{Name: "cel-go, native types", Module: module, Share: 0.5, Form: "s as a Go struct by ext.NativeTypes", Open: open(native, true, true)},
	{Name: "cel-go, maps", Module: module, Table: reference.Reference.Name, Share: 0.5, Form: "s as a map[string]any that is there already", Open: open(maps, true, true)},
}

// style is how a student is shown to the expressions.
type style int

const (
	variables style = iota // one variable a field, Go values
	converted              // one variable a field, CEL values
	native                 // s, a Go struct
	maps                   // s, a map
)

type engine struct {
	w        *peer.Work
	style    style
	which    cel.Program   // gives the number of the rule
	each     []cel.Program // or: one a condition
	priority []cel.Program

	rows    []reference.Student
	values  []*[fields]ref.Val
	maps    []map[string]any
	natives []*nativeStudent
	now     activation
	out     peer.Decisions
}

func open(s style, optimised, oneTernary bool) func(*peer.Work) (peer.Engine, error) {
	return func(w *peer.Work) (peer.Engine, error) {
		env, err := environment(s)
		if err != nil {
			return nil, err
		}
		program := func(expression string) (cel.Program, error) {
			if s == variables || s == converted {
				expression = field.ReplaceAllString(expression, "$1")
			}
			ast, issues := env.Compile(expression)
			if issues.Err() != nil {
				return nil, issues.Err()
			}
			var options []cel.ProgramOption
			if optimised {
				options = append(options, cel.EvalOptions(cel.OptOptimize))
			}
			return env.Program(ast, options...)
		}
		e := &engine{w: w, style: s}
		e.now.e = e
		if oneTernary {
			if e.which, err = program(ternary(w.Table)); err != nil {
				return nil, err
			}
		}
		for i, r := range w.Table.Rules {
			p, err := program(r.Priority)
			if err != nil {
				return nil, fmt.Errorf("rule %d: %w", i, err)
			}
			e.priority = append(e.priority, p)
			if oneTernary {
				continue
			}
			if p, err = program(r.When); err != nil {
				return nil, fmt.Errorf("rule %d: %w", i, err)
			}
			e.each = append(e.each, p)
		}
		return e, nil
	}
}

// field is a field of the student in an expression.
var field = regexp.MustCompile(`\bs\.(\w+)`)

// ternary is the table as one expression: c0 ? 0 : c1 ? 1 : …
func ternary(t reference.Table) string {
	var b strings.Builder
	last := len(t.Rules) - 1
	for i, r := range t.Rules[:last] {
		fmt.Fprintf(&b, "(%s) ? %d : ", r.When, i)
	}
	return b.String() + strconv.Itoa(last)
}

func environment(s style) (*cel.Env, error) {
	// A ternary of 841 rules is nested as deep.
	options := []cel.EnvOption{cel.ParserRecursionLimit(10_000), cel.ParserExpressionSizeLimit(1 << 20)}
	switch s {
	case native:
		options = append(options, ext.NativeTypes(ext.ParseStructTags(true), reflect.TypeFor[nativeStudent]()), cel.Variable("s", cel.ObjectType("celgo.nativeStudent")))
	case maps:
		options = append(options, cel.Variable("s", cel.MapType(cel.StringType, cel.DynType)))
	default:
		for i, name := range names {
			options = append(options, cel.Variable(name, fieldTypes[i]))
		}
	}
	return cel.NewEnv(options...)
}

func (e *engine) Prepare(from, to int) error {
	e.rows = e.w.Rows(from, to)
	e.out.Resize(len(e.rows))
	e.values, e.maps, e.natives = nil, nil, nil
	for i := range e.rows {
		switch e.style {
		case converted:
			e.values = append(e.values, valuesOf(&e.rows[i]))
		case maps:
			e.maps = append(e.maps, mapOf(&e.rows[i]))
		case native:
			n := nativeStudent(e.rows[i])
			e.natives = append(e.natives, &n)
		}
	}
	return nil
}

func (e *engine) Decide() error {
	for i := range e.rows {
		rule, priority, err := e.one(i)
		if err != nil {
			return fmt.Errorf("student %d: %w", i, err)
		}
		e.out.Rule[i], e.out.Priority[i] = uint16(rule), priority
	}
	return nil
}

func (e *engine) one(i int) (rule int, priority float64, err error) {
	e.now.row = i
	if e.which != nil {
		v, _, err := e.which.Eval(&e.now)
		if err != nil {
			return 0, 0, err
		}
		rule = int(v.(types.Int))
	} else {
		for {
			v, _, err := e.each[rule].Eval(&e.now)
			if err != nil {
				return 0, 0, err
			}
			if v == types.True {
				break
			}
			rule++
		}
	}
	v, _, err := e.priority[rule].Eval(&e.now)
	if err != nil {
		return 0, 0, err
	}
	return rule, float64(v.(types.Double)), nil
}

// One decides about one student.
func (e *engine) One(i int) (int, float64) {
	rule, priority, err := e.one(i)
	if err != nil {
		return -1, 0
	}
	return rule, priority
}

func (e *engine) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *engine) Close() error                       { return nil }

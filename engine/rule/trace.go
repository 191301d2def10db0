// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// RuleState is what became of a rule's condition.
type RuleState string

const (
	Matched    RuleState = "Matched"
	NotMatched RuleState = "NotMatched"
	// RuleMissing: the condition needs a value that is missing.
	RuleMissing RuleState = "Missing"
	// RuleFailed: the condition could not be evaluated.
	RuleFailed RuleState = "Failed"
	// NotReached: the decision was made, or stopped, before.
	NotReached RuleState = "NotReached"
)

// Trace is how a decision about one student came about. It holds student data.
type Trace struct {
	Outcome Outcome
	// Rules are all rules in table order.
	Rules []RuleTrace
	// Variables are all variables in declared order.
	Variables []VariableTrace
	// Reads are the attributes read by conditions, results and reason, sorted.
	Reads []string
	// Incomplete is the rule that applies and whose result, priority or reason
	// cannot be told; nil where there is none.
	Incomplete *Incomplete
}

// Incomplete is what a rule that applies could not give, and why.
type Incomplete struct {
	ID      string   // of the rule, or otherwise
	Field   string   // then.support, priority, reason.text
	Missing []string // attributes met missing, sorted; empty if it failed
	Failure string   // why it failed
}

// RuleTrace is what became of one rule.
type RuleTrace struct {
	ID      string
	State   RuleState
	Reads   []string // attributes that the condition read, variables included, sorted
	Missing []string // attributes met missing, if State is Missing
	Failure string   // why, if State is Failed
}

// VariableTrace is what one variable was, if any rule asked for it.
type VariableTrace struct {
	Name      string
	Evaluated bool
	// Value is nil, bool, int64, float64, string, time.Time or a slice of one
	// of these; nil for other types, or if there was no value.
	Value   any
	Reads   []string
	Missing []string
	Failure string
}

// Trace decides as Decide does and tells how. It uses the same code, so its
// Outcome is the one that Decide gives.
func (e *Evaluator) Trace(row int) Trace {
	t := &tracer{trace: Trace{Rules: make([]RuleTrace, len(e.p.rules)), Variables: make([]VariableTrace, len(e.p.variables))}}
	for i := range e.p.rules {
		t.trace.Rules[i] = RuleTrace{ID: e.p.rules[i].id, State: NotReached}
	}
	t.trace.Outcome = e.decide(row, t)
	for i := range e.p.variables {
		t.trace.Variables[i] = e.traceVariable(i)
	}
	t.trace.Reads = t.reads.names(e.p.attributes)
	return t.trace
}

// tracer collects a trace. A nil tracer collects nothing.
type tracer struct {
	trace Trace
	reads set
}

// rule notes a condition that was just evaluated.
func (t *tracer) rule(e *Evaluator, i int, v ref.Val, stop *obstacle) {
	if t == nil {
		return
	}
	t.reads.union(&e.student.read)
	r := &t.trace.Rules[i]
	r.Reads = e.student.read.names(e.p.attributes)
	switch {
	case stop != nil && stop.missing != nil:
		r.State, r.Missing = RuleMissing, stop.missing
	case stop != nil:
		r.State, r.Failure = RuleFailed, stop.cause
	case v == types.True:
		r.State = Matched
	default:
		r.State = NotMatched
	}
}

// incomplete notes what a rule that applies could not give.
func (t *tracer) incomplete(id, field string, stop *obstacle) {
	if t != nil {
		t.trace.Incomplete = &Incomplete{ID: id, Field: field, Missing: stop.missing, Failure: stop.cause}
	}
}

// result notes the expression of a result, priority or reason just evaluated.
func (t *tracer) result(e *Evaluator) {
	if t != nil {
		t.reads.union(&e.student.read)
	}
}

func (e *Evaluator) traceVariable(i int) VariableTrace {
	v := &e.variables[i]
	t := VariableTrace{Name: e.p.variables[i].name}
	if v.turn != e.turn {
		return t
	}
	t.Evaluated = true
	t.Reads = v.read.names(e.p.attributes)
	if err, ok := v.value.(*types.Err); ok {
		var missing *missingError
		if errors.As(err, &missing) {
			t.Missing = v.missed.names(e.p.attributes)
			return t
		}
		var failed *variableError
		if errors.As(err, &failed) {
			err, _ = types.WrapErr(failed.err).(*types.Err)
		}
		t.Failure = causeOf(err)
		return t
	}
	t.Value = plainOf(v.value)
	return t
}

// plainOf is a variable's value in Go's types, where it has one.
func plainOf(v ref.Val) any {
	if t, ok := v.(types.Timestamp); ok {
		return t.UTC()
	}
	if value, err := scalarOf(v); err == nil {
		return value
	}
	for _, t := range []bundle.Type{bundle.NumberList, bundle.IntegerList, bundle.StringList, bundle.DateList} {
		if value, err := nativeOf(t, v); err == nil {
			return value
		}
	}
	return nil
}

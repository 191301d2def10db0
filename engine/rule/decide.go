// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// Status says whether rules could decide.
type Status string

const (
	// Decided: Outcome has a result.
	Decided Status = "Decided"
	// Undetermined: information is missing; Outcome.Missing names it.
	Undetermined Status = "Undetermined"
	// Failed: the rules could not be evaluated; Outcome.Failure says why.
	Failed Status = "Failed"
)

// Outcome is what the rules say about one student.
type Outcome struct {
	Status Status
	// Rules made the decision, in table order: all that hit under Any, Collect
	// and RuleOrder, the one chosen under the other hit policies, and
	// bundle.OtherwiseID where none hit. Empty if the status is not Decided.
	Rules     []string
	Otherwise bool // no rule hit
	// Reason has the code of the first of Rules. Its text is filled in by
	// Evaluator.ReasonText, as nobody reads the texts of a whole population.
	Reason decision.Reason
	// Result has the process's result fields in declared order.
	Result []decision.Value
	// Priority is nil where the rule computes none. Of several rules' the
	// greatest counts.
	Priority *float64
	// Missing names the attributes met missing, sorted. Status Undetermined.
	Missing []string
	// Failure names rule, field and cause, never a student's value. Status
	// Failed.
	Failure string
}

// hit is a rule that matched, and what it gives.
type hit struct {
	row      *row
	result   []any
	priority *float64
}

// Decide applies the table to one student.
//
// If a condition cannot be evaluated, the decision stops there: Undetermined if
// a value is missing, Failed otherwise. It never goes on to a later rule or to
// the default, which the student might not have come to. The same holds for the
// expressions of the result, the priority and the reason's text.
func (e *Evaluator) Decide(row int) Outcome {
	return e.decide(row, nil)
}

func (e *Evaluator) decide(row int, t *tracer) Outcome {
	e.begin(row)
	e.hits = e.hits[:0]
	policy := e.p.bundle.Rules.HitPolicy
	for i := range e.p.rules {
		r := &e.p.rules[i]
		v, stop := e.value(r.when)
		t.rule(e, i, v, stop)
		if stop != nil {
			return stopped(stop, r.id, "when")
		}
		if v != types.True {
			continue
		}
		e.hits = append(e.hits, hit{row: r})
		if policy == bundle.First {
			break
		}
		if policy == bundle.Unique && len(e.hits) > 1 {
			return clash(e.hits[0].row, r)
		}
	}
	if len(e.hits) == 0 {
		return e.noHit(t)
	}
	for i := range e.hits {
		if o := e.complete(&e.hits[i], t); o != nil {
			return *o
		}
	}
	return e.combine(policy, e.hits)
}

// clash is the outcome where two rules hit under the hit policy Unique.
func clash(a, b *row) Outcome {
	return Outcome{Status: Failed, Failure: fmt.Sprintf("rules %s and %s both hit, and the hit policy is Unique", a.id, b.id)}
}

func stopped(stop *obstacle, rule, field string) Outcome {
	if stop.missing != nil {
		return Outcome{Status: Undetermined, Missing: stop.missing}
	}
	return Outcome{Status: Failed, Failure: fmt.Sprintf("rule %s, %s: %s", rule, field, stop.cause)}
}

// complete computes what a matching rule gives. It returns an outcome if that
// cannot be computed.
func (e *Evaluator) complete(h *hit, t *tracer) *Outcome {
	fail := func(stop *obstacle, field string) *Outcome {
		t.result(e)
		t.incomplete(h.row.id, field, stop)
		o := stopped(stop, h.row.id, field)
		return &o
	}
	fields := e.p.bundle.Process.Result
	if h.row.then != nil {
		h.result = make([]any, len(fields))
	}
	for i, x := range h.row.then {
		if x.native != nil {
			h.result[i] = x.native
			continue
		}
		v, stop := e.value(x)
		if stop != nil {
			return fail(stop, "then."+fields[i].Name)
		}
		t.result(e)
		value, err := nativeOf(elementFor(fields[i].Type, h.row, e.p), v)
		if err == nil && !e.p.sums() {
			err = allowed(&fields[i], value)
		}
		if err != nil {
			return fail(&obstacle{cause: causeOf(err)}, "then."+fields[i].Name)
		}
		h.result[i] = value
	}
	if h.row.priority != nil {
		v, stop := e.value(h.row.priority)
		if stop != nil {
			return fail(stop, "priority")
		}
		t.result(e)
		priority, err := numberOf(v)
		if err != nil {
			return fail(&obstacle{cause: causeOf(err)}, "priority")
		}
		h.priority = &priority
	}
	for _, x := range h.row.needs {
		if _, stop := e.value(x); stop != nil {
			return fail(stop, "reason.text")
		}
		t.result(e)
	}
	return nil
}

// elementFor is the type that a row's expression for a field gives: an element
// where the hit policy gathers the rules' values into lists.
func elementFor(t bundle.Type, r *row, p *Program) bundle.Type {
	if r.when != nil && p.gathersLists() {
		return t.Element()
	}
	return t
}

func (p *Program) gathersLists() bool {
	r := &p.bundle.Rules
	return r.HitPolicy == bundle.RuleOrder || r.HitPolicy == bundle.Collect && (r.Collect == bundle.CollectList || r.Collect == "")
}

// sums reports whether the hit policy adds the rules' values up: then the sum,
// and not each part, is held to the field's bounds.
func (p *Program) sums() bool {
	r := &p.bundle.Rules
	return r.HitPolicy == bundle.Collect && r.Collect == bundle.CollectSum
}

// noHit is the outcome where no rule matches: otherwise, or what the hit policy
// makes of nothing. A policy that must choose one rule, and has none and no
// otherwise, fails: silence is no decision.
func (e *Evaluator) noHit(t *tracer) Outcome {
	if e.p.otherwise != nil {
		h := hit{row: e.p.otherwise}
		if o := e.complete(&h, t); o != nil {
			return *o
		}
		o := e.outcome([]hit{h}, h.result)
		o.Otherwise = true
		return o
	}
	if !e.p.bundle.Rules.HitPolicy.Collects() {
		return Outcome{Status: Failed, Failure: "no rule applies and the rule set has no otherwise"}
	}
	result, err := e.aggregate(nil)
	if err != nil {
		return Outcome{Status: Failed, Failure: "no rule applies and the rule set has no otherwise: " + causeOf(err)}
	}
	o := e.outcome(nil, result)
	o.Rules, o.Otherwise = []string{bundle.OtherwiseID}, true
	return o
}

// combine makes one outcome of the hits, at least one, by the hit policy.
func (e *Evaluator) combine(policy bundle.HitPolicy, hits []hit) Outcome {
	switch policy {
	case bundle.Any:
		for _, h := range hits[1:] {
			if field, same := e.sameResult(&hits[0], &h); !same {
				return Outcome{Status: Failed, Failure: fmt.Sprintf("rules %s and %s both hit and differ in %s, and the hit policy is Any", hits[0].row.id, h.row.id, field)}
			}
		}
		return e.outcome(hits, hits[0].result)
	case bundle.PriorityHit:
		best := slices.MinFunc(hits, e.compareOutputs)
		return e.outcome([]hit{best}, best.result)
	case bundle.Collect, bundle.RuleOrder:
		result, err := e.aggregate(hits)
		if err != nil {
			return Outcome{Status: Failed, Failure: "collecting the rules' results: " + causeOf(err)}
		}
		return e.outcome(hits, result)
	default: // First, Unique
		return e.outcome(hits, hits[0].result)
	}
}

func (e *Evaluator) sameResult(a, b *hit) (field string, same bool) {
	for i := range a.result {
		if !reflect.DeepEqual(a.result[i], b.result[i]) {
			return e.p.bundle.Process.Result[i].Name, false
		}
	}
	return "", true
}

// compareOutputs orders hits by the places of their results in the fields'
// values, the leftmost field first. Equal ones stay in table order.
func (e *Evaluator) compareOutputs(a, b hit) int {
	for i := range e.p.bundle.Process.Result {
		f := &e.p.bundle.Process.Result[i]
		if len(f.Values) == 0 || f.Type != bundle.String {
			continue
		}
		if c := cmp.Compare(slices.Index(f.Values, a.result[i].(string)), slices.Index(f.Values, b.result[i].(string))); c != 0 {
			return c
		}
	}
	return 0
}

// outcome is a decision made by these hits with this result.
func (e *Evaluator) outcome(hits []hit, result []any) Outcome {
	o := Outcome{Status: Decided, Rules: make([]string, len(hits)), Result: make([]decision.Value, len(e.p.bundle.Process.Result))}
	for i := range hits {
		o.Rules[i] = hits[i].row.id
		if p := hits[i].priority; p != nil && (o.Priority == nil || *p > *o.Priority) {
			o.Priority = p
		}
	}
	if len(hits) > 0 {
		o.Reason.Code = hits[0].row.code
	}
	for i := range o.Result {
		o.Result[i] = decision.Value{Field: e.p.bundle.Process.Result[i].Name, V: result[i]}
	}
	return o
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

var (
	errNoPriority = errors.New("the decision has no priority")
	errUnits      = errors.New("the units are negative")
	errKey        = errors.New("outside ±2^53, which a key cannot hold exactly")
	errNotDecided = errors.New("the outcome is not a decision")
)

// ExpressionError is why an expression of the priority policy has no value for
// a student. It holds no student's value.
type ExpressionError struct {
	Path    string   // of the expression in the PriorityPolicy: spec.order[0].expression
	Missing []string // attributes met missing, sorted; empty if it failed
	Cause   string   // why it failed; empty if information is missing
}

func (e *ExpressionError) Error() string {
	if len(e.Missing) > 0 {
		return e.Path + ": missing " + strings.Join(e.Missing, ", ")
	}
	return e.Path + ": " + e.Cause
}

func (e *Evaluator) expressionError(path string, stop *obstacle) error {
	return &ExpressionError{Path: path, Missing: stop.missing, Cause: stop.cause}
}

// Units is how many units of the capacity's resource the decision needs:
// capacity.consumes, or without it 1 for a decision made by a rule and 0 for
// otherwise. The outcome must be this row's and Decided. The error is an
// ExpressionError where the expression has no value.
func (e *Evaluator) Units(row int, o Outcome) (int64, error) {
	const path = "spec.capacity.consumes"
	if o.Status != Decided {
		return 0, errNotDecided
	}
	if e.p.consumes == nil {
		if o.Otherwise {
			return 0, nil
		}
		return 1, nil
	}
	e.begin(row)
	e.decision = &decisionView{e.p, &o}
	v, stop := e.value(e.p.consumes)
	if stop != nil {
		return 0, e.expressionError(path, stop)
	}
	if units := v.(types.Int); units >= 0 {
		return int64(units), nil
	}
	return 0, &ExpressionError{Path: path, Cause: errUnits.Error()}
}

// OrderKeys are the values of the published order's expressions, in order: a
// number for each Order entry that is an expression. Booleans are 0 and 1,
// dates days since 1970-01-01. The direction is left to the caller. Integers
// beyond ±2^53 and doubles that are not finite are errors, as they would not
// order exactly.
func (e *Evaluator) OrderKeys(row int, o Outcome) ([]float64, error) {
	if o.Status != Decided {
		return nil, errNotDecided
	}
	e.begin(row)
	e.decision = &decisionView{e.p, &o}
	keys := make([]float64, len(e.p.order))
	for i := range e.p.order {
		key := &e.p.order[i]
		v, stop := e.value(&key.expression)
		if stop != nil {
			return nil, e.expressionError(key.path, stop)
		}
		n, err := numberOf(v)
		if err != nil {
			return nil, &ExpressionError{Path: key.path, Cause: causeOf(err)}
		}
		keys[i] = n
	}
	return keys, nil
}

// numberOf is a key or a priority as a double, if that is exact.
func numberOf(v ref.Val) (float64, error) {
	switch v := v.(type) {
	case types.Bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case types.Int:
		if v > 1<<53 || v < -1<<53 {
			return 0, errKey
		}
		return float64(v), nil
	case types.Timestamp:
		return days(v.Time), nil
	}
	value, err := scalarOf(v)
	if err != nil {
		return 0, err
	}
	return value.(float64), nil
}

// days are the days from 1970-01-01 to an instant.
func days(t time.Time) float64 {
	return float64(t.UnixMilli()) / float64(24*time.Hour/time.Millisecond)
}

// decisionView is the object behind `decision` in priority expressions.
type decisionView struct {
	p       *Program
	outcome *Outcome
}

// rule is the id of the rule that decided, the first of several.
func (d *decisionView) rule() ref.Val {
	if len(d.outcome.Rules) == 0 {
		return types.String("")
	}
	return types.String(d.outcome.Rules[0])
}

func (d *decisionView) priority() (any, error) {
	if d.outcome.Priority == nil {
		return nil, errNoPriority
	}
	return types.Double(*d.outcome.Priority), nil
}

func (d *decisionView) has(field int) bool {
	return field < len(d.outcome.Result) && d.outcome.Result[field].V != nil
}

func (d *decisionView) field(i int) (any, error) {
	if !d.has(i) {
		return nil, errors.New("no such result")
	}
	v := d.outcome.Result[i].V
	if t, ok := v.(time.Time); ok {
		return types.Timestamp{Time: t}, nil
	}
	if days, ok := v.([]time.Time); ok {
		list := make([]ref.Val, len(days))
		for j, day := range days {
			list[j] = types.Timestamp{Time: day}
		}
		return types.NewRefValList(types.DefaultTypeAdapter, list), nil
	}
	return types.DefaultTypeAdapter.NativeToValue(v), nil
}

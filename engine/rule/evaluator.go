// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// Evaluator decides about the students of one population. It is cheap to make
// and not safe for concurrent use: make one for each goroutine.
type Evaluator struct {
	p           *Program
	names       interpreter.Activation
	at          types.Timestamp
	rows        int
	student     reader
	variables   []cached
	turn        uint64 // counts the rows begun, so that nothing need be cleared
	hits        []hit
	decision    *decisionView
	bulk        *bulk        // for DecideRows
	competition *competition // for Compete
	single      *single      // for DecideRow
}

// cached is a variable's value for the row of its turn.
type cached struct {
	turn         uint64
	value        ref.Val // a *types.Err if it failed
	read, missed set
}

// Bind prepares the program for a population. It is an error if the population
// lacks a column that the rules read or has it in another type.
func (p *Program) Bind(population *student.Population) (*Evaluator, error) {
	e := &Evaluator{
		p: p, at: types.Timestamp{Time: population.At.UTC()}, rows: population.Len(),
		variables: make([]cached, len(p.variables)),
		student: reader{
			attributes: p.attributes,
			columns:    make([]*student.Column, len(p.attributes)),
			missing:    make([]missingError, len(p.attributes)),
		},
	}
	e.names = names{e}
	for i := range p.attributes {
		if !p.reads.contains(i) {
			continue
		}
		c := population.Column(p.attributes[i].Name)
		if err := checkColumn(&p.attributes[i], c, population.Len()); err != nil {
			return nil, err
		}
		e.student.columns[i] = c
		e.student.missing[i].attribute = p.attributes[i].Name
	}
	return e, nil
}

// names resolves the names that expressions read.
type names struct{ e *Evaluator }

// ResolveName implements interpreter.Activation.
func (n names) ResolveName(name string) (any, bool) {
	switch name {
	case nameStudent:
		return &n.e.student, true
	case nameAt:
		return n.e.at, true
	case nameDecision:
		return n.e.decision, n.e.decision != nil
	}
	if i, ok := n.e.p.byVariable[name]; ok {
		return n.e.variable(i), true
	}
	return nil, false
}

// Parent implements interpreter.Activation.
func (n names) Parent() interpreter.Activation { return nil }

// begin turns to a row. It panics if there is no such row, as indexing a slice
// does.
func (e *Evaluator) begin(row int) {
	if row < 0 || row >= e.rows {
		panic(fmt.Sprintf("rule: row %d of a population of %d", row, e.rows))
	}
	e.turn++
	e.student.row = row
	e.decision = nil
}

// variable evaluates a variable at most once a row. What it read and met
// missing counts for every expression that reads it.
func (e *Evaluator) variable(i int) ref.Val {
	v := &e.variables[i]
	if v.turn != e.turn {
		outerRead, outerMissed := e.student.read, e.student.missed
		value := e.evaluateVariable(i)
		*v = cached{turn: e.turn, value: value, read: e.student.read, missed: e.student.missed}
		e.student.read, e.student.missed = outerRead, outerMissed
	}
	e.student.read.union(&v.read)
	e.student.missed.union(&v.missed)
	return v.value
}

func (e *Evaluator) evaluateVariable(i int) ref.Val {
	v := &e.p.variables[i]
	value, err := e.evaluate(&v.expression)
	if err == nil && tooLarge(value) {
		err = errTooLong
	}
	if err != nil {
		return types.WrapErr(&variableError{v.name, err})
	}
	return value
}

// tooLarge reports a value beyond what the cost of a variable's readers was
// estimated from.
func tooLarge(v ref.Val) bool {
	switch v := v.(type) {
	case types.String:
		return len(v) > MaxStringSize
	case traits.Lister:
		if v.Size().(types.Int) > bundle.MaxListItems {
			return true
		}
		switch v.Value().(type) {
		case []float64, []int64:
			return false
		}
		for it := v.Iterator(); it.HasNext() == types.True; {
			if tooLarge(it.Next()) {
				return true
			}
		}
	case traits.Mapper:
		if v.Size().(types.Int) > bundle.MaxListItems {
			return true
		}
		for it := v.Iterator(); it.HasNext() == types.True; {
			if tooLarge(v.Get(it.Next())) {
				return true
			}
		}
	}
	return false
}

// variableError says in which variable an evaluation failed.
type variableError struct {
	variable string
	err      error
}

func (e *variableError) Error() string { return "variable " + e.variable + ": " + e.err.Error() }
func (e *variableError) Unwrap() error { return e.err }

// evaluate evaluates an expression for the current row, beginning a new account
// of what is read and missed.
func (e *Evaluator) evaluate(x *expression) (ref.Val, error) {
	e.student.read, e.student.missed = set{}, set{}
	if x.constant != nil {
		return x.constant, nil
	}
	if x.variable >= 0 {
		v := e.variable(x.variable)
		if err, ok := v.(*types.Err); ok {
			return nil, err
		}
		return v, nil
	}
	v, _, err := x.program.Eval(e.names)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// obstacle is why an expression has no value for a row.
type obstacle struct {
	missing []string // attributes met missing; nil if it failed
	cause   string
}

// value evaluates an expression; the obstacle is nil if it has a value.
func (e *Evaluator) value(x *expression) (ref.Val, *obstacle) {
	v, err := e.evaluate(x)
	if err == nil {
		return v, nil
	}
	var missing *missingError
	if errors.As(err, &missing) {
		return nil, &obstacle{missing: e.student.missed.names(e.p.attributes)}
	}
	return nil, &obstacle{cause: causeOf(err)}
}

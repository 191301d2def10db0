// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package juncture runs the tables with the engine of this repository. It is
// the one package of this module that knows the engine: this file how it
// decides, translate.go how tables and students are given to it.
package juncture

import (
	"fmt"

	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/hack/bench/peer"
)

// Columns is the engine as it decides about a population, row group after row
// group. All that is done for each group is timed: binding, making room for the
// outcomes, deciding, and numbering the outcomes.
var Columns = peer.Kind{Name: "Juncture", Form: "rule.Evaluator.DecideRows, row groups of 65,536", Least: group, Open: func(w *peer.Work) (peer.Engine, error) { return openEngine(w, 1) }}

// OneByOne is the engine deciding about one student after another.
var OneByOne = peer.Kind{Name: "Juncture, one at a time", Form: "rule.Evaluator.DecideRow", Open: openOneByOne}

// Rows is the reference inside the engine: rules evaluated by cel-go, with an
// account of what was read.
var Rows = peer.Kind{Name: "Juncture, row by row", Form: "rule.Evaluator.Decide, the reference within the engine", Share: 0.2, Open: openRows}

// Processes is Columns deciding by n tables about each row group, one after
// another. The decisions are those of the table itself; the limits of the
// others are moved.
func Processes(n int) peer.Kind {
	return peer.Kind{
		Name: Columns.Name, Form: fmt.Sprintf("%s, %d processes", Columns.Form, n), Least: group,
		Open: func(w *peer.Work) (peer.Engine, error) { return openEngine(w, n) },
	}
}

type columns struct {
	w         *peer.Work
	processes []*rule.Program
	rules     map[string]uint16 // their numbers, by id
	groups    []*student.Population
	outcomes  []*rule.Outcomes // of the first process
}

func openEngine(w *peer.Work, n int) (peer.Engine, error) { return openColumns(w, n) }

func openColumns(w *peer.Work, n int) (*columns, error) {
	e := &columns{w: w}
	for k := range n {
		program, err := rule.Compile(Bundle(w.Table.Variant(k)))
		if err != nil {
			return nil, err
		}
		e.processes = append(e.processes, program)
		e.rules = numbers(program)
	}
	return e, nil
}

// group is how many students all processes decide about before the next ones
// are looked at: the default of source/table.
const group = 1 << 16

func (e *columns) Prepare(from, to int) error {
	e.groups = nil
	for ; from < to; from += group {
		e.groups = append(e.groups, Population(e.w.Columns, from, min(from+group, to)))
	}
	return nil
}

func (e *columns) Decide() error {
	e.outcomes = e.outcomes[:0]
	for _, g := range e.groups {
		if err := e.decide(g); err != nil {
			return err
		}
	}
	return nil
}

func (e *columns) decide(g *student.Population) error {
	for k, p := range e.processes {
		evaluator, err := p.Bind(g)
		if err != nil {
			return err
		}
		outcomes := p.NewOutcomes(g.Len())
		if err := evaluator.DecideRows(0, g.Len(), outcomes); err != nil {
			return err
		}
		outcomes.Finish()
		evaluator.Release()
		if k == 0 {
			e.outcomes = append(e.outcomes, outcomes)
		}
	}
	return nil
}

func (e *columns) Decisions() (d peer.Decisions, err error) {
	for _, outcomes := range e.outcomes {
		for i := range outcomes.Outcome {
			o := outcomes.Row(i)
			if o.Status != rule.Decided {
				return d, fmt.Errorf("student %d: %s %s", len(d.Rule), o.Status, o.Failure)
			}
			d.Rule, d.Priority = append(d.Rule, e.rules[o.Rules[0]]), append(d.Priority, *o.Priority)
		}
	}
	return d, nil
}

func (e *columns) Close() error { return nil }

// numbers are the rules' numbers by id.
func numbers(p *rule.Program) map[string]uint16 {
	n := map[string]uint16{}
	for i, id := range p.RuleIDs() {
		n[id] = uint16(i)
	}
	return n
}

type rows struct {
	evaluator *rule.Evaluator
	rules     map[string]uint16
	from      int
	out       peer.Decisions
}

func openRows(w *peer.Work) (peer.Engine, error) {
	program, err := rule.Compile(Bundle(w.Table))
	if err != nil {
		return nil, err
	}
	evaluator, err := program.Bind(Population(w.Columns, 0, w.Len()))
	return &rows{evaluator: evaluator, rules: numbers(program)}, err
}

func (e *rows) Prepare(from, to int) error {
	e.from = from
	e.out.Resize(to - from)
	return nil
}

func (e *rows) Decide() error {
	for i := range e.out.Rule {
		o := e.evaluator.Decide(e.from + i)
		if o.Status != rule.Decided {
			return fmt.Errorf("student %d: %s %s", e.from+i, o.Status, o.Failure)
		}
		e.out.Rule[i], e.out.Priority[i] = e.rules[o.Rules[0]], *o.Priority
	}
	return nil
}

// One decides about one student.
func (e *rows) One(i int) (int, float64) {
	o := e.evaluator.Decide(e.from + i)
	if o.Status != rule.Decided {
		return -1, 0
	}
	return int(e.rules[o.Rules[0]]), *o.Priority
}

func (e *rows) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *rows) Close() error                       { return nil }

type oneByOne struct {
	evaluator *rule.Evaluator
	from      int
	student   rule.Single
	out       peer.Decisions
}

func openOneByOne(w *peer.Work) (peer.Engine, error) {
	program, err := rule.Compile(Bundle(w.Table))
	if err != nil {
		return nil, err
	}
	evaluator, err := program.Bind(Population(w.Columns, 0, w.Len()))
	return &oneByOne{evaluator: evaluator}, err
}

func (e *oneByOne) Prepare(from, to int) error {
	e.from = from
	e.out.Resize(to - from)
	return nil
}

func (e *oneByOne) Decide() error {
	for i := range e.out.Rule {
		e.evaluator.DecideRow(e.from+i, &e.student)
		if e.student.Status != rule.Decided {
			return fmt.Errorf("student %d: %s %s", e.from+i, e.student.Status, e.evaluator.Outcome(&e.student).Failure)
		}
		e.out.Rule[i], e.out.Priority[i] = uint16(e.student.Rule), e.student.Priority
	}
	return nil
}

// One decides about one student.
func (e *oneByOne) One(i int) (int, float64) {
	e.evaluator.DecideRow(e.from+i, &e.student)
	return e.student.Rule, e.student.Priority
}

func (e *oneByOne) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *oneByOne) Close() error                       { return nil }

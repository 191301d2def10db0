// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

// compileColumns compiles the table for evaluation over columns. The inputs are
// the attributes, by their index, and behind them the instant of evaluation.
func (p *Program) compileColumns() error {
	c, err := newColumnCompiler(p.inputs(), p.resolve)
	if err != nil {
		return err
	}
	for i := range p.variables {
		p.variables[i].column = c.Add(p.variables[i].checked)
	}
	for i := range p.rules {
		p.rules[i].addTo(c)
	}
	if p.otherwise != nil {
		p.otherwise.addTo(c)
	}
	conditions := make([]*column.Expression, len(p.rules))
	for i := range p.rules {
		conditions[i] = p.rules[i].when.column
	}
	p.dispatch = c.Dispatch(conditions)
	p.columns = c.Compile()
	return nil
}

// inputs are the attributes and the instant of evaluation.
func (p *Program) inputs() []column.Input {
	inputs := make([]column.Input, len(p.attributes), len(p.attributes)+1)
	for i := range p.attributes {
		inputs[i] = inputOf(&p.attributes[i])
	}
	return append(inputs, column.Input{Name: nameAt, Type: column.Type{Kind: column.Timestamp}, Once: true})
}

// newColumnCompiler begins a program that computes as the environment of rules
// does.
func newColumnCompiler(inputs []column.Input, resolve column.Resolve) (*column.Compiler, error) {
	c, err := column.NewCompiler(inputs, resolve)
	if err != nil {
		return nil, err
	}
	c.StrictDivision = true
	c.Limits = column.Limits{Items: bundle.MaxListItems, Length: MaxStringSize}
	return c, nil
}

func (r *row) addTo(c *column.Compiler) {
	add := func(e *expression) {
		if e != nil && e.column == nil {
			e.column = c.Add(e.checked)
		}
	}
	add(r.when)
	for _, e := range r.then {
		add(e)
	}
	add(r.priority)
	for _, e := range r.needs {
		add(e)
	}
}

// resolve is what a name in a rule stands for.
func (p *Program) resolve(e ast.Expr) (column.Ref, bool) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		if o := s.Operand(); o.Kind() != ast.IdentKind || o.AsIdent() != nameStudent {
			return column.Ref{}, false
		}
		i, ok := slices.BinarySearchFunc(p.attributes, s.FieldName(), func(a attribute, name string) int { return compareNames(a.Name, name) })
		return column.Ref{Input: i}, ok
	case ast.IdentKind:
		if e.AsIdent() == nameAt {
			return column.Ref{Input: len(p.attributes)}, true
		}
		if i, ok := p.byVariable[e.AsIdent()]; ok {
			return column.Ref{Expression: p.variables[i].column}, true
		}
	}
	return column.Ref{}, false
}

func inputOf(a *attribute) column.Input {
	in := column.Input{Name: a.Name, Type: columnType(a.Type), Finite: true}
	if a.Type.IsList() {
		in.Items = a.ItemLimit()
	}
	if a.Type.Element() == bundle.String {
		in.Length = a.LengthLimit()
	}
	if a.absent != nil {
		in.Default = columnDefault(a)
	}
	return in
}

func columnType(t bundle.Type) column.Type {
	kind := map[bundle.Type]column.Kind{
		bundle.Boolean: column.Bool, bundle.Integer: column.Int, bundle.Number: column.Double, bundle.String: column.String, bundle.Date: column.Timestamp,
	}[t.Element()]
	if t.IsList() {
		return column.Type{Kind: column.List, Elem: kind}
	}
	return column.Type{Kind: kind}
}

// columnDefault is what an absent value is read as, in a column's form.
func columnDefault(a *attribute) any {
	var value any
	if a.Missing == bundle.MissingDefault {
		value, _ = bundle.ParseValue(a.Type, a.Default) // checked by Compile
	}
	switch v := value.(type) {
	case int64:
		if a.Type == bundle.Date {
			return column.Instant{Seconds: v * 86400}
		}
	case []int64:
		if a.Type == bundle.DateList {
			days := make([]column.Instant, len(v))
			for i, day := range v {
				days[i] = column.Instant{Seconds: day * 86400}
			}
			return days
		}
	case nil: // an empty list
		return emptyColumnList(a.Type)
	}
	return value
}

func emptyColumnList(t bundle.Type) any {
	switch t.Element() {
	case bundle.Integer:
		return []int64{}
	case bundle.Number:
		return []float64{}
	case bundle.String:
		return []string{}
	}
	return []column.Instant{}
}

// columnOf is a population's column as package column reads it. Nothing is
// copied.
func columnOf(c *student.Column) *column.Column {
	return &column.Column{
		Presence: c.Presence, Whole: c.Whole, Bools: c.Bools, Ints: c.Ints, Days: c.Type().Element() == bundle.Date,
		Floats: c.Floats, Codes: c.Codes, Dict: c.Dict, Offsets: c.Offsets,
	}
}

// obstacleOf is a fault in the words of a decision; false if only the reference
// can tell.
func (e *Evaluator) obstacleOf(f column.Fault) (obstacle, bool) {
	if f.Cause != column.Missing {
		return obstacle{}, false
	}
	var missing set
	f.Missed.Each(func(i int) { missing.add(i) })
	return obstacle{missing: missing.names(e.p.attributes)}, true
}

// truth reports whether a condition is constant, and its value.
func (x *expression) truth() (is, constant bool) {
	if x.constant == nil {
		return false, false
	}
	return x.constant == types.True, true
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"

	"github.com/juncture-dev/juncture/engine/student"
)

// Compiler gathers the expressions of a program.
type Compiler struct {
	// StrictDivision makes the division of doubles by zero an error, as that of
	// integers is. CEL's own gives an infinity or NaN.
	StrictDivision bool
	// Limits bound what expressions compute.
	Limits Limits

	lowering
	expressions []*Expression
	dispatches  []*Dispatch
}

// Expression is one expression of a program. It stands for it in all machines.
type Expression struct {
	root *term
	code *code
	// Foreign says why the expression is computed row by row; nil if it is not.
	Foreign *Unsupported
	needed  []*term // if it is foreign: operands of its && that are not
	typ     Type
}

// Type is the type of the expression's value.
func (e *Expression) Type() Type { return e.typ }

// NewCompiler begins a program over these inputs, at most MaxInputs.
func NewCompiler(inputs []Input, resolve Resolve) (*Compiler, error) {
	if len(inputs) > MaxInputs {
		return nil, fmt.Errorf("column: %d inputs, more than %d", len(inputs), MaxInputs)
	}
	return &Compiler{lowering: lowering{inputs: inputs, resolve: resolve, terms: map[string]*term{}}}, nil
}

// Add adds a checked expression. Where columns cannot evaluate it, Foreign of
// the result says why, and Machine's methods must not be called with it.
func (c *Compiler) Add(checked *ast.AST) *Expression {
	e := &Expression{}
	l := tree{lowering: &c.lowering, checked: checked, limits: c.Limits}
	root, err := l.lower(checked.Expr(), nil)
	if err != nil {
		e.Foreign = err.(*Unsupported) //nolint:errorlint,forcetypeassert // lowering has no other errors
		e.needed = l.neededOf(checked.Expr())
		return e
	}
	e.root, e.typ = root, root.typ
	c.expressions = append(c.expressions, e)
	return e
}

// Program is compiled expressions. It is immutable; every goroutine evaluates it
// by a Machine of its own.
type Program struct {
	inputs []Input
	frame  *frame
	memos  int

	strictDivision bool
}

// Compile ends the program.
func (c *Compiler) Compile() *Program {
	for _, e := range c.expressions {
		c.count(e.root)
	}
	g := &generator{inputs: c.inputs, strictDivision: c.StrictDivision, codes: map[*term]*code{}, path: []*frame{{}}}
	for _, e := range c.expressions {
		e.code = g.expression(e.root)
	}
	for _, d := range c.dispatches {
		d.generate(g)
	}
	return &Program{inputs: c.inputs, frame: g.path[0], memos: g.memos, strictDivision: c.StrictDivision}
}

// count counts a term's readers and weighs it.
func (c *Compiler) count(t *term) {
	t.uses++
	if t.uses > 1 {
		return
	}
	for _, a := range t.args {
		c.count(a)
		if !a.shared() {
			t.weight += a.weight
		}
	}
	t.weight = min(t.weight, 1<<20)
	if t.op == opLoop {
		t.weight *= 4
	}
}

// Machine evaluates a program's expressions on the rows of columns. It is not
// safe for concurrent use.
type Machine struct {
	p      *Program
	inputs []bound
	root   *exec
	faults faults
	memos  []memo
	// absorbed are the rows where the present evaluation met an error that did
	// not decide.
	absorbed rowSet
}

// NewMachine makes a machine.
func (p *Program) NewMachine() *Machine {
	m := &Machine{p: p, faults: newFaults(), inputs: make([]bound, len(p.inputs)), memos: make([]memo, p.memos)}
	m.root = p.frame.exec(m)
	return m
}

// Bind gives the machine its columns, one an input, nil where no expression
// reads it. All but those of an Input.Once must have as many rows as the
// population.
func (m *Machine) Bind(columns []*Column, rows int) error {
	clear(m.memos)
	if len(columns) != len(m.p.inputs) {
		return fmt.Errorf("column: %d columns for %d inputs", len(columns), len(m.p.inputs))
	}
	for i, c := range columns {
		if c == nil {
			continue
		}
		if err := m.bind(i, c, rows); err != nil {
			return fmt.Errorf("column %s: %w", m.p.inputs[i].Name, err)
		}
	}
	return nil
}

// Release lets go of the columns. Bind gives the machine others.
func (m *Machine) Release() {
	clear(m.inputs)
	clear(m.memos)
}

func (m *Machine) bind(i int, c *Column, rows int) error {
	in, b := &m.p.inputs[i], &m.inputs[i]
	switch {
	case in.Once:
		rows = 1
	case in.Batch:
		rows = Rows
	}
	if c.rows() != rows {
		return fmt.Errorf("%d rows where there are %d", c.rows(), rows)
	}
	*b = bound{Column: *c, once: in.Once || in.Batch, hasDefault: in.Default != nil}
	if in.Once {
		b.Column = repeated(c)
	}
	b.whole = c.Whole || !in.Batch && wholly(b.Presence) || b.Presence == nil
	fault := Fault{Cause: Missing, Input: i}
	fault.Missed.add(i)
	b.missing = m.faults.number(fault)
	b.tooMany = m.faults.number(Fault{Cause: TooManyItems, Input: i})
	b.tooLong = m.faults.number(Fault{Cause: TooLong, Input: i})
	if in.Type.Kind == List {
		if in.Items > 0 && longest(c.Offsets) > in.Items {
			b.items = in.Items
		}
		if in.Default != nil && !b.whole {
			b.appendDefault(in.Type.Elem, in.Default)
		}
	}
	if in.Length > 0 {
		for code, s := range c.Dict {
			if len(s) > in.Length {
				if b.longCodes == nil {
					b.longCodes = make([]bool, len(c.Dict))
				}
				b.longCodes[code] = true
			}
		}
	}
	return nil
}

// appendDefault puts the elements of a list's default behind those of the
// column, in a copy.
func (b *bound) appendDefault(kind Kind, v any) {
	d, _ := constantList(v)(nil, nil)
	if kind == Timestamp && b.Days {
		kind = Int
	}
	have := elements{Bools: b.Bools, Ints: b.Ints, Floats: b.Floats, Texts: Texts{Codes: b.Codes}, Times: b.Times}
	b.defaultFrom = have.size(kind)
	b.defaultTo = b.defaultFrom + d.To[0]
	b.Bools, b.Floats, b.Times = append(slices.Clip(b.Bools), d.Bools...), append(slices.Clip(b.Floats), d.Floats...), append(slices.Clip(b.Times), d.Times...)
	b.Ints = append(slices.Clip(b.Ints), d.Ints...)
	if b.Days {
		for _, t := range d.Times {
			b.Ints = append(b.Ints, t.Seconds/86400)
		}
	}
	if d.Texts.Codes != nil {
		base := uint32(len(b.Dict))
		b.Dict = append(slices.Clip(b.Dict), d.Texts.Dict...)
		b.Codes = slices.Clip(b.Codes)
		for _, c := range d.Texts.Codes {
			b.Codes = append(b.Codes, base+c)
		}
	}
}

// longest is the most elements that a list has.
func longest(offsets []uint32) int {
	most := uint32(0)
	for i := 1; i < len(offsets); i++ {
		most = max(most, offsets[i]-offsets[i-1])
	}
	return int(most)
}

func wholly(presence []student.Presence) bool {
	for _, p := range presence {
		if p != student.Present {
			return false
		}
	}
	return true
}

// repeated is a column of one value with as many as a batch has.
func repeated(c *Column) Column {
	r := *c
	r.Presence, r.Bools, r.Ints, r.Floats, r.Codes, r.Times = repeat(c.Presence), repeat(c.Bools), repeat(c.Ints), repeat(c.Floats), repeat(c.Codes), repeat(c.Times)
	return r
}

func repeat[T any](one []T) []T {
	if len(one) == 0 {
		return nil
	}
	all := make([]T, Rows)
	for i := range all {
		all[i] = one[0]
	}
	return all
}

// Start turns to the batch of n rows, at most Rows, that begins with the
// population's row base.
func (m *Machine) Start(base, n int) {
	m.root.begin(base, n)
}

// All is the selection of all n rows.
func All(n int) []uint16 { return identity[:n:n] }

// Fault is a fault by its number. If its Cause is NoCause, only the reference
// can tell what it is.
func (m *Machine) Fault(id uint16) Fault { return m.faults.all[id] }

// Filter writes the rows of sel for which a condition holds to out, which may be
// sel itself, and gives the faults of those for which it has no value. Both stay
// valid until the next call of Start.
func (m *Machine) Filter(e *Expression, sel, out []uint16) ([]uint16, []RowFault) {
	m.absorbed.clear()
	t, faults := e.code.cond(m.root, sel, out)
	return t, m.account(faults)
}

// Bools are a condition's values for the rows of sel, by row.
func (m *Machine) Bools(e *Expression, sel []uint16) ([]bool, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.bools(m.root, sel)
	return v, m.account(faults)
}

// Ints are the values of an expression of kind Int or Duration, by row.
func (m *Machine) Ints(e *Expression, sel []uint16) ([]int64, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.ints(m.root, sel)
	return v, m.account(faults)
}

// Doubles are the values of an expression of kind Double, by row.
func (m *Machine) Doubles(e *Expression, sel []uint16) ([]float64, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.floats(m.root, sel)
	return v, m.account(faults)
}

// Texts are the values of an expression of kind String, by row.
func (m *Machine) Texts(e *Expression, sel []uint16) (Texts, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.texts(m.root, sel)
	return v, m.account(faults)
}

// Times are the values of an expression of kind Timestamp, by row.
func (m *Machine) Times(e *Expression, sel []uint16) ([]Instant, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.times(m.root, sel)
	return v, m.account(faults)
}

// Lists are the values of an expression of kind List, by row.
func (m *Machine) Lists(e *Expression, sel []uint16) (Lists, []RowFault) {
	m.absorbed.clear()
	v, faults := e.code.lists(m.root, sel)
	return v, m.account(faults)
}

// Faults evaluates an expression of any kind for its faults alone.
func (m *Machine) Faults(e *Expression, sel []uint16) []RowFault {
	m.absorbed.clear()
	return m.account(faultsOf(e.typ.Kind, e.code)(m.root, sel))
}

// account replaces the faults of rows where an error was absorbed on the way:
// what was missed then counts too, and only the reference keeps that.
func (m *Machine) account(faults []RowFault) []RowFault {
	if !m.absorbed.any {
		return faults
	}
	x := m.root
	start := len(x.arena)
	for _, f := range faults {
		if m.absorbed.has(f.Row) {
			f.ID = unknown
		}
		x.arena = append(x.arena, f)
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// rowSet is a set of a batch's rows.
type rowSet struct {
	bits [Rows / 64]uint64
	any  bool
}

func (s *rowSet) clear() {
	if s.any {
		*s = rowSet{}
	}
}
func (s *rowSet) add(row uint16)      { s.bits[row/64] |= 1 << (row % 64); s.any = true }
func (s *rowSet) has(row uint16) bool { return s.bits[row/64]&(1<<(row%64)) != 0 }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"fmt"
	"slices"
)

// Single evaluates a program's expressions for one row at a time, from the same
// terms that a Machine evaluates for batches. It is made of closures over the
// columns themselves: evaluating allocates nothing. It is not safe for
// concurrent use.
//
// Making one costs about as much as a hundred decisions. It pays where many
// decisions about single rows are asked of the same columns.
type Single struct {
	p       *Program
	columns []*Column
	rows    int
	mutable bool
	faults  faults

	row  int
	turn uint64 // counts the rows begun, so that nothing need be cleared
	// absorbed: the present evaluation met an error that did not decide.
	absorbed bool
	loops    []loopPlace // of the loops' variables, by depth

	codes  map[*term]*singleCode // of shared terms
	tables [][]*table            // by input: what is known of its dictionary
	lists  [][]*elements         // by input: those that have its dictionary

	// For what has no closure here: a machine, on the row of vectorTurn.
	vector     *Machine
	vectorTurn uint64
}

// loopPlace is an element of a list.
type loopPlace struct {
	in *elements
	at uint32
}

// Failure is why an evaluation of a Single has no value: see Single.Fault. 0 is
// no failure.
type Failure uint32

// failureOf is a fault's number as a Failure.
func failureOf(number uint16) Failure { return Failure(number) + 1 }

// NewSingle prepares the program for rows of these columns, one an input, nil
// where no expression reads it. With mutable, the values in the columns may
// change between one row and the next (not the slices), and dictionaries may
// grow: see Extend. The caller then keeps strings within Input.Length.
func (p *Program) NewSingle(columns []*Column, rows int, mutable bool) (*Single, error) {
	if len(columns) != len(p.inputs) {
		return nil, fmt.Errorf("column: %d columns for %d inputs", len(columns), len(p.inputs))
	}
	s := &Single{
		p: p, columns: columns, rows: rows, mutable: mutable, faults: newFaults(),
		codes: map[*term]*singleCode{}, tables: make([][]*table, len(p.inputs)), lists: make([][]*elements, len(p.inputs)),
	}
	for i, c := range columns {
		if c == nil {
			continue
		}
		want := rows
		if p.inputs[i].Once {
			want = 1
		}
		if c.rows() != want {
			return nil, fmt.Errorf("column %s: %d rows where there are %d", p.inputs[i].Name, c.rows(), want)
		}
	}
	return s, nil
}

// Begin turns to a row. It panics if there is no such row, as indexing a slice
// does.
func (s *Single) Begin(row int) {
	if uint(row) >= uint(s.rows) {
		panic(fmt.Sprintf("column: row %d of %d", row, s.rows))
	}
	s.row = row
	s.turn++
}

// Fault is what a failure is. If its Cause is NoCause, only the reference can
// tell.
func (s *Single) Fault(f Failure) Fault { return s.faults.all[f-1] }

// fail is the failure of a fault.
func (s *Single) fail(f Fault) Failure { return failureOf(s.faults.number(f)) }

// first is the failure of an evaluation that met a and then b: see faults.first.
func (s *Single) first(a, b Failure) Failure {
	return failureOf(s.faults.first(uint16(a-1), uint16(b-1)))
}

// Condition is an expression of kind Bool, made ready for a Single.
type Condition struct {
	all []singleValue[bool] // the terms of a conjunction
}

// Value is an expression of another kind, made ready for a Single.
type Value[T any] struct{ of singleValue[T] }

// Condition makes an expression ready.
func (s *Single) Condition(e *Expression) Condition {
	if c := s.code(e.root); c != nil {
		if c.conjunction != nil {
			return Condition{c.conjunction}
		}
		return Condition{[]singleValue[bool]{c.bools}}
	}
	return Condition{[]singleValue[bool]{func(s *Single) (bool, Failure) {
		t, faults := s.turned().Filter(e, identity[:1], make([]uint16, 1))
		return len(t) > 0, s.adopt(faults)
	}}}
}

// Ints makes an expression of kind Int or Duration ready.
func (s *Single) Ints(e *Expression) Value[int64] {
	if c := s.code(e.root); c != nil {
		return Value[int64]{c.ints}
	}
	return Value[int64]{vectorValue(func(m *Machine) ([]int64, []RowFault) { return m.Ints(e, identity[:1]) })}
}

// Doubles makes an expression of kind Double ready.
func (s *Single) Doubles(e *Expression) Value[float64] {
	if c := s.code(e.root); c != nil {
		return Value[float64]{c.floats}
	}
	return Value[float64]{vectorValue(func(m *Machine) ([]float64, []RowFault) { return m.Doubles(e, identity[:1]) })}
}

// Times makes an expression of kind Timestamp ready.
func (s *Single) Times(e *Expression) Value[Instant] {
	if c := s.code(e.root); c != nil {
		return Value[Instant]{c.times}
	}
	return Value[Instant]{vectorValue(func(m *Machine) ([]Instant, []RowFault) { return m.Times(e, identity[:1]) })}
}

// Texts makes an expression of kind String ready.
func (s *Single) Texts(e *Expression) Value[string] {
	if c := s.code(e.root); c != nil {
		return Value[string]{c.texts}
	}
	return Value[string]{func(s *Single) (string, Failure) {
		t, faults := s.turned().Texts(e, identity[:1])
		if f := s.adopt(faults); f != 0 {
			return "", f
		}
		return t.At(0), 0
	}}
}

// Faults makes an expression of any kind ready that is evaluated for its faults
// alone. The value means nothing.
func (s *Single) Faults(e *Expression) Condition {
	var of singleValue[bool]
	if c := s.code(e.root); c != nil {
		of = c.faults()
	} else {
		of = func(s *Single) (bool, Failure) { return true, s.adopt(s.turned().Faults(e, identity[:1])) }
	}
	return Condition{[]singleValue[bool]{of}}
}

// Holds evaluates a condition for the present row.
func (s *Single) Holds(c *Condition) (bool, Failure) {
	s.absorbed = false
	for i, of := range c.all {
		is, f := of(s)
		if f != 0 {
			is, f = s.conjoinAfter(f, c.all[i+1:])
			return is, s.account(f)
		}
		if !is {
			return false, 0
		}
	}
	return true, 0
}

// Of evaluates the expression for the present row.
func (v *Value[T]) Of(s *Single) (T, Failure) {
	s.absorbed = false
	x, f := v.of(s)
	if f != 0 {
		f = s.account(f)
	}
	return x, f
}

// account is the failure that an evaluation ends in: if an error was absorbed on
// the way, what was missed then counts too, and only the reference keeps that.
func (s *Single) account(f Failure) Failure {
	if f != 0 && s.absorbed {
		return failureOf(unknown)
	}
	return f
}

// turned is a machine at the present row.
func (s *Single) turned() *Machine {
	if s.vector == nil {
		m := s.p.NewMachine()
		if err := m.Bind(s.columns, s.rows); err != nil {
			panic(err) // NewSingle held the columns to the same
		}
		s.vector = m
	}
	if s.vectorTurn != s.turn {
		if s.mutable { // presence and dictionaries may be others
			if err := s.vector.Bind(s.columns, s.rows); err != nil {
				panic(err)
			}
		}
		s.vector.Start(s.row, 1)
		s.vectorTurn = s.turn
	}
	return s.vector
}

// adopt is the failure of the machine's one row.
func (s *Single) adopt(faults []RowFault) Failure {
	switch {
	case len(faults) == 0:
		return 0
	case faults[0].ID == unknown:
		return failureOf(unknown)
	}
	return s.fail(s.vector.Fault(faults[0].ID))
}

func vectorValue[T any](evaluate func(m *Machine) ([]T, []RowFault)) singleValue[T] {
	return func(s *Single) (x T, f Failure) {
		v, faults := evaluate(s.turned())
		if f := s.adopt(faults); f != 0 {
			return x, f
		}
		return v[0], 0
	}
}

// table says, for each string of a dictionary, whether a test holds. It asks once
// for each string that comes up.
type table struct {
	column *Column
	test   func(string) bool
	known  []answer // by code
}

type answer uint8

const (
	unasked answer = iota
	no
	yes
)

// table makes a table for an input's dictionary.
func (s *Single) table(input int, of *Column, test func(string) bool) *table {
	t := &table{column: of, test: test, known: make([]answer, len(of.Dict))}
	s.tables[input] = append(s.tables[input], t)
	return t
}

func (t *table) has(code uint32) bool {
	if a := t.known[code]; a != unasked {
		return a == yes
	}
	return t.ask(code)
}

func (t *table) ask(code uint32) bool {
	is := t.test(t.column.Dict[code])
	t.known[code] = no
	if is {
		t.known[code] = yes
	}
	return is
}

// Extend says that the dictionary of a mutable input is another one now: it has
// grown, or was emptied before. Strings it kept are at their places.
func (s *Single) Extend(input int, dict []string, emptied bool) {
	s.columns[input].Dict = dict
	for _, l := range s.lists[input] {
		l.Texts.Dict = dict
	}
	for _, t := range s.tables[input] {
		if emptied {
			t.known = t.known[:0]
		}
		for len(t.known) < len(dict) {
			t.known = append(t.known, unasked)
		}
	}
}

// elementsOf are the elements of an input's lists.
func (s *Single) elementsOf(input int, c *Column) *elements {
	l := &elements{Bools: c.Bools, Ints: c.Ints, Days: c.Days, Floats: c.Floats, Texts: Texts{Codes: c.Codes, Dict: c.Dict}, Times: c.Times}
	s.lists[input] = append(s.lists[input], l)
	return l
}

// wholeInput reports whether all rows of an input have a value, for good.
func (s *Single) wholeInput(c *Column) bool {
	return !s.mutable && (c.Whole || wholly(c.Presence))
}

// longInput says which strings of a dictionary are longer than declared; nil if
// none is.
func (s *Single) longInput(input int, c *Column) *table {
	limit := s.p.inputs[input].Length
	if limit == 0 || s.mutable || !slices.ContainsFunc(c.Dict, func(text string) bool { return len(text) > limit }) {
		return nil
	}
	return s.table(input, c, func(text string) bool { return len(text) > limit })
}

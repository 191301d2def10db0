// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"time"

	"github.com/juncture-dev/juncture/engine/student"
)

// cells are a column's plain values.
type cells[T any] struct {
	values   []T
	presence []student.Presence // nil if all rows have a value
	gap      gap[T]
	input    int
	key      int // of a map's member, plus one
}

// gap is what a row without a value is read as.
type gap[T any] struct {
	failure    Failure
	hasDefault bool
	value      T
}

func (c *cells[T]) at(row int) (T, Failure) {
	if c.presence == nil || c.presence[row] == student.Present {
		return c.values[row], 0
	}
	return c.gap.read(c.presence[row])
}

func (g *gap[T]) read(p student.Presence) (T, Failure) {
	if p == student.Absent && g.hasDefault {
		return g.value, 0
	}
	var none T
	return none, g.failure
}

func (c *cells[T]) reading() singleValue[T] {
	if c.presence == nil {
		values := c.values
		return func(s *Single) (T, Failure) { return values[s.row], 0 }
	}
	return func(s *Single) (T, Failure) { return c.at(s.row) }
}

// presenceOf is the presence that readers look at: nil if all rows have a value.
func (s *Single) presenceOf(c *Column) []student.Presence {
	if c.Presence == nil || s.wholeInput(c) {
		return nil
	}
	return c.Presence
}

func (s *Single) missing(input int) Failure {
	fault := Fault{Cause: Missing, Input: input}
	fault.Missed.add(input)
	return s.fail(fault)
}

func cellsOf[T any](s *Single, input int, values []T) *cells[T] {
	c := &cells[T]{values: values, presence: s.presenceOf(s.columns[input]), input: input}
	c.gap.failure = s.missing(input)
	if d := s.p.inputs[input].Default; d != nil {
		c.gap.hasDefault = true
		c.gap.value, _ = d.(T)
	}
	return c
}

// read is the value of an input.
func (s *Single) read(t *term) *singleCode {
	in, c := &s.p.inputs[t.input], s.columns[t.input]
	if in.Once {
		return s.readOnce(t, c)
	}
	sure := s.presenceOf(c) == nil
	switch t.typ.Kind {
	case Bool:
		v := cellsOf(s, t.input, c.Bools)
		return &singleCode{bools: v.reading(), boolCells: v, sure: sure}
	case Int, Duration:
		v := cellsOf(s, t.input, c.Ints)
		if d, ok := in.Default.(time.Duration); ok {
			v.gap.value = int64(d)
		}
		return &singleCode{ints: v.reading(), intCells: v, sure: sure}
	case Double:
		v := cellsOf(s, t.input, c.Floats)
		return &singleCode{floats: v.reading(), floatCells: v, sure: sure}
	case Timestamp:
		return &singleCode{times: s.readTime(t.input, c), sure: sure}
	case String:
		return s.readText(t.input, c)
	case List:
		return s.readList(t.input, c)
	}
	return nil
}

// readOnce is an input that all rows share.
func (s *Single) readOnce(t *term, c *Column) *singleCode {
	if s.presenceOf(c) != nil {
		return nil
	}
	switch t.typ.Kind {
	case Bool:
		return &singleCode{bools: func(*Single) (bool, Failure) { return c.Bools[0], 0 }, sure: true}
	case Int, Duration:
		return &singleCode{ints: func(*Single) (int64, Failure) { return c.Ints[0], 0 }, sure: true}
	case Double:
		return &singleCode{floats: func(*Single) (float64, Failure) { return c.Floats[0], 0 }, sure: true}
	case Timestamp:
		if !c.Days {
			return &singleCode{times: func(*Single) (Instant, Failure) { return c.Times[0], 0 }, sure: true}
		}
	}
	return nil
}

func (s *Single) readTime(input int, c *Column) singleValue[Instant] {
	if !c.Days {
		return cellsOf(s, input, c.Times).reading()
	}
	days := cellsOf(s, input, c.Ints)
	presence := days.presence
	g := cellsOf(s, input, c.Times).gap
	return func(s *Single) (Instant, Failure) {
		if presence != nil && presence[s.row] != student.Present {
			return g.read(presence[s.row])
		}
		return Instant{Seconds: days.values[s.row] * secondsOfDay}, 0
	}
}

const secondsOfDay = 86400

// has is whether an input, or a key of a map, has a value.
func (s *Single) has(t *term) *singleCode {
	c := s.columns[t.input]
	if s.p.inputs[t.input].Once {
		return nil
	}
	if t.op == opHas {
		return &singleCode{bools: isPresent(s.presenceOf(c)), sure: true}
	}
	key := t.index - 1
	there := always(false)
	if key >= 0 {
		there = isPresent(s.presenceOf(c.Members[key]))
	}
	presence, missing := s.presenceOf(c), s.missing(t.input)
	if presence == nil {
		return &singleCode{bools: there, sure: true}
	}
	return &singleCode{bools: func(s *Single) (bool, Failure) {
		if presence[s.row] != student.Present {
			return false, missing
		}
		return there(s)
	}}
}

func isPresent(presence []student.Presence) singleValue[bool] {
	if presence == nil {
		return always(true)
	}
	return func(s *Single) (bool, Failure) { return presence[s.row] == student.Present, 0 }
}

// member is the value of a map's key.
func (s *Single) member(t *term) *singleCode {
	in, c := &s.p.inputs[t.input], s.columns[t.input]
	if in.Once || in.Default != nil || s.presenceOf(c) != nil || t.index == 0 {
		return nil // a map itself is seldom missing
	}
	m := c.Members[t.index-1]
	noKey := s.fail(Fault{Cause: NoSuchKey, Input: t.input})
	presence := s.presenceOf(m)
	sure := presence == nil
	switch t.typ.Kind {
	case Bool:
		v := memberCells(t, m.Bools, presence, noKey)
		return &singleCode{bools: v.reading(), boolCells: v, sure: sure}
	case Int, Duration:
		v := memberCells(t, m.Ints, presence, noKey)
		return &singleCode{ints: v.reading(), intCells: v, sure: sure}
	case Double:
		v := memberCells(t, m.Floats, presence, noKey)
		return &singleCode{floats: v.reading(), floatCells: v, sure: sure}
	}
	return nil
}

func memberCells[T any](t *term, values []T, presence []student.Presence, noKey Failure) *cells[T] {
	return &cells[T]{values: values, presence: presence, gap: gap[T]{failure: noKey}, input: t.input, key: t.index}
}

// listCells are a column of lists.
type listCells struct {
	in       *elements
	offsets  []uint32
	presence []student.Presence
	gap      gap[*elements] // the default's elements, and how many they are
	gapItems uint32
	items    uint32 // the most elements, plus one; 0 for no limit
	tooMany  Failure
	tooLong  Failure
	long     *table
	oneDict  bool // the default has no strings of its own
	input    int
}

func (s *Single) readList(input int, c *Column) *singleCode {
	in := &s.p.inputs[input]
	l := &listCells{
		in: s.elementsOf(input, c), offsets: c.Offsets, presence: s.presenceOf(c), long: s.longInput(input, c), input: input, oneDict: true,
		tooMany: s.fail(Fault{Cause: TooManyItems, Input: input}), tooLong: s.fail(Fault{Cause: TooLong, Input: input}),
	}
	if in.Items > 0 {
		l.items = uint32(in.Items) + 1
	}
	l.gap.failure = s.missing(input)
	if in.Default != nil {
		list, n := elementsOfList(in.Default)
		l.gap.hasDefault, l.gap.value, l.gapItems = true, &list, n
		l.oneDict = n == 0 || list.Texts.Dict == nil
	}
	return &singleCode{lists: l.at, listCells: l, sure: l.presence == nil && l.items == 0 && l.long == nil}
}

func (l *listCells) at(s *Single) (in *elements, from, to uint32, f Failure) {
	if l.presence != nil && l.presence[s.row] != student.Present {
		list, f := l.gap.read(l.presence[s.row])
		return list, 0, l.gapItems, f
	}
	from, to = l.offsets[s.row], l.offsets[s.row+1]
	if l.items > 0 && to-from >= l.items {
		return nil, 0, 0, l.tooMany
	}
	if l.long != nil {
		for _, code := range l.in.Texts.Codes[from:to] {
			if l.long.has(code) {
				return nil, 0, 0, l.tooLong
			}
		}
	}
	return l.in, from, to, 0
}

// element is a loop's variable.
func (s *Single) element(t *term) *singleCode {
	depth := t.index
	switch t.typ.Kind {
	case Bool:
		return &singleCode{sure: true, bools: func(s *Single) (bool, Failure) { e := &s.loops[depth]; return e.in.Bools[e.at], 0 }}
	case Int, Duration:
		return &singleCode{sure: true, ints: func(s *Single) (int64, Failure) { e := &s.loops[depth]; return e.in.Ints[e.at], 0 }}
	case Double:
		return &singleCode{sure: true, floats: func(s *Single) (float64, Failure) { e := &s.loops[depth]; return e.in.Floats[e.at], 0 }}
	case Timestamp:
		return &singleCode{sure: true, times: func(s *Single) (Instant, Failure) { e := &s.loops[depth]; return e.in.instant(e.at), 0 }}
	case String:
		return &singleCode{sure: true, texts: func(s *Single) (string, Failure) { e := &s.loops[depth]; return e.in.Texts.at(e.at), 0 }}
	}
	return nil
}

// codeCells are a column of strings, to be tested by their codes.
type codeCells struct {
	cells[uint32]
	column   *Column
	long     *table
	tooLong  Failure
	fallback string              // where gap.hasDefault
	through  func(string) string // what is made of each string; nil if nothing is
}

func (s *Single) readText(input int, c *Column) *singleCode {
	of := &codeCells{cells: *cellsOf(s, input, c.Codes), column: c, long: s.longInput(input, c), tooLong: s.fail(Fault{Cause: TooLong, Input: input})}
	of.fallback, _ = s.p.inputs[input].Default.(string)
	return &singleCode{codeCells: of, sure: of.presence == nil && of.long == nil, texts: func(s *Single) (string, Failure) {
		if of.presence != nil && of.presence[s.row] != student.Present {
			_, f := of.gap.read(of.presence[s.row])
			return of.fallback, f
		}
		code := of.values[s.row]
		if of.long != nil && of.long.has(code) {
			return "", of.tooLong
		}
		return c.Dict[code], 0
	}}
}

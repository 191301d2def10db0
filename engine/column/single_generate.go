// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import "time"

// singleValue evaluates a term for the present row. Where there is a failure the
// value means nothing.
type (
	singleValue[T any] func(s *Single) (T, Failure)
	// singleList gives the elements [from, to) of others.
	singleList func(s *Single) (in *elements, from, to uint32, f Failure)
)

// singleCode is a term's closure, that of its kind, and the forms that its
// readers may join with their own work: a closure less is a call less.
type singleCode struct {
	bools  singleValue[bool]
	ints   singleValue[int64]
	floats singleValue[float64]
	texts  singleValue[string]
	times  singleValue[Instant]
	lists  singleList

	boolCells  *cells[bool]
	intCells   *cells[int64]
	floatCells *cells[float64]
	codeCells  *codeCells
	listCells  *listCells

	intRange    *span[int64]
	floatRange  *span[float64]
	element     *elementSpan
	some        *someText
	conjunction []singleValue[bool]

	sure bool // there is never a failure
}

func (c *singleCode) faults() singleValue[bool] {
	switch {
	case c.sure:
		return func(*Single) (bool, Failure) { return true, 0 }
	case c.bools != nil:
		return c.bools
	case c.ints != nil:
		return forFaults(c.ints)
	case c.floats != nil:
		return forFaults(c.floats)
	case c.texts != nil:
		return forFaults(c.texts)
	case c.times != nil:
		return forFaults(c.times)
	}
	return func(s *Single) (bool, Failure) {
		_, _, _, f := c.lists(s)
		return true, f
	}
}

func forFaults[T any](v singleValue[T]) singleValue[bool] {
	return func(s *Single) (bool, Failure) {
		_, f := v(s)
		return true, f
	}
}

// code is a term's code; nil if only a Machine can evaluate it.
func (s *Single) code(t *term) *singleCode {
	if !t.shared() {
		return s.generate(t)
	}
	if s.codes[t] == nil {
		c := s.generate(t)
		if c == nil {
			return nil
		}
		s.codes[t] = keptSingle(t, c)
	}
	return s.codes[t]
}

func (s *Single) generate(t *term) *singleCode {
	switch t.op {
	case opConst:
		return singleConstant(t.value)
	case opRead:
		return s.read(t)
	case opHas, opHasKey:
		return s.has(t)
	case opMember:
		return s.member(t)
	case opElement:
		return s.element(t)
	case opLoop:
		for len(s.loops) <= t.index {
			s.loops = append(s.loops, loopPlace{})
		}
	}
	args := make([]*singleCode, len(t.args))
	for i, a := range t.args {
		if args[i] = s.code(a); args[i] == nil {
			return nil
		}
	}
	return s.compose(t, args)
}

// compose is the code of a term with arguments.
func (s *Single) compose(t *term, args []*singleCode) *singleCode {
	switch t.op {
	case opAnd:
		return singleAnd(args)
	case opOr:
		return s.disjunction(args)
	case opNot:
		return singleNot(args[0])
	case opGuard:
		return singleGuard(args)
	case opIf:
		return singleIf(args)
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		return s.comparison(t, args)
	case opAdd, opSubtract, opMultiply, opDivide, opModulo, opNegate:
		if t.typ.Kind == String {
			return singleJoin(args[0], args[1])
		}
		return s.arithmetic(t, args)
	case opIndex:
		return s.index(t, args)
	case opIn:
		return s.in(t, args)
	case opSize:
		return singleSize(args[0])
	case opLoop:
		return s.loop(t, args)
	case opCall:
		return s.call(t, args)
	}
	return nil
}

func singleConstant(v any) *singleCode {
	switch v := v.(type) {
	case bool:
		return &singleCode{bools: always(v), sure: true}
	case int64:
		return &singleCode{ints: always(v), sure: true}
	case time.Duration:
		return &singleCode{ints: always(int64(v)), sure: true}
	case float64:
		return &singleCode{floats: always(v), sure: true}
	case string:
		return &singleCode{texts: always(v), sure: true}
	case Instant:
		return &singleCode{times: always(v), sure: true}
	}
	list, n := elementsOfList(v)
	return &singleCode{sure: true, lists: func(*Single) (*elements, uint32, uint32, Failure) { return &list, 0, n, 0 }}
}

func always[T any](v T) singleValue[T] { return func(*Single) (T, Failure) { return v, 0 } }

// keptSingle computes a shared term once a row.
func keptSingle(t *term, c *singleCode) *singleCode {
	k := &singleCode{sure: c.sure}
	switch t.typ.Kind {
	case Bool:
		k.bools = keptOnce(c.bools)
	case Int, Duration:
		k.ints = keptOnce(c.ints)
	case Double:
		k.floats = keptOnce(c.floats)
	case Timestamp:
		k.times = keptOnce(c.times)
	case String:
		k.texts = keptOnce(c.texts)
	default:
		return c // lists are views of columns
	}
	return k
}

// keptOnce keeps account of the errors absorbed on the way: they count for every
// reader.
func keptOnce[T any](of singleValue[T]) singleValue[T] {
	var (
		turn     uint64
		value    T
		failure  Failure
		absorbed bool
	)
	return func(s *Single) (T, Failure) {
		if turn != s.turn {
			outer := s.absorbed
			s.absorbed = false
			value, failure = of(s)
			turn, absorbed, s.absorbed = s.turn, s.absorbed, outer
		}
		if absorbed {
			s.absorbed = true
		}
		return value, failure
	}
}

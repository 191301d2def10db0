// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/student"
)

// span is the condition that a column's value lies in [low, high]. Comparisons
// with constants are spans, and several of one column in a conjunction are one.
type span[T ordered] struct {
	of        *cells[T]
	low, high T
}

func (s *Single) comparison(t *term, args []*singleCode) *singleCode {
	a, b := args[0], args[1]
	sure := a.sure && b.sure
	switch t.args[0].typ.Kind {
	case Bool:
		return &singleCode{sure: sure, bools: compareSingly(t.op, a.bools, b.bools, func(x, y bool) int { return number(x) - number(y) })}
	case Int, Duration:
		if r := intSpan(t, a, b); r != nil {
			return &singleCode{sure: sure, intRange: r, bools: r.condition()}
		}
		return &singleCode{sure: sure, bools: compareNumbersSingly(t.op, a.ints, b.ints, constantOf[int64](t.args[1]))}
	case Double:
		if r := floatSpan(t, a, b); r != nil {
			return &singleCode{sure: sure, floatRange: r, bools: r.condition()}
		}
		return &singleCode{sure: sure, bools: compareNumbersSingly(t.op, a.floats, b.floats, constantOf[float64](t.args[1])), element: elementBetween(t)}
	case Timestamp:
		return &singleCode{sure: sure, bools: compareSingly(t.op, a.times, b.times, Instant.compare)}
	case String:
		is := holds(t.op)
		if c := constantOf[string](t.args[1]); c != nil {
			return s.testText(t.args[0], a, func(text string) bool { return is(cmp.Compare(text, *c)) })
		}
		if c := constantOf[string](t.args[0]); c != nil {
			return s.testText(t.args[1], b, func(text string) bool { return is(cmp.Compare(*c, text)) })
		}
		return &singleCode{sure: sure, bools: compareSingly(t.op, a.texts, b.texts, strings.Compare)}
	}
	return s.sameLists(t, args)
}

// swapped is the operator that says of (b, a) what how says of (a, b).
func swapped(how op) op {
	switch how {
	case opLess:
		return opGreater
	case opLessEqual:
		return opGreaterEqual
	case opGreater:
		return opLess
	case opGreaterEqual:
		return opLessEqual
	}
	return how
}

// intSpan is a comparison of a column with a constant as a span; nil if it is
// none.
func intSpan(t *term, a, b *singleCode) *span[int64] {
	of, how, c := a.intCells, t.op, constantOf[int64](t.args[1])
	if d := constantOf[time.Duration](t.args[1]); d != nil {
		n := int64(*d)
		c = &n
	}
	if of == nil || c == nil {
		of, how, c = b.intCells, swapped(t.op), constantOf[int64](t.args[0])
	}
	if of == nil || c == nil {
		return nil
	}
	r := &span[int64]{of, math.MinInt64, math.MaxInt64}
	switch {
	case how == opEqual:
		r.low, r.high = *c, *c
	case how == opLessEqual:
		r.high = *c
	case how == opGreaterEqual:
		r.low = *c
	case how == opLess && *c > math.MinInt64:
		r.high = *c - 1
	case how == opGreater && *c < math.MaxInt64:
		r.low = *c + 1
	default:
		return nil
	}
	return r
}

// floatSpan is the same for doubles. A NaN is in no span, as it compares false.
func floatSpan(t *term, a, b *singleCode) *span[float64] {
	of, how, c := a.floatCells, t.op, constantOf[float64](t.args[1])
	if of == nil || c == nil {
		of, how, c = b.floatCells, swapped(t.op), constantOf[float64](t.args[0])
	}
	if of == nil || c == nil {
		return nil
	}
	low, high, ok := boundsOf(how, *c)
	if !ok {
		return nil
	}
	return &span[float64]{of, low, high}
}

// boundsOf are the least and the greatest double of which a comparison with a
// constant is true; not ok if that is not all of them.
func boundsOf(how op, c float64) (low, high float64, ok bool) {
	low, high = math.Inf(-1), math.Inf(1)
	if c-c != 0 {
		return low, high, false
	}
	switch how {
	case opEqual:
		return c, c, true
	case opLessEqual:
		return low, c, true
	case opGreaterEqual:
		return c, high, true
	case opLess:
		return low, math.Nextafter(c, low), true
	case opGreater:
		return math.Nextafter(c, high), high, true
	}
	return low, high, false
}

// elementSpan is the condition that a loop's variable lies in [low, high].
type elementSpan struct {
	depth     int // of the variable's frame
	low, high float64
}

// elementBetween is a comparison of a loop's variable with a constant as a span;
// nil if it is none.
func elementBetween(t *term) *elementSpan {
	of, how, c := t.args[0], t.op, constantOf[float64](t.args[1])
	if c == nil {
		of, how, c = t.args[1], swapped(t.op), constantOf[float64](t.args[0])
	}
	if of.op != opElement || c == nil {
		return nil
	}
	low, high, ok := boundsOf(how, *c)
	if !ok {
		return nil
	}
	return &elementSpan{of.index, low, high}
}

func (r *span[T]) condition() singleValue[bool] {
	of, low, high := r.of, r.low, r.high
	if of.presence == nil {
		values := of.values
		return func(s *Single) (bool, Failure) {
			v := values[s.row]
			return low <= v && v <= high, 0
		}
	}
	return func(s *Single) (bool, Failure) {
		v, f := of.at(s.row)
		return low <= v && v <= high, f
	}
}

// joined is the span that both are, or nil if they are of two columns.
func (r *span[T]) joined(other *span[T]) *span[T] {
	if r == nil || other == nil || r.of.input != other.of.input || r.of.key != other.of.key {
		return nil
	}
	return &span[T]{r.of, max(r.low, other.low), min(r.high, other.high)}
}

// compareNumbersSingly compares two numbers, the right one known if c is not
// nil.
func compareNumbersSingly[T ordered](how op, a, b singleValue[T], c *T) singleValue[bool] {
	if c == nil {
		return compareOrdered(how, a, b)
	}
	right := *c
	switch how {
	case opLess:
		return func(s *Single) (bool, Failure) { v, f := a(s); return v < right, f }
	case opLessEqual:
		return func(s *Single) (bool, Failure) { v, f := a(s); return v <= right, f }
	case opGreater:
		return func(s *Single) (bool, Failure) { v, f := a(s); return v > right, f }
	case opGreaterEqual:
		return func(s *Single) (bool, Failure) { v, f := a(s); return v >= right, f }
	case opEqual:
		return func(s *Single) (bool, Failure) { v, f := a(s); return v == right, f }
	}
	return func(s *Single) (bool, Failure) { v, f := a(s); return v != right, f }
}

func compareOrdered[T ordered](how op, a, b singleValue[T]) singleValue[bool] {
	return func(s *Single) (bool, Failure) {
		x, f := a(s)
		if f != 0 {
			return false, f
		}
		y, f := b(s)
		if f != 0 {
			return false, f
		}
		switch how {
		case opLess:
			return x < y, 0
		case opLessEqual:
			return x <= y, 0
		case opGreater:
			return x > y, 0
		case opGreaterEqual:
			return x >= y, 0
		case opEqual:
			return x == y, 0
		}
		return x != y, 0
	}
}

func compareSingly[T any](how op, a, b singleValue[T], compare func(x, y T) int) singleValue[bool] {
	is := holds(how)
	return func(s *Single) (bool, Failure) {
		x, f := a(s)
		if f != 0 {
			return false, f
		}
		y, f := b(s)
		if f != 0 {
			return false, f
		}
		return is(compare(x, y)), 0
	}
}

// testText is a condition on one string: of a column, it is asked once for each
// string in the dictionary.
func (s *Single) testText(t *term, v *singleCode, test func(string) bool) *singleCode {
	if t.op == opElement {
		return &singleCode{sure: true, bools: func(s *Single) (bool, Failure) {
			e := &s.loops[t.index]
			return test(e.in.Texts.at(e.at)), 0
		}, some: &someText{element: t, test: test}}
	}
	c := v.codeCells
	if c == nil || c.long != nil {
		return &singleCode{sure: v.sure, bools: func(s *Single) (bool, Failure) {
			text, f := v.texts(s)
			return f == 0 && test(text), f
		}}
	}
	if to, plain := c.through, test; to != nil {
		test = func(text string) bool { return plain(to(text)) }
	}
	table := s.table(c.input, c.column, test)
	if c.presence == nil {
		values := c.values
		return &singleCode{sure: true, bools: func(s *Single) (bool, Failure) { return table.has(values[s.row]), 0 }}
	}
	fallback := c.gap.hasDefault && test(c.fallback)
	return &singleCode{bools: func(s *Single) (bool, Failure) {
		if p := c.presence[s.row]; p != student.Present {
			_, f := c.gap.read(p)
			return fallback, f
		}
		return table.has(c.values[s.row]), 0
	}}
}

// someText is the condition that some string of a list passes a test. Where
// element is set, it is yet the condition on one string, the loop's variable.
type someText struct {
	element *term
	list    *term
	cells   *listCells
	test    func(string) bool
}

// some is the condition that some string of a column's list passes a test.
func (s *Single) some(list *term, cells *listCells, sure bool, test func(string) bool) *singleCode {
	table := s.table(cells.input, s.columns[cells.input], test)
	c := &singleCode{sure: sure, some: &someText{list: list, cells: cells, test: test}}
	if cells.presence == nil && cells.long == nil {
		codes, offsets, items, tooMany := cells.in.Texts.Codes, cells.offsets, cells.items, cells.tooMany
		c.bools = func(s *Single) (bool, Failure) {
			from, to := offsets[s.row], offsets[s.row+1]
			if items > 0 && to-from >= items {
				return false, tooMany
			}
			for _, code := range codes[from:to] {
				if table.has(code) {
					return true, 0
				}
			}
			return false, 0
		}
		return c
	}
	c.bools = func(s *Single) (bool, Failure) {
		in, from, to, f := cells.at(s)
		if f != 0 {
			return false, f
		}
		if in == cells.in {
			for _, code := range in.Texts.Codes[from:to] {
				if table.has(code) {
					return true, 0
				}
			}
		}
		return false, 0 // without strings of its own, the default is empty
	}
	return c
}

// in is value in list.
func (s *Single) in(t *term, args []*singleCode) *singleCode {
	value, list := t.args[0], t.args[1]
	v, l := args[0], args[1]
	if list.constant() {
		return s.inConstant(value, v, list.value)
	}
	sure := v.sure && l.sure
	switch value.typ.Kind {
	case Bool:
		return &singleCode{sure: sure, bools: containsSingly(v.bools, l.lists, func(l *elements, i uint32) bool { return l.Bools[i] })}
	case Int, Duration:
		return &singleCode{sure: sure, bools: containsSingly(v.ints, l.lists, func(l *elements, i uint32) int64 { return l.Ints[i] })}
	case Double:
		return &singleCode{sure: sure, bools: containsSingly(v.floats, l.lists, func(l *elements, i uint32) float64 { return l.Floats[i] })}
	case Timestamp:
		return &singleCode{sure: sure, bools: containsSingly(v.times, l.lists, (*elements).instant)}
	case String:
		if c := constantOf[string](value); c != nil && l.listCells != nil && l.listCells.oneDict {
			return s.some(list, l.listCells, l.sure, func(text string) bool { return text == *c })
		}
		return &singleCode{sure: sure, bools: containsSingly(v.texts, l.lists, textOf)}
	}
	return nil
}

func containsSingly[T comparable](v singleValue[T], l singleList, element func(l *elements, i uint32) T) singleValue[bool] {
	return func(s *Single) (bool, Failure) {
		x, f := v(s)
		if f != 0 {
			return false, f
		}
		in, from, to, f := l(s)
		if f != 0 {
			return false, f
		}
		for i := from; i < to; i++ {
			if element(in, i) == x {
				return true, 0
			}
		}
		return false, 0
	}
}

// inConstant is membership in a list written out.
func (s *Single) inConstant(value *term, v *singleCode, list any) *singleCode {
	switch list := list.(type) {
	case []string:
		return s.testText(value, v, func(text string) bool { return slices.Contains(list, text) })
	case []int64:
		return oneOfSingly(v, v.ints, list)
	case []time.Duration:
		nanos := make([]int64, len(list))
		for i, d := range list {
			nanos[i] = int64(d)
		}
		return oneOfSingly(v, v.ints, nanos)
	case []float64:
		return oneOfSingly(v, v.floats, list)
	case []Instant:
		return oneOfSingly(v, v.times, list)
	case []bool:
		return oneOfSingly(v, v.bools, list)
	}
	return nil
}

func oneOfSingly[T comparable](c *singleCode, v singleValue[T], list []T) *singleCode {
	const few = 16
	set := map[T]struct{}{}
	for _, x := range list {
		set[x] = struct{}{}
	}
	return &singleCode{sure: c.sure, bools: func(s *Single) (bool, Failure) {
		x, f := v(s)
		if f != 0 {
			return false, f
		}
		if len(list) <= few {
			return slices.Contains(list, x), 0
		}
		_, is := set[x]
		return is, 0
	}}
}

func textOf(l *elements, i uint32) string { return l.Texts.at(i) }

// sameLists is list == list: as many elements, each equal.
func (s *Single) sameLists(t *term, args []*singleCode) *singleCode {
	kind, a, b, want := t.args[0].typ.Elem, args[0].lists, args[1].lists, t.op == opEqual
	if a == nil || b == nil {
		return nil
	}
	return &singleCode{sure: args[0].sure && args[1].sure, bools: func(s *Single) (bool, Failure) {
		in, from, to, f := a(s)
		if f != 0 {
			return false, f
		}
		other, first, end, f := b(s)
		if f != 0 {
			return false, f
		}
		same := to-from == end-first
		for i := uint32(0); same && i < to-from; i++ {
			same = equalElements(kind, in, from+i, other, first+i)
		}
		return same == want, 0
	}}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"strings"
)

// comparison is ==, !=, <, <=, > and >=. Operands are evaluated as written, so
// that the left one's error counts, and compared by one of three kernels.
func (g *generator) comparison(t *term, depth int) *code {
	a, b := g.code(t.args[0], depth), g.code(t.args[1], depth)
	var c condition
	switch t.args[0].typ.Kind {
	case Bool:
		c = compareBy(t.op, a.bools, b.bools, func(x, y bool) int { return number(x) - number(y) })
	case Int, Duration:
		c = compareNumbers(t.op, a.ints, b.ints, constantOf[int64](t.args[0]), constantOf[int64](t.args[1]))
	case Double:
		c = compareNumbers(t.op, a.floats, b.floats, constantOf[float64](t.args[0]), constantOf[float64](t.args[1]))
	case Timestamp:
		c = compareBy(t.op, a.times, b.times, Instant.compare)
	case String:
		c = g.compareTexts(t, a, b, depth)
	case List:
		c = equalLists(t.args[0].typ.Elem, a.lists, b.lists)
		if t.op == opNotEqual {
			c = negation(c)
		}
	}
	return &code{cond: c}
}

// constantOf is the value of a constant, or nil.
func constantOf[T any](t *term) *T {
	if !t.constant() {
		return nil
	}
	if v, ok := t.value.(T); ok {
		return &v
	}
	return nil
}

type ordered interface{ int64 | float64 }

// compareNumbers compares two numbers. a > b is b < a, and a >= b is b <= a. A
// NaN is neither less nor greater than anything, in cel-go as in Go.
func compareNumbers[T ordered](how op, a, b values[T], ca, cb *T) condition {
	swap := how == opGreater || how == opGreaterEqual
	if swap {
		how = map[op]op{opGreater: opLess, opGreaterEqual: opLessEqual}[how]
	}
	kernel := map[op]func(a, b []T, sel, out []uint16) int{opLess: less[T], opLessEqual: lessEqual[T], opEqual: equal[T], opNotEqual: notEqual[T]}[how]
	withLeft := map[op]func(a T, b []T, sel, out []uint16) int{opLess: lessThan[T], opLessEqual: lessEqualThan[T], opEqual: equalTo[T], opNotEqual: notEqualTo[T]}[how]
	withRight := map[op]func(a []T, b T, sel, out []uint16) int{
		opLess: below[T], opLessEqual: atMost[T],
		opEqual:    func(a []T, b T, sel, out []uint16) int { return equalTo(b, a, sel, out) },
		opNotEqual: func(a []T, b T, sel, out []uint16) int { return notEqualTo(b, a, sel, out) },
	}[how]
	if swap {
		ca, cb = cb, ca
	}
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		va, e := a(x, sel)
		vb, eb := b(x, sel)
		if len(eb) > 0 {
			e = x.either(e, eb)
		}
		if swap {
			va, vb = vb, va
		}
		var n int
		switch {
		case cb != nil:
			n = withRight(va, *cb, sel, out)
		case ca != nil:
			n = withLeft(*ca, vb, sel, out)
		default:
			n = kernel(va, vb, sel, out)
		}
		return withoutFaults(out[:n], e), e
	}
}

func anyNaN[T ordered](a, b []T, sel []uint16) bool {
	n := 0
	for _, r := range sel {
		n |= number(a[r] != a[r]) | number(b[r] != b[r])
	}
	return n != 0
}

// The kernels. They write every row and move on only where it holds, so that
// there is no branch to predict. out may be sel.

func less[T ordered](a, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] < b[r])
	}
	return n
}

func lessEqual[T ordered](a, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] <= b[r])
	}
	return n
}

func equal[T ordered](a, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] == b[r])
	}
	return n
}

func notEqual[T ordered](a, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] != b[r])
	}
	return n
}

func lessThan[T ordered](a T, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a < b[r])
	}
	return n
}

func lessEqualThan[T ordered](a T, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a <= b[r])
	}
	return n
}

func below[T ordered](a []T, b T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] < b)
	}
	return n
}

func atMost[T ordered](a []T, b T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a[r] <= b)
	}
	return n
}

func equalTo[T ordered](a T, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a == b[r])
	}
	return n
}

func notEqualTo[T ordered](a T, b []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(a != b[r])
	}
	return n
}

// holds is what an operator says of a comparison's outcome.
func holds(how op) func(c int) bool {
	switch how {
	case opEqual:
		return func(c int) bool { return c == 0 }
	case opNotEqual:
		return func(c int) bool { return c != 0 }
	case opLess:
		return func(c int) bool { return c < 0 }
	case opLessEqual:
		return func(c int) bool { return c <= 0 }
	case opGreater:
		return func(c int) bool { return c > 0 }
	}
	return func(c int) bool { return c >= 0 }
}

// compareBy compares values that are seldom compared.
func compareBy[T any](how op, a, b values[T], compare func(x, y T) int) condition {
	is := holds(how)
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		va, ea := a(x, sel)
		vb, eb := b(x, sel)
		e := x.either(ea, eb)
		n := 0
		for _, r := range sel {
			out[n] = r
			n += number(is(compare(va[r], vb[r])))
		}
		return withoutFaults(out[:n], e), e
	}
}

// compareTexts compares strings: with a constant, once for each string that the
// column's dictionary has.
func (g *generator) compareTexts(t *term, a, b *code, _ int) condition {
	is := holds(t.op)
	if c := constantOf[string](t.args[1]); c != nil {
		return g.byDictionary(a.texts, func(s string) bool { return is(cmp.Compare(s, *c)) })
	}
	if c := constantOf[string](t.args[0]); c != nil {
		return g.byDictionary(b.texts, func(s string) bool { return is(cmp.Compare(*c, s)) })
	}
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		va, ea := a.texts(x, sel)
		vb, eb := b.texts(x, sel)
		e := x.either(ea, eb)
		n := 0
		for _, r := range x.valid(sel, e) {
			out[n] = r
			n += number(is(strings.Compare(va.At(r), vb.At(r))))
		}
		x.top = top
		return out[:n], e
	}
}

// byDictionary is a condition on one string. Of a column, it is asked once for
// each string in the dictionary.
func (g *generator) byDictionary(v textValues, test func(s string) bool) condition {
	memo := g.memo()
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		t, e := v(x, sel)
		rows, n := x.valid(sel, e), 0
		if t.Codes == nil {
			for _, r := range rows {
				out[n] = r
				n += number(test(t.All[r]))
			}
		} else {
			table := x.m.table(memo, t.Dict, test)
			for _, r := range rows {
				out[n] = r
				n += int(table[t.Codes[r]])
			}
		}
		x.top = top
		return out[:n], e
	}
}

// table has, for each string of a dictionary, 1 where the test holds.
func (m *Machine) table(memo int, dict []string, test func(string) bool) []uint8 {
	k := &m.memos[memo]
	if k.ready && sameStrings(k.dict, dict) {
		return k.table
	}
	k.table = make([]uint8, len(dict))
	for i, s := range dict {
		k.table[i] = uint8(number(test(s)))
	}
	k.ready, k.dict = true, dict
	return k.table
}

// sameStrings reports whether two dictionaries are one.
func sameStrings(a, b []string) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"math"
	"slices"
	"strings"
)

// Idioms that have a kernel of their own, although their parts have kernels too:
// a macro's comparison of each element with one value needs no frame, and tests
// of one string need one look into a table.

// textTest is a term that does nothing but test one string, its subject, by
// constants; nil if it is none. Tests have no faults of their own.
func textTest(t *term) (subject *term, test func(string) bool) {
	switch t.op {
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		return textComparison(t)
	case opIn:
		if list, ok := t.args[1].value.([]string); ok && t.args[1].constant() {
			return subjectOf(t.args[0]), func(s string) bool { return slices.Contains(list, s) }
		}
	case opCall:
		return textCall(t)
	case opNot:
		subject, of := textTest(t.args[0])
		return subject, func(s string) bool { return !of(s) }
	case opAnd, opOr:
		return textJunction(t)
	}
	return nil, nil
}

// subjectOf is a term whose value tests can look up.
func subjectOf(t *term) *term {
	if t.typ.Kind != String || t.constant() {
		return nil
	}
	return t
}

func textComparison(t *term) (subject *term, test func(string) bool) {
	is := holds(t.op)
	if c := constantOf[string](t.args[1]); c != nil {
		return subjectOf(t.args[0]), func(s string) bool { return is(strings.Compare(s, *c)) }
	}
	if c := constantOf[string](t.args[0]); c != nil {
		return subjectOf(t.args[1]), func(s string) bool { return is(strings.Compare(*c, s)) }
	}
	return nil, nil
}

func textCall(t *term) (subject *term, test func(string) bool) {
	if r := patternOf(t); r != nil {
		return subjectOf(t.args[0]), r.MatchString
	}
	of, ok := textTests[t.call]
	if !ok {
		return nil, nil
	}
	by := constantOf[string](t.args[1])
	if by == nil {
		return nil, nil
	}
	return subjectOf(t.args[0]), func(s string) bool { return of(s, *by) }
}

// textJunction joins tests of the same subject.
func textJunction(t *term) (subject *term, test func(string) bool) {
	tests := make([]func(string) bool, len(t.args))
	for i, a := range t.args {
		of, one := textTest(a)
		if of == nil || i > 0 && of != subject {
			return nil, nil
		}
		subject, tests[i] = of, one
	}
	return subject, joined(t.op, tests)
}

// joined is the && or || of tests.
func joined(how op, tests []func(string) bool) func(string) bool {
	return func(s string) bool {
		for _, is := range tests {
			if is(s) != (how == opAnd) {
				return how == opOr
			}
		}
		return how == opAnd
	}
}

// heldText is a term that asks whether a list has a certain string.
func heldText(t *term) (list *term, s string) {
	if t.op != opIn || t.args[1].constant() || t.args[1].typ != (Type{List, String}) {
		return nil, ""
	}
	c := constantOf[string](t.args[0])
	if c == nil {
		return nil, ""
	}
	return t.args[1], *c
}

// conditions are the conditions of a conjunction or disjunction. Neighbours that
// test the same string, or ask for strings of the same list, are one: only
// neighbours, as what lies between is not always evaluated, and what it misses
// would be.
func (g *generator) conditions(t *term, depth int) []condition {
	var all []condition
	for i := 0; i < len(t.args); {
		next := i + 1
		if subject, test := textTest(t.args[i]); subject != nil {
			tests := []func(string) bool{test}
			for ; next < len(t.args); next++ {
				also, another := textTest(t.args[next])
				if also != subject {
					break
				}
				tests = append(tests, another)
			}
			if len(tests) > 1 {
				all = append(all, g.byDictionary(g.code(subject, depth).texts, joined(t.op, tests)))
			}
		} else if subject, within := rangeTest(t.args[i]); subject != nil && t.op == opAnd {
			for ; next < len(t.args); next++ {
				also, another := rangeTest(t.args[next])
				if also != subject {
					break
				}
				within = within.and(another)
			}
			if next > i+1 {
				if c := g.inRange(subject, within, depth); c != nil {
					all = append(all, c)
				} else {
					next = i + 1
				}
			}
		} else if list, s := heldText(t.args[i]); list != nil && t.op == opOr {
			set := []string{s}
			for ; next < len(t.args); next++ {
				also, another := heldText(t.args[next])
				if also != list {
					break
				}
				set = append(set, another)
			}
			if len(set) > 1 {
				all = append(all, g.anyText(g.code(list, depth).lists, func(s string) bool { return slices.Contains(set, s) }))
			}
		}
		if next == i+1 {
			all = append(all, g.code(t.args[i], depth).cond)
		}
		i = next
	}
	return all
}

// interval is the numbers between two bounds, both included. Of integers and
// doubles, one pair counts.
type interval struct {
	lowInt, highInt int64
	low, high       float64
}

var everything = interval{math.MinInt64, math.MaxInt64, math.Inf(-1), math.Inf(1)}

func (i interval) and(other interval) interval {
	return interval{max(i.lowInt, other.lowInt), min(i.highInt, other.highInt), max(i.low, other.low), min(i.high, other.high)}
}

// rangeTest is a term that compares a number with a constant bound, and the
// numbers for which it holds; nil if it is none.
func rangeTest(t *term) (subject *term, is interval) {
	how := t.op
	if how != opLess && how != opLessEqual && how != opGreater && how != opGreaterEqual {
		return nil, is
	}
	subject, bound := t.args[0], t.args[1]
	if subject.constant() {
		subject, bound, how = bound, subject, exchanged[how]
	}
	if subject.constant() || !bound.constant() {
		return nil, is
	}
	is = everything
	switch c := bound.value.(type) {
	case int64:
		return rangeOfInts(subject, how, c)
	case float64:
		if c-c != 0 {
			return nil, is
		}
		switch how { // beyond a bound is from the next double on
		case opLess:
			is.high = math.Nextafter(c, math.Inf(-1))
		case opLessEqual:
			is.high = c
		case opGreater:
			is.low = math.Nextafter(c, math.Inf(1))
		default:
			is.low = c
		}
		return subject, is
	}
	return nil, is
}

func rangeOfInts(subject *term, how op, c int64) (*term, interval) {
	is := everything
	switch how {
	case opLess:
		if c == math.MinInt64 {
			return nil, is
		}
		is.highInt = c - 1
	case opLessEqual:
		is.highInt = c
	case opGreater:
		if c == math.MaxInt64 {
			return nil, is
		}
		is.lowInt = c + 1
	default:
		is.lowInt = c
	}
	return subject, is
}

// inRange is whether a number lies in an interval; a NaN lies in none. It is nil
// for what is no number.
func (g *generator) inRange(subject *term, is interval, depth int) condition {
	c := g.code(subject, depth)
	switch subject.typ.Kind {
	case Int:
		return inInterval(c.ints, is.lowInt, is.highInt)
	case Double:
		return inInterval(c.floats, is.low, is.high)
	}
	return nil
}

func inInterval[T ordered](v values[T], low, high T) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		all, e := v(x, sel)
		n := within(all, low, high, sel, out)
		return withoutFaults(out[:n], e), e
	}
}

// within is a function of its own as in closures of generic functions nothing is
// inlined.
func within[T ordered](v []T, low, high T, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(v[r] >= low) & number(v[r] <= high)
	}
	return n
}

// elementSum is the sum of certain elements of one list, in order, as of the
// last three scores; nil if a term is something else.
func (g *generator) elementSum(t *term, depth int) *code {
	list, places := summands(t)
	if len(places) < 2 {
		return nil
	}
	l, buffer, furthest := g.code(list, depth), g.take(&g.frame(depth).floats), slices.Max(places)
	out := &code{scratch: true, finite: maybeNaN}
	if l.finite == finite {
		out.finite = maybeInf
	}
	first, rest := places[0], places[1:]
	out.floats = func(x *exec, sel []uint16) ([]float64, []RowFault) {
		top := x.top
		lists, e := l.lists(x, sel)
		sums, all, start := x.floats[buffer], lists.Floats, len(x.arena)
		for _, r := range x.valid(sel, e) {
			one := all[lists.From[r]:lists.To[r]]
			if uint64(furthest) >= uint64(len(one)) {
				x.fault(r, IndexOutOfBounds)
				continue
			}
			sum := one[first]
			for _, i := range rest {
				sum += one[i]
			}
			sums[r] = sum
		}
		x.top = top
		return sums, x.also(e, start)
	}
	return out
}

// summands are the places of the elements of one list that a term adds, in order.
func summands(t *term) (list *term, places []int) {
	switch {
	case t.typ.Kind != Double:
	case t.op == opIndex:
		const far = 1 << 30
		if i := constantOf[int64](t.args[1]); i != nil && *i >= 0 && *i < far {
			return t.args[0], []int{int(*i)}
		}
	case t.op == opAdd:
		list, places = summands(t.args[0])
		if also, one := summands(t.args[1]); list != nil && also == list && len(one) == 1 {
			return list, append(places, one[0])
		}
	}
	return nil, nil
}

// fused is the code of exists and all that need no frame; nil if there is none.
func (g *generator) fused(t *term, from *code, depth int) *code {
	if t.kind != loopExists && t.kind != loopAll {
		return nil
	}
	body := t.args[1]
	if subject, test := textTest(body); subject != nil && isElement(subject, t) {
		if t.kind == loopExists {
			return &code{cond: g.anyText(from.lists, test)}
		}
		return &code{cond: negation(g.anyText(from.lists, func(s string) bool { return !test(s) }))}
	}
	return g.fusedComparison(t, body, from, depth)
}

func isElement(t, loop *term) bool { return t.op == opElement && t.index == loop.index }

// exchanged is the operator that gives the same with its operands exchanged.
var exchanged = map[op]op{opLess: opGreater, opLessEqual: opGreaterEqual, opGreater: opLess, opGreaterEqual: opLessEqual, opEqual: opEqual, opNotEqual: opNotEqual}

// fusedComparison compares each element with a value that is the same for all
// elements of a list.
func (g *generator) fusedComparison(t, body *term, from *code, depth int) *code {
	how, ok := body.op, false
	if _, ok = exchanged[how]; !ok {
		return nil
	}
	element, other := body.args[0], body.args[1]
	if !isElement(element, t) {
		element, other, how = other, element, exchanged[how]
	}
	if !isElement(element, t) || other.depth >= t.index {
		return nil
	}
	flip := number(t.kind == loopAll)
	var any condition
	switch element.typ.Kind {
	case Int, Duration:
		any = anyNumber(how, flip, from.lists, g.code(other, depth).ints, func(l *elements) []int64 { return l.Ints })
	case Double:
		any = anyNumber(how, flip, from.lists, g.code(other, depth).floats, func(l *elements) []float64 { return l.Floats })
	default:
		return nil
	}
	if t.kind == loopAll {
		any = negation(any)
	}
	return &code{cond: any}
}

// anyNumber is whether some element compares so with the row's value, or, with
// flip = 1, does not. That value is looked at where the list has elements, and
// nowhere else.
func anyNumber[T ordered](how op, flip int, from listValues, value values[T], of func(*elements) []T) condition {
	kernel := map[op]func(l *Lists, all, v []T, flip int, sel, out []uint16) int{
		opLess: anyBelow[T], opLessEqual: anyAtMost[T], opGreater: anyAbove[T], opGreaterEqual: anyAtLeast[T], opEqual: anyEqual[T], opNotEqual: anyOther[T],
	}[how]
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		l, e := from(x, sel)
		rows, n := x.take(len(sel)), 0
		for _, r := range x.valid(sel, e) {
			rows[n] = r
			n += number(l.From[r] < l.To[r])
		}
		rows = rows[:n]
		v, failed := value(x, rows)
		n = kernel(&l, of(&l.elements), v, flip, rows, out)
		x.top = top
		return withoutFaults(out[:n], failed), x.disjoint(e, failed)
	}
}

func anyBelow[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element < c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

func anyAtMost[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element <= c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

func anyAbove[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element > c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

func anyAtLeast[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element >= c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

func anyEqual[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element == c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

func anyOther[T ordered](l *Lists, all, v []T, flip int, sel, out []uint16) (n int) {
	for _, r := range sel {
		is, c := 0, v[r]
		for _, element := range all[l.From[r]:l.To[r]] {
			is |= number(element != c) ^ flip
		}
		out[n] = r
		n += is
	}
	return n
}

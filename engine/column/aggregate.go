// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import "cmp"

// The functions of lists, as rules have them. Their overloads name the elements'
// type.

// aggregate computes one value of each list.
func aggregate[T any](l listValues, buffer func(*exec) []T, of func(l *elements, from, to uint32) (T, Cause)) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		top := x.top
		lists, e := l(x, sel)
		out, start := buffer(x), len(x.arena)
		for _, r := range x.valid(sel, e) {
			var cause Cause
			if out[r], cause = of(&lists.elements, lists.From[r], lists.To[r]); cause != NoCause {
				x.fault(r, cause)
			}
		}
		x.top = top
		return out, x.also(e, start)
	}
}

// compareElements orders two elements of lists of a kind; 0 too where one is a
// NaN, which decides nothing.
func compareElements(kind Kind, l *elements, i, j uint32) int {
	switch kind {
	case Bool:
		return number(l.Bools[i]) - number(l.Bools[j])
	case Int, Duration:
		return cmp.Compare(l.Ints[i], l.Ints[j])
	case Double:
		return number(l.Floats[i] > l.Floats[j]) - number(l.Floats[i] < l.Floats[j])
	case Timestamp:
		a := l.instant(i)
		return a.compare(l.instant(j))
	}
	return cmp.Compare(l.Texts.at(i), l.Texts.at(j))
}

func isSorted(g *generator, t *term, args []*code, depth int) *code {
	kind := t.args[0].typ.Elem
	return &code{bools: aggregate(args[0].lists, boolBuffer(g.take(&g.frame(depth).bools)), sortedOf(kind))}
}

func sortedOf(kind Kind) func(l *elements, from, to uint32) (bool, Cause) {
	return func(l *elements, from, to uint32) (bool, Cause) {
		for i := from + 1; i < to; i++ {
			if compareElements(kind, l, i-1, i) > 0 {
				return false, NoCause
			}
		}
		return true, NoCause
	}
}

func sum(g *generator, t *term, args []*code, depth int) *code {
	f := g.frame(depth)
	if t.typ.Kind == Double {
		out := &code{finite: maybeNaN, scratch: true}
		if args[0].finite == finite {
			out.finite = maybeInf
		}
		out.floats = aggregate(args[0].lists, floatBuffer(g.take(&f.floats)), sumOfFloats)
		return out
	}
	return &code{ints: aggregate(args[0].lists, intBuffer(g.take(&f.ints)), sumOfInts)}
}

func sumOfFloats(l *elements, from, to uint32) (float64, Cause) {
	return total(l.Floats[from:to]), NoCause
}

func sumOfInts(l *elements, from, to uint32) (int64, Cause) {
	s, add := int64(0), integerOf(opAdd)
	for _, v := range l.Ints[from:to] {
		next, ok := add(s, v)
		if !ok {
			return 0, IntegerOverflow
		}
		s = next
	}
	return s, NoCause
}

// total adds in order: doubles are not associative.
func total(numbers []float64) float64 {
	t := 0.0
	for _, n := range numbers {
		t += n
	}
	return t
}

func mean(g *generator, t *term, args []*code, depth int) *code {
	out := &code{finite: maybeNaN, scratch: true}
	if args[0].finite == finite {
		out.finite = maybeInf
	}
	out.floats = aggregate(args[0].lists, floatBuffer(g.take(&g.frame(depth).floats)), meanOf(t.args[0].typ.Elem))
	return out
}

func meanOf(kind Kind) func(l *elements, from, to uint32) (float64, Cause) {
	return func(l *elements, from, to uint32) (float64, Cause) {
		if from == to {
			return 0, MeanOfEmpty
		}
		if kind == Double {
			return total(l.Floats[from:to]) / float64(to-from), NoCause
		}
		s := 0.0
		for _, v := range l.Ints[from:to] {
			s += float64(v)
		}
		return s / float64(to-from), NoCause
	}
}

func listMin(g *generator, t *term, args []*code, depth int) *code {
	return listExtreme(g, t, args, depth, 1, MinOfEmpty)
}
func listMax(g *generator, t *term, args []*code, depth int) *code {
	return listExtreme(g, t, args, depth, -1, MaxOfEmpty)
}

// listExtreme is min and max.
func listExtreme(g *generator, t *term, args []*code, depth int, replace int, empty Cause) *code {
	kind, f := t.typ.Kind, g.frame(depth)
	place := extremePlace(kind, replace, empty)
	switch kind {
	case Bool:
		return &code{bools: aggregate(args[0].lists, boolBuffer(g.take(&f.bools)), elementBy(place, func(l *elements, i uint32) bool { return l.Bools[i] }))}
	case Int, Duration:
		return &code{ints: aggregate(args[0].lists, intBuffer(g.take(&f.ints)), elementBy(place, func(l *elements, i uint32) int64 { return l.Ints[i] }))}
	case Double:
		out := aggregate(args[0].lists, floatBuffer(g.take(&f.floats)), elementBy(place, func(l *elements, i uint32) float64 { return l.Floats[i] }))
		return &code{floats: out, finite: args[0].finite, scratch: true}
	case Timestamp:
		return &code{times: aggregate(args[0].lists, timeBuffer(g.take(&f.times)), elementBy(place, (*elements).instant))}
	}
	buffer := g.take(&f.texts)
	all := aggregate(args[0].lists, func(x *exec) []string { return x.texts[buffer] }, elementBy(place, func(l *elements, i uint32) string { return l.Texts.at(i) }))
	return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
		v, e := all(x, sel)
		return Texts{All: v}, e
	}}
}

// extremePlace finds the element that no later one replaces.
func extremePlace(kind Kind, replace int, empty Cause) func(l *elements, from, to uint32) (uint32, Cause) {
	return func(l *elements, from, to uint32) (uint32, Cause) {
		if from == to {
			return 0, empty
		}
		best := from
		for i := from + 1; i < to; i++ {
			if compareElements(kind, l, best, i) == replace {
				best = i
			}
		}
		return best, NoCause
	}
}

func elementBy[T any](place func(l *elements, from, to uint32) (uint32, Cause), at func(l *elements, i uint32) T) func(l *elements, from, to uint32) (T, Cause) {
	return func(l *elements, from, to uint32) (v T, cause Cause) {
		i, cause := place(l, from, to)
		if cause == NoCause {
			v = at(l, i)
		}
		return v, cause
	}
}

func indexOf(g *generator, t *term, args []*code, depth int) *code {
	return search(g, t, args, depth, false)
}
func lastIndexOf(g *generator, t *term, args []*code, depth int) *code {
	return search(g, t, args, depth, true)
}

// search is the index of the first or last element that equals a value, or -1.
func search(g *generator, t *term, args []*code, depth int, last bool) *code {
	kind, buffer := t.args[1].typ.Kind, g.take(&g.frame(depth).ints)
	item := asElements(kind, args[1])
	return &code{ints: func(x *exec, sel []uint16) ([]int64, []RowFault) {
		top := x.top
		l, e := args[0].lists(x, sel)
		wanted, e2 := item(x, sel)
		e = x.either(e, e2)
		out := x.ints[buffer]
		for _, r := range x.valid(sel, e) {
			out[r] = -1
			n := l.To[r] - l.From[r]
			for k := range n {
				i := k
				if last {
					i = n - 1 - k
				}
				if equalElements(kind, &l.elements, l.From[r]+i, &wanted, uint32(r)) {
					out[r] = int64(i)
					break
				}
			}
		}
		x.top = top
		return out, e
	}}
}

func first(g *generator, t *term, args []*code, depth int) *code {
	return listPart(g, t, args, depth, FirstNegative, func(from, _, n uint32) (uint32, uint32) { return from, from + n })
}
func last(g *generator, t *term, args []*code, depth int) *code {
	return listPart(g, t, args, depth, LastNegative, func(_, to, n uint32) (uint32, uint32) { return to - n, to })
}

// listPart is first(n) and last(n): a view of the list.
func listPart(g *generator, _ *term, args []*code, depth int, negative Cause, bounds func(from, to, n uint32) (uint32, uint32)) *code {
	buffer := g.take(&g.frame(depth).lists)
	return &code{finite: args[0].finite, lists: func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.top
		l, e := args[0].lists(x, sel)
		count, e2 := args[1].ints(x, sel)
		e = x.either(e, e2)
		from, to := x.lists[buffer].bounds()
		start := len(x.arena)
		for _, r := range x.valid(sel, e) {
			if count[r] < 0 {
				x.fault(r, negative)
				continue
			}
			from[r], to[r] = bounds(l.From[r], l.To[r], uint32(min(count[r], int64(l.To[r]-l.From[r]))))
		}
		x.top = top
		l.From, l.To = from, to
		return l, x.also(e, start)
	}}
}

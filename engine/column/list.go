// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// index is list[i].
func (g *generator) index(t *term, depth int) *code {
	list, i, f := g.code(t.args[0], depth), g.code(t.args[1], depth).ints, g.frame(depth)
	l := list.lists
	switch t.typ.Kind {
	case Bool:
		return &code{bools: elementAt(l, i, func(l *elements) []bool { return l.Bools }, boolBuffer(g.take(&f.bools)))}
	case Int, Duration:
		return &code{ints: elementAt(l, i, func(l *elements) []int64 { return l.Ints }, intBuffer(g.take(&f.ints)))}
	case Double:
		return &code{floats: elementAt(l, i, func(l *elements) []float64 { return l.Floats }, floatBuffer(g.take(&f.floats))), scratch: true, finite: list.finite}
	case Timestamp:
		return &code{times: instantAt(l, i, g.take(&f.times))}
	}
	return &code{texts: textAt(l, i, g.take(&f.texts), g.take(&f.codes))}
}

// timesOf are a list's instants.
func timesOf(l *elements) []Instant {
	if !l.Days {
		return l.Times
	}
	times := make([]Instant, len(l.Ints))
	for i, day := range l.Ints {
		times[i] = Instant{Seconds: day * 86400}
	}
	return times
}

// placed is a list and an index into it.
func placed(l listValues, i values[int64]) func(x *exec, sel []uint16) (Lists, []int64, []RowFault) {
	return func(x *exec, sel []uint16) (Lists, []int64, []RowFault) {
		lists, e := l(x, sel)
		places, e2 := i(x, sel)
		return lists, places, x.either(e, e2)
	}
}

func elementAt[T any](l listValues, i values[int64], of func(*elements) []T, buffer func(*exec) []T) values[T] {
	both := placed(l, i)
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		top := x.top
		lists, places, e := both(x, sel)
		all, out := of(&lists.elements), buffer(x)
		start := len(x.arena)
		for _, r := range x.valid(sel, e) {
			from, to, at := lists.From[r], lists.To[r], places[r]
			if uint64(at) < uint64(to-from) {
				out[r] = all[from+uint32(at)]
				continue
			}
			x.arena = append(x.arena, RowFault{r, x.m.faults.number(Fault{Cause: IndexOutOfBounds})})
		}
		x.top = top
		return out, x.also(e, start)
	}
}

// also are the faults e and those put into the arena from start on.
func (x *exec) also(e []RowFault, start int) []RowFault {
	if len(x.arena) == start {
		return e
	}
	return x.either(e, x.arena[start:len(x.arena):len(x.arena)])
}

// instantAt is the element of a list of instants. Those that are days are made
// instants one by one.
func instantAt(l listValues, i values[int64], buffer int) values[Instant] {
	both := placed(l, i)
	return func(x *exec, sel []uint16) ([]Instant, []RowFault) {
		top := x.top
		lists, places, e := both(x, sel)
		out := x.times[buffer]
		outside := x.failing(x.valid(sel, e), Fault{Cause: IndexOutOfBounds}, func(r uint16) bool {
			from, to, at := lists.From[r], lists.To[r], places[r]
			if uint64(at) >= uint64(to-from) {
				return false
			}
			out[r] = lists.instant(from + uint32(at))
			return true
		})
		x.top = top
		return out, x.either(e, outside)
	}
}

func textAt(l listValues, i values[int64], texts, codes int) textValues {
	both := placed(l, i)
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		top := x.top
		lists, places, e := both(x, sel)
		out := Texts{Dict: lists.Texts.Dict}
		if lists.Texts.Codes != nil {
			out.Codes = x.coded[codes]
		} else {
			out.All = x.texts[texts]
		}
		outside := x.failing(x.valid(sel, e), Fault{Cause: IndexOutOfBounds}, func(r uint16) bool {
			from, to, at := lists.From[r], lists.To[r], places[r]
			if uint64(at) >= uint64(to-from) {
				return false
			}
			if out.Codes != nil {
				out.Codes[r] = lists.Texts.Codes[from+uint32(at)]
			} else {
				out.All[r] = lists.Texts.All[from+uint32(at)]
			}
			return true
		})
		x.top = top
		return out, x.either(e, outside)
	}
}

// at is the i-th string.
func (t *Texts) at(i uint32) string {
	if t.Codes != nil {
		return t.Dict[t.Codes[i]]
	}
	return t.All[i]
}

// in is value in list.
func (g *generator) in(t *term, depth int) *code {
	value, list := t.args[0], t.args[1]
	if list.constant() {
		return &code{cond: g.inConstant(g.code(value, depth), list.value)}
	}
	v, l := g.code(value, depth), g.code(list, depth).lists
	if s := constantOf[string](value); s != nil {
		return &code{cond: g.holdsText(l, *s)}
	}
	switch value.typ.Kind {
	case Bool:
		return &code{cond: contains(v.bools, l, func(l *elements) []bool { return l.Bools })}
	case Int, Duration:
		return &code{cond: contains(v.ints, l, func(l *elements) []int64 { return l.Ints })}
	case Double:
		return &code{cond: contains(v.floats, l, func(l *elements) []float64 { return l.Floats })}
	case Timestamp:
		return &code{cond: contains(v.times, l, timesOf)}
	}
	return &code{cond: containsText(v.texts, l)}
}

// inConstant is membership in a list written out.
func (g *generator) inConstant(v *code, list any) condition {
	switch list := list.(type) {
	case []string:
		return g.byDictionary(v.texts, func(s string) bool { return slices.Contains(list, s) })
	case []int64:
		return oneOf(v.ints, list)
	case []time.Duration:
		nanos := make([]int64, len(list))
		for i, d := range list {
			nanos[i] = int64(d)
		}
		return oneOf(v.ints, nanos)
	case []float64:
		return oneOf(v.floats, list)
	case []Instant:
		return oneOf(v.times, list)
	case []bool:
		return oneOf(v.bools, list)
	}
	panic(fmt.Sprintf("column: membership in a constant of type %T", list))
}

// oneOf is membership among constants. Few are compared one by one.
func oneOf[T comparable](v values[T], list []T) condition {
	const few = 8
	set := map[T]struct{}{}
	for _, c := range list {
		set[c] = struct{}{}
	}
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		all, e := v(x, sel)
		if len(list) <= few {
			return withoutFaults(out[:amongFew(all, list, sel, out)], e), e
		}
		n := 0
		for _, r := range sel {
			out[n] = r
			_, is := set[all[r]]
			n += number(is)
		}
		return withoutFaults(out[:n], e), e
	}
}

func amongFew[T comparable](v, list []T, sel, out []uint16) (n int) {
	for _, r := range sel {
		is := 0
		for _, c := range list {
			is |= number(v[r] == c)
		}
		out[n] = r
		n += is
	}
	return n
}

// holdsText is whether a list has a certain string: of a column's list, whether
// it has its code.
func (g *generator) holdsText(l listValues, s string) condition {
	return g.anyText(l, func(element string) bool { return element == s })
}

// anyText is whether some string of a list passes a test. Of a column's list, it
// is asked once for each string in the dictionary.
func (g *generator) anyText(l listValues, test func(string) bool) condition {
	memo := g.memo()
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		lists, e := l(x, sel)
		t, n := &lists.Texts, 0
		rows := x.valid(sel, e)
		if t.Codes == nil {
			for _, r := range rows {
				out[n] = r
				n += number(slices.ContainsFunc(t.All[lists.From[r]:lists.To[r]], test))
			}
			x.top = top
			return out[:n], e
		}
		table := x.m.table(memo, t.Dict, test)
		for _, r := range rows {
			var is uint8
			for _, c := range t.Codes[lists.From[r]:lists.To[r]] {
				is |= table[c]
			}
			out[n] = r
			n += int(is)
		}
		x.top = top
		return out[:n], e
	}
}

func contains[T comparable](v values[T], l listValues, of func(*elements) []T) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		wanted, e := v(x, sel)
		lists, e2 := l(x, sel)
		e = x.either(e, e2)
		all, n := of(&lists.elements), 0
		for _, r := range x.valid(sel, e) {
			out[n] = r
			n += number(slices.Contains(all[lists.From[r]:lists.To[r]], wanted[r]))
		}
		x.top = top
		return out[:n], e
	}
}

func containsText(v textValues, l listValues) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		wanted, e := v(x, sel)
		lists, e2 := l(x, sel)
		e = x.either(e, e2)
		n := 0
		for _, r := range x.valid(sel, e) {
			s, is := wanted.At(r), false
			for i := lists.From[r]; i < lists.To[r] && !is; i++ {
				is = lists.Texts.at(i) == s
			}
			out[n] = r
			n += number(is)
		}
		x.top = top
		return out[:n], e
	}
}

// size is the number of a list's elements, or of a string's code points.
func (g *generator) size(t *term, depth int) *code {
	a, buffer := g.code(t.args[0], depth), g.take(&g.frame(depth).ints)
	if t.args[0].typ.Kind == String {
		return &code{ints: ofText(g, a.texts, intBuffer(buffer), func(s string) (int64, Cause) { return int64(utf8.RuneCountInString(s)), NoCause })}
	}
	return &code{ints: func(x *exec, sel []uint16) ([]int64, []RowFault) {
		l, e := a.lists(x, sel)
		out := x.ints[buffer]
		for _, r := range sel {
			out[r] = int64(l.To[r] - l.From[r])
		}
		return out, e
	}}
}

// equalLists is list == list: as many elements, each equal.
func equalLists(kind Kind, a, b listValues) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		la, e := a(x, sel)
		lb, e2 := b(x, sel)
		e = x.either(e, e2)
		n := 0
		for _, r := range x.valid(sel, e) {
			out[n] = r
			n += number(sameElements(kind, &la, &lb, r))
		}
		x.top = top
		return out[:n], e
	}
}

func sameElements(kind Kind, a, b *Lists, r uint16) bool {
	if a.To[r]-a.From[r] != b.To[r]-b.From[r] {
		return false
	}
	for i, j := a.From[r], b.From[r]; i < a.To[r]; i, j = i+1, j+1 {
		if !equalElements(kind, &a.elements, i, &b.elements, j) {
			return false
		}
	}
	return true
}

func equalElements(kind Kind, a *elements, i uint32, b *elements, j uint32) bool {
	switch kind {
	case Bool:
		return a.Bools[i] == b.Bools[j]
	case Int, Duration:
		return a.Ints[i] == b.Ints[j]
	case Double:
		return a.Floats[i] == b.Floats[j]
	case Timestamp:
		return a.instant(i) == b.instant(j)
	}
	return a.Texts.at(i) == b.Texts.at(j)
}

func (l *elements) instant(i uint32) Instant {
	if l.Days {
		return Instant{Seconds: l.Ints[i] * 86400}
	}
	return l.Times[i]
}

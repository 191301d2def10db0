// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"slices"
	"time"
)

// index is list[i].
func (g *generator) index(t *term, depth int) *code {
	l, i, f := g.code(t.args[0], depth).lists, g.code(t.args[1], depth).ints, g.frame(depth)
	switch t.typ.Kind {
	case Bool:
		return &code{bools: elementAt(l, i, func(l *elements) []bool { return l.Bools }, boolBuffer(g.take(&f.bools)))}
	case Int, Duration:
		return &code{ints: elementAt(l, i, func(l *elements) []int64 { return l.Ints }, intBuffer(g.take(&f.ints)))}
	case Double:
		how := maybeNaN
		if a := t.args[0]; a.op == opRead && g.inputs[a.input].Finite {
			how = finite
		}
		return &code{floats: elementAt(l, i, func(l *elements) []float64 { return l.Floats }, floatBuffer(g.take(&f.floats))), scratch: true, finite: how}
	case Timestamp:
		return &code{times: elementAt(l, i, timesOf, timeBuffer(g.take(&f.times)))}
	}
	return &code{texts: textAt(l, i, g.take(&f.texts))}
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

func elementAt[T any](l listValues, i values[int64], of func(*elements) []T, buffer func(*exec) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		lists, e := l(x, sel)
		places, e2 := i(x, sel)
		all, out := of(&lists.elements), buffer(x)
		e = x.either(e, e2)
		start, outside := len(x.arena), false
		for _, r := range sel {
			from, to, at := lists.From[r], lists.To[r], places[r]
			if uint64(at) < uint64(to-from) {
				out[r] = all[from+uint32(at)]
				continue
			}
			outside = true
			x.arena = append(x.arena, RowFault{r, x.m.faults.number(Fault{Cause: IndexOutOfBounds})})
		}
		if outside {
			e = x.either(e, x.arena[start:len(x.arena):len(x.arena)])
		}
		return out, e
	}
}

func textAt(l listValues, i values[int64], buffer int) textValues {
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		lists, e := l(x, sel)
		places, e2 := i(x, sel)
		out := x.texts[buffer]
		outside := x.failing(sel, Fault{Cause: IndexOutOfBounds}, func(r uint16) bool {
			from, to, at := lists.From[r], lists.To[r], places[r]
			if uint64(at) >= uint64(to-from) {
				return false
			}
			out[r] = lists.Texts.at(from + uint32(at))
			return true
		})
		return Texts{All: out}, x.either(x.either(e, e2), outside)
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
	return func(*exec, []uint16, []uint16) ([]uint16, []RowFault) { return nil, nil } // an empty list; refused in supported
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
		n := 0
		for _, r := range sel {
			out[n] = r
			if len(list) <= few {
				is := 0
				for _, c := range list {
					is |= number(all[r] == c)
				}
				n += is
				continue
			}
			_, is := set[all[r]]
			n += number(is)
		}
		return withoutFaults(out[:n], e), e
	}
}

// holdsText is whether a list has a certain string: of a column's list, whether
// it has its code.
func (g *generator) holdsText(l listValues, s string) condition {
	memo := g.memo()
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		lists, e := l(x, sel)
		t, n := &lists.Texts, 0
		if t.Codes == nil {
			for _, r := range sel {
				out[n] = r
				n += number(slices.Contains(t.All[lists.From[r]:lists.To[r]], s))
			}
			return withoutFaults(out[:n], e), e
		}
		k := &x.m.memos[memo]
		if !k.ready || !sameStrings(k.dict, t.Dict) {
			at := slices.Index(t.Dict, s)
			k.ready, k.dict, k.code, k.found = true, t.Dict, uint32(at), at >= 0
		}
		if !k.found {
			return out[:0], e
		}
		for _, r := range sel {
			is := 0
			for _, c := range t.Codes[lists.From[r]:lists.To[r]] {
				is |= number(c == k.code)
			}
			out[n] = r
			n += is
		}
		return withoutFaults(out[:n], e), e
	}
}

func contains[T comparable](v values[T], l listValues, of func(*elements) []T) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		wanted, e := v(x, sel)
		lists, e2 := l(x, sel)
		e = x.either(e, e2)
		all, n := of(&lists.elements), 0
		rest := e
		for _, r := range sel {
			for len(rest) > 0 && rest[0].Row < r {
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0].Row == r {
				continue // its list may be anything
			}
			out[n] = r
			n += number(slices.Contains(all[lists.From[r]:lists.To[r]], wanted[r]))
		}
		return out[:n], e
	}
}

func containsText(v textValues, l listValues) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		wanted, e := v(x, sel)
		lists, e2 := l(x, sel)
		e = x.either(e, e2)
		n, rest := 0, e
		for _, r := range sel {
			for len(rest) > 0 && rest[0].Row < r {
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0].Row == r {
				continue
			}
			s, is := wanted.At(r), false
			for i := lists.From[r]; i < lists.To[r] && !is; i++ {
				is = lists.Texts.at(i) == s
			}
			out[n] = r
			n += number(is)
		}
		return out[:n], e
	}
}

// size is the number of a list's elements, or of a string's code points.
func (g *generator) size(t *term, depth int) *code {
	a, buffer := g.code(t.args[0], depth), g.take(&g.frame(depth).ints)
	if t.args[0].typ.Kind == String {
		return &code{ints: func(x *exec, sel []uint16) ([]int64, []RowFault) {
			v, e := a.texts(x, sel)
			out := x.ints[buffer]
			for _, r := range sel {
				out[r] = int64(len([]rune(v.At(r))))
			}
			return out, e
		}}
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
		la, e := a(x, sel)
		lb, e2 := b(x, sel)
		e = x.either(e, e2)
		n, rest := 0, e
		for _, r := range sel {
			for len(rest) > 0 && rest[0].Row < r {
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0].Row == r {
				continue
			}
			out[n] = r
			n += number(sameElements(kind, &la, &lb, r))
		}
		return out[:n], e
	}
}

func sameElements(kind Kind, a, b *Lists, r uint16) bool {
	if a.To[r]-a.From[r] != b.To[r]-b.From[r] {
		return false
	}
	for i, j := a.From[r], b.From[r]; i < a.To[r]; i, j = i+1, j+1 {
		var same bool
		switch kind {
		case Bool:
			same = a.Bools[i] == b.Bools[j]
		case Int, Duration:
			same = a.Ints[i] == b.Ints[j]
		case Double:
			same = a.Floats[i] == b.Floats[j]
		case String:
			same = a.Texts.at(i) == b.Texts.at(j)
		case Timestamp:
			same = a.instant(i) == b.instant(j)
		}
		if !same {
			return false
		}
	}
	return true
}

func (l *elements) instant(i uint32) Instant {
	if l.Days {
		return Instant{Seconds: l.Ints[i] * 86400}
	}
	return l.Times[i]
}

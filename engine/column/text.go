// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// textTable is what a function gives for the strings of a dictionary, computed
// when a row first asks for one.
type textTable[T any] struct {
	done   []bool
	values []T
	causes []Cause
}

func (t *textTable[T]) at(code uint32, dict []string, f func(string) (T, Cause)) (T, Cause) {
	if !t.done[code] {
		t.done[code] = true
		t.values[code], t.causes[code] = f(dict[code])
	}
	return t.values[code], t.causes[code]
}

// tableOf is a closure's table for a dictionary.
func tableOf[T any](m *Machine, memo int, dict []string) *textTable[T] {
	k := &m.memos[memo]
	t, ok := k.values.(*textTable[T])
	if !ok || !k.ready || !sameStrings(k.dict, dict) {
		n := len(dict)
		t = &textTable[T]{done: make([]bool, n), values: make([]T, n), causes: make([]Cause, n)}
		k.ready, k.dict, k.values = true, dict, t
	}
	return t
}

// ofText is a function of a string.
func ofText[T any](g *generator, v textValues, buffer func(*exec) []T, f func(string) (T, Cause)) values[T] {
	memo := g.memo()
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		top := x.top
		t, e := v(x, sel)
		out, start := buffer(x), len(x.arena)
		rows := x.valid(sel, e)
		if t.Codes == nil {
			for _, r := range rows {
				var cause Cause
				if out[r], cause = f(t.All[r]); cause != NoCause {
					x.fault(r, cause)
				}
			}
		} else {
			table := tableOf[T](x.m, memo, t.Dict)
			for _, r := range rows {
				var cause Cause
				if out[r], cause = table.at(t.Codes[r], t.Dict, f); cause != NoCause {
					x.fault(r, cause)
				}
			}
		}
		x.top = top
		return out, x.also(e, start)
	}
}

// fault puts a fault into the arena. The caller keeps account of where its own
// begin: see also.
func (x *exec) fault(row uint16, cause Cause) {
	x.arena = append(x.arena, RowFault{row, x.m.faults.number(Fault{Cause: cause})})
}

// mapped is a function of one value.
func mapped[A, B any](v values[A], buffer func(*exec) []B, f func(A) B) values[B] {
	return func(x *exec, sel []uint16) ([]B, []RowFault) {
		a, e := v(x, sel)
		out := buffer(x)
		for _, r := range sel {
			out[r] = f(a[r])
		}
		return out, e
	}
}

// partial is a function of one value that not all values have.
func partial[A, B any](v values[A], buffer func(*exec) []B, f func(A) (B, Cause)) values[B] {
	return func(x *exec, sel []uint16) ([]B, []RowFault) {
		top := x.top
		a, e := v(x, sel)
		out, start := buffer(x), len(x.arena)
		for _, r := range x.valid(sel, e) {
			var cause Cause
			if out[r], cause = f(a[r]); cause != NoCause {
				x.fault(r, cause)
			}
		}
		x.top = top
		return out, x.also(e, start)
	}
}

// spelled is a function of one value that gives a string.
func spelled[A any](v values[A], buffer int, f func(A) string) textValues {
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		top := x.top
		a, e := v(x, sel)
		out := x.texts[buffer]
		for _, r := range x.valid(sel, e) {
			out[r] = f(a[r])
		}
		x.top = top
		return Texts{All: out}, e
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import "slices"

// keep makes the code of a shared term: each row of a batch is computed at most
// once, when it is first asked for.
func (g *generator) keep(t *term, c *code) *code {
	f := g.frame(0)
	slot := f.kept.take(true)
	switch t.typ.Kind {
	case Bool:
		return &code{cond: keptRows(slot, c.cond)}
	case Int, Duration:
		return &code{ints: keptValues(slot, c.ints, intBuffer(f.ints.take(true)))}
	case Double:
		return &code{floats: keptValues(slot, c.floats, floatBuffer(f.floats.take(true))), finite: c.finite}
	case Timestamp:
		return &code{times: keptValues(slot, c.times, timeBuffer(f.times.take(true)))}
	case List:
		return &code{lists: keptLists(t.typ.Elem, slot, c.lists, f.lists.take(true)), finite: c.finite}
	}
	return c // strings are views of columns, or dear whatever we do
}

// undone are the rows that have not been computed yet, and from now on have.
func (k *kept) undone(sel, out []uint16) []uint16 {
	n := 0
	for _, r := range sel {
		word, bit := r/64, uint64(1)<<(r%64)
		out[n] = r
		n += number(k.done.bits[word]&bit == 0)
		k.done.bits[word] |= bit
	}
	k.done.any = true
	return out[:n]
}

// compute evaluates rows and keeps account of their faults and of the errors
// absorbed on the way, which count for every reader.
func (k *kept) compute(x *exec, rows []uint16, evaluate func(rows []uint16) []RowFault) {
	outer := x.m.absorbed
	x.m.absorbed = rowSet{}
	if e := evaluate(rows); len(e) > 0 {
		k.faults = mergeFaults(k.faults, e)
	}
	if x.m.absorbed.any {
		for i, w := range x.m.absorbed.bits {
			k.absorbed.bits[i] |= w
		}
		k.absorbed.any = true
	}
	x.m.absorbed = outer
}

func mergeFaults(a, b []RowFault) []RowFault {
	a = append(a, b...)
	slices.SortFunc(a, func(p, q RowFault) int { return int(p.Row) - int(q.Row) })
	return a
}

// faultsOf are the faults of the rows asked for.
func (k *kept) faultsOf(x *exec, sel []uint16) []RowFault {
	if k.absorbed.any {
		for _, r := range sel {
			if k.absorbed.has(r) {
				x.m.absorbed.add(r)
			}
		}
	}
	if len(k.faults) == 0 {
		return nil
	}
	return x.faultsWithin(k.faults, sel)
}

func keptValues[T any](slot int, v values[T], buffer func(*exec) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		k, to, top := &x.kept[slot], buffer(x), x.top
		if rows := k.undone(sel, x.take(len(sel))); len(rows) > 0 {
			k.compute(x, rows, func(rows []uint16) []RowFault {
				computed, e := v(x, rows)
				for _, r := range rows {
					to[r] = computed[r]
				}
				return e
			})
		}
		x.top = top
		return to, k.faultsOf(x, sel)
	}
}

func keptRows(slot int, c condition) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		k, top := &x.kept[slot], x.top
		if k.state == nil {
			k.state = make([]uint8, Rows)
		}
		if rows := k.undone(sel, x.take(len(sel))); len(rows) > 0 {
			k.compute(x, rows, func(rows []uint16) []RowFault {
				for _, r := range rows {
					k.state[r] = 0
				}
				t, e := c(x, rows, x.take(len(rows)))
				for _, r := range t {
					k.state[r] = 1
				}
				return e
			})
		}
		x.top = top
		n := 0
		e := k.faultsOf(x, sel)
		for _, r := range sel {
			out[n] = r
			n += int(k.state[r])
		}
		return out[:n], e
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import "slices"

// listBuffer is where a closure puts the bounds of lists, and the elements of
// those that it makes.
type listBuffer struct {
	from, to []uint32
	elements elements
	codes    []uint32 // room for elements.Texts
	all      []string
}

func (b *listBuffer) bounds() (from, to []uint32) {
	if b.from == nil {
		b.from, b.to = make([]uint32, Rows), make([]uint32, Rows)
	}
	return b.from, b.to
}

// clear forgets the elements. Instants are never kept as days.
func (b *listBuffer) clear() {
	l := &b.elements
	b.elements = elements{Bools: l.Bools[:0], Ints: l.Ints[:0], Floats: l.Floats[:0], Times: l.Times[:0]}
}

// size is the number of elements, of a kind.
func (l *elements) size(kind Kind) uint32 {
	switch kind {
	case Bool:
		return uint32(len(l.Bools))
	case Int, Duration:
		return uint32(len(l.Ints))
	case Double:
		return uint32(len(l.Floats))
	case Timestamp:
		return uint32(len(l.Times))
	}
	return uint32(max(len(l.Texts.Codes), len(l.Texts.All)))
}

// append adds the elements [from, to) of others.
func (b *listBuffer) append(kind Kind, others *elements, from, to uint32) {
	l := &b.elements
	switch kind {
	case Bool:
		l.Bools = append(l.Bools, others.Bools[from:to]...)
	case Int, Duration:
		l.Ints = append(l.Ints, others.Ints[from:to]...)
	case Double:
		l.Floats = append(l.Floats, others.Floats[from:to]...)
	case Timestamp:
		for i := from; i < to; i++ {
			l.Times = append(l.Times, others.instant(i))
		}
	default:
		b.begin(&others.Texts)
		for i := from; i < to; i++ {
			b.appendText(&others.Texts, i)
		}
	}
}

// begin gets ready for strings: as long as all have codes of one dictionary, so
// have the elements.
func (b *listBuffer) begin(others *Texts) {
	t := &b.elements.Texts
	switch {
	case t.Codes == nil && t.All == nil:
		if others.Codes != nil {
			*t = Texts{Codes: slices.Grow(b.codes[:0], 1), Dict: others.Dict}
		} else {
			t.All = slices.Grow(b.all[:0], 1)
		}
	case t.Codes != nil && (others.Codes == nil || !sameStrings(t.Dict, others.Dict)):
		all := slices.Grow(b.all[:0], 1)
		for _, c := range t.Codes {
			all = append(all, t.Dict[c])
		}
		*t = Texts{All: all}
	}
}

// appendText adds the i-th of the strings that begin was called with.
func (b *listBuffer) appendText(others *Texts, i uint32) {
	t := &b.elements.Texts
	if t.Codes != nil {
		t.Codes = append(t.Codes, others.Codes[i])
		b.codes = t.Codes
		return
	}
	t.All = append(t.All, others.at(i))
	b.all = t.All
}

// add makes the elements appended since start the list of a row.
func (b *listBuffer) add(kind Kind, row uint16, start uint32) {
	b.from[row], b.to[row] = start, b.elements.size(kind)
}

func (b *listBuffer) lists() Lists { return Lists{From: b.from, To: b.to, elements: b.elements} }

// list is a list written out of computed elements.
func (g *generator) list(t *term, depth int) *code {
	kind, f := t.typ.Elem, g.frame(depth)
	out := &code{finite: finite}
	evaluate := make([]func(x *exec, sel []uint16) (elements, []RowFault), len(t.args))
	for i, a := range t.args {
		c := g.code(a, depth)
		out.finite = max(out.finite, c.finite)
		evaluate[i] = asElements(kind, c)
	}
	buffer := g.take(&f.lists)
	out.lists = func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.top
		// Elements are gathered one place after another, and then row by row.
		columns := make([]elements, len(evaluate))
		var e []RowFault
		for i, of := range evaluate {
			var failed []RowFault
			columns[i], failed = of(x, sel)
			e = x.either(e, failed)
		}
		b := &x.lists[buffer]
		b.clear()
		b.bounds()
		for _, r := range x.valid(sel, e) {
			start := b.elements.size(kind)
			for i := range columns {
				b.append(kind, &columns[i], uint32(r), uint32(r)+1)
			}
			b.add(kind, r, start)
		}
		x.top = top
		return b.lists(), e
	}
	return out
}

// asElements are a code's values, by row, as the elements of a list.
func asElements(kind Kind, c *code) func(x *exec, sel []uint16) (elements, []RowFault) {
	return func(x *exec, sel []uint16) (l elements, e []RowFault) {
		switch kind {
		case Bool:
			l.Bools, e = c.bools(x, sel)
		case Int, Duration:
			l.Ints, e = c.ints(x, sel)
		case Double:
			l.Floats, e = c.floats(x, sel)
		case Timestamp:
			l.Times, e = c.times(x, sel)
		default:
			l.Texts, e = c.texts(x, sel)
		}
		return l, e
	}
}

// join is string + string and list + list.
func (g *generator) join(t *term, depth int) *code {
	a, b, f := g.code(t.args[0], depth), g.code(t.args[1], depth), g.frame(depth)
	if t.typ.Kind == String {
		buffer := g.take(&f.texts)
		return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
			top := x.top
			va, ea := a.texts(x, sel)
			vb, eb := b.texts(x, sel)
			e, out := x.either(ea, eb), x.texts[buffer]
			for _, r := range x.valid(sel, e) {
				out[r] = va.At(r) + vb.At(r)
			}
			x.top = top
			return Texts{All: out}, e
		}}
	}
	kind, buffer := t.typ.Elem, g.take(&f.lists)
	return &code{finite: max(a.finite, b.finite), lists: func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.top
		la, ea := a.lists(x, sel)
		lb, eb := b.lists(x, sel)
		e, to := x.either(ea, eb), &x.lists[buffer]
		to.clear()
		to.bounds()
		for _, r := range x.valid(sel, e) {
			start := to.elements.size(kind)
			to.append(kind, &la.elements, la.From[r], la.To[r])
			to.append(kind, &lb.elements, lb.From[r], lb.To[r])
			to.add(kind, r, start)
		}
		x.top = top
		return to.lists(), e
	}}
}

// chosenLists is c ? a : b of lists.
func chosenLists(kind Kind, c condition, a, b listValues, buffer int) listValues {
	return func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.top
		yes, no, e := x.split(c, sel)
		to := &x.lists[buffer]
		to.clear()
		to.bounds()
		for i, of := range [...]listValues{a, b} {
			rows := [...][]uint16{yes, no}[i]
			if len(rows) == 0 {
				continue
			}
			l, failed := of(x, rows)
			for _, r := range x.valid(rows, failed) {
				start := to.elements.size(kind)
				to.append(kind, &l.elements, l.From[r], l.To[r])
				to.add(kind, r, start)
			}
			e = x.disjoint(e, failed)
		}
		x.top = top
		return to.lists(), e
	}
}

// keptLists are the values of a shared term: rows are added as they are asked
// for, and those there stay where they are.
func keptLists(kind Kind, slot int, v listValues, buffer int) listValues {
	return func(x *exec, sel []uint16) (Lists, []RowFault) {
		k, to, top := &x.kept[slot], &x.lists[buffer], x.top
		to.bounds()
		if !k.done.any {
			to.clear()
		}
		if rows := k.undone(sel, x.take(len(sel))); len(rows) > 0 {
			k.compute(x, rows, func(rows []uint16) []RowFault {
				l, e := v(x, rows)
				for _, r := range x.valid(rows, e) {
					start := to.elements.size(kind)
					to.append(kind, &l.elements, l.From[r], l.To[r])
					to.add(kind, r, start)
				}
				return e
			})
		}
		x.top = top
		return to.lists(), k.faultsOf(x, sel)
	}
}

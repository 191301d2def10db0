// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

func (g *generator) logical(t *term, depth int) *code {
	conditions := g.conditions(t, depth)
	if len(conditions) == 1 {
		return &code{cond: conditions[0]}
	}
	if t.op == opAnd {
		return &code{cond: conjunction(conditions)}
	}
	return &code{cond: disjunction(conditions)}
}

// conjunction is &&: each condition looks at the rows that none before found
// false, those with errors among them. A later false absorbs an error.
func conjunction(conditions []condition) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		var e []RowFault
		for _, c := range conditions {
			switch {
			case len(e) > 0:
				sel, e = x.andAfterFaults(c, sel, e, out)
			case len(sel) > 0:
				sel, e = c(x, sel, out)
			default:
				return out[:0], nil
			}
		}
		return sel, e
	}
}

// andAfterFaults narrows the rows that are true so far and the faults so far by
// one more condition. The rows are written to out, which may be sel.
func (x *exec) andAfterFaults(c condition, sel []uint16, e []RowFault, out []uint16) ([]uint16, []RowFault) {
	top := x.top
	defer func() { x.top = top }()
	faulty := rowsOf(e, x.take(len(e)))
	both := merge(sel, faulty, x.take(len(sel)+len(e)))
	t, next := c(x, both, x.take(len(both)))

	start, i := len(x.arena), 0
	n, ti, ni := 0, 0, 0
	for _, r := range both {
		isTrue := ti < len(t) && t[ti] == r
		if isTrue {
			ti++
		}
		fails := ni < len(next) && next[ni].Row == r
		var failure uint16
		if fails {
			failure = next[ni].ID
			ni++
		}
		if i < len(e) && e[i].Row == r { // failed before
			switch {
			case isTrue:
				x.arena = append(x.arena, e[i])
			case fails:
				x.arena = append(x.arena, RowFault{r, x.m.faults.first(e[i].ID, failure)})
			default:
				x.absorb(r)
			}
			i++
			continue
		}
		switch {
		case isTrue:
			out[n] = r
			n++
		case fails:
			x.arena = append(x.arena, RowFault{r, failure})
		}
	}
	return out[:n], x.arena[start:len(x.arena):len(x.arena)]
}

// disjunction is ||: each condition looks at the rows that none before found
// true, those with errors among them. A later true absorbs an error.
func disjunction(conditions []condition) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		defer func() { x.top = top }()
		rest := append(x.take(len(sel))[:0], sel...)
		found, other, one := x.take(len(sel))[:0], x.take(len(sel)), x.take(len(sel))
		var e []RowFault
		for _, c := range conditions {
			if len(rest) == 0 {
				break
			}
			t, next := c(x, rest, one[:len(rest)])
			if len(e) > 0 || len(next) > 0 {
				e = x.orFaults(e, t, next)
			}
			if len(t) == 0 {
				continue
			}
			found, other = merge(found, t, other[:len(sel)]), found[:cap(found)]
			rest = without(rest, t, rest)
		}
		return out[:copy(out[:len(found)], found)], e
	}
}

// orFaults are the faults after one more condition of a disjunction.
func (x *exec) orFaults(e []RowFault, t []uint16, next []RowFault) []RowFault {
	start := len(x.arena)
	i, j, ti := 0, 0, 0
	for i < len(e) || j < len(next) {
		switch {
		case i == len(e) || j < len(next) && next[j].Row < e[i].Row:
			x.arena = append(x.arena, next[j])
			j++
		case j < len(next) && next[j].Row == e[i].Row:
			x.arena = append(x.arena, RowFault{e[i].Row, x.m.faults.first(e[i].ID, next[j].ID)})
			i++
			j++
		default:
			for ti < len(t) && t[ti] < e[i].Row {
				ti++
			}
			if ti < len(t) && t[ti] == e[i].Row {
				x.absorb(e[i].Row)
			} else {
				x.arena = append(x.arena, e[i])
			}
			i++
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// not is !condition. Of computed values it is one pass.
func (g *generator) not(t *term, depth int) *code {
	a := g.code(t.args[0], depth)
	switch t.args[0].op {
	case opRead, opMember, opElement, opIndex, opCall:
		if !a.derived {
			return &code{cond: falseOnes(a.bools)}
		}
	}
	return &code{cond: negation(a.cond)}
}

func falseOnes(v values[bool]) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		b, e := v(x, sel)
		return withoutFaults(out[:areFalse(b, sel, out)], e), e
	}
}

func negation(c condition) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		t, e := c(x, sel, x.take(len(sel)))
		out = without(sel, t, out)
		x.top = top
		return withoutFaults(out, e), e
	}
}

// split gives the rows where a condition is true, those where it is false, and
// the faults. The rows are borrowed from the stack.
func (x *exec) split(c condition, sel []uint16) (yes, no []uint16, e []RowFault) {
	yes, e = c(x, sel, x.take(len(sel)))
	no = withoutFaults(without(sel, yes, x.take(len(sel))), e)
	return yes, no, e
}

// conditional is c ? a : b. The branches are disjoint, so each row is computed
// once, and an error of the branch not taken is never met.
func (g *generator) conditional(t *term, depth int) *code {
	c, a, b := g.code(t.args[0], depth), g.code(t.args[1], depth), g.code(t.args[2], depth)
	f := g.frame(depth)
	out := &code{scratch: true, finite: max(a.finite, b.finite)}
	switch t.typ.Kind {
	case Bool:
		out.cond = chosenRows(c.cond, a.cond, b.cond)
	case Int, Duration:
		out.ints = chosen(c.cond, a.ints, b.ints, intBuffer(g.take(&f.ints)))
	case Double:
		out.floats = chosen(c.cond, a.floats, b.floats, floatBuffer(g.take(&f.floats)))
	case Timestamp:
		out.times = chosen(c.cond, a.times, b.times, timeBuffer(g.take(&f.times)))
	case String:
		out.texts = chosenTexts(c.cond, a.texts, b.texts, g.take(&f.texts))
	case List:
		out.lists = chosenLists(t.typ.Elem, c.cond, a.lists, b.lists, g.take(&f.lists))
	}
	return out
}

func boolBuffer(i int) func(*exec) []bool     { return func(x *exec) []bool { return x.bools[i] } }
func intBuffer(i int) func(*exec) []int64     { return func(x *exec) []int64 { return x.ints[i] } }
func floatBuffer(i int) func(*exec) []float64 { return func(x *exec) []float64 { return x.floats[i] } }
func timeBuffer(i int) func(*exec) []Instant  { return func(x *exec) []Instant { return x.times[i] } }

func chosen[T any](c condition, a, b values[T], buffer func(*exec) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		top := x.top
		yes, no, e := x.split(c, sel)
		out := buffer(x)
		for _, branch := range [...]struct {
			v   values[T]
			sel []uint16
		}{{a, yes}, {b, no}} {
			if len(branch.sel) == 0 {
				continue
			}
			v, failed := branch.v(x, branch.sel)
			for _, r := range branch.sel {
				out[r] = v[r]
			}
			e = x.disjoint(e, failed)
		}
		x.top = top
		return out, e
	}
}

// spell writes strings out.
func spell(v textValues, buffer int) values[string] {
	return func(x *exec, sel []uint16) ([]string, []RowFault) {
		t, e := v(x, sel)
		if t.Codes == nil {
			return t.All, e
		}
		top := x.top
		out := x.texts[buffer]
		for _, r := range x.valid(sel, e) {
			out[r] = t.At(r)
		}
		x.top = top
		return out, e
	}
}

func chosenTexts(c condition, a, b textValues, buffer int) textValues {
	all := chosen(c, spell(a, buffer), spell(b, buffer), func(x *exec) []string { return x.texts[buffer] })
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		v, e := all(x, sel)
		return Texts{All: v}, e
	}
}

func chosenRows(c, a, b condition) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		defer func() { x.top = top }()
		yes, no, e := x.split(c, sel)
		yes, e1 := a(x, yes, yes)
		no, e2 := b(x, no, no)
		return merge(yes, no, out), x.disjoint(e, x.disjoint(e1, e2))
	}
}

// guard is a condition that is looked at where values have no fault.
func (g *generator) guard(t *term, depth int) *code {
	last := len(t.args) - 1
	faults := make([]func(x *exec, sel []uint16) []RowFault, last)
	for i, a := range t.args[:last] {
		faults[i] = faultsOf(a.typ.Kind, g.code(a, depth))
	}
	c := g.code(t.args[last], depth).cond
	return &code{cond: func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		var e []RowFault
		for _, of := range faults {
			failed := of(x, sel)
			if len(failed) == 0 {
				continue
			}
			e = x.disjoint(e, failed)
			sel = withoutFaults(append(x.take(len(sel))[:0], sel...), failed)
		}
		t, failed := c(x, sel, out)
		x.top = top
		return t, x.disjoint(e, failed)
	}}
}

// faultsOf evaluates a code for its faults alone.
func faultsOf(kind Kind, c *code) func(x *exec, sel []uint16) []RowFault {
	return func(x *exec, sel []uint16) (e []RowFault) {
		switch kind {
		case Bool:
			_, e = c.bools(x, sel)
		case Int, Duration:
			_, e = c.ints(x, sel)
		case Double:
			_, e = c.floats(x, sel)
		case String:
			_, e = c.texts(x, sel)
		case Timestamp:
			_, e = c.times(x, sel)
		default:
			_, e = c.lists(x, sel)
		}
		return e
	}
}

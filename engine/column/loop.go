// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// A macro is evaluated in a frame of its own: the elements of many rows' lists,
// one after another, are the rows of a batch, and the macro's condition is
// evaluated for all of them at once. Errors count as CEL has it: those of the
// elements that it would look at.

// loop is the code of a macro that gives a Bool.
func (g *generator) loop(t *term, depth int) *code {
	g.frame(t.loop.depth)
	from, body := g.code(t.args[0], depth).lists, g.code(t.args[1], t.loop.depth).cond
	switch t.loop.kind {
	case loopExists:
		return &code{cond: anyElement(from, body, true)}
	default: // loopAll
		return &code{cond: anyElement(from, body, false)}
	}
}

// element is the loop's variable.
func (g *generator) element(t *term, depth int) *code {
	f := g.frame(depth)
	switch t.typ.Kind {
	case Bool:
		return &code{bools: ofElement(boolBuffer(g.take(&f.bools)), func(l *elements) []bool { return l.Bools })}
	case Int, Duration:
		return &code{ints: ofElement(intBuffer(g.take(&f.ints)), func(l *elements) []int64 { return l.Ints })}
	case Double:
		return &code{floats: ofElement(floatBuffer(g.take(&f.floats)), func(l *elements) []float64 { return l.Floats }), finite: maybeNaN}
	case Timestamp:
		buffer := timeBuffer(g.take(&f.times))
		times := ofElement(buffer, func(l *elements) []Instant { return l.Times })
		return &code{times: func(x *exec, sel []uint16) ([]Instant, []RowFault) {
			if !x.elements.Days {
				return times(x, sel)
			}
			b := buffer(x)
			for _, r := range sel {
				b[r] = Instant{Seconds: x.elements.Ints[x.at[r]] * 86400}
			}
			return b, nil
		}}
	}
	return &code{texts: elementTexts(g.take(&f.texts))}
}

func ofElement[T any](buffer func(*exec) []T, of func(*elements) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		all, b := of(&x.elements), buffer(x)
		for _, r := range sel {
			b[r] = all[x.at[r]]
		}
		return b, nil
	}
}

func elementTexts(buffer int) textValues {
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		t := &x.elements.Texts
		if t.Codes != nil {
			codes := x.codes
			for _, r := range sel {
				codes[r] = t.Codes[x.at[r]]
			}
			return Texts{Codes: codes, Dict: t.Dict}, nil
		}
		b := x.texts[buffer]
		for _, r := range sel {
			b[r] = t.All[x.at[r]]
		}
		return Texts{All: b}, nil
	}
}

// enter makes the next elements of the lists in rows sel[from:] the batch of the
// loop's frame, beginning with the element skip of the first row. It returns
// where to go on.
func (x *exec) enter(l *Lists, sel []uint16, from int, skip uint32) (y *exec, row int, next uint32) {
	y = x.inner
	if y.at == nil {
		y.at, y.of, y.codes = make([]uint32, Rows), make([]uint16, Rows), make([]uint32, Rows)
	}
	n := 0
	for from < len(sel) {
		r := sel[from]
		begin, end := l.From[r]+skip, l.To[r]
		some := min(end-begin, uint32(Rows-n))
		for i := range some {
			y.at[n] = begin + i
			y.of[n] = r
			n++
		}
		if begin+some < end {
			skip += some
			break
		}
		skip = 0
		from++
	}
	y.elements = l.elements
	y.begin(0, n)
	return y, from, skip
}

// anyElement is exists, for want = true, and all, for want = false: whether the
// condition holds for some element, or for every one. The first element that
// decides ends the matter; an error before it is absorbed.
func anyElement(from listValues, body condition, want bool) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		defer func() { x.top = top }()
		l, e := from(x, sel)
		rows := withoutFaults(append(x.take(len(sel))[:0], sel...), e)
		decided := x.take(len(rows))[:0]
		var failed []RowFault // in order of row, at most one each
		for row, skip := 0, uint32(0); row < len(rows); {
			var y *exec
			y, row, skip = x.enter(&l, rows, row, skip)
			t, inner := body(y, identity[:y.n], y.take(y.n))
			if !want {
				t = withoutFaults(without(identity[:y.n], t, y.take(y.n)), inner)
			}
			decided = decide(decided, t, y)
			failed = x.fail(failed, inner, y)
		}
		// An element of a later batch may have decided after an error.
		failed = x.undecided(failed, decided)
		e = x.disjoint(e, failed)
		if want {
			return out[:copy(out[:len(decided)], decided)], e
		}
		return withoutFaults(without(rows, decided, out), failed), e
	}
}

// decide adds the rows whose elements are in t.
func decide(decided, t []uint16, y *exec) []uint16 {
	for _, k := range t {
		if r := y.of[k]; len(decided) == 0 || decided[len(decided)-1] != r {
			decided = append(decided, r)
		}
	}
	return decided
}

// fail adds the faults of elements to those of their rows: the first decides,
// and what was missed by the others counts too, up to the element that decides.
func (x *exec) fail(failed []RowFault, inner []RowFault, y *exec) []RowFault {
	if len(inner) == 0 {
		return failed
	}
	for _, f := range inner {
		r := y.of[f.Row]
		if n := len(failed); n > 0 && failed[n-1].Row == r {
			failed[n-1].ID = x.m.faults.first(failed[n-1].ID, f.ID)
			continue
		}
		failed = append(failed, RowFault{r, f.ID})
	}
	return failed
}

// undecided removes the faults of rows that were decided all the same.
func (x *exec) undecided(failed []RowFault, decided []uint16) []RowFault {
	if len(failed) == 0 {
		return nil
	}
	n, d := 0, 0
	for _, f := range failed {
		for d < len(decided) && decided[d] < f.Row {
			d++
		}
		if d < len(decided) && decided[d] == f.Row {
			x.absorb(f.Row)
			continue
		}
		failed[n] = f
		n++
	}
	return failed[:n]
}

// lifted is the code of a term of a frame around, read in a loop: its value for
// the row that each element belongs to.
func (g *generator) lifted(t *term, depth int) *code {
	c := g.code(t, depth-1)
	f := g.frame(depth)
	switch t.typ.Kind {
	case Bool:
		return &code{bools: lift(c.bools, boolBuffer(g.take(&f.bools)))}
	case Int, Duration:
		return &code{ints: lift(c.ints, intBuffer(g.take(&f.ints)))}
	case Double:
		return &code{floats: lift(c.floats, floatBuffer(g.take(&f.floats))), finite: c.finite}
	case Timestamp:
		return &code{times: lift(c.times, timeBuffer(g.take(&f.times)))}
	case String:
		spelt := g.take(&g.frame(depth - 1).texts)
		buffer := g.take(&f.texts)
		all := lift(spell(c.texts, spelt), func(x *exec) []string { return x.texts[buffer] })
		return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
			v, e := all(x, sel)
			return Texts{All: v}, e
		}}
	}
	return &code{lists: liftLists(c.lists, g.take(&f.lists))}
}

// outer are the rows around that the elements in sel belong to, each once.
func (x *exec) outer(sel []uint16) []uint16 {
	rows := x.around.take(len(sel))[:0]
	for _, k := range sel {
		if r := x.of[k]; len(rows) == 0 || rows[len(rows)-1] != r {
			rows = append(rows, r)
		}
	}
	return rows
}

func lift[T any](v values[T], buffer func(*exec) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		top := x.around.top
		around, e := v(x.around, x.outer(sel))
		b := buffer(x)
		for _, k := range sel {
			b[k] = around[x.of[k]]
		}
		x.around.top = top
		return b, x.liftFaults(e, sel)
	}
}

// liftFaults are the faults of the elements whose rows around have faults.
func (x *exec) liftFaults(e []RowFault, sel []uint16) []RowFault {
	if len(e) == 0 {
		return nil
	}
	start, p := len(x.arena), 0
	for _, k := range sel {
		for p < len(e) && e[p].Row < x.of[k] {
			p++
		}
		if p == len(e) {
			break
		}
		if e[p].Row == x.of[k] {
			x.arena = append(x.arena, RowFault{k, e[p].ID})
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

func liftLists(v listValues, buffer int) listValues {
	return func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.around.top
		l, e := v(x.around, x.outer(sel))
		from, to := x.lists[buffer].bounds()
		for _, k := range sel {
			from[k], to[k] = l.From[x.of[k]], l.To[x.of[k]]
		}
		x.around.top = top
		l.From, l.To = from, to
		return l, x.liftFaults(e, sel)
	}
}

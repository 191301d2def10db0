// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// A macro is evaluated in a frame of its own: the elements of many rows' lists,
// one after another, are the rows of a batch, and the macro's condition is
// evaluated for all of them at once. Errors count as CEL has it: those of the
// elements that it would look at.

// loop is the code of a macro.
func (g *generator) loop(t *term, depth int) *code {
	from := g.code(t.args[0], depth)
	if c := g.fused(t, from, depth); c != nil {
		return c
	}
	var cond condition
	var body *code
	child := g.within(depth, func() {
		if t.kind != loopMap {
			cond = g.code(t.args[1], depth+1).cond
		}
		if t.kind == loopMap || t.kind == loopMapIf {
			body = g.code(t.args[len(t.args)-1], depth+1)
		}
	})
	f := g.frame(depth)
	switch t.kind {
	case loopExists:
		return &code{cond: anyElement(from.lists, child, cond, true)}
	case loopAll:
		return &code{cond: anyElement(from.lists, child, cond, false)}
	case loopExistsOne:
		return &code{cond: oneElement(from.lists, child, cond, g.take(&f.ints))}
	case loopFilter:
		return &code{lists: gathered(from.lists, child, cond, sameElement(t.typ.Elem), g.take(&f.lists)), finite: from.finite}
	}
	return &code{lists: gathered(from.lists, child, cond, bodyElement(t.typ.Elem, body), g.take(&f.lists)), finite: body.finite}
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
		return &code{floats: ofElement(floatBuffer(g.take(&f.floats)), func(l *elements) []float64 { return l.Floats }), finite: finiteElement(t)}
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

func finiteElement(t *term) finiteness {
	if t.finite {
		return finite
	}
	return maybeNaN
}

// eachBatch makes the elements of the lists in rows, batch after batch, the rows
// of a loop's frame.
func (x *exec) eachBatch(child int, l *Lists, rows []uint16, do func(y *exec, all []uint16)) {
	for row, skip := 0, uint32(0); row < len(rows); {
		var y *exec
		y, row, skip = x.enter(child, l, rows, row, skip)
		if y.n > 0 {
			do(y, identity[:y.n])
		}
	}
}

// enter makes the next elements of the lists in rows sel[from:] the batch of the
// loop's frame, beginning with the element skip of the first row. It returns
// where to go on.
func (x *exec) enter(child int, l *Lists, sel []uint16, from int, skip uint32) (y *exec, row int, next uint32) {
	y = x.inner[child]
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
func anyElement(from listValues, child int, body condition, want bool) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		defer func() { x.top = top }()
		l, e := from(x, sel)
		rows := withoutFaults(append(x.take(len(sel))[:0], sel...), e)
		decided := x.take(len(rows))[:0]
		var failed []RowFault // in order of row, at most one each
		x.eachBatch(child, &l, rows, func(y *exec, all []uint16) {
			t, inner := body(y, all, y.take(y.n))
			if !want {
				t = withoutFaults(without(all, t, y.take(y.n)), inner)
			}
			decided = decide(decided, t, y)
			for _, f := range inner {
				failed = x.meet(failed, RowFault{y.of[f.Row], f.ID})
			}
		})
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

// meet adds a fault that does not end an evaluation: the first decides, and what
// was missed by the others counts too.
func (x *exec) meet(failed []RowFault, f RowFault) []RowFault {
	if last := lastOf(failed, f.Row); last != nil {
		last.ID = x.m.faults.first(last.ID, f.ID)
		return failed
	}
	return append(failed, f)
}

// replace adds a fault that takes the place of one before: in CEL the condition
// of exists_one and filter is evaluated after an error too, and its next error
// is the outcome.
func (x *exec) replace(failed []RowFault, f RowFault) []RowFault {
	if last := lastOf(failed, f.Row); last != nil {
		last.ID = x.m.faults.first(f.ID, last.ID)
		return failed
	}
	return append(failed, f)
}

func lastOf(failed []RowFault, row uint16) *RowFault {
	if n := len(failed); n > 0 && failed[n-1].Row == row {
		return &failed[n-1]
	}
	return nil
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

// oneElement is exists_one.
func oneElement(from listValues, child int, body condition, buffer int) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		defer func() { x.top = top }()
		l, e := from(x, sel)
		rows := withoutFaults(append(x.take(len(sel))[:0], sel...), e)
		count := x.ints[buffer]
		for _, r := range rows {
			count[r] = 0
		}
		var failed []RowFault
		x.eachBatch(child, &l, rows, func(y *exec, all []uint16) {
			t, inner := body(y, all, y.take(y.n))
			for _, k := range t {
				count[y.of[k]]++
			}
			for _, f := range inner {
				failed = x.replace(failed, RowFault{y.of[f.Row], f.ID})
			}
		})
		n := 0
		for _, r := range rows {
			out[n] = r
			n += number(count[r] == 1)
		}
		return withoutFaults(out[:n], failed), x.disjoint(e, failed)
	}
}

// gathered is the list that map and filter make: of the elements where cond
// holds, or of all without it, what push appends.
func gathered(from listValues, child int, cond condition, push pusher, buffer int) listValues {
	return func(x *exec, sel []uint16) (Lists, []RowFault) {
		top := x.top
		l, e := from(x, sel)
		rows := withoutFaults(append(x.take(len(sel))[:0], sel...), e)
		b := &x.lists[buffer]
		b.clear()
		first, count := b.bounds()
		for _, r := range rows {
			count[r] = 0
		}
		var failed []RowFault
		x.eachBatch(child, &l, rows, func(y *exec, all []uint16) {
			var unmet, unmade []RowFault
			if cond != nil {
				all, unmet = cond(y, all, y.take(y.n))
			}
			all, unmade = push(y, all, b)
			for _, k := range all {
				count[y.of[k]]++
			}
			failed = x.failGathering(failed, unmet, unmade, y)
		})
		// The counts become bounds: elements were appended row by row.
		at := uint32(0)
		for _, r := range rows {
			first[r] = at
			at += count[r]
			count[r] = at
		}
		x.top = top
		return Lists{From: first, To: count, elements: b.elements}, x.disjoint(e, failed)
	}
}

// failGathering adds the faults of conditions and of bodies, which have no
// element in common. A body is not evaluated after an error.
func (x *exec) failGathering(failed, unmet, unmade []RowFault, y *exec) []RowFault {
	for len(unmet) > 0 || len(unmade) > 0 {
		if len(unmade) == 0 || len(unmet) > 0 && unmet[0].Row < unmade[0].Row {
			failed = x.replace(failed, RowFault{y.of[unmet[0].Row], unmet[0].ID})
			unmet = unmet[1:]
			continue
		}
		if r := y.of[unmade[0].Row]; lastOf(failed, r) == nil {
			failed = append(failed, RowFault{r, unmade[0].ID})
		}
		unmade = unmade[1:]
	}
	return failed
}

// pusher appends, for each element in sel, one to a list. It returns those that
// have a value.
type pusher func(y *exec, sel []uint16, b *listBuffer) ([]uint16, []RowFault)

// sameElement appends the loop's own elements.
func sameElement(kind Kind) pusher {
	return func(y *exec, sel []uint16, b *listBuffer) ([]uint16, []RowFault) {
		for _, k := range sel {
			b.append(kind, &y.elements, y.at[k], y.at[k]+1)
		}
		return sel, nil
	}
}

// bodyElement appends the values of a loop's body.
func bodyElement(kind Kind, body *code) pusher {
	return func(y *exec, sel []uint16, b *listBuffer) ([]uint16, []RowFault) {
		if len(sel) == 0 {
			return sel, nil
		}
		var e []RowFault
		l := &b.elements
		switch kind {
		case Bool:
			l.Bools, sel, e = push(y, sel, body.bools, l.Bools)
		case Int, Duration:
			l.Ints, sel, e = push(y, sel, body.ints, l.Ints)
		case Double:
			l.Floats, sel, e = push(y, sel, body.floats, l.Floats)
		case Timestamp:
			l.Times, sel, e = push(y, sel, body.times, l.Times)
		default:
			var t Texts
			t, e = body.texts(y, sel)
			sel = y.valid(sel, e)
			b.begin(&t)
			for _, k := range sel {
				b.appendText(&t, uint32(k))
			}
		}
		return sel, e
	}
}

func push[T any](y *exec, sel []uint16, body values[T], to []T) ([]T, []uint16, []RowFault) {
	v, e := body(y, sel)
	sel = y.valid(sel, e)
	for _, k := range sel {
		to = append(to, v[k])
	}
	return to, sel, e
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
		return &code{texts: liftTexts(c.texts, g.take(&f.texts), g.take(&f.codes))}
	}
	return &code{lists: liftLists(c.lists, g.take(&f.lists)), finite: c.finite}
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

func liftTexts(v textValues, texts, codes int) textValues {
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		top := x.around.top
		around, e := v(x.around, x.outer(sel))
		lifted := Texts{Dict: around.Dict}
		if around.Codes != nil {
			lifted.Codes = x.coded[codes]
			for _, k := range sel {
				lifted.Codes[k] = around.Codes[x.of[k]]
			}
		} else {
			lifted.All = x.texts[texts]
			for _, k := range sel {
				lifted.All[k] = around.All[x.of[k]]
			}
		}
		x.around.top = top
		return lifted, x.liftFaults(e, sel)
	}
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

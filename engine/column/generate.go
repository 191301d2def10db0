// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// The closures of a code. Each evaluates one term for the rows of sel. Values
// stand at the row's place in the slice; other places hold anything. A value
// slice is valid until the same closure is called again for the same batch with
// other rows, or the next batch begins.
type (
	// condition writes the rows where it is true to out, which may be sel.
	condition     func(x *exec, sel, out []uint16) ([]uint16, []RowFault)
	values[T any] func(x *exec, sel []uint16) ([]T, []RowFault)
	textValues    func(x *exec, sel []uint16) (Texts, []RowFault)
	listValues    func(x *exec, sel []uint16) (Lists, []RowFault)
)

// code is a term's closures: the one of its kind and, for Bool, both forms.
type code struct {
	cond   condition
	bools  values[bool]
	ints   values[int64]
	floats values[float64]
	texts  textValues
	times  values[Instant]
	lists  listValues

	// scratch: the values lie in a buffer that the reader may write to.
	scratch bool
	// derived: bools are computed from cond.
	derived bool
	finite  finiteness
}

// finiteness says what a double may be.
type finiteness uint8

const (
	finite   finiteness = iota
	maybeInf            // finite or infinite
	maybeNaN            // anything
)

// frame counts the buffers of the closures that are evaluated in one frame: the
// students', or that of a loop's elements. A loop's frame is a child of the
// frame that the loop is evaluated in.
type frame struct {
	bools, ints, floats, texts, codes, times, lists, kept counter

	children []*frame
	// passing are the children that one expression after another uses anew, by
	// how many of them are in use when a loop begins. The others belong to shared
	// terms.
	passing []int
	active  int
}

// child is a frame for a loop evaluated in f.
func (f *frame) child(own bool) int {
	if !own && f.active < len(f.passing) {
		return f.passing[f.active]
	}
	f.children = append(f.children, &frame{})
	n := len(f.children) - 1
	if !own {
		f.passing = append(f.passing, n)
	}
	return n
}

// reset makes the buffers that are used in passing free for another expression.
func (f *frame) reset() {
	for _, c := range []*counter{&f.bools, &f.ints, &f.floats, &f.texts, &f.codes, &f.times, &f.lists, &f.kept} {
		c.passing = 0
	}
	for _, c := range f.children {
		c.reset()
	}
}

// counter numbers buffers of one kind. Those of a shared term are its own as
// long as the batch lasts, and have odd numbers; the others, with even numbers,
// are used anew by the next expression.
type counter struct{ own, passing, most int }

func (c *counter) take(own bool) int {
	if own {
		c.own++
		return 2*c.own - 1
	}
	c.passing++
	c.most = max(c.most, c.passing)
	return 2*c.passing - 2
}

func (f *frame) exec(m *Machine) *exec {
	x := &exec{
		m: m, bools: buffers[bool](f.bools), ints: buffers[int64](f.ints), floats: buffers[float64](f.floats), texts: buffers[string](f.texts),
		coded: buffers[uint32](f.codes), times: buffers[Instant](f.times), lists: make([]listBuffer, f.lists.room()), kept: make([]kept, f.kept.room()),
		stack: make([]uint16, 16*Rows),
	}
	for _, child := range f.children {
		y := child.exec(m)
		y.around = x
		y.at, y.of, y.codes = make([]uint32, Rows), make([]uint16, Rows), make([]uint32, Rows)
		x.inner = append(x.inner, y)
	}
	return x
}

func (c *counter) room() int { return 2 * max(c.own, c.most) }

func buffers[T any](c counter) [][]T {
	all := make([][]T, c.room())
	for i := range c.own {
		all[2*i+1] = make([]T, Rows)
	}
	for i := range c.most {
		all[2*i] = make([]T, Rows)
	}
	return all
}

type generator struct {
	inputs         []Input
	strictDivision bool
	codes          map[*term]*code // of shared terms
	owning         int             // in how many shared terms we are
	path           []*frame        // the frames that we are in, from the students' on
	memos          int
}

func (g *generator) frame(depth int) *frame { return g.path[depth] }

// within generates code in a new frame below that of a depth, and gives the
// frame's number there.
func (g *generator) within(depth int, generate func()) (child int) {
	f, path := g.path[depth], g.path
	own := g.owning > 0
	child = f.child(own)
	if !own {
		f.active++
		defer func() { f.active-- }()
	}
	g.path = append(path[:depth+1:depth+1], f.children[child])
	generate()
	g.path = path
	return child
}

// memo is what a closure keeps between batches until columns are bound anew.
type memo struct {
	ready  bool
	dict   []string
	table  []uint8
	values any
}

func (g *generator) memo() int {
	g.memos++
	return g.memos - 1
}

// expression is the code of a whole expression.
func (g *generator) expression(t *term) *code {
	g.path[0].reset()
	return g.code(t, 0)
}

// code is the code of a term, as read in the frame of a depth. Each reader gets
// code of its own, with buffers of its own, but for shared terms.
func (g *generator) code(t *term, depth int) *code {
	if t.depth < depth && !t.constant() {
		c := g.lifted(t, depth)
		g.complete(t, c, depth)
		return c
	}
	if !t.shared() {
		c := g.generate(t, depth)
		g.complete(t, c, depth)
		return c
	}
	c, known := g.codes[t]
	if !known {
		g.owning++
		c = g.generate(t, depth)
		g.complete(t, c, depth)
		c = g.keep(t, c)
		g.complete(t, c, depth)
		g.owning--
		g.codes[t] = c
	}
	return c
}

func (g *generator) take(c *counter) int { return c.take(g.owning > 0) }

// complete gives a Bool both of its forms.
func (g *generator) complete(t *term, c *code, depth int) {
	if t.typ.Kind != Bool {
		return
	}
	switch {
	case c.cond == nil:
		c.cond = trueOnes(c.bools)
	case c.bools == nil:
		c.derived = true
		c.bools = spreadOut(c.cond, g.take(&g.frame(depth).bools))
	}
}

func (g *generator) generate(t *term, depth int) *code {
	switch t.op {
	case opConst:
		return g.constant(t, depth)
	case opRead:
		return g.read(t, depth)
	case opHas, opHasKey:
		return g.has(t)
	case opMember:
		return g.member(t, depth)
	case opElement:
		return g.element(t, depth)
	case opAnd, opOr:
		return g.logical(t, depth)
	case opGuard:
		return g.guard(t, depth)
	case opNot:
		return g.not(t, depth)
	case opIf:
		return g.conditional(t, depth)
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		return g.comparison(t, depth)
	case opAdd, opSubtract, opMultiply, opDivide, opModulo, opNegate:
		if t.typ.Kind == String || t.typ.Kind == List {
			return g.join(t, depth)
		}
		return g.arithmetic(t, depth)
	case opIndex:
		return g.index(t, depth)
	case opIn:
		return g.in(t, depth)
	case opList:
		return g.list(t, depth)
	case opSize:
		return g.size(t, depth)
	case opLoop:
		return g.loop(t, depth)
	}
	return g.call(t, depth)
}

// trueOnes is a condition that has been computed.
func trueOnes(v values[bool]) condition {
	return func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		b, e := v(x, sel)
		return withoutFaults(out[:areTrue(b, sel, out)], e), e
	}
}

// areTrue and areFalse are functions of their own, as the compiler makes calls
// of number in closures.
func areTrue(b []bool, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += number(b[r])
	}
	return n
}

func areFalse(b []bool, sel, out []uint16) (n int) {
	for _, r := range sel {
		out[n] = r
		n += 1 - number(b[r])
	}
	return n
}

// spreadOut is a condition's values by row.
func spreadOut(c condition, buffer int) values[bool] {
	return func(x *exec, sel []uint16) ([]bool, []RowFault) {
		top := x.top
		t, e := c(x, sel, x.take(len(sel)))
		b := x.bools[buffer]
		for _, r := range sel {
			b[r] = false
		}
		for _, r := range t {
			b[r] = true
		}
		x.top = top
		return b, e
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Dispatch says which of many conditions can hold for a row, from the values of
// a few keys: terms that many of the conditions compare with constants. Each key
// divides its values into classes that no condition tells apart, and each class
// has a bitmap of the conditions that it leaves possible; a row's conditions are
// the intersection of its classes' bitmaps. This is the bit vector scheme of
// packet classification (Lakshman and Stiliadis, SIGCOMM 1998), with a bitmap of
// the words that are not empty on top (Baboescu and Varghese, SIGCOMM 2001).
//
// A row whose key has no value may meet every condition, as far as that key
// goes.
type Dispatch struct {
	keys   []*key
	groups []group
	words  int
	// routed are the conditions that have a bit, in order, and bit their bits, -1
	// for the others.
	routed []int
	bit    []int
	rests  []*Expression
}

// mostKeys is how many keys a dispatch may have.
const mostKeys = 4

// maxRouted is how many conditions can have a bit: one word of words.
const maxRouted = 64 * 64

// key is a term that rows are dispatched on.
type key struct {
	term  *term
	code  *code
	scale *scale
	// bounds divide the places of values; classes has the class of each part.
	// The class after the last is that of rows without a value.
	bounds  []int64
	classes []uint16
	unknown uint16
	masks   []uint64 // by class, so many words each
	filled  []uint64 // by class: which of these words are not 0
	// dense has the classes of the places from low on, of a key with few.
	low   int64
	dense []uint16
}

// group is keys whose classes are looked up together: one after another in
// Dispatch.keys.
type group struct {
	first, n int
	masks    []uint64 // by the keys' classes, so many words each
	filled   []uint64 // by the keys' classes: which of these words are not 0
}

// Dispatch looks for keys of conditions among the program's expressions. It is
// nil where looking at every condition is as good.
func (c *Compiler) Dispatch(conditions []*Expression) *Dispatch {
	const few = 16
	if len(conditions) < few {
		return nil
	}
	conjuncts := make([][]*term, len(conditions))
	for i, e := range conditions {
		conjuncts[i] = e.conjuncts()
	}
	p := &planning{conjuncts: conjuncts, demands: newDemands(slices.Concat(conjuncts...)), sets: map[*term]map[int]set{}}
	chosen := p.choose()
	if len(chosen) == 0 {
		return nil
	}
	d := p.dispatch(chosen)
	if len(d.routed) < few || len(d.routed) > maxRouted {
		return nil
	}
	for i, e := range conditions {
		d.rests = append(d.rests, c.rest(d, e, conjuncts[i], p))
	}
	c.dispatches = append(c.dispatches, d)
	return d
}

// conjuncts are the terms of which each must hold. Of a foreign condition, they
// are those that columns can evaluate.
func (e *Expression) conjuncts() []*term {
	switch {
	case e.root == nil:
		return e.needed
	case e.root.op == opAnd:
		return e.root.args
	}
	return []*term{e.root}
}

// neededOf lowers those operands of && that columns can evaluate, where they
// cannot evaluate the whole.
func (l *tree) neededOf(e ast.Expr) []*term {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		args := e.AsCall().Args()
		return append(l.neededOf(args[0]), l.neededOf(args[1])...)
	}
	t, err := l.lower(e, nil)
	if err != nil || t.op == opAnd || t.depth > 0 {
		return nil
	}
	return []*term{t}
}

// rest is what of a condition is left to look at where all keys have values:
// nil if nothing is.
func (c *Compiler) rest(d *Dispatch, e *Expression, conjuncts []*term, p *planning) *Expression {
	if e.root == nil {
		return e
	}
	var left []*term
	for _, t := range conjuncts {
		if demand := p.demands.of(t); !demand.exact || slices.ContainsFunc(demand.of, func(r restriction) bool { return !d.on(r.key) }) {
			left = append(left, t)
		}
	}
	switch {
	case len(left) == len(conjuncts):
		return e
	case len(left) == 0:
		return nil
	case len(left) == 1:
		return &Expression{root: left[0], typ: e.typ}
	}
	return &Expression{root: c.intern(term{op: opAnd, typ: e.typ, args: left, id: e.root.id}), typ: e.typ}
}

// on reports whether a term is a key.
func (d *Dispatch) on(t *term) bool {
	return slices.ContainsFunc(d.keys, func(k *key) bool { return k.term == t })
}

// generate makes the code that a dispatch needs beside that of the expressions.
func (d *Dispatch) generate(g *generator) {
	for _, k := range d.keys {
		k.code = g.expression(k.term)
	}
	for _, e := range d.rests {
		if e != nil && e.root != nil && e.code == nil {
			e.code = g.expression(e.root)
		}
	}
}

// Routed reports whether the i-th condition is dispatched on keys. The others
// may hold for any row.
func (d *Dispatch) Routed(i int) bool { return d.bit[i] >= 0 }

// Rest is what of the i-th condition is left to look at for the rows that
// Router.Rows gives first: nil if nothing is. It is the condition itself if that
// is foreign.
func (d *Dispatch) Rest(i int) *Expression { return d.rests[i] }

// planning chooses keys.
type planning struct {
	conjuncts [][]*term
	demands   *demands
	keys      []*term               // in the order of their first condition
	sets      map[*term]map[int]set // by key, of the conditions that restrict it
	planned   map[*term]*plannedKey
}

// plannedKey is a key and how well it divides.
type plannedKey struct {
	*key
	share []float64 // by condition: the share of the classes that leave it possible
}

// What dispatching is reckoned to take, in nanoseconds: for finding a row's
// class, for each operation that gives its value, for each condition that is left possible for a row, for turning to a
// condition in a batch, and for looking at a row in vain.
const (
	costOfKey       = 6.0
	costOfTerm      = 2.0
	costOfCandidate = 5.0
	costOfTurning   = 150.0
	costOfLooking   = 2.5
)

// choose picks keys one after another, as long as the next one pays.
func (p *planning) choose() []*plannedKey {
	p.gather()
	share := slices.Repeat([]float64{1}, len(p.conjuncts))
	var chosen []*plannedKey
	best := p.cost(share, 0)
	for len(chosen) < mostKeys {
		var next *plannedKey
		for _, t := range p.keys {
			k := p.plan(t)
			if k == nil || slices.Contains(chosen, k) {
				continue
			}
			if cost := p.cost(product(share, k.share), len(chosen)+1) + costOfTerm*float64(t.size()-1); cost < 0.95*best {
				next, best = k, cost
			}
		}
		if next == nil {
			return chosen
		}
		chosen = append(chosen, next)
		share = product(share, next.share)
	}
	return chosen
}

func (p *planning) gather() {
	for i, conjuncts := range p.conjuncts {
		for _, t := range conjuncts {
			for _, r := range p.demands.of(t).of {
				of := p.sets[r.key]
				if of == nil {
					of = map[int]set{}
					p.sets[r.key] = of
					p.keys = append(p.keys, r.key)
				}
				if s, known := of[i]; known {
					r.set = combine(s, r.set, true)
				}
				of[i] = r.set
			}
		}
	}
}

func product(a, b []float64) []float64 {
	c := slices.Clone(a)
	for i := range c {
		c[i] *= b[i]
	}
	return c
}

// cost is about how many nanoseconds a row takes if each condition is left
// possible for its share of the rows. Those that are for most are looked at for
// all.
func (p *planning) cost(share []float64, keys int) float64 {
	total := costOfKey * float64(keys)
	for _, s := range share {
		if s > mostly || keys == 0 {
			total += costOfTurning/Rows + costOfLooking
			continue
		}
		total += s*costOfCandidate + min(1, s*Rows)*costOfTurning/Rows
	}
	return total
}

// mostly is the share of the rows from which on a condition is looked at for
// all.
const mostly = 0.5

// size is about how many operations a term takes.
func (t *term) size() int {
	n := 1
	for _, a := range t.args {
		n += a.size()
	}
	if t.op == opLoop {
		n *= 4
	}
	return n
}

// plan makes a key of a term; nil if few conditions restrict it.
func (p *planning) plan(t *term) *plannedKey {
	k, known := p.planned[t]
	if known {
		return k
	}
	if p.planned == nil {
		p.planned = map[*term]*plannedKey{}
	}
	if sets := p.sets[t]; 8*len(sets) >= len(p.conjuncts) {
		k = p.divide(t, sets)
	}
	p.planned[t] = k
	return k
}

// divide finds the classes of a key's values, and for each the conditions that
// it leaves possible.
func (p *planning) divide(t *term, sets map[int]set) *plannedKey {
	k := &key{term: t, scale: p.demands.scales[t]}
	for _, s := range sets {
		k.bounds = append(k.bounds, s.bounds...)
	}
	slices.Sort(k.bounds)
	k.bounds = slices.Compact(k.bounds)
	words := (len(p.conjuncts) + 63) / 64
	const mostWords = 1 << 20
	if (len(k.bounds)+1)*words > mostWords {
		return nil
	}
	free := make([]uint64, words) // of conditions that do not restrict the key
	for i := range p.conjuncts {
		if _, restricts := sets[i]; !restricts {
			free[i/64] |= 1 << (i % 64)
		}
	}
	parts := slices.Repeat(free, len(k.bounds)+1)
	for i, s := range sets {
		in, from := s.below, 0
		for b := 0; b <= len(s.bounds); b++ {
			to := len(k.bounds) + 1
			if b < len(s.bounds) {
				at, _ := slices.BinarySearch(k.bounds, s.bounds[b])
				to = at + 1
			}
			for part := from; in && part < to; part++ {
				parts[part*words+i/64] |= 1 << (i % 64)
			}
			in, from = !in, to
		}
	}
	if !k.classify(parts, words) {
		return nil
	}
	share := make([]float64, len(p.conjuncts))
	for class := range int(k.unknown) {
		for i := range share {
			share[i] += float64(k.masks[class*words+i/64] >> (i % 64) & 1)
		}
	}
	for i := range share {
		share[i] /= float64(k.unknown)
	}
	return &plannedKey{k, share}
}

// classify gives parts of the values that leave the same conditions possible one
// class; false if there are too many.
func (k *key) classify(parts []uint64, words int) bool {
	known := map[string]uint16{}
	for from := 0; from < len(parts); from += words {
		mask := parts[from : from+words]
		spelled := make([]byte, 0, 8*words)
		for _, w := range mask {
			for shift := 0; shift < 64; shift += 8 {
				spelled = append(spelled, byte(w>>shift))
			}
		}
		class, ok := known[string(spelled)]
		if !ok {
			if len(known) == math.MaxUint16 {
				return false
			}
			class = uint16(len(known))
			known[string(spelled)] = class
			k.masks = append(k.masks, mask...)
		}
		k.classes = append(k.classes, class)
	}
	k.unknown = uint16(len(known))
	return true
}

// dispatch makes the tables for the chosen keys.
func (p *planning) dispatch(chosen []*plannedKey) *Dispatch {
	d := &Dispatch{bit: slices.Repeat([]int{-1}, len(p.conjuncts))}
	for i := range p.conjuncts {
		share := 1.0
		for _, k := range chosen {
			share *= k.share[i]
		}
		if share <= mostly {
			d.bit[i] = len(d.routed)
			d.routed = append(d.routed, i)
		}
	}
	d.words = (len(d.routed) + 63) / 64
	for _, k := range chosen {
		k.compress(d, (len(p.conjuncts)+63)/64)
		k.crowd()
		d.keys = append(d.keys, k.key)
	}
	d.group()
	return d
}

// compress leaves out the conditions that have no bit, and adds the class of rows
// without a value, which leaves all conditions possible.
func (k *key) compress(d *Dispatch, words int) {
	classes := int(k.unknown)
	masks := make([]uint64, (classes+1)*d.words)
	for class := range classes + 1 {
		for bit, i := range d.routed {
			if class == classes || k.masks[class*words+i/64]>>(i%64)&1 != 0 {
				masks[class*d.words+bit/64] |= 1 << (bit % 64)
			}
		}
	}
	k.masks, k.filled = masks, filled(masks, d.words)
}

// crowd makes a table of the classes of whole numbers that are close together.
func (k *key) crowd() {
	const close = 1024
	if k.term.typ.Kind != Int || len(k.bounds) == 0 {
		return
	}
	span := uint64(k.bounds[len(k.bounds)-1]) - uint64(k.bounds[0])
	if span > close || k.bounds[0] == math.MinInt64 {
		return
	}
	k.low = k.bounds[0] - 1
	for i := range int64(span) + 2 {
		k.dense = append(k.dense, k.class(k.low+i))
	}
}

// group looks keys up together, as long as the table for all their classes is
// small: then it leaves few conditions possible for any of them.
func (d *Dispatch) group() {
	const mostWords = 1 << 17
	for i, k := range d.keys {
		next := group{first: i, n: 1, masks: k.masks}
		if n := len(d.groups); n > 0 {
			if last := &d.groups[n-1]; len(last.masks)/d.words*len(k.masks) <= mostWords {
				last.n++
				last.masks = crossed(last.masks, k.masks, d.words)
				continue
			}
		}
		d.groups = append(d.groups, next)
	}
	for i := range d.groups {
		d.groups[i].filled = filled(d.groups[i].masks, d.words)
	}
}

// crossed are the masks for all pairs of classes.
func crossed(a, b []uint64, words int) []uint64 {
	var all []uint64
	for i := 0; i < len(a); i += words {
		for j := 0; j < len(b); j += words {
			for w := range words {
				all = append(all, a[i+w]&b[j+w])
			}
		}
	}
	return all
}

// filled says for each class which words of its mask are not 0.
func filled(masks []uint64, words int) []uint64 {
	of := make([]uint64, len(masks)/words)
	for i, mask := range masks {
		if mask != 0 {
			of[i/words] |= 1 << (i % words)
		}
	}
	return of
}

// Router dispatches the rows of a machine's batches.
type Router struct {
	d *Dispatch
	m *Machine

	classes  [][]uint16 // by key and row
	crossed  [][]uint32 // by group and row: the place in its table
	unknown  [Rows]bool // rows of which some key has no value
	tables   []codeTable
	pairs    []uint32 // a row's number, and above it a bit's
	starts   []uint32 // by bit
	rows     []uint16
	doubtful []uint16
}

// codeTable has the classes of a dictionary's strings.
type codeTable struct {
	dict    []string
	classes []uint16
}

// Router makes a router for the machine.
func (m *Machine) Router(d *Dispatch) *Router {
	r := &Router{d: d, m: m, tables: make([]codeTable, len(d.keys)), starts: make([]uint32, len(d.routed)+1)}
	for range d.keys {
		r.classes = append(r.classes, make([]uint16, Rows))
	}
	for range d.groups {
		r.crossed = append(r.crossed, make([]uint32, Rows))
	}
	return r
}

// Forget lets go of what the router knows of the columns bound.
func (r *Router) Forget() { clear(r.tables) }

// Route dispatches rows of the present batch.
func (r *Router) Route(sel []uint16) {
	for _, row := range sel {
		r.unknown[row] = false
	}
	r.m.absorbed.clear()
	for i, k := range r.d.keys {
		r.classify(i, k, sel)
	}
	if r.m.absorbed.any { // what a key met counts in the condition as a whole
		for _, row := range sel {
			r.unknown[row] = r.unknown[row] || r.m.absorbed.has(row)
		}
	}
	r.match(sel)
	r.distribute()
}

// classify finds the rows' classes of a key.
func (r *Router) classify(i int, k *key, sel []uint16) {
	x, to := r.m.root, r.classes[i]
	var faults []RowFault
	switch k.term.typ.Kind {
	case Bool:
		var v []bool
		v, faults = k.code.bools(x, sel)
		of := [2]uint16{k.class(0), k.class(1)}
		for _, row := range sel {
			to[row] = of[number(v[row])]
		}
	case Int, Duration:
		var v []int64
		v, faults = k.code.ints(x, sel)
		if k.dense != nil {
			last := int64(len(k.dense) - 1)
			for _, row := range sel {
				to[row] = k.dense[min(max(v[row], k.low), k.low+last)-k.low]
			}
			break
		}
		for _, row := range sel {
			to[row] = k.class(v[row])
		}
	case Double:
		var v []float64
		v, faults = k.code.floats(x, sel)
		for _, row := range sel {
			to[row] = k.class(placeOf(v[row]))
		}
		if k.code.finite == maybeNaN && anyNaN(v, v, sel) {
			for _, row := range sel {
				if v[row] != v[row] {
					to[row], r.unknown[row] = k.unknown, true
				}
			}
		}
	case Timestamp:
		var v []Instant
		v, faults = k.code.times(x, sel)
		for _, row := range sel {
			to[row] = k.class(place(k.scale.times, v[row], Instant.compare))
		}
	default:
		faults = r.classifyTexts(i, k, sel)
	}
	for _, f := range faults {
		to[f.Row], r.unknown[f.Row] = k.unknown, true
	}
}

// class is the class of a place: that of the part behind the last bound that is
// not above it.
func (k *key) class(place int64) uint16 {
	base, n := 0, len(k.bounds)
	for n > 0 { // branch-free: what decides is not to be predicted
		half := (n + 1) / 2
		base += half * number(k.bounds[base+half-1] <= place)
		n -= half
	}
	return k.classes[base]
}

func (r *Router) classifyTexts(i int, k *key, sel []uint16) []RowFault {
	t, faults := k.code.texts(r.m.root, sel)
	to := r.classes[i]
	classOf := func(s string) uint16 { return k.class(place(k.scale.texts, s, cmp.Compare[string])) }
	if t.Codes == nil {
		rest := faults
		for _, row := range sel {
			for len(rest) > 0 && rest[0].Row < row {
				rest = rest[1:]
			}
			if len(rest) == 0 || rest[0].Row != row {
				to[row] = classOf(t.All[row])
			}
		}
		return faults
	}
	table := &r.tables[i]
	if table.classes == nil || !sameStrings(table.dict, t.Dict) {
		table.dict, table.classes = t.Dict, slices.Grow(table.classes[:0], len(t.Dict))
		for _, s := range t.Dict {
			table.classes = append(table.classes, classOf(s))
		}
	}
	if len(t.Dict) == 0 {
		return faults // of all rows
	}
	for _, row := range sel {
		to[row] = table.classes[t.Codes[row]]
	}
	return faults
}

// match finds the pairs of a row and a condition that is possible for it, in
// order of rows.
func (r *Router) match(sel []uint16) {
	words, pairs := r.d.words, r.pairs[:0]
	r.cross(sel)
	first, others := &r.d.groups[0], r.d.groups[1:]
	var masks [mostKeys][]uint64
	for _, row := range sel {
		class := int(r.crossed[0][row])
		filled := first.filled[class]
		mask := first.masks[class*words : class*words+words]
		for i := range others {
			g := &others[i]
			class := int(r.crossed[i+1][row])
			filled &= g.filled[class]
			masks[i] = g.masks[class*words : class*words+words]
		}
		for ; filled != 0; filled &= filled - 1 {
			w := bits.TrailingZeros64(filled)
			word := mask[w]
			for _, m := range masks[:len(others)] {
				word &= m[w]
			}
			for ; word != 0; word &= word - 1 {
				pairs = append(pairs, uint32(w*64+bits.TrailingZeros64(word))<<16|uint32(row))
			}
		}
	}
	r.pairs = pairs
}

// cross finds the places of rows in the tables of groups.
func (r *Router) cross(sel []uint16) {
	for i := range r.d.groups {
		g := &r.d.groups[i]
		to, classes := r.crossed[i], r.classes[g.first]
		for _, row := range sel {
			to[row] = uint32(classes[row])
		}
		for k := g.first + 1; k < g.first+g.n; k++ {
			classes, n := r.classes[k], uint32(r.d.keys[k].unknown)+1
			for _, row := range sel {
				to[row] = to[row]*n + uint32(classes[row])
			}
		}
	}
}

// distribute sorts the pairs by condition. Rows stay in order.
func (r *Router) distribute() {
	clear(r.starts)
	for _, p := range r.pairs {
		r.starts[p>>16]++
	}
	sum := uint32(0)
	for i, n := range r.starts {
		r.starts[i] = sum
		sum += n
	}
	r.rows = slices.Grow(r.rows[:0], len(r.pairs))[:len(r.pairs)]
	for _, p := range r.pairs {
		at := &r.starts[p>>16]
		r.rows[*at] = uint16(p)
		*at++
	}
	// Each start has moved to the next one's.
}

// Rows are the rows for which the i-th condition is possible, if it is Routed:
// those of which all keys have values, for which Rest is left to look at, and
// those of which some have none. It may be called once for each condition after
// Route; the rows are valid until the next call of Rows or Route.
func (r *Router) Rows(i int) (certain, doubtful []uint16) {
	bit := r.d.bit[i]
	from := uint32(0)
	if bit > 0 {
		from = r.starts[bit-1]
	}
	certain, doubtful = r.rows[from:r.starts[bit]], r.doubtful[:0]
	n := 0
	for _, row := range certain {
		certain[n] = row
		if r.unknown[row] {
			doubtful = append(doubtful, row)
			continue
		}
		n++
	}
	r.doubtful = doubtful
	return certain[:n], doubtful
}

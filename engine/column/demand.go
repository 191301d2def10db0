// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// demand is what a condition demands of some terms, its keys.
type demand struct {
	of []restriction // one a key
	// exact: where the keys have values, the condition is true exactly if all
	// demands are met.
	exact bool
}

// restriction is what is demanded of one key: where it has a value outside the
// set, the condition is false whatever else is in it, as in CEL a false operand
// of && absorbs the others' errors.
type restriction struct {
	key *term
	set set
}

// set is a set of places, numbers that order the values of a key: the places
// from each bound up to the next, alternately in it and not.
type set struct {
	below  bool // whether the places below the first bound are in it
	bounds []int64
}

func (s set) complement() set { return set{!s.below, s.bounds} }

// from has the place and all above it.
func from(place int64) set { return set{false, []int64{place}} }

// above has all places above.
func above(place int64) set {
	if place == math.MaxInt64 {
		return set{}
	}
	return from(place + 1)
}

func exactly(place int64) set {
	if place == math.MaxInt64 {
		return from(place)
	}
	return set{false, []int64{place, place + 1}}
}

// combine has the places that both, or either, of two sets have.
func combine(a, b set, both bool) set {
	in := func(x, y bool) bool {
		if both {
			return x && y
		}
		return x || y
	}
	inA, inB := a.below, b.below
	c := set{below: in(inA, inB)}
	last := c.below
	for i, j := 0, 0; i < len(a.bounds) || j < len(b.bounds); {
		var at int64
		switch {
		case j == len(b.bounds) || i < len(a.bounds) && a.bounds[i] < b.bounds[j]:
			at, inA = a.bounds[i], !inA
			i++
		case i == len(a.bounds) || b.bounds[j] < a.bounds[i]:
			at, inB = b.bounds[j], !inB
			j++
		default:
			at, inA, inB = a.bounds[i], !inA, !inB
			i++
			j++
		}
		if now := in(inA, inB); now != last {
			c.bounds = append(c.bounds, at)
			last = now
		}
	}
	return c
}

// scale orders the values of a key. Numbers have their places by themselves;
// strings and instants by the constants that they are compared with: the i-th
// is at 2i+1, and what lies before it at 2i.
type scale struct {
	texts []string
	times []Instant
}

// placeOf is the place of a number that is not NaN. Doubles are in the order of
// their bits, the negative ones reversed; -0 equals 0.
func placeOf(f float64) int64 {
	bits := int64(math.Float64bits(f + 0)) // -0 + 0 is 0
	return bits ^ int64(uint64(bits>>63)>>1)
}

// place is where a value lies among the constants, in ascending order.
func place[T any](constants []T, v T, compare func(a, b T) int) int64 {
	i, found := slices.BinarySearchFunc(constants, v, compare)
	return int64(2*i + number(found))
}

// of is the place of a constant; false if comparing with it is an error.
func (s *scale) of(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		return int64(number(v)), true
	case int64:
		return v, true
	case time.Duration:
		return int64(v), true
	case float64:
		return placeOf(v), v == v
	case string:
		return place(s.texts, v, cmp.Compare[string]), true
	case Instant:
		return place(s.times, v, Instant.compare), true
	}
	return 0, false
}

// demands finds what conditions demand.
type demands struct {
	scales map[*term]*scale
	known  map[*term]demand
}

func newDemands(conditions []*term) *demands {
	d := &demands{scales: map[*term]*scale{}, known: map[*term]demand{}}
	seen := map[*term]bool{}
	for _, t := range conditions {
		d.gather(t, seen)
	}
	for _, s := range d.scales {
		slices.Sort(s.texts)
		s.texts = slices.Compact(s.texts)
		slices.SortFunc(s.times, Instant.compare)
		s.times = slices.Compact(s.times)
	}
	return d
}

// gather notes the constants that keys are compared with.
func (d *demands) gather(t *term, seen map[*term]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.op {
	case opAnd, opOr, opNot:
		for _, a := range t.args {
			d.gather(a, seen)
		}
		return
	}
	key, constant, _ := comparison(t)
	if key == nil {
		return
	}
	s := d.scales[key]
	if s == nil {
		s = &scale{}
		d.scales[key] = s
	}
	switch v := constant.(type) {
	case string:
		s.texts = append(s.texts, v)
	case []string:
		s.texts = append(s.texts, v...)
	case Instant:
		s.times = append(s.times, v)
	case []Instant:
		s.times = append(s.times, v...)
	}
}

// mirrored are the comparisons with their operands exchanged.
var mirrored = map[op]op{
	opEqual: opEqual, opNotEqual: opNotEqual,
	opLess: opGreater, opLessEqual: opGreaterEqual, opGreater: opLess, opGreaterEqual: opLessEqual,
}

// comparison takes apart the comparison of a key with a constant, or its
// membership in a list of them. The operator is as if the key stood on the left.
// A condition that is neither is a key itself, compared with true.
func comparison(t *term) (key *term, constant any, how op) {
	if t.typ.Kind != Bool || t.constant() || t.depth > 0 {
		return nil, nil, opConst
	}
	if swapped, compares := mirrored[t.op]; compares {
		left, right := t.args[0], t.args[1]
		how = t.op
		if left.constant() {
			left, right, how = right, left, swapped
		}
		if right.constant() && left.scalar() && left.typ == right.typ {
			return left, right.value, how
		}
	}
	if t.op == opIn && t.args[1].constant() && t.args[0].scalar() && t.args[1].typ.Elem == t.args[0].typ.Kind {
		return t.args[0], t.args[1].value, opIn
	}
	return t, true, opEqual
}

// scalar reports whether a term may be a key.
func (t *term) scalar() bool {
	switch t.typ.Kind {
	case Bool, Int, Double, String, Timestamp, Duration:
		return !t.constant()
	}
	return false
}

// of is what a condition demands.
func (d *demands) of(t *term) demand {
	found, ok := d.known[t]
	if !ok {
		found = d.find(t)
		d.known[t] = found
	}
	return found
}

func (d *demands) find(t *term) demand {
	switch t.op {
	case opAnd, opOr:
		all := d.of(t.args[0])
		for _, a := range t.args[1:] {
			if t.op == opAnd {
				all = both(all, d.of(a))
			} else {
				all = either(all, d.of(a))
			}
		}
		return all
	case opNot:
		if a := d.of(t.args[0]); a.exact && len(a.of) == 1 {
			return demand{[]restriction{{a.of[0].key, a.of[0].set.complement()}}, true}
		}
		return demand{}
	}
	key, constant, how := comparison(t)
	if key == nil {
		return demand{}
	}
	if s, ok := d.scales[key].allowed(how, constant); ok {
		return demand{[]restriction{{key, s}}, true}
	}
	return demand{}
}

// both is what two conditions demand that must both hold.
func both(a, b demand) demand {
	all := slices.Clone(a.of)
	for _, r := range b.of {
		if i := slices.IndexFunc(all, func(c restriction) bool { return c.key == r.key }); i >= 0 {
			all[i].set = combine(all[i].set, r.set, true)
		} else {
			all = append(all, r)
		}
	}
	return demand{all, a.exact && b.exact}
}

// either is what two conditions demand of which one must hold: something of the
// keys that both restrict.
func either(a, b demand) demand {
	all := demand{exact: a.exact && b.exact && len(a.of) == 1 && len(b.of) == 1}
	for _, r := range a.of {
		if i := slices.IndexFunc(b.of, func(c restriction) bool { return c.key == r.key }); i >= 0 {
			all.of = append(all.of, restriction{r.key, combine(r.set, b.of[i].set, false)})
		}
	}
	all.exact = all.exact && len(all.of) == 1
	return all
}

// allowed are the places of a key where a comparison holds.
func (s *scale) allowed(how op, constant any) (set, bool) {
	if how == opIn {
		return s.listed(constant)
	}
	at, ok := s.of(constant)
	if !ok {
		return set{}, false
	}
	switch how {
	case opEqual:
		return exactly(at), true
	case opNotEqual:
		return exactly(at).complement(), true
	case opLess:
		return from(at).complement(), true
	case opLessEqual:
		return above(at).complement(), true
	case opGreater:
		return above(at), true
	}
	return from(at), true
}

// listed are the places of a list's elements.
func (s *scale) listed(list any) (set, bool) {
	var places []int64
	switch list := list.(type) {
	case []bool:
		places = placesOf(s, list)
	case []int64:
		places = placesOf(s, list)
	case []time.Duration:
		places = placesOf(s, list)
	case []float64:
		places = placesOf(s, list)
	case []string:
		places = placesOf(s, list)
	case []Instant:
		places = placesOf(s, list)
	default:
		return set{}, false
	}
	slices.Sort(places)
	var all set
	for _, at := range slices.Compact(places) {
		all = combine(all, exactly(at), false)
	}
	return all, true
}

// placesOf are the places of constants. NaN equals nothing and has none.
func placesOf[T any](s *scale, list []T) []int64 {
	var places []int64
	for _, v := range list {
		if at, ok := s.of(v); ok {
			places = append(places, at)
		}
	}
	return places
}

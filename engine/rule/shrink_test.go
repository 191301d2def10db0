// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// Cutting a difference down to what shows it.

// shrunk is a table and a population that differ still, as small as removing
// rules, rows and parts of expressions makes them, in the form of
// testdata/differential.
func shrunk(t *table, p *student.Population, found *difference) string {
	if found.p != nil {
		p = found.p
	}
	s := &shrinker{table: t, population: p, budget: *shrinkTries}
	if !s.differs(s.table, s.population) {
		return "not seen again by the table alone:\n" + caseText(t, p, found.String())
	}
	for {
		before := s.steps
		s.fewerRows()
		s.lessTable()
		s.lessExpressions()
		if s.steps == before || s.budget <= 0 {
			return caseText(s.table, s.population, s.how.String())
		}
	}
}

type shrinker struct {
	table      *table
	population *student.Population
	how        *difference
	steps      int // that succeeded
	budget     int // of tries
}

func (s *shrinker) differs(t *table, population *student.Population) bool {
	s.budget--
	if s.budget < 0 {
		return false
	}
	p, err := Compile(t.bundle())
	if err != nil {
		return false
	}
	d := differ(p, population, newPCG(1, 1), &counts{})
	if d == nil {
		return false
	}
	s.how = d
	return true
}

func (s *shrinker) try(t *table, population *student.Population) bool {
	if !s.differs(t, population) {
		return false
	}
	s.table, s.population = t, population
	s.steps++
	return true
}

// fewerRows removes runs of rows, shorter and shorter ones.
func (s *shrinker) fewerRows() {
	rows := make([]int, s.population.Len())
	for i := range rows {
		rows[i] = i
	}
	all := s.population
	for size := len(rows) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(rows) && len(rows) > 1; {
			less := slices.Delete(slices.Clone(rows), from, from+size)
			if len(less) > 0 && s.try(s.table, rearranged(all, less)) {
				rows = less
			} else {
				from += size
			}
		}
	}
}

func (t *table) clone() *table {
	c := *t
	c.attributes, c.fields, c.variables = slices.Clone(t.attributes), slices.Clone(t.fields), slices.Clone(t.variables)
	c.rules = slices.Clone(t.rules)
	for i := range c.rules {
		c.rules[i].then, c.rules[i].text = slices.Clone(c.rules[i].then), slices.Clone(c.rules[i].text)
	}
	if t.otherwise != nil {
		o := *t.otherwise
		o.then, o.text = slices.Clone(o.then), slices.Clone(o.text)
		c.otherwise = &o
	}
	return &c
}

// change tries one change to a copy of the table.
func (s *shrinker) change(f func(t *table)) bool {
	t := s.table.clone()
	f(t)
	return s.try(t, s.population)
}

// lessTable removes rules, fields and what rows need not have.
func (s *shrinker) lessTable() {
	for i := len(s.table.rules) - 1; i >= 0 && len(s.table.rules) > 1; i-- {
		s.change(func(t *table) { t.rules = slices.Delete(t.rules, i, i+1) })
	}
	s.change(func(t *table) { t.otherwise = nil })
	for i := len(s.table.fields) - 1; i >= 0 && len(s.table.fields) > 1; i-- {
		s.change(func(t *table) {
			t.fields = slices.Delete(t.fields, i, i+1)
			for _, r := range t.rows() {
				if len(r.then) > i {
					r.then = slices.Delete(r.then, i, i+1)
				}
			}
		})
	}
	for i := range s.table.rows() {
		s.change(func(t *table) { t.rows()[i].priority = nil })
		for len(s.table.rows()[i].text) > 0 && s.change(func(t *table) { r := t.rows()[i]; r.text = r.text[:len(r.text)-1] }) {
		}
	}
	for len(s.table.variables) > 0 && s.change(func(t *table) { t.variables = t.variables[:len(t.variables)-1] }) {
	}
	s.change(func(t *table) { t.policy, t.collect = bundle.First, "" })
	for i := len(s.table.attributes) - 1; i >= 0 && len(s.table.attributes) > 1; i-- {
		t := s.table.clone()
		t.attributes = slices.Delete(t.attributes, i, i+1)
		columns := slices.Delete(slices.Clone(s.population.Columns()), i, i+1)
		s.try(t, populationOf(columns, s.population.Len()))
	}
}

func (t *table) rows() (all []*tableRow) {
	for i := range t.rules {
		all = append(all, &t.rules[i])
	}
	if t.otherwise != nil {
		all = append(all, t.otherwise)
	}
	return all
}

// places are where the table's expressions stand.
func (t *table) places() (all []**phrase) {
	for i := range t.variables {
		all = append(all, &t.variables[i])
	}
	for _, r := range t.rows() {
		if r.when != nil {
			all = append(all, &r.when)
		}
		for i := range r.then {
			all = append(all, &r.then[i])
		}
		if r.priority != nil {
			all = append(all, &r.priority)
		}
		for i := range r.text {
			all = append(all, &r.text[i])
		}
	}
	return all
}

var simplest = map[kind][]string{
	kBool: {"true", "false"}, kInt: {"0", "1"}, kDouble: {"0.0", "1.0"}, kString: {"''", "'a'"}, kTimestamp: {"at"}, kDuration: {"duration('0s')"},
	"Lb": {"[true]"}, "Li": {"[1]"}, "Ld": {"[1.0]"}, "Ls": {"['a']"}, "Lt": {"[at]"}, "Lu": {"[duration('0s')]"},
}

// lessExpressions puts a part of an expression, or a constant, in place of the
// whole.
func (s *shrinker) lessExpressions() {
	for i := range s.table.places() {
		for s.smaller(i) {
		}
	}
}

// smaller tries one step at the i-th expression.
func (s *shrinker) smaller(i int) bool {
	root := *s.table.places()[i]
	for n := range root.size() {
		part := root.part(n)
		var others []*phrase
		for _, text := range simplest[part.kind] {
			if len(part.of) > 0 || len(part.String()) > len(text) {
				others = append(others, leaf(part.kind, text))
			}
		}
		for m := 1; m < part.size(); m++ {
			if q := part.part(m); q.kind == part.kind {
				others = append(others, q)
			}
		}
		for _, other := range others {
			if s.change(func(t *table) { *t.places()[i] = root.with(n, other) }) {
				return true
			}
		}
	}
	return false
}

func (p *phrase) size() int {
	n := 1
	for _, q := range p.of {
		n += q.size()
	}
	return n
}

// part is the n-th phrase within p, p itself being the first.
func (p *phrase) part(n int) *phrase {
	if n == 0 {
		return p
	}
	n--
	for _, q := range p.of {
		k := q.size()
		if n < k {
			return q.part(n)
		}
		n -= k
	}
	return nil
}

// with is p with another phrase as its n-th.
func (p *phrase) with(n int, other *phrase) *phrase {
	if n == 0 {
		return other
	}
	c := *p
	c.of = slices.Clone(p.of)
	n--
	for i, q := range p.of {
		k := q.size()
		if n < k {
			c.of[i] = q.with(n, other)
			return &c
		}
		n -= k
	}
	return &c
}

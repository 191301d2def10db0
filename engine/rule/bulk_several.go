// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/decision"
)

// combining is what the hit policies need that look at all rules: which rules
// hit each row. Sets of rules are numbered as they are met; there are few, as
// most students are hit by none or one.
type combining struct {
	combos []combo
	larger map[uint64]uint32 // a combo and a rule after its last: the combo of both
	of     [column.Rows]uint32

	found []ruleHits
	hit   []uint16 // of all rules, one after another
	parts [column.Rows]uint16

	none    uint32 // the outcome where no rule hits and there is no otherwise
	hasNone bool
}

// ruleHits are the rows that a rule hits, a part of combining.hit.
type ruleHits struct{ rule, from, to int }

// combo is a set of rules that hit a row together. Number 0 is the empty one.
type combo struct {
	rules []int
	// number is the outcome's, refer that only the reference can tell.
	number uint32
	refer  bool
	// winner is the rule that the hit policy Priority chooses.
	winner int
	// computed are the fields that are gathered row by row.
	computed uint64
	fails    bool // the outcome is Failed
}

func (b *bulk) forgetCombos() {
	b.combos, b.larger, b.hasNone = append(b.combos[:0], combo{}), map[uint64]uint32{}, false
}

// several is the hit policies that look at all rules. It gives the rows that no
// rule hits.
func (b *bulk) several(live []uint16) []uint16 {
	live = b.still(b.find(live))
	for _, row := range live {
		if c := &b.combos[b.of[row]]; c.refer {
			b.refer(row)
		}
	}
	for _, h := range b.found {
		rows, how := b.still(b.hit[h.from:h.to]), b.manner()
		if how != adds {
			var one []uint16
			if one, rows = b.split(rows); len(one) > 0 {
				b.complete(h.rule, one)
			}
		}
		if len(rows) > 0 {
			b.evaluate(h.rule, &b.p.rules[h.rule], how, rows)
		}
	}
	none := live[:0]
	for _, row := range b.still(live) {
		if b.of[row] == 0 {
			none = append(none, row)
			continue
		}
		b.conclude(row)
	}
	return none
}

// manner is what becomes of what several rules give.
func (b *bulk) manner() manner {
	switch policy := b.p.bundle.Rules.HitPolicy; {
	case policy.Collects():
		return adds
	case policy == bundle.PriorityHit:
		return outranks
	}
	return agrees
}

// find looks at all rules, and notes which hit which rows. A row where a
// condition has no value is decided, whatever hit it before; and under the hit
// policy Unique so is one that a second rule hits. What is left of live, which
// it compacts, may hold rows that are decided.
func (b *bulk) find(live []uint16) []uint16 {
	for _, row := range live {
		b.of[row] = 0
	}
	b.found, b.hit = b.found[:0], b.hit[:0]
	unique := b.p.bundle.Rules.HitPolicy == bundle.Unique
	for i := range b.p.rules {
		var hits []uint16
		if hits, live = b.matching(i, &b.p.rules[i], live); len(hits) == 0 {
			continue
		}
		alone, last, larger := b.with(0, i), uint32(0), uint32(0)
		for _, row := range hits {
			switch before := b.of[row]; {
			case before == 0:
				b.of[row] = alone
			case unique:
				b.enter(row, b.clash(b.combos[before].rules[0], i))
				b.gone[row] = 1
				b.stale++
			default:
				if before != last {
					last, larger = before, b.with(before, i)
				}
				b.of[row] = larger
			}
		}
		from := len(b.hit)
		b.hit = append(b.hit, hits...)
		b.found = append(b.found, ruleHits{i, from, len(b.hit)})
	}
	return live
}

// clash is the outcome where two rules hit that exclude each other.
func (b *bulk) clash(first, second int) uint32 {
	return b.undecidedNumber(clash(&b.p.rules[first], &b.p.rules[second]))
}

// with is the combo of a combo and a rule further on in the table.
func (b *bulk) with(c uint32, rule int) uint32 {
	key := uint64(c)<<32 | uint64(rule)
	if n, known := b.larger[key]; known {
		return n
	}
	n := uint32(len(b.combos))
	b.combos = append(b.combos, b.combo(append(slices.Clip(b.combos[c].rules), rule)))
	b.larger[key] = n
	return n
}

// combo finds out what is the same for all rows that the same rules hit.
func (b *bulk) combo(rules []int) combo {
	c := combo{rules: rules, number: uint32(rules[0]), winner: rules[0]}
	policy := b.p.bundle.Rules.HitPolicy
	if len(rules) == 1 && !policy.Collects() {
		return c
	}
	hits, computed := b.constants(rules)
	switch policy {
	case bundle.Any:
		b.agree(&c, hits, computed)
	case bundle.PriorityHit:
		c.refer = computed&b.p.ranking() != 0
		if !c.refer {
			best := slices.MinFunc(hits, b.compareOutputs)
			c.winner = b.p.byRule[best.row.id]
			c.number = uint32(c.winner)
		}
	default:
		c.computed = computed
		b.gather(&c, hits)
	}
	return c
}

// constants are the rules' hits with those values that are constant, and the
// fields that some of them compute.
func (b *bulk) constants(rules []int) (hits []hit, computed uint64) {
	for _, i := range rules {
		r := &b.p.rules[i]
		h := hit{row: r, result: make([]any, len(b.p.bundle.Process.Result))}
		for f, x := range r.then {
			h.result[f] = x.native
			if x.native == nil {
				computed |= 1 << f
			}
		}
		hits = append(hits, h)
	}
	return hits, computed
}

// ranking are the fields by which the hit policy Priority chooses.
func (p *Program) ranking() (fields uint64) {
	for i := range p.bundle.Process.Result {
		if f := &p.bundle.Process.Result[i]; len(f.Values) > 0 && f.Type == bundle.String {
			fields |= 1 << i
		}
	}
	return fields
}

// agree is the outcome of several rules under the hit policy Any. Where some of
// the values are computed, the reference compares them.
func (b *bulk) agree(c *combo, hits []hit, computed uint64) {
	c.refer = computed != 0
	if !c.refer {
		if o := b.combine(bundle.Any, hits); o.Status != Decided {
			c.number, c.fails = b.undecidedNumber(o), true
			return
		}
	}
	for f, v := range hits[0].result {
		if v == nil {
			c.computed |= 1 << f
		}
	}
	c.number = b.combined(c, hits, hits[0].result)
}

// gather is the outcome of rules whose results become one, as far as it is the
// same for all rows.
func (b *bulk) gather(c *combo, hits []hit) {
	fields := b.p.bundle.Process.Result
	result := make([]any, len(fields))
	for f := range fields {
		if c.computed&(1<<f) != 0 {
			continue
		}
		value, err := b.aggregateField(hits, f)
		if err == nil {
			err = allowed(&fields[f], value)
		}
		if err != nil { // another field may be at fault first
			c.refer = true
			return
		}
		result[f] = value
	}
	c.number = b.combined(c, hits, result)
}

// combined is the number of the outcome that several rules make.
func (b *bulk) combined(c *combo, hits []hit, result []any) uint32 {
	key := []byte("rules")
	for _, i := range c.rules {
		key = binary.AppendUvarint(key, uint64(i))
	}
	return b.number(string(key), func() *shared {
		o := &shared{Outcome: decision.Outcome{Code: hits[0].row.code, Result: result, Computed: c.computed}, status: Decided}
		for _, h := range hits {
			o.Rules = append(o.Rules, h.row.id)
		}
		return o
	})
}

// nothing is the number of the outcome where no rule hits and there is no
// otherwise.
func (b *bulk) nothing() uint32 {
	if !b.hasNone {
		b.hasNone = true
		o := b.noHit(nil)
		if o.Status != Decided {
			b.none = b.undecidedNumber(o)
			return b.none
		}
		b.none = b.number("none", func() *shared {
			of := &shared{Outcome: decision.Outcome{Rules: o.Rules}, status: Decided, otherwise: true}
			for _, v := range o.Result {
				of.Result = append(of.Result, v.V)
			}
			return of
		})
	}
	return b.none
}

// split parts the rows that one rule hits from those that several do. The former
// are in place.
func (b *bulk) split(rows []uint16) (one, several []uint16) {
	n := 0
	several = b.parts[:0]
	for _, row := range rows {
		if len(b.combos[b.of[row]].rules) > 1 {
			several = append(several, row)
			continue
		}
		rows[n] = row
		n++
	}
	return rows[:n], several
}

// written are the rows whose values are the result.
func (b *bulk) written(i int, how manner, rows []uint16) []uint16 {
	if how == outranks {
		return b.chosen(i, rows)
	}
	return rows
}

// chosen are the rows for which a rule is chosen among several.
func (b *bulk) chosen(i int, rows []uint16) []uint16 {
	chosen := b.rest[:0]
	for _, row := range rows {
		if b.combos[b.of[row]].winner == i {
			chosen = append(chosen, row)
		}
	}
	return chosen
}

// conclude enters the outcome of a row that rules hit, when all that they give is
// known. One rule's alone has been entered.
func (b *bulk) conclude(row uint16) {
	c := &b.combos[b.of[row]]
	if len(c.rules) == 1 && !b.p.bundle.Rules.HitPolicy.Collects() {
		return
	}
	if c.fails {
		b.enter(row, c.number)
		return
	}
	if c.computed != 0 && !b.aggregated(c, row) {
		b.refer(row)
		return
	}
	b.out.Outcome[b.from+int(row)] = c.number
}

// aggregated reports whether the row's sums and extremes are what their fields
// allow. Elements of lists have been held to that one by one.
func (b *bulk) aggregated(c *combo, row uint16) bool {
	for f := range b.p.bundle.Process.Result {
		field := &b.p.bundle.Process.Result[f]
		if c.computed&(1<<f) == 0 || field.Type.IsList() {
			continue
		}
		if allowed(field, b.out.Computed[f].At(b.from+int(row))) != nil {
			return false
		}
	}
	return true
}

// addConstant adds a constant to the results of rows.
func (b *bulk) addConstant(i, f int, value any, rows []uint16) []uint16 {
	if b.p.computes&(1<<f) == 0 {
		return rows // the same in all rows that the same rules hit
	}
	if b.p.gathersLists() {
		return b.append(i, f, rows, func(uint16) any { return value })
	}
	switch v := value.(type) {
	case int64:
		for _, row := range rows {
			b.integers[row] = v
		}
		return b.addInts(i, f, b.integers[:], rows)
	case float64:
		for _, row := range rows {
			b.doubles[row] = v
		}
		return b.addDoubles(i, f, b.doubles[:], rows)
	}
	return b.referAll(rows)
}

func (b *bulk) addInts(i, f int, v []int64, rows []uint16) []uint16 {
	if b.p.gathersLists() {
		return b.append(i, f, rows, func(row uint16) any { return v[row] })
	}
	return foldRows(b, i, b.out.Computed[f].Ints[b.from:], v, rows, addExactly)
}

func (b *bulk) addDoubles(i, f int, v []float64, rows []uint16) []uint16 {
	if b.p.gathersLists() {
		return b.append(i, f, rows, func(row uint16) any { return v[row] })
	}
	return foldRows(b, i, b.out.Computed[f].Floats[b.from:], v, rows, addFinitely)
}

// foldRows adds a rule's values to the totals of rows.
func foldRows[T int64 | float64](b *bulk, rule int, totals, v []T, rows []uint16, add func(a, b T) (T, error)) []uint16 {
	how := b.p.bundle.Rules.Collect
	return b.referWhere(rows, func(row uint16) bool {
		if b.combos[b.of[row]].rules[0] == rule {
			totals[row] = v[row]
			return false
		}
		var err error
		totals[row], err = join(how, totals[row], v[row], add)
		return err != nil
	})
}

// append appends a rule's values to the lists of rows.
func (b *bulk) append(rule, f int, rows []uint16, value func(row uint16) any) []uint16 {
	lists := b.out.Computed[f].Lists[b.from:]
	for _, row := range rows {
		c := &b.combos[b.of[row]]
		if c.computed&(1<<f) == 0 {
			continue // the same in all rows that the same rules hit
		}
		if c.rules[0] == rule {
			lists[row] = nil
		}
		lists[row] = appended(lists[row], value(row), len(c.rules))
	}
	return rows
}

// appended is a list with one value more, made for n if it is nil.
func appended(list, value any, n int) any {
	switch v := value.(type) {
	case int64:
		return appendedTo(list, v, n)
	case float64:
		return appendedTo(list, v, n)
	case string:
		return appendedTo(list, v, n)
	case time.Time:
		return appendedTo(list, v, n)
	}
	return list
}

func appendedTo[T any](list any, v T, n int) []T {
	if list == nil {
		return append(make([]T, 0, n), v)
	}
	return append(list.([]T), v) //nolint:forcetypeassert // of one type, the field's
}

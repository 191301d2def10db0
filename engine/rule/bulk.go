// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
)

// bulk decides batch by batch. What is rare is referred to the reference, Decide,
// row by row.
type bulk struct {
	*Evaluator
	m      *column.Machine
	router *column.Router // nil if every rule looks at every row
	out    *Outcomes
	from   int // the population's row that is the batch's first

	gone             [column.Rows]uint8 // 1 for rows that need no further look
	stale            int                // how many rows have gone since live was last looked through, or more
	live, hits, rest [column.Rows]uint16
	merged           [column.Rows]uint16
	faults           []column.RowFault
	doubles          [column.Rows]float64
	integers         [column.Rows]int64

	// numbers are those of outcomes that are not fixed, by their keys, and by the
	// machine's fault.
	numbers map[string]uint32
	byFault map[uint16]uint32

	combining // for hit policies that look at all rules
}

// DecideRows applies the table to the students in rows [from, to), and enters
// what it says. It gives what Decide gives, much sooner. The outcomes must be of
// the same program, and as many as the population.
func (e *Evaluator) DecideRows(from, to int, out *Outcomes) error {
	if from < 0 || to < from || to > e.rows || e.rows != len(out.Outcome) {
		return fmt.Errorf("rule: rows %d to %d of a population of %d", from, to, e.rows)
	}
	if e.bulk == nil {
		b := e.p.takeBulk()
		if err := b.m.Bind(e.columns(), e.rows); err != nil {
			return err
		}
		b.Evaluator, e.bulk = e, b
	}
	b := e.bulk
	if b.out != out {
		b.out = out
		clear(b.numbers)
		clear(b.byFault)
		b.forgetCombos()
	}
	for ; from < to; from += column.Rows {
		b.batch(from, min(column.Rows, to-from))
	}
	return nil
}

// takeBulk is what an evaluator needs to decide batches, not yet bound: one that
// another evaluator has released, or a new one.
func (p *Program) takeBulk() *bulk {
	if b, ok := p.spare.Get().(*bulk); ok {
		return b
	}
	b := &bulk{m: p.columns.NewMachine(), numbers: map[string]uint32{}, byFault: map[uint16]uint32{}}
	if p.dispatch != nil {
		b.router = b.m.Router(p.dispatch)
	}
	return b
}

// Release gives back what DecideRows needed, some hundred kilobytes, for the
// program's next evaluator. It is never necessary; the evaluator may be used on.
func (e *Evaluator) Release() {
	b := e.bulk
	if b == nil {
		return
	}
	e.bulk = nil
	b.Evaluator, b.out = nil, nil
	b.m.Release()
	if b.router != nil {
		b.router.Forget()
	}
	e.p.spare.Put(b)
}

func (b *bulk) batch(from, n int) {
	b.from = from
	b.m.Start(from, n)
	if p := b.out.Priority; p != nil {
		for i := range p[from : from+n] {
			p[from+i] = math.NaN()
		}
	}
	clear(b.gone[:n])
	b.stale = 0
	all := column.All(n)
	if b.router != nil {
		b.router.Route(all)
	}
	live := b.live[:copy(b.live[:], all)]
	if b.p.bundle.Rules.HitPolicy == bundle.First {
		live = b.first(live)
	} else {
		live = b.several(live)
	}
	if len(live) > 0 {
		b.noneHit(live)
	}
}

// first is the hit policy First: each rule looks at the rows that none before
// took. It gives those that are left.
func (b *bulk) first(live []uint16) []uint16 {
	for i := range b.p.rules {
		if len(live) == 0 {
			return live
		}
		r := &b.p.rules[i]
		var hits []uint16
		if hits, live = b.matching(i, r, live); len(hits) > 0 {
			b.leave(hits)
			b.complete(i, hits)
		}
	}
	return b.still(live)
}

// noneHit enters the outcome of rows that no rule takes.
func (b *bulk) noneHit(rows []uint16) {
	if b.p.otherwise == nil {
		for _, row := range rows {
			b.enter(row, b.nothing())
		}
		return
	}
	b.complete(otherwise, rows)
}

// leave notes that the outcomes of rows are known.
func (b *bulk) leave(rows []uint16) {
	for _, row := range rows {
		b.gone[row] = 1
	}
	b.stale += len(rows)
}

// still are the rows whose outcomes are not known yet, in place.
func (b *bulk) still(rows []uint16) []uint16 {
	n := 0
	for _, row := range rows {
		rows[n] = row
		n += 1 - int(b.gone[row])
	}
	return rows[:n]
}

// matching gives the rows that a rule's condition holds for, and the rows that
// are left to look at. Where the condition has no value, the row's decision
// stops. A rule that is routed leaves live as it is, with rows that are gone.
func (b *bulk) matching(i int, r *row, live []uint16) (hits, left []uint16) {
	if b.router != nil && b.p.dispatch.Routed(i) {
		return b.routed(i, r), live
	}
	if b.stale > len(live)/few {
		live = b.still(live)
		b.stale = 0
	}
	hits, faults := b.filter(r.when, live, b.hits[:])
	if b.stale > 0 {
		hits, faults = b.still(hits), b.stillFaults(faults)
	}
	b.stop(faults, r.id, "when")
	return hits, live
}

// few is the part of the rows that may be gone and still be looked at: to look
// at them in vain costs less than to sort them out.
const few = 12

// stillFaults are the faults of rows whose outcomes are not known yet.
func (b *bulk) stillFaults(faults []column.RowFault) []column.RowFault {
	if !slices.ContainsFunc(faults, func(f column.RowFault) bool { return b.gone[f.Row] != 0 }) {
		return faults
	}
	return slices.DeleteFunc(slices.Clone(faults), func(f column.RowFault) bool { return b.gone[f.Row] != 0 })
}

// routed gives the rows that a rule's condition holds for, of those that the
// router leaves possible.
func (b *bulk) routed(i int, r *row) []uint16 {
	certain, doubtful := b.router.Rows(i)
	certain, doubtful = b.still(certain), b.still(doubtful)
	hits := certain
	if x := b.p.dispatch.Rest(i); x != nil && len(certain) > 0 {
		var faults []column.RowFault
		hits, faults = b.filterBy(r.when, x, certain, b.hits[:])
		b.stop(faults, r.id, "when")
	}
	if len(doubtful) == 0 {
		return hits
	}
	more, faults := b.filter(r.when, doubtful, b.rest[:])
	b.stop(faults, r.id, "when")
	if len(more) == 0 {
		return hits
	}
	all := append(append(b.merged[:0], hits...), more...)
	slices.Sort(all)
	return all
}

// filter evaluates a condition.
func (b *bulk) filter(x *expression, sel, out []uint16) ([]uint16, []column.RowFault) {
	if is, constant := x.truth(); constant {
		if !is {
			return nil, nil
		}
		return out[:copy(out, sel)], nil
	}
	return b.filterBy(x, x.column, sel, out)
}

// filterBy evaluates a condition by the columns' expression of it, or of what is
// left of it.
func (b *bulk) filterBy(x *expression, by *column.Expression, sel, out []uint16) ([]uint16, []column.RowFault) {
	if by.Foreign == nil {
		return b.m.Filter(by, sel, out)
	}
	n := 0
	b.faults = b.faults[:0]
	for _, r := range sel {
		b.begin(b.from + int(r))
		v, stop := b.value(x)
		switch {
		case stop != nil:
			b.faults = append(b.faults, column.RowFault{Row: r})
		case v == types.True:
			out[n] = r
			n++
		}
	}
	return out[:n], b.faults
}

// stop enters that an expression has no value for rows.
func (b *bulk) stop(faults []column.RowFault, rule, field string) {
	for _, f := range faults {
		b.undecided(f, rule, field)
		b.gone[f.Row] = 1
	}
	b.stale += len(faults)
}

// undecided enters a fault as the outcome of its row.
func (b *bulk) undecided(f column.RowFault, rule, field string) {
	number, known := b.byFault[f.ID]
	if !known {
		stop, says := b.obstacleOf(b.m.Fault(f.ID))
		if !says {
			b.refer(f.Row)
			return
		}
		number = b.undecidedNumber(stopped(&stop, rule, field))
		b.byFault[f.ID] = number
	}
	b.enter(f.Row, number)
}

func (b *bulk) undecidedNumber(o Outcome) uint32 {
	return b.number(keyOf(&o), func() *shared { return undecided(&o) })
}

// enter enters an outcome without a result or priority.
func (b *bulk) enter(row uint16, number uint32) {
	at := b.from + int(row)
	b.out.Outcome[at] = number
	if b.out.Priority != nil {
		b.out.Priority[at] = math.NaN()
	}
}

// refer decides a row by the reference.
func (b *bulk) refer(row uint16) {
	b.gone[row] = 1
	b.stale++
	at := b.from + int(row)
	o := b.decide(at, nil)
	if o.Status != Decided {
		b.enter(row, b.undecidedNumber(o))
		return
	}
	if b.out.Priority != nil {
		b.out.Priority[at] = math.NaN()
		if o.Priority != nil {
			b.out.Priority[at] = *o.Priority
		}
	}
	number := b.numberOf(&o)
	b.out.Outcome[at] = number
	b.setComputed(at, b.out.of(number).Computed, &o)
}

// number is the number of an outcome that is not fixed.
func (b *bulk) number(key string, of func() *shared) uint32 {
	n, known := b.numbers[key]
	if !known {
		n = b.out.number(key, of)
		b.numbers[key] = n
	}
	return n
}

// numberOf is the number of a decision's outcome.
func (b *bulk) numberOf(o *Outcome) uint32 {
	switch {
	case o.Otherwise && b.p.otherwise != nil:
		return uint32(len(b.p.fixed) - 1)
	case o.Otherwise:
		return b.nothing()
	case len(o.Rules) == 1 && !b.p.bundle.Rules.HitPolicy.Collects():
		return uint32(b.p.byRule[o.Rules[0]])
	}
	c := uint32(0)
	for _, id := range o.Rules {
		c = b.with(c, b.p.byRule[id])
	}
	return b.combos[c].number
}

func (b *bulk) setComputed(at int, computed uint64, o *Outcome) {
	for ; computed != 0; computed &= computed - 1 {
		f := bits.TrailingZeros64(computed)
		setValue(b.out.Computed[f], at, o.Result[f].V)
	}
}

func (b *bulk) referAll(rows []uint16) []uint16 {
	for _, row := range rows {
		b.refer(row)
	}
	return nil
}

// referWhere leaves some rows to the reference and gives the others.
func (b *bulk) referWhere(rows []uint16, is func(row uint16) bool) []uint16 {
	n := 0
	for _, row := range rows {
		if is(row) {
			b.refer(row)
			continue
		}
		rows[n] = row
		n++
	}
	return rows[:n]
}

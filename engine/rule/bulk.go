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
	"github.com/juncture-dev/juncture/engine/decision"
)

// bulk decides batch by batch.
type bulk struct {
	*Evaluator
	m    *column.Machine
	out  *Outcomes
	from int // the population's row that is the batch's first

	live, hits, narrowed [column.Rows]uint16
	// numbers are those of outcomes that are not fixed, by their keys, and by the
	// machine's fault.
	numbers map[string]uint32
	byFault map[uint16]uint32
}

// DecideRows applies the table to the students in rows [from, to), and enters
// what it says. It gives what Decide gives, much sooner. The outcomes must be of
// the same program, and as many as the population.
func (e *Evaluator) DecideRows(from, to int, out *Outcomes) error {
	if from < 0 || to < from || to > e.rows || e.rows != len(out.Outcome) {
		return fmt.Errorf("rule: rows %d to %d of a population of %d", from, to, e.rows)
	}
	if e.bulk == nil {
		m, err := e.machine()
		if err != nil {
			return err
		}
		e.bulk = &bulk{Evaluator: e, m: m, numbers: map[string]uint32{}, byFault: map[uint16]uint32{}}
	}
	b := e.bulk
	if b.out != out {
		b.out = out
		clear(b.numbers)
		clear(b.byFault)
	}
	for ; from < to; from += column.Rows {
		b.batch(from, min(column.Rows, to-from))
	}
	return nil
}

func (b *bulk) batch(from, n int) {
	b.from = from
	b.m.Start(from, n)
	if p := b.out.Priority; p != nil {
		for i := range p[from : from+n] {
			p[from+i] = math.NaN()
		}
	}
	live := b.live[:copy(b.live[:], column.All(n))]
	switch policy := b.p.bundle.Rules.HitPolicy; policy {
	case bundle.First:
		b.first(live)
	default:
		for _, r := range live {
			b.refer(r)
		}
	}
}

// first is the hit policy First: each rule looks at the rows that none before
// took.
func (b *bulk) first(live []uint16) {
	for i := range b.p.rules {
		if len(live) == 0 {
			return
		}
		r := &b.p.rules[i]
		hits, faults := b.filter(r.when, live, b.hits[:])
		if len(faults) > 0 {
			live = b.stop(live, faults, r.id, "when")
		}
		if len(hits) == 0 {
			continue
		}
		live = subtract(live, hits)
		b.complete(r, uint32(i), hits)
	}
	if len(live) == 0 {
		return
	}
	if b.p.otherwise == nil {
		for _, r := range live {
			b.refer(r)
		}
		return
	}
	b.complete(b.p.otherwise, uint32(len(b.p.rules)), live)
}

// filter evaluates a condition.
func (b *bulk) filter(x *expression, sel, out []uint16) ([]uint16, []column.RowFault) {
	if is, constant := x.truth(); constant {
		if !is {
			return nil, nil
		}
		return out[:copy(out, sel)], nil
	}
	if x.column.Foreign == nil {
		return b.m.Filter(x.column, sel, out)
	}
	n := 0
	var faults []column.RowFault
	for _, r := range sel {
		b.begin(b.from + int(r))
		v, stop := b.value(x)
		switch {
		case stop != nil:
			faults = append(faults, column.RowFault{Row: r})
		case v == types.True:
			out[n] = r
			n++
		}
	}
	return out[:n], faults
}

// stop enters that an expression has no value, and removes the rows where it
// has none.
func (b *bulk) stop(live []uint16, faults []column.RowFault, rule, field string) []uint16 {
	n := 0
	for _, r := range live {
		if len(faults) > 0 && faults[0].Row == r {
			b.undecided(faults[0], rule, field)
			faults = faults[1:]
			continue
		}
		live[n] = r
		n++
	}
	return live[:n]
}

// undecided enters a fault as the outcome of its row.
func (b *bulk) undecided(f column.RowFault, rule, field string) {
	stop, known := b.obstacleOf(b.m.Fault(f.ID))
	if !known {
		b.refer(f.Row)
		return
	}
	number, known := b.byFault[f.ID]
	if !known {
		o := stopped(&stop, rule, field)
		number = b.out.number(keyOf(&o), func() *shared { return undecided(&o) })
		b.byFault[f.ID] = number
	}
	at := b.from + int(f.Row)
	b.out.Outcome[at] = number
	if b.out.Priority != nil {
		b.out.Priority[at] = math.NaN()
	}
}

// refer decides a row by the reference.
func (b *bulk) refer(row uint16) {
	at := b.from + int(row)
	o := b.decide(at, nil)
	if b.out.Priority != nil {
		b.out.Priority[at] = math.NaN()
		if o.Priority != nil {
			b.out.Priority[at] = *o.Priority
		}
	}
	if o.Status != Decided {
		b.out.Outcome[at] = b.number(keyOf(&o), func() *shared { return undecided(&o) })
		return
	}
	if number, alone := b.aloneNumber(&o); alone {
		b.out.Outcome[at] = number
		b.setComputed(at, b.p.fixed[number].Computed, &o)
		return
	}
	b.out.Outcome[at] = b.combined(&o)
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

// aloneNumber is the number of the fixed outcome that a decision has.
func (b *bulk) aloneNumber(o *Outcome) (uint32, bool) {
	switch {
	case o.Otherwise && b.p.otherwise != nil:
		return uint32(len(b.p.fixed) - 1), true
	case o.Otherwise || len(o.Rules) != 1 || b.p.bundle.Rules.HitPolicy.Collects():
		return 0, false
	}
	return uint32(slices.IndexFunc(b.p.rules, func(r row) bool { return r.id == o.Rules[0] })), true
}

func (b *bulk) setComputed(at int, computed uint64, o *Outcome) {
	for ; computed != 0; computed &= computed - 1 {
		f := bits.TrailingZeros64(computed)
		setValue(b.out.Computed[f], at, o.Result[f].V)
	}
}

// combined is the number of an outcome that several rules made.
func (b *bulk) combined(o *Outcome) uint32 {
	outcome := decision.Outcome{Rules: o.Rules, Code: o.Reason.Code}
	for _, v := range o.Result {
		outcome.Result = append(outcome.Result, v.V)
	}
	return b.number(fmt.Sprintf("%q %q %#v", o.Rules, o.Reason.Code, outcome.Result), func() *shared {
		return &shared{outcome, Decided, o.Otherwise}
	})
}

// subtract removes the rows of part, a subset, from sel, in place.
func subtract(sel, part []uint16) []uint16 {
	if len(part) == len(sel) {
		return sel[:0]
	}
	n := 0
	for i, r := range sel {
		if len(part) == 0 {
			return sel[:n+copy(sel[n:], sel[i:])]
		}
		if r == part[0] {
			part = part[1:]
			continue
		}
		sel[n] = r
		n++
	}
	return sel[:n]
}

// complete enters what a rule that hits alone gives to rows.
func (b *bulk) complete(r *row, number uint32, rows []uint16) {
	outcome := b.out.Outcome[b.from:]
	for _, i := range rows {
		outcome[i] = number
	}
	for i, x := range r.then {
		if x != nil && x.native == nil {
			rows = b.field(r, i, x, rows)
		}
	}
	if r.priority != nil {
		rows = b.priority(r, rows)
	}
	for _, x := range r.needs {
		if x.column.Foreign != nil {
			rows = b.referIfStopped(x, rows)
			continue
		}
		if faults := b.m.Faults(x.column, rows); len(faults) > 0 {
			rows = b.stop(rows, faults, r.id, "reason.text")
		}
	}
}

// referIfStopped leaves the rows where an expression has no value to the
// reference.
func (b *bulk) referIfStopped(x *expression, rows []uint16) []uint16 {
	n := 0
	for _, row := range rows {
		b.begin(b.from + int(row))
		if _, stop := b.value(x); stop != nil {
			b.refer(row)
			continue
		}
		rows[n] = row
		n++
	}
	return rows[:n]
}

// priority enters the priorities of rows.
func (b *bulk) priority(r *row, rows []uint16) []uint16 {
	x, out := r.priority, b.out.Priority[b.from:]
	switch {
	case x.constant != nil:
		v, err := numberOf(x.constant)
		if err != nil {
			return b.referAll(rows)
		}
		for _, i := range rows {
			out[i] = v
		}
		return rows
	case x.column.Foreign != nil:
		return b.referAll(rows)
	case x.column.Type().Kind == column.Double:
		v, faults := b.m.Doubles(x.column, rows)
		if len(faults) > 0 {
			rows = b.stop(rows, faults, r.id, "priority")
		}
		bad := 0
		for _, i := range rows {
			out[i] = v[i]
			if v[i]-v[i] != 0 { // infinite, or not a number
				bad++
			}
		}
		if bad > 0 {
			return b.referWhere(rows, func(i uint16) bool { return v[i]-v[i] != 0 })
		}
		return rows
	}
	v, faults := b.m.Ints(x.column, rows)
	if len(faults) > 0 {
		rows = b.stop(rows, faults, r.id, "priority")
	}
	rows = b.referWhere(rows, func(i uint16) bool { return v[i] > 1<<53 || v[i] < -1<<53 })
	for _, i := range rows {
		out[i] = float64(v[i])
	}
	return rows
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

// field enters the computed values of a result field.
func (b *bulk) field(r *row, i int, x *expression, rows []uint16) []uint16 {
	f, out := &b.p.bundle.Process.Result[i], b.out.Computed[i]
	if x.column.Foreign != nil {
		return b.referAll(rows)
	}
	name := "then." + f.Name
	switch f.Type {
	case bundle.Boolean:
		v, faults := b.m.Bools(x.column, rows)
		rows = b.stop(rows, faults, r.id, name)
		scatter(out.Bools[b.from:], v, rows)
	case bundle.Integer:
		v, faults := b.m.Ints(x.column, rows)
		rows = b.stop(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool { return withinInteger(f, v[row]) != nil })
		scatter(out.Ints[b.from:], v, rows)
	case bundle.Number:
		v, faults := b.m.Doubles(x.column, rows)
		rows = b.stop(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool {
			return v[row]-v[row] != 0 || f.Minimum != nil && v[row] < *f.Minimum || f.Maximum != nil && v[row] > *f.Maximum
		})
		scatter(out.Floats[b.from:], v, rows)
	case bundle.String:
		v, faults := b.m.Texts(x.column, rows)
		rows = b.stop(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool {
			s := v.At(row)
			return len(s) > MaxStringSize || len(f.Values) > 0 && !slices.Contains(f.Values, s)
		})
		for _, row := range rows {
			out.Texts[b.from+int(row)] = v.At(row)
		}
	case bundle.Date:
		v, faults := b.m.Times(x.column, rows)
		rows = b.stop(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool { return v[row].Nanos != 0 || v[row].Seconds%86400 != 0 })
		for _, row := range rows {
			out.Ints[b.from+int(row)] = v[row].Seconds / 86400
		}
	default:
		return b.referAll(rows)
	}
	return rows
}

func scatter[T any](out, v []T, rows []uint16) {
	for _, row := range rows {
		out[row] = v[row]
	}
}

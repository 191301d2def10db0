// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
)

// otherwise stands for the place of otherwise among the rules.
const otherwise = -1

// complete enters what a rule, or otherwise, gives to rows that it hits alone.
func (b *bulk) complete(i int, rows []uint16) {
	r, number := b.p.otherwise, len(b.p.fixed)-1
	if i != otherwise {
		r, number = &b.p.rules[i], i
	}
	outcome := b.out.Outcome[b.from:]
	for _, row := range rows {
		outcome[row] = uint32(number)
	}
	b.evaluate(i, r, alone, rows)
}

// manner is what becomes of the values that a rule gives.
type manner uint8

const (
	alone    manner = iota // they are the result
	outranks               // they are, in rows that the rule is chosen for
	agrees                 // they are constants: the result is known
	adds                   // they become a part of the result
)

// evaluate computes all that a rule gives, in the reference's order, and enters
// it. Where something has no value, the row's decision stops; the other rows are
// what it returns.
func (b *bulk) evaluate(i int, r *row, how manner, rows []uint16) []uint16 {
	for f, x := range r.then {
		if x.native == nil {
			rows = b.field(i, r, f, how, rows)
		} else if how == adds {
			rows = b.addConstant(i, f, x.native, rows)
		}
	}
	if r.priority != nil && len(rows) > 0 {
		rows = b.priority(i, r, how, rows)
	}
	for _, x := range r.needs {
		if x.constant != nil {
			continue
		}
		if x.column.Foreign != nil {
			rows = b.referIfStopped(x, rows)
			continue
		}
		if faults := b.m.Faults(x.column, rows); len(faults) > 0 {
			rows = b.stopped(rows, faults, r.id, "reason.text")
		}
	}
	return rows
}

// stopped enters faults of some of the rows, and gives those that have none.
func (b *bulk) stopped(rows []uint16, faults []column.RowFault, rule, field string) []uint16 {
	if len(faults) == 0 {
		return rows
	}
	b.stop(faults, rule, field)
	n := 0
	for _, row := range rows {
		if len(faults) > 0 && faults[0].Row == row {
			faults = faults[1:]
			continue
		}
		rows[n] = row
		n++
	}
	return rows[:n]
}

// referIfStopped leaves the rows where an expression has no value to the
// reference.
func (b *bulk) referIfStopped(x *expression, rows []uint16) []uint16 {
	return b.referWhere(rows, func(row uint16) bool {
		b.begin(b.from + int(row))
		_, stop := b.value(x)
		return stop != nil
	})
}

// priority enters a rule's priorities.
func (b *bulk) priority(i int, r *row, how manner, rows []uint16) []uint16 {
	x := r.priority
	v := b.doubles[:]
	switch {
	case x.constant != nil:
		constant, err := numberOf(x.constant)
		if err != nil {
			return b.referAll(rows)
		}
		for _, row := range rows {
			v[row] = constant
		}
	case x.column.Foreign != nil:
		return b.referAll(rows)
	case x.column.Type().Kind == column.Double:
		var faults []column.RowFault
		v, faults = b.m.Doubles(x.column, rows)
		rows = b.stopped(rows, faults, r.id, "priority")
		if anyInfinite(v, rows) {
			rows = b.referWhere(rows, func(row uint16) bool { return infinite(v[row]) })
		}
	default:
		whole, faults := b.m.Ints(x.column, rows)
		rows = b.stopped(rows, faults, r.id, "priority")
		rows = b.referWhere(rows, func(row uint16) bool { return whole[row] > 1<<53 || whole[row] < -1<<53 })
		for _, row := range rows {
			v[row] = float64(whole[row])
		}
	}
	out := b.out.Priority[b.from:]
	switch how {
	case alone:
		scatter(out, v, rows)
	case outranks:
		scatter(out, v, b.chosen(i, rows))
	default: // the greatest counts
		for _, row := range rows {
			if p := out[row]; !(p >= v[row]) {
				out[row] = v[row]
			}
		}
	}
	return rows
}

// infinite reports that a double is no finite number.
func infinite(v float64) bool { return v-v != 0 }

func anyInfinite(v []float64, rows []uint16) bool {
	sum := 0.0
	for _, row := range rows {
		sum += v[row] - v[row] // 0, or NaN for good
	}
	return sum != 0
}

// field computes the values of a result field, holds them to what it allows, and
// enters them.
func (b *bulk) field(i int, r *row, f int, how manner, rows []uint16) []uint16 {
	field, x := &b.p.bundle.Process.Result[f], r.then[f]
	t := elementFor(field.Type, r, b.p)
	if x.column.Foreign != nil || x.column.Type() != columnType(t) {
		return b.referAll(rows)
	}
	name, sums := "then."+field.Name, b.p.sums()
	var faults []column.RowFault
	switch t {
	case bundle.Boolean:
		var v []bool
		v, faults = b.m.Bools(x.column, rows)
		rows = b.stopped(rows, faults, r.id, name)
		scatter(b.out.Computed[f].Bools[b.from:], v, b.written(i, how, rows))
	case bundle.Integer:
		var v []int64
		v, faults = b.m.Ints(x.column, rows)
		rows = b.stopped(rows, faults, r.id, name)
		if !sums && (field.Minimum != nil || field.Maximum != nil) {
			rows = b.referWhere(rows, func(row uint16) bool { return withinInteger(field, v[row]) != nil })
		}
		if how == adds {
			return b.addInts(i, f, v, rows)
		}
		scatter(b.out.Computed[f].Ints[b.from:], v, b.written(i, how, rows))
	case bundle.Number:
		var v []float64
		v, faults = b.m.Doubles(x.column, rows)
		rows = b.stopped(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool {
			return infinite(v[row]) || !sums && allowedDouble(field, v[row]) != nil
		})
		if how == adds {
			return b.addDoubles(i, f, v, rows)
		}
		scatter(b.out.Computed[f].Floats[b.from:], v, b.written(i, how, rows))
	case bundle.String:
		var v column.Texts
		v, faults = b.m.Texts(x.column, rows)
		rows = b.stopped(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool { return !allowedText(field, v.At(row)) })
		if how == adds {
			return b.append(i, f, rows, func(row uint16) any { return v.At(row) })
		}
		for _, row := range b.written(i, how, rows) {
			b.out.Computed[f].Texts[b.from+int(row)] = v.At(row)
		}
	case bundle.Date:
		var v []column.Instant
		v, faults = b.m.Times(x.column, rows)
		rows = b.stopped(rows, faults, r.id, name)
		rows = b.referWhere(rows, func(row uint16) bool { return !midnight(v[row]) })
		if how == adds {
			return b.append(i, f, rows, func(row uint16) any { return v[row].Time() })
		}
		for _, row := range b.written(i, how, rows) {
			b.out.Computed[f].Ints[b.from+int(row)] = v[row].Seconds / 86400
		}
	default:
		return b.listField(i, r, f, how, rows)
	}
	return rows
}

func scatter[T any](out, v []T, rows []uint16) {
	for _, row := range rows {
		out[row] = v[row]
	}
}

func allowedText(f *bundle.Field, s string) bool {
	return len(s) <= MaxStringSize && (len(f.Values) == 0 || slices.Contains(f.Values, s))
}

func allowedDouble(f *bundle.Field, v float64) error {
	switch {
	case f.Minimum != nil && v < *f.Minimum:
		return errBelowMinimum
	case f.Maximum != nil && v > *f.Maximum:
		return errAboveMaximum
	}
	return nil
}

// listField computes the lists of a result field.
func (b *bulk) listField(i int, r *row, f int, how manner, rows []uint16) []uint16 {
	field := &b.p.bundle.Process.Result[f]
	v, faults := b.m.Lists(r.then[f].column, rows)
	rows = b.stopped(rows, faults, r.id, "then."+field.Name)
	made := make([]any, column.Rows)
	rows = b.referWhere(rows, func(row uint16) bool {
		list, ok := listAt(field, &v, row)
		made[row] = list
		return !ok
	})
	scatter(b.out.Computed[f].Lists[b.from:], made, b.written(i, how, rows))
	return rows
}

// listAt is a row's list as a result has it; false if a result cannot have it.
func listAt(f *bundle.Field, v *column.Lists, row uint16) (any, bool) {
	from, to := v.From[row], v.To[row]
	if to-from > bundle.MaxListItems {
		return nil, false
	}
	switch f.Type {
	case bundle.IntegerList:
		list := append(make([]int64, 0, to-from), v.Ints[from:to]...)
		return list, eachAllowed(f, list) == nil
	case bundle.NumberList:
		list := append(make([]float64, 0, to-from), v.Floats[from:to]...)
		return list, !slices.ContainsFunc(list, infinite) && eachAllowed(f, list) == nil
	case bundle.StringList:
		list := make([]string, 0, to-from)
		for i := from; i < to; i++ {
			list = append(list, textAt(&v.Texts, i))
		}
		return list, !slices.ContainsFunc(list, func(s string) bool { return !allowedText(f, s) })
	}
	list := make([]time.Time, 0, to-from)
	for i := from; i < to; i++ {
		t := instantAt(v, i)
		if !midnight(t) {
			return nil, false
		}
		list = append(list, t.Time())
	}
	return list, true
}

func textAt(t *column.Texts, i uint32) string {
	if t.Codes != nil {
		return t.Dict[t.Codes[i]]
	}
	return t.All[i]
}

func instantAt(l *column.Lists, i uint32) column.Instant {
	if l.Days {
		return column.Instant{Seconds: l.Ints[i] * 86400}
	}
	return l.Times[i]
}

// midnight reports whether an instant is a date.
func midnight(t column.Instant) bool { return t.Nanos == 0 && t.Seconds%86400 == 0 }

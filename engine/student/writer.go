// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"math"
	"slices"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// writer appends one student's value after another to a column.
type writer struct {
	b      *Builder
	layout Layout
	column *Column
	codes  []uint32 // builder's string code → column's code + 1
	isList bool
}

func newWriter(b *Builder, l Layout) *writer {
	t := b.attribute.Type
	c := &Column{Attribute: b.attribute, Presence: make([]Presence, 0, l.Len)}
	w := &writer{b: b, layout: l, column: c, isList: t.IsList()}
	size := l.Len
	if w.isList {
		size = b.facts.n
		if most := max(b.from.First, b.from.Last); most > 0 {
			size = min(size, most*l.Len)
		}
		c.Offsets = make([]uint32, 1, l.Len+1)
	}
	switch t.Element() {
	case bundle.Boolean:
		c.Bools = make([]bool, 0, size)
	case bundle.Integer, bundle.Date:
		c.Ints = make([]int64, 0, size)
	case bundle.Number:
		c.Floats = make([]float64, 0, size)
	case bundle.String:
		c.Codes = make([]uint32, 0, size)
		w.codes = make([]uint32, len(b.dict))
	}
	if l.Provenance {
		c.RowOffsets = make([]uint32, 1, l.Len+1)
	}
	if l.Dated {
		c.Newest = make([]int32, 0, l.Len)
	}
	return w
}

func (w *writer) finish() *Column {
	// A scalar String column needs a code even where there is no string.
	if c := w.column; !w.isList && c.Type() == bundle.String && len(c.Dict) == 0 && len(c.Codes) > 0 {
		c.Dict = []string{""}
	}
	return w.column
}

// write appends the value that a student's ordered, selected facts give.
func (w *writer) write(facts []entry) {
	facts = w.read(facts)
	if slices.ContainsFunc(facts, entry.faulty) {
		w.missing(Faulty, facts)
		return
	}
	if len(facts) == 0 && w.b.from.Aggregate != bundle.Count {
		w.missing(Absent, nil)
		return
	}
	if w.isList {
		w.list(facts)
		return
	}
	w.scalar(facts)
}

// read narrows facts down to those that the value depends on.
func (w *writer) read(facts []entry) []entry {
	if len(facts) == 0 {
		return facts
	}
	switch w.b.from.Aggregate {
	case bundle.Latest, bundle.DaysSince:
		return facts[len(facts)-1:]
	case bundle.Earliest:
		return facts[:1]
	}
	return facts
}

func (w *writer) list(facts []entry) {
	if len(facts) > MaxItems(w.b.attribute) {
		w.fault(facts, FaultTooMany)
		return
	}
	for _, e := range facts {
		w.element(e.bits)
	}
	w.present(facts)
}

func (w *writer) scalar(facts []entry) {
	switch w.b.from.Aggregate {
	case "", bundle.Earliest, bundle.Latest:
		w.element(facts[0].bits)
		w.present(facts[:1])
	case bundle.Count:
		w.whole(facts, int64(len(facts)))
	case bundle.DaysSince:
		if facts[0].Day == Undated {
			w.missing(Absent, nil)
			return
		}
		w.whole(facts, int64(w.layout.Today)-int64(facts[0].Day))
	case bundle.Mean:
		w.column.Floats = append(w.column.Floats, mean(facts))
		w.present(facts)
	case bundle.Minimum, bundle.Maximum:
		w.extreme(facts)
	case bundle.Sum:
		w.sum(facts)
	default:
		w.missing(Absent, nil)
	}
}

// mean is the arithmetic mean, summed in the facts' order as IEEE doubles. Where
// the plain sum would overflow, each fact is divided first.
func mean(facts []entry) float64 {
	n := float64(len(facts))
	var sum float64
	for _, e := range facts {
		sum += math.Float64frombits(e.bits)
	}
	if !math.IsInf(sum, 0) {
		return sum / n
	}
	sum = 0
	for _, e := range facts {
		sum += math.Float64frombits(e.bits) / n
	}
	return sum
}

func (w *writer) extreme(facts []entry) {
	best := facts[0]
	for _, e := range facts[1:] {
		var less, equal bool
		if w.column.Type() == bundle.Number {
			x, y := math.Float64frombits(e.bits), math.Float64frombits(best.bits)
			less, equal = x < y, x == y
		} else {
			less, equal = int64(e.bits) < int64(best.bits), e.bits == best.bits
		}
		if !equal && less == (w.b.from.Aggregate == bundle.Minimum) {
			best = e
		}
	}
	w.element(best.bits)
	w.present(facts)
}

func (w *writer) sum(facts []entry) {
	if w.column.Type() == bundle.Number {
		var sum float64
		for _, e := range facts {
			sum += math.Float64frombits(e.bits)
		}
		fault := w.b.wholeOutOfBounds(sum)
		if math.IsInf(sum, 0) || math.IsNaN(sum) {
			fault = FaultNotFinite
		}
		if fault != "" {
			w.fault(facts, fault)
			return
		}
		w.column.Floats = append(w.column.Floats, sum)
		w.present(facts)
		return
	}
	var sum int64
	for _, e := range facts {
		next := sum + int64(e.bits)
		if (next > sum) != (int64(e.bits) > 0) && e.bits != 0 {
			w.fault(facts, FaultOverflow)
			return
		}
		sum = next
	}
	w.whole(facts, sum)
}

// whole appends an integer that is bounded as a whole.
func (w *writer) whole(facts []entry, v int64) {
	if fault := w.b.wholeOutOfBounds(float64(v)); fault != "" {
		w.fault(facts, fault)
		return
	}
	w.column.Ints = append(w.column.Ints, v)
	w.present(facts)
}

func (w *writer) element(value uint64) {
	c := w.column
	switch c.Type().Element() {
	case bundle.Boolean:
		c.Bools = append(c.Bools, value != 0)
	case bundle.Integer, bundle.Date:
		c.Ints = append(c.Ints, int64(value))
	case bundle.Number:
		c.Floats = append(c.Floats, math.Float64frombits(value))
	case bundle.String:
		if w.codes[value] == 0 {
			c.Dict = append(c.Dict, w.b.dict[value])
			w.codes[value] = uint32(len(c.Dict))
		}
		c.Codes = append(c.Codes, w.codes[value]-1)
	}
}

func (w *writer) present(facts []entry) {
	w.column.Presence = append(w.column.Presence, Present)
	w.trace(facts)
}

func (w *writer) absent() { w.missing(Absent, nil) }

// faulty appends a value damaged at these rows.
func (w *writer) faulty(rows []uint32) {
	facts := make([]entry, 0, len(rows))
	for _, row := range rows {
		facts = append(facts, entry{Fact{Day: Undated, Row: row}, 0})
	}
	w.missing(Faulty, facts)
}

func (w *writer) fault(facts []entry, fault string) {
	if w.layout.Fault != nil {
		var row uint32
		if len(facts) > 0 {
			row = facts[len(facts)-1].Row
		}
		w.layout.Fault(row, fault)
	}
	w.missing(Faulty, facts)
}

func (w *writer) missing(p Presence, facts []entry) {
	c := w.column
	c.Presence = append(c.Presence, p)
	if !w.isList {
		switch c.Type() {
		case bundle.Boolean:
			c.Bools = append(c.Bools, false)
		case bundle.Integer, bundle.Date:
			c.Ints = append(c.Ints, 0)
		case bundle.Number:
			c.Floats = append(c.Floats, 0)
		case bundle.String:
			c.Codes = append(c.Codes, 0)
		}
	}
	w.trace(facts)
}

// trace closes a student's value: the list's end, and where the value came from.
func (w *writer) trace(facts []entry) {
	c := w.column
	if w.isList {
		c.Offsets = append(c.Offsets, w.elements())
	}
	if c.RowOffsets != nil {
		start := len(c.Rows)
		for _, e := range facts {
			row := e.Row &^ faultyRow
			if row != 0 && (len(c.Rows) == start || c.Rows[len(c.Rows)-1] != row) {
				c.Rows = append(c.Rows, row)
			}
		}
		c.RowOffsets = append(c.RowOffsets, uint32(len(c.Rows)))
	}
	if w.layout.Dated {
		newest := int32(Undated)
		for _, e := range facts {
			newest = max(newest, e.Day)
		}
		c.Newest = append(c.Newest, newest)
	}
}

func (w *writer) elements() uint32 {
	c := w.column
	switch c.Type().Element() {
	case bundle.Number:
		return uint32(len(c.Floats))
	case bundle.String:
		return uint32(len(c.Codes))
	}
	return uint32(len(c.Ints))
}

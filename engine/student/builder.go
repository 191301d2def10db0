// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Undated is the day of a fact that carries no date. Undated facts are older
// than all others.
const Undated = math.MinInt32

// MaxRow is the greatest row number a fact may carry.
const MaxRow = 1<<31 - 1

// Fact is one thing a source says about one student, without its value.
type Fact struct {
	Student int32  // the source's own number for the student: see Layout.Rows
	Day     int32  // days since 1970-01-01, or Undated
	Tie     uint32 // the source's number for the record: see Layout.Compare
	Row     uint32 // the file's row number (1 is the header), at most MaxRow
}

// Builder gathers the facts of one attribute in any order and makes the
// attribute's column of them: it orders, selects and aggregates as the
// attribute's From says. Which facts count (dates, filters) is the source's to
// decide before.
type Builder struct {
	attribute bundle.Attribute
	from      bundle.OneRoster
	facts     facts
	isDouble  bool // facts are doubles
	damaged   []Fact
	codes     map[string]uint32
	dict      []string
	suspects  map[uint32]bool

	keys  []uint64 // scratch of sortDays
	moved []entry
}

// entry is a fact with its value: the bits of an int64, float64 or bool, or a
// string's code. The top bit of Row marks a fact whose value cannot be read.
type entry struct {
	Fact
	bits uint64
}

const faultyRow = 1 << 31

func (e entry) faulty() bool { return e.Row&faultyRow != 0 }

// NewBuilder starts the column of an attribute.
func NewBuilder(a bundle.Attribute) *Builder {
	b := &Builder{attribute: a, isDouble: a.Type.Element() == bundle.Number}
	if a.From.OneRoster != nil {
		b.from = *a.From.OneRoster
	}
	return b
}

// The faults a value can have. They are few and fixed so that they can be
// counted.
const (
	FaultNotUTF8      = "not valid UTF-8"
	FaultTooLong      = "longer than the attribute's maxLength"
	FaultBelowMinimum = "below the attribute's minimum"
	FaultAboveMaximum = "above the attribute's maximum"
	FaultNotFinite    = "not a finite number"
	FaultTooMany      = "more facts than the attribute's maxItems"
	FaultOverflow     = "the sum exceeds 64 bits"
	FaultWholeTooLow  = "together below the attribute's minimum"
	FaultWholeTooHigh = "together above the attribute's maximum"
)

// Integer adds a fact of an Integer or Date attribute, or one that is only
// counted. A value that the attribute does not allow is added as faulty, and
// the fault returned.
func (b *Builder) Integer(f Fact, v int64) (fault string) {
	if b.attribute.Type.Element() != bundle.Date {
		if fault := b.outOfBounds(float64(v)); fault != "" && b.boundsFacts() {
			b.Faulty(f)
			return fault
		}
	}
	b.facts.add(entry{f, uint64(v)}, false)
	return ""
}

// Number adds a fact of a Number attribute.
func (b *Builder) Number(f Fact, v float64) (fault string) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		b.Faulty(f)
		return FaultNotFinite
	}
	if fault := b.outOfBounds(v); fault != "" && b.boundsFacts() {
		b.Faulty(f)
		return fault
	}
	b.facts.add(entry{f, math.Float64bits(v)}, b.isDouble)
	return ""
}

// Boolean adds a fact of a Boolean attribute.
func (b *Builder) Boolean(f Fact, v bool) {
	var bits uint64
	if v {
		bits = 1
	}
	b.facts.add(entry{f, bits}, false)
}

// Text adds a fact of a String attribute. It keeps a copy of v.
func (b *Builder) Text(f Fact, v string) (fault string) {
	switch {
	case len(v) > MaxLength(b.attribute):
		fault = FaultTooLong
	case !utf8.ValidString(v):
		fault = FaultNotUTF8
	}
	if fault != "" {
		b.Faulty(f)
		return fault
	}
	code, known := b.codes[v]
	if !known {
		code = b.newCode(string([]byte(v))) // v may be part of a whole record
	}
	b.facts.add(entry{f, uint64(code)}, false)
	return ""
}

// Bytes is Text for who reads bytes.
func (b *Builder) Bytes(f Fact, v []byte) (fault string) {
	if code, known := b.codes[string(v)]; known {
		b.facts.add(entry{f, uint64(code)}, false)
		return ""
	}
	return b.Text(f, string(v))
}

func (b *Builder) newCode(v string) uint32 {
	if b.codes == nil {
		b.codes = map[string]uint32{}
	}
	code := uint32(len(b.dict))
	b.codes[v] = code
	b.dict = append(b.dict, v)
	return code
}

// Present adds a fact that is only counted or dated (Count, DaysSince).
func (b *Builder) Present(f Fact) {
	b.facts.add(entry{f, 0}, false)
}

// Faulty adds a fact whose place in the order is known but whose value cannot
// be read, or of which it cannot be said whether it belongs. It makes the
// student's value Faulty only if it is among the facts selected: an old damaged
// score does not spoil the latest one.
func (b *Builder) Faulty(f Fact) {
	f.Row |= faultyRow
	b.facts.add(entry{f, 0}, false)
}

// Damage makes a student's value Faulty whatever the other facts are: for a
// fact whose place in the order is not known. Row may be 0 where the damage
// lies in another file than the attribute's.
func (b *Builder) Damage(student int32, row uint32) {
	b.damaged = append(b.damaged, Fact{Student: student, Row: row})
}

// Suspect makes all facts of one record faulty, before or after they come.
func (b *Builder) Suspect(tie uint32) {
	if b.suspects == nil {
		b.suspects = map[uint32]bool{}
	}
	b.suspects[tie] = true
}

// boundsFacts reports whether minimum and maximum hold for each fact. A sum, a
// count and a number of days are bounded as a whole instead.
func (b *Builder) boundsFacts() bool {
	switch b.from.Aggregate {
	case bundle.Sum, bundle.Count, bundle.DaysSince:
		return false
	}
	return true
}

func (b *Builder) outOfBounds(v float64) string {
	if m := b.attribute.Minimum; m != nil && v < *m {
		return FaultBelowMinimum
	}
	if m := b.attribute.Maximum; m != nil && v > *m {
		return FaultAboveMaximum
	}
	return ""
}

// wholeOutOfBounds is outOfBounds for what several facts make.
func (b *Builder) wholeOutOfBounds(v float64) string {
	switch b.outOfBounds(v) {
	case FaultBelowMinimum:
		return FaultWholeTooLow
	case FaultAboveMaximum:
		return FaultWholeTooHigh
	}
	return ""
}

// Layout says how a source's numbers become a population's rows.
type Layout struct {
	// Len is the number of students in the population.
	Len int
	// Rows[s] is the population's row of the source's student s; negative if the
	// student is not in the population.
	Rows []int32
	// Today is the calendar day of the instant of evaluation, for DaysSince.
	Today int32
	// Compare orders the records of one day (by sourcedId).
	Compare func(a, b uint32) int
	// Provenance and Dated say whether to record Rows and Newest.
	Provenance, Dated bool
	// Unavailable makes the attribute Absent for every student: the source
	// lacks the file or the column.
	Unavailable bool
	// Fault is told of values that are faulty as a whole, with the row of the
	// newest fact. It may be nil.
	Fault func(row uint32, fault string)
}

// Column orders, selects and aggregates the facts into the attribute's column.
// The builder must not be used afterwards.
func (b *Builder) Column(l Layout) *Column {
	w := newWriter(b, l)
	if l.Unavailable {
		for range l.Len {
			w.absent()
		}
		return w.finish()
	}
	scratch, _ := groups.Get().(*[]entry)
	if scratch == nil {
		scratch = new([]entry)
	}
	defer groups.Put(scratch)
	grouped, starts := b.group(l, *scratch)
	*scratch = grouped
	b.facts = facts{} // grouped holds them now: a state has many
	damaged := b.damagedRows(l)
	for row := range l.Len {
		facts := b.sift(grouped[starts[row]:starts[row+1]], l)
		if rows, is := damaged[int32(row)]; is {
			w.faulty(rows)
			continue
		}
		w.write(facts)
	}
	return w.finish()
}

// groups are buffers of entries between columns: a column's facts, spread out,
// are the most memory that reading takes, and only for a moment.
var groups sync.Pool

// group sorts the facts by the population's row, keeping their order otherwise:
// a counting sort, as rows are dense. It writes to scratch, if that is enough.
func (b *Builder) group(l Layout, scratch []entry) (grouped []entry, starts []uint32) {
	starts = make([]uint32, l.Len+1)
	for s, count := range b.facts.counts {
		if row := l.Rows[s]; row >= 0 {
			starts[row+1] += count
		}
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	n := int(starts[l.Len])
	grouped = slices.Grow(scratch[:0], n)[:n]
	next := slices.Clone(starts[:l.Len])
	b.facts.each(func(e entry) {
		row := l.Rows[e.Student]
		if row < 0 {
			return
		}
		if len(b.suspects) > 0 && b.suspects[e.Tie] {
			e.Row |= faultyRow
		}
		grouped[next[row]] = e
		next[row]++
	})
	return grouped, starts
}

// sift orders one student's facts by date and record and keeps the first or
// last n of them.
func (b *Builder) sift(facts []entry, l Layout) []entry {
	if b.onlyLast() {
		return last(facts, l)
	}
	b.sort(facts, l)
	if n := b.from.First; n > 0 && n < len(facts) {
		facts = facts[:n]
	}
	if n := b.from.Last; n > 0 && n < len(facts) {
		facts = facts[len(facts)-n:]
	}
	return facts
}

// onlyLast reports whether the value depends on no fact but the last.
func (b *Builder) onlyLast() bool {
	return b.from.First == 0 && (b.from.Aggregate == bundle.Latest || b.from.Aggregate == bundle.DaysSince)
}

// last is the last of a student's facts, without ordering the others.
func last(facts []entry, l Layout) []entry {
	if len(facts) == 0 {
		return facts
	}
	best := 0
	for i := 1; i < len(facts); i++ {
		if l.compare(&facts[best], &facts[i]) <= 0 {
			best = i
		}
	}
	return facts[best : best+1]
}

// compare orders two facts by date, and facts of one day by record.
func (l *Layout) compare(x, y *entry) int {
	if x.Day != y.Day {
		return cmp.Compare(x.Day, y.Day)
	}
	if x.Tie == y.Tie || l.Compare == nil {
		return 0
	}
	return l.Compare(x.Tie, y.Tie)
}

// sort orders facts by date and record, those that compare alike as they came.
// Dates are numbers; of the records, whose ids are far away in memory, only
// those of one day are compared.
func (b *Builder) sort(facts []entry, l Layout) {
	byDay := func(x, y entry) int { return cmp.Compare(x.Day, y.Day) }
	if !slices.IsSortedFunc(facts, byDay) {
		b.sortDays(facts)
	}
	if l.Compare == nil {
		return
	}
	byRecord := func(x, y entry) int { return l.compare(&x, &y) }
	for from := 0; from < len(facts); {
		to := from + 1
		for to < len(facts) && facts[to].Day == facts[from].Day {
			to++
		}
		if day := facts[from:to]; len(day) > 1 && !slices.IsSortedFunc(day, byRecord) {
			slices.SortStableFunc(day, byRecord)
		}
		from = to
	}
}

// sortDays orders facts by date, those of one day as they came: it sorts
// numbers that hold both the day and the place, and then moves each fact once.
func (b *Builder) sortDays(facts []entry) {
	b.keys, b.moved = b.keys[:0], append(b.moved[:0], facts...)
	for i := range facts {
		b.keys = append(b.keys, uint64(uint32(facts[i].Day)^1<<31)<<32|uint64(i))
	}
	slices.Sort(b.keys)
	for i, key := range b.keys {
		facts[i] = b.moved[uint32(key)]
	}
}

func (b *Builder) damagedRows(l Layout) map[int32][]uint32 {
	if len(b.damaged) == 0 {
		return nil
	}
	rows := map[int32][]uint32{}
	for _, d := range b.damaged {
		if row := l.Rows[d.Student]; row >= 0 {
			rows[row] = append(rows[row], d.Row)
		}
	}
	return rows
}

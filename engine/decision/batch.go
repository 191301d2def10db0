// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"math"
	"time"
)

// Batch holds the decisions of one run in columns: row i is the decision about
// the student in row i of the population. A whole district fits in a few bytes a
// student, because most decisions of a run share their outcome: it is kept once
// and numbered.
//
// A slice that is nil holds the zero value in every row.
type Batch struct {
	// What all decisions of the run share. See Record.
	District string
	Process  string
	Revision string
	Run      string
	Trigger  string // the trigger instance
	At       time.Time
	Expires  time.Time
	Fields   []string // result fields in declared order, at most 64

	// Students, Schools and Classes are the population's own slices.
	Students []string
	Schools  []string
	Classes  []string

	// Outcome[i] is the number in Outcomes of what the rules said of student i.
	Outcome  []uint32
	Outcomes []Outcome
	// State[i] is the number of the decision's state: see StateNumber.
	State []uint8
	// Priority[i] is NaN where the rule computes none.
	Priority []float64
	// Computed[f] has the values of field f where they are not the same in all
	// rows of an outcome; nil for a field where they always are.
	Computed []*Values

	// Places[i] is the decision's place in the allocation; nil where the process
	// has no capacity.
	Places []Allotment
	// Supersedes[i] is the number in Superseded of the run whose decision about
	// the student was in force before, plus one; 0 where there was none. A run is
	// named by the RunPart of its decisions' ids.
	Supersedes []uint16
	Superseded []string
}

// Outcome is what the rules said of one student or many.
type Outcome struct {
	Rules []string
	Code  string // of the reason
	// Result has a value for each field, nil where there is no result. A field
	// whose bit is set in Computed has its value in Batch.Computed instead.
	Result   []any
	Computed uint64
	Missing  []string
	Failure  string
}

// Values is a column of computed result values, of one kind. Rows whose outcome
// does not compute the field hold anything.
type Values struct {
	Bools  []bool
	Ints   []int64 // dates, too, as days since 1970-01-01, if Dates is set
	Dates  bool
	Floats []float64
	Texts  []string
	Lists  []any // slices of one of the above kinds
}

// Allotment is a decision's part in an allocation. See Record.
type Allotment struct {
	Group     string
	Units     int64
	Rank      int
	Waiting   int
	Placement string
}

// numbered are the states by their numbers in Batch.State. New ones are
// appended: the numbers are part of what is recorded.
var numbered = [...]State{
	Undetermined, Failed, Proposed, Confirmed, Offered, Waitlisted, NotPlaced, Accepted, Enrolled,
	Attended, Declined, Lapsed, Ended, Expired, Appealed, Overridden, Superseded,
}

// stateNumber is the inverse of numbered.
var stateNumber = func() map[State]uint8 {
	numbers := make(map[State]uint8, len(numbered))
	for i, s := range numbered {
		numbers[s] = uint8(i)
	}
	return numbers
}()

// StateNumber is the number of a state in Batch.State; false if it is no state.
func StateNumber(s State) (uint8, bool) {
	n, ok := stateNumber[s]
	return n, ok
}

// StateOf is the state with a number; false if there is none.
func StateOf(number uint8) (State, bool) {
	if int(number) >= len(numbered) {
		return "", false
	}
	return numbered[number], true
}

// Len is the number of decisions.
func (b *Batch) Len() int { return len(b.Students) }

// Record is the decision in a row as a record of its own. What outcomes share,
// the record shares too: it must not be changed. It panics if there is no such
// row, as indexing a slice does.
func (b *Batch) Record(i int) Record {
	o := &b.Outcomes[b.Outcome[i]]
	r := Record{
		ID:       RunPart(b.Revision, b.Trigger) + StudentPart(b.District, b.Students[i]),
		District: b.District, Process: b.Process, Revision: b.Revision, Run: b.Run, At: b.At, Expires: b.Expires,
		Student: b.Students[i], School: b.Schools[i], Class: b.Classes[i],
		Rules: o.Rules, State: numbered[b.State[i]], Reason: Reason{Code: o.Code}, Missing: o.Missing, Failure: o.Failure,
	}
	if o.Result != nil {
		r.Result = make([]Value, len(b.Fields))
		for f, name := range b.Fields {
			r.Result[f] = Value{Field: name, V: b.value(o, f, i)}
		}
	}
	if b.Priority != nil && !math.IsNaN(b.Priority[i]) {
		r.Priority = &b.Priority[i]
	}
	if b.Places != nil {
		p := &b.Places[i]
		r.Group, r.Units, r.Rank, r.Waiting, r.Placement = p.Group, p.Units, p.Rank, p.Waiting, p.Placement
	}
	if b.Supersedes != nil && b.Supersedes[i] > 0 {
		r.Supersedes = b.Superseded[b.Supersedes[i]-1] + StudentPart(b.District, b.Students[i])
	}
	return r
}

// All are all records.
func (b *Batch) All() []Record {
	records := make([]Record, b.Len())
	for i := range records {
		records[i] = b.Record(i)
	}
	return records
}

func (b *Batch) value(o *Outcome, field, row int) any {
	if o.Computed&(1<<field) == 0 {
		return o.Result[field]
	}
	return b.Computed[field].At(row)
}

// At is a row's value as Value.V has it.
func (v *Values) At(row int) any {
	switch {
	case v.Bools != nil:
		return v.Bools[row]
	case v.Ints != nil && v.Dates:
		return time.Unix(v.Ints[row]*86400, 0).UTC()
	case v.Ints != nil:
		return v.Ints[row]
	case v.Floats != nil:
		return v.Floats[row]
	case v.Texts != nil:
		return v.Texts[row]
	default:
		return v.Lists[row]
	}
}

// Slice is rows [from, to) as a batch of its own, which shares everything.
func (b *Batch) Slice(from, to int) *Batch {
	s := *b
	s.Students, s.Schools, s.Classes = b.Students[from:to], b.Schools[from:to], b.Classes[from:to]
	s.Outcome, s.State = b.Outcome[from:to], b.State[from:to]
	s.Priority, s.Places, s.Supersedes = part(b.Priority, from, to), part(b.Places, from, to), part(b.Supersedes, from, to)
	s.Computed = make([]*Values, len(b.Computed))
	for f, v := range b.Computed {
		if v != nil {
			s.Computed[f] = &Values{
				Bools: part(v.Bools, from, to), Ints: part(v.Ints, from, to), Dates: v.Dates,
				Floats: part(v.Floats, from, to), Texts: part(v.Texts, from, to), Lists: part(v.Lists, from, to),
			}
		}
	}
	return &s
}

// part is a part of a column that may be absent.
func part[T any](column []T, from, to int) []T {
	if column == nil {
		return nil
	}
	return column[from:to]
}

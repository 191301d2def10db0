// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package student holds what is known of a district's students at one instant,
// in typed columns: one column an attribute, one row a student.
//
// Columns and not structs, because a whole district is decided at once: a
// column of doubles costs eight bytes a student, is read in order, and gives
// the garbage collector nothing to trace.
package student

import (
	"slices"
	"strconv"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Population is the students of one district as seen at one instant. Rows are
// in ascending byte order of ID. A Population is immutable once built and safe
// for concurrent reading.
type Population struct {
	District string
	// At is the instant of evaluation. No fact dated after it is in any column.
	At time.Time
	// Zone is the district's time zone: it says which calendar day At is.
	Zone *time.Location
	// Source names the exact input, so that a record can say what was read.
	Source Origin

	IDs     []string // OneRoster sourcedId
	Schools []string // per row; empty where none is known
	Classes []string // per row; empty where none is known

	columns []*Column
	byName  map[string]int
	byValue map[identity]*Column // by what determines a column's values: see View

	// Problems are faulty rows of the input, in file and row order. A wholly
	// damaged file has more than anybody reads: a source keeps the first
	// thousand or so of each file and counts them all in ProblemCounts.
	Problems []Problem
	// ProblemCounts are the numbers of all problems, in the same order.
	ProblemCounts []ProblemCount
}

// Origin identifies an information source's content.
type Origin struct {
	Kind   string // oneroster-csv
	Digest string // sha256-<hex> over the files' names and contents, the same for a zip and its folder
}

// New builds a population of these columns. Every column must have one value a
// row; New panics otherwise, as that is a programming error. Where two columns
// bear one name, Column gives the first; View tells them apart.
func New(district string, at time.Time, zone *time.Location, origin Origin, ids, schools, classes []string, columns []*Column) *Population {
	p := &Population{
		District: district, At: at, Zone: zone, Source: origin,
		IDs: ids, Schools: schools, Classes: classes,
		columns: columns, byName: make(map[string]int, len(columns)),
		byValue: make(map[identity]*Column, len(columns)),
	}
	for i, c := range columns {
		if c.Len() != len(ids) {
			panic("student: column " + c.Name() + " does not have one value a student")
		}
		c.Whole = c.Whole || !slices.ContainsFunc(c.Presence, func(p Presence) bool { return p != Present })
		if _, taken := p.byName[c.Name()]; !taken {
			p.byName[c.Name()] = i
		}
		p.byValue[identityOf(c.Attribute)] = c
	}
	return p
}

// View is the population restricted to exactly the attributes that a model
// declares, under the names and policies the model gives them: no other
// attribute can be reached through it. Columns are shared, not copied.
//
// The population must have been read with a plan that includes the model; View
// panics otherwise, as that is a programming error.
func (p *Population) View(m bundle.Model) *Population {
	columns := make([]*Column, len(m.Attributes))
	for i, a := range m.Attributes {
		shared, ok := p.byValue[identityOf(a)]
		if !ok {
			panic("student: the population was read without attribute " + a.Name + " of model " + m.Name)
		}
		column := *shared
		column.Attribute = a
		columns[i] = &column
	}
	view := New(p.District, p.At, p.Zone, p.Source, p.IDs, p.Schools, p.Classes, columns)
	view.Problems, view.ProblemCounts = p.Problems, p.ProblemCounts
	return view
}

// Len is the number of students.
func (p *Population) Len() int { return len(p.IDs) }

// Columns are the attributes known, in the order they were asked for.
func (p *Population) Columns() []*Column { return p.columns }

// Column is the column of an attribute, or nil if it was not asked for.
func (p *Population) Column(name string) *Column {
	if i, ok := p.byName[name]; ok {
		return p.columns[i]
	}
	return nil
}

// Problem is one faulty row of an input. Its Error names file, row and column
// but neither the student nor the value, so that it may be logged.
type Problem struct {
	File   string
	Row    int // 1 is the header; 0 where the whole file is meant
	Column string
	Fault  string // what is wrong
	Mend   string // how to mend it
}

// Error is the problem as one line that may be logged.
func (p Problem) Error() string {
	where := p.File
	if p.Row > 0 {
		where += ": row " + strconv.Itoa(p.Row)
	}
	if p.Column != "" {
		where += ": column " + p.Column
	}
	if p.Mend == "" {
		return where + ": " + p.Fault
	}
	return where + ": " + p.Fault + ": " + p.Mend
}

// ProblemCount is how often one fault occurs in one column of one file.
type ProblemCount struct {
	File   string
	Column string
	Fault  string
	Mend   string
	Count  int
}

// Presence says whether a student has a value for an attribute.
type Presence uint8

const (
	// Absent: the source holds no value.
	Absent Presence = iota
	// Present: there is a value.
	Present
	// Faulty: the source holds something that cannot be read as the attribute's
	// type. It is missing for every rule, whatever the attribute's Missing says:
	// a default must never hide a damaged file.
	Faulty
)

// Column is one attribute's values for all students of a population. Exactly
// the slices that its type needs are set:
//
//	Boolean            Bools
//	Integer, Date      Ints (a date is its number of days since 1970-01-01)
//	Number             Floats
//	String             Codes into Dict
//	…List              Offsets (rows+1) into Ints, Floats or Codes
type Column struct {
	Attribute bundle.Attribute
	Presence  []Presence
	// Whole says that all are Present. New finds out where it is not set.
	Whole   bool
	Bools   []bool
	Ints    []int64
	Floats  []float64
	Codes   []uint32
	Dict    []string
	Offsets []uint32

	// Where each value came from: the file's row numbers (1 is the header) of
	// student i are Rows[RowOffsets[i]:RowOffsets[i+1]]. Nil if not recorded.
	RowOffsets []uint32
	Rows       []uint32
	// Newest is the date (days since 1970-01-01) of the newest fact in student
	// i's value; math.MinInt32 where facts carry no date. Nil if not recorded.
	Newest []int32
}

// Name is the attribute's name.
func (c *Column) Name() string { return c.Attribute.Name }

// Type is the attribute's type.
func (c *Column) Type() bundle.Type { return c.Attribute.Type }

// Len is the number of students.
func (c *Column) Len() int { return len(c.Presence) }

// Range is the half-open range of student i's list elements.
func (c *Column) Range(i int) (from, to uint32) { return c.Offsets[i], c.Offsets[i+1] }

// Any is student i's value as a Go value: bool, int64, float64, string,
// time.Time (a date's midnight UTC), or a slice of them; nil unless Present. It
// is for explanations and tests; rules read the slices.
func (c *Column) Any(i int) (any, Presence) {
	if p := c.Presence[i]; p != Present {
		return nil, p
	}
	switch c.Type() {
	case bundle.Boolean:
		return c.Bools[i], Present
	case bundle.Integer:
		return c.Ints[i], Present
	case bundle.Number:
		return c.Floats[i], Present
	case bundle.String:
		return c.Dict[c.Codes[i]], Present
	case bundle.Date:
		return Day(c.Ints[i]), Present
	}
	from, to := c.Range(i)
	switch c.Type() {
	case bundle.IntegerList:
		return slices.Clone(c.Ints[from:to]), Present
	case bundle.NumberList:
		return slices.Clone(c.Floats[from:to]), Present
	case bundle.StringList:
		list := make([]string, 0, to-from)
		for _, code := range c.Codes[from:to] {
			list = append(list, c.Dict[code])
		}
		return list, Present
	case bundle.DateList:
		list := make([]time.Time, 0, to-from)
		for _, days := range c.Ints[from:to] {
			list = append(list, Day(days))
		}
		return list, Present
	}
	return nil, Absent
}

// Day converts a date column's value to the instant rules see: midnight UTC.
func Day(days int64) time.Time { return time.Unix(days*86400, 0).UTC() }

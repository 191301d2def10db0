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
	// Problems are the faulty rows of the input, in file and row order.
	Problems []Problem
}

// Origin identifies an information source's content.
type Origin struct {
	Kind   string // oneroster-csv
	Digest string // sha256-<hex> over the files' names and contents, the same for a zip and its folder
}

// New builds a population of these columns. Every column must have one value a
// row; New panics otherwise, as that is a programming error.
func New(district string, at time.Time, zone *time.Location, origin Origin, ids, schools, classes []string, columns []*Column) *Population {
	p := &Population{
		District: district, At: at, Zone: zone, Source: origin,
		IDs: ids, Schools: schools, Classes: classes,
		columns: columns, byName: make(map[string]int, len(columns)),
	}
	for i, c := range columns {
		if c.Len() != len(ids) {
			panic("student: column " + c.Name() + " does not have one value a student")
		}
		p.byName[c.Name()] = i
	}
	return p
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
	Bools     []bool
	Ints      []int64
	Floats    []float64
	Codes     []uint32
	Dict      []string
	Offsets   []uint32

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

// Day converts a date column's value to the instant rules see: midnight UTC.
func Day(days int64) time.Time { return time.Unix(days*86400, 0).UTC() }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peer says what an engine must do to be compared.
package peer

import (
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Work is one table and the students to decide about.
type Work struct {
	Table    reference.Table
	Seed     uint64
	ByHand   func(*reference.Student) (rule int, priority float64)
	Columns  *reference.Columns  // all students
	Students []reference.Student // the same, or the first of them where all would not fit
}

// NewWork makes a population and keeps at most held of its students as structs.
func NewWork(table reference.Table, seed uint64, byHand func(*reference.Student) (int, float64), students, held int) *Work {
	w := &Work{Table: table, Seed: seed, ByHand: byHand, Columns: &reference.Columns{}}
	for i := range students {
		s := reference.Generate(seed, i)
		w.Columns.Add(&s)
		if i < held {
			w.Students = append(w.Students, s)
		}
	}
	return w
}

// Len is the number of students.
func (w *Work) Len() int { return w.Columns.Len() }

// Rows are students from … to-1 as structs; those that are not held are made
// anew.
func (w *Work) Rows(from, to int) []reference.Student {
	if to <= len(w.Students) {
		return w.Students[from:to]
	}
	rows := make([]reference.Student, to-from)
	for i := range rows {
		rows[i] = reference.Generate(w.Seed, from+i)
	}
	return rows
}

// Decisions are what an engine must give for every student: the number of the
// rule that decides, from 0, and the priority that it computes. The rule's
// other outputs are constants.
type Decisions struct {
	Rule     []uint16
	Priority []float64
}

// Resize makes room for n decisions.
func (d *Decisions) Resize(n int) {
	if cap(d.Rule) < n {
		d.Rule, d.Priority = make([]uint16, n), make([]float64, n)
	}
	d.Rule, d.Priority = d.Rule[:n], d.Priority[:n]
}

// Engine decides about students by one table. It is used by one goroutine.
type Engine interface {
	// Prepare brings students from … to-1 into the form that suits the engine
	// best. It is not timed.
	Prepare(from, to int) error
	// Decide decides about the students prepared. It is timed.
	Decide() error
	// Decisions are those of the last Decide. It is not timed.
	Decisions() (Decisions, error)
	// Close ends what the engine began.
	Close() error
}

// Single is an engine that also decides about one student at a time.
type Single interface {
	// One decides about student i of those prepared.
	One(i int) (rule int, priority float64)
}

// Elsewhere is an engine whose work is done by another process.
type Elsewhere interface {
	// CPU is the processor time that the other process has used, in nanoseconds.
	CPU() (int64, error)
}

// Kind is a way to decide: a library in one of its forms.
type Kind struct {
	Name   string
	Module string // whose version is printed; empty for what is part of this module
	Form   string // how the library is used
	Table  string // the only table that it has a form of; empty if it takes any
	// Share is the part of each slice of students that the engine decides about, as
	// a few students tell enough of a slow one. 0 means all.
	Share float64
	// Least is the fewest students it is given at a time, where it has to begin
	// something each time.
	Least int
	// Unlike is how many of 20,000 decisions may differ from those by hand,
	// where an engine's arithmetic is not that of IEEE doubles.
	Unlike int
	Open   func(*Work) (Engine, error)
}

// Unavailable is why an engine takes no part: it is not installed.
type Unavailable struct{ Engine, Why string }

func (e *Unavailable) Error() string { return e.Engine + ": left out: " + e.Why }

// Takes reports whether the kind has a form of a table.
func (k Kind) Takes(t reference.Table) bool { return k.Table == "" || k.Table == t.Name }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"math"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// planned is one attribute on its way from a file to a column.
type planned struct {
	from    bundle.OneRoster
	builder *student.Builder

	// How to read the field's text.
	reads     bundle.Type // the type of one fact
	counted   bool        // only whether there is a fact matters
	isList    bool        // the text is a list
	firstOnly bool        // of which only the first element counts
	grades    bool        // elements are grade codes

	// Facts of the days [lo, hi) are kept.
	lo, hi int32

	// unavailable: the export lacks the file or the column.
	unavailable bool

	// Places in the file's header, set once it is open.
	field, order int
}

func newPlanned(a bundle.Attribute, today int32) *planned {
	from := *a.From.OneRoster
	p := &planned{from: from, builder: student.NewBuilder(a), reads: a.Type.Element(), lo: math.MinInt32, hi: math.MaxInt32}
	c, known := contentOf(from.File, from.Field)
	switch from.Aggregate {
	case bundle.Count, bundle.DaysSince:
		p.counted = true
		p.reads = map[content]bundle.Type{number: bundle.Number, date: bundle.Date}[c]
	default:
		p.grades = c == gradeList && p.reads != bundle.String
		p.isList = a.Type.IsList() && (c == textList || c == gradeList || !known && oneRow(from.File))
		if p.grades && !p.isList {
			p.isList, p.firstOnly = true, true
		}
	}
	p.window(from.Where, today)
	return p
}

func (p *planned) window(w bundle.Where, today int32) {
	if d, ok := parseDay(w.From, time.UTC); ok {
		p.lo = d
	}
	if d, ok := parseDay(w.Until, time.UTC); ok {
		p.hi = d
	}
	if w.WithinDays > 0 {
		p.lo = max(p.lo, today-int32(min(w.WithinDays, 1<<20)))
		p.hi = min(p.hi, today+1)
	}
}

func (p *planned) keeps(day int32) bool { return day >= p.lo && day < p.hi }

// filtered reports whether the class, course or category of a fact matters.
func (p *planned) filtered() bool {
	return p.from.Where.Category != "" || p.byClass()
}

func (p *planned) byClass() bool {
	return p.from.Where.Class != "" || p.from.Where.Course != ""
}

// orderColumn is the column that dates a fact; empty where the enrollment that
// leads to the row dates it.
func (p *planned) orderColumn() string {
	switch {
	case p.from.OrderBy != "":
		return p.from.OrderBy
	case oneRow(p.from.File), p.from.File == classes, p.from.File == courses, p.from.File == orgs:
		return ""
	}
	return defaultOrder(p.from.File)
}

// needs are the files without which the attribute cannot be known.
func (p *planned) needs() []string {
	w := p.from.Where
	files := []string{p.from.File}
	switch p.from.File {
	case users, demographics:
		return files
	case results:
		if p.filtered() {
			files = append(files, lineItems)
		}
		if w.Category != "" {
			files = append(files, categories)
		}
	case enrollments:
	case academicSessions, courses:
		files = append(files, enrollments, classes)
	case classes, orgs:
		files = append(files, enrollments)
	}
	if p.byClass() {
		files = append(files, classes)
	}
	if w.Course != "" {
		files = append(files, courses)
	}
	return files
}

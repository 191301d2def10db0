// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"math"

	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/student"
)

// side is a small file that others refer to, held by sourcedId with the columns
// that are needed.
type side struct {
	file    string
	ids     *intern.Table
	rows    []uint32
	suspect []bool // the row cannot be trusted
	texts   map[string][]string
}

// none stands for a reference that leads nowhere.
const none = math.MaxUint32

// readSide reads a file, if the export has it; else it gives an empty one.
func (r *reader) readSide(file string, keep ...string) (*side, error) {
	s := &side{file: csvName(file), ids: intern.New(r.seed), texts: map[string][]string{}}
	if !r.manifest.bulk[file] {
		return s, nil
	}
	t, err := r.open(s.file, required[file])
	if err != nil {
		return nil, err
	}
	for _, p := range r.plan[file] {
		r.place(t, p)
		keep = append(keep, p.from.Field)
		if order := p.orderColumn(); order != "" {
			keep = append(keep, order)
		}
	}
	places := map[string]int{}
	for _, column := range keep {
		if i := t.column(column); i >= 0 {
			places[column] = i
		}
	}
	var prints []uint64
	id, state := t.column("sourcedId"), t.column("status")
	for t.next() {
		standing := statusOf(t.field(state))
		if standing == deleted {
			continue
		}
		if len(t.field(id)) == 0 {
			r.problems.add(s.file, t.row, "sourcedId", faultNoID)
			continue
		}
		n, isNew := s.ids.Add(t.field(id))
		if !isNew {
			s.suspect[n] = r.duplicate(t, prints[n]) || s.suspect[n]
			continue
		}
		prints = append(prints, t.fingerprint())
		s.rows = append(s.rows, t.row)
		s.suspect = append(s.suspect, t.ragged || standing == unclear)
		if t.ragged {
			r.problems.add(s.file, t.row, "", faultRagged)
		} else if standing == unclear {
			r.problems.add(s.file, t.row, "status", faultStatus)
		}
		for column, i := range places {
			s.texts[column] = append(s.texts[column], string(t.field(i)))
		}
	}
	return s, t.finish()
}

// duplicate reports a row whose sourcedId is there already, and whether the two
// differ.
func (r *reader) duplicate(t *rows, first uint64) (differs bool) {
	if t.fingerprint() == first {
		r.problems.add(t.name, t.row, "sourcedId", faultDuplicate)
		return false
	}
	r.problems.add(t.name, t.row, "sourcedId", faultConflict)
	return true
}

func (s *side) len() int { return len(s.rows) }

// id is the sourcedId of row n.
func (s *side) id(n uint32) string { return string(s.ids.Get(n)) }

// text is a column's text in row n; empty if the file lacks the column.
func (s *side) text(column string, n uint32) string {
	if texts := s.texts[column]; texts != nil {
		return texts[n]
	}
	return ""
}

// find is the number of the trusted row with this sourcedId, or none.
func (s *side) find(id []byte) uint32 {
	n, ok := s.ids.Find(id)
	if !ok || s.suspect[n] {
		return none
	}
	return n
}

// dangles reports whether nothing at all bears this sourcedId, so that the
// reference itself is at fault.
func (s *side) dangles(id []byte) bool {
	_, ok := s.ids.Find(id)
	return !ok
}

// link resolves a column of references to another file, reporting those that
// lead nowhere.
func (r *reader) link(from *side, column string, to *side, unknown fault) []uint32 {
	links := make([]uint32, from.len())
	for n := range links {
		id := []byte(from.text(column, uint32(n)))
		links[n] = to.find(id)
		if links[n] == none && to.dangles(id) && !from.suspect[n] {
			r.problems.add(from.file, from.rows[n], column, unknown)
		}
	}
	return links
}

// span is the days of a class's terms: begin inclusive, end exclusive.
type span struct {
	begin, end int32
	broken     bool // a date or a reference is faulty
}

// unlimited is the span of a class that names no term.
var unlimited = span{begin: student.Undated, end: math.MaxInt32}

// sessionSpans reads the dates of academicSessions.csv.
func (r *reader) sessionSpans(s *side) []span {
	spans := make([]span, s.len())
	for n := range spans {
		begin, okBegin := parseDay(s.text("startDate", uint32(n)), r.zone)
		end, okEnd := parseDay(s.text("endDate", uint32(n)), r.zone)
		if !okBegin {
			r.problems.addOnce(s.file, s.rows[n], "startDate", faultNotDate)
		}
		if !okEnd {
			r.problems.addOnce(s.file, s.rows[n], "endDate", faultNotDate)
		}
		spans[n] = span{begin, end, !okBegin || !okEnd || s.suspect[n]}
	}
	return spans
}

// classSpans are, for each class, the earliest start and the latest end of its
// terms, and the terms' numbers.
func (r *reader) classSpans(classes, sessions *side) (spans []span, terms [][]uint32) {
	of := r.sessionSpans(sessions)
	spans = make([]span, classes.len())
	terms = make([][]uint32, classes.len())
	for n := range spans {
		spans[n] = unlimited
		if !r.manifest.bulk[academicSessions] {
			continue
		}
		for k, id := range split(classes.text("termSourcedIds", uint32(n))) {
			term, known := sessions.ids.Find([]byte(id))
			if !known {
				r.problems.add(classes.file, classes.rows[n], "termSourcedIds", faultUnknownSession)
				spans[n].broken = true
				continue
			}
			terms[n] = append(terms[n], term)
			if k == 0 {
				spans[n].begin, spans[n].end = of[term].begin, of[term].end
			}
			spans[n].begin = min(spans[n].begin, of[term].begin)
			spans[n].end = max(spans[n].end, of[term].end)
			spans[n].broken = spans[n].broken || of[term].broken
		}
	}
	return spans, terms
}

// match says whether a row belongs to what a filter wants.
type match uint8

const (
	no match = iota
	yes
	unsure // a reference that would tell leads nowhere
)

func both(a, b match) match {
	switch {
	case a == no || b == no:
		return no
	case a == unsure || b == unsure:
		return unsure
	}
	return yes
}

func matchText(wanted string, s *side, n uint32, columns ...string) match {
	if wanted == "" {
		return yes
	}
	if n == none {
		return unsure
	}
	if string(s.ids.Get(n)) == wanted {
		return yes
	}
	for _, column := range columns {
		if s.text(column, n) == wanted {
			return yes
		}
	}
	return no
}

// matchClass compares class n with an attribute's class and course filters.
func (r *reader) matchClass(p *planned, n uint32) match {
	w := p.from.Where
	m := matchText(w.Class, r.classes, n, "classCode", "title")
	if w.Course == "" {
		return m
	}
	course := uint32(none)
	if n != none {
		course = r.courseOf[n]
	}
	return both(m, matchText(w.Course, r.courses, course, "courseCode", "title"))
}

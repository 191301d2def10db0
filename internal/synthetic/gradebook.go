// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"context"
	"strconv"
)

// assignment is an item as one class gets it.
type assignment struct {
	id         string
	due        day
	difficulty float64 // points below what is expected
}

// assignments draws the items of a class of a subject. The same class gives the same ones, for its line items and for its results.
func (r *roster) assignments(classIndex int) []assignment {
	c := &r.classes[classIndex]
	draw := r.key.stream(forItems, classIndex)
	list := make([]assignment, len(r.calendar.items))
	for i, item := range r.calendar.items {
		list[i] = assignment{
			id:         c.id + "-" + item.code,
			due:        r.calendar.schoolDay(item.due + day(draw.below(5))),
			difficulty: float64(itemSpread * draw.normal()),
		}
	}
	return list
}

// attendanceID is the line item of the n-th month in a homeroom class.
func attendanceID(c *class, n int) string { return c.id + "-A" + strconv.Itoa(n+1) }

func (e *emitter) lineItems(_ context.Context, t *table) {
	r, cal := e.roster, e.roster.calendar
	for i := range r.classes {
		c := &r.classes[i]
		item := func(id, title string, assigned, due day, category, period string) {
			t.plain(id).bulk().plain(title).empty(1).plain(cal.date(assigned)).plain(cal.date(due)).plain(c.id).plain(category).plain(period).plain("0").plain("100")
			if e.version == Version12 {
				t.plain(r.shape.Schools[c.school].Identifier)
			}
			t.end()
		}
		if c.subject == subjectHomeroom {
			for n, m := range cal.months {
				item(attendanceID(c, n), "Attendance "+m.name, m.first, m.last, categoryAttendance, m.period)
			}
			continue
		}
		for n, a := range r.assignments(i) {
			item(a.id, cal.items[n].title, max(0, a.due-7), a.due, cal.items[n].category, cal.periodOf(a.due))
		}
	}
}

// results draws and writes the results class by class. Every class has its own stream, so that nothing has to be kept.
func (e *emitter) results(ctx context.Context, t *table) {
	const report = 1000
	w := resultWriter{t: t, roster: e.roster, extended: e.version == Version12}
	unreported := 0
	for i := range e.roster.classes {
		if ctx.Err() != nil || t.err != nil {
			return
		}
		c := &e.roster.classes[i]
		draw := e.roster.key.stream(forScores, i)
		if c.subject != subjectHomeroom {
			w.scores(draw, i)
			continue
		}
		w.attendance(draw, c)
		if unreported += len(c.students); unreported >= report {
			e.graded(unreported)
			unreported = 0
		}
	}
	if unreported > 0 {
		e.graded(unreported)
	}
}

// The values of scoreStatus in use.
const (
	gradedStatus  = "fully graded"
	missingStatus = "not submitted"
	exemptStatus  = "exempt"
)

type resultWriter struct {
	t        *table
	roster   *roster
	extended bool // with the columns of 1.2
	n        int
}

func (w *resultWriter) scores(draw *stream, classIndex int) {
	c := &w.roster.classes[classIndex]
	for n, a := range w.roster.assignments(classIndex) {
		category := w.roster.calendar.items[n].category
		passed := w.roster.calendar.fraction(a.due)
		for _, member := range c.students {
			s := &w.roster.students[member]
			if !s.present(a.due) {
				continue
			}
			switch x := draw.float(); {
			case x < exempt:
				w.row(c, s, a.id, exemptStatus, -1, a.due)
			case x < exempt+notSubmittedLeast+float64(notSubmittedPerAbsence*float64(s.absence)):
				w.row(c, s, a.id, missingStatus, -1, a.due)
			default:
				w.row(c, s, a.id, gradedStatus, s.score(draw, c.subject, category, a.difficulty, passed), w.graded(draw, s, category, a.due))
			}
		}
	}
}

// graded is when a score was given: tests on their day, but for a few that are made up later; the rest within a week.
func (w *resultWriter) graded(draw *stream, s *student, category string, due day) day {
	lag := 0
	switch {
	case category != categoryTest:
		lag = draw.below(6)
	case draw.chance(0.06):
		lag = 3 + draw.below(12)
	}
	date := w.roster.calendar.schoolDay(due + day(lag))
	if !s.present(date) {
		return due
	}
	return date
}

func (w *resultWriter) attendance(draw *stream, c *class) {
	for n, m := range w.roster.calendar.months {
		id := attendanceID(c, n)
		for _, member := range c.students {
			if s := &w.roster.students[member]; s.present(m.last) {
				w.row(c, s, id, gradedStatus, s.attendance(draw, m.schoolDays), m.last)
			}
		}
	}
}

// row writes one result; a negative score is none.
func (w *resultWriter) row(c *class, s *student, item, status string, score int, date day) {
	w.n++
	w.t.number(resultPrefix, w.n).bulk().plain(item).opaque(studentPrefix, s.id).plain(status)
	if score < 0 {
		w.t.empty(1)
	} else {
		w.t.tenths(score)
	}
	w.t.plain(w.roster.calendar.date(date)).empty(1)
	if w.extended {
		w.t.empty(1).plain(c.id).empty(3).boolean(status == missingStatus)
	}
	w.t.end()
}

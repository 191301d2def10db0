// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"cmp"
	"math"
	"slices"

	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/source/text"
	"github.com/juncture-dev/juncture/engine/student"
)

const maxDay = math.MaxInt32

// reached is what the students' current enrollments lead to.
type reached struct {
	ids     *intern.Table
	prints  []uint64
	current []enrollment
	texts   map[string]string // schools and classes, each text once

	// conflicts are sourcedIds of which there are rows that differ.
	conflicts map[uint32]bool
	// doubts are the students with an enrollment that cannot be trusted, and the
	// schools that those enrollments name.
	doubts map[int32][]string
}

// enrollment is a student's enrollment that is current at the instant of
// evaluation.
type enrollment struct {
	student  int32
	begin    int32
	id       uint32
	class    uint32 // or none
	org      uint32 // or none
	primary  bool
	schoolID string
	classID  string
}

// enrollmentColumns are the places of the columns that this file reads.
type enrollmentColumns struct {
	id, status, class, school, user, role, primary, begin, end int
}

// readEnrollments finds the current enrollments, the attributes drawn from
// them, and those drawn from the classes, courses, orgs and sessions they lead to.
func (r *reader) readEnrollments() error {
	r.enrollments = &reached{ids: intern.New(r.seed), texts: map[string]string{}, conflicts: map[uint32]bool{}, doubts: map[int32][]string{}}
	if !r.manifest.bulk[enrollments] {
		return nil
	}
	t, err := r.open(csvName(enrollments), required[enrollments])
	if err != nil {
		return err
	}
	for _, p := range r.plan[enrollments] {
		r.place(t, p)
	}
	c := enrollmentColumns{
		t.column("sourcedId"), t.column("status"), t.column("classSourcedId"), t.column("schoolSourcedId"), t.column("userSourcedId"),
		t.column("role"), t.column("primary"), t.column("beginDate"), t.column("endDate"),
	}
	for t.next() {
		r.readEnrollment(t, c)
	}
	if err := t.finish(); err != nil {
		return err
	}
	list := r.enrollments.current
	slices.SortFunc(list, func(a, b enrollment) int {
		return cmp.Or(cmp.Compare(a.student, b.student), cmp.Compare(a.begin, b.begin), r.enrollments.ids.Compare(a.id, b.id))
	})
	for _, e := range list {
		if r.enrollments.conflicts[e.id] {
			r.doubt(e.student, 0, e.schoolID)
		}
	}
	r.feedReached()
	return nil
}

func (r *reader) readEnrollment(t *rows, c enrollmentColumns) {
	standing := statusOf(t.field(c.status))
	if standing == deleted || !r.isStudentRow(t, t.field(c.role), nil, "role") {
		return
	}
	number, known := r.roster.find(t.field(c.user))
	switch {
	case !known && t.ragged:
		r.problems.add(t.name, t.row, "", faultRagged)
		return
	case !known:
		r.problems.add(t.name, t.row, "userSourcedId", faultUnknownStudent)
		return
	case number < 0:
		return
	case t.ragged:
		r.problems.add(t.name, t.row, "", faultRagged)
		r.doubt(number, t.row, "")
		return
	case len(t.field(c.id)) == 0:
		r.problems.add(t.name, t.row, "sourcedId", faultNoID)
		r.doubt(number, t.row, string(t.field(c.school)))
		return
	}
	s := r.enrollments
	id, isNew := s.ids.Add(t.field(c.id))
	if !isNew {
		if r.duplicate(t, s.prints[id]) {
			// Both students' enrollments are in doubt: this one's now, the
			// first's when all rows are known.
			s.conflicts[id] = true
			r.doubt(number, t.row, string(t.field(c.school)))
		}
		return
	}
	s.prints = append(s.prints, t.fingerprint())

	e := enrollment{student: number, id: id, class: r.classOf(t, c), org: r.orgOf(t, c)}
	days := r.enrolledDays(t, c, e.class)
	if days.begin > r.today || days.end <= r.today {
		return
	}
	if standing == unclear {
		r.problems.add(t.name, t.row, "status", faultStatus)
		days.broken = true
	}
	if days.broken {
		r.doubt(number, t.row, string(t.field(c.school)))
		return
	}
	e.begin, e.schoolID, e.classID = days.begin, s.text(t.field(c.school)), s.text(t.field(c.class))
	if field := t.field(c.primary); len(field) > 0 {
		var ok bool
		if e.primary, ok = text.Boolean(field); !ok {
			r.problems.add(t.name, t.row, "primary", faultPrimary)
		}
	}
	s.current = append(s.current, e)
	r.feedEnrollment(t, e)
}

// classOf is the class of an enrollment, or none.
func (r *reader) classOf(t *rows, c enrollmentColumns) uint32 {
	class := r.classes.find(t.field(c.class))
	if class == none && r.manifest.bulk[classes] && r.classes.dangles(t.field(c.class)) {
		r.problems.add(t.name, t.row, "classSourcedId", faultUnknownClass)
	}
	return class
}

// orgOf is the school of an enrollment, or none. That it is unknown matters only
// to attributes drawn from orgs.
func (r *reader) orgOf(t *rows, c enrollmentColumns) uint32 {
	org := r.orgs.find(t.field(c.school))
	if org == none && len(r.plan[orgs]) > 0 && r.manifest.bulk[orgs] && r.orgs.dangles(t.field(c.school)) {
		r.problems.add(t.name, t.row, "schoolSourcedId", faultUnknownOrg)
	}
	return org
}

// enrolledDays is the span of an enrollment: its own dates, and its class's
// terms' where it has none. A day that cannot be known is left open, and the
// span broken.
func (r *reader) enrolledDays(t *rows, c enrollmentColumns, class uint32) span {
	terms := unlimited
	if class != none {
		terms = r.classSpan[class]
	} else if r.manifest.bulk[classes] {
		terms.broken = true
	}
	own := span{begin: terms.begin, end: terms.end}
	begins, ends := len(t.field(c.begin)) > 0, len(t.field(c.end)) > 0
	if !begins || !ends {
		own.broken = terms.broken
	}
	if terms.broken {
		own.begin, own.end = student.Undated, maxDay
	}
	if begins {
		begin, ok := r.date(t, c.begin, "beginDate", student.Undated)
		own.begin, own.broken = begin, own.broken || !ok
		if !ok {
			own.begin = student.Undated
		}
	}
	if ends {
		end, ok := r.date(t, c.end, "endDate", maxDay)
		own.end, own.broken = end, own.broken || !ok
	}
	return own
}

// reachedFiles are those whose rows are reached through enrollments.
var reachedFiles = []string{enrollments, classes, courses, orgs, academicSessions}

// doubt is what follows from an enrollment that cannot be trusted: every
// attribute that it may lead to is Faulty, and the student's school and class
// may be others than they seem. The school it names is empty where it cannot
// be read.
func (r *reader) doubt(number int32, row uint32, school string) {
	for _, file := range reachedFiles {
		if file != enrollments {
			row = 0 // it is not a row of that file
		}
		r.damage(file, number, row)
	}
	r.enrollments.doubts[number] = append(r.enrollments.doubts[number], r.enrollments.text([]byte(school)))
}

func (r *reader) feedEnrollment(t *rows, e enrollment) {
	for _, p := range r.plan[enrollments] {
		f := student.Fact{Student: e.student, Day: e.begin, Tie: e.id, Row: t.row}
		belongs := yes
		if p.byClass() {
			belongs = r.matchClass(p, e.class)
		}
		if belongs == no || p.unavailable || len(t.field(p.field)) == 0 {
			continue
		}
		if order := p.orderColumn(); order != "beginDate" {
			var ok bool
			if f.Day, ok = r.date(t, p.order, order, student.Undated); !ok {
				p.builder.Damage(e.student, t.row)
				continue
			}
		}
		if !p.keeps(f.Day) {
			continue
		}
		if belongs == unsure {
			p.builder.Faulty(f)
			continue
		}
		if bad := p.feed(f, t.field(p.field), r.zone); bad != (fault{}) {
			r.problems.add(t.name, t.row, p.from.Field, bad)
		}
	}
}

// feedReached gives the rows of classes, courses, orgs and academicSessions to
// the attributes drawn from them, each row once a student.
func (r *reader) feedReached() {
	list := r.enrollments.current
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].student == list[from].student {
			to++
		}
		for _, file := range reachedFiles[1:] {
			for _, p := range r.plan[file] {
				if !p.unavailable {
					r.feedStudentReached(p, list[from:to])
				}
			}
		}
		from = to
	}
}

func (r *reader) feedStudentReached(p *planned, enrolled []enrollment) {
	s := r.sideOf(p.from.File)
	var done []uint32
	for _, e := range enrolled {
		belongs := yes
		if p.byClass() {
			belongs = r.matchClass(p, e.class)
		}
		if belongs == no {
			continue
		}
		for _, n := range r.targets(p.from.File, e) {
			switch {
			case n == none || s.suspect[n]:
				p.builder.Damage(e.student, 0)
			case !slices.Contains(done, n):
				done = append(done, n)
				r.feedSide(p, s, n, e, belongs)
			}
		}
	}
}

// sideOf is the file that a reached attribute is drawn from.
func (r *reader) sideOf(file string) *side {
	return map[string]*side{classes: r.classes, courses: r.courses, orgs: r.orgs, academicSessions: r.sessions}[file]
}

// targets are the rows of a file that an enrollment leads to.
func (r *reader) targets(file string, e enrollment) []uint32 {
	switch {
	case file == orgs:
		return []uint32{e.org}
	case e.class == none || file == classes:
		return []uint32{e.class}
	case file == courses:
		return []uint32{r.courseOf[e.class]}
	}
	return r.termsOf[e.class]
}

func (r *reader) feedSide(p *planned, s *side, n uint32, e enrollment, belongs match) {
	f := student.Fact{Student: e.student, Day: e.begin, Tie: n, Row: s.rows[n]}
	text := s.text(p.from.Field, n)
	if text == "" {
		return
	}
	if order := p.orderColumn(); order != "" {
		f.Day = student.Undated
		if dated := s.text(order, n); dated != "" {
			var ok bool
			if f.Day, ok = parseDay(dated, r.zone); !ok {
				r.problems.addOnce(s.file, s.rows[n], order, faultNotDate)
				p.builder.Damage(e.student, f.Row)
				return
			}
		}
	}
	if !p.keeps(f.Day) {
		return
	}
	if belongs == unsure {
		p.builder.Faulty(f)
		return
	}
	if bad := p.feed(f, []byte(text), r.zone); bad != (fault{}) {
		r.problems.addOnce(s.file, s.rows[n], p.from.Field, bad)
	}
}

// text is one copy of a text that many rows share.
func (s *reached) text(field []byte) string {
	if known, ok := s.texts[string(field)]; ok {
		return known
	}
	own := string(field)
	s.texts[own] = own
	return own
}

// schoolsAndClasses are each student's school and class: those of the primary
// current enrollment, else of the one that began first, else of the least
// sourcedId; without one, the school the roster gives. Where an enrollment is
// damaged that might have been chosen, the class is unknown, and so is the
// school if what names one disagrees: nobody is moved by a damaged row.
func (r *reader) schoolsAndClasses(order []int32) (schools, classes []string) {
	schools, classes = make([]string, len(order)), make([]string, len(order))
	for number, row := range order {
		schools[row] = r.roster.home[number]
	}
	chosen, sure := make([]bool, len(order)), make([]bool, len(order))
	for _, wanted := range []bool{true, false} {
		for _, e := range r.enrollments.current { // sorted by begin and sourcedId
			row := order[e.student]
			if e.primary == wanted && !chosen[row] {
				chosen[row], sure[row] = true, wanted && !r.enrollments.conflicts[e.id]
				schools[row], classes[row] = e.schoolID, e.classID
			}
		}
	}
	named := map[int32][]string{} // of those in doubt
	for number, doubted := range r.enrollments.doubts {
		named[number] = append(doubted, r.roster.home[number])
	}
	for _, e := range r.enrollments.current {
		if names, doubted := named[e.student]; doubted {
			named[e.student] = append(names, e.schoolID)
		}
	}
	for number, names := range named {
		row := order[number]
		if sure[row] {
			continue
		}
		classes[row] = ""
		for _, name := range names {
			if name != "" && name != schools[row] {
				schools[row] = ""
				break
			}
		}
	}
	return schools, classes
}

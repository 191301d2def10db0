// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/source/text"
	"github.com/juncture-dev/juncture/engine/student"
)

// roster is who is in users.csv. Students are numbered in the order in which
// they come; the population's rows follow their sourcedIds.
type roster struct {
	users     *intern.Table
	prints    []uint64
	studentOf []int32  // user → student, or −1
	userOf    []uint32 // student → user
	home      []string // student → the school of users.orgSourcedIds or of the role
}

// find is the student with this sourcedId. known says whether users.csv names
// the person at all; a person who is no student is known and has number −1.
func (s *roster) find(id []byte) (number int32, known bool) {
	user, known := s.users.Find(id)
	if !known {
		return -1, false
	}
	return s.studentOf[user], true
}

// sorted gives the students' ids in byte order, and each student's place there.
func (s *roster) sorted() (ids []string, order []int32) {
	byID := make([]uint32, len(s.userOf))
	for i := range byID {
		byID[i] = uint32(i)
	}
	slices.SortFunc(byID, func(a, b uint32) int { return s.users.Compare(s.userOf[a], s.userOf[b]) })
	ids, order = make([]string, len(byID)), make([]int32, len(byID))
	for row, number := range byID {
		ids[row] = string(s.users.Get(s.userOf[number]))
		order[number] = int32(row)
	}
	return ids, order
}

// role is a user's best student role of 1.2: the primary one, else the one with
// the least sourcedId.
type role struct {
	primary bool
	id      uint32
	org     string
	row     uint32
}

// readRoles finds who is a student by roles.csv (1.2).
func (r *reader) readRoles() error {
	r.roster = &roster{users: intern.New(r.seed)}
	if r.manifest.version != version12 {
		return nil
	}
	t, err := r.open(csvName(roles), required[roles])
	if err != nil {
		return err
	}
	r.roles = newRoles(r)
	id, state, user, kind := t.column("sourcedId"), t.column("status"), t.column("userSourcedId"), t.column("roleType")
	what, org, begin, end := t.column("role"), t.column("orgSourcedId"), t.column("beginDate"), t.column("endDate")
	seen := intern.New(r.seed)
	var prints []uint64
	for t.next() {
		if !r.isStudentRow(t, t.field(what), t.field(state), "role") {
			continue
		}
		if t.ragged {
			r.problems.add(t.name, t.row, "", faultRagged)
		}
		n, isNew := seen.Add(t.field(id))
		if isNew {
			prints = append(prints, t.fingerprint())
		} else if !r.duplicate(t, prints[n]) {
			continue
		}
		// A role whose dates cannot be read still names a student: a damaged
		// date must not make a child disappear.
		from, _ := r.date(t, begin, "beginDate", student.Undated)
		until, _ := r.date(t, end, "endDate", maxDay)
		if from > r.today || until <= r.today {
			continue
		}
		r.roles.offer(t.field(user), t.field(org), role{primary: string(t.field(kind)) == "primary", id: n, row: t.row}, seen)
	}
	return t.finish()
}

// isStudentRow reports whether a row of users, roles or enrollments has the role
// of a student and is not deleted. What is only misspelt (Student, Active) is
// reported and counts, and so does a row with a comma too many or too few that
// has the role in another column: neither must make a child disappear.
func (r *reader) isStudentRow(t *rows, role, state []byte, roleColumn string) bool {
	switch {
	case string(role) == studentRole:
	case isStudentRole(role):
		r.problems.add(t.name, t.row, roleColumn, faultRole)
	case t.ragged && t.contains(isStudentRole):
		// Whoever reads a student's row reports that it is ragged.
	default:
		if t.ragged {
			r.problems.add(t.name, t.row, "", faultRagged)
		}
		return false
	}
	standing := statusOf(state)
	if standing == unclear {
		r.problems.add(t.name, t.row, "status", faultStatus)
	}
	return standing != deleted
}

const studentRole = "student"

func isStudentRole(field []byte) bool {
	return bytes.EqualFold(bytes.TrimSpace(field), []byte(studentRole))
}

// roleTable holds the best current student role of each user.
type roleTable struct {
	users *intern.Table
	best  []role
	used  []bool
	orgs  map[string]string // each text once
}

func newRoles(r *reader) *roleTable {
	return &roleTable{users: intern.New(r.seed), orgs: map[string]string{}}
}

func (rt *roleTable) offer(user, org []byte, candidate role, ids *intern.Table) {
	var known bool
	if candidate.org, known = rt.orgs[string(org)]; !known {
		candidate.org = string(org)
		rt.orgs[candidate.org] = candidate.org
	}
	n, isNew := rt.users.Add(user)
	if isNew {
		rt.best = append(rt.best, candidate)
		rt.used = append(rt.used, false)
		return
	}
	old := rt.best[n]
	if candidate.primary != old.primary {
		if candidate.primary {
			rt.best[n] = candidate
		}
		return
	}
	if ids.Compare(candidate.id, old.id) < 0 {
		rt.best[n] = candidate
	}
}

// userColumns are the places of the columns that this file reads; role and orgs
// are there in 1.1 only.
type userColumns struct {
	id, status, role, orgs int
}

// readUsers finds the students and their attributes in users.csv.
func (r *reader) readUsers() error {
	columns := required[users]
	if r.manifest.version == version11 {
		columns = append(slices.Clone(columns), requiredUsers11...)
	}
	t, err := r.open(csvName(users), columns)
	if err != nil {
		return err
	}
	for _, p := range r.plan[users] {
		r.place(t, p)
	}
	c := userColumns{t.column("sourcedId"), t.column("status"), t.column("role"), t.column("orgSourcedIds")}
	for t.next() {
		if id := t.field(c.id); len(id) == 0 {
			r.problems.add(t.name, t.row, "sourcedId", faultNoID)
		} else if !utf8.Valid(id) {
			r.problems.add(t.name, t.row, "sourcedId", faultIDNotUTF8)
		} else {
			r.readUser(t, c, id)
		}
	}
	if err := t.finish(); err != nil {
		return err
	}
	r.reportUnusedRoles()
	return nil
}

func (r *reader) readUser(t *rows, c userColumns, id []byte) {
	s := r.roster
	user, isNew := s.users.Add(id)
	conflict := false
	if isNew {
		s.prints = append(s.prints, t.fingerprint())
		s.studentOf = append(s.studentOf, -1)
	} else if conflict = r.duplicate(t, s.prints[user]); !conflict {
		return
	}
	home, isStudent := r.studentHome(t, c, id)
	if isStudent && s.studentOf[user] < 0 {
		number := int32(len(s.userOf))
		s.studentOf[user] = number
		s.userOf = append(s.userOf, user)
		s.home = append(s.home, home)
		r.feedRow(t, users, student.Fact{Student: number, Day: student.Undated, Tie: user, Row: t.row})
	}
	if number := s.studentOf[user]; conflict && number >= 0 {
		// Which of two different rows is right cannot be known; that the person
		// is a student is not in doubt.
		r.damage(users, number, t.row)
		r.damage(demographics, number, 0)
	}
}

// studentHome reports whether a row of users.csv is a student's, and the school
// that the roster gives apart from enrollments.
func (r *reader) studentHome(t *rows, c userColumns, id []byte) (home string, isStudent bool) {
	if r.manifest.version == version11 {
		if !r.isStudentRow(t, t.field(c.role), t.field(c.status), "role") {
			return "", false
		}
		return r.firstSchool(t.field(c.orgs)), true
	}
	n, ok := r.roles.users.Find(id)
	if !ok {
		return "", false
	}
	r.roles.used[n] = true
	standing := statusOf(t.field(c.status))
	if standing == unclear {
		r.problems.add(t.name, t.row, "status", faultStatus)
	}
	return r.firstSchool([]byte(r.roles.best[n].org)), standing != deleted
}

// firstSchool is the first entry of type school in a list of orgs.
func (r *reader) firstSchool(list []byte) string {
	for len(list) > 0 {
		id, rest, _ := bytes.Cut(list, []byte{','})
		list = rest
		if n := r.orgs.find(bytes.TrimSpace(id)); n != none && r.orgs.text("type", n) == "school" {
			return r.orgs.id(n)
		}
	}
	return ""
}

func (r *reader) reportUnusedRoles() {
	if r.roles == nil {
		return
	}
	for n, used := range r.roles.used {
		if !used {
			r.problems.add(csvName(roles), r.roles.best[n].row, "userSourcedId", faultUnknownStudent)
		}
	}
}

// readDemographics finds the students' attributes in demographics.csv.
func (r *reader) readDemographics() error {
	if len(r.plan[demographics]) == 0 || !r.manifest.bulk[demographics] {
		return nil
	}
	t, err := r.open(csvName(demographics), required[demographics])
	if err != nil {
		return err
	}
	for _, p := range r.plan[demographics] {
		r.place(t, p)
	}
	seen := intern.New(r.seed)
	var prints []uint64
	id, state := t.column("sourcedId"), t.column("status")
	for t.next() {
		standing := statusOf(t.field(state))
		if standing == deleted {
			continue
		}
		number, known := r.roster.find(t.field(id))
		if !known {
			r.problems.add(t.name, t.row, "sourcedId", faultUnknownStudent)
			continue
		}
		n, isNew := seen.Add(t.field(id))
		if !isNew {
			if r.duplicate(t, prints[n]) && number >= 0 {
				r.damage(demographics, number, t.row)
			}
			continue
		}
		prints = append(prints, t.fingerprint())
		if number < 0 {
			continue
		}
		if standing == unclear {
			r.problems.add(t.name, t.row, "status", faultStatus)
			r.damage(demographics, number, t.row)
			continue
		}
		r.feedRow(t, demographics, student.Fact{Student: number, Day: student.Undated, Tie: n, Row: t.row})
	}
	return t.finish()
}

// feedRow gives a student's own row to the attributes drawn from its file.
func (r *reader) feedRow(t *rows, file string, f student.Fact) {
	if t.ragged {
		r.problems.add(t.name, t.row, "", faultRagged)
		r.damage(file, f.Student, t.row)
		return
	}
	for _, p := range r.plan[file] {
		if bad := p.feed(f, t.field(p.field), r.zone); bad != (fault{}) {
			r.problems.add(t.name, t.row, p.from.Field, bad)
		}
	}
}

// damage makes all of a student's attributes from a file Faulty.
func (r *reader) damage(file string, number int32, row uint32) {
	for _, p := range r.plan[file] {
		p.builder.Damage(number, row)
	}
}

// date reads a date column of the current row, reporting what is no date.
func (r *reader) date(t *rows, column int, name string, empty int32) (day int32, ok bool) {
	field := t.field(column)
	if len(field) == 0 {
		return empty, true
	}
	if day, ok = text.Day(field, r.zone); !ok {
		r.problems.add(t.name, t.row, name, faultNotDate)
		return empty, false
	}
	return day, true
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"archive/zip"
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Versions of OneRoster CSV.
const (
	Version11 = "1.1"
	Version12 = "1.2"
)

// compression is the level of all packages: part of their bytes.
const compression = 3

// emitter writes the package of one district. Its buffer and its compressor are reused from district to district.
type emitter struct {
	roster  *roster
	version string
	// graded is told how many students' records have been written since it was last.
	graded     func(students int)
	buf        []byte
	compressor *flate.Writer
}

// file is one file of a package.
type file struct {
	name   string
	header string
	rows   func(*emitter, context.Context, *table)
}

// files are those of a package in their order, each after those that it refers to. The headers are those of the OneRoster CSV bindings 1.1.1 and 1.2.1.
func files(version string) []file {
	const base = "sourcedId,status,dateLastModified,"
	const person = "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
	users := file{"users", base + "enabledUser,orgSourcedIds,role,username,userIds," + person, (*emitter).users11}
	categories := file{"categories", base + "title", (*emitter).categories}
	const work = "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
	lineItems := file{"lineItems", base + work + "gradingPeriodSourcedId,resultValueMin,resultValueMax", (*emitter).lineItems}
	results := file{"results", base + "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment", (*emitter).results}
	var roles []file
	if version == Version12 {
		users = file{"users", base + "enabledUser,username,userIds," + person +
			",userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns", (*emitter).users12}
		categories.header += ",weight"
		lineItems.header = base + work + "academicSessionSourcedId,resultValueMin,resultValueMax,schoolSourcedId"
		results.header += ",textScore,classSourcedId,inProgress,incomplete,late,missing"
		roles = []file{{"roles", base + "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId", (*emitter).roles}}
	}
	list := []file{
		{"academicSessions", base + "title,type,startDate,endDate,parentSourcedId,schoolYear", (*emitter).academicSessions},
		{"orgs", base + "name,type,identifier,parentSourcedId", (*emitter).orgs},
		{"courses", base + "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes", (*emitter).courses},
		{"classes", base + "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods", (*emitter).classes},
		users,
	}
	list = append(list, roles...)
	return append(list,
		file{"demographics", base + "birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white," +
			"demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus," +
			"metadata.englishLearner,metadata.disability,metadata.economicallyDisadvantaged", (*emitter).demographics},
		file{"enrollments", base + "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate", (*emitter).enrollments},
		categories,
		lineItems,
		results,
	)
}

// absentFiles are the files of the binding that no package has.
func absentFiles(version string) []string {
	absent := []string{"classResources", "courseResources", "resources"}
	if version == Version12 {
		absent = append(absent, "lineItemLearningObjectiveIds", "lineItemScoreScales", "resultLearningObjectiveIds", "resultScoreScales",
			"scoreScales", "userProfiles", "userResources")
	}
	return absent
}

// write writes the package. The same roster gives the same bytes.
func (e *emitter) write(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, e.compress)
	list := files(e.version)
	manifest := file{"manifest", "propertyName,value", func(e *emitter, _ context.Context, t *table) { e.manifest(t, list) }}
	for _, f := range append([]file{manifest}, list...) {
		header := &zip.FileHeader{Name: f.name + ".csv", Method: zip.Deflate, Modified: e.roster.calendar.start}
		entry, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		t := newTable(entry, e.buf, f.header)
		f.rows(e, ctx, t)
		e.buf = t.buf
		if err := t.flush(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return z.Close()
}

// compress starts the compression of a file. A package's files are written one after another, so that one compressor serves them all.
func (e *emitter) compress(w io.Writer) (io.WriteCloser, error) {
	if e.compressor == nil {
		var err error
		e.compressor, err = flate.NewWriter(w, compression)
		return e.compressor, err
	}
	e.compressor.Reset(w)
	return e.compressor, nil
}

func (e *emitter) manifest(t *table, present []file) {
	property := func(name, value string) { t.plain(name).plain(value).end() }
	property("manifest.version", "1.0")
	property("oneroster.version", e.version)
	for _, f := range present {
		property("file."+f.name, "bulk")
	}
	for _, name := range absentFiles(e.version) {
		property("file."+name, "absent")
	}
	property("source.systemName", "Juncture synthetic state")
	property("source.systemCode", "juncture-synthetic")
}

// bulk appends status and dateLastModified, which bulk files leave empty.
func (t *table) bulk() *table { return t.empty(2) }

func (e *emitter) academicSessions(_ context.Context, t *table) {
	c := e.roster.calendar
	for _, s := range c.sessions {
		t.plain(s.id).bulk().plain(s.title).plain(s.kind).plain(c.date(s.start)).plain(c.date(s.end)).plain(s.parent).number("", c.start.Year()+1).end()
	}
}

func (e *emitter) orgs(_ context.Context, t *table) {
	d := &e.roster.shape
	t.plain(d.Identifier).bulk().text(d.Name).plain("district").plain(d.Identifier).empty(1).end()
	for i := range d.Schools {
		s := &d.Schools[i]
		t.plain(s.Identifier).bulk().text(s.Name).plain("school").plain(s.Identifier).plain(d.Identifier).end()
	}
}

func (e *emitter) courses(_ context.Context, t *table) {
	for subject, c := range courses {
		first := Kindergarten
		if subject == subjectHomeroom {
			first = PreKindergarten
		}
		t.plain(c.id).bulk().plain(e.roster.calendar.sessions[0].id).plain(c.title).plain(c.code).text(strings.Join(gradeCodes[first:], ","))
		t.plain(e.roster.shape.Identifier).plain(c.title).plain(c.code).end()
	}
}

func (e *emitter) classes(_ context.Context, t *table) {
	r := e.roster
	for i := range r.classes {
		c := &r.classes[i]
		course := &courses[c.subject]
		kind := "scheduled"
		if c.subject == subjectHomeroom {
			kind = "homeroom"
		}
		title := course.title + ", grade " + c.grade.String() + ", section " + strconv.Itoa(int(c.section)+1)
		t.plain(c.id).bulk().text(title).plain(c.grade.String()).plain(course.id).plain(c.id).plain(kind).empty(1)
		t.plain(r.shape.Schools[c.school].Identifier).plain(r.calendar.sessions[0].id).plain(course.title).plain(course.code).empty(1).end()
	}
}

// The prefixes of sourcedIds.
const (
	studentPrefix    = "s-"
	teacherPrefix    = "t-"
	usernamePrefix   = "u"
	rolePrefix       = "ro-"
	enrollmentPrefix = "e-"
	resultPrefix     = "r-"
)

func (e *emitter) users11(_ context.Context, t *table) {
	r := e.roster
	for i := range r.teachers {
		p := &r.teachers[i]
		t.opaque(teacherPrefix, p.id).bulk().plain("true").plain(r.shape.Schools[p.school].Identifier).plain("teacher").opaque(usernamePrefix, p.id).empty(1)
		t.plain(givenNames[p.given]).plain(familyNames[p.family]).empty(8).end()
	}
	for i := range r.students {
		s := &r.students[i]
		orgs := r.shape.Schools[s.school].Identifier
		if s.elsewhere >= 0 {
			orgs += "," + r.shape.Schools[s.elsewhere].Identifier
		}
		t.opaque(studentPrefix, s.id).bulk().plain("true").text(orgs).plain("student").opaque(usernamePrefix, s.id).empty(1)
		t.plain(givenNames[s.given]).plain(familyNames[s.family]).empty(6).plain(s.grade.String()).empty(1).end()
	}
}

func (e *emitter) users12(_ context.Context, t *table) {
	r := e.roster
	user := func(prefix string, id uint64, given, family uint16, grade string, school int32) {
		t.opaque(prefix, id).bulk().plain("true").opaque(usernamePrefix, id).empty(1).plain(givenNames[given]).plain(familyNames[family])
		t.empty(6).plain(grade).empty(6).plain(r.shape.Schools[school].Identifier).empty(1).end()
	}
	for i := range r.teachers {
		p := &r.teachers[i]
		user(teacherPrefix, p.id, p.given, p.family, "", p.school)
	}
	for i := range r.students {
		s := &r.students[i]
		user(studentPrefix, s.id, s.given, s.family, s.grade.String(), s.school)
	}
}

// roles gives every user one primary role at each school, as the 1.2 binding asks.
func (e *emitter) roles(_ context.Context, t *table) {
	r := e.roster
	n := 0
	role := func(prefix string, id uint64, role string, begin, end day, school int32) {
		n++
		t.number(rolePrefix, n).bulk().opaque(prefix, id).plain("primary").plain(role)
		t.plain(r.calendar.date(begin)).plain(r.calendar.date(end)).plain(r.shape.Schools[school].Identifier).empty(1).end()
	}
	for i := range r.teachers {
		p := &r.teachers[i]
		role(teacherPrefix, p.id, "teacher", 0, r.calendar.end, p.school)
	}
	for i := range r.students {
		s := &r.students[i]
		role(studentPrefix, s.id, "student", s.begin, s.end, s.school)
		if s.elsewhere >= 0 {
			role(studentPrefix, s.id, "student", s.begin, s.end, s.elsewhere)
		}
	}
}

func (e *emitter) demographics(_ context.Context, t *table) {
	for i := range e.roster.students {
		s := &e.roster.students[i]
		sex := "female"
		if s.male {
			sex = "male"
		}
		t.opaque(studentPrefix, s.id).bulk().plain(e.roster.calendar.date(s.birth)).plain(sex)
		for _, race := range [...]uint8{raceNativeAmerican, raceAsian, raceBlack, racePacificIslander, raceWhite, raceMultiracial, raceHispanic} {
			t.boolean(s.race == race)
		}
		t.empty(4).boolean(s.learner).boolean(s.disability).boolean(s.disadvantaged).end()
	}
}

func (e *emitter) enrollments(_ context.Context, t *table) {
	r := e.roster
	n := 0
	for i := range r.classes {
		c := &r.classes[i]
		school := r.shape.Schools[c.school].Identifier
		n++
		t.number(enrollmentPrefix, n).bulk().plain(c.id).plain(school).opaque(teacherPrefix, r.teachers[c.teacher].id).plain("teacher").plain("true")
		t.plain(r.calendar.date(0)).plain(r.calendar.date(r.calendar.end)).end()
		for _, member := range c.students {
			s := &r.students[member]
			n++
			t.number(enrollmentPrefix, n).bulk().plain(c.id).plain(school).opaque(studentPrefix, s.id).plain("student").empty(1)
			t.plain(r.calendar.date(s.begin)).plain(r.calendar.date(s.end)).end()
		}
	}
}

func (e *emitter) categories(_ context.Context, t *table) {
	for _, category := range []string{categoryTest, categoryQuiz, categoryHomework, categoryAttendance} {
		t.plain(category).bulk().plain(category)
		if e.version == Version12 {
			t.empty(1)
		}
		t.end()
	}
}

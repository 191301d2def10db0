// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"fmt"
	"math"
)

// The races, in the order of Shares.races.
const (
	raceBlack = iota
	raceAsian
	raceHispanic
	raceWhite
	raceNativeAmerican
	racePacificIslander
	raceMultiracial
	numRaces
)

// The subjects that have scores.
const (
	subjectMaths = iota
	subjectEnglish
	subjectScience
	numSubjects
	// subjectHomeroom has attendance instead.
	subjectHomeroom = numSubjects
)

// course is a subject as a OneRoster course.
type course struct{ id, title, code string }

var courses = [numSubjects + 1]course{
	subjectMaths:    {"mathematics", "Mathematics", "MA"},
	subjectEnglish:  {"english", "English language arts", "EN"},
	subjectScience:  {"science", "Science", "SC"},
	subjectHomeroom: {"homeroom", "Homeroom", "HR"},
}

// student is an invented student.
type student struct {
	id            uint64
	school        int32
	elsewhere     int32 // the other school, where the student takes science; -1 if there is none
	given, family uint16
	birth         day
	begin, end    day // of the time in this district, end exclusive
	grade         Grade
	race          uint8
	male          bool
	learner       bool // of English
	disability    bool
	disadvantaged bool

	expected [numSubjects]float32 // score in the middle of the year
	growth   float32              // points in a year
	absence  float32              // probability of being absent on a day
}

// present says whether the student belongs to the district on that day.
func (s *student) present(d day) bool { return d >= s.begin && d < s.end }

// teacher is an invented teacher.
type teacher struct {
	id            uint64
	school        int32
	given, family uint16
}

// class is a section of a course.
type class struct {
	id       string
	school   int32
	teacher  int32
	section  int32
	grade    Grade
	subject  int
	students []int32
}

// roster is a district with its people and classes, small enough to hold: the results, which are not, are drawn while they are written.
type roster struct {
	shape    DistrictShape
	key      key
	calendar *calendar
	students []student
	teachers []teacher
	classes  []class
}

func newRoster(shape DistrictShape, k key, c *calendar) *roster {
	r := &roster{shape: shape, key: k, calendar: c}
	r.admit()
	r.sendElsewhere()
	r.divide()
	return r
}

// admit draws the students of all schools, grade by grade.
func (r *roster) admit() {
	r.students = make([]student, 0, r.shape.Enrolment())
	for i := range r.shape.Schools {
		school := &r.shape.Schools[i]
		draw := r.key.stream(forStudents, i)
		learning := newLearning(school)
		for g, n := range school.Enrolment {
			for range n {
				r.students = append(r.students, r.newStudent(draw, learning, int32(i), Grade(g)))
			}
		}
	}
}

func (r *roster) newStudent(draw *stream, l *learning, school int32, g Grade) student {
	shares := &l.shares
	s := student{
		id:            r.key.opaque(forStudentIDs, len(r.students)),
		school:        school,
		elsewhere:     -1,
		grade:         g,
		given:         uint16(draw.below(len(givenNames))),
		family:        uint16(draw.below(len(familyNames))),
		male:          draw.chance(shares.Male),
		race:          uint8(draw.pick(l.races[:])),
		learner:       draw.chance(shares.EnglishLearner),
		disability:    draw.chance(shares.Disability),
		disadvantaged: draw.chance(shares.EconomicallyDisadvantaged),
	}
	// Children of kindergarten are five on 1 September; the day is drawn within the year before.
	s.birth = day(-365*(int(g)-int(Kindergarten)+5) - draw.below(365))
	s.begin, s.end = r.stay(draw)
	l.draw(draw, &s)
	return s
}

// stay draws when a student comes and goes: most are there all year, 4 % arrive and 3 % leave between October and May.
func (r *roster) stay(draw *stream) (begin, end day) {
	begin, end = 0, r.calendar.end
	const first, span = 35, 220
	switch x := draw.float(); {
	case x < 0.04:
		begin = r.calendar.schoolDay(first + day(draw.below(span)))
	case x < 0.07:
		end = r.calendar.schoolDay(first + day(draw.below(span)))
	}
	return begin, end
}

// sendElsewhere lets about 1 % of the students from grade 9 up take science at another school that has their grade.
func (r *roster) sendElsewhere() {
	for i := range r.students {
		s := &r.students[i]
		if s.grade < Grade9 || s.grade > Grade12 {
			continue
		}
		// A stream per student would be dear; the identifier is as good as a variate here.
		if s.id%100 != 0 {
			continue
		}
		s.elsewhere = r.otherSchool(s)
	}
}

func (r *roster) otherSchool(s *student) int32 {
	var others []int32
	for i := range r.shape.Schools {
		if int32(i) != s.school && r.shape.Schools[i].Enrolment[s.grade] > 0 {
			others = append(others, int32(i))
		}
	}
	if len(others) == 0 {
		return -1
	}
	return others[s.id/100%uint64(len(others))]
}

// divide puts the students into classes, and teachers before them.
func (r *roster) divide() {
	cohorts := r.cohorts()
	for i := range r.shape.Schools {
		draw := r.key.stream(forClasses, i)
		for g := range Grade(NumGrades) {
			cohort := cohorts[i*NumGrades+int(g)]
			switch {
			case len(cohort.own)+len(cohort.science) == 0:
			case g < Grade6:
				r.divideElementary(i, g, cohort)
			default:
				r.divideSecondary(draw, i, g, cohort)
			}
		}
	}
}

// cohort is a grade of a school: its own students, and those who take science there.
type cohort struct{ own, science []int32 }

func (r *roster) cohorts() []cohort {
	cohorts := make([]cohort, len(r.shape.Schools)*NumGrades)
	for i := range r.students {
		s := &r.students[i]
		at := func(school int32) *cohort { return &cohorts[int(school)*NumGrades+int(s.grade)] }
		home := at(s.school)
		home.own = append(home.own, int32(i))
		if s.elsewhere >= 0 {
			home = at(s.elsewhere)
		}
		home.science = append(home.science, int32(i))
	}
	return cohorts
}

// divideElementary keeps a group with one teacher for homeroom and all subjects. Pre-kindergarten has homeroom only.
func (r *roster) divideElementary(school int, g Grade, c cohort) {
	for section, students := range sections(c.own, classSize(&r.shape.Schools[school])) {
		t := r.hire(school)
		r.open(school, g, subjectHomeroom, section, t, students)
		if g == PreKindergarten {
			continue
		}
		for subject := range numSubjects {
			r.open(school, g, subject, section, t, students)
		}
	}
}

// divideSecondary mixes the students anew for every subject. A teacher has up to five classes of one subject; those of mathematics have homeroom too.
func (r *roster) divideSecondary(draw *stream, school int, g Grade, c cohort) {
	const classesPerTeacher = 5
	size := classSize(&r.shape.Schools[school])
	for subject := range numSubjects {
		members := c.own
		if subject == subjectScience {
			members = c.science
		}
		members = append([]int32(nil), members...)
		shuffle(draw, members)
		var t int32
		for section, students := range sections(members, size) {
			if section%classesPerTeacher == 0 {
				t = r.hire(school)
			}
			r.open(school, g, subject, section, t, students)
			if subject == subjectMaths {
				r.open(school, g, subjectHomeroom, section, t, students)
			}
		}
	}
}

func classSize(s *SchoolShape) int {
	if s.ClassSize == 0 {
		return 20
	}
	return int(math.Round(min(max(s.ClassSize, 8), 35)))
}

// sections cuts students into groups of nearly equal size, none larger than size.
func sections(students []int32, size int) [][]int32 {
	n := (len(students) + size - 1) / size
	groups := make([][]int32, n)
	for i := range groups {
		groups[i] = students[i*len(students)/n : (i+1)*len(students)/n]
	}
	return groups
}

func (r *roster) hire(school int) int32 {
	n := len(r.teachers)
	draw := r.key.stream(forTeachers, n)
	r.teachers = append(r.teachers, teacher{
		id:     r.key.opaque(forTeacherIDs, n),
		school: int32(school),
		given:  uint16(draw.below(len(givenNames))),
		family: uint16(draw.below(len(familyNames))),
	})
	return int32(n)
}

func (r *roster) open(school int, g Grade, subject, section int, t int32, students []int32) {
	r.classes = append(r.classes, class{
		id:       fmt.Sprintf("%s-%s-%s-%d", r.shape.Schools[school].Identifier, g, courses[subject].code, section+1),
		school:   int32(school),
		grade:    g,
		subject:  subject,
		section:  int32(section),
		teacher:  t,
		students: students,
	})
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

// Columns are a population with one slice a field: row i of every slice is
// student i. Strings are codes into a dictionary of the field's values.
type Columns struct {
	ID                             []string
	District, School, HomeLanguage Texts
	Grade, DaysSince               []int64
	Reading, Math, Science, Growth []float64
	Risk, Attendance, PriorHours   []float64
	ELL, IEP, FRL, Consent         []bool
	Mastery                        [12][]float64 // in the order of Skills
	Recent                         []float64     // RecentScores a student
	Interests                      Texts         // those of student i from InterestsFrom[i] to InterestsFrom[i+1]
	InterestsFrom                  []uint32
}

// Texts are strings as codes into a dictionary.
type Texts struct {
	Codes []uint32
	Dict  []string
	code  map[string]uint32
}

func (t *Texts) add(s string) {
	code, known := t.code[s]
	if !known {
		if t.code == nil {
			t.code = map[string]uint32{}
		}
		code = uint32(len(t.Dict))
		t.code[s] = code
		t.Dict = append(t.Dict, s)
	}
	t.Codes = append(t.Codes, code)
}

// Code is the code of a value, and false where no student has it.
func (t *Texts) Code(s string) (uint32, bool) {
	code, known := t.code[s]
	return code, known
}

// Len is the number of students.
func (c *Columns) Len() int { return len(c.ID) }

// Add appends a student.
func (c *Columns) Add(s *Student) {
	if c.InterestsFrom == nil {
		c.InterestsFrom = []uint32{0}
	}
	c.ID = append(c.ID, s.ID)
	c.District.add(s.District)
	c.School.add(s.School)
	c.HomeLanguage.add(s.HomeLanguage)
	c.Grade = append(c.Grade, s.Grade)
	c.DaysSince = append(c.DaysSince, s.DaysSince)
	c.Reading = append(c.Reading, s.Reading)
	c.Math = append(c.Math, s.Math)
	c.Science = append(c.Science, s.Science)
	c.Growth = append(c.Growth, s.Growth)
	c.Risk = append(c.Risk, s.Risk)
	c.Attendance = append(c.Attendance, s.Attendance)
	c.PriorHours = append(c.PriorHours, s.PriorHours)
	c.ELL = append(c.ELL, s.ELL)
	c.IEP = append(c.IEP, s.IEP)
	c.FRL = append(c.FRL, s.FRL)
	c.Consent = append(c.Consent, s.Consent)
	for j, skill := range Skills {
		c.Mastery[j] = append(c.Mastery[j], s.Mastery[skill])
	}
	c.Recent = append(c.Recent, s.Recent...)
	for _, interest := range s.Interests {
		c.Interests.add(interest)
	}
	c.InterestsFrom = append(c.InterestsFrom, uint32(len(c.Interests.Codes)))
}

// ColumnsOf are the columns of students.
func ColumnsOf(students []Student) *Columns {
	c := &Columns{}
	for i := range students {
		c.Add(&students[i])
	}
	return c
}

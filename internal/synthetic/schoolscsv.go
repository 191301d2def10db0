// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CellError is what is wrong with one cell of a schools table.
type CellError struct {
	// Row is the line of the file, the header being 1.
	Row int
	// Column is the name in the header.
	Column string
	// Problem says what is wrong and what would be right.
	Problem string
}

func (e *CellError) Error() string {
	return fmt.Sprintf("row %d, column %q: %s", e.Row, e.Column, e.Problem)
}

// maxCellErrors bounds how many problems one reading reports: enough to see the pattern.
const maxCellErrors = 10

// FromSchoolsCSV reads a table of schools in the layout of the Massachusetts file of the data-edu collection: one row a school, with its
// district, enrolment per grade, shares of groups in percent, average class size, and the distribution of test levels per tested grade in
// percent. Columns are found by name; others are ignored; a leading byte order mark is.
//
// Enrolment cells are required and must add up to TOTAL_Enrollment. Percent cells may be empty: group shares that are not given are those of the
// state's average school; test levels that are not given are borrowed from the nearest tested grade of the school, else of the
// district, else of the state. The four levels of a test are given all or none.
//
// The districts are in the order of their codes, the schools of each in the order of theirs. A bad table yields an error that joins
// up to ten [CellError] values.
func FromSchoolsCSV(r io.Reader) (Shape, error) {
	t, err := newSchoolsTable(r)
	if err != nil {
		return Shape{}, fmt.Errorf("schools table: %w", err)
	}
	districts := map[string]*DistrictShape{}
	schoolRows := map[string]int{}
	for t.next() {
		code, name := t.identifier("District Code"), t.text("District Name")
		school := t.school()
		if row, taken := schoolRows[school.Identifier]; taken {
			t.problem("School Code", "%q is taken by row %d; each school has one row and its own code", school.Identifier, row)
		}
		schoolRows[school.Identifier] = t.row
		d, known := districts[code]
		switch {
		case !known:
			d = &DistrictShape{Identifier: code, Name: name}
			districts[code] = d
		case d.Name != name:
			t.problem("District Name", "district %s is %q here and %q above; a code has one name", code, name, d.Name)
		}
		d.Schools = append(d.Schools, school)
	}
	if err := t.err(); err != nil {
		return Shape{}, fmt.Errorf("schools table: %w", err)
	}
	shape := sorted(districts)
	completeShares(shape)
	completeLevels(shape)
	if err := shape.check(); err != nil {
		return Shape{}, fmt.Errorf("schools table: %w", err)
	}
	return shape, nil
}

func sorted(districts map[string]*DistrictShape) Shape {
	var shape Shape
	for _, d := range districts {
		slices.SortFunc(d.Schools, func(a, b SchoolShape) int { return strings.Compare(a.Identifier, b.Identifier) })
		shape.Districts = append(shape.Districts, *d)
	}
	slices.SortFunc(shape.Districts, func(a, b DistrictShape) int { return strings.Compare(a.Identifier, b.Identifier) })
	return shape
}

// schoolsTable reads one row at a time and gathers the problems of all.
type schoolsTable struct {
	csv      *csv.Reader
	columns  map[string]int
	record   []string
	row      int
	problems []error
	omitted  int
	fatal    error
}

func newSchoolsTable(r io.Reader) (*schoolsTable, error) {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(len(mark)) // peeked: cannot fail
	}
	t := &schoolsTable{csv: csv.NewReader(buffered), columns: map[string]int{}, row: 1}
	t.csv.ReuseRecord = true
	header, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; the first line must name the columns")
	}
	if err != nil {
		return nil, err
	}
	for i, name := range header {
		if _, twice := t.columns[name]; twice {
			return nil, &CellError{Row: 1, Column: name, Problem: "named twice in the header"}
		}
		t.columns[name] = i
	}
	for _, name := range requiredColumns() {
		if _, ok := t.columns[name]; !ok {
			return nil, &CellError{Row: 1, Column: name, Problem: "missing from the header; the table must have this column"}
		}
	}
	return t, nil
}

var gradeColumns = [NumGrades]string{
	"PK_Enrollment", "K_Enrollment", "1_Enrollment", "2_Enrollment", "3_Enrollment", "4_Enrollment", "5_Enrollment", "6_Enrollment",
	"7_Enrollment", "8_Enrollment", "9_Enrollment", "10_Enrollment", "11_Enrollment", "12_Enrollment", "SP_Enrollment",
}

var raceColumns = []string{
	"% African American", "% Asian", "% Hispanic", "% White", "% Native American", "% Native Hawaiian, Pacific Islander", "% Multi-Race, Non-Hispanic",
}

// testedGrades are the grades of the state's tests, with the word that the columns name them by.
var testedGrades = []struct {
	grade Grade
	word  string
}{
	{Grade1 + 2, "3rd"}, {Grade1 + 3, "4th"}, {Grade1 + 4, "5th"}, {Grade6, "6th"}, {Grade6 + 1, "7th"}, {Grade6 + 2, "8th"}, {Grade9 + 1, "10th"},
}

// levelColumns are the columns of a test from the lowest level to the highest.
func levelColumns(word, subject string) [4]string {
	prefix := "% MCAS_" + word + "Grade_" + subject + "_"
	return [4]string{prefix + "W/F", prefix + "NI", prefix + "P", prefix + "A"}
}

func requiredColumns() []string {
	names := []string{"School Code", "School Name", "District Name", "District Code"}
	names = append(names, gradeColumns[:]...)
	names = append(names, "TOTAL_Enrollment", "% English Language Learner", "% Students With Disabilities", "% Economically Disadvantaged")
	names = append(names, raceColumns...)
	names = append(names, "% Males", "% Females", "Average Class Size")
	for _, t := range testedGrades {
		for _, subject := range []string{"Math", "English"} {
			columns := levelColumns(t.word, subject)
			names = append(names, columns[:]...)
		}
	}
	return names
}

func (t *schoolsTable) next() bool {
	if t.fatal != nil {
		return false
	}
	t.record, t.fatal = t.csv.Read()
	if t.fatal != nil {
		return false
	}
	t.row, _ = t.csv.FieldPos(0)
	return true
}

func (t *schoolsTable) err() error {
	problems := t.problems
	if t.omitted > 0 {
		problems = append(problems, fmt.Errorf("and %d more problems", t.omitted))
	}
	if !errors.Is(t.fatal, io.EOF) {
		problems = append(problems, t.fatal)
	}
	if len(problems) == 0 && t.row == 1 {
		return errors.New("the file has a header and no schools")
	}
	return errors.Join(problems...)
}

func (t *schoolsTable) problem(column, format string, args ...any) {
	if len(t.problems) == maxCellErrors {
		t.omitted++
		return
	}
	t.problems = append(t.problems, &CellError{Row: t.row, Column: column, Problem: fmt.Sprintf(format, args...)})
}

func (t *schoolsTable) cell(column string) string {
	return strings.TrimSpace(t.record[t.columns[column]])
}

func (t *schoolsTable) text(column string) string {
	s := t.cell(column)
	if s == "" {
		t.problem(column, "empty; give the name")
	}
	return s
}

func (t *schoolsTable) identifier(column string) string {
	s := t.cell(column)
	if err := checkIdentifier(s); err != nil {
		t.problem(column, "%v", err)
	}
	return s
}

func (t *schoolsTable) students(column string) int {
	s := t.cell(column)
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.problem(column, "%q is not a number of students; write a whole number, 0 or more", s)
		return 0
	}
	return n
}

// percent reads an optional percentage as a share of 0 to 1.
func (t *schoolsTable) percent(column string) (share float64, given bool) {
	s := t.cell(column)
	if s == "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= 100) {
		t.problem(column, "%q is not a percentage; write 0 to 100, or leave the cell empty", s)
		return 0, false
	}
	return x / 100, true
}

func (t *schoolsTable) school() SchoolShape {
	s := SchoolShape{Identifier: t.identifier("School Code"), Name: t.text("School Name")}
	for g, column := range gradeColumns {
		s.Enrolment[g] = t.students(column)
		if s.Enrolment[g] > maxGradeEnrolment {
			t.problem(column, "%d students in one grade of a school; at most %d are possible", s.Enrolment[g], maxGradeEnrolment)
			s.Enrolment[g] = 0
		}
	}
	if total := t.students("TOTAL_Enrollment"); total != s.Size() {
		t.problem("TOTAL_Enrollment", "%d, but the grades add up to %d; mend the grade that is wrong", total, s.Size())
	}
	s.Shares = t.shares()
	if size := t.cell("Average Class Size"); size != "" {
		x, err := strconv.ParseFloat(size, 64)
		if err != nil || !(x > 0 && x <= 1000) {
			t.problem("Average Class Size", "%q is not a class size; write a number above 0, or leave the cell empty", size)
		} else {
			s.ClassSize = x
		}
	}
	for _, tested := range testedGrades {
		s.Maths[tested.grade] = t.levels(levelColumns(tested.word, "Math"))
		s.English[tested.grade] = t.levels(levelColumns(tested.word, "English"))
	}
	return s
}

// shares reads the shares of groups; those of a row without races are left zero, to be completed.
func (t *schoolsTable) shares() Shares {
	var race [numRaces]float64
	given := 0
	for i, column := range raceColumns {
		share, ok := t.percent(column)
		if ok {
			given++
		}
		race[i] = share
	}
	male, _ := t.percent("% Males")
	female, _ := t.percent("% Females")
	learner, _ := t.percent("% English Language Learner")
	disability, _ := t.percent("% Students With Disabilities")
	disadvantaged, _ := t.percent("% Economically Disadvantaged")
	if given == 0 {
		return Shares{}
	}
	if total := sum(race[:]); total < 0.9 || total > 1.1 {
		t.problem(raceColumns[0], "this and the other races add up to %.1f %%; they must add up to 100, or all be empty", 100*total)
	}
	if male+female == 0 {
		male, female = 1, 1
	}
	return Shares{
		Male:  male / (male + female),
		Black: race[0], Asian: race[1], Hispanic: race[2], White: race[3], NativeAmerican: race[4], PacificIslander: race[5], Multiracial: race[6],
		EnglishLearner: learner, Disability: disability, EconomicallyDisadvantaged: disadvantaged,
	}
}

func (t *schoolsTable) levels(columns [4]string) Levels {
	var share [4]float64
	given := 0
	for i, column := range columns {
		x, ok := t.percent(column)
		if ok {
			given++
		}
		share[i] = x
	}
	switch total := sum(share[:]); {
	case given == 0:
		return Levels{}
	case given < 4:
		t.problem(columns[0], "%d of the four levels of this test are given; give all or none", given)
	case total < 0.9 || total > 1.1:
		t.problem(columns[0], "this and the other levels of the test add up to %.0f %%; they must add up to 100, or all be empty", 100*total)
	}
	return Levels{Warning: share[0], NeedsImprovement: share[1], Proficient: share[2], Advanced: share[3]}
}

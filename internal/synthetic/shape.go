// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"errors"
	"fmt"
	"math"
)

// Grade is a grade level, from pre-kindergarten to special education beyond grade 12.
type Grade int

// The grades, in the order of the students' age.
const (
	PreKindergarten Grade = 0
	Kindergarten    Grade = 1
	Grade1          Grade = 2
	Grade6          Grade = 7
	Grade9          Grade = 10
	Grade12         Grade = 13
	BeyondGrade12   Grade = 14
	NumGrades             = 15
)

var gradeCodes = [NumGrades]string{"PK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13"}

// String gives the CEDS grade code that OneRoster uses: PK, KG, 01 to 12, 13.
func (g Grade) String() string { return gradeCodes[g] }

// Shape says which districts and schools a state has, and how their students are distributed. It holds no student.
type Shape struct {
	Districts []DistrictShape
}

// DistrictShape is one district of a shape.
type DistrictShape struct {
	// Identifier is the state's code of the district, unique in the shape. It keys the district's random streams and is the sourcedId of
	// its org. Letters, digits, '.', '_' and '-' only.
	Identifier string
	Name       string
	// Locale is City, Suburb, Town or Rural, or empty where the source does not say.
	Locale  string
	Schools []SchoolShape
}

// SchoolShape is one school of a district.
type SchoolShape struct {
	// Identifier is the state's code of the school, unique in its district, with the same alphabet as the district's.
	Identifier string
	Name       string
	// Enrolment is the number of students per grade, at most 100,000 each.
	Enrolment [NumGrades]int
	// Shares are the shares of the groups. The zero value stands for an average US school.
	Shares Shares
	// ClassSize is the average number of students in a class. 0 stands for 20; others are held within 8 and 35.
	ClassSize float64
	// Maths and English are the distributions of test levels per grade. A zero value stands for an average one.
	Maths, English [NumGrades]Levels
}

// Shares are the shares of a school's students in each group, 0 to 1. The races (with Hispanic of any race as one of them) are
// used in proportion to their sum.
type Shares struct {
	Male                                                                        float64
	Black, Asian, Hispanic, White, NativeAmerican, PacificIslander, Multiracial float64
	EnglishLearner, Disability, EconomicallyDisadvantaged                       float64
}

// races are the shares that exclude one another, in the order of the race constants.
func (s Shares) races() [numRaces]float64 {
	return [numRaces]float64{s.Black, s.Asian, s.Hispanic, s.White, s.NativeAmerican, s.PacificIslander, s.Multiracial}
}

func (s Shares) known() bool {
	races := s.races()
	return sum(races[:]) > 0
}

// values are all shares, for checks.
func (s Shares) values() []float64 {
	races := s.races()
	return append(races[:], s.Male, s.EnglishLearner, s.Disability, s.EconomicallyDisadvantaged)
}

// averageShares are round figures near those of US public schools.
var averageShares = Shares{
	Male:  0.51,
	Black: 0.15, Asian: 0.05, Hispanic: 0.29, White: 0.45, NativeAmerican: 0.01, PacificIslander: 0.004, Multiracial: 0.046,
	EnglishLearner: 0.10, Disability: 0.15, EconomicallyDisadvantaged: 0.50,
}

// Levels is a distribution of test levels. The shares are used in proportion to their sum, from the lowest level to the highest.
type Levels struct {
	Warning, NeedsImprovement, Proficient, Advanced float64
}

func (l Levels) known() bool { return l.Warning+l.NeedsImprovement+l.Proficient+l.Advanced > 0 }

func (l Levels) plus(m Levels, weight float64) Levels {
	return Levels{
		Warning:          l.Warning + float64(weight*m.Warning),
		NeedsImprovement: l.NeedsImprovement + float64(weight*m.NeedsImprovement),
		Proficient:       l.Proficient + float64(weight*m.Proficient),
		Advanced:         l.Advanced + float64(weight*m.Advanced),
	}
}

// averageLevels is near the mean of the Massachusetts file over grades and both subjects.
var averageLevels = Levels{Warning: 0.08, NeedsImprovement: 0.22, Proficient: 0.43, Advanced: 0.27}

// Enrolment is the number of students in the shape.
func (s Shape) Enrolment() int {
	n := 0
	for i := range s.Districts {
		n += s.Districts[i].Enrolment()
	}
	return n
}

// Enrolment is the number of students in the district.
func (d *DistrictShape) Enrolment() int {
	n := 0
	for i := range d.Schools {
		n += d.Schools[i].Size()
	}
	return n
}

// Size is the number of students in the school.
func (s *SchoolShape) Size() int { return sum(s.Enrolment[:]) }

const maxGradeEnrolment = 100_000

// check says what in the shape cannot be generated from.
func (s Shape) check() error {
	if len(s.Districts) == 0 {
		return errors.New("the shape has no districts; read one with FromSchoolsCSV or draw one with HeavyTailed")
	}
	seen := make(map[string]bool, len(s.Districts))
	for i := range s.Districts {
		d := &s.Districts[i]
		if seen[d.Identifier] {
			return fmt.Errorf("two districts have the identifier %q; identifiers are unique in a shape", d.Identifier)
		}
		seen[d.Identifier] = true
		if err := d.check(); err != nil {
			return fmt.Errorf("district %q: %w", d.Identifier, err)
		}
	}
	return nil
}

func (d *DistrictShape) check() error {
	if err := checkIdentifier(d.Identifier); err != nil {
		return err
	}
	if d.Name == "" {
		return errors.New("it has no name")
	}
	seen := map[string]bool{d.Identifier: true}
	for i := range d.Schools {
		s := &d.Schools[i]
		if err := s.check(); err != nil {
			return fmt.Errorf("school %q: %w", s.Identifier, err)
		}
		if seen[s.Identifier] {
			return fmt.Errorf("school %q: its identifier is taken by the district or by another school of it", s.Identifier)
		}
		seen[s.Identifier] = true
	}
	return nil
}

func (s *SchoolShape) check() error {
	if err := checkIdentifier(s.Identifier); err != nil {
		return err
	}
	if s.Name == "" {
		return errors.New("it has no name")
	}
	for g, n := range s.Enrolment {
		if n < 0 || n > maxGradeEnrolment {
			return fmt.Errorf("enrolment of grade %s is %d; it must be 0 to %d", Grade(g), n, maxGradeEnrolment)
		}
	}
	for _, x := range s.Shares.values() {
		if !(x >= 0 && x <= 1) {
			return fmt.Errorf("a group's share is %v; it must be 0 to 1", x)
		}
	}
	for _, l := range append(s.Maths[:], s.English[:]...) {
		for _, x := range []float64{l.Warning, l.NeedsImprovement, l.Proficient, l.Advanced} {
			if !(x >= 0 && x <= 1) {
				return fmt.Errorf("a test level's share is %v; it must be 0 to 1", x)
			}
		}
	}
	if !(s.ClassSize >= 0 && s.ClassSize <= math.MaxInt32) {
		return fmt.Errorf("class size is %v; it must be 0 (not known) or more", s.ClassSize)
	}
	return nil
}

// checkIdentifier keeps identifiers to what needs no quoting in CSV, in file names and in label values.
func checkIdentifier(id string) error {
	if id == "" || len(id) > 40 {
		return fmt.Errorf("identifier %q must have 1 to 40 characters", id)
	}
	for _, c := range []byte(id) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return fmt.Errorf("identifier %q may hold letters, digits, '.', '_' and '-' only", id)
		}
	}
	return nil
}

// scaled gives the district with about the given fraction of its students: the total is rounded to the nearest, at least one where there is
// one, and spread over schools and grades so that each cell is within one of its share.
func (d DistrictShape) scaled(fraction float64) DistrictShape {
	total := d.Enrolment()
	if fraction == 1 || total == 0 {
		return d
	}
	target := max(1, int64(math.Round(float64(fraction*float64(total)))))
	schools := make([]SchoolShape, len(d.Schools))
	var before, given int64
	for i, s := range d.Schools {
		for g, n := range s.Enrolment {
			before += int64(n)
			upTo := (before*target + int64(total)/2) / int64(total)
			s.Enrolment[g] = int(upTo - given)
			given = upTo
		}
		schools[i] = s
	}
	d.Schools = schools
	return d
}

func sum[T int | float64](xs []T) T {
	var n T
	for _, x := range xs {
		n += x
	}
	return n
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"fmt"
	"math"
	"strings"
)

// The lognormal distribution of district sizes: a share of 2,558/13,318 below 300 students and of 266/13,318 at 25,000 or above (NCES Digest of
// Education Statistics, table 214.20, 2021-22).
const (
	logSizeMean   = 7.020
	logSizeSpread = 1.513
)

// HeavyTailed draws a shape of so many districts with so many students in all, at least one each. District sizes are lognormal as in the United States,
// drawn at evenly spread quantiles so that a state of few districts too has its large and its small ones; then scaled to the total.
// Schools are split by level, from one school for all grades in the smallest districts to elementary, middle and high schools.
// Group shares and test levels vary by district and by school.
func HeavyTailed(seed []byte, students, districts int) (Shape, error) {
	const most = 50_000_000
	switch {
	case districts < 1 || districts > 99_999:
		return Shape{}, fmt.Errorf("heavy-tailed shape: %d districts; give 1 to 99,999", districts)
	case students < districts || students > most:
		return Shape{}, fmt.Errorf("heavy-tailed shape: %d students for %d districts; give at least one each, and at most %d", students, districts, most)
	}
	draw := newKey(seed, "shape", "sizes").stream(forShape, 0)
	sizes := drawSizes(draw, students, districts)
	shape := Shape{Districts: make([]DistrictShape, districts)}
	for i, n := range sizes {
		identifier := fmt.Sprintf("%05d0000", i+1)
		shape.Districts[i] = drawDistrict(newKey(seed, "shape", identifier).stream(forShape, 0), i, identifier, n)
	}
	return shape, nil
}

func drawSizes(draw *stream, students, districts int) []int {
	weights := make([]int64, districts)
	for i := range weights {
		quantile := (float64(i) + draw.float()) / float64(districts)
		z := math.Sqrt2 * math.Erfinv(2*quantile-1)
		// Outside of these a draw would be a district of ten students or of a million.
		z = min(max(z, -3.2), 4.5)
		weights[i] = max(1, int64(math.Exp(logSizeMean+float64(logSizeSpread*z))))
	}
	shuffle(draw, weights)
	sizes := spread(students-districts, weights)
	for i := range sizes {
		sizes[i]++
	}
	return sizes
}

// spread divides n in proportion to the weights, to the last unit.
func spread(n int, weights []int64) []int {
	var total, before int64
	for _, w := range weights {
		total += w
	}
	parts := make([]int, len(weights))
	given := 0
	for i, w := range weights {
		before += w
		upTo := int(float64(n) * (float64(before) / float64(total)))
		if i == len(weights)-1 {
			upTo = n
		}
		parts[i] = upTo - given
		given = upTo
	}
	return parts
}

// level is a kind of school and the grades it has.
type level struct {
	name        string
	first, last Grade
	// size is the number of students that such a school has on average.
	size int
}

// levelsFor are the kinds of school in a district of n students.
func levelsFor(n int) []level {
	switch {
	case n < 400:
		return []level{{"School", Kindergarten, Grade12, 400}}
	case n < 1500:
		return []level{{"Elementary School", Kindergarten, Grade6, 800}, {"Junior-Senior High School", Grade6 + 1, Grade12, 800}}
	default:
		return []level{
			{"Elementary School", Kindergarten, Grade6 - 1, 400}, {"Middle School", Grade6, Grade9 - 1, 550}, {"High School", Grade9, Grade12, 800},
		}
	}
}

func drawDistrict(draw *stream, index int, identifier string, n int) DistrictShape {
	d := DistrictShape{Identifier: identifier, Name: placeName(index), Locale: locale(draw, n)}
	poverty := draw.normal()
	shares := drawShares(draw, poverty)
	perGrade := drawGrades(draw, n)
	for _, l := range levelsFor(n) {
		students := sum(perGrade[l.first : l.last+1])
		count := max(1, (students+l.size/2)/l.size)
		weights := make([]int64, count)
		for i := range weights {
			weights[i] = int64(600 + draw.below(800))
		}
		first := len(d.Schools)
		for i := range count {
			number := len(d.Schools) + 1
			name := d.Name + " " + l.name
			if count > 1 {
				name = fmt.Sprintf("%s %s %d", d.Name, l.name, i+1)
			}
			school := SchoolShape{Identifier: fmt.Sprintf("%s%04d", identifier[:5], number), Name: name, ClassSize: float64(16 + draw.below(12))}
			school.Shares = drawShares(draw, poverty+float64(0.4*draw.normal()))
			school.Shares = Shares{}.plus(shares, 0.6).plus(school.Shares, 0.4)
			strength := float64(-0.35*poverty) + float64(0.25*draw.normal())
			for g := range NumGrades {
				school.Maths[g] = levelsOf(strength + float64(0.1*draw.normal()))
				school.English[g] = levelsOf(strength + float64(0.1*draw.normal()))
			}
			d.Schools = append(d.Schools, school)
		}
		for g := l.first; g <= l.last; g++ {
			for i, k := range spread(perGrade[g], weights) {
				d.Schools[first+i].Enrolment[g] = k
			}
		}
	}
	return d
}

// drawGrades divides a district's students over kindergarten to grade 12, nearly evenly.
func drawGrades(draw *stream, n int) [NumGrades]int {
	var weights [NumGrades]int64
	for g := Kindergarten; g <= Grade12; g++ {
		weights[g] = int64(920 + draw.below(160))
	}
	return [NumGrades]int(append(spread(n, weights[:Grade12+1]), 0))
}

// locale guesses a locale from the size of a district; a tenth is otherwise.
func locale(draw *stream, n int) string {
	names := []string{"Rural", "Town", "Suburb", "City"}
	i := 0
	for _, bound := range []int{1000, 3500, 15000} {
		if n >= bound {
			i++
		}
	}
	if draw.chance(0.1) {
		i = draw.below(len(names))
	}
	return names[i]
}

// drawShares draws the groups of a district or school: the poorer, the fewer White and Asian students.
func drawShares(draw *stream, poverty float64) Shares {
	vary := func(mean, slope, noise float64) float64 {
		return min(max(mean+float64(slope*poverty)+float64(noise*draw.normal()), mean/20), 0.95)
	}
	s := averageShares
	s.Male = vary(s.Male, 0, 0.01)
	s.Black = vary(s.Black, 0.06, 0.08)
	s.Asian = vary(s.Asian, -0.015, 0.03)
	s.Hispanic = vary(s.Hispanic, 0.08, 0.12)
	s.White = vary(s.White, -0.12, 0.12)
	s.EnglishLearner = vary(s.EnglishLearner, 0.03, 0.04)
	s.Disability = vary(s.Disability, 0.01, 0.02)
	s.EconomicallyDisadvantaged = vary(s.EconomicallyDisadvantaged, 0.18, 0.05)
	races := s.races()
	total := sum(races[:])
	s.Black, s.Asian, s.Hispanic, s.White = s.Black/total, s.Asian/total, s.Hispanic/total, s.White/total
	s.NativeAmerican, s.PacificIslander, s.Multiracial = s.NativeAmerican/total, s.PacificIslander/total, s.Multiracial/total
	return s
}

// levelsOf shifts the average distribution of test levels by a number of standard deviations.
func levelsOf(strength float64) Levels {
	// The normal quantiles of averageLevels' boundaries: 0.08, 0.30, 0.73.
	warning := phi(-1.405 - strength)
	needs := phi(-0.524 - strength)
	proficient := phi(0.613 - strength)
	return Levels{Warning: warning, NeedsImprovement: needs - warning, Proficient: proficient - needs, Advanced: 1 - proficient}
}

// placeName is the n-th invented place: no two are alike.
func placeName(n int) string {
	beginnings, endings := len(placeBeginnings), len(placeEndings)
	first := n % beginnings
	n /= beginnings
	// Strides that are prime to the number of endings keep neighbours apart.
	name := placeBeginnings[first] + placeEndings[(first*7+n*5)%endings]
	n /= endings
	if n == 0 {
		return name
	}
	directions := strings.Fields("North South East West Upper Lower New Old Great Little")
	name = directions[(n-1)%len(directions)] + " " + name
	if n = (n - 1) / len(directions); n > 0 {
		name = fmt.Sprintf("%s %d", name, n+1)
	}
	return name
}

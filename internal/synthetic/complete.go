// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

// completeShares gives schools without shares those of the state's average school, weighted by enrolment.
func completeShares(shape Shape) {
	var total Shares
	var weight float64
	for _, d := range shape.Districts {
		for i := range d.Schools {
			if s := &d.Schools[i]; s.Shares.known() {
				total = total.plus(s.Shares, float64(s.Size()))
				weight += float64(s.Size())
			}
		}
	}
	average := averageShares
	if weight > 0 {
		average = Shares{}.plus(total, 1/weight)
	}
	for _, d := range shape.Districts {
		for i := range d.Schools {
			if s := &d.Schools[i]; !s.Shares.known() {
				s.Shares = average
			}
		}
	}
}

func (s Shares) plus(t Shares, weight float64) Shares {
	s.Male += float64(weight * t.Male)
	s.Black += float64(weight * t.Black)
	s.Asian += float64(weight * t.Asian)
	s.Hispanic += float64(weight * t.Hispanic)
	s.White += float64(weight * t.White)
	s.NativeAmerican += float64(weight * t.NativeAmerican)
	s.PacificIslander += float64(weight * t.PacificIslander)
	s.Multiracial += float64(weight * t.Multiracial)
	s.EnglishLearner += float64(weight * t.EnglishLearner)
	s.Disability += float64(weight * t.Disability)
	s.EconomicallyDisadvantaged += float64(weight * t.EconomicallyDisadvantaged)
	return s
}

// completeLevels gives every grade of every school a distribution of test levels: its own, else that of the nearest tested grade of the
// school, else of the district, else of the state.
func completeLevels(shape Shape) {
	maths := func(s *SchoolShape) *[NumGrades]Levels { return &s.Maths }
	english := func(s *SchoolShape) *[NumGrades]Levels { return &s.English }
	for _, subject := range []func(*SchoolShape) *[NumGrades]Levels{maths, english} {
		var all []SchoolShape
		for _, d := range shape.Districts {
			all = append(all, d.Schools...)
		}
		state := meanLevels(all, subject)
		for _, d := range shape.Districts {
			district := meanLevels(d.Schools, subject)
			for i := range d.Schools {
				own := subject(&d.Schools[i])
				*own = completed(*own, district, state)
			}
		}
	}
}

// meanLevels are the mean distributions per grade, weighted by the grade's enrolment.
func meanLevels(schools []SchoolShape, subject func(*SchoolShape) *[NumGrades]Levels) [NumGrades]Levels {
	var mean [NumGrades]Levels
	for g := range mean {
		var weight float64
		for i := range schools {
			levels, n := subject(&schools[i])[g], float64(schools[i].Enrolment[g])
			if levels.known() {
				mean[g] = mean[g].plus(levels, n)
				weight += n
			}
		}
		if weight > 0 {
			mean[g] = Levels{}.plus(mean[g], 1/weight)
		}
	}
	return mean
}

func completed(own, district, state [NumGrades]Levels) [NumGrades]Levels {
	result := own
	for g := range result {
		result[g] = averageLevels
		for _, source := range [][NumGrades]Levels{own, district, state} {
			if levels, ok := nearest(source, g); ok {
				result[g] = levels
				break
			}
		}
	}
	return result
}

// nearest is the distribution of the grade closest to g, the lower of two that are equally close.
func nearest(levels [NumGrades]Levels, g int) (Levels, bool) {
	for distance := range NumGrades {
		for _, candidate := range []int{g - distance, g + distance} {
			if candidate >= 0 && candidate < NumGrades && levels[candidate].known() {
				return levels[candidate], true
			}
		}
	}
	return Levels{}, false
}

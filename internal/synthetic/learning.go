// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

// learning draws how the students of one school learn and attend.
type learning struct {
	shares Shares
	races  [numRaces]float64
	levels [numSubjects][NumGrades]Levels
}

func newLearning(s *SchoolShape) *learning {
	l := &learning{shares: s.Shares}
	if !l.shares.known() {
		l.shares = averageShares
	}
	l.races = l.shares.races()
	for g := range NumGrades {
		l.levels[subjectMaths][g] = orAverage(s.Maths[g])
		l.levels[subjectEnglish][g] = orAverage(s.English[g])
		l.levels[subjectScience][g] = orAverage(s.Maths[g]).plus(orAverage(s.English[g]), 1)
	}
	return l
}

func orAverage(l Levels) Levels {
	if l.known() {
		return l
	}
	return averageLevels
}

// The model's constants. They are chosen, not estimated; see the package's documentation.
const (
	commonAbility   = 0.8
	subjectAbility  = 0.6
	gapDisadvantage = 0.35 // in standard deviations
	gapDisability   = 0.60
	gapLearner      = 0.45

	growthMean, growthSpread = 6.0, 4.0 // points in a year

	noiseTest, noiseQuiz, noiseHomework = 6.0, 9.0, 10.0
	itemSpread, homeworkBonus           = 3.0, 4.0

	absenceLeast, absenceMost = 0.01, 0.25
	notSubmittedLeast         = 0.01
	notSubmittedPerAbsence    = 0.35
	exempt                    = 0.006
)

// draw gives the student expected scores, growth and a probability of absence.
func (l *learning) draw(draw *stream, s *student) {
	shift := -gap(gapDisadvantage, s.disadvantaged, l.shares.EconomicallyDisadvantaged) -
		gap(gapDisability, s.disability, l.shares.Disability) -
		gap(gapLearner, s.learner, l.shares.EnglishLearner)
	common := float64(commonAbility*draw.normal()) + shift
	for subject := range s.expected {
		z := common + float64(subjectAbility*draw.normal())
		s.expected[subject] = float32(expectedScore(l.levels[subject][s.grade], phi(z)))
	}
	s.growth = float32(growthMean + float64(growthSpread*draw.normal()))
	// The fourth power of a uniform variate: most are rarely absent, a fifth is absent on more than a tenth of the days.
	f := draw.float()
	if s.disadvantaged {
		f = min(1, f+0.05)
	}
	s.absence = float32(absenceLeast + float64(absenceMost*f*f*f*f))
}

// gap is how far a student's group moves the ability, centred so that the school's mean stays.
func gap(size float64, member bool, share float64) float64 {
	if member {
		return float64(size * (1 - share))
	}
	return float64(-size * share)
}

// levelScores are the scores at which the test levels begin, and the end of the last.
var levelScores = [5]float64{15, 45, 62, 80, 97}

// expectedScore reads a percentile (0 to 1) off a distribution of test levels, linearly within each level.
func expectedScore(l Levels, percentile float64) float64 {
	shares := [4]float64{l.Warning, l.NeedsImprovement, l.Proficient, l.Advanced}
	x := float64(percentile * sum(shares[:]))
	for i, share := range shares {
		if x < share {
			return levelScores[i] + float64(x/share*(levelScores[i+1]-levelScores[i]))
		}
		x -= share
	}
	return levelScores[4]
}

// score is the result of one student on one item, in tenths of a point (0 to 1000).
func (s *student) score(draw *stream, subject int, category string, difficulty, yearPassed float64) int {
	noise := noiseTest
	bonus := 0.0
	switch category {
	case categoryQuiz:
		noise = noiseQuiz
	case categoryHomework:
		noise, bonus = noiseHomework, homeworkBonus
	}
	x := float64(s.expected[subject]) + bonus - difficulty
	x += float64(float64(s.growth) * (yearPassed - 0.5))
	x += float64(noise * draw.normal())
	return min(max(int(float64(x*10)+0.5), 0), 1000)
}

// attendance is the percentage of a month's school days that the student was present, in tenths of a percent (0 to 1000).
func (s *student) attendance(draw *stream, schoolDays int) int {
	// Four days a draw: a probability of absence needs no more than 16 bits.
	threshold := uint64(s.absence * 65536)
	absent := 0
	var bits uint64
	for d := range schoolDays {
		if d%4 == 0 {
			bits = draw.Uint64()
		}
		if bits&0xFFFF < threshold {
			absent++
		}
		bits >>= 16
	}
	return (1000*(schoolDays-absent) + schoolDays/2) / schoolDays
}

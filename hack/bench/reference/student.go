// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

// Student is one generated student, as a program that decides row by row would
// hold it.
type Student struct {
	ID, District, School, HomeLanguage string
	Grade, DaysSince                   int64
	Reading, Math, Science, Growth     float64 // 0–100
	Risk, Attendance                   float64 // 0–1
	PriorHours                         float64 // 0–60
	ELL, IEP, FRL, Consent             bool
	Mastery                            map[string]float64 // by skill, 0–1
	Recent                             []float64          // the five latest scores, 0–100
	Interests                          []string           // one to five, repeats allowed
}

var (
	// Skills are the keys of every student's Mastery, in the order in which they
	// are drawn.
	Skills = []string{
		"add_sub", "mult_div", "fractions", "decimals", "ratios", "expressions",
		"equations", "geometry", "measurement", "data_prob", "functions", "statistics",
	}
	languages = []string{"en", "en", "en", "en", "es", "es", "zh", "ar", "vi", "ko", "fr", "tl"}
	pastimes  = []string{
		"music", "art", "sports", "robotics", "coding", "reading", "science", "history", "gaming", "cooking",
		"nature", "theater", "dance", "photography", "chess", "travel", "animals", "space", "math", "writing",
	}
)

// RecentScores is how many recent scores every student has.
const RecentScores = 5

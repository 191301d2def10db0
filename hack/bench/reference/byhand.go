// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

import (
	"slices"
	"strings"
)

// ByHand is the reference table as a person would write it: the yardstick. The
// rule is the number of the rule that decides, from 0; decision, seats and
// reason are its constants.
func ByHand(s *Student) (rule int, priority float64) { //nolint:gocyclo // a table is one switch
	switch {
	case !s.Consent:
		return 0, 0
	case s.Grade >= 3 && s.Grade <= 8 && latest(s) < 45 && s.Mastery["fractions"] < 0.4 && s.Mastery["ratios"] < 0.4:
		return 1, (100-s.Math)*0.5 + (1-s.Mastery["fractions"])*30 + (1-s.Attendance)*20
	case s.Attendance < 0.9 && inOutreach(s.District) && (s.DaysSince > 21 || anyBelow(s.Recent, 30)):
		return 2, (1-s.Attendance)*100 + float64(s.DaysSince)*0.25
	case s.ELL && s.Reading < 50 && supported(s.HomeLanguage) && anySkillBelow(s.Mastery, 0.25):
		priority = (50 - s.Reading) * 1.5
		if s.IEP {
			priority += 10
		}
		return 3, priority
	case s.IEP && (s.Math < 55 || s.Reading < 55) && anyBelow(s.Recent, 35):
		return 4, (110-s.Math-s.Reading)*0.5 + 15
	case s.Grade >= 6 && s.Mastery["expressions"] >= 0.7 && s.Mastery["equations"] >= 0.65 && latest(s) >= 70 && likesEnrichment(s.Interests):
		return 5, s.Math*0.3 + s.Growth*0.2 + s.Mastery["equations"]*10
	case s.Growth < 40 && s.Risk > 0.45 && s.DaysSince > 10 && s.PriorHours < 20 && likesArtsOrSports(s.Interests):
		return 6, s.Risk*60 + (40-s.Growth)*0.8
	}
	return 7, s.Risk*20 + (100-(s.Math+s.Reading+s.Science)/3)*0.1
}

// latest is the mean of the last three scores.
func latest(s *Student) float64 { return (s.Recent[2] + s.Recent[3] + s.Recent[4]) / 3 }

func inOutreach(district string) bool {
	switch district {
	case "D003", "D017", "D042", "D058", "D101", "D007", "D011", "D023", "D031", "D077", "D088", "D119":
		return true
	}
	return false
}

func supported(language string) bool {
	switch language {
	case "es", "zh", "ar", "vi":
		return true
	}
	return false
}

func anyBelow(scores []float64, limit float64) bool {
	for _, x := range scores {
		if x < limit {
			return true
		}
	}
	return false
}

func anySkillBelow(mastery map[string]float64, limit float64) bool {
	for _, x := range mastery {
		if x < limit {
			return true
		}
	}
	return false
}

func likesEnrichment(interests []string) bool {
	for _, i := range interests {
		switch i {
		case "robotics", "coding", "math", "science":
			return true
		}
	}
	return false
}

func likesArtsOrSports(interests []string) bool {
	for _, i := range interests {
		switch i {
		case "music", "art", "sports", "dance", "theater":
			return true
		}
	}
	return false
}

// SecondByHand is the second table as a person would write it.
func SecondByHand(s *Student) (rule int, priority float64) { //nolint:gocyclo // a table is one switch
	switch {
	case s.Grade == 0 || s.Grade == 1 && s.DaysSince <= 2:
		return 0, float64(s.Grade)
	case strings.HasPrefix(s.District, "D10") && s.Attendance >= 0.97 && !s.FRL:
		return 1, s.Attendance*10 - s.PriorHours
	case strings.HasSuffix(s.School, "07") && !slices.Contains(s.Interests, "gaming") && s.Consent:
		return 2, float64(len(s.Interests)) * 2.5
	case !anyBelow(s.Recent, 72.5):
		return 3, (s.Recent[0]+s.Recent[4])/2 - 72.5
	case len(s.Interests) >= 4 && count(s.Interests, "chess") == 1:
		if s.Science-s.Math > 5 {
			return 4, s.Science
		}
		return 4, s.Math
	case s.Math < spatialLimit(s) && s.Mastery["geometry"]+s.Mastery["measurement"] < 0.9:
		return 5, 100 * (1 - s.Mastery["geometry"]*s.Mastery["measurement"])
	case s.HomeLanguage != "en" && !s.ELL && s.Reading > s.Math+4:
		return 6, s.Reading - s.Math
	case s.Recent[4]-s.Recent[0] > 14 && s.Growth > 52:
		return 7, s.Recent[4] - s.Recent[0] + s.Growth/10
	case s.Recent[0]-s.Recent[4] > 18 && s.Risk > 0.35:
		return 8, (s.Recent[0] - s.Recent[4]) * s.Risk
	case s.DaysSince%7 == 3 && weeklyGrade(s.Grade):
		return 9, float64(s.DaysSince/7) + float64(s.Grade)
	case allSkillsAbove(s.Mastery, 0.42) || literary(s.Interests[0]) && s.Reading >= 58:
		priority = s.Reading * 0.75
		if s.HomeLanguage != "en" {
			priority += 3.5
		}
		return 10, priority
	}
	return 11, s.Risk*10 + s.Mastery["statistics"]
}

func count(interests []string, interest string) (n int) {
	for _, i := range interests {
		if i == interest {
			n++
		}
	}
	return n
}

func spatialLimit(s *Student) float64 {
	if s.IEP {
		return 60
	}
	return 41.5
}

func weeklyGrade(grade int64) bool {
	switch grade {
	case 2, 4, 5, 8, 10, 12:
		return true
	}
	return false
}

func allSkillsAbove(mastery map[string]float64, limit float64) bool {
	for _, x := range mastery {
		if x <= limit {
			return false
		}
	}
	return true
}

func literary(interest string) bool {
	return interest == "writing" || interest == "history" || interest == "reading"
}

// KeyedByHand is a keyed table as a person with this many rules would write it:
// the rules found by grade and district, then tried in order.
func KeyedByHand(n int) func(*Student) (rule int, priority float64) {
	type place struct {
		grade    int64
		district string
	}
	type line struct {
		rule      int
		low, high float64
	}
	lines := map[place][]line{}
	for i, k := range keys(n - 1) {
		p := place{k.grade, k.district}
		lines[p] = append(lines[p], line{i, k.low, k.high})
	}
	return func(s *Student) (int, float64) {
		for _, l := range lines[place{s.Grade, s.District}] {
			if s.Math >= l.low && s.Math < l.high {
				return l.rule, (l.high-s.Math)*0.5 + float64(l.rule%10)
			}
		}
		return n - 1, s.Risk * 10
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

// ByColumns is the reference table by hand over columns, row after row: how
// fast a compiled engine could be. It returns the function that decides about
// the students from, from+1 … to-1.
func ByColumns(c *Columns) func(from, to int, rule []uint16, priority []float64) { //nolint:gocyclo // a table is one switch
	var (
		outreach   = members(&c.District, inOutreach)
		supported  = members(&c.HomeLanguage, supported)
		enrichment = members(&c.Interests, func(i string) bool { return likesEnrichment([]string{i}) })
		arts       = members(&c.Interests, func(i string) bool { return likesArtsOrSports([]string{i}) })

		fractions, ratios      = c.Mastery[2], c.Mastery[4]
		expressions, equations = c.Mastery[5], c.Mastery[6]
	)
	decide := func(i int) (uint16, float64) {
		recent := c.Recent[RecentScores*i : RecentScores*i+RecentScores]
		switch {
		case !c.Consent[i]:
			return 0, 0
		case c.Grade[i] >= 3 && c.Grade[i] <= 8 && fractions[i] < 0.4 && ratios[i] < 0.4 && (recent[2]+recent[3]+recent[4])/3 < 45:
			return 1, (100-c.Math[i])*0.5 + (1-fractions[i])*30 + (1-c.Attendance[i])*20
		case c.Attendance[i] < 0.9 && outreach[c.District.Codes[i]] && (c.DaysSince[i] > 21 || anyBelow(recent, 30)):
			return 2, (1-c.Attendance[i])*100 + float64(c.DaysSince[i])*0.25
		case c.ELL[i] && c.Reading[i] < 50 && supported[c.HomeLanguage.Codes[i]] && anyColumnBelow(&c.Mastery, i, 0.25):
			priority := (50 - c.Reading[i]) * 1.5
			if c.IEP[i] {
				priority += 10
			}
			return 3, priority
		case c.IEP[i] && (c.Math[i] < 55 || c.Reading[i] < 55) && anyBelow(recent, 35):
			return 4, (110-c.Math[i]-c.Reading[i])*0.5 + 15
		case c.Grade[i] >= 6 && expressions[i] >= 0.7 && equations[i] >= 0.65 && (recent[2]+recent[3]+recent[4])/3 >= 70 && likes(c, i, enrichment):
			return 5, c.Math[i]*0.3 + c.Growth[i]*0.2 + equations[i]*10
		case c.Growth[i] < 40 && c.Risk[i] > 0.45 && c.DaysSince[i] > 10 && c.PriorHours[i] < 20 && likes(c, i, arts):
			return 6, c.Risk[i]*60 + (40-c.Growth[i])*0.8
		}
		return 7, c.Risk[i]*20 + (100-(c.Math[i]+c.Reading[i]+c.Science[i])/3)*0.1
	}
	return func(from, to int, rule []uint16, priority []float64) {
		for i := from; i < to; i++ {
			rule[i-from], priority[i-from] = decide(i)
		}
	}
}

// members says of each code whether its value is in a set.
func members(t *Texts, in func(string) bool) []bool {
	set := make([]bool, len(t.Dict))
	for code, value := range t.Dict {
		set[code] = in(value)
	}
	return set
}

func anyColumnBelow(mastery *[12][]float64, i int, limit float64) bool {
	for _, column := range mastery {
		if column[i] < limit {
			return true
		}
	}
	return false
}

func likes(c *Columns, i int, set []bool) bool {
	for _, code := range c.Interests.Codes[c.InterestsFrom[i]:c.InterestsFrom[i+1]] {
		if set[code] {
			return true
		}
	}
	return false
}

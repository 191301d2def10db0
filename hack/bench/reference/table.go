// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// Table is a decision table: the first rule whose condition holds decides. The
// last rule's condition is `true`.
type Table struct {
	Name  string
	Rules []Rule
}

// Rule is one row of a table. When and Priority are CEL over s, a student; the
// other outputs are constants.
type Rule struct {
	When     string
	Decision string
	Seats    int
	Reason   string
	Priority string
}

// Reference is the published table.
var Reference = Table{"reference", []Rule{
	{`!s.consent`, "none", 0, "R1_NO_CONSENT", `0.0`},
	{`s.grade >= 3 && s.grade <= 8 && (s.recent[2] + s.recent[3] + s.recent[4]) / 3.0 < 45.0 && s.mastery["fractions"] < 0.4 && s.mastery["ratios"] < 0.4`,
		"intensive", 3, "R2_INTENSIVE_MATH", `(100.0 - s.math) * 0.5 + (1.0 - s.mastery["fractions"]) * 30.0 + (1.0 - s.attendance) * 20.0`},
	{`s.attendance < 0.9 && s.district in ["D003","D017","D042","D058","D101","D007","D011","D023","D031","D077","D088","D119"] && (s.daysSince > 21 || s.recent.exists(x, x < 30.0))`,
		"outreach", 1, "R3_OUTREACH", `(1.0 - s.attendance) * 100.0 + double(s.daysSince) * 0.25`},
	{`s.ell && s.reading < 50.0 && s.homeLanguage in ["es","zh","ar","vi"] && s.mastery.exists(k, s.mastery[k] < 0.25)`,
		"language_support", 2, "R4_LANGUAGE", `(50.0 - s.reading) * 1.5 + (s.iep ? 10.0 : 0.0)`},
	{`s.iep && (s.math < 55.0 || s.reading < 55.0) && s.recent.exists(x, x < 35.0)`,
		"small_group", 2, "R5_SMALL_GROUP", `(110.0 - s.math - s.reading) * 0.5 + 15.0`},
	{`s.grade >= 6 && s.mastery["expressions"] >= 0.7 && s.mastery["equations"] >= 0.65 && (s.recent[2] + s.recent[3] + s.recent[4]) / 3.0 >= 70.0 && ("robotics" in s.interests || "coding" in s.interests || "math" in s.interests || "science" in s.interests)`,
		"enrichment", 1, "R6_ENRICHMENT", `s.math * 0.3 + s.growth * 0.2 + s.mastery["equations"] * 10.0`},
	{`s.growth < 40.0 && s.risk > 0.45 && s.daysSince > 10 && s.priorHours < 20.0 && s.interests.exists(i, i in ["music","art","sports","dance","theater"])`,
		"mentor", 1, "R7_MENTOR", `s.risk * 60.0 + (40.0 - s.growth) * 0.8`},
	{`true`, "standard", 0, "R8_STANDARD", `s.risk * 20.0 + (100.0 - (s.math + s.reading + s.science) / 3.0) * 0.1`},
}}

// Second is the table that no engine is tuned to: other idioms, strings and
// lists above all, and most students decided by a rule of their own.
var Second = Table{"second", []Rule{
	{`s.grade == 0 || (s.grade == 1 && s.daysSince <= 2)`, "too_early", 0, "U1_TOO_EARLY", `double(s.grade)`},
	{`s.district.startsWith("D10") && s.attendance >= 0.97 && !s.frl`, "waitlist", 0, "U2_WAITLIST", `s.attendance * 10.0 - s.priorHours`},
	{`s.school.endsWith("07") && s.interests.all(i, i != "gaming") && s.consent`, "pilot", 2, "U3_PILOT", `double(size(s.interests)) * 2.5`},
	{`s.recent.all(x, x >= 72.5)`, "honors", 1, "U4_HONORS", `(s.recent[0] + s.recent[4]) / 2.0 - 72.5`},
	{`size(s.interests) >= 4 && s.interests.exists_one(i, i == "chess")`, "club", 1, "U5_CLUB", `s.science - s.math > 5.0 ? s.science : s.math`},
	{`(s.iep ? s.math < 60.0 : s.math < 41.5) && s.mastery["geometry"] + s.mastery["measurement"] < 0.9`,
		"spatial", 2, "U6_SPATIAL", `100.0 * (1.0 - s.mastery["geometry"] * s.mastery["measurement"])`},
	{`s.homeLanguage != "en" && !s.ell && s.reading > s.math + 4.0`, "bridge", 1, "U7_BRIDGE", `s.reading - s.math`},
	{`s.recent[4] - s.recent[0] > 14.0 && s.growth > 52.0`, "rising", 1, "U8_RISING", `s.recent[4] - s.recent[0] + s.growth / 10.0`},
	{`s.recent[0] - s.recent[4] > 18.0 && !(s.risk <= 0.35)`, "falling", 3, "U9_FALLING", `(s.recent[0] - s.recent[4]) * s.risk`},
	{`s.daysSince % 7 == 3 && s.grade in [2, 4, 5, 8, 10, 12]`, "weekly", 1, "U10_WEEKLY", `double(s.daysSince / 7) + double(s.grade)`},
	{`s.mastery.all(k, s.mastery[k] > 0.42) || (s.interests[0] in ["writing", "history", "reading"] && s.reading >= 58.0)`,
		"seminar", 1, "U11_SEMINAR", `s.reading * 0.75 + (s.homeLanguage == "en" ? 0.0 : 3.5)`},
	{`true`, "standard", 0, "U12_STANDARD", `s.risk * 10.0 + s.mastery["statistics"]`},
}}

// Keyed is a table of n rules, n-1 of them for students of one grade and
// district within a range of scores and the last for all others: what a
// state's table looks like when each district has its own lines in it.
func Keyed(n int) Table {
	t := Table{Name: fmt.Sprintf("keyed%d", n)}
	for i, k := range keys(n - 1) {
		t.Rules = append(t.Rules, Rule{
			When:     fmt.Sprintf("s.grade == %d && s.district == %q && s.math >= %.1f && s.math < %.1f", k.grade, k.district, k.low, k.high),
			Decision: "placed", Seats: 1 + i%3, Reason: fmt.Sprintf("K%d", i+1),
			Priority: fmt.Sprintf("(%.1f - s.math) * 0.5 + %d.0", k.high, i%10),
		})
	}
	t.Rules = append(t.Rules, Rule{When: "true", Decision: "standard", Reason: fmt.Sprintf("K%d", n), Priority: "s.risk * 10.0"})
	return t
}

// key is the condition of one rule of a keyed table.
type key struct {
	grade     int64
	district  string
	low, high float64
}

// keys draws n conditions. Every pair of grade and district has up to two,
// whose ranges of scores may overlap, as real ones do.
func keys(n int) []key {
	d := draws(841)
	pairs := make([]int, 13*120)
	for i := range pairs {
		pairs[i] = i
		j := d.n(uint64(i) + 1)
		pairs[i], pairs[j] = pairs[j], pairs[i]
	}
	list := make([]key, n)
	for i := range list {
		pair := pairs[i%((n+1)/2)]
		low := float64(20 + d.n(50))
		list[i] = key{int64(pair % 13), fmt.Sprintf("D%03d", pair/13+1), low, low + 5 + float64(d.n(25))}
	}
	return list
}

// decimal is a number with a point in a condition.
var decimal = regexp.MustCompile(`\b\d+\.\d+\b`)

// Variant is the table with other limits, k being how far they are moved: the
// table of another process over the same students. Variant 0 is the table.
func (t Table) Variant(k int) Table {
	moved := Table{Name: fmt.Sprintf("%s-%d", t.Name, k), Rules: slices.Clone(t.Rules)}
	for i := range moved.Rules {
		moved.Rules[i].When = decimal.ReplaceAllStringFunc(t.Rules[i].When, func(limit string) string {
			x, err := strconv.ParseFloat(limit, 64)
			if err != nil || k == 0 {
				return limit
			}
			return strconv.FormatFloat(x*(1+float64(k)/200), 'f', 4, 64)
		})
	}
	return moved
}

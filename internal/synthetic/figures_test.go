// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestMassachusettsHasItsDistrictsAndStudents(t *testing.T) {
	shape := massachusetts(t)
	schools := 0
	for i := range shape.Districts {
		schools += len(shape.Districts[i].Schools)
	}
	if len(shape.Districts) != 410 || schools != 1861 || shape.Enrolment() != 953_748 {
		t.Errorf("%d districts, %d schools, %d students; the table has 410, 1861, 953748", len(shape.Districts), schools, shape.Enrolment())
	}
	boston := slices.IndexFunc(shape.Districts, func(d DistrictShape) bool { return d.Identifier == "00350000" })
	if boston < 0 || shape.Districts[boston].Enrolment() != 53_263 {
		t.Errorf("Boston is at %d, want it with 53,263 students", boston)
	}
}

func TestMassachusettsGroupsHaveTheirShares(t *testing.T) {
	shape := massachusetts(t)
	want, weight := Shares{}, 0.0
	for _, d := range shape.Districts {
		for i := range d.Schools {
			s := &d.Schools[i]
			want = want.plus(s.Shares, float64(s.Size()))
			weight += float64(s.Size())
		}
	}
	want = Shares{}.plus(want, 1/weight)
	sink, districts := generate(t, shape, Options{Scale: 0.03})
	if len(districts) != 410 {
		t.Fatalf("%d districts, want 410", len(districts))
	}
	var got Shares
	students := 0.0
	for _, d := range districts {
		for _, r := range unpack(t, sink.files[d.File])["demographics.csv"] {
			students++
			got = got.plus(Shares{
				Male:  one(r["sex"] == "male"),
				Black: one(r["blackOrAfricanAmerican"] == "true"), Asian: one(r["asian"] == "true"), Hispanic: one(r["hispanicOrLatinoEthnicity"] == "true"),
				White: one(r["white"] == "true"), NativeAmerican: one(r["americanIndianOrAlaskaNative"] == "true"),
				PacificIslander: one(r["nativeHawaiianOrOtherPacificIslander"] == "true"), Multiracial: one(r["demographicRaceTwoOrMoreRaces"] == "true"),
				EnglishLearner: one(r["metadata.englishLearner"] == "true"), Disability: one(r["metadata.disability"] == "true"),
				EconomicallyDisadvantaged: one(r["metadata.economicallyDisadvantaged"] == "true"),
			}, 1)
		}
	}
	if math.Abs(students-0.03*953_748) > 410 {
		t.Errorf("%v students, want 3 %% of 953,748 within one a district", students)
	}
	got = Shares{}.plus(got, 1/students)
	gotValues, wantValues := got.values(), want.values()
	for i := range wantValues {
		// Four standard errors of a share of 28,600 students are 0.012 at most.
		if math.Abs(gotValues[i]-wantValues[i]) > 0.012 {
			t.Errorf("share %d is %.4f, want %.4f", i, gotValues[i], wantValues[i])
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestExpectedScoreReadsThePercentileOffTheLevels(t *testing.T) {
	levels := Levels{Warning: 0.10, NeedsImprovement: 0.20, Proficient: 0.40, Advanced: 0.30}
	for percentile, want := range map[float64]float64{0: 15, 0.05: 30, 0.1: 45, 0.2: 53.5, 0.3: 62, 0.5: 71, 0.7: 80, 0.85: 88.5, 1: 97} {
		if got := expectedScore(levels, percentile); math.Abs(got-want) > 1e-9 {
			t.Errorf("percentile %v gives %v, want %v", percentile, got, want)
		}
	}
	if got := expectedScore(Levels{Advanced: 2}, 0); got != 80 {
		t.Errorf("the weakest where all are advanced has %v, want 80", got)
	}
}

// TestScoresFollowTheTestLevels generates a school with a known distribution of levels and counts its students' mean test scores by level.
func TestScoresFollowTheTestLevels(t *testing.T) {
	var school SchoolShape
	school.Identifier, school.Name = "1", "One"
	school.Enrolment[Grade6] = 4000
	school.Maths[Grade6] = Levels{Warning: 0.40, NeedsImprovement: 0.30, Proficient: 0.20, Advanced: 0.10}
	school.English[Grade6] = Levels{Warning: 0.05, NeedsImprovement: 0.15, Proficient: 0.40, Advanced: 0.40}
	sink, districts := generate(t, Shape{Districts: []DistrictShape{{Identifier: "2", Name: "Two", Schools: []SchoolShape{school}}}}, Options{})
	files := unpack(t, sink.files[districts[0].File])
	means := map[string]map[string][]float64{"MA": {}, "EN": {}, "SC": {}}
	for _, r := range files["results.csv"] {
		part := strings.Split(r["lineItemSourcedId"], "-")
		if x, err := strconv.ParseFloat(r["score"], 64); err == nil && strings.HasPrefix(part[4], "T") {
			means[part[2]][r["studentSourcedId"]] = append(means[part[2]][r["studentSourcedId"]], x)
		}
	}
	for subject, want := range map[string][4]float64{"MA": {0.40, 0.30, 0.20, 0.10}, "EN": {0.05, 0.15, 0.40, 0.40}, "SC": {0.225, 0.225, 0.30, 0.25}} {
		var got [4]float64
		for _, scores := range means[subject] {
			mean := sum(scores) / float64(len(scores))
			level := 0
			for level < 3 && mean >= levelScores[level+1] {
				level++
			}
			got[level] += 1 / float64(len(means[subject]))
		}
		for i := range want {
			// The mean of four noisy tests blurs the levels' bounds, so that a few points cross them.
			if math.Abs(got[i]-want[i]) > 0.05 {
				t.Errorf("%s: levels %.3f, want %.3f", subject, got, want)
				break
			}
		}
	}
	checkCorrelation(t, means)
}

// checkCorrelation checks that a student who is good at mathematics tends to be at English, but not always.
func checkCorrelation(t *testing.T, means map[string]map[string][]float64) {
	t.Helper()
	var n, sx, sy, sxx, syy, sxy float64
	for id, maths := range means["MA"] {
		english := means["EN"][id]
		if len(english) == 0 {
			continue
		}
		x, y := sum(maths)/float64(len(maths)), sum(english)/float64(len(english))
		n, sx, sy, sxx, syy, sxy = n+1, sx+x, sy+y, sxx+x*x, syy+y*y, sxy+x*y
	}
	r := (n*sxy - sx*sy) / math.Sqrt((n*sxx-sx*sx)*(n*syy-sy*sy))
	if r < 0.5 || r > 0.75 {
		t.Errorf("mathematics and English correlate with %.2f, want about 0.6", r)
	}
}

func TestScoresGrowAndAttendanceIsHigh(t *testing.T) {
	sink, districts := generate(t, heavyTailed(t, 6000, 2), Options{})
	var first, last, attendance, chronic, n [2]float64
	present := map[string][]float64{}
	for _, d := range districts {
		for _, r := range unpack(t, sink.files[d.File])["results.csv"] {
			x, err := strconv.ParseFloat(r["score"], 64)
			if err != nil {
				continue
			}
			switch item := r["lineItemSourcedId"]; {
			case strings.HasSuffix(item, "-T1"):
				first[0], first[1] = first[0]+x, first[1]+1
			case strings.HasSuffix(item, "-T4"):
				last[0], last[1] = last[0]+x, last[1]+1
			case strings.Contains(item, "-HR-"):
				attendance[0], attendance[1] = attendance[0]+x, attendance[1]+1
				present[r["studentSourcedId"]] = append(present[r["studentSourcedId"]], x)
			}
		}
	}
	for _, months := range present {
		n[0]++
		if sum(months)/float64(len(months)) < 90 {
			chronic[0]++
		}
	}
	if growth := last[0]/last[1] - first[0]/first[1]; growth < 2 || growth > 6 {
		t.Errorf("the fourth test is %.1f points above the first, want 2 to 6", growth)
	}
	if mean := attendance[0] / attendance[1]; mean < 91 || mean > 96 {
		t.Errorf("mean attendance is %.1f %%, want 91 to 96", mean)
	}
	if share := chronic[0] / n[0]; share < 0.12 || share > 0.30 {
		t.Errorf("%.2f of the students are absent on a tenth of the days, want 0.12 to 0.30", share)
	}
}

// TestDistrictSizesAreHeavyTailed draws as many districts as the United States have and compares them with the published figures.
func TestDistrictSizesAreHeavyTailed(t *testing.T) {
	shape := heavyTailed(t, 48_861_000, 13_318)
	var sizes []int
	schools := 0
	names := map[string]bool{}
	for i := range shape.Districts {
		d := &shape.Districts[i]
		sizes = append(sizes, d.Enrolment())
		schools += len(d.Schools)
		if names[d.Name] {
			t.Errorf("two districts are named %q", d.Name)
		}
		names[d.Name] = true
	}
	if total := sum(sizes); total != 48_861_000 {
		t.Errorf("%d students, want 48,861,000", total)
	}
	slices.Sort(sizes)
	small, large := 0, 0
	for _, n := range sizes {
		small += int(one(n < 300))
		large += int(one(n >= 25_000))
	}
	if math.Abs(float64(small)-2558) > 350 || math.Abs(float64(large)-266) > 60 {
		t.Errorf("%d districts below 300 students and %d at 25,000 or more; the United States have 2,558 and 266", small, large)
	}
	if mean := 48_861_000 / schools; mean < 400 || mean > 600 {
		t.Errorf("the mean school has %d students, want about 492", mean)
	}
	if top := sum(sizes[len(sizes)*9/10:]); float64(top) < 0.55*48_861_000 {
		t.Errorf("the largest tenth of the districts has %d students, want more than 55 %%", top)
	}
	if err := shape.check(); err != nil {
		t.Error(err)
	}
}

func TestHeavyTailedRefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct{ students, districts int }{{10, 0}, {10, -1}, {4, 5}, {0, 1}, {50_000_001, 10}, {100_001, 100_000}} {
		if _, err := HeavyTailed([]byte{1}, c.students, c.districts); err == nil {
			t.Errorf("%d students in %d districts gave no error", c.students, c.districts)
		}
	}
	for _, c := range []struct{ students, districts int }{{1, 1}, {5, 5}, {7, 5}, {100_000, 1}} {
		shape, err := HeavyTailed([]byte{1}, c.students, c.districts)
		if err != nil || shape.Enrolment() != c.students || len(shape.Districts) != c.districts {
			t.Errorf("%d students in %d districts gave %d in %d, error %v", c.students, c.districts, shape.Enrolment(), len(shape.Districts), err)
		}
	}
}

func TestStudentIdentifiersAreUniqueInTheState(t *testing.T) {
	seen := map[uint64]bool{}
	seed := []byte{1}
	for _, district := range []string{"1", "2", "3"} {
		k := newKey(seed, "district", district)
		for i := range 100_000 {
			id := k.opaque(forStudentIDs, i)
			if seen[id] {
				t.Fatalf("identifier %x comes twice", id)
			}
			seen[id] = true
		}
	}
}

func TestCalendarsOfAllYears(t *testing.T) {
	for year := 1990; year <= 2100; year++ {
		c := newCalendar(year)
		if first, last := c.date(0), c.date(c.end); first != strconv.Itoa(year)+"-08-28" || last != strconv.Itoa(year+1)+"-06-20" {
			t.Errorf("the year %d is %s to %s", year, first, last)
		}
		for _, m := range c.months {
			if m.first >= m.last || m.last >= c.end || m.period == "" || !strings.HasPrefix(c.date(m.first)[8:], "01") {
				t.Errorf("%d: month %+v", year, m)
			}
		}
		for _, item := range c.items {
			for shift := range day(5) {
				due := c.schoolDay(item.due + shift)
				if weekday := c.start.AddDate(0, 0, int(due)).Weekday(); weekday == 0 || weekday == 6 || due >= c.end || c.periodOf(due) == "" {
					t.Errorf("%d: %s is due on %s", year, item.title, c.date(due))
				}
			}
		}
	}
}

func TestPhiIsTheNormalDistribution(t *testing.T) {
	for z := -7.0; z <= 7; z += 0.01 {
		if want := math.Erfc(-z/math.Sqrt2) / 2; math.Abs(phi(z)-want) > 1e-4 {
			t.Errorf("phi(%.2f) = %v, want %v", z, phi(z), want)
		}
	}
	var n, s, ss float64
	draw := newKey([]byte{1}, "", "").stream(forShape, 0)
	for range 100_000 {
		x := draw.normal()
		n, s, ss = n+1, s+x, ss+x*x
	}
	if mean, variance := s/n, ss/n; math.Abs(mean) > 0.02 || math.Abs(variance-1) > 0.03 {
		t.Errorf("normal variates have mean %.3f and variance %.3f", mean, variance)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// agreeOneByOne holds DecideRow to Decide for a whole population.
func agreeOneByOne(t *testing.T, p *Program, population *student.Population) {
	t.Helper()
	reference, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	var one Single
	for row := range population.Len() {
		e.DecideRow(row, &one)
		if diff := cmp.Diff(reference.Decide(row), e.Outcome(&one)); diff != "" {
			t.Fatalf("row %d (-Decide +DecideRow):\n%s", row, diff)
		}
	}
}

func TestDecideRowOnReference(t *testing.T) {
	b := referenceBundle()
	population, pupils := referencePopulation(b, 20_000)
	p := compiled(t, b)
	agreeOneByOne(t, p, population)

	e, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	var one Single
	for row := range pupils {
		e.DecideRow(row, &one)
		if rule, priority := byHand(&pupils[row]); one.Rule != rule-1 || one.Priority != priority {
			t.Fatalf("row %d: rule %d with %v, by hand %d with %v", row, one.Rule, one.Priority, rule-1, priority)
		}
	}
}

func TestDecideRowOnCases(t *testing.T) { onCases(t, agreeOneByOne) }

// onCases holds the decisions about every case's students to an agreement.
func onCases(t *testing.T, agree func(*testing.T, *Program, *student.Population)) {
	t.Helper()
	folders, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			b := readBundle(t, filepath.Join(folder, "bundle.yaml"))
			p, err := Compile(b)
			if err != nil {
				return // a case of faults that Compile finds
			}
			var in caseStudents
			readJSON(t, filepath.Join(folder, "students.json"), &in)
			agree(t, p, casePopulation(t, b, &in))
		})
	}
}

// Where rules are dispatched on keys, a row looks at those that are possible.
func TestDecideRowRouted(t *testing.T) {
	unique := keyedTable(100)
	unique.Rules.HitPolicy = bundle.Unique
	for name, b := range map[string]*bundle.Bundle{"keyed": keyedTable(200), "banded": bandedTable(300), "unique": unique} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, b)
			population := withGaps(b, 3_000)
			agreeOneByOne(t, p, population)
			agreeByValues(t, p, population)
			e, err := p.Bind(population)
			if err != nil {
				t.Fatal(err)
			}
			if d := e.newSingle(false); d.router == nil || len(d.unrouted) > 10 {
				t.Errorf("%d rules are looked at for every student", len(d.unrouted))
			}
		})
	}
}

// BenchmarkDecideRowTables is about how the cost grows with the rules.
func BenchmarkDecideRowTables(b *testing.B) {
	population, _ := referencePopulation(referenceBundle(), 20_000)
	for _, n := range []int{8, 113, 841} {
		for name, of := range map[string]*bundle.Bundle{"keyed": keyedTable(n), "banded": bandedTable(n)} {
			b.Run(fmt.Sprintf("%s %d", name, n), func(b *testing.B) {
				e, err := compiled(b, of).Bind(population)
				if err != nil {
					b.Fatal(err)
				}
				var one Single
				e.DecideRow(0, &one)
				b.ReportAllocs()
				row := 0
				for b.Loop() {
					e.DecideRow(row, &one)
					row = (row + 1) % population.Len()
				}
			})
		}
	}
}

func TestDecideRowAllocatesNothing(t *testing.T) {
	b := referenceBundle()
	population, _ := referencePopulation(b, 1000)
	e, err := compiled(t, b).Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	var one Single
	row := 0
	if n := testing.AllocsPerRun(5000, func() {
		e.DecideRow(row, &one)
		row = (row + 1) % population.Len()
	}); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

func BenchmarkDecideRow(b *testing.B) {
	reference := referenceBundle()
	const n = 200_000
	population, pupils := referencePopulation(reference, n)
	e, err := compiled(b, reference).Bind(population)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)).Perm(n)
	sequential := make([]int, n)
	for i := range sequential {
		sequential[i] = i
	}
	records := writtenOut(pupils)
	for _, order := range []struct {
		name string
		rows []int
	}{{"sequential", sequential}, {"random", random}} {
		var one Single
		contend(b, order.name, order.rows, []contender{
			{"juncture", func(row int) { e.DecideRow(row, &one) }},
			{"by hand", func(row int) { sinkRule, sinkPriority = writtenByHand(&records[row]) }},
		})
	}
}

var (
	sinkRule     int
	sinkPriority float64
)

type contender struct {
	name   string
	decide func(row int)
}

// contend measures contenders in turns, in one run: the mean of many calls
// together, and the time of each call with that of reading the clock subtracted.
// The machine may do other things meanwhile, so the median turn counts.
func contend(b *testing.B, order string, rows []int, contenders []contender) {
	b.Run(order, func(b *testing.B) {
		const turn, calls = 250, 1_000_000 // short turns: few are interrupted
		times := make([][]time.Duration, len(contenders))
		turns := make([][]time.Duration, len(contenders))
		clock := clockCost()
		for b.Loop() {
			for done := 0; done < calls; done += turn {
				for k, c := range contenders {
					from := done % (len(rows) - turn)
					begin := time.Now()
					for _, row := range rows[from : from+turn] {
						c.decide(row)
					}
					turns[k] = append(turns[k], time.Since(begin))
				}
				for k, c := range contenders {
					from := (done + len(rows)/2) % (len(rows) - turn)
					for _, row := range rows[from : from+turn] {
						begin := time.Now()
						c.decide(row)
						times[k] = append(times[k], time.Since(begin)-clock)
					}
				}
			}
		}
		quantile := func(k int, q float64) float64 { return float64(times[k][int(q*float64(len(times[k])))]) }
		mean := func(k int) float64 { return float64(turns[k][len(turns[k])/2]) / turn } // of the median turn
		for k, c := range contenders {
			slices.Sort(times[k])
			slices.Sort(turns[k])
			b.Logf("%-10s %-10s mean %6.1f ns  p50 %4.0f  p90 %4.0f  p99 %4.0f  p99.9 %5.0f  (%d timed calls, clock %v subtracted)", order, c.name,
				mean(k), quantile(k, 0.5), quantile(k, 0.9), quantile(k, 0.99), quantile(k, 0.999), len(times[k]), clock)
		}
		b.ReportMetric(mean(0)/mean(1), "×mean")
		b.ReportMetric(quantile(0, 0.5)/quantile(1, 0.5), "×p50")
		b.ReportMetric(quantile(0, 0.99)/quantile(1, 0.99), "×p99")
		b.ReportMetric(quantile(0, 0.99), "ns-p99")
		b.ReportMetric(0, "ns/op")
	})
}

// clockCost is the median time between two readings of the clock.
func clockCost() time.Duration {
	times := make([]time.Duration, 100_000)
	for i := range times {
		begin := time.Now()
		times[i] = time.Since(begin)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// written is a student as a person would declare one: the yardstick.
type written struct {
	id, district, language                                     string
	grade, days                                                int64
	reading, maths, science, growth, risk, attendance, tutored float64
	ell, iep, consent                                          bool
	mastery                                                    map[string]float64
	recent                                                     []float64
	interests                                                  []string
}

func writtenOut(pupils []pupil) []written {
	out := make([]written, len(pupils))
	for i := range pupils {
		p := &pupils[i]
		out[i] = written{
			id: fmt.Sprintf("S%08d", i), district: p.district, language: p.language, grade: p.grade, days: p.days,
			reading: p.reading, maths: p.maths, science: p.science, growth: p.growth, risk: p.risk, attendance: p.attendance, tutored: p.tutored,
			ell: p.ell, iep: p.iep, consent: p.consent, mastery: map[string]float64{}, recent: slices.Clone(p.recent[:]), interests: p.interests,
		}
		for j, skill := range skills {
			out[i].mastery[skill] = p.mastery[j]
		}
	}
	return out
}

// writtenByHand is the table as a person would write it, without ceremony.
func writtenByHand(s *written) (rule int, priority float64) {
	switch {
	case !s.consent:
		return 0, 0
	case s.grade >= 3 && s.grade <= 8 && latest(s) < 45 && s.mastery["fractions"] < 0.4 && s.mastery["ratios"] < 0.4:
		return 1, (100-s.maths)*0.5 + (1-s.mastery["fractions"])*30 + (1-s.attendance)*20
	case s.attendance < 0.9 && reached(s.district) && (s.days > 21 || someBelow(s.recent, 30)):
		return 2, (1-s.attendance)*100 + float64(s.days)*0.25
	case s.ell && s.reading < 50 && supported(s.language) && someSkillBelow(s.mastery, 0.25):
		priority = (50 - s.reading) * 1.5
		if s.iep {
			priority += 10
		}
		return 3, priority
	case s.iep && (s.maths < 55 || s.reading < 55) && someBelow(s.recent, 35):
		return 4, (110-s.maths-s.reading)*0.5 + 15
	case s.grade >= 6 && s.mastery["expressions"] >= 0.7 && s.mastery["equations"] >= 0.65 && latest(s) >= 70 && likesTechnology(s.interests):
		return 5, s.maths*0.3 + s.growth*0.2 + s.mastery["equations"]*10
	case s.growth < 40 && s.risk > 0.45 && s.days > 10 && s.tutored < 20 && likesArts(s.interests):
		return 6, s.risk*60 + (40-s.growth)*0.8
	}
	return 7, s.risk*20 + (100-(s.maths+s.reading+s.science)/3)*0.1
}

func latest(s *written) float64 { return (s.recent[2] + s.recent[3] + s.recent[4]) / 3 }

func reached(district string) bool {
	switch district {
	case "D003", "D017", "D042", "D058", "D101", "D007", "D011", "D023", "D031", "D077", "D088", "D119":
		return true
	}
	return false
}

func supported(language string) bool {
	return language == "es" || language == "zh" || language == "ar" || language == "vi"
}

func someBelow(scores []float64, limit float64) bool {
	for _, x := range scores {
		if x < limit {
			return true
		}
	}
	return false
}

func someSkillBelow(mastery map[string]float64, limit float64) bool {
	for _, x := range mastery {
		if x < limit {
			return true
		}
	}
	return false
}

func likesTechnology(interests []string) bool {
	for _, i := range interests {
		if i == "robotics" || i == "coding" || i == "math" || i == "science" {
			return true
		}
	}
	return false
}

func likesArts(interests []string) bool {
	for _, i := range interests {
		switch i {
		case "music", "art", "sports", "dance", "theater":
			return true
		}
	}
	return false
}

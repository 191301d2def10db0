// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

import (
	"fmt"
	"math"
)

const (
	// Seed is that of the published population.
	Seed = 42
	// SecondSeed is that of the population for the second table.
	SecondSeed = 20260917
)

// Generate draws student i of the population of a seed. Each student's draws
// depend on i and the seed alone, so that any part of a population can be made
// by itself.
func Generate(seed uint64, i int) Student {
	d := draws(uint64(i)*0xD1342543DE82EF95 + seed)
	s := Student{ID: fmt.Sprintf("S%08d", i)}
	s.Grade = int64(d.n(13))
	district := d.n(120) + 1
	s.District = fmt.Sprintf("D%03d", district)
	s.School = fmt.Sprintf("SCH%03d%02d", district, d.n(25))
	s.HomeLanguage = languages[d.n(12)]
	ability := d.bell(62, 30)
	s.Reading = rounded(clamped(ability+d.bell(0, 18), 100), 10)
	s.Math = rounded(clamped(ability+d.bell(-2, 20), 100), 10)
	s.Science = rounded(clamped(ability+d.bell(0, 16), 100), 10)
	s.Growth = rounded(clamped(d.bell(50, 45), 100), 10)
	s.Risk = rounded(clamped(d.bell(0.75-ability/200, 0.4), 1), 100)
	s.Attendance = rounded(clamped(1-d.f()*d.f()*0.4, 1), 1000)
	s.PriorHours = rounded(d.f()*d.f()*60, 10)
	s.DaysSince = int64(math.Floor(d.f() * d.f() * 90))
	s.ELL = s.HomeLanguage != "en" && d.p(0.6)
	s.IEP = d.p(0.14)
	s.FRL = d.p(0.4)
	s.Consent = !d.p(0.03)
	s.Mastery = make(map[string]float64, len(Skills))
	for _, skill := range Skills {
		s.Mastery[skill] = rounded(clamped((ability+d.bell(0, 30))/100, 1), 100)
	}
	s.Recent = make([]float64, RecentScores)
	for j := range s.Recent {
		s.Recent[j] = rounded(clamped(ability+d.bell(0, 25), 100), 10)
	}
	s.Interests = make([]string, 1+d.n(5))
	for j := range s.Interests {
		s.Interests[j] = pastimes[d.n(20)]
	}
	return s
}

// Students are the first n students of a seed's population.
func Students(seed uint64, n int) []Student {
	students := make([]Student, n)
	for i := range students {
		students[i] = Generate(seed, i)
	}
	return students
}

// draws is the generator's source of chance: splitmix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", 2014).
type draws uint64

func (d *draws) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// f is uniform in [0, 1).
func (d *draws) f() float64 { return float64(d.next()>>11) / (1 << 53) }

// n is uniform in 0 … k-1.
func (d *draws) n(k uint64) int { return int(d.next() % k) }

// p is true with probability q.
func (d *draws) p(q float64) bool { return d.f() < q }

// bell is around m, at most 1.6·w away.
func (d *draws) bell(m, w float64) float64 { return m + (d.f()+d.f()+d.f()-1.5)*w/1.5*1.6 }

func clamped(x, high float64) float64 { return min(max(x, 0), high) }

func rounded(x, k float64) float64 { return math.Round(x*k) / k }

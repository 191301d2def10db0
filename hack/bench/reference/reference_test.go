// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

import (
	"math"
	"testing"
)

// The published counts of the rules and the sum of priorities show that this is
// the workload that others measured.
func TestPublishedCounts(t *testing.T) {
	var counts [8]int
	sum := 0.0
	for i := range 1_000_000 {
		s := Generate(Seed, i)
		rule, priority := ByHand(&s)
		counts[rule]++
		sum += priority
	}
	if want := [8]int{30130, 20444, 19336, 36945, 25467, 42906, 31148, 793624}; counts != want {
		t.Errorf("rules hit %v, want %v", counts, want)
	}
	if math.Abs(sum-16_320_827.89667) > 1e-3 {
		t.Errorf("priorities sum to %.5f", sum)
	}
}

func TestColumnsAgree(t *testing.T) {
	students := Students(Seed, 20_000)
	rules, priorities := make([]uint16, len(students)), make([]float64, len(students))
	ByColumns(ColumnsOf(students))(0, len(students), rules, priorities)
	for i := range students {
		if rule, priority := ByHand(&students[i]); rule != int(rules[i]) || priority != priorities[i] {
			t.Fatalf("student %d: rule %d with %v over structs, rule %d with %v over columns", i, rule, priority, rules[i], priorities[i])
		}
	}
}

// The second table and the keyed ones are worth measuring only if their rules
// are met.
func TestEveryRuleHits(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  int
		seed   uint64
		byHand func(*Student) (int, float64)
		most   float64 // share of the last rule
	}{
		{"second", len(Second.Rules), SecondSeed, SecondByHand, 0.3},
		{"keyed8", 8, Seed, KeyedByHand(8), 0.999},
		{"keyed113", 113, Seed, KeyedByHand(113), 0.99},
		{"keyed841", 841, Seed, KeyedByHand(841), 0.95},
	} {
		counts := make([]int, c.rules)
		const n = 100_000
		for i := range n {
			s := Generate(c.seed, i)
			rule, _ := c.byHand(&s)
			counts[rule]++
		}
		t.Logf("%s: %v", c.name, counts[:min(12, len(counts))])
		missed := 0
		for _, hits := range counts {
			if hits == 0 {
				missed++
			}
		}
		if missed > c.rules/5 {
			t.Errorf("%s: %d of %d rules hit nobody", c.name, missed, c.rules)
		}
		if share := float64(counts[c.rules-1]) / n; share > c.most {
			t.Errorf("%s: the last rule decides about %.3f of the students", c.name, share)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"testing"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// keyedTable is a table of n rules, n-1 of them for students of one grade and
// district within a range of scores and the last for all others.
func keyedTable(n int) *bundle.Bundle {
	d := draws(841)
	pairs := make([]int, 13*120)
	for i := range pairs {
		pairs[i] = i
		j := d.n(uint64(i) + 1)
		pairs[i], pairs[j] = pairs[j], pairs[i]
	}
	b := referenceBundle()
	b.Rules.Rules = nil
	for i := range n - 1 {
		pair, low := pairs[i%min(n/2, len(pairs))], 20+d.n(50)
		high := low + 5 + d.n(25)
		b.Rules.Rules = append(b.Rules.Rules, dispatchedRow(i,
			fmt.Sprintf("student.grade == %d && student.district == 'D%03d' && student.math >= %d.0 && student.math < %d.0", pair%13, pair/13+1, low, high),
			fmt.Sprintf("(%d.0 - student.math) * 0.5 + %d.0", high, i%10)))
	}
	b.Rules.Rules = append(b.Rules.Rules, dispatchedRow(n-1, "true", "student.risk * 10.0"))
	return b
}

// bandedTable is another such table: ranges of two numbers and membership in lists.
func bandedTable(n int) *bundle.Bundle {
	d := draws(7)
	b := referenceBundle()
	b.Rules.Rules = nil
	for i := range n - 1 {
		reading, growth := d.f()*90, d.f()*90
		b.Rules.Rules = append(b.Rules.Rules, dispatchedRow(i,
			fmt.Sprintf("student.reading > %.2f && student.reading <= %.2f && student.growth >= %.2f && student.growth < %.2f && student.homeLanguage in ['%s', '%s'] && (student.iep || student.attendance < 0.95)",
				reading, reading+8, growth, growth+8, languages[d.n(12)], languages[d.n(12)]),
			"100.0 - student.reading"))
	}
	b.Rules.Rules = append(b.Rules.Rules, dispatchedRow(n-1, "true", "student.risk * 10.0"))
	return b
}

func dispatchedRow(i int, when, priority string) bundle.Rule {
	return bundle.Rule{
		ID: fmt.Sprintf("K%d", i+1), When: when, Priority: priority, Reason: bundle.Reason{Code: fmt.Sprintf("K%d", i+1)},
		Then: map[string]string{"decision": "'placed'", "seats": fmt.Sprint(1 + i%3)},
	}
}

// A table with keys decides as it does row by row, where values are missing
// too, whatever the hit policy.
func TestDispatchChangesNothing(t *testing.T) {
	for name, b := range map[string]*bundle.Bundle{"keyed": keyedTable(200), "banded": bandedTable(300)} {
		for _, policy := range []bundle.HitPolicy{bundle.First, bundle.Unique, bundle.Any} {
			t.Run(fmt.Sprintf("%s %s", name, policy), func(t *testing.T) {
				b.Rules.HitPolicy = policy
				p := compiled(t, b)
				if p.dispatch == nil {
					t.Fatal("the table is not dispatched")
				}
				agree(t, p, withGaps(b, 3_000))
			})
		}
	}
}

func BenchmarkTables(b *testing.B) {
	tables := []struct {
		name string
		of   *bundle.Bundle
	}{
		{"reference", referenceBundle()}, {"keyed 8", keyedTable(8)}, {"keyed 113", keyedTable(113)}, {"keyed 841", keyedTable(841)}, {"keyed 4096", keyedTable(4096)},
		{"banded 8", bandedTable(8)}, {"banded 113", bandedTable(113)}, {"banded 841", bandedTable(841)},
	}
	population, _ := referencePopulation(referenceBundle(), 200_000)
	for _, table := range tables {
		p := compiled(b, table.of)
		e, err := p.Bind(population)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(table.name, func(b *testing.B) {
			out := p.NewOutcomes(population.Len())
			b.ReportAllocs()
			for b.Loop() {
				if err := e.DecideRows(0, population.Len(), out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(population.Len()), "ns/student")
		})
	}
}

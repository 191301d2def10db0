// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// agree holds the decisions of a whole population to those made one by one.
func agree(t *testing.T, p *Program, population *student.Population) {
	t.Helper()
	e, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	out := p.NewOutcomes(population.Len())
	if err := e.DecideRows(0, population.Len(), out); err != nil {
		t.Fatal(err)
	}
	for row := range population.Len() {
		if diff := cmp.Diff(e.Decide(row), out.Row(row)); diff != "" {
			t.Fatalf("row %d (-one by one +over columns):\n%s", row, diff)
		}
	}
	out.Finish()
	for row := range population.Len() {
		if diff := cmp.Diff(e.Decide(row), out.Row(row)); diff != "" {
			t.Fatalf("row %d, the outcomes finished (-one by one +over columns):\n%s", row, diff)
		}
	}
}

func TestReferenceOverColumns(t *testing.T) {
	b := referenceBundle()
	population, _ := referencePopulation(b, 20_000)
	p := compiled(t, b)
	for i := range p.rules {
		for _, x := range []*expression{p.rules[i].when, p.rules[i].priority} {
			if x.column.Foreign != nil {
				t.Errorf("rule %s: %s", p.rules[i].id, x.column.Foreign)
			}
		}
	}
	agree(t, p, population)
}

// withGaps is the reference population with values missing here and there.
func withGaps(b *bundle.Bundle, n int) *student.Population {
	population, _ := referencePopulation(b, n)
	d := draws(7)
	for _, c := range population.Columns() {
		c.Whole = false
		for row := range n {
			if d.p(0.01) {
				c.Presence[row] = student.Absent
			}
		}
	}
	return population
}

// However many goroutines decide, and in whatever order, the numbers of outcomes
// are the same, each outcome has one number, and every number is used.
func TestNumbersOfOutcomesDependOnNobody(t *testing.T) {
	b := referenceBundle()
	b.Rules.Rules[3].Then["seats"] = "3 / (student.daysSince - 2) - 3 / (student.daysSince - 2)" // fails for some
	population := withGaps(b, 10_000)
	p := compiled(t, b)
	decided := func(workers, chunk int) *Outcomes {
		out := p.NewOutcomes(population.Len())
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				e, err := p.Bind(population)
				if err != nil {
					t.Error(err)
					return
				}
				for c := (population.Len()-1)/chunk - w; c >= 0; c -= workers { // the last rows first
					if err := e.DecideRows(c*chunk, min(population.Len(), (c+1)*chunk), out); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		out.Finish()
		return out
	}
	one := decided(1, population.Len())
	used := make([]bool, len(one.Outcomes))
	for _, n := range one.Outcome {
		used[n] = true
	}
	if i := slices.Index(used, false); i >= 0 {
		t.Errorf("nobody has outcome %d, %+v", i, one.Outcomes[i])
	}
	same := cmpopts.IgnoreUnexported(Outcomes{})
	for _, chunk := range []int{100, 1024, 1500} {
		if diff := cmp.Diff(one, decided(3, chunk), same, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("in chunks of %d rows by three goroutines (-by one +by three):\n%s", chunk, diff)
		}
	}
}

func BenchmarkDecideRows(b *testing.B) {
	reference := referenceBundle()
	population, _ := referencePopulation(reference, 200_000)
	p := compiled(b, reference)
	e, err := p.Bind(population)
	if err != nil {
		b.Fatal(err)
	}
	out := p.NewOutcomes(population.Len())
	b.ReportAllocs()
	for b.Loop() {
		if err := e.DecideRows(0, population.Len(), out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(population.Len()), "ns/student")
}

// What one evaluator released, the next one uses for other students: nothing of
// the first ones' columns shows, dictionaries that are written over in place
// included.
func TestReleasedEvaluatorsKeepNothing(t *testing.T) {
	for name, b := range map[string]*bundle.Bundle{"few rules": referenceBundle(), "many rules": keyedTable(200)} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, b)
			for round := range 4 {
				population, _ := referencePopulation(b, 3000-500*round)
				for _, column := range population.Columns() {
					if round%2 == 1 {
						slices.Reverse(column.Dict)
					}
				}
				agree(t, p, population)
				e, err := p.Bind(population)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // a released evaluator may be used on
					out := p.NewOutcomes(population.Len())
					if err := e.DecideRows(0, population.Len(), out); err != nil {
						t.Fatal(err)
					}
					e.Release()
					out.Finish()
					for row := range population.Len() {
						if diff := cmp.Diff(e.Decide(row), out.Row(row)); diff != "" {
							t.Fatalf("row %d (-one by one +over columns):\n%s", row, diff)
						}
					}
				}
			}
		})
	}
}

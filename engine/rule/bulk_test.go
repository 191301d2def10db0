// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// At is a row's outcome as Decide gives it.
func (o *Outcomes) at(p *Program, row int) Outcome {
	number := o.Outcome[row]
	of := o.Outcomes[number]
	one := Outcome{Status: o.Status[number], Rules: of.Rules, Otherwise: o.Otherwise[number], Reason: decision.Reason{Code: of.Code}, Missing: of.Missing, Failure: of.Failure}
	if of.Result != nil {
		one.Result = make([]decision.Value, len(of.Result))
		for f := range of.Result {
			one.Result[f] = decision.Value{Field: p.bundle.Process.Result[f].Name, V: of.Result[f]}
			if of.Computed&(1<<f) != 0 {
				one.Result[f].V = o.Computed[f].At(row)
			}
		}
	}
	if !math.IsNaN(o.Priority[row]) {
		one.Priority = &o.Priority[row]
	}
	return one
}

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
		if diff := cmp.Diff(e.Decide(row), out.at(p, row)); diff != "" {
			t.Fatalf("row %d (-one by one +over columns):\n%s", row, diff)
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

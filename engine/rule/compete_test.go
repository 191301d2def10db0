// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// needing is the reference table without priorities for some, with a policy.
func needing(consumes string, order ...string) *bundle.Bundle {
	b := referenceBundle()
	for _, i := range []int{0, 5} {
		b.Rules.Rules[i].Priority = ""
	}
	b.Rules.Rules[6].Then["seats"] = "student.grade - 2"
	b.Priority = &bundle.Priority{Name: "places", Capacity: &bundle.Capacity{Resource: "seats", Per: bundle.PerSchool, Default: 10, Consumes: consumes}}
	for _, expression := range order {
		b.Priority.Order = append(b.Priority.Order, bundle.Order{Expression: expression})
	}
	return b
}

// What decisions need over columns is what they need one by one, and where that
// is not known their outcomes say so.
func TestCompete(t *testing.T) {
	tests := []struct {
		consumes string
		order    []string
	}{
		{"", []string{"decision.priority"}},
		{"decision.result.seats", []string{"student.math", "decision.rule == 'R3'", "at"}},
		{"has(decision.priority) && decision.priority > 20.0 ? 2 : decision.result.seats", []string{"has(decision.priority) ? decision.priority : -1.0"}},
		{"has(decision.result.seats) ? 1 : 0", []string{"student.grade * 9007199254740993", "decision.result.decision == 'mentor'"}},
		{"int(decision.priority)", []string{"size(decision.result.decision)", "student.reading"}},
		{"decision.rule in ['R2', 'R4'] ? 1 : 0", []string{"100 / (student.grade - 5)"}},
		{"100 / (student.grade - 5)", nil},
		{"decision.priority > 10.0 || student.grade > 5 ? 1 : 0", []string{"decision.priority / 0.0 > 1.0 || student.consent"}},
	}
	policies := []bundle.HitPolicy{bundle.First, bundle.Any}
	for i, test := range tests {
		for _, policy := range policies {
			t.Run(fmt.Sprintf("%d %s", i, policy), func(t *testing.T) {
				b := needing(test.consumes, test.order...)
				b.Rules.HitPolicy = policy
				compete(t, compiled(t, b), withGaps(b, 4_000))
			})
		}
	}
	t.Run("sums", func(t *testing.T) {
		b := needing("decision.result.seats > 3 ? decision.result.seats : 0", "decision.result.weight")
		b.Process.Result = []bundle.Field{{Name: "seats", Type: bundle.Integer}, {Name: "weight", Type: bundle.Number}}
		b.Rules.HitPolicy, b.Rules.Collect = bundle.Collect, bundle.CollectSum
		for i := range b.Rules.Rules {
			delete(b.Rules.Rules[i].Then, "decision")
			b.Rules.Rules[i].Then["weight"] = "student.math / 2.0"
		}
		b.Rules.Rules = b.Rules.Rules[:7]
		compete(t, compiled(t, b), withGaps(b, 4_000))
	})
}

// compete holds the needs of a whole population to those found out one by one.
func compete(t *testing.T, p *Program, population *student.Population) {
	t.Helper()
	e, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	n := population.Len()
	out, needs := p.NewOutcomes(n), p.NewNeeds(n)
	for from := 0; from < n; from += 1500 {
		to := min(n, from+1500)
		if err := e.DecideRows(from, to, out); err != nil {
			t.Fatal(err)
		}
		if err := e.Compete(from, to, out, needs); err != nil {
			t.Fatal(err)
		}
	}
	out.Finish()
	needed := 0
	for row := range n {
		want := e.Decide(row)
		var units int64
		var keys []float64
		if want.Status == Decided {
			units, err = e.Units(row, want)
			if err == nil && units > 0 {
				keys, err = e.OrderKeys(row, want)
			}
			if err != nil {
				want, units = Unmet(err), 0
			}
		}
		if diff := cmp.Diff(want, out.Row(row)); diff != "" {
			t.Fatalf("row %d (-one by one +over columns):\n%s", row, diff)
		}
		if needs.Units[row] != units || units > 0 && !slices.Equal(needs.Keys(row), keys) {
			t.Fatalf("row %d needs %d, %v; one by one %d, %v", row, needs.Units[row], needs.Keys(row), units, keys)
		}
		needed += int(min(units, 1))
	}
	if needed == 0 {
		t.Log("nobody needs anything")
	}
}

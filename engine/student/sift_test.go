// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// TestOrderOfFacts: facts are in order of day and record, those that compare
// alike as they came; and the latest is the last of them.
func TestOrderOfFacts(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	// Records compare by their first four bits: some are alike.
	record := func(a, b uint32) int { return cmp.Compare(a>>4, b>>4) }
	for i := range 4000 {
		l := Layout{Compare: record}
		if i%5 == 0 {
			l.Compare = nil
		}
		facts := make([]entry, random.IntN(100))
		for k := range facts {
			day := int32(random.IntN(1 + i%30))
			if random.IntN(10) == 0 {
				day = Undated
			}
			facts[k] = entry{Fact{Day: day, Tie: uint32(random.IntN(256)), Row: uint32(k)}, uint64(k)}
		}
		want := slices.Clone(facts)
		slices.SortStableFunc(want, func(x, y entry) int {
			if l.Compare == nil || x.Tie == y.Tie {
				return cmp.Compare(x.Day, y.Day)
			}
			return cmp.Or(cmp.Compare(x.Day, y.Day), l.Compare(x.Tie, y.Tie))
		})
		latest := NewBuilder(bundle.Attribute{Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{Aggregate: bundle.Latest}}})
		if got := latest.sift(slices.Clone(facts), l); len(facts) > 0 && got[len(got)-1] != want[len(want)-1] {
			t.Fatalf("the latest of %v is %v, want %v", facts, got, want[len(want)-1])
		}
		all := NewBuilder(bundle.Attribute{Type: bundle.NumberList})
		if got := all.sift(facts, l); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// has reports whether a place is in a set, bound by bound.
func (s set) has(place int64) bool {
	in := s.below
	for _, b := range s.bounds {
		if b <= place {
			in = !in
		}
	}
	return in
}

func TestSetsOfPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	places := []int64{math.MinInt64, -3, -2, -1, 0, 1, 2, 3, math.MaxInt64 - 1, math.MaxInt64}
	one := func() (set, func(int64) bool) {
		at := places[r.IntN(len(places))]
		switch r.IntN(4) {
		case 0:
			return from(at), func(p int64) bool { return p >= at }
		case 1:
			return above(at), func(p int64) bool { return p > at }
		case 2:
			return exactly(at), func(p int64) bool { return p == at }
		}
		return exactly(at).complement(), func(p int64) bool { return p != at }
	}
	for range 10_000 {
		s, in := one()
		for range r.IntN(4) {
			other, alsoIn := one()
			both, before := r.IntN(2) == 0, in
			s = combine(s, other, both)
			in = func(p int64) bool { return both && before(p) && alsoIn(p) || !both && (before(p) || alsoIn(p)) }
		}
		if !slices.IsSorted(s.bounds) || len(slices.Compact(slices.Clone(s.bounds))) != len(s.bounds) {
			t.Fatalf("bounds %v", s.bounds)
		}
		for _, p := range places {
			if s.has(p) != in(p) || s.complement().has(p) == in(p) {
				t.Fatalf("%+v has %d: %v, want %v", s, p, s.has(p), in(p))
			}
		}
	}
}

func TestPlacesAreInTheOrderOfDoubles(t *testing.T) {
	ascending := []float64{
		math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0,
		math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1),
	}
	for i := range ascending[1:] {
		if placeOf(ascending[i]) >= placeOf(ascending[i+1]) {
			t.Errorf("%v is not before %v", ascending[i], ascending[i+1])
		}
	}
	if placeOf(math.Copysign(0, -1)) != placeOf(0) {
		t.Error("-0 is not where 0 is")
	}
	if placeOf(1)+1 != placeOf(math.Nextafter(1, 2)) || placeOf(-1)+1 != placeOf(math.Nextafter(-1, 0)) {
		t.Error("neighbours are not one place apart")
	}
}

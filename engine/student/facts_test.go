// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFacts: what is kept comes back as it was, extremes and all.
func TestFacts(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	pick := func(extremes ...uint64) uint64 { return extremes[random.IntN(len(extremes))] }
	for _, isDouble := range []bool{true, false} {
		var f facts
		var want []entry
		add := func(e entry) {
			want = append(want, e)
			f.add(e, isDouble)
		}
		for i := range 60_000 {
			add(entry{Fact{int32(i % 977), int32(20000 + i/977), uint32(i), uint32(i + 2)}, math.Float64bits(float64(i%1001) / 10)})
		}
		for range 60_000 {
			add(entry{
				Fact{
					int32(pick(0, 1, 5, 1<<20)), int32(pick(0, 20000, 20001, 1<<31, 1<<31-1, 1<<32-1)),
					uint32(pick(0, 1, 2, 1<<31, 1<<32-1)), uint32(pick(0, 1, 2, MaxRow, faultyRow, faultyRow|7, 1<<32-1)),
				},
				pick(0, 1, 100, small-1, small, 1<<63, 1<<64-1, math.Float64bits(95.5), math.Float64bits(-0.01), math.Float64bits(0.1+0.2), math.Float64bits(1e9), math.Float64bits(1e300),
					math.Float64bits(math.Inf(1)), math.Float64bits(math.NaN()), math.Float64bits(math.Copysign(0, -1)), math.Float64bits(5e-324), math.Float64bits(random.NormFloat64())),
			})
		}
		got := make([]entry, 0, len(want))
		for range 2 { // it can be read again, and go on
			got = got[:0]
			f.each(func(e entry) { got = append(got, e) })
			if f.n != len(want) || !cmp.Equal(want, got, cmp.AllowUnexported(entry{})) {
				t.Fatalf("%d entries come back, %d (%d) were added, or they differ", len(got), len(want), f.n)
			}
			add(entry{Fact{1, 2, 3, 4}, 5})
		}
	}
}

// TestFactsAreSmall: results in the order in which exports list them take a
// third of an entry.
func TestFactsAreSmall(t *testing.T) {
	var f facts
	const n = 100_000
	for i := range n {
		f.add(entry{Fact{int32(i * 7919 % 5000), int32(20000 + i/500), uint32(i), uint32(i + 2)}, math.Float64bits(float64(i*31%1001) / 10)}, true)
	}
	size := 0
	for _, c := range f.chunks {
		size += cap(c)
	}
	if perFact := float64(size) / n; perFact > 8 {
		t.Errorf("%.1f bytes a fact", perFact)
	}
}

func BenchmarkFacts(b *testing.B) {
	const n = 100_000
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{Fact{int32(i * 7919 % 5000), int32(20000 + i/500), uint32(i), uint32(i + 2)}, math.Float64bits(float64(i*31%1001) / 10)}
	}
	b.ReportAllocs()
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			var f facts
			for _, e := range entries {
				f.add(e, true)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/fact")
	})
	b.Run("each", func(b *testing.B) {
		var f facts
		for _, e := range entries {
			f.add(e, true)
		}
		var sum uint64
		for b.Loop() {
			f.each(func(e entry) { sum += e.bits })
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/fact")
	})
	b.Run("append", func(b *testing.B) { // what it replaces
		for b.Loop() {
			var kept []entry
			for _, e := range entries { //nolint:staticcheck // S1011: one by one, as facts come
				kept = append(kept, e)
			}
			_ = kept
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/fact")
	})
}

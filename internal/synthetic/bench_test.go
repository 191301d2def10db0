// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"context"
	"testing"
)

// BenchmarkGenerate generates a state of 20,000 students in 20 districts with all their results, on all processors.
func BenchmarkGenerate(b *testing.B) {
	benchmarkGenerate(b, heavyTailed(b, 20_000, 20))
}

// BenchmarkGenerateMassachusetts generates the whole state of 953,748 students.
func BenchmarkGenerateMassachusetts(b *testing.B) {
	benchmarkGenerate(b, massachusetts(b))
}

func benchmarkGenerate(b *testing.B, shape Shape) {
	b.ReportAllocs()
	students := shape.Enrolment()
	sink := &discard{}
	for b.Loop() {
		if _, err := Generate(context.Background(), shape, Options{Seed: []byte{1}, SchoolYear: 2025}, sink, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(students)*float64(b.N)/b.Elapsed().Seconds(), "students/s")
	b.ReportMetric(float64(sink.bytes)/float64(b.N)/float64(students), "zip-bytes/student")
}

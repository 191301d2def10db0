// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/student"
)

// Goroutines that decide about students of several populations do not get in one
// another's way, though a program uses again what it made for a population.
func TestDecideAboutSeveralPopulationsAtOnce(t *testing.T) {
	p := compile(t, withoutCapacity())
	populations := []*student.Population{many(t, 90), many(t, 120), many(t, 150)}
	var wait sync.WaitGroup
	for _, pop := range populations {
		batch, err := p.DecideAll(context.Background(), pop, run())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			wait.Go(func() {
				for row := range pop.Len() {
					record, _, err := p.Decide(pop, row, run())
					if err != nil {
						t.Error(err)
						return
					}
					if d := cmp.Diff(batch.Decisions.Record(row), record); d != "" {
						t.Errorf("row %d of %d (-bulk +alone):\n%s", row, pop.Len(), d)
						return
					}
				}
			})
		}
	}
	wait.Wait()
}

func BenchmarkDecideAlone(b *testing.B) {
	p, pop := compile(b, withoutCapacity()), many(b, 700)
	r := run()
	b.ReportAllocs()
	row := 0
	for b.Loop() {
		if _, _, err := p.Decide(pop, row, r); err != nil {
			b.Fatal(err)
		}
		row = (row + 1) % pop.Len()
	}
}

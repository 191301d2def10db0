// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
)

// BenchmarkCommit commits runs of one process, each about the whole district,
// synced, with one leaf a decision: a process's first run also makes a key a
// student, each later one supersedes the one before.
func BenchmarkCommit(b *testing.B) {
	for _, students := range []int{1_000, 50_000} {
		for _, first := range []bool{true, false} {
			name := fmt.Sprintf("students=%d/later", students)
			if first {
				name = fmt.Sprintf("students=%d/first", students)
			}
			b.Run(name, func(b *testing.B) { benchmarkCommit(b, students, first) })
		}
	}
}

func benchmarkCommit(b *testing.B, students int, first bool) {
	d := ledgertest.District{Name: "springfield", Seed: 1, Students: students}
	p := d.Population(0)
	var l *ledger.Ledger
	commit := func(n int) int {
		start := d.Start("tutoring", 0)
		start.Trigger = fmt.Sprint(n)
		run, err := l.BeginRun(ctx, start)
		if err != nil {
			b.Fatal(err)
		}
		c := mostlyDecided(d.CommitOf(run, 0, p))
		b.StartTimer()
		_, err = l.CommitRun(ctx, c)
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		return len(c.Records)
	}
	b.ReportAllocs()
	b.StopTimer()
	records := 0
	for n := range b.N {
		if l == nil || first {
			if l != nil {
				l.Close()
			}
			l = openBench(b)
			if !first {
				commit(-1)
				b.ResetTimer()
			}
		}
		records += commit(n)
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/decision")
	l.Close()
}

// mostlyDecided leaves one decision in twenty that may wait for a person or a
// place, and makes the others final.
func mostlyDecided(c ledger.RunCommit) ledger.RunCommit {
	waits := map[string]bool{}
	for i := range c.Records {
		r := &c.Records[i]
		if i%20 == 0 {
			waits[r.ID] = true
			continue
		}
		if r.State == decision.Proposed || r.State == decision.Waitlisted {
			r.State, r.Group, r.Units, r.Rank, r.Waiting, r.Placement = decision.Confirmed, "", 0, 0, 0, ""
		}
	}
	c.Tasks = slices.DeleteFunc(c.Tasks, func(t decision.Task) bool { return !waits[t.Decision] })
	return c
}

func openBench(b *testing.B) *ledger.Ledger {
	l, err := ledger.Open(b.TempDir(), ledger.Options{District: "springfield", Entropy: ledgertest.Entropy(1)})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// BenchmarkVerify recomputes a record of four runs.
func BenchmarkVerify(b *testing.B) {
	d := ledgertest.District{Name: "springfield", Seed: 1, Students: 50_000}
	l := openBench(b)
	defer l.Close()
	for n := range 4 {
		run, err := l.BeginRun(ctx, d.Start("tutoring", n))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.CommitRun(ctx, d.Commit(run, n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	decisions := 0
	for b.Loop() {
		report, err := l.Verify(ctx, nil)
		if err != nil || !report.Whole() {
			b.Fatal(report.Faults, err)
		}
		decisions += report.Decisions
	}
	b.ReportMetric(float64(decisions)/b.Elapsed().Seconds(), "decisions/s")
}

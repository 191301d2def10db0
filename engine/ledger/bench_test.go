// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ledger_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/engine/student"
)

// The benchmarks record what a state's districts record each night: twenty
// attributes a student, eight outcomes a process, a computed priority for one
// student in five, nobody asked to act.

// benchDistrict is a made-up district whose processes have attributes in common.
type benchDistrict struct {
	population *student.Population
	bundles    []*bundle.Bundle
	starts     []ledger.RunStart
}

func newBenchDistrict(students, processes int) *benchDistrict {
	r := rand.New(rand.NewPCG(1, 2))
	d := &benchDistrict{}
	ids, schools, classes := make([]string, students), make([]string, students), make([]string, students)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", i*977, r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
		schools[i] = fmt.Sprintf("school-%04d", r.IntN(students/400+1))
		classes[i] = fmt.Sprintf("class-%05d", r.IntN(students/25+1))
	}
	var columns []*student.Column
	for i := range 20 {
		columns = append(columns, benchColumn(r, i, students))
	}
	d.population = student.New("springfield", ledgertest.Epoch, nil, student.Origin{Kind: "bench", Digest: "sha256-00"}, ids, schools, classes, columns)
	for i := range processes {
		b := ledgertest.Bundle(fmt.Sprintf("process-%d", i), 0)
		b.Process.Result = []bundle.Field{{Name: "support", Type: bundle.String}, {Name: "minutes", Type: bundle.Integer}}
		b.Information.Attributes = nil
		for _, c := range columns[i%8 : i%8+10] {
			b.Information.Attributes = append(b.Information.Attributes, c.Attribute)
		}
		digest, err := b.Digest()
		if err != nil {
			panic(err) // the bundle is ours
		}
		d.bundles = append(d.bundles, b)
		d.starts = append(d.starts, ledger.RunStart{Process: b.Process.Name, Revision: string(digest), At: ledgertest.Epoch, Engine: "bench"})
	}
	return d
}

// benchColumn: mostly small numbers, some scores, a few texts and lists, all
// known of nearly everybody.
func benchColumn(r *rand.Rand, i, students int) *student.Column {
	types := []bundle.Type{bundle.Integer, bundle.Number, bundle.Boolean, bundle.Number, bundle.String, bundle.Integer, bundle.Date, bundle.NumberList}
	a := bundle.Attribute{Name: fmt.Sprintf("a%02d", i), Type: types[i%len(types)], From: bundle.From{OneRoster: &bundle.OneRoster{File: "users", Field: fmt.Sprint(i)}}}
	c := &student.Column{Attribute: a, Presence: make([]student.Presence, students)}
	c.Dict = []string{"none", "some", "much"}
	if a.Type.IsList() {
		c.Offsets = make([]uint32, 1, students+1)
	}
	for row := range students {
		if r.IntN(50) > 0 {
			c.Presence[row] = student.Present
		}
		n := 1
		if a.Type.IsList() {
			n = r.IntN(5)
		}
		for range n {
			switch a.Type.Element() {
			case bundle.Boolean:
				c.Bools = append(c.Bools, r.IntN(2) == 0)
			case bundle.Integer:
				c.Ints = append(c.Ints, r.Int64N(200))
			case bundle.Date:
				c.Ints = append(c.Ints, 15_000+r.Int64N(5000))
			case bundle.Number:
				c.Floats = append(c.Floats, float64(r.IntN(1000))/10)
			default:
				c.Codes = append(c.Codes, r.Uint32N(3))
			}
		}
		if a.Type.IsList() {
			c.Offsets = append(c.Offsets, uint32(len(c.Floats)))
		}
	}
	return c
}

// batch is what a run decides: eight outcomes, the last four students in five.
func (d *benchDistrict) batch(run ledger.Run) *decision.Batch {
	n := d.population.Len()
	confirmed, _ := decision.StateNumber(decision.Confirmed)
	b := &decision.Batch{
		District: "springfield", Process: run.Process, Revision: run.Revision, Run: run.ID, Trigger: run.Trigger, At: run.At,
		Fields: []string{"support", "minutes"}, Students: d.population.IDs, Schools: d.population.Schools, Classes: d.population.Classes,
		Outcome: make([]uint32, n), State: make([]uint8, n), Priority: make([]float64, n),
	}
	for i := range 8 {
		b.Outcomes = append(b.Outcomes, decision.Outcome{Rules: []string{fmt.Sprintf("rule-%d", i)}, Code: fmt.Sprintf("CODE_%d", i), Result: []any{"tutoring", int64(30 * i)}})
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		b.State[i], b.Outcome[i], b.Priority[i] = confirmed, 7, math.NaN()
		if r.IntN(5) == 0 {
			b.Outcome[i], b.Priority[i] = r.Uint32N(7), 100*r.Float64()
		}
	}
	return b
}

// begin begins the nth run of each process.
func (d *benchDistrict) begin(b *testing.B, l *ledger.Ledger, n int) (runs []ledger.Recorded, decisions []ledger.Decisions) {
	starts := append([]ledger.RunStart(nil), d.starts...)
	for i := range starts {
		starts[i].Trigger = fmt.Sprint(n)
	}
	begun, err := l.BeginRuns(ctx, starts)
	if err != nil {
		b.Fatal(err)
	}
	for i, run := range begun {
		runs = append(runs, ledger.Recorded{Run: run.ID, Bundle: d.bundles[i]})
		decisions = append(decisions, ledger.Decisions{Batch: d.batch(run)})
	}
	return runs, decisions
}

// record records runs, synced.
func (d *benchDistrict) record(b *testing.B, l *ledger.Ledger, runs []ledger.Recorded, decisions []ledger.Decisions) {
	r, err := l.Record(ctx, runs...)
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Append(ctx, d.population, decisions); err != nil {
		b.Fatal(err)
	}
	if _, err := r.Commit(ctx); err != nil {
		b.Fatal(err)
	}
}

func openBench(b *testing.B, proof ledger.Proof) *ledger.Ledger {
	l, err := ledger.Open(b.TempDir(), ledger.Options{District: "springfield", Entropy: ledgertest.Entropy(1), Proof: proof})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// BenchmarkCommit records runs about a whole district on one snapshot. A
// district's first run also makes a key a student; each later one supersedes
// the one before.
func BenchmarkCommit(b *testing.B) {
	for _, proof := range []ledger.Proof{ledger.ProofPerDecision, ledger.ProofPerRun} {
		for _, processes := range []int{1, 10} {
			for _, students := range []int{2_000, 50_000, 500_000} {
				for _, first := range []bool{true, false} {
					when := "later"
					if first {
						when = "first"
					}
					b.Run(fmt.Sprintf("proof=%s/processes=%d/students=%d/%s", proof, processes, students, when), func(b *testing.B) {
						benchmarkCommit(b, newBenchDistrict(students, processes), proof, first)
					})
				}
			}
		}
	}
}

func benchmarkCommit(b *testing.B, d *benchDistrict, proof ledger.Proof, first bool) {
	var l *ledger.Ledger
	b.ReportAllocs()
	n := 0
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		if l == nil || first {
			if l != nil {
				l.Close()
			}
			l = openBench(b, proof)
			if !first {
				runs, decisions := d.begin(b, l, -1)
				d.record(b, l, runs, decisions)
			}
		}
		runs, decisions := d.begin(b, l, n)
		before := processorTime()
		b.StartTimer()
		d.record(b, l, runs, decisions)
		used += processorTime() - before
		n++
	}
	made := float64(n * d.population.Len() * len(d.bundles))
	b.ReportMetric(made/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/made, "ns/decision")
	b.ReportMetric(float64(used.Nanoseconds())/made, "cpu-ns/decision")
	l.Close()
}

// processorTime is what this process has used of all cores: a machine that others
// use, too, makes the time that passes mean little.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkVerify recomputes a record of two nights.
func BenchmarkVerify(b *testing.B) {
	d := newBenchDistrict(50_000, 10)
	l := openBench(b, "")
	defer l.Close()
	for n := range 2 {
		runs, decisions := d.begin(b, l, n)
		d.record(b, l, runs, decisions)
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

// BenchmarkRead finds one decision and proves it, one student's decisions, and
// what was known of one student, with 50,000 students in force.
func BenchmarkRead(b *testing.B) {
	d := newBenchDistrict(50_000, 10)
	l := openBench(b, "")
	defer l.Close()
	runs, decisions := d.begin(b, l, 0)
	d.record(b, l, runs, decisions)
	who := d.population.IDs[40_000]
	b.Run("decision", func(b *testing.B) {
		b.ReportAllocs()
		id := decisions[3].Batch.Record(40_000).ID
		before, n := processorTime(), 0
		for ; b.Loop(); n++ {
			found, evidence, err := l.Decision(ctx, id)
			if err != nil || found.Student != who {
				b.Fatal(err)
			}
			if err := evidence.Check(found.Record); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(n), "cpu-us/op")
	})
	b.Run("student", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range l.Decisions(ctx, ledger.Query{Student: who, InForceOnly: true}) {
				if n++; err != nil {
					b.Fatal(err)
				}
			}
			if n != 10 {
				b.Fatal(n)
			}
		}
	})
	b.Run("knew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, err := l.Knew(ctx, runs[3].Run, who); err != nil || p.IDs[0] != who {
				b.Fatal(err)
			}
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := l.Snapshot(ctx, runs[3].Run); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkNight is a district's night from its folder's opening to its closing:
// ten processes about 2,326 students, as many as a district of Massachusetts has
// on average.
func BenchmarkNight(b *testing.B) {
	for _, first := range []bool{true, false} {
		name := "later"
		if first {
			name = "first"
		}
		b.Run(name, func(b *testing.B) {
			d := newBenchDistrict(2_326, 10)
			dir := b.TempDir()
			night := func(store string, n int) {
				l, err := ledger.Open(store, ledger.Options{District: "springfield", Entropy: ledgertest.Entropy(1)})
				if err != nil {
					b.Fatal(err)
				}
				runs, decisions := d.begin(b, l, n)
				d.record(b, l, runs, decisions)
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			before := processorTime()
			for b.Loop() {
				store := dir
				if first {
					store = fmt.Sprintf("%s/%d", dir, n)
				}
				night(store, n)
				n++
			}
			b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(n)/1000, "cpu-ms/district")
		})
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command endtoend measures the whole way of decisions: from a CSV file of
// students, through several processes, to a durable and provable record.
//
//	endtoend generate -students 1000000 -file students.csv
//	endtoend run -file students.csv -processes 10 -proof run -store dir
//
// run is a process of its own, so that its memory is that of deciding. It prints
// one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/source/table"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/hack/bench/juncture"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

func main() {
	err := fmt.Errorf("want generate or run")
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "generate":
			err = generate(os.Args[2:])
		case "run":
			err = run(os.Args[2:])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		os.Exit(1)
	}
}

// generate writes the reference students as CSV.
func generate(args []string) error {
	flags := flag.NewFlagSet("generate", flag.ExitOnError)
	students := flags.Int("students", 1_000_000, "how many")
	file := flags.String("file", "students.csv", "where to")
	flags.Parse(args) //nolint:errcheck // it exits
	f, err := os.Create(*file)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	var b bytes.Buffer
	const piece = 50_000
	for from := 0; from < *students; from += piece {
		var c reference.Columns
		for i := from; i < min(from+piece, *students); i++ {
			s := reference.Generate(reference.Seed, i)
			c.Add(&s)
		}
		juncture.CSV(&b, &c)
		if from > 0 { // one header
			b.Next(bytes.IndexByte(b.Bytes(), '\n') + 1)
		}
		if _, err := b.WriteTo(out); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// report is what run prints.
type report struct {
	Students      int     `json:"students"`
	Processes     int     `json:"processes"`
	Decisions     int     `json:"decisions"`
	Proof         string  `json:"proof"`
	Workers       int     `json:"workers"`
	Seconds       float64 `json:"seconds"`
	CPUSeconds    float64 `json:"cpuSeconds"`
	PerSecond     float64 `json:"decisionsPerSecond"`
	MegabytesRead float64 `json:"megabytesRead"`
	MegabytesKept float64 `json:"megabytesKept"`
	PeakMegabytes float64 `json:"peakMegabytes"`
	VerifySeconds float64 `json:"verifySeconds,omitempty"`
}

var at = time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC)

const district = "reference"

func run(args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	file := flags.String("file", "students.csv", "a file of generate")
	store := flags.String("store", "", "an empty folder; default a temporary one")
	processes := flags.Int("processes", 10, "how many tables decide about each student")
	proof := flags.String("proof", "decision", "decision: a Merkle leaf each; run: the run's files as a whole")
	workers := flags.Int("workers", 2, "goroutines that decide")
	rows := flags.Int("rows", 1<<16, "students in a row group")
	verify := flags.Bool("verify", false, "verify the record afterwards")
	profile := flags.String("cpuprofile", "", "write a profile there")
	flags.Parse(args) //nolint:errcheck // it exits
	if *store == "" {
		dir, err := os.MkdirTemp("", "endtoend")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		*store = dir
	}
	r := report{Processes: *processes, Proof: *proof, Workers: *workers}
	programs := make([]*engine.Program, *processes)
	for k := range programs {
		b := juncture.Bundle(reference.Reference.Variant(k))
		b.Process.Name = fmt.Sprintf("process-%d", k)
		var err error
		if programs[k], err = engine.Compile(b); err != nil {
			return err
		}
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	begun, cpu := time.Now(), processorTime()
	l, err := ledger.Open(*store, ledger.Options{District: district, Entropy: rand.Reader, Proof: map[string]ledger.Proof{"decision": ledger.ProofPerDecision, "run": ledger.ProofPerRun}[*proof]})
	if err != nil {
		return err
	}
	defer l.Close()
	if err := record(&r, l, *file, programs, *workers, *rows); err != nil {
		return err
	}
	r.Seconds, r.CPUSeconds = time.Since(begun).Seconds(), (processorTime() - cpu).Seconds()
	r.Decisions = r.Students * r.Processes
	r.PerSecond = float64(r.Decisions) / r.Seconds
	if r.PeakMegabytes, err = peak(); err != nil {
		return err
	}
	if *verify {
		begun := time.Now()
		found, err := l.Verify(context.Background(), nil)
		if err != nil || !found.Whole() {
			return fmt.Errorf("the record is not whole: %v %w", found.Faults, err)
		}
		r.VerifySeconds = time.Since(begun).Seconds()
	}
	if r.MegabytesKept, err = sizeOf(*store); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// record decides about all students of a file and keeps the decisions.
func record(r *report, l *ledger.Ledger, file string, programs []*engine.Program, workers, rows int) error {
	ctx := context.Background()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	starts := make([]ledger.RunStart, len(programs))
	for i, p := range programs {
		starts[i] = ledger.RunStart{Process: p.Bundle().Process.Name, Revision: p.Digest().String(), Trigger: "request/1", At: at, Engine: engine.Version}
	}
	begun, err := l.BeginRuns(ctx, starts)
	if err != nil {
		return err
	}
	recorded, runs := make([]ledger.Recorded, len(programs)), make([]engine.Run, len(programs))
	for i, p := range programs {
		recorded[i] = ledger.Recorded{Run: begun[i].ID, Bundle: p.Bundle()}
		runs[i] = engine.Run{ID: begun[i].ID, Trigger: "request/1"}
	}
	recorder, err := l.Record(ctx, recorded...)
	if err != nil {
		return err
	}
	defer recorder.Close()
	in := &counted{r: f}
	source, err := table.Open(in, table.Options{District: district, At: at, Model: juncture.Model(), Rows: rows})
	if err != nil {
		return err
	}
	err = engine.Stream(ctx, workers, programs, runs, source.Next, func(part *student.Population, batches []*engine.Batch) error {
		r.Students += part.Len()
		decisions := make([]ledger.Decisions, len(batches))
		for i, b := range batches {
			decisions[i] = ledger.Decisions{Batch: b.Decisions, Tasks: b.Tasks}
		}
		return recorder.Append(ctx, part, decisions)
	})
	if err != nil {
		return err
	}
	r.MegabytesRead = float64(in.n) / 1e6
	_, err = recorder.Commit(ctx)
	return err
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that the process had resident, in megabytes.
func peak() (float64, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Maxrss) / 1000, err
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command campaign measures whole commands on a whole state, prints what they
// took as tables, and writes it as JSON. See package scale.
//
//	go run ./test/scale/campaign                                   # Massachusetts in shape, ten processes, with all checks
//	go run ./test/scale/campaign -students 20000 -districts 6      # a small state
//	go run ./test/scale/campaign -check=false -sizes 10000,100000,1000000 -processes 1,2,5,10,20 -out dist/scale
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/juncture-dev/juncture/test/scale"
)

func main() {
	scale.BeJuncture()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "campaign:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	from      string
	students  int
	districts int
	seed      string
	samples   string
	workers   int
	check     bool
	sample    int
	sizes     []int
	processes []int
	held      int
	repeat    int
	dir       string
	out       string
	add       string
	profiles  string
	verbose   bool
}

// Massachusetts, 2017-18, by the table that shapes the state. Without the table
// a state of the same size is drawn.
const (
	stateStudents  = 953_748
	stateDistricts = 410
)

func parse() (*settings, error) {
	s := &settings{}
	var sizes, processes string
	flag.StringVar(&s.from, "from", table(), "`table` of schools to shape the state after; sizes of districts are drawn if it is empty")
	flag.IntVar(&s.students, "students", 0, "students of the state (default: all of the table, or 953,748); below 0 the state itself is not measured")
	flag.IntVar(&s.districts, "districts", 0, "districts without a table (default: 410)")
	flag.StringVar(&s.seed, "seed", "01", "seed of the state, hexadecimal")
	flag.StringVar(&s.samples, "samples", "config/samples/state", "`folder` of the processes")
	flag.IntVar(&s.workers, "workers", 2, "workers of juncture run")
	flag.BoolVar(&s.check, "check", true, "also run with 1 worker and with -workers, and compare all bytes; decide a sample again")
	flag.IntVar(&s.sample, "sample", 20, "decisions that -check decides again by themselves")
	flag.StringVar(&sizes, "sizes", "", "numbers of students for the plot of cost against students")
	flag.StringVar(&processes, "processes", "", "numbers of processes for the plot of cost against processes")
	flag.IntVar(&s.held, "held", 200_000, "students of the plot against processes")
	flag.IntVar(&s.repeat, "repeat", 1, "how often each point is measured")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "`folder` for packages and records, which need about 2 GB a million students; all of it is removed")
	flag.StringVar(&s.out, "out", "", "`folder` for scale.json and scale.md")
	flag.StringVar(&s.add, "add", "", "`scale.json` of an earlier campaign, whose points are taken along")
	flag.StringVar(&s.profiles, "profiles", "", "`folder` for profiles of the commands")
	flag.BoolVar(&s.verbose, "v", false, "show the commands and what they say")
	flag.Parse()
	var err error
	if s.sizes, err = numbers(sizes); err != nil {
		return nil, fmt.Errorf("-sizes: %w", err)
	}
	if s.processes, err = numbers(processes); err != nil {
		return nil, fmt.Errorf("-processes: %w", err)
	}
	if s.workers < 1 || s.repeat < 1 || s.sample < 0 {
		return nil, errors.New("-workers and -repeat are at least 1, -sample at least 0")
	}
	return s, nil
}

// table is the table of Massachusetts' schools, if it is there.
func table() string {
	data := os.Getenv("JUNCTURE_DATA")
	if data == "" {
		data = filepath.Join("..", "shared", "data")
	}
	file := filepath.Join(data, "massachusetts", "schools.csv")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

func numbers(list string) (ns []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a positive number", text)
		}
		ns = append(ns, n)
	}
	return ns, nil
}

// campaign is one run of the program.
type campaign struct {
	*settings
	juncture *scale.Juncture
	report   report
}

func run(ctx context.Context) error {
	s, err := parse()
	if err != nil {
		return err
	}
	c := &campaign{settings: s, juncture: &scale.Juncture{Profiles: s.profiles, Log: io.Discard}}
	if s.verbose {
		c.juncture.Log = os.Stderr
	}
	c.report.Machine, c.report.At, c.report.Seed = here(), scale.At, s.seed
	if err := c.take(s.add); err != nil {
		return err
	}
	for _, measure := range []func(context.Context) error{c.state, c.againstStudents, c.againstProcesses} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	if err := c.write(); err != nil {
		return err
	}
	c.report.markdown(os.Stdout)
	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

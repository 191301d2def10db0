// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command compare runs engines against each other and says what a decision
// costs each: as Markdown on standard output, and with -out as JSON, Markdown
// and plots in a folder.
//
//	go run ./cmd/compare                                  # all suites
//	go run ./cmd/compare -suites reference -students 100000 -engines 'Juncture|cel-go'
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/hack/bench/measure"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/report"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	suites    string
	engines   *regexp.Regexp
	forms     bool
	students  int
	held      int
	slice     int
	rounds    int
	agree     int
	calls     int
	single    int
	sizes     []int
	rules     []int
	processes []int
	out       string
}

func parse() (*settings, error) {
	s := &settings{}
	var engines, sizes, rules, processes string
	flag.StringVar(&s.suites, "suites", "reference,second,rules,single,processes", "what to measure: reference, second, rules, single, students, processes")
	flag.StringVar(&engines, "engines", ".", "regular `expression` of the engines that take part; the yardstick always does")
	flag.BoolVar(&s.forms, "forms", false, "measure further forms of the same libraries too")
	flag.IntVar(&s.students, "students", 1_000_000, "students of the tables")
	flag.IntVar(&s.held, "held", 1_000_000, "how many of them are held as structs; the others are made anew for each slice")
	flag.IntVar(&s.slice, "slice", 20_000, "students of one engine in one round")
	flag.IntVar(&s.rounds, "rounds", 30, "rounds")
	flag.IntVar(&s.agree, "agree", 20_000, "students whose decisions are compared with those by hand first")
	flag.IntVar(&s.calls, "calls", 1_000_000, "single decisions of each engine")
	flag.IntVar(&s.single, "single", 20_000, "students of suite single")
	flag.StringVar(&sizes, "sizes", "10000,100000,1000000,5500000", "numbers of students of suite students")
	flag.StringVar(&rules, "rules", "8,113,841", "numbers of rules of suite rules")
	flag.StringVar(&processes, "processes", "1,2,5,10,20", "numbers of processes of suite processes")
	flag.StringVar(&s.out, "out", "", "`folder` for compare.json, compare.md and the plots")
	flag.Parse()
	var err error
	if s.engines, err = regexp.Compile(engines); err != nil {
		return nil, fmt.Errorf("-engines: %w", err)
	}
	for _, list := range []struct {
		name, text string
		to         *[]int
	}{{"sizes", sizes, &s.sizes}, {"rules", rules, &s.rules}, {"processes", processes, &s.processes}} {
		for text := range strings.SplitSeq(list.text, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("-%s: %q is not a positive number", list.name, text)
			}
			*list.to = append(*list.to, n)
		}
	}
	if s.students < 1 || s.slice < 1 || s.rounds < 1 {
		return nil, fmt.Errorf("-students, -slice and -rounds are at least 1")
	}
	return s, nil
}

// run measures on one core: the figures are costs, not how well cores are
// filled.
func run() error {
	s, err := parse()
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	r := &report.Report{Machine: report.Here()}
	for name := range strings.SplitSeq(s.suites, ",") {
		suite, ok := suites[name]
		if !ok {
			return fmt.Errorf("-suites: there is no suite %q", name)
		}
		log("%s …", name)
		if err := suite(s, r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	r.Machine.LoadAfter = report.Load()
	if err := r.Markdown(os.Stdout); err != nil {
		return err
	}
	return s.write(r)
}

func log(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// pick leaves the engines that shall take part, and the first.
func (s *settings) pick(kinds ...peer.Kind) []peer.Kind {
	var picked []peer.Kind
	for i, kind := range kinds {
		if i == 0 || s.engines.MatchString(kind.Name) {
			picked = append(picked, kind)
		}
	}
	return picked
}

func (s *settings) options() measure.Options {
	return measure.Options{Slice: s.slice, Rounds: s.rounds, Agree: s.agree, Log: log}
}

// write puts the report into the folder asked for.
func (s *settings) write(r *report.Report) error {
	if s.out == "" {
		return nil
	}
	if err := os.MkdirAll(s.out, 0o750); err != nil {
		return err
	}
	files := map[string]func(io.Writer) error{"compare.json": r.JSON, "compare.md": r.Markdown}
	for i := range r.Curves {
		files[r.Curves[i].Name+".svg"] = r.Curves[i].SVG
	}
	for name, content := range files {
		f, err := os.Create(filepath.Join(s.out, name))
		if err != nil {
			return err
		}
		if err := content(f); err != nil {
			f.Close()
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

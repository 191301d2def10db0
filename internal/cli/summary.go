// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

// summary is what a run is summed up to, for people.
type summary struct {
	at    time.Time
	seed  []byte
	began time.Time

	districts int // decided, at least in part
	failed    int // districts that stopped
	refused   int // processes that could not be run in a district
	again     int // runs that were in the record before
	differ    int // of these, what is not as it was asked for
	students  int
	decisions int
	states    map[decision.State]int

	notices notices // what was wrong, in the order of districts
}

// amiss reports whether not all that was asked for was done.
func (s *summary) amiss() bool { return s.failed > 0 || s.refused > 0 || s.differ > 0 }

// hold leaves out what a district holds at another revision.
func (s *summary) hold(t *tenant) {
	held := t.hold(s.at)
	s.refused += len(held)
	s.notices = append(s.notices, held...)
}

// problemsShown is how many kinds of problems of a roster are told.
const problemsShown = 20

// add counts a district, and notes what was wrong with it.
func (s *summary) add(t *tenant, r *districtResult) {
	if s.states == nil {
		s.states = map[decision.State]int{}
	}
	if r.err != nil {
		s.failed++
		where := t.rosterAt(r.err)
		for _, line := range strings.Split(r.err.Error(), "\n") {
			s.notices.add(t.name, where, line)
			where = ""
		}
	} else {
		s.districts++
	}
	students := 0
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Err != nil {
			s.refused++
			s.notices.add(t.name, "", run.Err.Error())
			continue
		}
		students = max(students, s.count(run))
	}
	s.students += students
	s.differ += len(r.differs)
	s.notices = append(s.notices, r.differs...)
	if r.Population != nil {
		s.notices = append(s.notices, problems(t.name, r.Population)...)
	}
}

func (s *summary) count(run *pipeline.Run) int {
	if run.Batch == nil {
		return 0
	}
	if run.Again {
		s.again++
	}
	s.decisions += run.Batch.Counts.Decisions
	for state, n := range run.Batch.Counts.States {
		s.states[state] += n
	}
	return run.Batch.Counts.Decisions
}

// problems are what was wrong with rows of a roster, one notice a kind.
func problems(district string, p *student.Population) (list notices) {
	first := map[student.Problem]int{} // row where a kind was first met
	for _, one := range p.Problems {
		kind := one
		kind.Row = 0
		if _, met := first[kind]; !met {
			first[kind] = one.Row
		}
	}
	for i, c := range p.ProblemCounts {
		if i == problemsShown {
			list.add(district, "", fmt.Sprintf("%d more kinds of problems", len(p.ProblemCounts)-i))
			return list
		}
		one := student.Problem{File: c.File, Column: c.Column, Fault: c.Fault, Mend: c.Mend}
		one.Row = first[one]
		line := one.Error()
		if c.Count > 1 {
			line += fmt.Sprintf(", and %d more rows", c.Count-1)
		}
		list.add(district, "", line)
	}
	return list
}

// write writes the summary.
func (s *summary) write(w io.Writer, now time.Time) {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(table, name+"\t"+format+"\n", args...) }
	row("at", "%s", s.at.Format(time.RFC3339Nano))
	if s.seed != nil {
		row("seed", "%x", s.seed)
	}
	districts := fmt.Sprint(s.districts)
	if s.failed > 0 {
		districts += fmt.Sprintf(", and %d failed", s.failed)
	}
	row("districts", "%s", districts)
	if s.refused > 0 {
		row("refused", "%s", plural(s.refused, "run of a process", "runs of processes"))
	}
	row("students", "%d", s.students)
	decisions := fmt.Sprint(s.decisions)
	if s.again > 0 {
		decisions += fmt.Sprintf(" (%s in the record already)", plural(s.again, "run was", "runs were"))
	}
	row("decisions", "%s", decisions)
	for _, state := range decision.States() {
		if n := s.states[state]; n > 0 {
			row("  "+string(state), "%d", n)
		}
	}
	row("took", "%s", now.Sub(s.began).Round(10*time.Millisecond))
	if err := table.Flush(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return // nobody listens
	}
}

// plural is a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

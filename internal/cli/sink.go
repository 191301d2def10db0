// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

// sink is what the runs are written to, in the order of districts and processes.
type sink interface {
	add(*pipeline.Run) error
	// close writes what is left.
	close() error
}

// counts is the format that writes how many decisions there are by process and
// state, and not one of them: with a record, the decisions are there.
const counts export.Format = "counts"

func newSink(format export.Format, w io.Writer, tenants []tenant) (sink, error) {
	if format == counts {
		return &counter{out: csv.NewWriter(w), found: map[string]map[decision.State]int{}}, nil
	}
	out, err := export.NewWriter(format, w, columns(tenants))
	return &recordSink{out}, err
}

// recordSink writes each decision.
type recordSink struct{ out export.Writer }

func (s *recordSink) add(run *pipeline.Run) error {
	for _, r := range run.Batch.Records() {
		if err := s.out.Write(&r); err != nil {
			return err
		}
	}
	return nil
}

func (s *recordSink) close() error { return s.out.Close() }

// counter counts decisions.
type counter struct {
	out   *csv.Writer
	found map[string]map[decision.State]int // by process
}

func (c *counter) add(run *pipeline.Run) error {
	states := c.found[run.Process()]
	if states == nil {
		states = map[decision.State]int{}
		c.found[run.Process()] = states
	}
	for state, n := range run.Batch.Counts.States {
		states[state] += n
	}
	return nil
}

func (c *counter) close() error {
	rows := [][]string{{"process", "state", "decisions"}}
	for _, process := range slices.Sorted(maps.Keys(c.found)) {
		for _, state := range decision.States() {
			if n := c.found[process][state]; n > 0 {
				rows = append(rows, []string{process, string(state), strconv.Itoa(n)})
			}
		}
	}
	return c.out.WriteAll(rows)
}

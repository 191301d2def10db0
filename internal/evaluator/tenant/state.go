// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"maps"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
)

// Openness is whether the record is open.
type Openness string

// Whether the record is open.
const (
	Opening Openness = "Opening"
	Open    Openness = "Open"
	Failing Openness = "Failing"
)

// State is how a district stands. It names no student, but its counts are not
// suppressed.
type State struct {
	Name      string
	Suspended bool
	Open      Openness
	OpenError string // why it is Failing
	Source    SourceState
	Processes []ProcessState // by name
	Record    RecordState
}

// SourceState is the last look at the roster.
type SourceState struct {
	Looked bool          // somebody has looked
	Reason source.Reason // why there is no roster; empty where there is one
	// Message says more; it may be shown to those who may read the cluster.
	Message  string
	Digest   string      // of the content last read
	Read     time.Time   // when that content was first read
	Problems []FileCount // of the content last decided on
}

// FileCount counts the faulty rows of one file of a roster.
type FileCount struct {
	File  string
	Count int64
}

// ProcessState is the last run of one process.
type ProcessState struct {
	Name     string
	Revision string // that decides now
	// Last is the newest committed run, nil before the first. Its revision may be
	// an earlier one.
	Last  *ledger.Run
	Rules map[string]int // its decisions by rule
	// Error is why the newest attempt failed; empty where it did not.
	Error string
}

// RecordState is the state of the record.
type RecordState struct {
	Head    ledger.Hash
	Runs    int
	Checked time.Time // zero: not yet
	Damage  string    // the first fault found
}

// State is how the district stands now. The caller owns it.
func (d *District) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.state
	s.Processes = slices.Clone(s.Processes)
	for i := range s.Processes {
		s.Processes[i].Rules = maps.Clone(s.Processes[i].Rules)
	}
	s.Source.Problems = slices.Clone(s.Source.Problems)
	return s
}

// Watch is a channel that is closed at the next change of state.
func (d *District) Watch() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// set changes the state and says so.
func (d *District) set(change func(*State)) {
	d.mu.Lock()
	change(&d.state)
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	if d.Changed != nil {
		d.Changed()
	}
}

func (d *District) setProcess(name string, change func(*ProcessState)) {
	d.set(func(s *State) {
		for i := range s.Processes {
			if s.Processes[i].Name == name {
				change(&s.Processes[i])
			}
		}
	})
}

// countProblems sums up a roster's faults by file.
func countProblems(p *student.Population) []FileCount {
	byFile := map[string]int64{}
	for _, c := range p.ProblemCounts {
		byFile[c.File] += int64(c.Count)
	}
	counts := make([]FileCount, 0, len(byFile))
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		counts = append(counts, FileCount{file, byFile[file]})
	}
	return counts
}

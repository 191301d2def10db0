// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"iter"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// Run is what a batch of decisions depends on beside the revision and what is
// known of the students.
type Run struct {
	// ID names the run in its records.
	ID string
	// Trigger is the trigger instance: what started the run and when. The same
	// revision, student and trigger instance give the same decision id, so that
	// a run that is done again decides nothing twice.
	Trigger string
	// Seed of the lottery, needed where places are scarce and the policy
	// publishes none.
	Seed []byte
	// Workers is how many students are evaluated at once; 0 means 1. The result
	// does not depend on it.
	Workers int
	// Held are the seats that students hold by decisions in force in this
	// process, by student.
	Held map[string]decision.Seat
	// Previous are the ids of the decisions in force in this process, by
	// student. Records name them as superseded.
	Previous map[string]string
	// Progress, if not nil, is told how many students of how many were
	// evaluated. Calls do not overlap and done never falls.
	Progress func(done, total int)
}

// Batch is what a run decided.
type Batch struct {
	Decisions *decision.Batch // one a student, in the population's order
	Tasks     []decision.Task // those that the decisions open, in the same order
	Counts    Counts
}

// Records are the decisions as records of their own, each made when it is asked
// for.
func (b *Batch) Records() iter.Seq2[int, decision.Record] {
	return func(yield func(int, decision.Record) bool) {
		for i := range b.Decisions.Len() {
			if !yield(i, b.Decisions.Record(i)) {
				return
			}
		}
	}
}

// Counts are how many decisions a batch has. They hold no student.
type Counts struct {
	Decisions int                    `json:"decisions"`
	States    map[decision.State]int `json:"states"`
	Rules     map[string]int         `json:"rules"` // decisions by rule that hit; one decision may count for several
}

// ErrNotRun is the refusal to run a process in mode Catalogue.
var ErrNotRun = errors.New("a process in mode Catalogue is never run; set spec.mode to Shadow to try it without effect")

// ErrNeedsAll is the refusal to decide about one student of a process with a
// capacity alone: places are given in an order among all.
var ErrNeedsAll = errors.New("a process with a capacity decides about all students of a district at once")

func (p *Program) checkRun(pop *student.Population, run *Run) error {
	if p.bundle.Process.Mode == bundle.ModeCatalogue {
		return ErrNotRun
	}
	if run.ID == "" || run.Trigger == "" {
		return errors.New("engine: a run needs an id and a trigger instance")
	}
	if pop.District == "" || pop.At.IsZero() {
		return errors.New("engine: a population needs its district and its instant of evaluation")
	}
	for i := 1; i < pop.Len(); i++ {
		if pop.IDs[i-1] >= pop.IDs[i] {
			return fmt.Errorf("engine: rows %d and %d of the population are not in ascending order of student ids", i-1, i)
		}
	}
	if p.capacity == nil {
		return nil
	}
	if _, err := allocate.Seed(p.bundle.Priority, run.Seed); err != nil {
		return err
	}
	for _, seat := range run.Held {
		if seat.Units <= 0 {
			return errors.New("engine: a seat that is held must have units")
		}
	}
	return nil
}

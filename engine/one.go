// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

// Decide decides about one student of a process without a capacity, and gives
// the record and the task that DecideAll gives. The task is nil where nobody is
// asked. For a process with a capacity the error is ErrNeedsAll.
//
// Decisions about students of one population, one after another, are made much
// sooner than the first few.
func (p *Program) Decide(pop *student.Population, row int, run Run) (decision.Record, *decision.Task, error) {
	if p.capacity != nil {
		return decision.Record{}, nil, ErrNeedsAll
	}
	if err := p.checkRun(pop, &run); err != nil {
		return decision.Record{}, nil, err
	}
	if err := checkRow(pop, row); err != nil {
		return decision.Record{}, nil, err
	}
	d, err := p.again(pop, &run)
	if err != nil {
		return decision.Record{}, nil, err
	}
	record := d.record(row)
	enter(&record, d.outcome(row), nil)
	d.run = nil
	p.deciders.Put(d)
	state, step := decision.Begin(p.situation(&record))
	record.State = state
	if step == nil {
		return record, nil, nil
	}
	task := decision.Open(record, *step)
	return record, &task, nil
}

// again is a decider of the population, one that was used before if there is one.
func (p *Program) again(pop *student.Population, run *Run) (*single, error) {
	if d, ok := p.deciders.Get().(*single); ok && d.pop == pop {
		d.run = run
		return d, nil
	}
	d, err := p.decider(pop, run)
	if err != nil {
		return nil, err
	}
	return &single{decider: *d}, nil
}

// single is a decider that is asked about one student after another.
type single struct {
	decider
	asked int
	said  rule.Single
}

// outcome is what the rules say. Preparing them for a population takes as long as
// deciding about some students without, so it waits until more are asked about.
func (d *single) outcome(row int) rule.Outcome {
	const worthwhile = 16
	if d.asked < worthwhile {
		d.asked++
		return d.evaluator.Decide(row)
	}
	d.evaluator.DecideRow(row, &d.said)
	return d.evaluator.Outcome(&d.said)
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// chunk is how many rows a worker takes at a time: enough that taking them
// costs nothing, few enough that workers end together.
const chunk = 512

// DecideAll decides about all students of a population. On error, a cancelled
// context among them, there is no batch. Trouble with one student is no error:
// that student's decision is Undetermined or Failed and says why.
func (p *Program) DecideAll(ctx context.Context, pop *student.Population, run Run) (*Batch, error) {
	if err := p.checkRun(pop, &run); err != nil {
		return nil, err
	}
	batch := &Batch{Records: make([]decision.Record, pop.Len())}
	var candidates []allocate.Candidate
	if p.capacity != nil {
		candidates = make([]allocate.Candidate, pop.Len())
	}

	err := inChunks(ctx, pop.Len(), &run, func() (func(row int), error) {
		d, err := p.decider(pop, &run)
		return func(row int) {
			record, candidate := d.evaluate(row)
			batch.Records[row] = record
			if candidates != nil {
				candidates[row] = candidate
			}
		}, err
	})
	if err != nil {
		return nil, err
	}
	if p.capacity != nil {
		if err := p.allocate(batch.Records, candidates, &run); err != nil {
			return nil, err
		}
	}
	p.begin(batch)
	return batch, nil
}

// Decide decides about one student of a process without a capacity, and gives
// the record and the task that DecideAll gives. The task is nil where nobody is
// asked. For a process with a capacity the error is ErrNeedsAll.
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
	d, err := p.decider(pop, &run)
	if err != nil {
		return decision.Record{}, nil, err
	}
	record, _ := d.evaluate(row)
	batch := &Batch{Records: []decision.Record{record}}
	p.begin(batch)
	if len(batch.Tasks) == 0 {
		return batch.Records[0], nil, nil
	}
	return batch.Records[0], &batch.Tasks[0], nil
}

// inChunks gives each row to one of the run's workers. Rows are independent of
// one another, so that it does not matter which worker takes which.
func inChunks(ctx context.Context, rows int, run *Run, worker func() (func(row int), error)) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	var progress sync.Mutex
	done := 0
	for range max(1, min(run.Workers, (rows+chunk-1)/chunk)) {
		group.Go(func() error {
			evaluate, err := worker()
			if err != nil {
				return err
			}
			for {
				from := int(next.Add(chunk)) - chunk
				if from >= rows {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				to := min(from+chunk, rows)
				for row := from; row < to; row++ {
					evaluate(row)
				}
				if run.Progress != nil {
					progress.Lock()
					done += to - from
					run.Progress(done, rows)
					progress.Unlock()
				}
			}
		})
	}
	return group.Wait()
}

// allocate gives those who need part of the capacity their places and enters
// them into the records.
func (p *Program) allocate(records []decision.Record, candidates []allocate.Candidate, run *Run) error {
	taken := map[string]int64{}
	for i := range records {
		r := &records[i]
		seat, held := run.Held[r.Student]
		if held && !decided(r) && p.bundle.Priority.KeepSeated {
			group, _ := p.seatedIn(seat, r.District, r.School, r.Class)
			r.Group, r.Units, r.Placement = group, seat.Units, allocate.Kept
			taken[group] = seat.Units + min(taken[group], math.MaxInt64-seat.Units)
		}
	}
	if len(records) == 0 {
		return nil
	}
	placements, err := allocate.Allocate(p.bundle.Priority, allocate.Arguments{
		Process: p.bundle.Process.Name, District: records[0].District, Seed: run.Seed, Taken: taken,
	}, candidates)
	if err != nil {
		return err
	}
	for i, placed := range placements {
		if placed.Outcome == allocate.None {
			continue
		}
		r := &records[i]
		r.Group, r.Units, r.Rank, r.Waiting, r.Placement = placed.Group, candidates[i].Units, placed.Rank, placed.Waiting, placed.Reason
		r.State = allotted[placed.Outcome]
	}
	return nil
}

// allotted is the state that an outcome of the allocation means, before the
// process's steps are looked at.
var allotted = map[allocate.Outcome]decision.State{
	allocate.Seated:    decision.Confirmed,
	allocate.Waiting:   decision.Waitlisted,
	allocate.NotPlaced: decision.NotPlaced,
}

// begin puts each evaluated and allotted decision into its first state, opens
// the tasks, and counts.
func (p *Program) begin(b *Batch) {
	b.Counts = Counts{Decisions: len(b.Records), States: map[decision.State]int{}, Rules: map[string]int{}}
	for i := range b.Records {
		r := &b.Records[i]
		situation := p.situation(r)
		state, step := decision.Begin(situation)
		r.State = state
		if step != nil {
			b.Tasks = append(b.Tasks, decision.Open(*r, *step))
		}
		b.Counts.States[state]++
		for _, id := range r.Rules {
			b.Counts.Rules[id]++
		}
	}
}

func (p *Program) situation(r *decision.Record) decision.Situation {
	s := decision.Situation{Mode: p.bundle.Process.Mode, Steps: p.steps, Limited: p.capacity != nil}
	if !decided(r) {
		s.Evaluated = r.State
		return s
	}
	s.Selected = len(r.Rules) != 1 || r.Rules[0] != bundle.OtherwiseID
	s.Competes = p.capacity != nil && r.Units > 0
	s.Allotted = r.State
	return s
}

// decided reports whether the rules gave a result.
func decided(r *decision.Record) bool {
	return r.State != decision.Undetermined && r.State != decision.Failed
}

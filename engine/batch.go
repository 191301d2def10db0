// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// chunk is how many rows a worker takes at a time: some of the rules' batches,
// so that taking them costs nothing, and few enough that workers end together.
const chunk = 4 * 1024

// DecideAll decides about all students of a population. On error, a cancelled
// context among them, there is no batch. Trouble with one student is no error:
// that student's decision is Undetermined or Failed and says why.
func (p *Program) DecideAll(ctx context.Context, pop *student.Population, run Run) (*Batch, error) {
	results, err := DecideTogether(ctx, run.Workers, Job{p, pop, run})
	if err != nil {
		return nil, err
	}
	return results[0].Batch, results[0].Err
}

// Job is one of several processes that are decided together.
type Job struct {
	Program *Program
	// Population is what the process sees of the students. All jobs are about the
	// same students in the same order.
	Population *student.Population
	// Run's Workers does not count.
	Run Run
}

// Result is what became of a Job: a batch, or why there is none.
type Result struct {
	Batch *Batch
	Err   error
}

// DecideTogether decides several processes about the same students, with as many
// goroutines as workers says. It gives what DecideAll gives for each, but takes
// the students piece by piece through all processes, so that what is known of
// them is fetched from memory once. The error is that of the context.
func DecideTogether(ctx context.Context, workers int, jobs ...Job) ([]Result, error) {
	results := make([]Result, len(jobs))
	work := make([]*assembly, 0, len(jobs))
	for i := range jobs {
		a, err := jobs[i].assembly()
		if err != nil {
			results[i].Err = err
			continue
		}
		a.result = &results[i]
		work = append(work, a)
	}
	if err := inChunks(ctx, workers, work); err != nil {
		return nil, err
	}
	together, ctx := errgroup.WithContext(ctx)
	together.SetLimit(max(1, workers))
	for _, a := range work {
		together.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if a.result.Err == nil {
				a.result.Batch, a.result.Err = a.batch()
			}
			return nil
		})
	}
	if err := together.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// assembly begins a job, or says what is wrong with it.
func (j *Job) assembly() (*assembly, error) {
	p, pop := j.Program, j.Population
	if err := p.checkRun(pop, &j.Run); err != nil {
		return nil, err
	}
	if err := p.checkColumns(pop); err != nil {
		return nil, err
	}
	a := &assembly{p: p, pop: pop, run: &j.Run, outcomes: p.rules.NewOutcomes(pop.Len())}
	if p.capacity != nil {
		a.candidates = make([]allocate.Candidate, pop.Len())
		a.needs = p.rules.NewNeeds(pop.Len())
	}
	return a, nil
}

// inChunks gives each row to one of the workers. Rows are independent of one
// another, so that it does not matter which worker takes which.
func inChunks(ctx context.Context, workers int, work []*assembly) error {
	if len(work) == 0 {
		return ctx.Err()
	}
	rows := work[0].pop.Len()
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	var progress sync.Mutex
	done := 0
	for range max(1, min(workers, (rows+chunk-1)/chunk)) {
		group.Go(func() error {
			deciders := make([]*decider, len(work))
			for i, a := range work {
				deciders[i] = a.decider()
			}
			defer release(deciders)
			for {
				from := int(next.Add(chunk)) - chunk
				if from >= rows {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				to := min(from+chunk, rows)
				for i, a := range work {
					a.decide(deciders[i], from, to)
				}
				progress.Lock()
				done += to - from
				for _, a := range work {
					if a.run.Progress != nil {
						a.run.Progress(done, rows)
					}
				}
				progress.Unlock()
			}
		})
	}
	return group.Wait()
}

// release gives back what deciders hold.
func release(deciders []*decider) {
	for _, d := range deciders {
		if d != nil {
			d.evaluator.Release()
		}
	}
}

func (p *Program) situation(r *decision.Record) decision.Situation {
	s := decision.Situation{Mode: p.bundle.Process.Mode, Steps: p.steps, Limited: p.capacity != nil}
	if !decided(r.State) {
		s.Evaluated = r.State
		return s
	}
	s.Selected = len(r.Rules) != 1 || r.Rules[0] != bundle.OtherwiseID
	s.Competes = p.capacity != nil && r.Units > 0
	s.Allotted = r.State
	return s
}

// decided reports whether the rules gave a result.
func decided(s decision.State) bool {
	return s != decision.Undetermined && s != decision.Failed
}

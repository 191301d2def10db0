// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/student"
)

// Stream decides about students that come in parts, such as the row groups of a
// file, in memory that does not grow with their number. next gives the parts, of
// ascending students, and then io.EOF; sink takes each part with one batch a
// process, in the order of the parts. Parts are decided by as many goroutines as
// workers says, while the next ones are read and those before are taken.
//
// A part is complete in itself, so no process may have a capacity: that needs
// all students at once (ErrNeedsAll). runs are the processes' runs, by place; the
// programs see what their models declare of a part.
func Stream(ctx context.Context, workers int, programs []*Program, runs []Run, next func() (*student.Population, error), sink func(*student.Population, []*Batch) error) error {
	for _, p := range programs {
		if p.capacity != nil {
			return ErrNeedsAll
		}
	}
	workers = max(1, workers)
	type part struct {
		population *student.Population
		decided    chan []*Batch
	}
	// A part is in one of the channels, with a worker, or with the sink.
	waiting, ordered := make(chan part), make(chan part, workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(waiting)
		defer close(ordered)
		for {
			population, err := next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			p := part{population, make(chan []*Batch, 1)}
			for _, to := range []chan part{ordered, waiting} {
				select {
				case to <- p:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	})
	for range workers {
		group.Go(func() error {
			for p := range waiting {
				batches, err := decidePart(ctx, p.population, programs, runs)
				if err != nil {
					return err
				}
				p.decided <- batches
			}
			return nil
		})
	}
	group.Go(func() error {
		for p := range ordered {
			select {
			case batches := <-p.decided:
				if err := sink(p.population, batches); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

func decidePart(ctx context.Context, population *student.Population, programs []*Program, runs []Run) ([]*Batch, error) {
	jobs := make([]Job, len(programs))
	for i, p := range programs {
		jobs[i] = Job{p, population.View(p.bundle.Information), runs[i]}
	}
	results, err := DecideTogether(ctx, 1, jobs...)
	if err != nil {
		return nil, err
	}
	batches := make([]*Batch, len(results))
	for i, r := range results {
		if r.Err != nil {
			return nil, r.Err
		}
		batches[i] = r.Batch
	}
	return batches, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/student"
)

// parts gives a population in parts of n students.
func parts(pop *student.Population, n int) func() (*student.Population, error) {
	from := 0
	return func() (*student.Population, error) {
		if from >= pop.Len() {
			return nil, io.EOF
		}
		to := min(from+n, pop.Len())
		columns := make([]*student.Column, len(pop.Columns()))
		for i, c := range pop.Columns() {
			columns[i] = &student.Column{Attribute: c.Attribute, Presence: c.Presence[from:to], Bools: c.Bools, Ints: c.Ints, Floats: c.Floats, Codes: c.Codes, Dict: c.Dict}
			if c.Type().IsList() {
				columns[i].Offsets = c.Offsets[from : to+1]
				continue
			}
			columns[i].Bools, columns[i].Ints, columns[i].Floats, columns[i].Codes = cut(c.Bools, from, to), cut(c.Ints, from, to), cut(c.Floats, from, to), cut(c.Codes, from, to)
		}
		p := student.New(pop.District, pop.At, pop.Zone, pop.Source, pop.IDs[from:to], pop.Schools[from:to], pop.Classes[from:to], columns)
		from = to
		return p, nil
	}
}

func cut[T any](values []T, from, to int) []T {
	if values == nil {
		return nil
	}
	return values[from:to]
}

func TestAStreamDecidesAsTheWhole(t *testing.T) {
	p, pop := compile(t, withoutCapacity()), many(t, 9000)
	whole, err := p.DecideAll(context.Background(), pop, run())
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 3} {
		at := 0
		sink := func(part *student.Population, batches []*engine.Batch) error {
			if len(batches) != 2 {
				t.Fatalf("%d batches for two processes", len(batches))
			}
			for _, b := range batches {
				for i := range part.Len() {
					if diff := cmp.Diff(whole.Decisions.Record(at+i), b.Decisions.Record(i)); diff != "" {
						t.Fatalf("%d workers, row %d (-whole +stream):\n%s", workers, at+i, diff)
					}
				}
			}
			at += part.Len()
			return nil
		}
		if err := engine.Stream(context.Background(), workers, []*engine.Program{p, p}, []engine.Run{run(), run()}, parts(pop, 1000), sink); err != nil {
			t.Fatal(err)
		}
		if at != pop.Len() {
			t.Errorf("%d workers: the sink saw %d students", workers, at)
		}
	}
}

func TestAStreamStopsWhereSomethingFails(t *testing.T) {
	p, pop := compile(t, withoutCapacity()), many(t, 5000)
	torn := errors.New("torn")
	next := parts(pop, 500)
	read := 0
	failing := func() (*student.Population, error) {
		if read++; read == 4 {
			return nil, torn
		}
		return next()
	}
	taken := func(*student.Population, []*engine.Batch) error { return nil }
	if err := engine.Stream(context.Background(), 2, []*engine.Program{p}, []engine.Run{run()}, failing, taken); !errors.Is(err, torn) {
		t.Errorf("a source that fails gives %v", err)
	}
	full := errors.New("full")
	if err := engine.Stream(context.Background(), 2, []*engine.Program{p}, []engine.Run{run()}, parts(pop, 500), func(*student.Population, []*engine.Batch) error { return full }); !errors.Is(err, full) {
		t.Errorf("a sink that fails gives %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := engine.Stream(ended, 2, []*engine.Program{p}, []engine.Run{run()}, parts(pop, 500), taken); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gives %v", err)
	}
	if err := engine.Stream(context.Background(), 2, []*engine.Program{compile(t, tutoring())}, []engine.Run{run()}, parts(pop, 500), taken); !errors.Is(err, engine.ErrNeedsAll) {
		t.Errorf("a process with a capacity gives %v", err)
	}
}

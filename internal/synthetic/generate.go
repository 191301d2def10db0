// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Options say what to make of a shape.
type Options struct {
	// Seed is what all draws derive from, at least one byte. Another seed gives another state.
	Seed []byte
	// Version is the version of OneRoster CSV, Version11 (also if empty) or Version12.
	Version string
	// SchoolYear is the year in which the school year begins, 1990 to 2100.
	SchoolYear int
	// Scale is the fraction of the shape's students to generate, above 0 and at most 1. 0 stands for 1. Each district is scaled by itself, to the
	// nearest student, and keeps at least one if it has any.
	Scale float64
	// Workers is how many districts are generated at once. 0 stands for GOMAXPROCS. It does not change the output.
	Workers int
}

// District is a generated district.
type District struct {
	// Slug is a DNS label made of the name, unique in the state: districts of one name get their identifiers appended.
	Slug       string
	Identifier string
	Name       string
	Locale     string
	// Enrolment is the number of students in the package. It can be 0: there are districts without students in real tables too.
	Enrolment int
	// Schools is the number of schools.
	Schools int
	// File is the package's name in the sink.
	File string
}

// IndexFile is the name of the list of districts that Generate adds to the packages.
const IndexFile = "districts.csv"

// Generate writes the package of each district of the shape, <slug>.zip, and at last IndexFile, to the sink, and returns the districts in the order of the shape.
//
// The output depends on the shape, the seed, the version, the year and the scale only; a district's package depends on no other district. Memory is
// bounded by the largest districts: about 500 bytes a student of those being generated at once.
//
// The function progress, if not nil, is told how many students of how many are done. Its calls do not overlap.
//
// The first error stops the generation; packages that are complete by then stay in the sink.
func Generate(ctx context.Context, shape Shape, o Options, sink Sink, progress func(done, total int)) ([]District, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("synthetic state: %w", err)
	}
	if err := shape.check(); err != nil {
		return nil, fmt.Errorf("synthetic state: %w", err)
	}
	shapes := make([]DistrictShape, len(shape.Districts))
	for i, d := range shape.Districts {
		shapes[i] = d.scaled(o.Scale)
	}
	districts := describe(shapes)
	g := generation{options: o, calendar: newCalendar(o.SchoolYear), sink: sink, progress: progress}
	for _, d := range districts {
		g.total += d.Enrolment
	}
	if err := g.packages(ctx, shapes, districts); err != nil {
		return nil, fmt.Errorf("synthetic state: %w", err)
	}
	if err := sink.Write(IndexFile, func(w io.Writer) error { return writeIndex(w, districts) }); err != nil {
		return nil, fmt.Errorf("synthetic state: %s: %w", IndexFile, err)
	}
	return districts, nil
}

func (o *Options) complete() error {
	if len(o.Seed) == 0 {
		return errors.New("no seed; give one of at least one byte, so that the same state can be generated again")
	}
	if o.Version == "" {
		o.Version = Version11
	}
	if o.Version != Version11 && o.Version != Version12 {
		return fmt.Errorf("OneRoster version %q is not known; use %s or %s", o.Version, Version11, Version12)
	}
	if o.SchoolYear < 1990 || o.SchoolYear > 2100 {
		return fmt.Errorf("school year %d is out of range; give the year in which it begins, 1990 to 2100", o.SchoolYear)
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if !(o.Scale > 0 && o.Scale <= 1) {
		return fmt.Errorf("scale %v is out of range; give a fraction above 0 and at most 1", o.Scale)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Workers < 0 {
		return fmt.Errorf("%d workers; give 1 or more, or 0 for one a processor", o.Workers)
	}
	return nil
}

func describe(shapes []DistrictShape) []District {
	slugs := slugs(shapes)
	districts := make([]District, len(shapes))
	for i := range shapes {
		d := &shapes[i]
		districts[i] = District{
			Slug: slugs[i], Identifier: d.Identifier, Name: d.Name, Locale: d.Locale,
			Enrolment: d.Enrolment(), Schools: len(d.Schools), File: slugs[i] + ".zip",
		}
	}
	return districts
}

// generation is one run of Generate.
type generation struct {
	options  Options
	calendar *calendar
	sink     Sink

	mutex       sync.Mutex
	progress    func(done, total int)
	done, total int
}

func (g *generation) packages(ctx context.Context, shapes []DistrictShape, districts []District) error {
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for _, i := range largestFirst(districts) {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(g.options.Workers, len(districts)) {
		group.Go(func() error {
			e := &emitter{version: g.options.Version, graded: g.advance}
			for i := range next {
				if err := g.write(ctx, e, shapes[i], districts[i]); err != nil {
					return fmt.Errorf("district %s: %w", districts[i].Slug, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// largestFirst keeps the workers evenly busy to the end.
func largestFirst(districts []District) []int {
	order := make([]int, len(districts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(districts[b].Enrolment, districts[a].Enrolment) })
	return order
}

func (g *generation) write(ctx context.Context, e *emitter, shape DistrictShape, d District) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.roster = newRoster(shape, newKey(g.options.Seed, "district", shape.Identifier), g.calendar)
	defer func() { e.roster = nil }()
	return g.sink.Write(d.File, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 256<<10)
		if err := e.write(ctx, buffered); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

func (g *generation) advance(students int) {
	if g.progress == nil {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.done += students
	g.progress(g.done, g.total)
}

func writeIndex(w io.Writer, districts []District) error {
	t := newTable(w, nil, "slug,identifier,name,enrolment,file")
	for _, d := range districts {
		t.plain(d.Slug).plain(d.Identifier).text(d.Name).number("", d.Enrolment).plain(d.File).end()
	}
	return t.flush()
}

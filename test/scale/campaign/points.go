// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/juncture-dev/juncture/test/scale"
)

// stateProcesses is how many processes the whole state is decided by: all of the
// sample.
const stateProcesses = 10

// state measures the state itself, and checks it.
func (c *campaign) state(ctx context.Context) error {
	if c.students < 0 {
		return nil
	}
	size := scale.Size{From: c.from, Students: c.students, Districts: c.districts}
	if c.from == "" {
		say("no table of schools (set JUNCTURE_DATA, or -from): the sizes of districts are drawn")
		if size.Students == 0 {
			size.Students = stateStudents
		}
		if size.Districts == 0 {
			size.Districts = min(stateDistricts, size.Students)
		}
	} else {
		size.Districts = 0
	}
	return c.with(ctx, size, func(l *laid) error {
		if err := l.measure(ctx, "state", stateProcesses); err != nil || !c.check {
			return err
		}
		manifests, err := l.manifests(stateProcesses)
		if err != nil {
			return err
		}
		say("checking: the same with 1 worker and with %d", max(2, c.workers))
		if _, err := c.juncture.Check(ctx, l.State, manifests, []int{1, max(2, c.workers)}, c.sample); err != nil {
			return err
		}
		c.report.Checked = fmt.Sprintf("with 1 worker and with %d the exports of %d decisions and the heads of %d districts' records are the same to the byte, and %d decisions that were decided again by themselves, from the record and from their district's package, are the recorded ones",
			max(2, c.workers), l.Students*stateProcesses, l.Districts, c.sample)
		return nil
	})
}

// againstStudents measures states of several sizes, drawn by one distribution.
func (c *campaign) againstStudents(ctx context.Context) error {
	for _, n := range c.sizes {
		if err := c.with(ctx, scale.Size{Students: n}, func(l *laid) error { return l.measure(ctx, "students", stateProcesses) }); err != nil {
			return err
		}
	}
	return nil
}

// againstProcesses measures one state with several numbers of processes.
func (c *campaign) againstProcesses(ctx context.Context) error {
	if len(c.processes) == 0 {
		return nil
	}
	return c.with(ctx, scale.Size{Students: c.held}, func(l *laid) error {
		for _, n := range c.processes {
			if err := l.measure(ctx, "processes", n); err != nil {
				return err
			}
		}
		return nil
	})
}

// laid is a generated state in a folder of its own.
type laid struct {
	scale.State
	*campaign
	folder   string
	generate scale.Usage
}

// with generates a state, and removes all that came of it at the end.
func (c *campaign) with(ctx context.Context, size scale.Size, do func(*laid) error) error {
	l := &laid{campaign: c}
	var err error
	if l.folder, err = os.MkdirTemp(c.dir, "juncture-scale"); err != nil {
		return err
	}
	defer os.RemoveAll(l.folder)
	size.Seed = c.seed
	if l.State, l.generate, err = c.juncture.Generate(ctx, size, filepath.Join(l.folder, "state")); err != nil {
		return err
	}
	return do(l)
}

func (l *laid) manifests(n int) (scale.Manifests, error) {
	return scale.Processes(l.samples, filepath.Join(l.folder, fmt.Sprintf("manifests-%d", n)), n)
}

// measure puts a point of a suite into the report, as often as is wanted.
func (l *laid) measure(ctx context.Context, suite string, processes int) error {
	manifests, err := l.manifests(processes)
	if err != nil {
		return err
	}
	for range l.repeat {
		point, err := l.juncture.Measure(ctx, l.State, manifests, l.workers)
		if err != nil {
			return err
		}
		point.Generate = l.generate
		say("%s: %d students, %d processes: run %.1f s, verify %.1f s", suite, point.Students, point.Processes, point.Run.Wall, point.Verify.Wall)
		l.report.Points = append(l.report.Points, measured{suite, load(), point})
		if err := l.write(); err != nil { // a long campaign that is interrupted leaves what it has
			return err
		}
	}
	return nil
}

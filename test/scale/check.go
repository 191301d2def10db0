// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// Check runs the same state several times with different numbers of workers, and
// finds out whether anything but time depends on them.
//
// Every run must decide about each student in each process once, and export the
// same bytes. The records, kept with keys that are the same in all runs, must
// have the same heads and be whole. A sample of decisions is decided again by
// itself.
func (j *Juncture) Check(ctx context.Context, s State, m Manifests, workers []int, sample int) (Counts, error) {
	plain := *j
	plain.PlainKeys = true
	folder, err := os.MkdirTemp(filepath.Dir(s.Folder), "check")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var first Export
	var heads map[string]string
	for i, n := range workers {
		store := filepath.Join(folder, fmt.Sprint(i))
		export, _, err := plain.Export(ctx, s, m, n, store, sample)
		if err != nil {
			return nil, err
		}
		if err := export.Counts.complete(s, m); err != nil {
			return nil, err
		}
		verdict, _, err := plain.Verify(ctx, store)
		if err != nil {
			return nil, err
		}
		if err := verdict.complete(s, m); err != nil {
			return nil, err
		}
		if i == 0 {
			first, heads = export, verdict.Heads
			continue
		}
		if export.Digest != first.Digest {
			return nil, fmt.Errorf("with %d workers the export is another than with %d", n, workers[0])
		}
		if !maps.Equal(heads, verdict.Heads) {
			return nil, fmt.Errorf("with %d workers the records' heads are others than with %d", n, workers[0])
		}
	}
	for _, row := range first.Sample {
		if err := plain.Explained(ctx, s, m, filepath.Join(folder, "0"), row); err != nil {
			return nil, err
		}
	}
	return first.Counts, nil
}

// complete says whether each process decided about each student once.
func (c Counts) complete(s State, m Manifests) error {
	if len(c) != len(m.Processes) {
		return fmt.Errorf("%d processes decided, and there are %d", len(c), len(m.Processes))
	}
	var errs []error
	for _, process := range m.Processes {
		if n := c.Of(process); n != s.Students {
			errs = append(errs, fmt.Errorf("process %s decided %d times, and there are %d students", process, n, s.Students))
		}
	}
	return errors.Join(errs...)
}

// complete says whether all that was decided is in the record.
func (v *Verdict) complete(s State, m Manifests) error {
	n := len(m.Processes)
	if v.Districts != s.Districts || v.Runs != s.Districts*n || v.Decisions != s.Students*n {
		return fmt.Errorf("the record holds %d decisions of %d runs in %d districts; there are %d students in %d districts and %d processes",
			v.Decisions, v.Runs, v.Districts, s.Students, s.Districts, n)
	}
	return nil
}

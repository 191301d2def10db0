// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Point is what the whole way cost for one size.
type Point struct {
	State
	Processes int `json:"processes"`
	Workers   int `json:"workers"`

	Generate Usage `json:"generate"`
	Run      Usage `json:"run"`
	Verify   Usage `json:"verify"`

	Decisions   int    `json:"decisions"`
	Counts      Counts `json:"counts"`
	RecordBytes int64  `json:"recordBytes"`
}

// Measure records the decisions about a state in a new store beside it, verifies
// the store and takes it away.
func (j *Juncture) Measure(ctx context.Context, s State, m Manifests, workers int) (p Point, err error) {
	p = Point{State: s, Processes: len(m.Processes), Workers: workers}
	store, err := os.MkdirTemp(filepath.Dir(s.Folder), "record")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(store)) }()
	if p.Counts, p.Run, err = j.Record(ctx, s, m, workers, store); err != nil {
		return p, err
	}
	if err := p.Counts.complete(s, m); err != nil {
		return p, err
	}
	verdict, usage, err := j.Verify(ctx, store)
	if err != nil {
		return p, err
	}
	p.Verify, p.RecordBytes, p.Decisions = usage, verdict.Bytes, p.Counts.Decisions()
	return p, verdict.complete(s, m)
}

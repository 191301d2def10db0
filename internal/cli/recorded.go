// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

// forward parts the tenant's processes into those that may be decided at an
// instant and those for which the record holds a later run: what is decided now
// would be in force in its place, on information that is older. A run that the
// record holds already changes nothing and is never refused.
func (t *tenant) forward(ctx context.Context, record *ledger.Ledger, at time.Time) (due []pipeline.Due, refused []pipeline.Run, err error) {
	for _, p := range t.due {
		runs, err := record.Runs(ctx, p.Name)
		if err != nil {
			return nil, nil, err
		}
		again := ledger.RunID(t.name, p.Name, p.program.Digest().String(), trigger(at))
		var later time.Time
		for _, r := range runs {
			if r.ID == again {
				later = time.Time{}
				break
			}
			if r.Mode == p.program.Bundle().Process.Mode && r.At.After(at) && r.At.After(later) {
				later = r.At
			}
		}
		if later.IsZero() {
			due = append(due, pipeline.Due{Program: p.program, Trigger: trigger(at)})
			continue
		}
		refused = append(refused, pipeline.Run{Program: p.program, Err: fmt.Errorf(
			"process %s: the record holds a later run, at %s, and decisions do not go back: give an --at after it, or another --store to try out",
			p.Name, later.Format(time.RFC3339Nano))})
	}
	return due, refused, nil
}

// differences says of the runs that were taken from the record what their
// decisions are not, though the command asked for it: in force, or made from the
// roster as it is now.
func (t *tenant) differences(ctx context.Context, record ledger.Store, runs []pipeline.Run) (differs notices, err error) {
	digest, unread := "", error(nil)
	for i := range runs {
		run := &runs[i]
		if !run.Again || run.Err != nil {
			continue
		}
		later, err := supersededBy(ctx, record, run.Receipt.Run)
		if err != nil {
			return differs, err
		}
		if later != nil {
			differs.add(t.name, "", fmt.Sprintf(
				"process %s: these decisions, by revision %s, are from the record and superseded: the later run, by revision %s at %s, stands since; to decide anew, give an --at after that",
				run.Process(), run.Program.Digest().Short(), bundle.Digest(later.Revision).Short(), later.At.Format(time.RFC3339Nano)))
		}
		if digest == "" && unread == nil {
			digest, unread = oneroster.Digest(t.source)
		}
		if unread != nil {
			differs.add(t.name, t.rosterAt(unread), fmt.Sprintf("process %s: these decisions are from the record, and whether the roster is still theirs cannot be told: %v", run.Process(), unread))
			continue
		}
		population, _, err := record.Snapshot(ctx, run.ID)
		if err != nil {
			return differs, err
		}
		if population.Source.Digest != digest {
			differs.add(t.name, t.source, fmt.Sprintf(
				"process %s: these decisions are from the record and were made from another roster than the one given now; to decide anew, give a later --at", run.Process()))
		}
	}
	return differs, nil
}

// byWeight are the modes by what their decisions may do: a run supersedes those
// of its own mode and of the lesser ones.
var byWeight = []bundle.Mode{bundle.ModeShadow, bundle.ModeAdvisory, bundle.ModeLive}

// supersededBy is the run whose decisions stand in place of a committed run's:
// the newest in the greatest mode of those after it. It is nil if there is none.
func supersededBy(ctx context.Context, record ledger.Store, run ledger.Run) (*ledger.Run, error) {
	runs, err := record.Runs(ctx, run.Process)
	if err != nil {
		return nil, err
	}
	var by *ledger.Run
	heaviest := slices.Index(byWeight, run.Mode)
	for i := range runs {
		if weight := slices.Index(byWeight, runs[i].Mode); runs[i].Sequence > run.Sequence && weight >= heaviest {
			by, heaviest = &runs[i], weight
		}
	}
	return by, nil
}

// rosterAt is the tenant's path where an error is about the roster as a whole,
// and empty otherwise. The error itself keeps silent about it: in a cluster it
// is logged.
func (t *tenant) rosterAt(err error) string {
	var fault *oneroster.Error
	if errors.As(err, &fault) && fault.File == "" {
		return t.source
	}
	return ""
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/test/scale"
)

func TestMain(m *testing.M) {
	scale.BeJuncture()
	os.Exit(m.Run())
}

const samples = "../../config/samples/state"

// TestState goes the whole way with a small state and all processes of the
// sample: packages to verified record, the same bytes with one worker and with
// two, and single decisions decided again.
func TestState(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	juncture := &scale.Juncture{Log: t.Output()}
	state, _, err := juncture.Generate(ctx, scale.Size{Students: 2400, Districts: 3, Seed: "07"}, filepath.Join(folder, "state"))
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := scale.Processes(samples, filepath.Join(folder, "manifests"), 10)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := juncture.Check(ctx, state, manifests, []int{1, 2}, 3)
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for process, states := range counts {
		if states["Failed"] > 0 {
			t.Errorf("process %s failed for %d students", process, states["Failed"])
		}
		for state := range states {
			met[state] = true
		}
	}
	for _, state := range []string{"Confirmed", "Proposed", "Offered", "Waitlisted", "NotPlaced", "Undetermined"} {
		if !met[state] {
			t.Errorf("no decision is %s, so that nothing is checked about those", state)
		}
	}
}

// TestCopies: beyond the ten samples there are copies under names of their own,
// that decide the same.
func TestCopies(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	juncture := &scale.Juncture{Log: t.Output()}
	state, _, err := juncture.Generate(ctx, scale.Size{Students: 200, Districts: 1, Seed: "07"}, filepath.Join(folder, "state"))
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := scale.Processes(samples, filepath.Join(folder, "manifests"), 12)
	if err != nil {
		t.Fatal(err)
	}
	point, err := juncture.Measure(ctx, state, manifests, 2)
	if err != nil {
		t.Fatal(err)
	}
	if point.Decisions != 12*200 {
		t.Errorf("%d decisions of 12 processes about 200 students", point.Decisions)
	}
	if diff := cmp.Diff(point.Counts["gifted-screening"], point.Counts["gifted-screening-2"]); diff != "" {
		t.Errorf("a process (-) and its copy (+) decide differently:\n%s", diff)
	}
}

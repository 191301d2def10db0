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
	juncture, state, manifests := small(t, 12)
	point, err := juncture.Measure(t.Context(), state, manifests, 2)
	if err != nil {
		t.Fatal(err)
	}
	if point.Decisions != 12*state.Students {
		t.Errorf("%d decisions of 12 processes about %d students", point.Decisions, state.Students)
	}
	if diff := cmp.Diff(point.Counts["gifted-screening"], point.Counts["gifted-screening-2"]); diff != "" {
		t.Errorf("a process (-) and its copy (+) decide differently:\n%s", diff)
	}
}

// TestChecksFind: what the campaign relies on to find faults does find them.
func TestChecksFind(t *testing.T) {
	ctx := t.Context()
	juncture, state, manifests := small(t, 2)
	store := filepath.Join(t.TempDir(), "record")
	export, _, err := juncture.Export(ctx, state, manifests, 1, store, 1)
	if err != nil {
		t.Fatal(err)
	}
	row := export.Sample[0]
	if err := juncture.Explained(ctx, state, manifests, store, row); err != nil {
		t.Fatal(err)
	}
	row.State += "?"
	if err := juncture.Explained(ctx, state, manifests, store, row); err == nil {
		t.Error("another state than the recorded one was not found")
	}
	segments, err := filepath.Glob(filepath.Join(store, "*", "segments", "*"))
	if err != nil || len(segments) == 0 {
		t.Fatal("the record has no segment", err)
	}
	content, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := juncture.Verify(ctx, store); err == nil {
		t.Error("an altered record was found whole")
	}
}

// small is a state of one district, decided by n processes.
func small(t *testing.T, n int) (*scale.Juncture, scale.State, scale.Manifests) {
	t.Helper()
	folder := t.TempDir()
	juncture := &scale.Juncture{Log: t.Output()}
	state, _, err := juncture.Generate(t.Context(), scale.Size{Students: 200, Districts: 1, Seed: "07"}, filepath.Join(folder, "state"))
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := scale.Processes(samples, filepath.Join(folder, "manifests"), n)
	if err != nil {
		t.Fatal(err)
	}
	return juncture, state, manifests
}

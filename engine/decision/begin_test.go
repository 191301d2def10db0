// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

func TestBegin(t *testing.T) {
	confirm := bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor"}
	confirmAll := bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor", AppliesTo: bundle.AppliesToAll}
	accept := bundle.Step{Role: bundle.RoleAccept, Agent: "family"}

	tests := []struct {
		name  string
		in    decision.Situation
		state decision.State
		opens string // agent of the step that opens
	}{
		{"missing information", decision.Situation{Evaluated: decision.Undetermined, Steps: []bundle.Step{confirmAll}}, decision.Undetermined, ""},
		{"failed rule", decision.Situation{Evaluated: decision.Failed, Steps: []bundle.Step{confirmAll}}, decision.Failed, ""},
		{"selected, nobody asked", decision.Situation{Selected: true}, decision.Confirmed, ""},
		{"selected, to confirm", decision.Situation{Selected: true, Steps: []bundle.Step{confirm, accept}}, decision.Proposed, "counsellor"},
		{"a confirmation comes before an acceptance, however declared", decision.Situation{Selected: true, Steps: []bundle.Step{accept, confirm}}, decision.Proposed, "counsellor"},
		{"selected, to accept", decision.Situation{Selected: true, Steps: []bundle.Step{accept}}, decision.Offered, "family"},
		{"otherwise needs no confirmation", decision.Situation{Steps: []bundle.Step{confirm, accept}}, decision.Confirmed, ""},
		{"otherwise under a step for all", decision.Situation{Steps: []bundle.Step{confirmAll}}, decision.Proposed, "counsellor"},
		{"holds a place, to confirm", decision.Situation{Selected: true, Limited: true, Competes: true, Allotted: decision.Confirmed, Steps: []bundle.Step{confirm}}, decision.Proposed, "counsellor"},
		{"holds a place, to accept", decision.Situation{Selected: true, Limited: true, Competes: true, Allotted: decision.Confirmed, Steps: []bundle.Step{accept}}, decision.Offered, "family"},
		{"selected, needs nothing of the capacity", decision.Situation{Selected: true, Limited: true, Steps: []bundle.Step{confirm}}, decision.Confirmed, ""},
		{"waits: nothing to confirm yet", decision.Situation{Selected: true, Limited: true, Competes: true, Allotted: decision.Waitlisted, Steps: []bundle.Step{confirmAll}}, decision.Waitlisted, ""},
		{"not placed", decision.Situation{Selected: true, Limited: true, Competes: true, Allotted: decision.NotPlaced, Steps: []bundle.Step{confirm}}, decision.NotPlaced, ""},
		{"shadow: the live state, nobody asked", decision.Situation{Mode: bundle.ModeShadow, Selected: true, Steps: []bundle.Step{accept}}, decision.Offered, ""},
		{"shadow: the live state, nobody confirms", decision.Situation{Mode: bundle.ModeShadow, Selected: true, Steps: []bundle.Step{confirm}}, decision.Proposed, ""},
		{"advisory: proposed even where nobody is asked", decision.Situation{Mode: bundle.ModeAdvisory, Selected: true}, decision.Proposed, ""},
		{"advisory: proposed to a person", decision.Situation{Mode: bundle.ModeAdvisory, Selected: true, Steps: []bundle.Step{confirm}}, decision.Proposed, "counsellor"},
		{"advisory: offers nothing", decision.Situation{Mode: bundle.ModeAdvisory, Selected: true, Steps: []bundle.Step{accept}}, decision.Proposed, ""},
		{"advisory: otherwise proposes nothing", decision.Situation{Mode: bundle.ModeAdvisory, Steps: []bundle.Step{confirm}}, decision.Confirmed, ""},
		{"advisory: a step for all", decision.Situation{Mode: bundle.ModeAdvisory, Steps: []bundle.Step{confirmAll}}, decision.Proposed, "counsellor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.Mode == "" {
				tt.in.Mode = bundle.ModeLive
			}
			state, step := decision.Begin(tt.in)
			opens := ""
			if step != nil {
				opens = step.Agent
			}
			if state != tt.state || opens != tt.opens {
				t.Errorf("begins %s and opens %q, want %s and %q", state, opens, tt.state, tt.opens)
			}
		})
	}
}

func TestPeoplesStepsNeverSkipsAPerson(t *testing.T) {
	b := &bundle.Bundle{
		Process: bundle.Process{Steps: []bundle.Step{
			{Role: bundle.RolePropose, Agent: "rules"},
			{Role: bundle.RoleConfirm, Agent: "checker"},
			{Role: bundle.RoleConfirm, Agent: "board"},
			{Role: bundle.RoleAccept, Agent: "nobody-declared-this"},
		}},
		Agents: []bundle.Agent{{Name: "checker", Kind: bundle.AgentAlgorithm}, {Name: "board", Kind: bundle.AgentCommittee}},
	}
	want := []bundle.Step{b.Process.Steps[2], b.Process.Steps[3]}
	if d := cmp.Diff(want, decision.PeoplesSteps(b)); d != "" {
		t.Errorf("people's steps (-want +got):\n%s", d)
	}
}

func TestSeatOf(t *testing.T) {
	tests := []struct {
		mode  bundle.Mode
		state decision.State
		units int64
		holds bool
	}{
		{bundle.ModeLive, decision.Offered, 2, true},
		{bundle.ModeLive, decision.Proposed, 2, true},
		{bundle.ModeLive, decision.Confirmed, 0, false},
		{bundle.ModeLive, decision.Waitlisted, 2, false},
		{bundle.ModeLive, decision.NotPlaced, 2, false},
		{bundle.ModeLive, decision.Undetermined, 2, true}, // held before
		{bundle.ModeLive, decision.Undetermined, 0, false},
		{bundle.ModeShadow, decision.Offered, 2, false},
		{bundle.ModeAdvisory, decision.Proposed, 2, false},
		{bundle.ModeCatalogue, decision.Confirmed, 2, false},
	}
	for _, tt := range tests {
		r := decision.Record{State: tt.state, Group: "north", Units: tt.units}
		seat, holds := decision.SeatOf(tt.mode, &r)
		if want := (decision.Seat{Group: "north", Units: tt.units}); holds != tt.holds || holds && seat != want {
			t.Errorf("%s %s with %d units: %+v, %v", tt.mode, tt.state, tt.units, seat, holds)
		}
	}
}

func TestIDIsStableAndFramesItsParts(t *testing.T) {
	// printf '11:sha256-abcd,12:2026-11-22/1,' | sha256sum; printf '16:6:boston,4:s-01,,' | sha256sum: the first halves
	const want = "79c1311d10a7d801c3b5169c68326f7f" +
		"8048c4fc8868d42d232534b42dd4c04a"
	id := decision.ID("sha256-abcd", decision.StudentKey("boston", "s-01"), "2026-11-22/1")
	if id != want {
		t.Fatalf("id %s, want %s", id, want)
	}
	for _, other := range []string{
		decision.ID("sha256-abc", "d"+decision.StudentKey("boston", "s-01"), "2026-11-22/1"),
		decision.ID("sha256-abcd", decision.StudentKey("bosto", "ns-01"), "2026-11-22/1"),
		decision.ID("sha256-abcd", decision.StudentKey("boston", "s-01"), "2026-11-22/2"),
	} {
		if other == id {
			t.Errorf("another decision has the same id %s", id)
		}
	}
}

func TestOpenTask(t *testing.T) {
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	r := decision.Record{ID: "d1", District: "boston", Process: "maths", At: at}
	got := decision.Open(r, bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor", Within: 3600, Otherwise: "Escalate", EscalateTo: "lead"})
	want := decision.Task{
		ID: got.ID, Decision: "d1", District: "boston", Process: "maths", Role: bundle.RoleConfirm, Agent: "counsellor",
		Opened: at, Due: at.Add(time.Hour), Otherwise: "Escalate", EscalateTo: "lead", State: decision.TaskOpen,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("task (-want +got):\n%s", d)
	}
	open := decision.Open(r, bundle.Step{Role: bundle.RoleAccept, Agent: "counsellor"})
	if !open.Due.IsZero() {
		t.Errorf("a step without a limit is due %v", open.Due)
	}
	if open.ID == got.ID {
		t.Error("two steps of one decision share a task id")
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/decision"
)

var update = flag.Bool("update", false, "write the generated document anew")

const document = "../../docs/decision-states.md"

// The document is generated from the table, so that the picture cannot drift.
func TestDocumentedStatesAreThoseOfTheTable(t *testing.T) {
	want := statesDocument()
	if *update {
		if err := os.MkdirAll(filepath.Dir(document), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s is not what the table says; run `go test ./engine/decision -update` (-want +got):\n%s", document, d)
	}
}

func TestTableNamesEachStepOnceAndOnlyKnownStates(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range decision.Transitions() {
		key := fmt.Sprintf("%s/%s", row.From, row.On)
		if seen[key] {
			t.Errorf("%s stands twice in the table", key)
		}
		seen[key] = true
		for _, s := range []decision.State{row.From, row.To} {
			if !s.Known() {
				t.Errorf("row %+v names the unknown state %q", row, s)
			}
		}
		got, err := decision.Next(row.From, row.On)
		if err != nil || got != row.To {
			t.Errorf("Next(%s, %s) = %s, %v; the table says %s", row.From, row.On, got, err, row.To)
		}
	}
}

// A decision cannot be stuck: every state is reached, and from every state that
// is not terminal it can be brought to an end.
func TestEveryStateIsReachedAndEnds(t *testing.T) {
	begin := map[decision.State]bool{
		decision.Undetermined: true, decision.Failed: true, decision.NotPlaced: true, decision.Waitlisted: true,
		decision.Proposed: true, decision.Confirmed: true, decision.Offered: true,
	}
	reached := map[decision.State]bool{}
	for _, row := range decision.Transitions() {
		reached[row.To] = true
	}
	for _, s := range decision.States() {
		if !begin[s] && !reached[s] {
			t.Errorf("no decision can become %s", s)
		}
		if s.Terminal() {
			continue
		}
		if !endsFrom(s, map[decision.State]bool{}) {
			t.Errorf("a decision that is %s can never end", s)
		}
		if !s.InForce() {
			continue
		}
		if to, err := decision.Next(s, decision.Override); err != nil || to != decision.Overridden {
			t.Errorf("a person must be able to override a decision that is %s: %v", s, err)
		}
	}
}

func endsFrom(s decision.State, seen map[decision.State]bool) bool {
	if s.Terminal() {
		return true
	}
	seen[s] = true
	for _, row := range decision.Transitions() {
		if row.From == s && !seen[row.To] && endsFrom(row.To, seen) {
			return true
		}
	}
	return false
}

func TestTerminalStatesHoldNoPlaceAndAreNotInForce(t *testing.T) {
	terminal := []decision.State{decision.Ended, decision.Expired, decision.Overridden, decision.Superseded}
	var got []decision.State
	for _, s := range decision.States() {
		if s.Terminal() {
			got = append(got, s)
		}
		if !s.InForce() && s.Holding() != decision.HoldsNone {
			t.Errorf("%s is not in force and yet holds a place", s)
		}
	}
	if d := cmp.Diff(terminal, got); d != "" {
		t.Errorf("terminal states (-want +got):\n%s", d)
	}
}

// What people acted on is never overwritten by a run.
func TestARunSupersedesOnlyWhatNobodyActedOn(t *testing.T) {
	for _, s := range []decision.State{decision.Accepted, decision.Enrolled, decision.Attended, decision.Appealed, decision.Overridden, decision.Declined} {
		if to, err := decision.Next(s, decision.Supersede); err == nil {
			t.Errorf("a run turned %s into %s", s, to)
		}
	}
}

func TestNextRefuses(t *testing.T) {
	tests := []struct {
		from decision.State
		on   decision.Event
		want string
	}{
		{decision.Waitlisted, decision.Accept, "a decision that is Waitlisted cannot take Accept"},
		{decision.Superseded, decision.Appeal, "a decision that is Superseded cannot take Appeal"},
		{decision.Proposed, "", "a decision that is Proposed cannot take "},
		{"Draft", decision.Confirm, `decision state "Draft" is unknown`},
	}
	for _, tt := range tests {
		_, err := decision.Next(tt.from, tt.on)
		var refused *decision.TransitionError
		if !errors.As(err, &refused) || err.Error() != tt.want {
			t.Errorf("Next(%q, %q): error %v, want %q", tt.from, tt.on, err, tt.want)
		}
	}
}

func TestUpholdReturnsToTheStateAppealedFrom(t *testing.T) {
	for _, row := range decision.Transitions() {
		if row.On != decision.Appeal {
			continue
		}
		if got, err := decision.Uphold(row.From); err != nil || got != row.From {
			t.Errorf("Uphold(%s) = %s, %v", row.From, got, err)
		}
	}
	if got, err := decision.Uphold(decision.Ended); err == nil {
		t.Errorf("Uphold(Ended) = %s: a decision that ended cannot have been under appeal", got)
	}
}

func statesDocument() string {
	var b strings.Builder
	b.WriteString(`# The states of a decision

<!-- Generated from engine/decision/state.go by "go test ./engine/decision -update". Do not edit. -->

A decision begins in one of the states on top, by what the rules, the capacity and the process's steps say, and moves only as drawn
here; anything else is refused. Offering a place is not filling it: each step from proposal to attendance has a state of its own.

` + "```mermaid\nstateDiagram-v2\n")
	for _, s := range []decision.State{
		decision.Undetermined, decision.Failed, decision.NotPlaced, decision.Waitlisted,
		decision.Proposed, decision.Confirmed, decision.Offered,
	} {
		fmt.Fprintf(&b, "    [*] --> %s\n", s)
	}
	for _, row := range decision.Transitions() {
		if !everywhere[row.On] {
			fmt.Fprintf(&b, "    %s --> %s: %s\n", row.From, row.To, row.On)
		}
	}
	b.WriteString("```\n\nFive events can happen in most states and are left out of the picture:\n\n| event | leads to | from |\n| --- | --- | --- |\n")
	for _, on := range []decision.Event{decision.Appeal, decision.Override, decision.Expire, decision.End, decision.Supersede} {
		var from []string
		var to decision.State
		for _, row := range decision.Transitions() {
			if row.On == on {
				from, to = append(from, string(row.From)), row.To
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", on, to, strings.Join(from, ", "))
	}
	b.WriteString("\nAn appeal that is turned down returns the decision to the state it was appealed from.\n\n| state | in force | place | terminal |\n| --- | --- | --- | --- |\n")
	places := map[decision.Holding]string{decision.HoldsNone: "none", decision.HoldsPlace: "held, if it needs one", decision.HoldsAsBefore: "as before"}
	yes := map[bool]string{true: "yes", false: "no"}
	for _, s := range decision.States() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s, yes[s.InForce()], places[s.Holding()], yes[s.Terminal()])
	}
	return b.String()
}

var everywhere = map[decision.Event]bool{
	decision.Appeal: true, decision.Override: true, decision.Expire: true, decision.End: true, decision.Supersede: true,
}

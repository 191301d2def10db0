// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import "github.com/juncture-dev/juncture/engine/bundle"

// Situation is all that the first state of a decision depends on.
type Situation struct {
	Mode bundle.Mode
	// Steps are the steps that people or committees take (PeoplesSteps).
	Steps []bundle.Step
	// Evaluated is Undetermined or Failed where the rules gave no result, and
	// empty where they did.
	Evaluated State
	// Selected: a rule hit, rather than otherwise.
	Selected bool
	// Competes: the process has a capacity and the decision needs part of it.
	// Allotted is then Confirmed (it got its part), Waitlisted or NotPlaced.
	Competes bool
	Allotted State
	// Limited: the process has a capacity, whether or not this decision needs
	// part of it.
	Limited bool
}

// Begin is the state in which a decision begins, and the person's step it then
// waits for (nil for none).
//
// Without a result it is Undetermined or Failed; without a place, Waitlisted or
// NotPlaced, and no step opens before a place is there. Otherwise the first
// step that applies decides: Proposed if it must be confirmed, Offered if it
// must be accepted, Confirmed if no step applies. An advisory process proposes
// what its rules select and offers nothing. In shadow mode the states are those
// of a live process, and no step opens.
func Begin(s Situation) (State, *bundle.Step) {
	if s.Evaluated != "" {
		return s.Evaluated, nil
	}
	if s.Competes && s.Allotted != Confirmed {
		return s.Allotted, nil
	}

	state, waitsFor := Confirmed, s.firstStep()
	switch {
	case waitsFor != nil && waitsFor.Role == bundle.RoleAccept:
		state = Offered
	case waitsFor != nil:
		state = Proposed
	}

	switch {
	case s.Mode == bundle.ModeShadow:
		return state, nil
	case s.Mode == bundle.ModeAdvisory && state == Offered:
		return Proposed, nil
	case s.Mode == bundle.ModeAdvisory && s.chosen():
		return Proposed, waitsFor
	}
	return state, waitsFor
}

// firstStep is the first person's step that applies: a Confirm step before an
// Accept step, as nothing is offered that somebody has yet to confirm.
func (s Situation) firstStep() *bundle.Step {
	for _, role := range []bundle.Role{bundle.RoleConfirm, bundle.RoleAccept} {
		for i := range s.Steps {
			if s.Steps[i].Role == role && (s.Steps[i].AppliesTo == bundle.AppliesToAll || s.chosen()) {
				return &s.Steps[i]
			}
		}
	}
	return nil
}

// chosen: a rule selected the student and, where there is a capacity, the
// student has a place.
func (s Situation) chosen() bool {
	return s.Selected && (!s.Limited || s.Competes)
}

// PeoplesSteps are the steps of a process that a person or a committee takes,
// in order. An agent that the bundle does not hold counts as a person: a step
// is never skipped because its agent is unknown.
func PeoplesSteps(b *bundle.Bundle) []bundle.Step {
	kinds := map[string]string{bundle.BuiltinRulesAgent: bundle.AgentRules}
	for _, a := range b.Agents {
		kinds[a.Name] = a.Kind
	}
	var steps []bundle.Step
	for _, s := range b.Process.Steps {
		if s.Role == bundle.RolePropose {
			continue
		}
		if k := kinds[s.Agent]; k == bundle.AgentRules || k == bundle.AgentAlgorithm {
			continue
		}
		steps = append(steps, s)
	}
	return steps
}

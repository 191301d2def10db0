// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import "fmt"

// Event is something that happens to a decision after it was made.
type Event string

const (
	// Confirm: the person who must confirm the proposal does.
	Confirm Event = "Confirm"
	// Decline: the person asked says no: a proposal is not confirmed, an offer
	// is refused, an accepted place or a waiting position is given up.
	Decline Event = "Decline"
	// Propose: a place came free and somebody must confirm who gets it.
	Propose Event = "Propose"
	// Offer: a place is held for the student and somebody must accept it.
	Offer Event = "Offer"
	// Place: a place came free and nobody has to confirm or accept it.
	Place Event = "Place"
	// Wait: a position on the waiting list came free.
	Wait Event = "Wait"
	// Accept: the offer is taken up.
	Accept Event = "Accept"
	// Enrol: the student is put on the list of the programme.
	Enrol Event = "Enrol"
	// Attend: the student came for the first time.
	Attend Event = "Attend"
	// End: it ran to its end, was stopped, or the student left the district.
	End Event = "End"
	// Expire: its validity ran out.
	Expire Event = "Expire"
	// Lapse: the person asked did not act in time.
	Lapse Event = "Lapse"
	// Appeal: it is contested.
	Appeal Event = "Appeal"
	// Override: a person decides otherwise. What the person decided is a
	// decision of its own.
	Override Event = "Override"
	// Supersede: a later run of the process decided anew.
	Supersede Event = "Supersede"
)

// Transition is one row of the state machine: in state From, event On leads to
// state To.
type Transition struct {
	From State
	On   Event
	To   State
}

// transitions is the whole state machine, in the order in which a decision
// usually lives through it. What is not listed is refused.
//
// A run supersedes only what nobody has taken up yet. Once a family accepted,
// the student is enrolled, or somebody contested the decision, people have
// acted on it, and only people or its own end close it.
var transitions = []Transition{
	{Undetermined, Appeal, Appealed},
	{Undetermined, Override, Overridden},
	{Undetermined, Expire, Expired},
	{Undetermined, End, Ended},
	{Undetermined, Supersede, Superseded},

	{Failed, Appeal, Appealed},
	{Failed, Override, Overridden},
	{Failed, Expire, Expired},
	{Failed, End, Ended},
	{Failed, Supersede, Superseded},

	{NotPlaced, Wait, Waitlisted},
	{NotPlaced, Propose, Proposed},
	{NotPlaced, Offer, Offered},
	{NotPlaced, Place, Confirmed},
	{NotPlaced, Appeal, Appealed},
	{NotPlaced, Override, Overridden},
	{NotPlaced, Expire, Expired},
	{NotPlaced, End, Ended},
	{NotPlaced, Supersede, Superseded},

	{Waitlisted, Propose, Proposed},
	{Waitlisted, Offer, Offered},
	{Waitlisted, Place, Confirmed},
	{Waitlisted, Decline, Declined},
	{Waitlisted, Appeal, Appealed},
	{Waitlisted, Override, Overridden},
	{Waitlisted, Expire, Expired},
	{Waitlisted, End, Ended},
	{Waitlisted, Supersede, Superseded},

	{Proposed, Confirm, Confirmed},
	{Proposed, Decline, Declined},
	{Proposed, Lapse, Lapsed},
	{Proposed, Appeal, Appealed},
	{Proposed, Override, Overridden},
	{Proposed, Expire, Expired},
	{Proposed, End, Ended},
	{Proposed, Supersede, Superseded},

	{Confirmed, Offer, Offered},
	{Confirmed, Enrol, Enrolled},
	{Confirmed, Appeal, Appealed},
	{Confirmed, Override, Overridden},
	{Confirmed, Expire, Expired},
	{Confirmed, End, Ended},
	{Confirmed, Supersede, Superseded},

	{Offered, Accept, Accepted},
	{Offered, Decline, Declined},
	{Offered, Lapse, Lapsed},
	{Offered, Appeal, Appealed},
	{Offered, Override, Overridden},
	{Offered, Expire, Expired},
	{Offered, End, Ended},
	{Offered, Supersede, Superseded},

	{Accepted, Enrol, Enrolled},
	{Accepted, Decline, Declined},
	{Accepted, Appeal, Appealed},
	{Accepted, Override, Overridden},
	{Accepted, Expire, Expired},
	{Accepted, End, Ended},

	{Enrolled, Attend, Attended},
	{Enrolled, Appeal, Appealed},
	{Enrolled, Override, Overridden},
	{Enrolled, Expire, Expired},
	{Enrolled, End, Ended},

	{Attended, Appeal, Appealed},
	{Attended, Override, Overridden},
	{Attended, Expire, Expired},
	{Attended, End, Ended},

	{Appealed, Override, Overridden},
	{Appealed, Expire, Expired},
	{Appealed, End, Ended},

	{Declined, Appeal, Appealed},
	{Lapsed, Appeal, Appealed},
}

type step struct {
	from State
	on   Event
}

var next = func() map[step]State {
	m := make(map[step]State, len(transitions))
	for _, t := range transitions {
		m[step{t.From, t.On}] = t.To
	}
	return m
}()

// Transitions is the state machine as a table, in a stable order. The caller
// owns the returned slice.
func Transitions() []Transition { return append([]Transition(nil), transitions...) }

// States are all states, those in which a decision can begin first.
func States() []State {
	return []State{
		Undetermined, Failed, NotPlaced, Waitlisted, Proposed, Confirmed, Offered,
		Accepted, Enrolled, Attended, Appealed,
		Declined, Lapsed, Ended, Expired, Overridden, Superseded,
	}
}

// TransitionError says that an event cannot happen in a state. It names no
// student.
type TransitionError struct {
	From State
	On   Event
}

func (e *TransitionError) Error() string {
	if !e.From.Known() {
		return fmt.Sprintf("decision state %q is unknown", string(e.From))
	}
	return fmt.Sprintf("a decision that is %s cannot take %s", e.From, e.On)
}

// Next is the state that an event leads to, or a *TransitionError if the event
// cannot happen in that state.
func Next(from State, event Event) (State, error) {
	if to, ok := next[step{from, event}]; ok {
		return to, nil
	}
	return "", &TransitionError{From: from, On: event}
}

// Uphold is the state that a decision returns to when its appeal is turned
// down: the one it was appealed from. It is no row of the table because the
// target depends on the past, which the record of state changes holds.
func Uphold(appealedFrom State) (State, error) {
	if _, err := Next(appealedFrom, Appeal); err != nil {
		return "", err
	}
	return appealedFrom, nil
}

// Known reports whether s is a state of this package.
func (s State) Known() bool {
	for _, k := range States() {
		if s == k {
			return true
		}
	}
	return false
}

// Terminal reports whether nothing can happen to the decision any more.
func (s State) Terminal() bool {
	for _, t := range transitions {
		if t.From == s {
			return false
		}
	}
	return s.Known()
}

// InForce reports whether the decision is the one that counts for its student
// and process. Declined and lapsed decisions do not, though they can still be
// appealed.
func (s State) InForce() bool {
	switch s {
	case Declined, Lapsed, Ended, Expired, Overridden, Superseded:
		return false
	}
	return s.Known()
}

// Holding is what a state means for the place that a decision competed for.
type Holding uint8

const (
	// HoldsNone: no place is held; one that was held is free again.
	HoldsNone Holding = iota
	// HoldsPlace: a decision that needs a place (Record.Units > 0) holds it.
	HoldsPlace
	// HoldsAsBefore: a place is held if it was held before. While an appeal is
	// open, or where nothing could be decided, nobody loses a place and nobody
	// gains one.
	HoldsAsBefore
)

// Holding says what the state means for a place.
func (s State) Holding() Holding {
	switch s {
	case Proposed, Confirmed, Offered, Accepted, Enrolled, Attended:
		return HoldsPlace
	case Appealed, Undetermined, Failed:
		return HoldsAsBefore
	}
	return HoldsNone
}

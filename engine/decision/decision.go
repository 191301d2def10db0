// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package decision is what an evaluation yields: decision records, their
// states, and the transitions between states.
package decision

import "time"

// Record is one decision about one student by one revision of one process. It
// holds student data: it never leaves the district's store but through an
// authorized read.
type Record struct {
	// ID is what the function ID gives for the revision, the student's key and
	// the trigger instance: the same decision, retried, has the same id.
	ID       string
	District string
	School   string
	Class    string
	Student  string
	Process  string
	Revision string // digest of the bundle, sha256-<hex>
	Run      string // run id
	At       time.Time

	// Rules are the ids of the rules that hit, in table order;
	// bundle.OtherwiseID where none did; empty where the state is Undetermined
	// or Failed.
	Rules  []string
	State  State
	Reason Reason
	// Result holds the process's result fields in declared order; nil where
	// there is no result.
	Result []Value
	// Priority as computed by the rule; nil where it computes none.
	Priority *float64
	// Group is the capacity group competed in (the district, school or class;
	// "" where none, or where it is unknown), Units what the
	// decision needs of it, Rank the place in the group's published order,
	// counted from 1 (0 where the decision did not compete), and Waiting the
	// position on the waiting list, counted from 1 (0 where it does not wait).
	// An Undetermined or Failed decision has group and units only if the student
	// held that place before and keeps it.
	Group   string
	Units   int64
	Rank    int
	Waiting int
	// Placement says why the decision has its place or has none: a code of
	// package allocate (Placed, Kept, NoPlaceFree, …); empty where it did not
	// compete.
	Placement string
	// Missing names the attributes that an Undetermined decision lacked, sorted.
	Missing []string
	// Failure says why a Failed decision's rule could not be evaluated; it
	// names rule and cause, never a value.
	Failure string
	// Supersedes is the id of the student's decision in this process that was in
	// force before.
	Supersedes string
	// Expires is when the decision must be made anew; zero for never.
	Expires time.Time
}

// Reason is why, as code and as text by language with the values filled in. The
// text follows from the revision and what was known of the student: records of
// a run hold the code only, and an explanation renders the text.
type Reason struct {
	Code string
	Text map[string]string
}

// The reason codes of decisions that no rule gives a reason for.
const (
	// CodeMissing: the state is Undetermined.
	CodeMissing = "MISSING_INFORMATION"
	// CodeFailed: the state is Failed.
	CodeFailed = "EVALUATION_FAILED"
)

// Value is one result field. V is nil, bool, int64, float64, string,
// time.Time (a date), or a slice of one of these.
type Value struct {
	Field string
	V     any
}

// State is where a decision stands.
type State string

const (
	// Undetermined: information is missing; Record.Missing names it.
	Undetermined State = "Undetermined"
	// Failed: a rule could not be evaluated; Record.Failure says why.
	Failed State = "Failed"

	// Proposed: a person must confirm.
	Proposed State = "Proposed"
	// Confirmed: decided; nothing is on offer, or nobody has to accept.
	Confirmed State = "Confirmed"
	// Offered: a place is held; somebody must accept it.
	Offered State = "Offered"
	// Waitlisted: no place is free; Record.Waiting is the position.
	Waitlisted State = "Waitlisted"
	// NotPlaced: no place is free and the waiting list is full.
	NotPlaced State = "NotPlaced"
	// Accepted: the offer was taken up.
	Accepted State = "Accepted"
	// Enrolled: the student is on the list of the programme.
	Enrolled State = "Enrolled"
	// Attended: the student came.
	Attended State = "Attended"

	// Declined: the offer was refused, or the proposal was not confirmed.
	Declined State = "Declined"
	// Lapsed: nobody acted in time.
	Lapsed State = "Lapsed"
	// Ended: it ran to its end, or was stopped.
	Ended State = "Ended"
	// Expired: its validity ran out; it must be decided anew.
	Expired State = "Expired"
	// Appealed: it is contested and under review.
	Appealed State = "Appealed"
	// Overridden: a person decided otherwise.
	Overridden State = "Overridden"
	// Superseded: a later run of the process decided anew.
	Superseded State = "Superseded"
)

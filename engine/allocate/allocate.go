// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Candidate is one student who may need part of a capacity.
type Candidate struct {
	Student string
	School  string // empty where none is known
	Class   string // empty where none is known
	// Units is what the student needs; 0 for nothing. Never negative.
	Units int64
	// Keys are the values of the policy's order expressions, in order; the
	// lottery has no key. Infinite values are allowed, NaN is refused.
	Keys []float64
	// Held: the student holds a place in this very group already. It counts
	// only if the policy keeps the seated.
	Held bool
}

// Arguments are what an allocation depends on beside policy and candidates.
type Arguments struct {
	Process  string
	District string
	// Seed is the run's seed; the policy's published seed goes before it.
	Seed []byte
	// Taken are the units, by group, of places that are not up for allocation:
	// those of students about whom this run decides nothing. They reduce what is
	// there to give.
	Taken map[string]int64
}

// Outcome is what became of a candidate.
type Outcome uint8

const (
	// None: the candidate needs nothing.
	None Outcome = iota
	// Seated: the candidate has what is needed.
	Seated
	// Waiting: the candidate is on the waiting list.
	Waiting
	// NotPlaced: there is no place and no room on the waiting list.
	NotPlaced
)

// The codes that say why a candidate has the outcome.
const (
	// Placed: the candidate's turn came while enough was left.
	Placed = "Placed"
	// Kept: the candidate held a place already and keeps it.
	Kept = "Kept"
	// NoPlaceFree: when the candidate's turn came, less was left than needed.
	NoPlaceFree = "NoPlaceFree"
	// BehindWaiting: enough is left for the candidate, but somebody who comes
	// before waits for more, and nobody is passed over.
	BehindWaiting = "BehindWaiting"
	// ExceedsCapacity: the candidate needs more than the group has altogether.
	// Waiting would be in vain and would keep the list from others, so that the
	// candidate is NotPlaced until the capacity or the need changes.
	ExceedsCapacity = "ExceedsCapacity"
	// WaitingListFull: no place, and no room on the waiting list.
	WaitingListFull = "WaitingListFull"
	// NoSchool and NoClass: the roster names no school (class) for the student,
	// so that it is unknown which places there are. Such students wait in a
	// group of their own, whatever the waiting list's limit, until the roster is
	// mended: none is seated on another school's places, and none is turned away.
	NoSchool = "NoSchool"
	NoClass  = "NoClass"
)

// Placement is what became of one candidate, and why.
type Placement struct {
	// Group is the district, school or class whose capacity was competed for;
	// empty for None, and where the roster names none.
	Group   string
	Outcome Outcome
	// Capacity is what the group has altogether.
	Capacity int64
	// Rank is the place in the group's order, counted from 1; 0 for None.
	Rank int
	// Waiting is the position on the group's waiting list, counted from 1; 0
	// where the candidate does not wait.
	Waiting int
	// Kept: the place was held before.
	Kept   bool
	Reason string // Placed, Kept, …; empty for None
	Ticket Ticket // zero for None
}

// CandidateError says which candidate cannot be ranked. Its text names no
// student and no value.
type CandidateError struct {
	Index int // into the candidates
	Fault string
}

func (e *CandidateError) Error() string {
	return fmt.Sprintf("candidate %d %s", e.Index, e.Fault)
}

// Allocate gives each candidate a placement, in the order of the candidates.
// The result depends on the set of candidates, not on their order.
//
// It refuses, before any place is given, a policy that Validate refuses, a
// missing seed, and (as *CandidateError) candidates that appear twice, need
// less than nothing, or have a key that is missing or not a number.
func Allocate(p *bundle.Priority, a Arguments, candidates []Candidate) ([]Placement, error) {
	placements := make([]Placement, len(candidates))
	if p == nil || p.Capacity == nil {
		return placements, nil
	}
	if err := Validate(p); err != nil {
		return nil, err
	}
	if a.Process == "" || a.District == "" {
		return nil, errors.New("allocate: the process and the district must be named: the lottery draws for them")
	}
	seed, err := Seed(p, a.Seed)
	if err != nil {
		return nil, err
	}
	if err := check(p, candidates); err != nil {
		return nil, err
	}

	l := &allocation{policy: p, candidates: candidates, placements: placements}
	drum := newDrum(seed, a.Process, a.District)
	for i, c := range candidates {
		if c.Units == 0 {
			continue
		}
		placements[i].Group = Group(p.Capacity.Per, a.District, c.School, c.Class)
		placements[i].Ticket = drum.draw(c.Student)
		l.order = append(l.order, i)
	}
	l.rank()
	for group := range l.groups() {
		capacity := l.capacity(a.District, group)
		l.seat(group, capacity, capacity-min(capacity, max(0, a.Taken[placements[group[0]].Group])))
	}
	return placements, nil
}

// Group is the district, school or class whose capacity a student competes for.
func Group(per bundle.CapacityScope, district, school, class string) string {
	switch per {
	case bundle.PerSchool:
		return school
	case bundle.PerClass:
		return class
	}
	return district
}

func check(p *bundle.Priority, candidates []Candidate) error {
	keys := 0
	for _, o := range p.Order {
		if o.Lottery == nil {
			keys++
		}
	}
	var errs []error
	seen := make(map[string]struct{}, len(candidates))
	for i, c := range candidates {
		fault := func(format string, args ...any) {
			errs = append(errs, &CandidateError{Index: i, Fault: fmt.Sprintf(format, args...)})
		}
		if _, twice := seen[c.Student]; twice {
			fault("appears twice")
		}
		seen[c.Student] = struct{}{}
		if c.Units < 0 {
			fault("needs %d units; a need is 0 or more", c.Units)
		}
		if c.Units <= 0 {
			continue
		}
		if len(c.Keys) != keys {
			fault("has %d order keys; the policy has %d", len(c.Keys), keys)
			continue
		}
		for k, v := range c.Keys {
			if math.IsNaN(v) {
				fault("has an order key %d that is not a number", k)
			}
		}
	}
	return errors.Join(errs...)
}

// allocation is one run of the mechanism.
type allocation struct {
	policy     *bundle.Priority
	candidates []Candidate
	placements []Placement
	order      []int // candidates who need something; ranked, by group
}

// rank puts the candidates in order: group by group, and within a group by who
// is kept, the keys, and the ticket.
func (l *allocation) rank() {
	descending := make([]bool, 0, len(l.policy.Order))
	for _, o := range l.policy.Order {
		if o.Lottery == nil {
			descending = append(descending, o.Descending)
		}
	}
	slices.SortFunc(l.order, func(i, j int) int {
		if n := cmp.Compare(l.placements[i].Group, l.placements[j].Group); n != 0 {
			return n
		}
		if ki, kj := l.kept(i), l.kept(j); ki != kj {
			if ki {
				return -1
			}
			return 1
		}
		for k, down := range descending {
			n := cmp.Compare(l.candidates[i].Keys[k], l.candidates[j].Keys[k])
			if n != 0 && down {
				return -n
			}
			if n != 0 {
				return n
			}
		}
		return bytes.Compare(l.placements[i].Ticket[:], l.placements[j].Ticket[:])
	})
}

func (l *allocation) kept(i int) bool {
	return l.policy.KeepSeated && l.candidates[i].Held && l.placements[i].Group != ""
}

// groups yields the ranked candidates of one group after another.
func (l *allocation) groups() func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		for from := 0; from < len(l.order); {
			to := from + 1
			for to < len(l.order) && l.placements[l.order[to]].Group == l.placements[l.order[from]].Group {
				to++
			}
			if !yield(l.order[from:to]) {
				return
			}
			from = to
		}
	}
}

// capacity is what a group has altogether; nothing where the group is unknown.
// Where a roster gives students of one class different schools, the overrides
// may name different amounts: the least is taken, so that no class is overfull.
func (l *allocation) capacity(district string, group []int) int64 {
	if l.placements[group[0]].Group == "" {
		return 0
	}
	least, last := int64(math.MaxInt64), ""
	for n, i := range group {
		school := l.school(i)
		if n > 0 && school == last {
			continue
		}
		least, last = min(least, Amount(l.policy.Capacity, district, school, l.class(i))), school
	}
	return least
}

// school and class are where overrides are looked up for a candidate: nothing
// narrower than what the capacity is counted per.
func (l *allocation) school(i int) string {
	if l.policy.Capacity.Per == bundle.PerDistrict {
		return ""
	}
	return l.candidates[i].School
}

func (l *allocation) class(i int) string {
	if l.policy.Capacity.Per != bundle.PerClass {
		return ""
	}
	return l.candidates[i].Class
}

// seat gives one ranked group its places and its waiting list.
func (l *allocation) seat(group []int, capacity, left int64) {
	unknown := l.unknownGroup(group)
	blocked, waiting := false, 0
	for n, i := range group {
		p, need := &l.placements[i], l.candidates[i].Units
		p.Rank, p.Capacity = n+1, capacity

		switch {
		case l.kept(i):
			// Kept even where the capacity has shrunk since: then nothing is
			// left for others until it is no longer exceeded.
			p.Outcome, p.Reason, p.Kept = Seated, Kept, true
			left -= min(left, need)
			continue
		case unknown != "":
			p.Reason = unknown
		case need > capacity && capacity > 0:
			p.Outcome, p.Reason = NotPlaced, ExceedsCapacity
			continue
		case need > left:
			p.Reason, blocked = NoPlaceFree, true
		case blocked:
			p.Reason = BehindWaiting
		default:
			p.Outcome, p.Reason = Seated, Placed
			left -= need
			continue
		}

		if limit := l.policy.WaitingList; limit != nil && waiting >= *limit && unknown == "" {
			p.Outcome, p.Reason = NotPlaced, WaitingListFull
			continue
		}
		waiting++
		p.Outcome, p.Waiting = Waiting, waiting
	}
}

// unknownGroup is the code for a group that the roster does not name, and empty
// for one that it does.
func (l *allocation) unknownGroup(group []int) string {
	if l.placements[group[0]].Group != "" {
		return ""
	}
	switch l.policy.Capacity.Per {
	case bundle.PerSchool:
		return NoSchool
	case bundle.PerClass:
		return NoClass
	}
	return ""
}

// Meaning is a code in plain words; the code itself where it is unknown.
func Meaning(code string) string {
	if m, ok := meanings[code]; ok {
		return m
	}
	return code
}

var meanings = map[string]string{
	Placed:          "the turn came while enough was left",
	Kept:            "held a place already and keeps it",
	NoPlaceFree:     "when the turn came, less was left than needed",
	BehindWaiting:   "enough is left, but somebody before waits for more, and nobody is passed over",
	ExceedsCapacity: "needs more than there is altogether",
	WaitingListFull: "no place is free and the waiting list is full",
	NoSchool:        "the roster names no school, so that it is unknown which places there are",
	NoClass:         "the roster names no class, so that it is unknown which places there are",
}

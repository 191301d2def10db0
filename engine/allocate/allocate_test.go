// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
)

func TestAllocate(t *testing.T) {
	byNeed := []bundle.Order{{Expression: "decision.priority", Descending: true}}
	perDistrict := func(seats int64) *bundle.Capacity {
		return &bundle.Capacity{Resource: "seats", Per: bundle.PerDistrict, Default: seats}
	}
	perSchool := func(seats int64) *bundle.Capacity {
		return &bundle.Capacity{Resource: "seats", Per: bundle.PerSchool, Default: seats}
	}
	perClass := func(seats int64) *bundle.Capacity {
		return &bundle.Capacity{Resource: "seats", Per: bundle.PerClass, Default: seats}
	}
	limit := func(n int) *int { return &n }
	needs := func(student string, key float64) allocate.Candidate {
		return allocate.Candidate{Student: student, Units: 1, Keys: []float64{key}}
	}
	at := func(c allocate.Candidate, school, class string) allocate.Candidate {
		c.School, c.Class = school, class
		return c
	}
	units := func(c allocate.Candidate, n int64) allocate.Candidate { c.Units = n; return c }
	held := func(c allocate.Candidate) allocate.Candidate { c.Held = true; return c }

	tests := []struct {
		name   string
		policy bundle.Priority
		taken  map[string]int64
		in     []allocate.Candidate
		want   string // a line a candidate: outcome code group rank waiting
	}{
		{
			name:   "in order while there are seats, then a waiting list",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(2)},
			in:     []allocate.Candidate{needs("a", 1), needs("b", 4), needs("c", 3), needs("d", 2)},
			want: `Waiting NoPlaceFree boston 4 2
Seated Placed boston 1 0
Seated Placed boston 2 0
Waiting NoPlaceFree boston 3 1`,
		},
		{
			name:   "who needs nothing does not compete",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(1)},
			in:     []allocate.Candidate{{Student: "a"}, needs("b", 1), {Student: "c", Keys: []float64{math.NaN()}}},
			want:   "None   0 0\nSeated Placed boston 1 0\nNone   0 0",
		},
		{
			name:   "ascending order",
			policy: bundle.Priority{Order: []bundle.Order{{Expression: "student.score"}}, Capacity: perDistrict(1)},
			in:     []allocate.Candidate{needs("a", 9), needs("b", math.Inf(-1))},
			want:   "Waiting NoPlaceFree boston 2 1\nSeated Placed boston 1 0",
		},
		{
			name:   "capacity zero: all wait",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(0)},
			in:     []allocate.Candidate{needs("a", 1), units(needs("b", 2), 5)},
			want:   "Waiting NoPlaceFree boston 2 2\nWaiting NoPlaceFree boston 1 1",
		},
		{
			name:   "a full waiting list",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(0), WaitingList: limit(1)},
			in:     []allocate.Candidate{needs("a", 1), needs("b", 2)},
			want:   "NotPlaced WaitingListFull boston 2 0\nWaiting NoPlaceFree boston 1 1",
		},
		{
			name:   "no waiting list",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(1), WaitingList: limit(0)},
			in:     []allocate.Candidate{needs("a", 1), needs("b", 2)},
			want:   "NotPlaced WaitingListFull boston 2 0\nSeated Placed boston 1 0",
		},
		{
			name:   "nobody is passed over by a smaller need",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(3)},
			in:     []allocate.Candidate{units(needs("a", 9), 2), units(needs("b", 8), 2), needs("c", 7)},
			want:   "Seated Placed boston 1 0\nWaiting NoPlaceFree boston 2 1\nWaiting BehindWaiting boston 3 2",
		},
		{
			name:   "a need that no capacity meets keeps nobody waiting",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(2)},
			in:     []allocate.Candidate{units(needs("a", 9), 3), units(needs("b", 8), 2)},
			want:   "NotPlaced ExceedsCapacity boston 1 0\nSeated Placed boston 2 0",
		},
		{
			name:   "each school has its own seats, rank and waiting list",
			policy: bundle.Priority{Order: byNeed, Capacity: perSchool(1)},
			in:     []allocate.Candidate{at(needs("a", 1), "north", ""), at(needs("b", 9), "south", ""), at(needs("c", 2), "north", ""), at(needs("d", 8), "south", "")},
			want: `Waiting NoPlaceFree north 2 1
Seated Placed south 1 0
Seated Placed north 1 0
Waiting NoPlaceFree south 2 1`,
		},
		{
			name:   "without a school or class on the roster: waits, whatever the limit, on nobody's seats",
			policy: bundle.Priority{Order: byNeed, Capacity: perSchool(5), WaitingList: limit(0), KeepSeated: true},
			in:     []allocate.Candidate{needs("a", 1), held(needs("b", 2)), at(needs("c", 3), "north", "")},
			want:   "Waiting NoSchool  2 2\nWaiting NoSchool  1 1\nSeated Placed north 1 0",
		},
		{
			name:   "without a class",
			policy: bundle.Priority{Order: byNeed, Capacity: perClass(5)},
			in:     []allocate.Candidate{at(needs("a", 1), "north", "")},
			want:   "Waiting NoClass  1 1",
		},
		{
			name:   "the seated come first and keep their seats",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(1), KeepSeated: true},
			in:     []allocate.Candidate{needs("a", 99), held(needs("b", 1))},
			want:   "Waiting NoPlaceFree boston 2 1\nSeated Kept boston 1 0",
		},
		{
			name:   "the seated keep their seats though the capacity shrank",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(1), KeepSeated: true},
			in:     []allocate.Candidate{held(needs("a", 2)), held(needs("b", 1)), needs("c", 99)},
			want:   "Seated Kept boston 1 0\nSeated Kept boston 2 0\nWaiting NoPlaceFree boston 3 1",
		},
		{
			name:   "a policy that does not keep the seated",
			policy: bundle.Priority{Order: byNeed, Capacity: perDistrict(1)},
			in:     []allocate.Candidate{needs("a", 99), held(needs("b", 1))},
			want:   "Seated Placed boston 1 0\nWaiting NoPlaceFree boston 2 1",
		},
		{
			name:   "seats that are not up for allocation",
			policy: bundle.Priority{Order: byNeed, Capacity: perSchool(2)},
			taken:  map[string]int64{"north": 1, "south": 7},
			in:     []allocate.Candidate{at(needs("a", 2), "north", ""), at(needs("b", 1), "north", ""), at(needs("c", 1), "south", "")},
			want:   "Seated Placed north 1 0\nWaiting NoPlaceFree north 2 1\nWaiting NoPlaceFree south 1 1",
		},
		{
			name:   "no capacity: nobody competes",
			policy: bundle.Priority{Order: byNeed},
			in:     []allocate.Candidate{needs("a", 2)},
			want:   "None   0 0",
		},
		{
			name: "a class with students of two schools has the lesser amount",
			policy: bundle.Priority{Order: byNeed, Capacity: &bundle.Capacity{Per: bundle.PerClass, Default: 9, Overrides: []bundle.CapacityOverride{
				{School: "north", Amount: 2}, {School: "south", Amount: 1},
			}}},
			in:   []allocate.Candidate{at(needs("a", 3), "north", "k"), at(needs("b", 2), "south", "k"), at(needs("c", 1), "north", "k")},
			want: "Seated Placed k 1 0\nWaiting NoPlaceFree k 2 1\nWaiting NoPlaceFree k 3 2",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := allocate.Allocate(&tt.policy, allocate.Arguments{Process: "p", District: "boston", Seed: []byte("s"), Taken: tt.taken}, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, table(got)); d != "" {
				t.Errorf("placements (-want +got):\n%s", d)
			}
		})
	}
}

func TestAmountTakesTheClosestOverride(t *testing.T) {
	c := &bundle.Capacity{Per: bundle.PerClass, Default: 1, Overrides: []bundle.CapacityOverride{
		{Class: "k", Amount: 2},
		{School: "north", Amount: 3},
		{District: "boston", Amount: 4},
		{District: "boston", School: "north", Amount: 5},
		{District: "salem", Class: "k", Amount: 6},
	}}
	tests := []struct {
		district, school, class string
		want                    int64
	}{
		{"boston", "north", "k", 2},
		{"boston", "north", "m", 5},
		{"boston", "south", "m", 4},
		{"salem", "north", "m", 3},
		{"salem", "north", "k", 6},
		{"salem", "south", "m", 1},
	}
	for _, tt := range tests {
		if got := allocate.Amount(c, tt.district, tt.school, tt.class); got != tt.want {
			t.Errorf("%s/%s/%s: %d, want %d", tt.district, tt.school, tt.class, got, tt.want)
		}
	}
}

func TestValidateNamesFieldFaultAndMend(t *testing.T) {
	minus := -1
	p := &bundle.Priority{
		Name:        "seats",
		WaitingList: &minus,
		Order: []bundle.Order{
			{},
			{Lottery: &bundle.Lottery{Seed: "xyz"}},
			{Expression: "decision.priority"},
			{Lottery: &bundle.Lottery{}},
			{Expression: "decision.priority", Lottery: &bundle.Lottery{}},
		},
		Capacity: &bundle.Capacity{Per: "Room", Default: -3, Overrides: []bundle.CapacityOverride{
			{Amount: 1}, {School: "north", Amount: -1}, {School: "north", Amount: 2},
		}},
	}
	want := []string{
		"priority policy seats: order[0] must be either an expression or a lottery; set exactly one of the two",
		"priority policy seats: order[1].lottery.seed is not hexadecimal; write an even number of the digits 0-9 and a-f",
		"priority policy seats: order[2] stands after the lottery in order[1], which leaves no ties to break; move it before the lottery or remove it",
		"priority policy seats: order[3] is a second lottery; keep one",
		"priority policy seats: order[4] must be either an expression or a lottery; set exactly one of the two",
		"priority policy seats: waitingList.maximum is -1; give 0 for no waiting list, or a positive number",
		`priority policy seats: capacity.per is "Room"; write District, School or Class`,
		"priority policy seats: capacity.default is -3; give 0 or a positive number",
		"priority policy seats: capacity.overrides[0] names no district, school or class; name one, or change capacity.default",
		"priority policy seats: capacity.overrides[1].amount is -1; give 0 or a positive number",
		"priority policy seats: capacity.overrides[2] is for the same place as overrides[1]; keep one",
	}
	err := allocate.Validate(p)
	if err == nil {
		t.Fatal("accepted")
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
	if _, refused := allocate.Allocate(p, allocate.Arguments{Process: "p", District: "d", Seed: []byte("s")}, nil); refused == nil {
		t.Error("Allocate runs a policy that Validate refuses")
	}
}

func TestOverridesMustNotBeNarrowerThanTheCapacity(t *testing.T) {
	for per, o := range map[bundle.CapacityScope]bundle.CapacityOverride{
		bundle.PerDistrict: {School: "north"},
		bundle.PerSchool:   {School: "north", Class: "k"},
	} {
		if err := allocate.Validate(&bundle.Priority{Capacity: &bundle.Capacity{Per: per, Overrides: []bundle.CapacityOverride{o}}}); err == nil {
			t.Errorf("per %s: accepts the override %+v, which could never apply", per, o)
		}
	}
}

func TestAllocateRefusesCandidatesItCannotRank(t *testing.T) {
	p := &bundle.Priority{Order: []bundle.Order{{Expression: "decision.priority"}}, Capacity: &bundle.Capacity{Per: bundle.PerDistrict, Default: 1}}
	_, err := allocate.Allocate(p, allocate.Arguments{Process: "p", District: "d", Seed: []byte("s")}, []allocate.Candidate{
		{Student: "student-a", Units: 1, Keys: []float64{math.NaN()}},
		{Student: "student-b", Units: -1, Keys: []float64{1}},
		{Student: "student-c", Units: 1},
		{Student: "student-c"},
	})
	want := "candidate 0 has an order key 0 that is not a number\ncandidate 1 needs -1 units; a need is 0 or more\n" +
		"candidate 2 has 0 order keys; the policy has 1\ncandidate 3 appears twice"
	var first *allocate.CandidateError
	if !errors.As(err, &first) || first.Index != 0 || err.Error() != want {
		t.Errorf("error %v, want\n%s", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "student-") {
		t.Error("the error names a student; it would reach logs")
	}
	if _, err := allocate.Allocate(p, allocate.Arguments{Seed: []byte("s")}, nil); err == nil {
		t.Error("a lottery for no named process and district is accepted")
	}
}

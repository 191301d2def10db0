// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Limits of what is packed on one shared evaluator.
type Limits struct {
	// Students is the enrolment in total. A larger district is alone on its evaluator.
	Students int64
	// Districts is how many, MaxDistricts at most.
	Districts int
}

// MaxDistricts is what Evaluator.spec.districts can hold.
const MaxDistricts = 64

const sharedPrefix = "shared-"

// placement is where a district belongs.
type placement struct {
	evaluator string             // its name; empty: nowhere
	isolation v1alpha1.Isolation // of an evaluator that is still to be created
	conflict  string             // why it cannot be placed as declared
}

// place finds the evaluator of a district among those of its namespace, sorted
// in any way. remembered is the evaluator that holds the district's record, if
// it has one.
func place(district *v1alpha1.District, evaluators []v1alpha1.Evaluator, remembered string, limits Limits) placement {
	if placed := placedOn(district.Name, evaluators, remembered); placed != nil {
		return stay(district, placed)
	}
	if remembered != "" {
		return comeBack(district, evaluators, remembered)
	}
	if district.Spec.Isolation == v1alpha1.IsolationDedicated {
		return alone(district, evaluators)
	}
	return pack(district, evaluators, limits)
}

// placedOn is the evaluator that the district is on: should there be several,
// the one with the record, else the first by name.
func placedOn(district string, evaluators []v1alpha1.Evaluator, remembered string) *v1alpha1.Evaluator {
	var placed *v1alpha1.Evaluator
	for i := range evaluators {
		e := &evaluators[i]
		if !holds(e, district) {
			continue
		}
		if e.Name == remembered {
			return e
		}
		if placed == nil || e.Name < placed.Name {
			placed = e
		}
	}
	return placed
}

// stay keeps a district where it is, whatever it asks for now.
func stay(district *v1alpha1.District, on *v1alpha1.Evaluator) placement {
	p := placement{evaluator: on.Name, isolation: on.Spec.Isolation}
	if district.Spec.Isolation == v1alpha1.IsolationDedicated && on.Spec.Isolation != v1alpha1.IsolationDedicated {
		p.conflict = needsMove(on.Name)
	}
	return p
}

// comeBack returns a district to its record.
func comeBack(district *v1alpha1.District, evaluators []v1alpha1.Evaluator, remembered string) placement {
	e := named(remembered, evaluators)
	isolation := v1alpha1.IsolationShared
	switch {
	case e != nil:
		isolation = e.Spec.Isolation
	case remembered == district.Name:
		isolation = v1alpha1.IsolationDedicated
	}
	switch {
	case district.Spec.Isolation == v1alpha1.IsolationDedicated && isolation != v1alpha1.IsolationDedicated:
		return placement{conflict: needsMove(remembered)}
	case e != nil && !e.DeletionTimestamp.IsZero():
		return placement{} // once it is gone, another of its name takes up the record
	case e != nil && !hasRoom(e):
		return placement{conflict: fmt.Sprintf("its record is on evaluator %s, which is full: it has %d districts", remembered, len(e.Spec.Districts))}
	}
	return placement{evaluator: remembered, isolation: isolation}
}

// alone gives a district the evaluator of its own name.
func alone(district *v1alpha1.District, evaluators []v1alpha1.Evaluator) placement {
	e := named(district.Name, evaluators)
	switch {
	case e == nil:
	case !e.DeletionTimestamp.IsZero():
		return placement{}
	case e.Spec.Isolation != v1alpha1.IsolationDedicated || !hasRoom(e):
		return placement{conflict: fmt.Sprintf("there is an evaluator %s of other districts already: give the district another name", e.Name)}
	}
	return placement{evaluator: district.Name, isolation: v1alpha1.IsolationDedicated}
}

// pack puts a district on the first shared evaluator with room, in the order of
// their numbers, else on a new one with the least free number.
func pack(district *v1alpha1.District, evaluators []v1alpha1.Evaluator, limits Limits) placement {
	taken := make(map[string]bool, len(evaluators))
	var best *v1alpha1.Evaluator
	for i := range evaluators {
		e := &evaluators[i]
		taken[e.Name] = true
		if e.Spec.Isolation != v1alpha1.IsolationDedicated && e.DeletionTimestamp.IsZero() &&
			(best == nil || compareNumbered(e.Name, best.Name) < 0) && fits(district, e, limits) {
			best = e
		}
	}
	p := placement{isolation: v1alpha1.IsolationShared}
	if best != nil {
		p.evaluator = best.Name
		return p
	}
	for n := 0; ; n++ {
		if name := sharedPrefix + strconv.Itoa(n); !taken[name] {
			p.evaluator = name
			return p
		}
	}
}

// fits says whether a shared evaluator has room for the district. An empty one
// takes any.
func fits(district *v1alpha1.District, e *v1alpha1.Evaluator, limits Limits) bool {
	if len(e.Spec.Districts) == 0 {
		return true
	}
	if len(e.Spec.Districts) >= min(limits.Districts, MaxDistricts) {
		return false
	}
	students := district.Spec.Enrolment
	for _, d := range e.Spec.Districts {
		students += d.Enrolment
	}
	return students <= limits.Students
}

// hasRoom says whether the API lets the evaluator have one more district. A
// district that comes back to its record is let in beyond the packing limits.
func hasRoom(e *v1alpha1.Evaluator) bool {
	most := MaxDistricts
	if e.Spec.Isolation == v1alpha1.IsolationDedicated {
		most = 1
	}
	return len(e.Spec.Districts) < most
}

func needsMove(evaluator string) string {
	return fmt.Sprintf("isolation is Dedicated, and its record is on the shared evaluator %s, which a change of isolation does not move: "+
		"set isolation: Shared, or, to begin a new record, delete the district and its DecisionReport", evaluator)
}

func holds(e *v1alpha1.Evaluator, district string) bool {
	return slices.ContainsFunc(e.Spec.Districts, func(d v1alpha1.PlacedDistrict) bool { return string(d.Name) == district })
}

func named(name string, evaluators []v1alpha1.Evaluator) *v1alpha1.Evaluator {
	if i := slices.IndexFunc(evaluators, func(e v1alpha1.Evaluator) bool { return e.Name == name }); i >= 0 {
		return &evaluators[i]
	}
	return nil
}

// compareNumbered puts shared-2 before shared-10.
func compareNumbered(a, b string) int {
	return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a, b))
}

func number(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, sharedPrefix))
	if err != nil {
		return 1 << 30
	}
	return n
}

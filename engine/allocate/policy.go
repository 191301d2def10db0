// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// PolicyError says what in a priority policy cannot be run. It names no
// student.
type PolicyError struct {
	Policy string
	Field  string // path within the policy, as written
	Fault  string
	Mend   string
}

func (e *PolicyError) Error() string {
	return fmt.Sprintf("priority policy %s: %s %s; %s", e.Policy, e.Field, e.Fault, e.Mend)
}

// Validate reports all that Allocate cannot run in a policy, as joined
// *PolicyErrors. It does not look into the expressions.
func Validate(p *bundle.Priority) error {
	var errs []error
	fault := func(field, what, mend string) {
		errs = append(errs, &PolicyError{Policy: p.Name, Field: field, Fault: what, Mend: mend})
	}
	validateOrder(p, fault)
	if p.WaitingList != nil && *p.WaitingList < 0 {
		fault("waitingList.maximum", fmt.Sprintf("is %d", *p.WaitingList), "give 0 for no waiting list, or a positive number")
	}
	if p.Capacity != nil {
		validateCapacity(p.Capacity, fault)
	}
	return errors.Join(errs...)
}

func validateOrder(p *bundle.Priority, fault func(field, what, mend string)) {
	lottery := -1
	for i, o := range p.Order {
		switch {
		case (o.Expression == "") == (o.Lottery == nil):
			fault(field("order", i, ""), "must be either an expression or a lottery", "set exactly one of the two")
		case o.Lottery == nil && lottery >= 0:
			fault(field("order", i, ""), fmt.Sprintf("stands after the lottery in order[%d], which leaves no ties to break", lottery), "move it before the lottery or remove it")
		case o.Lottery != nil && lottery >= 0:
			fault(field("order", i, ""), "is a second lottery", "keep one")
		case o.Lottery != nil:
			lottery = i
			if _, err := hex.DecodeString(o.Lottery.Seed); err != nil {
				fault(field("order", i, "lottery.seed"), "is not hexadecimal", "write an even number of the digits 0-9 and a-f")
			}
		}
	}
}

func validateCapacity(c *bundle.Capacity, fault func(field, what, mend string)) {
	switch c.Per {
	case bundle.PerDistrict, bundle.PerSchool, bundle.PerClass:
	default:
		fault("capacity.per", fmt.Sprintf("is %q", string(c.Per)), "write District, School or Class")
	}
	if c.Default < 0 {
		fault("capacity.default", fmt.Sprintf("is %d", c.Default), "give 0 or a positive number")
	}
	seen := map[bundle.CapacityOverride]int{}
	for i, o := range c.Overrides {
		at := field("capacity.overrides", i, "")
		if o.Amount < 0 {
			fault(at+".amount", fmt.Sprintf("is %d", o.Amount), "give 0 or a positive number")
		}
		switch {
		case o.District == "" && o.School == "" && o.Class == "":
			fault(at, "names no district, school or class", "name one, or change capacity.default")
		case c.Per == bundle.PerDistrict && o.School+o.Class != "":
			fault(at, "names a school or class of a capacity that is counted per district", "count the capacity per School or Class, or name the district only")
		case c.Per == bundle.PerSchool && o.Class != "":
			fault(at, "names a class of a capacity that is counted per school", "count the capacity per Class, or name the school only")
		}
		place := bundle.CapacityOverride{District: o.District, School: o.School, Class: o.Class}
		if first, twice := seen[place]; twice {
			fault(at, fmt.Sprintf("is for the same place as overrides[%d]", first), "keep one")
			continue
		}
		seen[place] = i
	}
}

func field(list string, i int, rest string) string {
	s := fmt.Sprintf("%s[%d]", list, i)
	if rest != "" {
		s += "." + rest
	}
	return s
}

// Amount is the capacity of a place: the override that names it most closely
// (class before school before district, and the more of them the closer), else
// the default.
func Amount(c *bundle.Capacity, district, school, class string) int64 {
	amount, closest := c.Default, 0
	for _, o := range c.Overrides {
		if o.District != "" && o.District != district ||
			o.School != "" && o.School != school ||
			o.Class != "" && o.Class != class {
			continue
		}
		if n := closeness(o); n > closest {
			amount, closest = o.Amount, n
		}
	}
	return amount
}

// closeness orders overrides by what they name: a class outweighs a school and
// a district together, a school outweighs a district.
func closeness(o bundle.CapacityOverride) (n int) {
	if o.District != "" {
		n++
	}
	if o.School != "" {
		n += 2
	}
	if o.Class != "" {
		n += 4
	}
	return n
}

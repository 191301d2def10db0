// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"math"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Plan is what a source has to read: the union of the attributes that several
// models want. Attributes whose values are determined alike are read once, even
// if models give them different names or missing-value policies.
type Plan struct {
	attributes []bundle.Attribute
}

// NewPlan unites models. Attributes keep the order in which the models first
// name them.
func NewPlan(models ...bundle.Model) *Plan {
	p := &Plan{}
	seen := map[identity]bool{}
	for _, m := range models {
		for _, a := range m.Attributes {
			key := identityOf(a)
			if seen[key] {
				continue
			}
			seen[key] = true
			p.attributes = append(p.attributes, a)
		}
	}
	return p
}

// Attributes are the distinct attributes to read.
func (p *Plan) Attributes() []bundle.Attribute {
	if p == nil {
		return nil
	}
	return p.attributes
}

// SameValues reports whether two attributes have the same value for every
// student, whatever they are called and whatever rules make of a missing one.
func SameValues(a, b bundle.Attribute) bool { return identityOf(a) == identityOf(b) }

// identity is all that determines an attribute's values, and nothing else: what
// a rule makes of a missing value, and who may read it, do not.
type identity struct {
	typ                 bundle.Type
	oneRoster           bundle.OneRoster
	maxItems, maxLength int
	minimum, maximum    bound
	name                string
}

// bound is a bound that may not be set. Its bits are compared, so that two that
// are no number are alike.
type bound struct {
	set  bool
	bits uint64
}

func boundOf(v *float64) bound {
	if v == nil {
		return bound{}
	}
	return bound{true, math.Float64bits(*v)}
}

func identityOf(a bundle.Attribute) identity {
	id := identity{typ: a.Type, minimum: boundOf(a.Minimum), maximum: boundOf(a.Maximum)}
	if a.From.OneRoster != nil {
		id.oneRoster = *a.From.OneRoster
	} else {
		id.name = a.Name // values that are given, not drawn, are told apart by name alone
	}
	if a.Type.IsList() {
		id.maxItems = MaxItems(a)
	}
	if a.Type.Element() == bundle.String {
		id.maxLength = MaxLength(a)
	}
	return id
}

// MaxItems is the most elements a list of the attribute may have.
func MaxItems(a bundle.Attribute) int {
	if a.MaxItems > 0 {
		return min(a.MaxItems, bundle.MaxListItems)
	}
	return bundle.MaxListItems
}

// MaxLength is the most bytes a string of the attribute may have.
func MaxLength(a bundle.Attribute) int {
	if a.MaxLength > 0 {
		return min(a.MaxLength, bundle.MaxStringLength)
	}
	return bundle.MaxStringLength
}

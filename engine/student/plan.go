// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"encoding/json"

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
	seen := map[string]bool{}
	for _, m := range models {
		for _, a := range m.Attributes {
			key := valueKey(a)
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
func SameValues(a, b bundle.Attribute) bool { return valueKey(a) == valueKey(b) }

// valueKey names all that determines an attribute's values, and nothing else:
// what a rule makes of a missing value, and who may read it, do not.
func valueKey(a bundle.Attribute) string {
	determines := struct {
		Type      bundle.Type
		From      bundle.From
		MaxItems  int
		MaxLength int
		Minimum   *float64
		Maximum   *float64
		Name      string
	}{a.Type, a.From, MaxItems(a), MaxLength(a), a.Minimum, a.Maximum, ""}
	if a.From == (bundle.From{}) {
		determines.Name = a.Name // values that are given, not drawn, are told apart by name alone
	}
	if !a.Type.IsList() {
		determines.MaxItems = 0
	}
	if a.Type.Element() != bundle.String {
		determines.MaxLength = 0
	}
	key, err := json.Marshal(determines)
	if err != nil {
		// Only a bound that is no number (NaN, infinity) cannot be marshalled;
		// such an attribute shares its column with none of another name.
		return "unmarshallable " + a.Name
	}
	return string(key)
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

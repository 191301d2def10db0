// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// FromValues is a population whose attributes' values are given, for rule tests
// and for decisions about students who come one by one. Each row holds JSON
// values by attribute name; a name left out, or null, is Absent. Dates are
// strings YYYY-MM-DD. Aggregates are not applied: the values are final.
//
// Rows are numbered: their IDs are the row numbers, padded so that they sort.
// A name the model does not declare, a value of another type, or one outside
// the attribute's bounds is an error that names row and attribute, but never
// the value.
func FromValues(model bundle.Model, at time.Time, rows []map[string]json.RawMessage) (*Population, error) {
	if err := declared(model, rows); err != nil {
		return nil, err
	}
	order := make([]int32, len(rows))
	ids := make([]string, len(rows))
	width := len(strconv.Itoa(len(rows)))
	for i := range rows {
		order[i] = int32(i)
		ids[i] = fmt.Sprintf("%0*d", width, i)
	}
	columns := make([]*Column, len(model.Attributes))
	for k, a := range model.Attributes {
		plain := a
		plain.From = bundle.From{} // the value itself: nothing to select or aggregate
		b := NewBuilder(plain)
		empty := make([]bool, len(rows))
		for i, row := range rows {
			fault := ""
			if value, ok := row[a.Name]; ok {
				fault, empty[i] = b.fromJSON(int32(i), value)
			}
			if fault != "" {
				return nil, fmt.Errorf("row %d: attribute %s: %s", i, a.Name, fault)
			}
		}
		var tooMany error
		columns[k] = b.Column(Layout{Len: len(rows), Rows: order, Fault: func(_ uint32, fault string) {
			tooMany = fmt.Errorf("attribute %s: %s", a.Name, fault)
		}})
		if tooMany != nil {
			return nil, tooMany
		}
		for i, is := range empty {
			if is { // a list that is there and has no element
				columns[k].Presence[i] = Present
			}
		}
		columns[k].Attribute = a
	}
	return New("", at, time.UTC, Origin{Kind: "values"}, ids, make([]string, len(rows)), make([]string, len(rows)), columns), nil
}

func declared(model bundle.Model, rows []map[string]json.RawMessage) error {
	known := make(map[string]bool, len(model.Attributes))
	for _, a := range model.Attributes {
		known[a.Name] = true
	}
	for i, row := range rows {
		for _, name := range slices.Sorted(maps.Keys(row)) {
			if !known[name] {
				return fmt.Errorf("row %d: attribute %q is not declared by information model %q: declare it or leave it out", i, name, model.Name)
			}
		}
	}
	return nil
}

// fromJSON adds a JSON value. It reports what is wrong with it, and whether it is a
// list without elements.
func (b *Builder) fromJSON(student int32, value json.RawMessage) (fault string, emptyList bool) {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || string(value) == "null" {
		return "", false
	}
	f := Fact{Student: student, Day: Undated}
	if !b.attribute.Type.IsList() {
		return b.jsonElement(f, value), false
	}
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return "must be a list, as its type is " + string(b.attribute.Type), false
	}
	if len(list) > MaxItems(b.attribute) {
		return FaultTooMany, false
	}
	for _, element := range list {
		if fault := b.jsonElement(f, element); fault != "" {
			return fault, false
		}
	}
	return "", len(list) == 0
}

func (b *Builder) jsonElement(f Fact, value json.RawMessage) (fault string) {
	element := b.attribute.Type.Element()
	mismatch := "must be " + article(element) + ", as its type is " + string(b.attribute.Type)
	switch element {
	case bundle.Boolean:
		var v bool
		if string(value) != "true" && string(value) != "false" || json.Unmarshal(value, &v) != nil {
			return mismatch
		}
		b.Boolean(f, v)
		return ""
	case bundle.Integer:
		v, ok := jsonInteger(value)
		if !ok {
			return mismatch
		}
		return b.Integer(f, v)
	case bundle.Number:
		var v *float64
		if json.Unmarshal(value, &v) != nil || v == nil {
			return mismatch
		}
		return b.Number(f, *v)
	}
	var text *string
	if json.Unmarshal(value, &text) != nil || text == nil {
		return mismatch
	}
	if element == bundle.String {
		return b.Text(f, *text)
	}
	day, err := time.Parse(time.DateOnly, *text)
	if element != bundle.Date || err != nil {
		return mismatch
	}
	return b.Integer(f, day.Unix()/86400)
}

// jsonInteger also takes 3.0 and 3e2: JSON knows no integers, and some writers
// add a fraction of zero.
func jsonInteger(value json.RawMessage) (int64, bool) {
	text := string(value)
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, true
	}
	var v *float64
	if json.Unmarshal(value, &v) != nil || v == nil {
		return 0, false
	}
	const exact = 1 << 53
	if *v != math.Trunc(*v) || *v > exact || *v < -exact {
		return 0, false
	}
	return int64(*v), true
}

func article(t bundle.Type) string {
	switch t {
	case bundle.Boolean:
		return "true or false"
	case bundle.Integer:
		return "an integer"
	case bundle.Number:
		return "a number"
	case bundle.Date:
		return "a date YYYY-MM-DD"
	}
	return "a string"
}

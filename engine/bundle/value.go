// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ItemLimit is the most elements a value of the attribute may have: MaxItems,
// or the engine's limit where none is declared.
func (a *Attribute) ItemLimit() int { return cmp.Or(a.MaxItems, MaxListItems) }

// LengthLimit is the most bytes that a string of the attribute may have:
// MaxLength, or the engine's limit where none is declared.
func (a *Attribute) LengthLimit() int { return cmp.Or(a.MaxLength, MaxStringLength) }

// OrderColumn is the date column that orders facts: OrderBy, or the file's own
// where none is named; empty for files whose rows carry no order.
func (r *OneRoster) OrderColumn() string {
	switch {
	case r.OrderBy != "":
		return r.OrderBy
	case r.File == "results":
		return "scoreDate"
	case r.File == "enrollments":
		return "beginDate"
	}
	return ""
}

// ParseValue reads a JSON value of a type as columns hold it: bool, int64,
// float64, string, []int64, []float64 or []string, where a date, written
// "2006-01-02", is its number of days since 1970-01-01. Errors name no value.
func ParseValue(t Type, raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errors.New("not valid JSON")
	}
	if !t.IsList() {
		return parseScalar(t, v)
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("want a list for %s", t)
	}
	switch t.Element() {
	case Integer, Date:
		return parseList[int64](t, items)
	case Number:
		return parseList[float64](t, items)
	default:
		return parseList[string](t, items)
	}
}

func parseList[T any](t Type, items []any) (any, error) {
	list := make([]T, len(items))
	for i, item := range items {
		v, err := parseScalar(t.Element(), item)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = v.(T)
	}
	return list, nil
}

func parseScalar(t Type, v any) (any, error) {
	switch t {
	case Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case Integer:
		if n, ok := v.(json.Number); ok {
			if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
				return i, nil
			}
		}
	case Number:
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil && !math.IsInf(f, 0) {
				return f, nil
			}
		}
	case String:
		if s, ok := v.(string); ok {
			return s, nil
		}
	case Date:
		if s, ok := v.(string); ok {
			if day, err := time.Parse(time.DateOnly, s); err == nil {
				return day.Unix() / 86400, nil
			}
			return nil, errors.New(`want a date as "2006-01-02"`)
		}
	default:
		return nil, fmt.Errorf("%q is no type", t)
	}
	return nil, fmt.Errorf("want a value of type %s", t)
}

// Valid reports whether t is one of the types of this package.
func (t Type) Valid() bool {
	switch t {
	case Boolean, Integer, Number, String, Date, IntegerList, NumberList, StringList, DateList:
		return true
	}
	return false
}

// TypeNames lists all types, for messages.
func TypeNames() string {
	names := []Type{Boolean, Integer, Number, String, Date, IntegerList, NumberList, StringList, DateList}
	var s strings.Builder
	for i, n := range names {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(string(n))
	}
	return s.String()
}

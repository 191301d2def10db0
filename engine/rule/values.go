// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Errors of values that a result or a priority cannot hold.
var (
	errOutsideValues = errors.New("outside the field's values")
	errBelowMinimum  = errors.New("below the field's minimum")
	errAboveMaximum  = errors.New("above the field's maximum")
	errNotFinite     = errors.New("not a finite number")
	errNotADate      = errors.New("not a date: not midnight UTC")
	errTooLong       = errors.New("longer than a value may be")
	errNoValue       = errors.New("no rule hit, so there is no extreme value")
	errOverflow      = errors.New("integer overflow")
)

// nativeOf converts what an expression gave to a result's value: bool, int64,
// float64, string, time.Time or a slice of one of these.
func nativeOf(t bundle.Type, v ref.Val) (any, error) {
	if !t.IsList() {
		return scalarOf(v)
	}
	switch t {
	case bundle.IntegerList:
		return listOf[int64](v)
	case bundle.NumberList:
		return listOf[float64](v)
	case bundle.StringList:
		return listOf[string](v)
	default:
		return listOf[time.Time](v)
	}
}

func scalarOf(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Double:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, errNotFinite
	case types.String:
		if len(v) > MaxStringSize {
			return nil, errTooLong
		}
		return string(v), nil
	case types.Timestamp:
		if t := v.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
			return t, nil
		}
		return nil, errNotADate
	}
	return nil, errors.New("not a value of a result")
}

func listOf[T any](v ref.Val) ([]T, error) {
	items, ok := v.(traits.Lister)
	if !ok {
		return nil, errors.New("not a list")
	}
	n := items.Size().(types.Int)
	if n > bundle.MaxListItems {
		return nil, errTooLong
	}
	out := make([]T, 0, n)
	for it := items.Iterator(); it.HasNext() == types.True; {
		item, err := scalarOf(it.Next())
		if err != nil {
			return nil, err
		}
		typed, ok := item.(T)
		if !ok {
			return nil, errors.New("not a list of one type")
		}
		out = append(out, typed)
	}
	return out, nil
}

// allowed holds a value to what its field allows, element by element.
func allowed(f *bundle.Field, value any) error {
	switch v := value.(type) {
	case []int64:
		return eachAllowed(f, v)
	case []float64:
		return eachAllowed(f, v)
	case []string:
		return eachAllowed(f, v)
	case string:
		if len(f.Values) > 0 && !slices.Contains(f.Values, v) {
			return errOutsideValues
		}
	case int64:
		return withinInteger(f, v)
	case float64:
		if f.Minimum != nil && v < *f.Minimum {
			return errBelowMinimum
		}
		if f.Maximum != nil && v > *f.Maximum {
			return errAboveMaximum
		}
	}
	return nil
}

func eachAllowed[T any](f *bundle.Field, list []T) error {
	for _, v := range list {
		if err := allowed(f, v); err != nil {
			return err
		}
	}
	return nil
}

// withinInteger compares exactly: as doubles, 2^53 and 2^53+1 are alike.
func withinInteger(f *bundle.Field, v int64) error {
	if f.Minimum != nil && types.Int(v).Compare(types.Double(*f.Minimum)) == types.IntNegOne {
		return errBelowMinimum
	}
	if f.Maximum != nil && types.Int(v).Compare(types.Double(*f.Maximum)) == types.IntOne {
		return errAboveMaximum
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"math"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// aggregate gathers the hits' results for RuleOrder and Collect. Without hits,
// lists are empty, counts and sums 0, and extremes an error.
func (e *Evaluator) aggregate(hits []hit) ([]any, error) {
	fields := e.p.bundle.Process.Result
	result := make([]any, len(fields))
	for i := range fields {
		value, err := e.aggregateField(hits, i)
		if err == nil {
			err = allowed(&fields[i], value)
		}
		if err != nil {
			return nil, err
		}
		result[i] = value
	}
	return result, nil
}

func (e *Evaluator) aggregateField(hits []hit, i int) (any, error) {
	f := &e.p.bundle.Process.Result[i]
	if e.p.gathersLists() {
		switch f.Type {
		case bundle.IntegerList:
			return gather[int64](hits, i), nil
		case bundle.NumberList:
			return gather[float64](hits, i), nil
		case bundle.StringList:
			return gather[string](hits, i), nil
		default:
			return gather[time.Time](hits, i), nil
		}
	}
	if e.p.bundle.Rules.Collect == bundle.CollectCount {
		return int64(len(hits)), nil
	}
	if f.Type == bundle.Integer {
		return fold(hits, i, e.p.bundle.Rules.Collect, addExactly)
	}
	return fold(hits, i, e.p.bundle.Rules.Collect, addFinitely)
}

func gather[T any](hits []hit, i int) []T {
	values := make([]T, len(hits))
	for j := range hits {
		values[j] = hits[j].result[i].(T)
	}
	return values
}

func fold[T int64 | float64](hits []hit, i int, how string, add func(a, b T) (T, error)) (any, error) {
	var total T
	for j, v := range gather[T](hits, i) {
		if j == 0 {
			total = v
			continue
		}
		var err error
		if total, err = join(how, total, v, add); err != nil {
			return nil, err
		}
	}
	if len(hits) == 0 && how != bundle.CollectSum {
		return nil, errNoValue
	}
	return total, nil
}

// join is a total with one value more.
func join[T int64 | float64](how string, total, v T, add func(a, b T) (T, error)) (T, error) {
	switch how {
	case bundle.CollectMinimum:
		return min(total, v), nil
	case bundle.CollectMaximum:
		return max(total, v), nil
	}
	return add(total, v)
}

func addExactly(a, b int64) (int64, error) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, errOverflow
	}
	return a + b, nil
}

func addFinitely(a, b float64) (float64, error) {
	if s := a + b; !math.IsInf(s, 0) {
		return s, nil
	}
	return 0, errNotFinite
}

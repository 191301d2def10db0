// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"strings"

	"cel.dev/cel-go/interpreter"
)

// causes are why an evaluation may fail: what cel-go's message begins with, and
// the words for it. The message itself may hold a student's values and is never
// passed on.
var causes = []struct{ begins, cause string }{
	{"division by zero", "division by zero"},
	{"modulus by zero", "modulus by zero"},
	{"integer overflow", "integer overflow"},
	{"timestamp overflow", "timestamp out of range"},
	{"duration overflow", "duration out of range"},
	{"index out of bounds", "index out of bounds"},
	{"no such key", "no such key"},
	{"mean called on empty list", "mean of an empty list"},
	{"min called on empty list", "minimum of an empty list"},
	{"max called on empty list", "maximum of an empty list"},
	{"first called with a negative count", "first with a negative count"},
	{"last called with a negative count", "last with a negative count"},
	{"type conversion error", "value cannot be converted"},
	{"invalid RFC 3339 timestamp", "value cannot be converted"},
	{"no such overload", "no such overload"},
}

// causeOf names why an evaluation failed, from a closed list and without any
// student's value.
func causeOf(err error) string {
	var inVariable *variableError
	if errors.As(err, &inVariable) {
		return "variable " + inVariable.variable + ": " + causeOf(inVariable.err)
	}
	var bound *boundError
	if errors.As(err, &bound) {
		return bound.Error()
	}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		return "cost limit exceeded"
	}
	for _, known := range []error{errOutsideValues, errBelowMinimum, errAboveMaximum, errNotFinite, errNotADate, errTooLong, errNoValue, errOverflow, errNoPriority, errUnits, errKey} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for _, c := range causes {
		if strings.HasPrefix(err.Error(), c.begins) {
			return c.cause
		}
	}
	return "evaluation error"
}

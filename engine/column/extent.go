// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
)

// Limits are the most elements of a list and the most bytes of a string that an
// expression may compute; 0 for no limit. An expression whose values the bounds
// of the inputs do not keep within is refused.
type Limits struct{ Items, Length int }

// extent is the most elements of a list, and the most bytes of a string or of an
// element.
type extent struct{ items, length int }

const unlimited = 1 << 40

// bounded refuses a term that may be larger than the limits allow.
func (l *tree) bounded(e ast.Expr, t *term) (*term, error) {
	switch {
	case t.op == opConst || t.op == opRead:
	case l.limits.Length > 0 && t.extent.length > l.limits.Length:
		return nil, refuse(e, "a string that may have more than %d bytes", l.limits.Length)
	case l.limits.Items > 0 && t.extent.items > l.limits.Items:
		return nil, refuse(e, "a list that may have more than %d elements", l.limits.Items)
	}
	return t, nil
}

// extentOf is a term's, by those of its arguments.
func (l *lowering) extentOf(t *term) extent {
	x := unboundedExtent(t.typ)
	if x == (extent{}) {
		return x
	}
	switch t.op {
	case opConst:
		return extentOfValue(t.value)
	case opRead:
		return x.within(&l.inputs[t.input])
	case opIf:
		a, b := t.args[1].extent, t.args[2].extent
		return extent{max(a.items, b.items), max(a.length, b.length)}
	case opAdd:
		a, b := t.args[0].extent, t.args[1].extent
		if t.typ.Kind == String {
			return extent{length: min(a.length+b.length, unlimited)}
		}
		return extent{min(a.items+b.items, unlimited), max(a.length, b.length)}
	case opList:
		x = extent{items: len(t.args)}
		for _, a := range t.args {
			x.length = max(x.length, a.extent.length)
		}
	case opIndex:
		x.length = t.args[0].extent.length
	case opLoop:
		x = extent{t.args[0].extent.items, t.args[len(t.args)-1].extent.length}
		if t.kind == loopFilter {
			x.length = t.args[0].extent.length
		}
	case opCall:
		return extentOfCall(t, x)
	}
	return x
}

// unboundedExtent is that of any value of a type.
func unboundedExtent(t Type) (x extent) {
	if t.Kind == String || t.Elem == String {
		x.length = unlimited
	}
	if t.Kind == List {
		x.items = unlimited
	}
	return x
}

// within is the extent of an input's values.
func (x extent) within(in *Input) extent {
	if in.Items > 0 {
		x.items = min(x.items, in.Items)
	}
	if in.Length > 0 {
		x.length = min(x.length, in.Length)
	}
	return x
}

func extentOfCall(t *term, x extent) extent {
	if _, ok := textMaps[t.call]; ok { // a byte that is no UTF-8 may become three
		return extent{length: min(3*t.args[0].extent.length, unlimited)}
	}
	switch t.call {
	case overloads.BoolToString, overloads.IntToString, overloads.DoubleToString, overloads.TimestampToString, overloads.DurationToString:
		const longest = 64 // none of them comes near
		return extent{length: longest}
	case callLookup:
		return extent{length: extentOfValue(t.value.(writtenMap).Values).length} //nolint:forcetypeassert // of such a call
	case "list_a_first_int", "list_a_last_int":
		return t.args[0].extent
	case "list_string_min", "list_string_max":
		return extent{length: t.args[0].extent.length}
	}
	return x
}

func extentOfValue(v any) extent {
	switch v := v.(type) {
	case string:
		return extent{length: len(v)}
	case []string:
		x := extent{items: len(v)}
		for _, s := range v {
			x.length = max(x.length, len(s))
		}
		return x
	case []bool:
		return extent{items: len(v)}
	case []int64:
		return extent{items: len(v)}
	case []float64:
		return extent{items: len(v)}
	case []Instant:
		return extent{items: len(v)}
	case []time.Duration:
		return extent{items: len(v)}
	}
	return extent{}
}

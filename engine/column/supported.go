// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
)

// supported refuses a term for which there is no kernel.
func supported(e ast.Expr, t *term) error {
	switch t.op {
	case opLess, opLessEqual, opGreater, opGreaterEqual, opEqual, opNotEqual:
		return compared(e, t)
	case opAdd:
		if (t.typ.Kind == String || t.typ.Kind == List) && t.args[0].typ != t.args[1].typ {
			return refuse(e, "the joining of unlike lists")
		}
	case opIn:
		if t.args[1].typ.Kind != List || t.args[1].typ.Elem != t.args[0].typ.Kind {
			return refuse(e, "membership in what is no list of such values")
		}
	case opIf:
		if t.typ.Kind == Map || t.args[1].typ != t.typ || t.args[2].typ != t.typ {
			return refuse(e, "a choice between unlike values")
		}
	case opIndex:
		if t.args[0].typ.Kind != List || t.args[1].typ.Kind != Int {
			return refuse(e, "an index into what is no list")
		}
	case opSize:
		if k := t.args[0].typ.Kind; k != List && k != String {
			return refuse(e, "the size of a map")
		}
	case opCall:
		return callable(e, t)
	}
	return nil
}

func compared(e ast.Expr, t *term) error {
	a, b := t.args[0].typ, t.args[1].typ
	switch {
	case a.Kind == Map || b.Kind == Map:
		return refuse(e, "the comparison of maps")
	case a != b:
		return refuse(e, "the comparison of a %s with a %s", a.Kind, b.Kind)
	case a.Kind == List && t.op != opEqual && t.op != opNotEqual:
		return refuse(e, "the ordering of lists")
	}
	return nil
}

func callable(e ast.Expr, t *term) error {
	if _, ok := calls[t.call]; !ok {
		return refuse(e, "the function with overload %s", t.call)
	}
	switch t.call {
	case overloads.Matches, overloads.MatchesString:
		if patternOf(t) == nil {
			return refuse(e, "a regular expression that is computed or faulty")
		}
	case overloads.TimestampToString:
		if zoned(t.args[0]) {
			return refuse(e, "the text of an instant whose zone may not be UTC")
		}
	case "list_a_index_of_int", "list_a_last_index_of_int":
		if t.args[0].typ != (Type{List, t.args[1].typ.Kind}) {
			return refuse(e, "a search in what is no list of such values")
		}
	}
	return nil
}

// kernel makes the code of a function's call.
type kernel func(g *generator, t *term, args []*code, depth int) *code

// calls are the functions that have a kernel, by overload.
var calls = func() map[string]kernel {
	all := map[string]kernel{
		overloads.Matches: matchText, overloads.MatchesString: matchText,
		"math_is_finite_double": isFinite, "math_abs_int": absInt, "math_sign_int": signInt,
		"list_a_index_of_int": indexOf, "list_a_last_index_of_int": lastIndexOf, "list_a_first_int": first, "list_a_last_int": last,
		callLookup: lookUpWritten, callHasKey: hasWritten,
		"list_int_mean": mean, "list_double_mean": mean,
	}
	for _, id := range []string{
		overloads.StringToBool, overloads.StringToInt, overloads.StringToDouble, overloads.StringToTimestamp, overloads.StringToDuration,
		overloads.DoubleToInt, overloads.IntToDouble, overloads.TimestampToInt, overloads.DurationToInt, overloads.IntToTimestamp,
		overloads.BoolToString, overloads.IntToString, overloads.DoubleToString, overloads.TimestampToString, overloads.DurationToString,
	} {
		all[id] = convert
	}
	for _, kind := range []Kind{Int, Double, Duration} {
		all["list_"+kind.String()+"_sum"] = sum
	}
	for _, kind := range []Kind{Int, Double, Duration, Bool, String, Timestamp} {
		list := "list_" + kind.String()
		all[list+"_isSorted"], all[list+"_min"], all[list+"_max"] = isSorted, listMin, listMax
	}
	addAll(all, textTests, testText)
	addAll(all, textMaps, mapText)
	addAll(all, timeParts, timePart)
	addAll(all, durationParts, durationPart)
	addAll(all, doubleMaps, mapDouble)
	addAll(all, extremes, extreme)
	return all
}()

func addAll[F any](all map[string]kernel, ids map[string]F, k kernel) {
	for id := range ids {
		all[id] = k
	}
}

func (g *generator) call(t *term, depth int) *code {
	args := make([]*code, len(t.args))
	for i, a := range t.args {
		args[i] = g.code(a, depth)
	}
	return calls[t.call](g, t, args, depth)
}

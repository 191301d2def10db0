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
		a, b := t.args[0].typ, t.args[1].typ
		switch {
		case a.Kind == Map || b.Kind == Map:
			return refuse(e, "the comparison of maps")
		case a != b:
			return refuse(e, "the comparison of a %s with a %s", a.Kind, b.Kind)
		case a.Kind == List && t.op != opEqual && t.op != opNotEqual:
			return refuse(e, "the ordering of lists")
		}
	case opAdd, opSubtract:
		if k := t.typ.Kind; k == String || k == List {
			return refuse(e, "the joining of strings or lists")
		}
	case opIn:
		if t.args[1].typ.Kind != List || t.args[1].typ.Elem != t.args[0].typ.Kind {
			return refuse(e, "membership in what is no list of such values")
		}
	case opIf:
		if k := t.typ.Kind; k == List || k == Map {
			return refuse(e, "a choice between lists or maps")
		}
	case opIndex:
		if t.args[0].typ.Kind != List || t.args[1].typ.Kind != Int {
			return refuse(e, "an index into what is no list")
		}
	case opSize:
		if k := t.args[0].typ.Kind; k != List && k != String {
			return refuse(e, "the size of a map")
		}
	case opLoop:
		if k := t.loop.kind; k != loopAll && k != loopExists {
			return refuse(e, "exists_one, map and filter")
		}
	case opCall:
		if _, ok := calls[t.call]; !ok {
			return refuse(e, "the function with overload %s", t.call)
		}
	}
	return nil
}

// calls are the functions that have a kernel, by overload.
var calls = map[string]func(g *generator, t *term, args []*code, depth int) *code{
	overloads.IntToDouble: intToDouble,
}

func (g *generator) call(t *term, depth int) *code {
	args := make([]*code, len(t.args))
	for i, a := range t.args {
		args[i] = g.code(a, depth)
	}
	return calls[t.call](g, t, args, depth)
}

func intToDouble(g *generator, _ *term, args []*code, depth int) *code {
	a, buffer := args[0].ints, g.take(&g.frame(depth).floats)
	return &code{scratch: true, floats: func(x *exec, sel []uint16) ([]float64, []RowFault) {
		v, e := a(x, sel)
		out := x.floats[buffer]
		for _, r := range sel {
			out[r] = float64(v[r])
		}
		return out, e
	}}
}

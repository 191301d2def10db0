// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// comprehension recognises the macros in what the parser made of them.
func (l *tree) comprehension(e ast.Expr, sc *scope) (*term, error) {
	c := e.AsComprehension()
	if c.HasIterVar2() {
		return nil, refuse(e, "a macro of two variables")
	}
	kind, condition, body, ok := macroOf(c)
	if !ok {
		return nil, refuse(e, "a macro that is not all, exists, exists_one, map or filter")
	}
	from, err := l.iterated(c.IterRange(), sc)
	if err != nil {
		return nil, err
	}
	if from.typ.Kind == Map {
		return l.overKeys(e, c, kind, from, condition, sc)
	}
	if from.op == opList && (kind == loopAll || kind == loopExists) {
		return l.overElements(e, c, kind, from, condition, sc)
	}
	if from.typ.Kind != List {
		return nil, refuse(e, "a macro over what is no list")
	}
	if from.typ.Elem == None {
		return nil, refuse(e, "a macro over an empty list")
	}
	depth := 1
	for s := sc; s != nil; s = s.outer {
		if s.variable.op == opElement {
			depth = s.variable.loop.depth + 1
			break
		}
	}
	lp := &loop{kind: kind, depth: depth}
	lp.element = l.intern(term{op: opElement, typ: Type{Kind: from.typ.Elem}, loop: lp, id: e.ID()})
	inner := &scope{outer: sc, name: c.IterVar(), variable: lp.element}
	args := []*term{from}
	for _, part := range []ast.Expr{condition, body} {
		if part == nil {
			continue
		}
		t, err := l.lower(part, inner)
		if err != nil {
			return nil, err
		}
		args = append(args, t)
	}
	typ := Type{Kind: Bool}
	switch kind {
	case loopFilter:
		typ = from.typ
	case loopMap, loopMapIf:
		typ = Type{List, args[len(args)-1].typ.Kind}
	}
	return l.finish(e, term{op: opLoop, typ: typ, args: args, loop: lp, id: e.ID()})
}

// iterated is what a macro goes over: unlike elsewhere, a list may be written out
// of computed elements.
func (l *tree) iterated(e ast.Expr, sc *scope) (*term, error) {
	if e.Kind() == ast.ListKind {
		return l.display(e, sc)
	}
	return l.lower(e, sc)
}

// overKeys is a macro over a map's keys, which are known: each key's condition
// is a term of its own.
func (l *tree) overKeys(e ast.Expr, c ast.ComprehensionExpr, kind loopKind, from *term, condition ast.Expr, sc *scope) (*term, error) {
	if from.op != opRead || kind != loopAll && kind != loopExists {
		return nil, refuse(e, "a macro over a map other than all and exists")
	}
	how := opOr
	if kind == loopAll {
		how = opAnd
	}
	var args []*term
	for i, key := range l.inputs[from.input].Keys {
		is := l.intern(term{op: opHasKey, typ: Type{Kind: Bool}, input: from.input, index: i + 1, id: e.ID()})
		of, err := l.lower(condition, &scope{outer: sc, name: c.IterVar(), variable: l.constantTerm(e, Type{Kind: String}, key)})
		if err != nil {
			return nil, err
		}
		if kind == loopAll { // a key that the map lacks says nothing
			not := l.intern(term{op: opNot, typ: Type{Kind: Bool}, args: []*term{is}, id: e.ID()})
			args = append(args, l.intern(term{op: opOr, typ: Type{Kind: Bool}, args: []*term{not, of}, id: e.ID()}))
			continue
		}
		args = append(args, l.intern(term{op: opAnd, typ: Type{Kind: Bool}, args: []*term{is, of}, id: e.ID()}))
	}
	// Reading the map comes first, as where it is missing there are no keys.
	read := l.intern(term{op: opHasKey, typ: Type{Kind: Bool}, input: from.input, index: 0, id: e.ID()})
	if kind == loopExists {
		args = append([]*term{read}, args...)
	} else {
		args = append([]*term{l.intern(term{op: opNot, typ: Type{Kind: Bool}, args: []*term{read}, id: e.ID()})}, args...)
	}
	return l.finish(e, term{op: how, typ: Type{Kind: Bool}, args: args, id: e.ID()})
}

// overElements is a macro over a list written out: each element's condition is a
// term of its own, looked at where all elements have a value.
func (l *tree) overElements(e ast.Expr, c ast.ComprehensionExpr, kind loopKind, from *term, condition ast.Expr, sc *scope) (*term, error) {
	how := opOr
	if kind == loopAll {
		how = opAnd
	}
	conditions := make([]*term, len(from.args))
	for i, element := range from.args {
		var err error
		if conditions[i], err = l.lower(condition, &scope{outer: sc, name: c.IterVar(), variable: element}); err != nil {
			return nil, err
		}
	}
	whole, err := l.finish(e, term{op: how, typ: Type{Kind: Bool}, args: conditions, id: e.ID()})
	if err != nil {
		return nil, err
	}
	return l.finish(e, term{op: opGuard, typ: Type{Kind: Bool}, args: append(slices.Clone(from.args), whole), id: e.ID()})
}

// macroOf is the macro that a comprehension is the expansion of, and its
// condition and body as written.
func macroOf(c ast.ComprehensionExpr) (kind loopKind, condition, body ast.Expr, ok bool) {
	accu := c.AccuVar()
	is := func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == accu }
	call := func(e ast.Expr, name string, n int) []ast.Expr {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != name || e.AsCall().IsMemberFunction() || len(e.AsCall().Args()) != n {
			return nil
		}
		return e.AsCall().Args()
	}
	literal := func(e ast.Expr) any {
		if e.Kind() != ast.LiteralKind {
			return nil
		}
		return e.AsLiteral()
	}
	step := c.LoopStep()
	switch init := literal(c.AccuInit()); {
	case init == types.False && is(c.Result()):
		if a := call(step, operators.LogicalOr, 2); a != nil && is(a[0]) {
			return loopExists, a[1], nil, true
		}
	case init == types.True && is(c.Result()):
		if a := call(step, operators.LogicalAnd, 2); a != nil && is(a[0]) {
			return loopAll, a[1], nil, true
		}
	case init == types.Int(0):
		a := call(step, operators.Conditional, 3)
		r := call(c.Result(), operators.Equals, 2)
		if a != nil && is(a[2]) && r != nil && is(r[0]) && literal(r[1]) == types.Int(1) {
			return loopExistsOne, a[0], nil, true
		}
	case c.AccuInit().Kind() == ast.ListKind && c.AccuInit().AsList().Size() == 0 && is(c.Result()):
		element := func(e ast.Expr) ast.Expr {
			a := call(e, operators.Add, 2)
			if a == nil || !is(a[0]) || a[1].Kind() != ast.ListKind || a[1].AsList().Size() != 1 {
				return nil
			}
			return a[1].AsList().Elements()[0]
		}
		if body := element(step); body != nil {
			return loopMap, nil, body, true
		}
		if a := call(step, operators.Conditional, 3); a != nil && is(a[2]) {
			if body := element(a[1]); body != nil {
				if body.Kind() == ast.IdentKind && body.AsIdent() == c.IterVar() {
					return loopFilter, a[0], nil, true
				}
				return loopMapIf, a[0], body, true
			}
		}
	}
	return 0, nil, nil, false
}

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
	from, err := l.lower(c.IterRange(), sc)
	if err != nil {
		return nil, err
	}
	if from.typ.Kind == Map {
		return l.overKeys(e, c, kind, from, condition, sc)
	}
	if elements, ok := l.unrolls(kind, from); ok {
		return l.overElements(e, c, kind, elements, condition, sc)
	}
	if from.typ.Kind != List {
		return nil, refuse(e, "a macro over what is no list")
	}
	if from.typ.Elem == None {
		return nil, refuse(e, "a macro over an empty list")
	}
	inner := sc.in(c.IterVar(), nil)
	inner.depth++
	inner.variable = l.intern(term{op: opElement, typ: Type{Kind: from.typ.Elem}, index: inner.depth, finite: l.finiteElements(from), extent: extent{length: from.extent.length}, id: e.ID()})
	t := term{op: opLoop, typ: Type{Kind: Bool}, kind: kind, index: inner.depth, args: []*term{from}, id: e.ID()}
	for _, part := range []ast.Expr{condition, body} {
		if part == nil {
			continue
		}
		arg, err := l.lower(part, inner)
		if err != nil {
			return nil, err
		}
		t.args = append(t.args, arg)
	}
	switch kind {
	case loopExistsOne:
	case loopFilter:
		t.typ = from.typ
	case loopMap, loopMapIf:
		if t.typ, err = l.listType(e, t.args[len(t.args)-1].typ); err != nil {
			return nil, err
		}
	}
	l.raise(&t)
	return l.finish(e, t)
}

// listType is the type of a list of values.
func (l *tree) listType(e ast.Expr, of Type) (Type, error) {
	if of.Kind == List || of.Kind == Map || of.Kind == None {
		return Type{}, refuse(e, "a list of lists or maps")
	}
	return Type{List, of.Kind}, nil
}

// raise moves a loop to the outermost frame that its values can be computed in,
// so that loops that are alike are one term wherever they stand.
func (l *lowering) raise(loop *term) {
	at, known := loop.args[0].depth, map[*term]int{}
	for _, a := range loop.args[1:] {
		at = max(at, a.outside(loop.index, known))
	}
	by := loop.index - 1 - at
	if by == 0 {
		return
	}
	raised := map[*term]*term{}
	for i, a := range loop.args[1:] {
		loop.args[i+1] = l.raised(a, loop.index, by, raised)
	}
	loop.index -= by
}

// outside is the greatest depth below the given one of what a term reads.
func (t *term) outside(depth int, known map[*term]int) int {
	if t.depth < depth {
		return t.depth
	}
	deepest, ok := known[t]
	if ok {
		return deepest
	}
	for _, a := range t.args {
		deepest = max(deepest, a.outside(depth, known))
	}
	known[t] = deepest
	return deepest
}

// raised is a term of the frame at a depth, or within it, moved up.
func (l *lowering) raised(t *term, depth, by int, known map[*term]*term) *term {
	if t.depth < depth {
		return t
	}
	if r, ok := known[t]; ok {
		return r
	}
	r := *t
	r.args = make([]*term, len(t.args))
	for i, a := range t.args {
		r.args[i] = l.raised(a, depth, by, known)
	}
	if t.op == opElement || t.op == opLoop {
		r.index -= by
	}
	r.depth = 0
	known[t] = l.intern(r)
	return known[t]
}

// finiteElements reports whether no element of a list of doubles can be infinite
// or NaN, and none of a list of instants in another zone than UTC.
func (l *lowering) finiteElements(t *term) bool {
	if t.typ.Elem == Timestamp {
		return !zoned(t)
	}
	switch t.op {
	case opRead:
		return l.inputs[t.input].Finite
	case opLoop:
		return t.kind == loopFilter && l.finiteElements(t.args[0])
	}
	return t.op == opConst
}

// overKeys is a macro over a map's keys, which are known: each key's condition
// is a term of its own.
func (l *tree) overKeys(e ast.Expr, c ast.ComprehensionExpr, kind loopKind, from *term, condition ast.Expr, sc *scope) (*term, error) {
	if kind != loopAll && kind != loopExists {
		return nil, refuse(e, "a macro over a map other than all and exists")
	}
	if m, ok := from.value.(writtenMap); ok && len(m.Keys) > 0 {
		keys := make([]*term, len(m.Keys))
		for i, key := range m.Keys {
			keys[i] = l.constantTerm(e, Type{Kind: String}, key)
		}
		if l.unrolled += len(keys); l.unrolled <= maxUnrolled {
			return l.overElements(e, c, kind, keys, condition, sc)
		}
	}
	if from.op != opRead {
		return nil, refuse(e, "a macro over a map that is empty or large")
	}
	how := opOr
	if kind == loopAll {
		how = opAnd
	}
	var args []*term
	for i, key := range l.inputs[from.input].Keys {
		is := l.intern(term{op: opHasKey, typ: Type{Kind: Bool}, input: from.input, index: i + 1, id: e.ID()})
		of, err := l.lower(condition, sc.in(c.IterVar(), l.constantTerm(e, Type{Kind: String}, key)))
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
	whole, err := l.finish(e, term{op: how, typ: Type{Kind: Bool}, args: args, id: e.ID()})
	if err != nil {
		return nil, err
	}
	return l.finish(e, term{op: opGuard, typ: Type{Kind: Bool}, args: []*term{read, whole}, id: e.ID()})
}

// maxUnrolled bounds the conditions that a program has of macros over lists
// written out: lists within lists multiply.
const maxUnrolled = 1 << 10

// unrolls gives the elements of a list written out, if a macro's condition is to
// be a term for each.
func (l *tree) unrolls(kind loopKind, from *term) ([]*term, bool) {
	if kind != loopAll && kind != loopExists || from.typ.Kind != List {
		return nil, false
	}
	const few = 16 // constants
	n := from.extent.items
	switch {
	case from.op == opList:
	case !from.constant() || n == 0 || n > few:
		return nil, false
	}
	if l.unrolled += n; l.unrolled > maxUnrolled {
		return nil, false
	}
	if from.op == opList {
		return from.args, true
	}
	elements := make([]*term, n)
	for i := range elements {
		elements[i] = l.intern(term{op: opConst, typ: Type{Kind: from.typ.Elem}, value: elementOf(from.value, i), id: from.id})
	}
	return elements, true
}

// overElements is a macro over a list written out: each element's condition is a
// term of its own, looked at where all elements have a value.
func (l *tree) overElements(e ast.Expr, c ast.ComprehensionExpr, kind loopKind, from []*term, condition ast.Expr, sc *scope) (*term, error) {
	how := opOr
	if kind == loopAll {
		how = opAnd
	}
	conditions := make([]*term, len(from))
	for i, element := range from {
		var err error
		if conditions[i], err = l.lower(condition, sc.in(c.IterVar(), element)); err != nil {
			return nil, err
		}
	}
	whole, err := l.finish(e, term{op: how, typ: Type{Kind: Bool}, args: conditions, id: e.ID()})
	if err != nil {
		return nil, err
	}
	guarded := slices.DeleteFunc(slices.Clone(from), (*term).constant)
	if len(guarded) == 0 {
		return whole, nil
	}
	return l.finish(e, term{op: opGuard, typ: Type{Kind: Bool}, args: append(guarded, whole), id: e.ID()})
}

// macroOf is the macro that a comprehension is the expansion of, and its
// condition and body as written.
func macroOf(c ast.ComprehensionExpr) (kind loopKind, condition, body ast.Expr, ok bool) {
	m := expansion{accumulator: c.AccuVar(), element: c.IterVar()}
	if !m.accumulated(c.Result()) {
		r := called(c.Result(), operators.Equals, 2)
		if r == nil || !m.accumulated(r[0]) || literalOf(r[1]) != types.Int(1) || literalOf(c.AccuInit()) != types.Int(0) {
			return 0, nil, nil, false
		}
		condition, ok = m.counted(c.LoopStep())
		return loopExistsOne, condition, nil, ok
	}
	switch init := c.AccuInit(); {
	case literalOf(init) == types.False:
		condition, ok = m.joined(c.LoopStep(), operators.LogicalOr)
		return loopExists, condition, nil, ok
	case literalOf(init) == types.True:
		condition, ok = m.joined(c.LoopStep(), operators.LogicalAnd)
		return loopAll, condition, nil, ok
	case init.Kind() == ast.ListKind && init.AsList().Size() == 0:
		return m.listed(c.LoopStep())
	}
	return 0, nil, nil, false
}

// expansion recognises the parts of what macros expand to.
type expansion struct{ accumulator, element string }

func (m expansion) accumulated(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == m.accumulator
}

// joined is accumulator || condition, or &&.
func (m expansion) joined(step ast.Expr, by string) (condition ast.Expr, ok bool) {
	a := called(step, by, 2)
	if a == nil || !m.accumulated(a[0]) {
		return nil, false
	}
	return a[1], true
}

// counted is condition ? accumulator + 1 : accumulator.
func (m expansion) counted(step ast.Expr) (condition ast.Expr, ok bool) {
	a := called(step, operators.Conditional, 3)
	if a == nil || !m.accumulated(a[2]) {
		return nil, false
	}
	more := called(a[1], operators.Add, 2)
	return a[0], more != nil && m.accumulated(more[0]) && literalOf(more[1]) == types.Int(1)
}

// listed is accumulator + [body], or condition ? accumulator + [body] : accumulator.
func (m expansion) listed(step ast.Expr) (kind loopKind, condition, body ast.Expr, ok bool) {
	if body = m.appended(step); body != nil {
		return loopMap, nil, body, true
	}
	a := called(step, operators.Conditional, 3)
	if a == nil || !m.accumulated(a[2]) {
		return 0, nil, nil, false
	}
	switch body = m.appended(a[1]); {
	case body == nil:
		return 0, nil, nil, false
	case body.Kind() == ast.IdentKind && body.AsIdent() == m.element:
		return loopFilter, a[0], nil, true
	}
	return loopMapIf, a[0], body, true
}

// appended is the one element of accumulator + [element].
func (m expansion) appended(e ast.Expr) ast.Expr {
	a := called(e, operators.Add, 2)
	if a == nil || !m.accumulated(a[0]) || a[1].Kind() != ast.ListKind || a[1].AsList().Size() != 1 {
		return nil
	}
	return a[1].AsList().Elements()[0]
}

// called are the arguments of a call of a function with so many; nil if it is
// none.
func called(e ast.Expr, function string, arguments int) []ast.Expr {
	if e.Kind() != ast.CallKind {
		return nil
	}
	c := e.AsCall()
	if c.FunctionName() != function || c.IsMemberFunction() || len(c.Args()) != arguments {
		return nil
	}
	return c.Args()
}

func literalOf(e ast.Expr) any {
	if e.Kind() != ast.LiteralKind {
		return nil
	}
	return e.AsLiteral()
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Unsupported is why an expression cannot be evaluated over columns.
type Unsupported struct {
	// ID is the node of the syntax tree that stands in the way.
	ID int64
	// What names what it does.
	What string
}

// ReadsForeign is what an expression does that reads one that is Foreign.
const ReadsForeign = "what another expression computes row by row"

func (u *Unsupported) Error() string { return u.What + " is evaluated row by row" }

// Ref says what a name stands for.
type Ref struct {
	// Input is the number of an input. It counts if Expression is nil.
	Input int
	// Expression is another expression of the program, added before.
	Expression *Expression
}

// Resolve says what an identifier, or a selection such as student.grade, stands
// for; false if it stands for nothing that columns hold.
type Resolve func(e ast.Expr) (Ref, bool)

// lowering turns syntax trees into terms.
type lowering struct {
	inputs  []Input
	resolve Resolve
	terms   map[string]*term
	// unrolled counts the conditions of macros that became terms of their own.
	unrolled int
}

// scope is the loop variables that an expression is in.
type scope struct {
	outer    *scope
	name     string
	variable *term
	depth    int // of the frame of what is in it
}

// in is the scope of a variable that stands for a term.
func (s *scope) in(name string, variable *term) *scope {
	return &scope{outer: s, name: name, variable: variable, depth: s.frame()}
}

// frame is the depth of the frame of what is in the scope.
func (s *scope) frame() int {
	if s == nil {
		return 0
	}
	return s.depth
}

// tree is a checked syntax tree on its way.
type tree struct {
	*lowering
	checked *ast.AST
	limits  Limits
}

func refuse(e ast.Expr, format string, args ...any) error {
	return &Unsupported{ID: e.ID(), What: fmt.Sprintf(format, args...)}
}

// intern gives the one term that is like t.
func (l *lowering) intern(t term) *term {
	key := t.identity()
	if known, ok := l.terms[key]; ok {
		return known
	}
	t.number = len(l.terms)
	t.weight = 1
	for _, a := range t.args {
		t.depth = max(t.depth, a.depth)
	}
	switch t.op {
	case opElement:
		t.depth = t.index
	case opLoop: // its body is in a frame of its own
		t.depth = t.index - 1
	}
	if t.op != opElement {
		t.extent = l.extentOf(&t)
	}
	kept := &t
	l.terms[key] = kept
	return kept
}

// identity spells a term so that two are alike exactly if they compute alike.
func (t *term) identity() string {
	b := []byte{byte(t.op), byte(t.kind), byte(t.typ.Kind), byte(t.typ.Elem), byte(number(t.finite))}
	if t.op == opElement {
		b = binary.AppendUvarint(b, uint64(t.extent.length))
	}
	b = binary.AppendUvarint(b, uint64(t.input))
	b = binary.AppendUvarint(b, uint64(t.index))
	b = append(b, t.call...)
	b = append(b, 0)
	switch v := t.value.(type) {
	case nil:
	case float64:
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	case []float64:
		for _, f := range v {
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
		}
	default:
		b = fmt.Appendf(b, "%#v", v)
	}
	for _, a := range t.args {
		b = binary.AppendUvarint(b, uint64(a.number))
	}
	return string(b)
}

func (l *lowering) constantTerm(e ast.Expr, typ Type, v any) *term {
	return l.intern(term{op: opConst, typ: typ, value: v, id: e.ID()})
}

// typeOf is the type of a checked expression as columns have it.
func typeOf(t *types.Type) Type {
	switch t.Kind() {
	case types.BoolKind:
		return Type{Kind: Bool}
	case types.IntKind:
		return Type{Kind: Int}
	case types.DoubleKind:
		return Type{Kind: Double}
	case types.StringKind:
		return Type{Kind: String}
	case types.TimestampKind:
		return Type{Kind: Timestamp}
	case types.DurationKind:
		return Type{Kind: Duration}
	case types.ListKind:
		if e := typeOf(t.Parameters()[0]); e.Kind != None && e.Kind != List && e.Kind != Map {
			return Type{List, e.Kind}
		}
	case types.MapKind:
		if k := typeOf(t.Parameters()[0]); k.Kind == String {
			if e := typeOf(t.Parameters()[1]); e.Kind != None && e.Kind != List && e.Kind != Map {
				return Type{Map, e.Kind}
			}
		}
	}
	return Type{}
}

func (l *tree) typeOf(e ast.Expr) Type { return typeOf(l.checked.GetType(e.ID())) }

func (l *tree) lower(e ast.Expr, sc *scope) (*term, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return l.literal(e)
	case ast.IdentKind:
		for s := sc; s != nil; s = s.outer {
			if s.name == e.AsIdent() {
				return s.variable, nil
			}
		}
		return l.name(e)
	case ast.SelectKind:
		return l.selection(e, sc)
	case ast.CallKind:
		return l.call(e, sc)
	case ast.ListKind:
		return l.display(e, sc)
	case ast.MapKind:
		return l.written(e, sc)
	case ast.ComprehensionKind:
		return l.comprehension(e, sc)
	}
	return nil, refuse(e, "an object")
}

func (l *tree) literal(e ast.Expr) (*term, error) {
	v, typ, ok := valueOf(e.AsLiteral())
	if !ok {
		return nil, refuse(e, "a value of type %s", e.AsLiteral().Type().TypeName())
	}
	return l.constantTerm(e, typ, v), nil
}

// valueOf is a CEL value as columns have it.
func valueOf(v ref.Val) (any, Type, bool) {
	switch v := v.(type) {
	case types.Bool:
		return bool(v), Type{Kind: Bool}, true
	case types.Int:
		return int64(v), Type{Kind: Int}, true
	case types.Double:
		return float64(v), Type{Kind: Double}, true
	case types.String:
		return string(v), Type{Kind: String}, true
	case types.Timestamp:
		return InstantOf(v.Time), Type{Kind: Timestamp}, true
	case types.Duration:
		return v.Duration, Type{Kind: Duration}, true
	}
	return nil, Type{}, false
}

// name is an identifier or a selection that stands for a column or another
// expression.
func (l *tree) name(e ast.Expr) (*term, error) {
	r, ok := l.resolve(e)
	if !ok {
		return nil, refuse(e, "%s", errNameless)
	}
	if r.Expression != nil {
		if r.Expression.root == nil {
			return nil, refuse(e, "%s", ReadsForeign)
		}
		return r.Expression.root, nil
	}
	in := &l.inputs[r.Input]
	return l.intern(term{op: opRead, typ: in.Type, input: r.Input, id: e.ID()}), nil
}

func (l *tree) selection(e ast.Expr, sc *scope) (*term, error) {
	s := e.AsSelect()
	if !s.IsTestOnly() {
		if t, err := l.name(e); err == nil || !isNameless(err) {
			return t, err
		}
		return l.member(e, s.Operand(), s.FieldName(), sc, opMember)
	}
	// has(a.b): the resolver knows a.b, whether it is read or tested.
	if r, ok := l.resolve(e); ok && r.Expression == nil {
		return l.intern(term{op: opHas, typ: Type{Kind: Bool}, input: r.Input, id: e.ID()}), nil
	}
	return l.member(e, s.Operand(), s.FieldName(), sc, opHasKey)
}

const errNameless = "a name that no column has"

func isNameless(err error) bool {
	var u *Unsupported
	return errors.As(err, &u) && u.What == errNameless
}

// member is map["key"], map.key, "key" in map or has(map.key).
func (l *tree) member(e, operand ast.Expr, key string, sc *scope, how op) (*term, error) {
	m, err := l.lower(operand, sc)
	if err != nil {
		return nil, err
	}
	if m.op != opRead || m.typ.Kind != Map {
		return nil, refuse(e, "a member of what is no column")
	}
	in := &l.inputs[m.input]
	index, found := slices.BinarySearch(in.Keys, key)
	if !found {
		index = -1
	}
	typ := Type{Kind: Bool}
	if how == opMember {
		typ = Type{Kind: in.Type.Elem}
	}
	return l.intern(term{op: how, typ: typ, input: m.input, index: index + 1, id: e.ID()}), nil
}

// operatorOf are the operators that have a term of their own. Which overload is
// meant follows from the arguments' types.
var operatorOf = map[string]op{
	operators.LogicalAnd: opAnd, operators.LogicalOr: opOr, operators.LogicalNot: opNot, operators.Conditional: opIf,
	operators.Equals: opEqual, operators.NotEquals: opNotEqual,
	operators.Less: opLess, operators.LessEquals: opLessEqual, operators.Greater: opGreater, operators.GreaterEquals: opGreaterEqual,
	operators.Add: opAdd, operators.Subtract: opSubtract, operators.Multiply: opMultiply, operators.Divide: opDivide, operators.Modulo: opModulo,
	operators.Negate: opNegate, operators.Index: opIndex, operators.In: opIn,
	"size": opSize,
}

func (l *tree) call(e ast.Expr, sc *scope) (*term, error) {
	c := e.AsCall()
	exprs := c.Args()
	if c.IsMemberFunction() {
		exprs = append([]ast.Expr{c.Target()}, exprs...)
	}
	if t, ok, err := l.memberCall(e, c, exprs, sc); ok {
		return t, err
	}
	args := make([]*term, len(exprs))
	for i, a := range exprs {
		var err error
		if args[i], err = l.lower(a, sc); err != nil {
			return nil, err
		}
	}
	typ := l.typeOf(e)
	if typ.Kind == None {
		return nil, refuse(e, "a value of type %s", types.NewTypeTypeWithParam(l.checked.GetType(e.ID())))
	}
	how, isOperator := operatorOf[c.FunctionName()]
	if !isOperator {
		ids := l.checked.GetOverloadIDs(e.ID())
		if len(ids) != 1 {
			return nil, refuse(e, "function %s of values whose types are not known", c.FunctionName())
		}
		return l.finish(e, term{op: opCall, typ: typ, args: args, call: ids[0], id: e.ID()})
	}
	return l.finish(e, term{op: how, typ: typ, args: args, id: e.ID()})
}

// memberCall is map["key"] and "key" in map, whose operand is no value of its
// own.
func (l *tree) memberCall(e ast.Expr, c ast.CallExpr, exprs []ast.Expr, sc *scope) (*term, bool, error) {
	var m, key ast.Expr
	how := opMember
	switch c.FunctionName() {
	case operators.Index:
		m, key = exprs[0], exprs[1]
	case operators.In:
		m, key, how = exprs[1], exprs[0], opHasKey
	default:
		return nil, false, nil
	}
	if l.typeOf(m).Kind != Map {
		return nil, false, nil
	}
	k, err := l.lower(key, sc)
	if err != nil {
		return nil, true, err
	}
	of, err := l.lower(m, sc)
	if err != nil {
		return nil, true, err
	}
	if w, ok := of.value.(writtenMap); ok && of.constant() {
		t, err := l.lookup(e, w, of.typ.Elem, k, c.FunctionName())
		return t, true, err
	}
	name, known := k.value.(string)
	if !known {
		return nil, true, refuse(e, "a map's key that is computed")
	}
	t, err := l.member(e, m, name, sc, how)
	return t, true, err
}

// finish flattens && and ||, checks that there is a kernel, and interns.
func (l *tree) finish(e ast.Expr, t term) (*term, error) {
	switch t.op {
	case opAnd, opOr:
		var flat []*term
		for _, a := range t.args {
			if a.op == t.op {
				flat = append(flat, a.args...)
			} else {
				flat = append(flat, a)
			}
		}
		t.args = flat
	}
	l.conform(&t)
	if t.op == opIn && t.args[1].constant() && t.args[1].extent.items == 0 {
		return l.constantTerm(e, t.typ, false), nil // cel-go's planner too does not look at the value
	}
	if err := supported(e, &t); err != nil {
		return nil, err
	}
	if t.op == opCall {
		if v, ok := fold(&t); ok {
			return l.constantTerm(e, t.typ, v), nil
		}
	}
	return l.bounded(e, l.intern(t))
}

// conform gives empty lists among the arguments the type of the others.
func (l *lowering) conform(t *term) {
	for _, a := range t.args {
		if a.typ.Kind != List || a.typ.Elem == None {
			continue
		}
		for i, b := range t.args {
			if b.typ == (Type{Kind: List}) && b.constant() {
				t.args[i] = l.intern(term{op: opConst, typ: a.typ, id: b.id})
			}
		}
	}
}

// display is a list written out. If all its elements are constants it is one.
func (l *tree) display(e ast.Expr, sc *scope) (*term, error) {
	list := e.AsList()
	if len(list.OptionalIndices()) > 0 {
		return nil, refuse(e, "an optional element")
	}
	typ := l.typeOf(e)
	if typ.Kind == None && len(list.Elements()) > 0 {
		return nil, refuse(e, "a list of lists or of values of several types")
	}
	elements := make([]*term, list.Size())
	constant := true
	for i, element := range list.Elements() {
		var err error
		if elements[i], err = l.lower(element, sc); err != nil {
			return nil, err
		}
		constant = constant && elements[i].constant()
	}
	if typ.Kind == None {
		typ = Type{Kind: List}
	}
	if constant {
		if v, ok := listOf(typ.Elem, elements); ok {
			return l.constantTerm(e, typ, v), nil
		}
	}
	return l.finish(e, term{op: opList, typ: typ, args: elements, id: e.ID()})
}

func listOf(kind Kind, elements []*term) (any, bool) {
	switch kind {
	case Bool:
		return gather[bool](elements), true
	case Int:
		return gather[int64](elements), true
	case Double:
		return gather[float64](elements), true
	case String:
		return gather[string](elements), true
	case Timestamp:
		return gather[Instant](elements), true
	case Duration:
		return gather[time.Duration](elements), true
	case None:
		return nil, len(elements) == 0
	}
	return nil, false
}

// elementOf is an element of a constant list.
func elementOf(list any, i int) any {
	switch list := list.(type) {
	case []bool:
		return list[i]
	case []int64:
		return list[i]
	case []float64:
		return list[i]
	case []string:
		return list[i]
	case []Instant:
		return list[i]
	}
	return list.([]time.Duration)[i] //nolint:forcetypeassert // see listOf
}

func gather[T any](elements []*term) []T {
	list := make([]T, len(elements))
	for i, e := range elements {
		list[i] = e.value.(T)
	}
	return list
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// inspect walks a parsed expression for what the type checker does not know:
// which attributes it reads and whether it may, and what rules do without.
func (x *inspection) inspect(a *ast.AST) {
	x.info = a.SourceInfo()
	x.visit(a.Expr(), 1)
}

func (x *inspection) visit(e ast.Expr, depth int) {
	if depth > MaxExpressionDepth {
		x.fault(1, 1, CodeTooDeep, "split it with variables", "the expression is nested more than %d deep", MaxExpressionDepth)
		return
	}
	switch e.Kind() {
	case ast.LiteralKind:
		x.literal(e)
	case ast.IdentKind:
		x.ident(e)
	case ast.SelectKind:
		x.selection(e, depth)
	case ast.CallKind:
		x.call(e, depth)
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			x.visit(element, depth+1)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			x.visit(entry.AsMapEntry().Key(), depth+1)
			x.visit(entry.AsMapEntry().Value(), depth+1)
		}
	case ast.StructKind:
		x.faultAt(e.ID(), CodeNotSupported, "use the attributes and results declared", "rules cannot make objects")
	case ast.ComprehensionKind:
		x.comprehension(e.AsComprehension(), e.ID(), depth)
	}
}

func (x *inspection) literal(e ast.Expr) {
	switch e.AsLiteral().(type) {
	case types.Uint:
		x.faultAt(e.ID(), CodeNotSupported, "leave out the u", "rules have no unsigned integers")
	case types.Bytes:
		x.faultAt(e.ID(), CodeNotSupported, "leave out the b", "rules have no byte strings")
	case types.Null:
		x.faultAt(e.ID(), CodeNotSupported, "use has(student.x) to ask whether there is a value", "rules have no null")
	}
}

func (x *inspection) ident(e ast.Expr) {
	name := e.AsIdent()
	if slices.Contains(x.bound, name) {
		return
	}
	switch name {
	case nameStudent:
		x.faultAt(e.ID(), CodeNotSupported, "write student.x for one of the attributes declared", "the student as a whole cannot be read")
	case nameDecision:
		x.faultAt(e.ID(), CodeNotSupported, "write decision.rule, decision.priority or decision.result.x", "the decision as a whole cannot be read")
	}
	if name == nameAt {
		x.c.p.readsAt = true
	}
	if i := slices.Index(x.scope.variables, name); i >= 0 {
		x.reads.union(&x.c.variableReads[i])
	}
	x.free = true
}

// selection is operand.field. Of the student, the field must be an attribute.
func (x *inspection) selection(e ast.Expr, depth int) {
	s := e.AsSelect()
	operand := s.Operand()
	switch {
	case operand.Kind() == ast.IdentKind && operand.AsIdent() == nameStudent && !slices.Contains(x.bound, nameStudent):
		x.free = true
		x.attribute(operand.ID(), s.FieldName())
	case operand.Kind() == ast.IdentKind && operand.AsIdent() == nameDecision:
		x.free = true
		if s.FieldName() == "result" {
			x.faultAt(operand.ID(), CodeNotSupported, "write decision.result.x", "the result as a whole cannot be read")
		}
	case isDecisionResult(operand):
		x.free = true
	default:
		x.visit(operand, depth+1)
	}
}

func isDecisionResult(e ast.Expr) bool {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return false
	}
	s := e.AsSelect()
	return s.FieldName() == "result" && s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == nameDecision
}

// attribute judges the reading of one attribute.
func (x *inspection) attribute(id int64, name string) {
	b := x.c.b
	if slices.Contains(b.Process.Guardrails.ProhibitedInputs, name) {
		x.faultAt(id, CodeProhibitedInput, "decide without it", "attribute %q is prohibited by spec.guardrails.prohibitedInputs of process %s", name, b.Process.Name)
		return
	}
	i := slices.IndexFunc(b.Information.Attributes, func(a bundle.Attribute) bool { return a.Name == name })
	if i < 0 {
		x.undeclaredAttribute(id, name)
		return
	}
	a := &b.Information.Attributes[i]
	switch {
	case a.Use == bundle.UseAuditOnly:
		x.faultAt(id, CodeAuditOnly, "decide without it; fairness reports may read it", "attribute %q is for audit only and cannot be read by rules", name)
	case len(a.Purposes) > 0 && !slices.Contains(a.Purposes, b.Process.Purpose):
		x.faultAt(id, bundle.CodeWrongPurpose, "decide without it, or have its owner allow the purpose in the information model",
			"attribute %q may be used for %s only, and this process's purpose is %s", name, strings.Join(a.Purposes, ", "), b.Process.Purpose)
	default:
		x.reads.add(x.c.index[name])
	}
}

func (x *inspection) undeclaredAttribute(id int64, name string) {
	declared := make([]string, len(x.c.p.attributes))
	for i := range declared {
		declared[i] = x.c.p.attributes[i].Name
	}
	mend := "declare it in spec.information.attributes of the process"
	if likely := near(name, declared); len(likely) > 0 {
		mend = fmt.Sprintf("did you mean student.%s? Otherwise %s", strings.Join(likely, ", student."), mend)
	}
	x.faultAt(id, CodeUndeclaredAttribute, mend, "attribute %q is not declared by process %s", name, x.c.b.Process.Name)
}

func (x *inspection) call(e ast.Expr, depth int) {
	call := e.AsCall()
	arguments := call.Args()
	if call.IsMemberFunction() {
		// math.abs(x) is parsed as a member call on an identifier.
		if t := call.Target(); t.Kind() != ast.IdentKind || t.AsIdent() != "math" {
			x.visit(t, depth+1)
		}
	}
	for _, argument := range arguments {
		x.visit(argument, depth+1)
	}
	if call.FunctionName() == overloads.Matches && len(arguments) > 0 {
		x.pattern(arguments[len(arguments)-1])
	}
}

// pattern wants regular expressions as short literals: they are compiled once
// and their cost is known.
func (x *inspection) pattern(e ast.Expr) {
	pattern, ok := types.String(""), false
	if e.Kind() == ast.LiteralKind {
		pattern, ok = e.AsLiteral().(types.String)
	}
	switch {
	case !ok:
		x.faultAt(e.ID(), CodePattern, "write the pattern in quotes", "a regular expression must be a literal")
	case len(pattern) > MaxPatternLength:
		x.faultAt(e.ID(), CodePattern, "shorten it", "the regular expression has %d bytes, more than %d", len(pattern), MaxPatternLength)
	}
}

func (x *inspection) comprehension(c ast.ComprehensionExpr, id int64, depth int) {
	x.loops++
	x.visit(c.IterRange(), depth+1)
	x.visit(c.AccuInit(), depth+1)
	names := []string{c.IterVar(), c.AccuVar()}
	if c.HasIterVar2() {
		names = append(names, c.IterVar2())
	}
	for _, name := range names {
		if slices.Contains([]string{nameStudent, nameAt, nameDecision, "math"}, name) || slices.Contains(x.scope.variables, name) || slices.Contains(x.scope.later, name) {
			x.faultAt(id, bundle.CodeReserved, "choose another name for the loop's variable", "%q has a meaning of its own", name)
		}
	}
	x.bound = append(x.bound, names...)
	x.visit(c.LoopCondition(), depth+1)
	x.visit(c.LoopStep(), depth+1)
	x.visit(c.Result(), depth+1)
	x.bound = x.bound[:len(x.bound)-len(names)]
}

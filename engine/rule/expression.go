// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
)

// expression is one compiled expression. It is immutable.
type expression struct {
	program  cel.Program
	checked  *ast.AST
	column   *column.Expression // in Program.columns; nil before they are compiled
	typ      *cel.Type
	constant ref.Val           // its value, if it reads nothing
	native   any               // that value as a result has it, if it is one of a result's
	variable int               // the variable it is, or -1
	reads    set               // attributes it may read, those of its variables included
	cost     uint64            // the most it may cost, its variables not included
	size     cost.SizeEstimate // of its value
}

// scope is the environment of an expression: the names it may read.
type scope struct {
	env       *cel.Env
	variables []string // declared so far
	later     []string // declared further on, or being declared
}

// origin is where an expression's first character stands in the field's text.
type origin struct{ line, column int }

// compile parses and checks one expression. Faults go to the compiler's
// diagnostics; the result is nil if there is one. want is the type it must
// have; none, any type will do.
func (c *compiler) compile(p place, at origin, sc scope, source string, want ...*cel.Type) *expression {
	x := &inspection{c: c, place: p, at: at, scope: sc, source: source, before: len(c.diagnostics)}
	if !x.readable() {
		return nil
	}
	parsed, issues := sc.env.Parse(source)
	if x.report(issues) {
		return nil
	}
	x.inspect(parsed.NativeRep())
	checked, issues := sc.env.Check(parsed)
	if x.report(issues) || x.faulty() {
		return nil
	}
	if len(want) > 0 && !slices.ContainsFunc(want, func(t *cel.Type) bool { return fits(checked.OutputType(), t) }) {
		x.wrongType(checked.OutputType(), want)
		return nil
	}
	return x.finish(checked)
}

// fits allows, beside the type itself, an empty list for any list.
func fits(have, want *cel.Type) bool {
	if have.IsExactType(want) {
		return true
	}
	if have.Kind() != types.ListKind || want.Kind() != types.ListKind {
		return false
	}
	element := have.Parameters()[0]
	return element.Kind() == types.TypeParamKind || element.Kind() == types.DynKind
}

// inspection is the compilation of one expression.
type inspection struct {
	c      *compiler
	place  place
	at     origin
	scope  scope
	source string
	before int // number of diagnostics when it began

	info  *ast.SourceInfo
	bound []string // comprehension variables in scope
	reads set
	free  bool // reads a name
	loops int  // comprehensions in it
	taken map[[2]int]bool
}

func (x *inspection) faulty() bool { return len(x.c.diagnostics) > x.before }

func (x *inspection) fault(line, column int, code, mend, message string, args ...any) {
	d := x.place.diagnostic(code, mend, message, args...)
	if line > 0 {
		if line == 1 {
			column += x.at.column - 1
		}
		d.Line, d.Column = line+x.at.line-1, column
	}
	if x.taken[[2]int{d.Line, d.Column}] && d.Line > 0 {
		return // said already, in better words
	}
	if x.taken == nil {
		x.taken = map[[2]int]bool{}
	}
	x.taken[[2]int{d.Line, d.Column}] = true
	x.c.diagnostics = append(x.c.diagnostics, d)
}

func (x *inspection) faultAt(id int64, code, mend, message string, args ...any) {
	l := x.info.GetStartLocation(id)
	x.fault(l.Line(), l.Column()+1, code, mend, message, args...)
}

// readable refuses what the parser need not see.
func (x *inspection) readable() bool {
	switch {
	case strings.TrimSpace(x.source) == "":
		x.fault(0, 0, bundle.CodeRequired, "write a CEL expression", "the expression is empty")
	case len(x.source) > MaxExpressionLength:
		x.fault(0, 0, bundle.CodeTooLong, "shorten it, or use variables", "the expression has %d bytes, more than %d", len(x.source), MaxExpressionLength)
	case !utf8.ValidString(x.source):
		x.fault(0, 0, CodeSyntax, "save the manifest as UTF-8", "the expression is not valid UTF-8")
	}
	return !x.faulty()
}

// report turns cel-go's issues into diagnostics, and says whether there were any.
func (x *inspection) report(issues *cel.Issues) bool {
	if issues == nil || len(issues.Errors()) == 0 {
		return false
	}
	for _, e := range issues.Errors() {
		x.reportIssue(e)
	}
	return true
}

func (x *inspection) reportIssue(e *common.Error) {
	line, column := e.Location.Line(), e.Location.Column()+1
	if line < 1 {
		line, column = 0, 0
	}
	message := firstLine(e.Message)
	code, mend := CodeType, ""
	switch {
	case strings.HasPrefix(message, "Syntax error"):
		code, mend = CodeSyntax, "see docs/rules.md for what an expression looks like"
		message, _, _ = strings.Cut(message, " expecting {")
	case strings.Contains(message, "recursion") || strings.Contains(message, "nesting depth") || strings.Contains(message, "node count") || strings.Contains(message, "node limit"):
		code, mend = CodeTooDeep, "split it with variables"
	case strings.HasPrefix(message, "invalid int literal"), strings.HasPrefix(message, "invalid double literal"):
		code, mend = CodeSyntax, "write a number that 64 bits can hold"
	case strings.HasPrefix(message, "undeclared reference to"):
		name, _, _ := strings.Cut(strings.TrimPrefix(message, "undeclared reference to '"), "'")
		code, mend, message = x.undeclared(name)
	case strings.HasPrefix(message, "undefined field"):
		code, mend = CodeUnknownName, "decision has rule, priority, and result with the fields that the process declares"
	case strings.HasPrefix(message, "found no matching overload for 'get"):
		mend = "instants are read in UTC; time zones cannot be given"
	case strings.HasPrefix(message, "found no matching overload"):
		mend = "compare and compute values of one type: write 40.0 for a Number and 40 for an Integer, or convert with double(…) or int(…)"
	case strings.Contains(message, "regex") || strings.Contains(message, "matches"):
		code, mend, message = CodePattern, "write a regular expression in RE2 syntax, of moderate size", "the regular expression is faulty or too large"
	case strings.HasPrefix(message, "invalid timestamp"):
		code, mend, message = CodeConstantError, `write it as "2026-09-01T00:00:00Z"`, "the text is no instant"
	case strings.HasPrefix(message, "invalid duration"):
		code, mend, message = CodeConstantError, `write it as "72h"`, "the text is no duration"
	case strings.Contains(message, "expected type"):
		mend = "use values of one type in a list or map"
	}
	x.fault(line, column, code, mend, "%s", message)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// undeclared explains a name that the checker does not know.
func (x *inspection) undeclared(name string) (code, mend, message string) {
	if slices.Contains(x.scope.later, name) {
		return CodeVariableOrder, "declare it before it is read; variables cannot read themselves or later ones",
			fmt.Sprintf("variable %q is declared here or later", name)
	}
	if slices.Contains(knownCELFunctions, name) {
		return CodeFunctionNotAllowed, "use the functions that docs/rules.md lists", fmt.Sprintf("function %q is not allowed in rules", name)
	}
	names := append([]string{nameStudent, nameAt}, x.scope.variables...)
	for function := range x.scope.env.Functions() {
		names = append(names, function)
	}
	if x.c.schema.fields[typeStudent][name] != nil {
		return CodeUnknownName, fmt.Sprintf("write student.%s", name), fmt.Sprintf("%q is not known here", name)
	}
	if likely := near(name, names); len(likely) > 0 {
		return CodeUnknownName, "did you mean " + strings.Join(likely, ", ") + "?", fmt.Sprintf("%q is not known here", name)
	}
	return CodeUnknownName, "rules read student, at and the variables declared before; docs/rules.md lists the functions", fmt.Sprintf("%q is not known here", name)
}

// knownCELFunctions exist in CEL or its usual extensions and are left out here.
var knownCELFunctions = []string{
	"bytes", "dyn", "type", "uint", "range", "lists.range", "format", "replace", "join", "split", "substring", "charAt", "reverse",
	"flatten", "slice", "sort", "sortBy", "distinct", "includes", "find", "findAll", "url", "isURL", "ip", "cidr", "quantity",
	"math.sqrt", "math.trunc", "math.isNaN", "math.isInf", "math.bitAnd", "math.bitOr", "math.bitXor", "strings.quote", "optional.of", "optional.none",
}

func (x *inspection) wrongType(have *cel.Type, want []*cel.Type) {
	names := make([]string, len(want))
	for i, t := range want {
		names[i] = typeName(t)
	}
	mend := "change the expression"
	switch {
	case have.IsExactType(cel.IntType) && slices.Contains(want, cel.DoubleType):
		mend = "write a Number with a decimal point, as 250.0, or convert with double(…)"
	case have.IsExactType(cel.DoubleType) && slices.Contains(want, cel.IntType):
		mend = "write an Integer without a decimal point, as 250, or convert with int(…)"
	case have.Kind() != types.StringKind && slices.Contains(want, cel.StringType):
		mend = "write a String in quotes, as 'none'"
	case have.Kind() != types.BoolKind && slices.Contains(want, cel.BoolType):
		mend = "write a condition, as student.x < 40.0"
	case have.Kind() != types.ListKind && want[0].Kind() == types.ListKind:
		mend = "write a list, as [1, 2]"
	}
	x.fault(1, 1, CodeType, mend, "the expression is of type %s, and %s is needed", typeName(have), strings.Join(names, " or "))
}

// typeName is a type in the words of the information model, where it has any.
func typeName(t *cel.Type) string {
	switch t.Kind() {
	case types.BoolKind:
		return string(bundle.Boolean)
	case types.IntKind:
		return string(bundle.Integer)
	case types.DoubleKind:
		return string(bundle.Number)
	case types.StringKind:
		return string(bundle.String)
	case types.TimestampKind:
		return string(bundle.Date)
	case types.ListKind:
		switch t.Parameters()[0].Kind() {
		case types.IntKind, types.DoubleKind, types.StringKind, types.TimestampKind:
			return typeName(t.Parameters()[0]) + "List"
		}
	}
	return cel.FormatCELType(t)
}

// finish estimates the cost and plans the evaluation.
func (x *inspection) finish(checked *cel.Ast) *expression {
	e := &expression{checked: checked.NativeRep(), typ: checked.OutputType(), reads: x.reads, variable: -1}
	sizes := &sizes{attributes: x.c.byName, variables: x.c.variableSizes}
	estimate, err := x.scope.env.EstimateCost(checked, sizes)
	if err != nil {
		x.fault(0, 0, CodeNotSupported, "simplify the expression", "its cost cannot be estimated")
		return nil
	}
	if estimate.Max > MaxExpressionCost {
		x.fault(1, 1, CodeTooExpensive, "declare smaller bounds (maxItems, maxLength) for the attributes, or loop less",
			"the expression may cost %s, more than %d: %s", costText(estimate.Max), MaxExpressionCost, x.dominant())
		return nil
	}
	e.cost = estimate.Max
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if e.cost > watchedCost {
		options = append(options, cel.CostLimit(runningCost))
	}
	if e.program, err = x.scope.env.Program(checked, options...); err != nil {
		x.fault(1, 1, CodeNotSupported, "simplify the expression", "it cannot be planned: %s", firstLine(err.Error()))
		return nil
	}
	if root := checked.NativeRep().Expr(); root.Kind() == ast.IdentKind {
		e.variable = slices.Index(x.scope.variables, root.AsIdent())
	}
	e.size = x.sizeOf(checked)
	if !x.free {
		e.constant = x.evaluate(e)
		if e.constant == nil {
			return nil
		}
	}
	return e
}

// evaluate computes an expression that reads nothing.
func (x *inspection) evaluate(e *expression) ref.Val {
	v, _, err := e.program.Eval(cel.NoVars())
	if err != nil {
		x.fault(1, 1, CodeConstantError, "correct it: no student can be decided by it", "the expression always fails: %s", causeOf(err))
		return nil
	}
	return v
}

// dominant says what makes an expression dear.
func (x *inspection) dominant() string {
	var parts []string
	for _, name := range x.reads.names(x.c.p.attributes) {
		a := x.c.byName[name]
		if a.Type.IsList() {
			parts = append(parts, fmt.Sprintf("student.%s may have %d items", name, a.ItemLimit()))
		} else if a.Type == bundle.String {
			parts = append(parts, fmt.Sprintf("student.%s may have %d bytes", name, a.LengthLimit()))
		}
	}
	if x.loops > 0 {
		parts = append(parts, fmt.Sprintf("loops in it: %d", x.loops))
	}
	if len(parts) == 0 {
		return "it has too many operations"
	}
	return strings.Join(parts, ", ")
}

func costText(c uint64) string {
	if c > 1e15 {
		return "an unbounded amount"
	}
	return fmt.Sprint(c)
}

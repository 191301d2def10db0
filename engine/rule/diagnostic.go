// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Diagnostic is one fault of a bundle's rules, or a warning.
type Diagnostic struct {
	// Object is the kind of resource that declares the fault: RuleSet,
	// PriorityPolicy, PersonalizationProcess or InformationModel; Name is the
	// resource's name, and Path the field of its manifest, such as
	// spec.rules[2].when or spec.attributes[recentScores].default.
	Object string
	Name   string
	Path   string
	// Line and Column are the place inside the field's text, counted from 1;
	// 0 where the field as a whole is meant.
	Line, Column int
	// Code is one of the Code constants here and in package bundle.
	Code    string
	Message string // what is wrong
	Mend    string // how to mend it
	Warning bool   // the bundle works all the same
}

// Codes of faults in expressions and tables: with those of package bundle, a
// closed list.
const (
	CodeSyntax              = "Syntax"              // the expression cannot be read
	CodeUndeclaredAttribute = "UndeclaredAttribute" // reads what the process did not declare
	CodeProhibitedInput     = "ProhibitedInput"     // reads what a guardrail prohibits
	CodeAuditOnly           = "AuditOnly"           // reads what is for fairness reports only
	CodeUnknownName         = "UnknownName"         // no such variable or field
	CodeVariableOrder       = "VariableOrder"       // reads itself or a later variable
	CodeFunctionNotAllowed  = "FunctionNotAllowed"  // not on the list of functions
	CodeNotSupported        = "NotSupported"        // CEL that rules do without
	CodeType                = "Type"                // operands or result of another type
	CodePattern             = "Pattern"             // regular expression not literal, too long or faulty
	CodePlaceholder         = "Placeholder"         // a {{…}} that is not closed, or empty
	CodeTooDeep             = "TooDeep"             // nested too deep, or too many parts
	CodeTooExpensive        = "TooExpensive"        // may cost more than allowed
	CodeConstantError       = "ConstantError"       // fails whatever the student
	CodeOutOfRange          = "OutOfRange"          // a constant that the result does not allow
	CodeUnreachable         = "Unreachable"         // warning: the rule can never decide
	CodeNoOtherwise         = "NoOtherwise"         // warning: no match will be a failure
	CodeRowByRow            = "RowByRow"            // warning: evaluated student by student
)

func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", d.Object, d.Name, d.Path)
	if d.Line > 0 {
		fmt.Fprintf(&b, " %d:%d", d.Line, d.Column)
	}
	if d.Warning {
		b.WriteString(": warning")
	}
	fmt.Fprintf(&b, ": %s: %s", d.Code, d.Message)
	if d.Mend != "" {
		fmt.Fprintf(&b, " (%s)", d.Mend)
	}
	return b.String()
}

// Diagnostics are all faults found, sorted by object, path and position. As an
// error it has one line a fault.
type Diagnostics []Diagnostic

func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Faults are those that are no warnings.
func (ds Diagnostics) Faults() Diagnostics {
	return slices.DeleteFunc(slices.Clone(ds), func(d Diagnostic) bool { return d.Warning })
}

func (ds Diagnostics) sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Name, b.Name), comparePaths(a.Path, b.Path),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

// comparePaths puts rules[2] before rules[10].
func comparePaths(a, b string) int {
	for a != "" && b != "" {
		x, restA := leadingDigits(a)
		y, restB := leadingDigits(b)
		if x != "" && y != "" {
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) (digits, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return s[:len(s)-len(rest)], rest
}

// place is the field that an expression stands in.
type place struct{ object, name, path string }

func (p place) in(field string) place { return place{p.object, p.name, p.path + field} }

// diagnostic is a fault of the field as a whole.
func (p place) diagnostic(code, mend, message string, args ...any) Diagnostic {
	return Diagnostic{Object: p.object, Name: p.name, Path: p.path, Code: code, Message: fmt.Sprintf(message, args...), Mend: mend}
}

func fromFault(f bundle.Fault) Diagnostic {
	return Diagnostic{Object: f.Object, Name: f.Name, Path: f.Path, Code: f.Code, Message: f.Message, Mend: f.Mend}
}

// near are the candidates that a misspelt name may have meant, at most three,
// nearest first.
func near(name string, candidates []string) []string {
	type scored struct {
		name     string
		distance int
	}
	var found []scored
	for _, c := range candidates {
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if d <= max(1, (len(name)+1)/3) {
			found = append(found, scored{c, d})
		}
	}
	slices.SortFunc(found, func(a, b scored) int { return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name)) })
	names := make([]string, 0, 3)
	for _, s := range found[:min(3, len(found))] {
		names = append(names, s.name)
	}
	return names
}

// distance is the Levenshtein distance of two names in bytes.
func distance(a, b string) int {
	previous, current := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current[0] = i + 1
		for j := range len(b) {
			change := previous[j]
			if a[i] != b[j] {
				change++
			}
			current[j+1] = min(change, previous[j+1]+1, current[j]+1)
		}
		previous, current = current, previous
	}
	return previous[len(b)]
}

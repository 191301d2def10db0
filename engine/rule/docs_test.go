// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
)

const (
	documentation = "../../docs/rules.md"
	listBegins    = "<!-- functions: written by go test ./engine/rule -run Documentation -update -->\n```text\n"
	listEnds      = "```\n<!-- end of functions -->"
)

// The documentation lists exactly what rules may call: no more, no less.
func TestDocumentationListsExactlyTheFunctions(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), listBegins)
	if !ok {
		t.Fatalf("%s has no list of functions that begins with %q", documentation, listBegins)
	}
	listed, after, ok := strings.Cut(rest, listEnds)
	if !ok {
		t.Fatalf("%s: the list of functions does not end", documentation)
	}
	allowed := signatures(t)
	if *update {
		if err := os.WriteFile(documentation, []byte(before+listBegins+allowed+listEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(allowed, listed); diff != "" {
		t.Errorf("%s and the environment differ (-allowed +listed):\n%s", documentation, diff)
	}
}

// signatures has a line for each overload of the environment and each macro.
func signatures(t *testing.T) string {
	env, err := baseEnv()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for name, f := range env.Functions() {
		if name == operators.NotStrictlyFalse {
			continue // part of the macros' expansion; nobody can write it
		}
		for _, o := range f.OverloadDecls() {
			lines = append(lines, signature(name, o))
		}
	}
	for _, m := range env.Macros() {
		arguments := []string{"x", "condition"}
		switch {
		case m.Function() == operators.Has:
			lines = append(lines, "has(student.x) → bool")
			continue
		case m.Function() == operators.Map && m.ArgCount() == 3:
			arguments = []string{"x", "condition", "value"}
		case m.Function() == operators.Map:
			arguments = []string{"x", "value"}
		}
		result := "bool"
		if m.Function() == operators.Map || m.Function() == operators.Filter {
			result = "list"
		}
		lines = append(lines, fmt.Sprintf("list.%s(%s) → %s", m.Function(), strings.Join(arguments, ", "), result))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}

func signature(name string, o *decls.OverloadDecl) string {
	var arguments []string
	for _, a := range o.ArgTypes() {
		arguments = append(arguments, cel.FormatCELType(a))
	}
	result := cel.FormatCELType(o.ResultType())
	symbol, isOperator := operators.FindReverse(name)
	switch {
	case name == operators.Conditional:
		return fmt.Sprintf("%s ? %s : %s → %s", arguments[0], arguments[1], arguments[2], result)
	case name == operators.Index:
		return fmt.Sprintf("%s[%s] → %s", arguments[0], arguments[1], result)
	case isOperator && len(arguments) == 1:
		return fmt.Sprintf("%s%s → %s", symbol, arguments[0], result)
	case isOperator && len(arguments) == 2:
		return fmt.Sprintf("%s %s %s → %s", arguments[0], symbol, arguments[1], result)
	case o.IsMemberFunction():
		return fmt.Sprintf("%s.%s(%s) → %s", arguments[0], name, strings.Join(arguments[1:], ", "), result)
	}
	return fmt.Sprintf("%s(%s) → %s", name, strings.Join(arguments, ", "), result)
}

// The documentation's limits are the code's.
func TestDocumentationStatesTheLimits(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int{
		"rules of a table": bundle.MaxRules, "variables of a table": bundle.MaxVariables, "attributes of a process": bundle.MaxAttributes,
		"bytes of an expression": MaxExpressionLength, "parts of an expression": MaxExpressionNodes, "depth of an expression": MaxExpressionDepth,
		"bytes of a regular expression": MaxPatternLength, "bytes of a reason text": MaxTextLength, "placeholders of a reason text": MaxPlaceholders,
		"items of a list": bundle.MaxListItems, "bytes of a string attribute": bundle.MaxStringLength, "bytes of a computed string": MaxStringSize,
		"cost of an expression": MaxExpressionCost, "cost of a table": MaxTableCost,
	} {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \| ([0-9,]+) \|`).FindStringSubmatch(string(text))
		if row == nil {
			t.Errorf("no limit %q", name)
			continue
		}
		if stated, err := strconv.Atoi(strings.ReplaceAll(row[1], ",", "")); err != nil || stated != limit {
			t.Errorf("%s: the documentation says %s, the code %d", name, row[1], limit)
		}
	}
}

// Every code of a diagnostic is explained.
func TestDocumentationExplainsTheCodes(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"diagnostic.go", "../bundle/validate.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		codes := regexp.MustCompile(`(?m)^\tCode\w+\s+= "(\w+)"`).FindAllStringSubmatch(string(source), -1)
		if len(codes) == 0 {
			t.Fatalf("%s: no codes found", file)
		}
		for _, code := range codes {
			if !strings.Contains(string(text), "| `"+code[1]+"` |") {
				t.Errorf("%s: code %s is not explained", documentation, code[1])
			}
		}
	}
}

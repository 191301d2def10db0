// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// dearest is a population of one student whose every value is as large as the
// model allows.
func dearest(attributes []bundle.Attribute) *student.Population {
	var columns []*student.Column
	for _, a := range attributes {
		n := 1
		if a.Type.IsList() {
			n = a.ItemLimit()
		}
		c := &student.Column{Attribute: a, Presence: []student.Presence{student.Present}, Offsets: []uint32{0, uint32(n)}}
		switch a.Type.Element() {
		case bundle.String:
			c.Dict, c.Codes = []string{strings.Repeat("a", a.LengthLimit())}, make([]uint32, n)
		case bundle.Number:
			c.Floats = make([]float64, n)
		default:
			c.Ints = make([]int64, n)
		}
		columns = append(columns, c)
	}
	return student.New("d", time.Unix(0, 0), time.UTC, student.Origin{}, []string{"s"}, []string{""}, []string{""}, columns)
}

var hostileAttributes = []bundle.Attribute{
	{Name: "list", Type: bundle.NumberList}, {Name: "ints", Type: bundle.IntegerList}, {Name: "words", Type: bundle.StringList},
	{Name: "text", Type: bundle.String}, {Name: "short", Type: bundle.NumberList, MaxItems: 10}, {Name: "n", Type: bundle.Integer},
}

func hostileBundle(when string, variables ...string) *bundle.Bundle {
	b := &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: "p", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{{Name: "yes", Type: bundle.Boolean}},
		},
		Information: bundle.Model{Name: "m", Attributes: slices.Clone(hostileAttributes)},
		Rules: bundle.RuleSet{
			Name: "r", HitPolicy: bundle.First,
			Rules:     []bundle.Rule{{ID: "a", When: when, Then: map[string]string{"yes": "true"}, Reason: bundle.Reason{Code: "A"}}},
			Otherwise: &bundle.Otherwise{Then: map[string]string{"yes": "false"}, Reason: bundle.Reason{Code: "N"}},
		},
	}
	for i, v := range variables {
		b.Rules.Variables = append(b.Rules.Variables, bundle.Variable{Name: fmt.Sprintf("v%d", i), Expression: v})
	}
	return b
}

// chain is n variables, each of which doubles the one before.
func chain(first, double string, n int) []string {
	variables := []string{first}
	for i := range n {
		variables = append(variables, strings.ReplaceAll(double, "V", fmt.Sprintf("v%d", i)))
	}
	return variables
}

func nested(open, inner, closing string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

func loops(list string, n int, inner string) string {
	for i := range n {
		inner = fmt.Sprintf("%s.all(x%d, %s)", list, i, inner)
	}
	return inner
}

// Whatever is written, either Compile refuses it, or deciding about the dearest
// student stays within bounds of cost and memory. No clock is read: the bounds
// are the cost that cel-go counts and the bytes that are allocated.
func TestHostileRulesAreRefusedOrBounded(t *testing.T) {
	for name, c := range map[string]struct {
		when      string
		variables []string
		refused   string // the code; empty if it must compile
	}{
		"two nested loops":          {loops("student.list", 2, "x0 < x1"), nil, CodeTooExpensive},
		"four nested loops":         {loops("student.list", 4, "x0 < x1"), nil, CodeTooExpensive},
		"sixty nested short loops":  {loops("student.short", 60, "true"), nil, CodeTooDeep},
		"five nested short loops":   {loops("student.short", 5, "x0 <= x1"), nil, CodeTooExpensive},
		"three nested short loops":  {loops("student.short", 3, "x0 <= x1"), nil, ""},
		"loop over a literal":       {loops("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", 4, "x0 > x1"), nil, CodeTooExpensive},
		"nested map":                {"student.list.map(x, student.list.map(y, x + y)).size() > 0", nil, CodeTooExpensive},
		"map of strings":            {"student.words.map(w, w + w + w + w).size() > 0", nil, CodeTooExpensive},
		"one loop":                  {"student.list.exists(x, x > 1.0 && x < 2.0)", nil, ""},
		"mean in a loop":            {"student.list.exists(x, x > student.list.mean())", nil, CodeTooExpensive},
		"text doubled in variables": {"v40.size() > 0", chain("student.text", "V + V", 40), ""},
		"text doubled a little":     {"v6.size() > 0", chain("student.text", "V + V", 6), ""},
		"list doubled in variables": {"v40.size() > 0", chain("student.list", "V + V", 40), ""},
		"list of lists doubled":     {"v40.size() > 0", chain("[student.list]", "[V, V][0] + V", 40), ""},
		"nested lists in variables": {"size(v30) > 0", chain("[student.text]", "V + V", 30), ""},
		"text concatenated":         {strings.TrimSuffix(strings.Repeat("student.text+", 500), "+") + " == ''", nil, CodeTooDeep},
		"texts concatenated flat":   {strings.TrimSuffix(strings.Repeat("student.text+", 60), "+") + " == ''", nil, ""},
		"lists concatenated":        {"(" + strings.TrimSuffix(strings.Repeat("student.list+", 50), "+") + ").sum() > 0.0", nil, ""},
		"indices of words":          {"student.words.exists(w, student.words.indexOf(w) > 5)", nil, CodeTooExpensive},
		"deep parentheses":          {nested("(", "true", ")", 3000), nil, CodeTooDeep},
		"deep negation":             {nested("!", "true", "", 3000), nil, ""},
		"deep negation of a value":  {nested("!(", "student.n > 1", ")", 1500), nil, CodeTooDeep},
		"deep lists":                {nested("[", "1", "]", 2000) + " == []", nil, CodeTooDeep},
		"deep ternary":              {strings.Repeat("student.n > 1 ? true : ", 300) + "false", nil, CodeTooDeep},
		"deep calls":                {nested("math.abs(", "student.n", ")", 700) + " > 1", nil, CodeTooDeep},
		"long sum":                  {strings.TrimSuffix(strings.Repeat("1+", 3000), "+") + " > 1", nil, CodeTooDeep},
		"long conjunction":          {strings.TrimSuffix(strings.Repeat("student.n>1&&", 600), "&&"), nil, ""},
		"long list literal":         {"student.n in [" + strings.TrimSuffix(strings.Repeat("1,", 4000), ",") + "]", nil, ""},
		"too long":                  {"true" + strings.Repeat(" ", MaxExpressionLength), nil, bundle.CodeTooLong},
		"huge number":               {strings.Repeat("9", 5000) + " > 1", nil, CodeSyntax},
		"huge double":               {"1e999999999 > 1.0", nil, CodeSyntax},
		"large pattern":             {"student.text.matches('" + strings.Repeat("a", MaxPatternLength+1) + "')", nil, CodePattern},
		"pattern that grows":        {"student.text.matches('((((a{30}){30}){30}){30}')", nil, CodePattern},
		"pattern with backtracking": {"student.text.matches('^(a+)+$')", nil, ""},
		"pattern in a loop":         {"student.words.exists(w, w.matches('^(a|aa)+$'))", nil, CodeTooExpensive},
		"macros in macros":          {loops("[true]", 18, "true"), nil, ""},
		"conversion of long text":   {"string(double('1e308')).size() > 5 && int(student.text + student.text) > 1", nil, ""},
		"last of everything":        {"student.list.last(9223372036854775807).size() > 0", nil, ""},
		"unterminated string":       {"'" + strings.Repeat("a", 5000), nil, CodeSyntax},
		"control characters":        {"\x00\x01\u202e == 1", nil, CodeSyntax},
		"comment only":              {"// nothing", nil, CodeSyntax},
		"two expressions":           {"true true", nil, CodeSyntax},
		"macro's own variable":      {"[1].all(x, __result__)", nil, CodeUnknownName},
		"macro's own name":          {"[1].all(__result__, __result__ == 1) && [1].all(x, @result)", nil, CodeSyntax},
		"comprehension in when":     {"[[[1]]].map(a, a.map(b, b.map(c, c)))[0][0][0] == 1", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := hostileBundle(c.when, c.variables...)
			var program *Program
			var err error
			if used := allocated(func() { program, err = Compile(b) }); used > 200<<20 {
				t.Errorf("compiling allocated %d MiB", used>>20)
			}
			if c.refused != "" {
				var found Diagnostics
				if !errors.As(err, &found) {
					t.Fatalf("compiled at cost %d, want %s", program.Cost(), c.refused)
				}
				if !slices.ContainsFunc(found, func(d Diagnostic) bool { return d.Code == c.refused }) {
					t.Errorf("want %s, got %v", c.refused, found)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e, err := program.Bind(dearest(b.Information.Attributes))
			if err != nil {
				t.Fatal(err)
			}
			var o Outcome
			if used := allocated(func() { o = e.Decide(0) }); used > program.Cost()<<10+1<<20 {
				t.Errorf("deciding allocated %d MiB at a cost of at most %d: %+v", used>>20, program.Cost(), o)
			}
			if strings.Contains(o.Failure, "evaluation error") {
				t.Errorf("a failure without a known cause: %+v", o)
			}
		})
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The static estimate must not be below what evaluating really costs: then a
// rule that was accepted cannot exceed its budget.
func TestTheEstimateBoundsTheCost(t *testing.T) {
	for _, source := range []string{
		"student.list.sum() > 1.0", "student.list.mean() > 1.0", "student.ints.min() > 1", "student.list.max() > 1.0", "student.words.max() > 'b'",
		"student.words.isSorted()", "student.list.isSorted()", "student.list.indexOf(2.0) > 1", "student.words.lastIndexOf('b') > 1",
		"student.list.first(5).size() > 1", "student.words.last(500).size() > 1", "student.list.last(student.n).sum() > 1.0",
		"student.list.exists(x, x > 1.0)", "student.list.all(x, x < 1.0)", "student.list.map(x, x * 2.0).sum() > 1.0", "student.list.filter(x, x > -1.0).size() > 1",
		"student.words.exists(w, w == 'b')", "student.text.contains('ba')", "student.text.startsWith('b')", "student.text.matches('(a|b)*c')",
		"student.text.upperAscii().trim().lowerAscii() == 'a'", "(student.text + student.text).size() > 1", "student.text in student.words",
		"math.greatest(student.n, 1, 2) > 1", "math.abs(student.n) > 1", "has(student.n) && student.n in [1, 2, 3, 4]",
		"student.short.map(x, student.short.map(y, x + y).sum()).sum() > 1.0", "{'a': 1, 'b': 2}[student.text.trim()] > 1 || true",
		"(student.list + student.list).filter(x, x == 0.0).size() > 1", "student.words.map(w, w.size()).sum() > 1",
	} {
		b := hostileBundle(source)
		c := newCompiler(b)
		base, err := baseEnv()
		if err != nil {
			t.Fatal(err)
		}
		env, err := base.Extend(cel.CustomTypeProvider(c.schema), cel.Variable(nameStudent, cel.ObjectType(typeStudent)))
		if err != nil {
			t.Fatal(err)
		}
		x := c.compile(c.ruleSet(""), origin{1, 1}, scope{env: env}, source, cel.BoolType)
		if x == nil {
			t.Errorf("%s: %v", source, c.diagnostics)
			continue
		}
		c.p.reads.union(&x.reads)
		e, err := c.p.Bind(dearest(b.Information.Attributes))
		if err != nil {
			t.Fatal(err)
		}
		checked, issues := env.Compile(source)
		if issues.Err() != nil {
			t.Fatal(issues.Err())
		}
		tracked, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostTracking(nil))
		if err != nil {
			t.Fatal(err)
		}
		e.begin(0)
		_, details, _ := tracked.Eval(e.names)
		if actual := *details.ActualCost(); actual > x.cost {
			t.Errorf("%s costs %d, more than the %d estimated", source, actual, x.cost)
		}
	}
}

// The second belt: an evaluation that is stopped at its budget is a failure with
// a cause of its own, whether in an expression or in a variable.
func TestStoppedEvaluationsSayWhy(t *testing.T) {
	base, err := baseEnv()
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := base.Compile("[1, 2, 3].all(x, x > 0)")
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := base.Program(checked, cel.CostLimit(3))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = program.Eval(cel.NoVars())
	if err == nil {
		t.Fatal("not stopped")
	}
	if got, want := causeOf(err), "cost limit exceeded"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := causeOf(types.WrapErr(&variableError{"v", err}).(*types.Err)), "variable v: cost limit exceeded"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A dear expression is watched: beyond the model's bounds, it is stopped.
func TestDearExpressionsAreWatched(t *testing.T) {
	b := hostileBundle("student.list.exists(x, student.short.exists(y, x > y))")
	p := compiled(t, b)
	if p.Cost() <= watchedCost {
		t.Fatalf("cost %d is not dear", p.Cost())
	}
	population := dearest(b.Information.Attributes)
	e, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	// Bounds are enforced on every read, so they are widened behind its back.
	e.student.attributes = slices.Clone(e.student.attributes)
	for i := range e.student.attributes {
		e.student.attributes[i].MaxItems = 1 << 30
	}
	c := population.Column("short")
	c.Floats, c.Offsets = make([]float64, 100_000), []uint32{0, 100_000}
	if o := e.Decide(0); o.Failure != "rule a, when: cost limit exceeded" {
		t.Errorf("%+v", o)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

func firstCase(t testing.TB) *bundle.Bundle {
	t.Helper()
	return readBundle(t, "testdata/cases/first/bundle.yaml")
}

func compiled(t testing.TB, b *bundle.Bundle) *Program {
	t.Helper()
	p, err := Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadsAreTheAttributesThatSomethingReads(t *testing.T) {
	b := firstCase(t)
	b.Information.Attributes = append(b.Information.Attributes, bundle.Attribute{Name: "unread", Type: bundle.String})
	p := compiled(t, b)
	if diff := cmp.Diff([]string{"attendanceRate", "recentScores"}, p.Reads()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"far-behind", "behind"}, p.RuleIDs()); diff != "" {
		t.Error(diff)
	}
}

func TestBindRefusesColumnsThatDoNotFit(t *testing.T) {
	b := firstCase(t)
	for i := range b.Information.Attributes {
		b.Information.Attributes[i].From.OneRoster = &bundle.OneRoster{File: "users", Field: "x"}
	}
	p := compiled(t, b)
	number := func(name string, rows int) *student.Column {
		return &student.Column{Attribute: bundle.Attribute{Name: name, Type: bundle.Number}, Presence: make([]student.Presence, rows), Floats: make([]float64, rows)}
	}
	list := func(offsets ...uint32) *student.Column {
		return &student.Column{Attribute: bundle.Attribute{Name: "recentScores", Type: bundle.NumberList}, Presence: make([]student.Presence, 1), Offsets: offsets, Floats: []float64{1}}
	}
	short := number("attendanceRate", 1)
	short.Floats = nil
	elsewhere := number("attendanceRate", 1)
	elsewhere.Attribute.From.OneRoster = &bundle.OneRoster{File: "users", Field: "other"}
	for name, c := range map[string]struct {
		columns []*student.Column
		want    string
	}{
		"fits":              {[]*student.Column{list(0, 1), number("attendanceRate", 1)}, ""},
		"column missing":    {[]*student.Column{list(0, 1)}, "no column for attribute attendanceRate"},
		"other type":        {[]*student.Column{number("recentScores", 1), number("attendanceRate", 1)}, "NumberList in the bundle and a Number"},
		"offsets too few":   {[]*student.Column{list(0), number("attendanceRate", 1)}, "1 offsets for 1 students"},
		"values too few":    {[]*student.Column{list(0, 2), number("attendanceRate", 1)}, "1 values where 2 are needed"},
		"no values":         {[]*student.Column{list(0, 1), short}, "0 values where 1 are needed"},
		"from another file": {[]*student.Column{list(0, 1), elsewhere}, "comes from another place"},
	} {
		_, err := p.Bind(student.New("d", time.Time{}, time.UTC, student.Origin{}, []string{"s"}, []string{""}, []string{""}, c.columns))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// A value beyond the model's bounds would make the cost estimates untrue.
func TestValuesBeyondTheBoundsFail(t *testing.T) {
	b := hostileBundle("student.list.size() > 1 || student.text == 'x' || student.words.size() > 0")
	for i := range b.Information.Attributes {
		b.Information.Attributes[i].MaxItems = min(2, b.Information.Attributes[i].MaxItems+2)
		b.Information.Attributes[i].MaxLength = 3
	}
	for attribute, change := range map[string]func(c *student.Column){
		"list":  func(c *student.Column) { c.Floats, c.Offsets = make([]float64, 3), []uint32{0, 3} },
		"text":  func(c *student.Column) { c.Dict = []string{"abcd"} },
		"words": func(c *student.Column) { c.Dict = []string{"abcd"} },
	} {
		b.Rules.Rules[0].When = map[string]string{"list": "student.list.size() > 1", "text": "student.text == 'x'", "words": "'x' in student.words"}[attribute]
		population := dearest(b.Information.Attributes)
		change(population.Column(attribute))
		e, err := compiled(t, b).Bind(population)
		if err != nil {
			t.Fatal(err)
		}
		if o := e.Decide(0); o.Status != Failed || !strings.Contains(o.Failure, "attribute "+attribute+" exceeds its max") {
			t.Errorf("%s: %+v", attribute, o)
		}
	}
}

func TestFailuresHoldNoValues(t *testing.T) {
	const secret = "Xylophone"
	for _, when := range []string{
		"int(student.text) > 1", "timestamp(student.text) > at", "{'a': 1}[student.text] > 1", "double(student.text) > 1.0", "duration(student.text) > duration('1s')", "bool(student.text)",
	} {
		b := hostileBundle(when)
		population := dearest(b.Information.Attributes)
		population.Column("text").Dict = []string{secret}
		e, err := compiled(t, b).Bind(population)
		if err != nil {
			t.Fatal(err)
		}
		if o := e.Decide(0); o.Status != Failed || strings.Contains(fmt.Sprint(o), secret) || strings.Contains(o.Failure, "evaluation error") {
			t.Errorf("%s: %+v", when, o)
		}
	}
}

func TestRunTests(t *testing.T) {
	b := firstCase(t)
	values := func(scores, attendance string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		if scores != "" {
			m["recentScores"] = json.RawMessage(scores)
		}
		if attendance != "" {
			m["attendanceRate"] = json.RawMessage(attendance)
		}
		return m
	}
	expect := func(support string) map[string]json.RawMessage {
		return map[string]json.RawMessage{"support": json.RawMessage(support)}
	}
	b.Rules.Tests = []bundle.Test{
		{Name: "low", Student: values("[30]", "0.9"), Expect: bundle.Expect{Rule: "far-behind", Reason: "FAR_BEHIND", Result: expect(`"intensive"`)}},
		{Name: "wrong rule", Student: values("[30]", "0.9"), Expect: bundle.Expect{Rule: "behind"}},
		{Name: "wrong result", Student: values("[30]", "0.9"), Expect: bundle.Expect{Result: expect(`"none"`)}},
		{Name: "wrong reason", Student: values("[30]", "0.9"), Expect: bundle.Expect{Reason: "OTHER"}},
		{Name: "unknown", Student: values("", ""), Expect: bundle.Expect{State: "Undetermined"}},
		{Name: "null is absent", Student: values("null", "1"), Expect: bundle.Expect{State: "Decided"}},
		{Name: "empty", Student: values("[]", "1"), Expect: bundle.Expect{State: "Failed"}},
		{Name: "not a list", Student: values("1", "1")},
		{Name: "no such attribute", Student: map[string]json.RawMessage{"shoeSize": json.RawMessage("1")}},
		{Name: "no such field", Student: values("[30]", "0.9"), Expect: bundle.Expect{Result: map[string]json.RawMessage{"seat": json.RawMessage("1")}}},
		{Name: "value of another type", Student: values("[30]", "0.9"), Expect: bundle.Expect{Result: expect(`1`)}},
		{Name: "at is no instant", At: "today", Student: values("[30]", "0.9")},
	}
	report := compiled(t, b).RunTests()
	got := map[string][]string{}
	for _, r := range report.Tests {
		got[r.Name] = r.Differences
	}
	want := map[string][]string{
		"low": nil, "unknown": nil, "empty": nil,
		"wrong rule":            {"rule: want behind, got far-behind"},
		"wrong result":          {`support: want "none", got "intensive"`},
		"wrong reason":          {"reason: want OTHER, got FAR_BEHIND"},
		"null is absent":        {"state: want Decided, got Undetermined: missing recentScores"},
		"not a list":            {"student.recentScores: want a list for NumberList"},
		"no such attribute":     {"student.shoeSize is not an attribute that the rules may read"},
		"no such field":         {"seat: the result has no such field"},
		"value of another type": {"support: the value expected does not fit: want a value of type String"},
		"at is no instant":      {"at is not an instant: write it as 2026-09-01T00:00:00Z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if report.Passed() {
		t.Error("a report with failed tests says that it passed")
	}
	if report.Tests[1].Path != "spec.tests[1]" {
		t.Errorf("path %s", report.Tests[1].Path)
	}
	// No test reached the second rule but to stop there, and none otherwise.
	cover := []Coverage{{Rule: "far-behind", Hits: 6, True: true}, {Rule: "behind"}, {Rule: "otherwise"}}
	if diff := cmp.Diff(cover, report.Coverage); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"behind", "otherwise"}, report.Unhit()); diff != "" {
		t.Error(diff)
	}
}

func TestTestsMustSayWhenRulesReadAt(t *testing.T) {
	b := hostileBundle("at > timestamp('2026-01-01T00:00:00Z')")
	b.Rules.Tests = []bundle.Test{{Name: "without"}, {Name: "with", At: "2026-02-01T00:00:00Z", Expect: bundle.Expect{Rule: "a"}}}
	report := compiled(t, b).RunTests()
	if report.Tests[0].Passed() || !report.Tests[1].Passed() {
		t.Errorf("%+v", report.Tests)
	}
}

// A Program is shared by evaluators in many goroutines: run with -race.
func TestOneProgramManyEvaluators(t *testing.T) {
	b := firstCase(t)
	p := compiled(t, b)
	var in caseStudents
	readJSON(t, "testdata/cases/first/students.json", &in)
	population := casePopulation(t, b, &in)
	decide := func() []Outcome {
		e, err := p.Bind(population)
		if err != nil {
			t.Error(err)
			return nil
		}
		var list []Outcome
		for range 20 {
			list = list[:0]
			for row := range population.Len() {
				o := e.Decide(row)
				if o.Status == Decided {
					if o.Reason.Text, err = e.ReasonText(row, o); err != nil {
						t.Error(err)
					}
				}
				e.Trace(row)
				list = append(list, o)
			}
		}
		return list
	}
	want := decide()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := decide(); !reflect.DeepEqual(got, want) {
				t.Error("another goroutine decided otherwise")
			}
		})
	}
	wait.Wait()
}

// Rows do not influence one another: in any order, each gives the same.
func TestRowsAreIndependent(t *testing.T) {
	for _, name := range []string{"first", "missing", "failures", "candidates"} {
		b := readBundle(t, "testdata/cases/"+name+"/bundle.yaml")
		p := compiled(t, b)
		var in caseStudents
		readJSON(t, "testdata/cases/"+name+"/students.json", &in)
		population := casePopulation(t, b, &in)
		forward, err := p.Bind(population)
		if err != nil {
			t.Fatal(err)
		}
		var want []Outcome
		for row := range population.Len() {
			want = append(want, forward.Decide(row))
		}
		for row := population.Len() - 1; row >= 0; row-- {
			if diff := cmp.Diff(want[row], forward.Decide(row)); diff != "" {
				t.Errorf("%s, row %d: another order gives another decision:\n%s", name, row, diff)
			}
		}
	}
}

func TestOnlyDecisionsHaveUnitsKeysAndTexts(t *testing.T) {
	b := readBundle(t, "testdata/cases/candidates/bundle.yaml")
	var in caseStudents
	readJSON(t, "testdata/cases/candidates/students.json", &in)
	e, err := compiled(t, b).Bind(casePopulation(t, b, &in))
	if err != nil {
		t.Fatal(err)
	}
	o := Outcome{Status: Undetermined}
	if _, err := e.Units(0, o); !errors.Is(err, errNotDecided) {
		t.Errorf("Units: %v", err)
	}
	if _, err := e.OrderKeys(0, o); !errors.Is(err, errNotDecided) {
		t.Errorf("OrderKeys: %v", err)
	}
	if _, err := e.ReasonText(0, o); !errors.Is(err, errNotDecided) {
		t.Errorf("ReasonText: %v", err)
	}
	// A missing attribute of a key is told as such, so that the caller can make
	// the decision Undetermined.
	_, err = e.OrderKeys(3, e.Decide(3))
	var failed *ExpressionError
	if !errors.As(err, &failed) || !slices.Equal(failed.Missing, []string{"newcomer"}) {
		t.Errorf("OrderKeys: %v", err)
	}
}

func TestTraceTellsHow(t *testing.T) {
	b := firstCase(t)
	var in caseStudents
	readJSON(t, "testdata/cases/first/students.json", &in)
	e, err := compiled(t, b).Bind(casePopulation(t, b, &in))
	if err != nil {
		t.Fatal(err)
	}
	got := e.Trace(0)
	got.Outcome = Outcome{}
	want := Trace{
		Rules:     []RuleTrace{{ID: "far-behind", State: Matched, Reads: []string{"attendanceRate", "recentScores"}}, {ID: "behind", State: NotReached}},
		Variables: []VariableTrace{{Name: "recent", Evaluated: true, Value: 85.0 / 3, Reads: []string{"recentScores"}}},
		Reads:     []string{"attendanceRate", "recentScores"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	missing := e.Trace(7).Variables[0]
	if diff := cmp.Diff(VariableTrace{Name: "recent", Evaluated: true, Reads: []string{"recentScores"}, Missing: []string{"recentScores"}}, missing); diff != "" {
		t.Error(diff)
	}
	failed := e.Trace(9).Variables[0]
	if diff := cmp.Diff(VariableTrace{Name: "recent", Evaluated: true, Reads: []string{"recentScores"}, Failure: "mean of an empty list"}, failed); diff != "" {
		t.Error(diff)
	}
}

// A table that costs too much as a whole is refused though no rule is.
func TestTheTableHasABudget(t *testing.T) {
	b := hostileBundle("student.list.exists(x, x > 1.0)")
	for i := range 400 {
		r := b.Rules.Rules[0]
		r.ID = fmt.Sprintf("r%d", i)
		b.Rules.Rules = append(b.Rules.Rules, r)
	}
	_, err := Compile(b)
	var found Diagnostics
	if !errors.As(err, &found) || len(found) != 1 || found[0].Code != CodeTooExpensive || found[0].Path != "spec.rules" {
		t.Errorf("%v", err)
	}
}

func TestDiagnosticsAreSorted(t *testing.T) {
	ds := Diagnostics{
		{Object: "RuleSet", Path: "spec.rules[10].when"}, {Object: "RuleSet", Path: "spec.rules[2].when", Line: 2, Column: 1},
		{Object: "RuleSet", Path: "spec.rules[2].when", Line: 1, Column: 9}, {Object: "InformationModel", Path: "z"},
	}
	ds.sort()
	var got []string
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%s %d:%d", d.Path, d.Line, d.Column))
	}
	if diff := cmp.Diff([]string{"z 0:0", "spec.rules[2].when 1:9", "spec.rules[2].when 2:1", "spec.rules[10].when 0:0"}, got); diff != "" {
		t.Error(diff)
	}
}

// What a variable reads is added to what its reader has read already.
func TestReadsAndMissingAddUpAcrossVariables(t *testing.T) {
	b := hostileBundle("student.n > 0 || v1 > 1.0", "student.list.sum()", "v0 + student.short.sum()")
	population := dearest(b.Information.Attributes)
	population.Column("n").Presence[0] = student.Absent
	e, err := compiled(t, b).Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	trace := e.Trace(0)
	if diff := cmp.Diff([]string{"n"}, trace.Outcome.Missing); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"list", "n", "short"}, trace.Rules[0].Reads); diff != "" {
		t.Error(diff)
	}
	population.Column("short").Presence[0] = student.Faulty
	if diff := cmp.Diff([]string{"n", "short"}, e.Decide(0).Missing); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesHaveASize(t *testing.T) {
	for variable, failure := range map[string]string{
		"student.text":                         "",
		"student.text + student.text":          "",
		strings.Repeat("student.text + ", 16):  "variable v0: longer than a value may be",
		"student.list":                         "",
		"student.list + student.list":          "variable v0: longer than a value may be",
		"[student.list + student.list]":        "variable v0: longer than a value may be",
		"{'a': student.list + student.list}":   "variable v0: longer than a value may be",
		"student.words.map(w, w.size()).sum()": "",
	} {
		if strings.HasSuffix(variable, "+ ") {
			variable += "student.text"
		}
		e, err := compiled(t, hostileBundle("v0 == v0", variable)).Bind(dearest(hostileAttributes))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if failure != "" {
			want = "rule a, when: " + failure
		}
		if o := e.Decide(0); o.Failure != want {
			t.Errorf("%.40s: failure %q, want %q", variable, o.Failure, want)
		}
	}
}

func TestSumsDoNotOverflow(t *testing.T) {
	for _, c := range []struct {
		a, b int64
		ok   bool
	}{
		{math.MaxInt64, 0, true}, {math.MaxInt64, 1, false}, {math.MinInt64, 0, true}, {math.MinInt64, -1, false},
		{math.MaxInt64, math.MinInt64, true}, {math.MaxInt64 - 1, 1, true}, {math.MinInt64 + 1, -1, true},
	} {
		s, err := addExactly(c.a, c.b)
		if (err == nil) != c.ok || err == nil && s != c.a+c.b {
			t.Errorf("%d + %d = %d, %v", c.a, c.b, s, err)
		}
	}
	if _, err := addFinitely(math.MaxFloat64, math.MaxFloat64); err == nil {
		t.Error("a sum of doubles overflows unnoticed")
	}
}

// Where only one rule can decide, only the dearest result counts; where several
// can, all do.
func TestTheTableCostCountsWhatMayBeEvaluated(t *testing.T) {
	b := hostileBundle("student.n > 1")
	b.Rules.Rules[0].Then["yes"] = "student.list.exists(x, x > 1.0)"
	for i := range 9 {
		r := b.Rules.Rules[0]
		r.ID = fmt.Sprintf("r%d", i)
		b.Rules.Rules = append(b.Rules.Rules, r)
	}
	first := compiled(t, b).Cost()
	b.Rules.HitPolicy = bundle.Any
	if several := compiled(t, b).Cost(); several < 9*first {
		t.Errorf("cost %d under Any, %d under First", several, first)
	}
}

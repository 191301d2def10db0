// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// TestReport is what a rule set's own tests showed.
type TestReport struct {
	Tests []TestResult // in the order they are written
	// Coverage is of every rule in table order, and of otherwise at the end if
	// there is one.
	Coverage []Coverage
}

// TestResult is one test. It passed if there are no differences.
type TestResult struct {
	Name        string
	Path        string   // in the RuleSet's manifest: spec.tests[0]
	Differences []string // what was expected and what came out
	Trace       Trace    // how; zero if the test cannot be run
}

// Passed reports whether the test came out as expected.
func (r *TestResult) Passed() bool { return len(r.Differences) == 0 }

// Coverage says what the tests saw of one rule.
type Coverage struct {
	Rule string
	Hits int // tests that the rule decided, alone or with others
	// True and False say whether its condition was seen to hold and not to.
	True, False bool
}

// Passed reports whether all tests passed.
func (r *TestReport) Passed() bool {
	return !slices.ContainsFunc(r.Tests, func(t TestResult) bool { return !t.Passed() })
}

// Unhit are the rules that no test hit.
func (r *TestReport) Unhit() []string {
	var ids []string
	for _, c := range r.Coverage {
		if c.Hits == 0 {
			ids = append(ids, c.Rule)
		}
	}
	return ids
}

// RunTests runs the tests that the rule set carries. Each decides about one
// student who has exactly the values written; all others are absent.
func (p *Program) RunTests() TestReport {
	var report TestReport
	for i := range p.rules {
		report.Coverage = append(report.Coverage, Coverage{Rule: p.rules[i].id})
	}
	if p.otherwise != nil {
		report.Coverage = append(report.Coverage, Coverage{Rule: bundle.OtherwiseID})
	}
	for i := range p.bundle.Rules.Tests {
		t := &p.bundle.Rules.Tests[i]
		result := TestResult{Name: t.Name, Path: fmt.Sprintf("spec.tests[%d]", i)}
		if population, err := p.testPopulation(t); err != nil {
			result.Differences = []string{err.Error()}
		} else if e, err := p.Bind(population); err != nil {
			result.Differences = []string{err.Error()}
		} else {
			result.Trace = e.Trace(0)
			result.Differences = p.differences(&t.Expect, &result.Trace.Outcome)
			report.cover(&result.Trace)
		}
		report.Tests = append(report.Tests, result)
	}
	return report
}

func (r *TestReport) cover(t *Trace) {
	for i := range r.Coverage {
		c := &r.Coverage[i]
		if slices.Contains(t.Outcome.Rules, c.Rule) {
			c.Hits++
		}
		if i < len(t.Rules) {
			c.True = c.True || t.Rules[i].State == Matched
			c.False = c.False || t.Rules[i].State == NotMatched
		}
	}
}

// testPopulation has one student with the values that a test gives.
func (p *Program) testPopulation(t *bundle.Test) (*student.Population, error) {
	var at time.Time
	if t.At != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, t.At); err != nil {
			return nil, fmt.Errorf("at is not an instant: write it as 2026-09-01T00:00:00Z")
		}
	} else if p.readsAt {
		return nil, fmt.Errorf("the rules read at, and the test does not say when: give it at: 2026-09-01T00:00:00Z")
	}
	for _, name := range slices.Sorted(maps.Keys(t.Student)) {
		if !slices.ContainsFunc(p.attributes, func(a attribute) bool { return a.Name == name }) {
			return nil, fmt.Errorf("student.%s is not an attribute that the rules may read", name)
		}
	}
	columns := make([]*student.Column, len(p.attributes))
	for i := range p.attributes {
		a := &p.attributes[i]
		c, err := testColumn(a.Attribute, t.Student[a.Name])
		if err != nil {
			return nil, fmt.Errorf("student.%s: %w", a.Name, err)
		}
		columns[i] = c
	}
	return student.New("", at, time.UTC, student.Origin{Kind: "test"}, []string{""}, []string{""}, []string{""}, columns), nil
}

// testColumn is a column of one value; null and nothing are an absent one.
func testColumn(a bundle.Attribute, raw json.RawMessage) (*student.Column, error) {
	c := &student.Column{Attribute: a, Presence: []student.Presence{student.Absent}}
	var value any
	if len(raw) > 0 && string(raw) != "null" {
		var err error
		if value, err = bundle.ParseValue(a.Type, raw); err != nil {
			return nil, err
		}
		c.Presence[0] = student.Present
	}
	switch v := value.(type) {
	case nil:
		c.Bools, c.Ints, c.Floats, c.Codes, c.Dict = []bool{false}, []int64{0}, []float64{0}, []uint32{0}, []string{""}
		c.Offsets = []uint32{0, 0}
	case bool:
		c.Bools = []bool{v}
	case int64:
		c.Ints = []int64{v}
	case float64:
		c.Floats = []float64{v}
	case string:
		c.Codes, c.Dict = []uint32{0}, []string{v}
	case []int64:
		c.Ints, c.Offsets = v, []uint32{0, uint32(len(v))}
	case []float64:
		c.Floats, c.Offsets = v, []uint32{0, uint32(len(v))}
	case []string:
		for i := range v {
			c.Codes = append(c.Codes, uint32(i))
		}
		c.Dict, c.Offsets = v, []uint32{0, uint32(len(v))}
	}
	return c, nil
}

// differences compares what a test expects with what came out.
func (p *Program) differences(want *bundle.Expect, got *Outcome) []string {
	var d []string
	state := want.State
	if state == "" {
		state = string(Decided)
	}
	if state != string(got.Status) {
		detail := got.Failure
		if got.Status == Undetermined {
			detail = "missing " + strings.Join(got.Missing, ", ")
		}
		d = append(d, strings.TrimSuffix(fmt.Sprintf("state: want %s, got %s: %s", state, got.Status, detail), ": "))
	}
	if want.Rule != "" && !slices.Contains(got.Rules, want.Rule) {
		d = append(d, fmt.Sprintf("rule: want %s, got %s", want.Rule, orNone(strings.Join(got.Rules, ", "))))
	}
	if want.Reason != "" && want.Reason != got.Reason.Code {
		d = append(d, fmt.Sprintf("reason: want %s, got %s", want.Reason, orNone(got.Reason.Code)))
	}
	for _, name := range slices.Sorted(maps.Keys(want.Result)) {
		d = append(d, p.resultDifference(name, want.Result[name], got)...)
	}
	return d
}

func (p *Program) resultDifference(name string, raw json.RawMessage, got *Outcome) []string {
	i := slices.IndexFunc(p.bundle.Process.Result, func(f bundle.Field) bool { return f.Name == name })
	if i < 0 {
		return []string{fmt.Sprintf("%s: the result has no such field", name)}
	}
	t := p.bundle.Process.Result[i].Type
	want, err := bundle.ParseValue(t, raw)
	if err != nil {
		return []string{fmt.Sprintf("%s: the value expected does not fit: %v", name, err)}
	}
	if got.Result == nil {
		return []string{fmt.Sprintf("%s: want %s, got no result", name, raw)}
	}
	have := got.Result[i].V
	if reflect.DeepEqual(columnForm(have), want) {
		return nil
	}
	shown, err := json.Marshal(jsonForm(have))
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", name, raw, shown)}
}

// columnForm turns dates into days, as bundle.ParseValue gives them.
func columnForm(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Unix() / 86400
	case []time.Time:
		days := make([]int64, len(v))
		for i := range v {
			days[i] = v[i].Unix() / 86400
		}
		return days
	}
	return v
}

// jsonForm turns dates into text as manifests have it.
func jsonForm(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly)
	case []time.Time:
		days := make([]string, len(v))
		for i := range v {
			days[i] = v[i].Format(time.DateOnly)
		}
		return days
	}
	return v
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

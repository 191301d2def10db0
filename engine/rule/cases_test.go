// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

var update = flag.Bool("update", false, "write the want.json of the cases anew: read every change of them before it is committed")

// caseStudents is a case's students.json. See testdata/README.md.
type caseStudents struct {
	At       time.Time     `json:"at"`
	Students []caseStudent `json:"students"`
}

type caseStudent struct {
	ID     string                     `json:"id"`
	School string                     `json:"school,omitempty"`
	Class  string                     `json:"class,omitempty"`
	Values map[string]json.RawMessage `json:"values"`
	Faulty []string                   `json:"faulty,omitempty"`
}

// caseWant is a case's want.json.
type caseWant struct {
	Diagnostics []caseDiagnostic `json:"diagnostics,omitempty"`
	Outcomes    []caseOutcome    `json:"outcomes,omitempty"`
}

type caseDiagnostic struct {
	Object  string `json:"object"`
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Mend    string `json:"mend"`
	Warning bool   `json:"warning,omitempty"`
}

type caseOutcome struct {
	ID        string            `json:"id"`
	Status    Status            `json:"status"`
	Rules     []string          `json:"rules,omitempty"`
	Otherwise bool              `json:"otherwise,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Text      map[string]string `json:"text,omitempty"`
	Result    map[string]any    `json:"result,omitempty"`
	Priority  *float64          `json:"priority,omitempty"`
	Missing   []string          `json:"missing,omitempty"`
	Failure   string            `json:"failure,omitempty"`
	Units     *int64            `json:"units,omitempty"`
	Keys      []float64         `json:"keys,omitempty"`
	Candidate string            `json:"candidateError,omitempty"` // why units or keys have no value
	States    []RuleState       `json:"states"`                   // of the trace's rules
	Reads     []string          `json:"reads,omitempty"`
}

func TestCases(t *testing.T) {
	folders, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { runCase(t, folder) })
	}
}

func runCase(t *testing.T, folder string) {
	b := readBundle(t, filepath.Join(folder, "bundle.yaml"))
	var got caseWant
	program, err := Compile(b)
	if err != nil {
		var found Diagnostics
		if !errors.As(err, &found) {
			t.Fatal(err)
		}
		got.Diagnostics = caseDiagnostics(found)
	} else {
		got.Diagnostics = caseDiagnostics(program.Warnings())
		got.Outcomes = decideCase(t, b, program, filepath.Join(folder, "students.json"))
	}
	wanted := filepath.Join(folder, "want.json")
	if *update {
		writeJSON(t, wanted, got)
		return
	}
	var want caseWant
	readJSON(t, wanted, &want)
	// Through JSON and back, so that both have JSON's types.
	var plain caseWant
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func caseDiagnostics(found Diagnostics) []caseDiagnostic {
	var list []caseDiagnostic
	for _, d := range found {
		list = append(list, caseDiagnostic{d.Object, d.Path, d.Line, d.Column, d.Code, d.Message, d.Mend, d.Warning})
	}
	return list
}

func decideCase(t *testing.T, b *bundle.Bundle, program *Program, file string) []caseOutcome {
	var in caseStudents
	readJSON(t, file, &in)
	e, err := program.Bind(casePopulation(t, b, &in))
	if err != nil {
		t.Fatal(err)
	}
	var list []caseOutcome
	outcomes := make([]Outcome, len(in.Students))
	for row, s := range in.Students {
		o := e.Decide(row)
		outcomes[row] = o
		trace := e.Trace(row)
		if diff := cmp.Diff(o, trace.Outcome); diff != "" {
			t.Errorf("%s: Decide and Trace differ:\n%s", s.ID, diff)
		}
		c := caseOutcome{
			ID: s.ID, Status: o.Status, Rules: o.Rules, Otherwise: o.Otherwise, Reason: o.Reason.Code,
			Priority: o.Priority, Missing: o.Missing, Failure: o.Failure, Reads: trace.Reads,
		}
		for _, r := range trace.Rules {
			c.States = append(c.States, r.State)
		}
		if o.Status == Decided {
			decidedCase(t, e, row, o, &c)
		}
		list = append(list, c)
	}
	decideCrowd(t, b, program, &in, outcomes)
	return list
}

// decideCrowd decides about the case's students again and again in one
// population, over columns: who stands beside a student must not matter.
func decideCrowd(t *testing.T, b *bundle.Bundle, program *Program, in *caseStudents, want []Outcome) {
	t.Helper()
	const rows = 1100 // more than one batch
	n := len(in.Students)
	who := func(row int) int { return (row + row/n) % n } // everybody, beside everybody
	crowd := &caseStudents{At: in.At}
	for row := range rows {
		crowd.Students = append(crowd.Students, in.Students[who(row)])
	}
	e, err := program.Bind(casePopulation(t, b, crowd))
	if err != nil {
		t.Fatal(err)
	}
	out := program.NewOutcomes(rows)
	if err := e.DecideRows(0, rows, out); err != nil {
		t.Fatal(err)
	}
	for row := range rows {
		if diff := cmp.Diff(want[who(row)], out.Row(row)); diff != "" {
			t.Fatalf("%s over columns, in row %d of a crowd (-alone +crowd):\n%s", crowd.Students[row].ID, row, diff)
		}
	}
}

func decidedCase(t *testing.T, e *Evaluator, row int, o Outcome, c *caseOutcome) {
	var err error
	if c.Text, err = e.ReasonText(row, o); err != nil {
		t.Errorf("%s: reason: %v", c.ID, err)
	}
	c.Result = map[string]any{}
	for _, v := range o.Result {
		c.Result[v.Field] = jsonForm(v.V)
	}
	if e.p.bundle.Priority == nil {
		return
	}
	units, err := e.Units(row, o)
	if err == nil {
		c.Units = &units
		c.Keys, err = e.OrderKeys(row, o)
	}
	if err != nil {
		c.Candidate = err.Error()
	}
}

// casePopulation makes columns of the students' values.
func casePopulation(t *testing.T, b *bundle.Bundle, in *caseStudents) *student.Population {
	t.Helper()
	var ids, schools, classes []string
	for _, s := range in.Students {
		ids, schools, classes = append(ids, s.ID), append(schools, s.School), append(classes, s.Class)
	}
	var columns []*student.Column
	for _, a := range b.Information.Attributes {
		c := &student.Column{Attribute: a, Offsets: []uint32{0}}
		for _, s := range in.Students {
			appendValue(t, c, s.Values[a.Name], slices.Contains(s.Faulty, a.Name))
		}
		columns = append(columns, c)
	}
	return student.New("district", in.At, time.UTC, student.Origin{}, ids, schools, classes, columns)
}

func appendValue(t *testing.T, c *student.Column, raw json.RawMessage, faulty bool) {
	t.Helper()
	one, err := testColumn(c.Attribute, raw)
	if err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	if faulty {
		one.Presence[0] = student.Faulty
	}
	c.Presence = append(c.Presence, one.Presence...)
	c.Bools = append(c.Bools, one.Bools...)
	if !c.Type().IsList() || one.Presence[0] == student.Present {
		c.Ints, c.Floats = append(c.Ints, one.Ints...), append(c.Floats, one.Floats...)
		for _, code := range one.Codes {
			c.Codes = append(c.Codes, uint32(len(c.Dict)))
			c.Dict = append(c.Dict, one.Dict[code])
		}
	}
	length := uint32(0)
	if c.Type().IsList() && one.Presence[0] == student.Present {
		length = one.Offsets[1]
	}
	c.Offsets = append(c.Offsets, c.Offsets[len(c.Offsets)-1]+length)
}

// readBundle reads a bundle written in YAML for people.
func readBundle(t testing.TB, file string) *bundle.Bundle {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	plain, err := json.Marshal(tree)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	b := new(bundle.Bundle)
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(b); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return b
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func writeJSON(t *testing.T, file string, v any) {
	t.Helper()
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

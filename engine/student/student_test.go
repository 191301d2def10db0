// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

var at = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func scores(name string, aggregate bundle.Aggregate) bundle.Attribute {
	return bundle.Attribute{Name: name, Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{File: "results", Field: "score", Aggregate: aggregate}}}
}

func names(attributes []bundle.Attribute) (list []string) {
	for _, a := range attributes {
		list = append(list, a.Name)
	}
	return list
}

// TestPlanSharesWhatIsReadAlike: name, policy and purpose of an attribute do
// not change what is read; source, type and bounds do.
func TestPlanSharesWhatIsReadAlike(t *testing.T) {
	maximum := 100.0
	other := scores("score", bundle.Latest)
	other.Missing, other.Purposes, other.Sensitivity = bundle.MissingDefault, []string{"Placement"}, "EducationRecord"
	explicit := scores("same", bundle.Latest)
	explicit.MaxItems, explicit.MaxLength = bundle.MaxListItems, bundle.MaxStringLength
	bounded := scores("bounded", bundle.Latest)
	bounded.Maximum = &maximum

	plan := student.NewPlan(
		bundle.Model{Attributes: []bundle.Attribute{scores("latest", bundle.Latest), scores("mean", bundle.Mean)}},
		bundle.Model{Attributes: []bundle.Attribute{other, explicit, bounded, scores("latest", bundle.Mean)}},
	)
	if diff := cmp.Diff([]string{"latest", "mean", "bounded"}, names(plan.Attributes())); diff != "" {
		t.Errorf("attributes to read (-want +got):\n%s", diff)
	}
	if got := (*student.Plan)(nil).Attributes(); got != nil {
		t.Errorf("no plan has attributes %v", got)
	}
}

// column builds a column of one value a student.
func column(a bundle.Attribute, values ...float64) *student.Column {
	b := student.NewBuilder(a)
	rows := make([]int32, len(values))
	for i, v := range values {
		rows[i] = int32(i)
		b.Number(student.Fact{Student: int32(i), Day: student.Undated}, v)
	}
	return b.Column(student.Layout{Len: len(values), Rows: rows})
}

// TestViewGivesEachModelItsOwn: two models define one name differently, and one
// definition under two names.
func TestViewGivesEachModelItsOwn(t *testing.T) {
	latest, mean := scores("score", bundle.Latest), scores("score", bundle.Mean)
	p := student.New("d", at, time.UTC, student.Origin{}, []string{"a", "b"}, make([]string, 2), make([]string, 2),
		[]*student.Column{column(latest, 1, 2), column(mean, 3, 4)})
	p.Problems = []student.Problem{{File: "results.csv", Row: 2, Fault: "x"}}

	renamed := mean
	renamed.Name, renamed.Missing = "average", bundle.MissingDefault
	view := p.View(bundle.Model{Attributes: []bundle.Attribute{renamed}})
	if view.Column("score") != nil {
		t.Error("an attribute that the model does not declare can be reached")
	}
	got := view.Column("average")
	if got == nil || got.Attribute.Missing != bundle.MissingDefault || got.Floats[1] != 4 {
		t.Fatalf("average is %+v, want the mean under the model's name and policy", got)
	}
	if &got.Floats[0] != &p.Columns()[1].Floats[0] {
		t.Error("the values were copied")
	}
	if len(view.Problems) != 1 || view.Len() != 2 || view.District != "d" {
		t.Error("the view is not of the same population")
	}
	if v, _ := p.View(bundle.Model{Attributes: []bundle.Attribute{latest}}).Column("score").Any(0); v != 1.0 {
		t.Errorf("score of the other model is %v, want 1", v)
	}

	defer func() {
		if recover() == nil {
			t.Error("a view of what was not read did not panic")
		}
	}()
	p.View(bundle.Model{Attributes: []bundle.Attribute{scores("score", bundle.Sum)}})
}

func values(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

var everyType = bundle.Model{Name: "every", Attributes: []bundle.Attribute{
	{Name: "boolean", Type: bundle.Boolean}, {Name: "integer", Type: bundle.Integer}, {Name: "number", Type: bundle.Number},
	{Name: "string", Type: bundle.String}, {Name: "date", Type: bundle.Date},
	{Name: "integers", Type: bundle.IntegerList}, {Name: "numbers", Type: bundle.NumberList}, {Name: "strings", Type: bundle.StringList}, {Name: "dates", Type: bundle.DateList},
	scores("mean", bundle.Mean),
}}

func TestFromValues(t *testing.T) {
	p, err := student.FromValues(everyType, at, []map[string]json.RawMessage{
		values("boolean", "true", "integer", "-7", "number", "1.5", "string", `"x"`, "date", `"1969-12-31"`,
			"integers", "[2,1]", "numbers", "[1, 2.5]", "strings", `["b","a","b"]`, "dates", `["2026-01-02"]`, "mean", "61.5"),
		values("boolean", "null", "integer", "3.0", "number", "2", "integers", "[]"),
		nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	want := map[string][]any{
		"boolean": {true, nil, nil}, "integer": {int64(-7), int64(3), nil}, "number": {1.5, 2.0, nil}, "string": {"x", nil, nil}, "date": {day(1969, 12, 31), nil, nil},
		"integers": {[]int64{2, 1}, []int64{}, nil}, "numbers": {[]float64{1, 2.5}, nil, nil}, "strings": {[]string{"b", "a", "b"}, nil, nil},
		"dates": {[]time.Time{day(2026, 1, 2)}, nil, nil}, "mean": {61.5, nil, nil},
	}
	for _, c := range p.Columns() {
		for i := range p.Len() {
			v, presence := c.Any(i)
			if (presence == student.Present) != (want[c.Name()][i] != nil) {
				t.Errorf("%s of row %d: presence %d", c.Name(), i, presence)
			}
			if l, ok := v.([]int64); ok && len(l) == 0 {
				v = []int64{} // no element is no element
			}
			if diff := cmp.Diff(want[c.Name()][i], v); diff != "" {
				t.Errorf("%s of row %d (-want +got):\n%s", c.Name(), i, diff)
			}
		}
	}
	if !p.At.Equal(at) || p.Column("mean").Attribute.From.OneRoster == nil {
		t.Error("the instant or the attributes are not as given")
	}
}

func TestFromValuesRefuses(t *testing.T) {
	low, high := 0.0, 10.0
	model := everyType
	model.Attributes = append(model.Attributes[:len(model.Attributes):len(model.Attributes)],
		bundle.Attribute{Name: "bounded", Type: bundle.Integer, Minimum: &low, Maximum: &high},
		bundle.Attribute{Name: "few", Type: bundle.IntegerList, MaxItems: 2},
		bundle.Attribute{Name: "short", Type: bundle.String, MaxLength: 2})
	for _, c := range []struct{ name, value, want string }{
		{"unknown", "1", `"unknown" is not declared by information model "every"`},
		{"boolean", `"true"`, "boolean: must be true or false"},
		{"boolean", "1", "boolean: must be true or false"},
		{"integer", "1.5", "integer: must be an integer"},
		{"integer", `"1"`, "integer: must be an integer"},
		{"integer", "1e300", "integer: must be an integer"},
		{"number", `"1"`, "number: must be a number"},
		{"number", "1e999", "number: must be a number"},
		{"number", "[1]", "number: must be a number"},
		{"string", "1", "string: must be a string"},
		{"date", `"2026-02-30"`, "date: must be a date YYYY-MM-DD"},
		{"date", `"2026-02-03T00:00:00Z"`, "date: must be a date YYYY-MM-DD"},
		{"integers", "1", "integers: must be a list"},
		{"integers", `[1,"2"]`, "integers: must be an integer"},
		{"integers", "[null]", "integers: must be an integer"},
		{"numbers", "[null]", "numbers: must be a number"},
		{"strings", "[null]", "strings: must be a string"},
		{"number", "{broken", "number: must be a number"},
		{"bounded", "-1", "below the attribute's minimum"},
		{"bounded", "11", "above the attribute's maximum"},
		{"few", "[1,2,3]", "more facts than the attribute's maxItems"},
		{"short", `"secret"`, "longer than the attribute's maxLength"},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			_, err := student.FromValues(model, at, []map[string]json.RawMessage{nil, values(c.name, c.value)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "row 1") {
				t.Fatalf("got %v, want an error about row 1 that says %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q holds the value", err)
			}
		})
	}
}

// TestRowsSort: IDs of given values are in ascending byte order, as every
// population's.
func TestRowsSort(t *testing.T) {
	p, err := student.FromValues(everyType, at, make([]map[string]json.RawMessage, 101))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < p.Len(); i++ {
		if p.IDs[i-1] >= p.IDs[i] {
			t.Fatalf("row %d sorts before row %d", i, i-1)
		}
	}
}

// TestAggregatesAtTheEdge: sums that do not fit and means of huge numbers.
func TestAggregatesAtTheEdge(t *testing.T) {
	build := func(typ bundle.Type, aggregate bundle.Aggregate, add func(*student.Builder, student.Fact)) (any, student.Presence, string) {
		a := scores("a", aggregate)
		a.Type = typ
		b := student.NewBuilder(a)
		add(b, student.Fact{Day: 1, Row: 2})
		fault := ""
		c := b.Column(student.Layout{Len: 1, Rows: []int32{0}, Today: 10, Fault: func(_ uint32, f string) { fault = f }})
		v, presence := c.Any(0)
		return v, presence, fault
	}
	integers := func(list ...int64) func(*student.Builder, student.Fact) {
		return func(b *student.Builder, f student.Fact) {
			for _, v := range list {
				b.Integer(f, v)
			}
		}
	}
	numbers := func(list ...float64) func(*student.Builder, student.Fact) {
		return func(b *student.Builder, f student.Fact) {
			for _, v := range list {
				b.Number(f, v)
			}
		}
	}
	for _, c := range []struct {
		name      string
		typ       bundle.Type
		aggregate bundle.Aggregate
		add       func(*student.Builder, student.Fact)
		want      any
		presence  student.Presence
		fault     string
	}{
		{"sum that overflows", bundle.Integer, bundle.Sum, integers(math.MaxInt64, 1), nil, student.Faulty, student.FaultOverflow},
		{"sum that underflows", bundle.Integer, bundle.Sum, integers(math.MinInt64, -1), nil, student.Faulty, student.FaultOverflow},
		{"sum that just fits", bundle.Integer, bundle.Sum, integers(math.MaxInt64, 0, -1), int64(math.MaxInt64 - 1), student.Present, ""},
		{"sum of doubles that overflows", bundle.Number, bundle.Sum, numbers(math.MaxFloat64, math.MaxFloat64), nil, student.Faulty, student.FaultNotFinite},
		{"mean of huge numbers", bundle.Number, bundle.Mean, numbers(math.MaxFloat64, math.MaxFloat64), math.MaxFloat64, student.Present, ""},
		{"not a number", bundle.Number, bundle.Latest, numbers(math.NaN()), nil, student.Faulty, ""},
		{"least of negatives", bundle.Integer, bundle.Minimum, integers(-1, -5, 3), int64(-5), student.Present, ""},
		{"greatest of negatives", bundle.Number, bundle.Maximum, numbers(-5, -1.5, -3), -1.5, student.Present, ""},
		{"days since", bundle.Integer, bundle.DaysSince, integers(0), int64(9), student.Present, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, presence, fault := build(c.typ, c.aggregate, c.add)
			if v != c.want || presence != c.presence || fault != c.fault {
				t.Errorf("got %v, presence %d, fault %q; want %v, %d, %q", v, presence, fault, c.want, c.presence, c.fault)
			}
		})
	}
}

// TestProblemText: where, what, and how to mend it.
func TestProblemText(t *testing.T) {
	for want, p := range map[string]student.Problem{
		"results.csv: row 3: column score: not a number: write digits": {File: "results.csv", Row: 3, Column: "score", Fault: "not a number", Mend: "write digits"},
		"orgs.csv: is missing": {File: "orgs.csv", Fault: "is missing"},
	} {
		if got := p.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// set sets all that a population knows of a student.
func (v *Values) set(t testing.TB, population *student.Population, row int) {
	t.Helper()
	if err := v.know(population, row); err != nil {
		t.Fatal(err)
	}
}

// know is set; the error is that of the first value beyond its bounds.
func (v *Values) know(population *student.Population, row int) error {
	for _, c := range population.Columns() {
		i, ok := v.Attribute(c.Name())
		if !ok {
			continue
		}
		value, presence := c.Any(row)
		var err error
		switch x := value.(type) {
		case nil:
			if v.Absent(i); presence == student.Faulty {
				v.Faulty(i)
			}
		case bool:
			err = v.SetBoolean(i, x)
		case int64:
			err = v.SetInteger(i, x)
		case float64:
			err = v.SetNumber(i, x)
		case string:
			err = v.SetString(i, x)
		case time.Time:
			err = v.SetDate(i, x.Unix()/86400)
		case []int64:
			err = v.SetIntegers(i, x)
		case []float64:
			err = v.SetNumbers(i, x)
		case []string:
			err = v.SetStrings(i, x)
		case []time.Time:
			days := make([]int64, len(x))
			for k, day := range x {
				days[k] = day.Unix() / 86400
			}
			err = v.SetDates(i, days)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// agreeByValues holds decisions about values set one student after another to
// those about the population.
func agreeByValues(t *testing.T, p *Program, population *student.Population) {
	t.Helper()
	reference, err := p.Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.NewValues(population.At)
	if err != nil {
		t.Fatal(err)
	}
	var one Single
	for row := range population.Len() {
		v.set(t, population, row)
		v.Decide(&one)
		if diff := cmp.Diff(reference.Decide(row), v.Evaluator().Outcome(&one)); diff != "" {
			t.Fatalf("row %d (-of the population +by values):\n%s", row, diff)
		}
	}
}

func TestValuesOnReference(t *testing.T) {
	b := referenceBundle()
	population, _ := referencePopulation(b, 5000)
	agreeByValues(t, compiled(t, b), population)
}

func TestValuesOnCases(t *testing.T) { onCases(t, agreeByValues) }

// More strings than are remembered come, and each is still the one that it is.
func TestValuesForgetStrings(t *testing.T) {
	b := referenceBundle()
	b.Rules.Rules = []bundle.Rule{
		{ID: "lists", When: "'I7' in student.interests", Then: map[string]string{"decision": "'in list'", "seats": "1"}, Reason: bundle.Reason{Code: "L"}},
		{ID: "ends", When: "student.district.endsWith('9')", Then: map[string]string{"decision": "student.district", "seats": "1"}, Reason: bundle.Reason{Code: "E"}},
		{ID: "rest", When: "true", Then: map[string]string{"decision": "'none'", "seats": "0"}, Reason: bundle.Reason{Code: "N"}},
	}
	v, err := compiled(t, b).NewValues(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	district, _ := v.Attribute("district")
	interests, _ := v.Attribute("interests")
	var one Single
	for i := range 3 * maxStrings {
		name := fmt.Sprintf("D%d", i)
		if err := v.SetString(district, name); err != nil {
			t.Fatal(err)
		}
		if err := v.SetStrings(interests, []string{fmt.Sprintf("I%d", i%1000), fmt.Sprintf("J%d", i)}); err != nil {
			t.Fatal(err)
		}
		want := "none"
		switch {
		case i%1000 == 7:
			want = "in list"
		case strings.HasSuffix(name, "9"):
			want = name
		}
		v.Decide(&one)
		o := v.Evaluator().Outcome(&one)
		if diff := cmp.Diff(v.Evaluator().Decide(0), o); diff != "" {
			t.Fatalf("%s (-Decide +Values.Decide):\n%s", name, diff)
		}
		if o.Result[0].V != want {
			t.Fatalf("%s: %v, want %s", name, o.Result[0].V, want)
		}
	}
}

func TestValuesRefuse(t *testing.T) {
	b := referenceBundle()
	low, high := 0.0, 12.0
	for i := range b.Information.Attributes {
		if a := &b.Information.Attributes[i]; a.Name == "grade" || a.Name == "recent" {
			a.Minimum, a.Maximum = &low, &high
		}
	}
	v, err := compiled(t, b).NewValues(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int {
		i, ok := v.Attribute(name)
		if !ok {
			t.Fatalf("no attribute %s", name)
		}
		return i
	}
	for what, err := range map[string]error{
		"a type":      v.SetNumber(at("grade"), 3),
		"a minimum":   v.SetInteger(at("grade"), -1),
		"a maximum":   v.SetNumbers(at("recent"), []float64{1, 13}),
		"many items":  v.SetNumbers(at("recent"), make([]float64, 6)),
		"a length":    v.SetString(at("district"), strings.Repeat("x", 17)),
		"an encoding": v.SetStrings(at("interests"), []string{"\xff"}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "attribute ") {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if _, ok := v.Attribute("shoeSize"); ok {
		t.Error("an attribute that is not declared has an index")
	}
	var one Single
	v.Decide(&one)
	if diff := cmp.Diff(v.Evaluator().Decide(0), v.Evaluator().Outcome(&one)); diff != "" || one.Status != Undetermined {
		t.Errorf("status %s, (-Decide +Values.Decide):\n%s", one.Status, diff)
	}
}

// The instant may change between decisions.
func TestValuesAt(t *testing.T) {
	b := referenceBundle()
	b.Rules.Rules = []bundle.Rule{
		{ID: "late", When: "at > timestamp('2026-01-01T00:00:00Z')", Then: map[string]string{"decision": "'late'", "seats": "0"}, Reason: bundle.Reason{Code: "L"}},
		{ID: "rest", When: "true", Then: map[string]string{"decision": "'early'", "seats": "0"}, Reason: bundle.Reason{Code: "N"}},
	}
	v, err := compiled(t, b).NewValues(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	var one Single
	for i, day := range []string{"2025-12-31", "2026-02-01", "2025-01-01"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		v.At(at)
		v.Decide(&one)
		if want := []int{1, 0, 1}[i]; one.Rule != want || v.Evaluator().Decide(0).Rules[0] != []string{"late", "rest"}[want] {
			t.Errorf("%s: rule %d, want %d", day, one.Rule, want)
		}
	}
}

func TestValuesAllocateNothing(t *testing.T) {
	b := referenceBundle()
	_, pupils := referencePopulation(b, 500)
	v, err := compiled(t, b).NewValues(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	set := setter(t, v)
	var one Single
	row := 0
	decide := func() {
		set(&pupils[row])
		v.Decide(&one)
		row = (row + 1) % len(pupils)
	}
	for range pupils { // all strings have been seen
		decide()
	}
	if n := testing.AllocsPerRun(2000, decide); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

// setter sets what a pupil's record holds, as a caller with a struct does.
func setter(t testing.TB, v *Values) func(s *pupil) {
	at := func(name string) int {
		i, ok := v.Attribute(name)
		if !ok {
			t.Fatalf("no attribute %s", name)
		}
		return i
	}
	consent, ell, iep, grade, days, district, language := at("consent"), at("ell"), at("iep"), at("grade"), at("daysSince"), at("district"), at("homeLanguage")
	reading, maths, science, growth, risk, attendance, tutored := at("reading"), at("math"), at("science"), at("growth"), at("risk"), at("attendance"), at("priorHours")
	recent, interests := at("recent"), at("interests")
	mastery := make([]int, len(skills))
	for j, skill := range skills {
		mastery[j] = at(skill)
	}
	return func(s *pupil) {
		_, _, _ = v.SetBoolean(consent, s.consent), v.SetBoolean(ell, s.ell), v.SetBoolean(iep, s.iep)
		_, _ = v.SetInteger(grade, s.grade), v.SetInteger(days, s.days)
		_, _ = v.SetString(district, s.district), v.SetString(language, s.language)
		_, _, _ = v.SetNumber(reading, s.reading), v.SetNumber(maths, s.maths), v.SetNumber(science, s.science)
		_, _, _, _ = v.SetNumber(growth, s.growth), v.SetNumber(risk, s.risk), v.SetNumber(attendance, s.attendance), v.SetNumber(tutored, s.tutored)
		for j, m := range s.mastery {
			_ = v.SetNumber(mastery[j], m)
		}
		_, _ = v.SetNumbers(recent, s.recent[:]), v.SetStrings(interests, s.interests)
	}
}

// BenchmarkValues is a decision about a student who comes alone: with everything
// set anew, and from JSON values by a population of one.
func BenchmarkValues(b *testing.B) {
	reference := referenceBundle()
	population, pupils := referencePopulation(reference, 2000)
	p := compiled(b, reference)
	v, err := p.NewValues(population.At)
	if err != nil {
		b.Fatal(err)
	}
	var one Single
	b.Run("set and decide", func(b *testing.B) {
		set := setter(b, v)
		for i := range pupils {
			set(&pupils[i])
		}
		b.ReportAllocs()
		row := 0
		for b.Loop() {
			set(&pupils[row])
			v.Decide(&one)
			row = (row + 1) % len(pupils)
		}
	})
	b.Run("decide", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Decide(&one)
		}
	})
	b.Run("population of one", func(b *testing.B) {
		rows := make([]map[string]json.RawMessage, len(pupils))
		for i := range rows {
			rows[i] = map[string]json.RawMessage{}
			for j, value := range pupils[i].values() {
				text, err := json.Marshal(value)
				if err != nil {
					b.Fatal(err)
				}
				rows[i][reference.Information.Attributes[j].Name] = text
			}
		}
		b.ReportAllocs()
		row := 0
		for b.Loop() {
			alone, err := student.FromValues(reference.Information, population.At, rows[row:row+1])
			if err != nil {
				b.Fatal(err)
			}
			e, err := p.Bind(alone)
			if err != nil {
				b.Fatal(err)
			}
			e.Decide(0)
			row = (row + 1) % len(rows)
		}
	})
}

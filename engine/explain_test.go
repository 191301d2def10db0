// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/student"
)

// traced is the small population with its values' origins, as a source notes
// them.
func traced(t testing.TB) *student.Population {
	pop := small(t)
	for _, c := range pop.Columns() {
		offsets, rows := []uint32{0}, []uint32(nil)
		for row := range pop.Len() {
			if c.Presence[row] == student.Present {
				rows = append(rows, uint32(row+2))
				if c.Type().IsList() {
					rows = append(rows, uint32(row+100))
				}
			}
			offsets = append(offsets, uint32(len(rows)))
		}
		c.RowOffsets, c.Rows = offsets, rows
		if c.Type().IsList() {
			c.Newest = make([]int32, pop.Len())
			for row := range c.Newest {
				c.Newest[row] = 20690 // 2026-08-25
			}
		}
	}
	return pop
}

func TestExplainGolden(t *testing.T) {
	p, pop := compile(t, tutoring()), traced(t)
	batch := decide(t, tutoring(), pop, run())
	var text, lines bytes.Buffer
	for row := range pop.Len() {
		e, err := p.Explain(pop, row, batch.Decisions.Record(row), run().Seed)
		if err != nil {
			t.Fatal(err)
		}
		if !e.Replay.Same {
			t.Errorf("row %d: replay differs in %v", row, e.Replay.Differs)
		}
		if err := e.WriteText(&text, "es"); err != nil {
			t.Fatal(err)
		}
		text.WriteString("\n")
		encoder := json.NewEncoder(&lines)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "explanations.txt", text.Bytes())
	golden(t, "explanations.json", lines.Bytes())
}

// TestExplainsWhatARuleThatAppliesCouldNotGive: it is told that the reason's text
// was what needed the missing value, not that the rule just applies.
func TestExplainsWhatARuleThatAppliesCouldNotGive(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"missing": {"{{student.attendanceRate}}", "!  absent      applies, reason.text cannot be told: missing attendanceRate"},
		"failed":  {"{{student.attendanceRate / (student.attendanceRate - student.attendanceRate)}}", "!  absent      applies, reason.text cannot be told: division by zero"},
	} {
		b := tutoring()
		b.Rules.Rules[0].When, b.Rules.Rules[0].Reason.Text["en"] = "true", c.text
		p, pop := compile(t, b), small(t)
		batch := decide(t, b, pop, run())
		var text bytes.Buffer
		for row := range pop.Len() {
			e, err := p.Explain(pop, row, batch.Decisions.Record(row), run().Seed)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.WriteText(&text, "en"); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(text.String(), c.want) {
			t.Errorf("%s: nowhere %q in\n%s", name, c.want, text.String())
		}
	}
}

func TestEveryDecisionReplays(t *testing.T) {
	for name, b := range map[string]*bundle.Bundle{"capacity": tutoring(), "none": withoutCapacity()} {
		p, pop := compile(t, b), many(t, 1000)
		batch := decide(t, b, pop, run())
		for row, r := range batch.Records() {
			e, err := p.Explain(pop, row, r, run().Seed)
			if err != nil || !e.Replay.Same {
				t.Fatalf("%s, row %d: %v, differs in %v", name, row, err, e.Replay.Differs)
			}
			if competed := r.Rank > 0; competed != (e.Place != nil) {
				t.Fatalf("%s, row %d: rank %d and place %+v", name, row, r.Rank, e.Place)
			}
		}
	}
}

func TestReplayNamesWhatDiffers(t *testing.T) {
	p, pop := compile(t, tutoring()), small(t)
	batch := decide(t, tutoring(), pop, run())
	lower := 1.0
	tests := []struct {
		name   string
		tamper func(*decision.Record)
		want   []string
	}{
		{"nothing", func(*decision.Record) {}, nil},
		{"an empty field left out, as a stored record does", func(r *decision.Record) { r.Missing = []string{} }, nil},
		{"the result", func(r *decision.Record) {
			r.Result = []decision.Value{{Field: "support", V: "none"}, r.Result[1]}
		}, []string{"result.support"}},
		{"a result taken away", func(r *decision.Record) { r.Result = nil }, []string{"result.support", "result.minutesPerWeek"}},
		{"a result of another type", func(r *decision.Record) {
			r.Result = []decision.Value{r.Result[0], {Field: "minutesPerWeek", V: "250"}}
		}, []string{"result.minutesPerWeek"}},
		{"the rule and the reason", func(r *decision.Record) { r.Rules, r.Reason.Code = []string{"absent"}, "X" }, []string{"rules", "reason"}},
		{"the priority", func(r *decision.Record) { r.Priority = &lower }, []string{"priority"}},
		{"the need", func(r *decision.Record) { r.Units = 9 }, []string{"units"}},
		{"the school", func(r *decision.Record) { r.School = "south" }, []string{"school"}},
		{"that it was decided", func(r *decision.Record) { r.State = decision.Undetermined }, []string{"state"}},
		{"the validity", func(r *decision.Record) { r.Expires = r.At }, []string{"expires"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := batch.Decisions.Record(0)
			tt.tamper(&r)
			e, err := p.Explain(pop, 0, r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(engine.Replay{Same: tt.want == nil, Differs: tt.want}, e.Replay); d != "" {
				t.Errorf("replay (-want +got):\n%s", d)
			}
		})
	}
}

func TestExplainRefusesARecordOfSomethingElse(t *testing.T) {
	p, pop := compile(t, tutoring()), small(t)
	record := decide(t, tutoring(), pop, run()).Decisions.Record(0)
	for want, tamper := range map[string]func(*decision.Record){
		"revision": func(r *decision.Record) { r.Revision = "sha256-00" },
		"district": func(r *decision.Record) { r.District = "salem" },
		"student":  func(r *decision.Record) { r.Student = "s2" },
		"instant":  func(r *decision.Record) { r.At = r.At.AddDate(0, 0, 1) },
	} {
		r := record
		tamper(&r)
		_, err := p.Explain(pop, 0, r, nil)
		if err == nil || !strings.Contains(err.Error(), "another "+want) || strings.Contains(err.Error(), "s1") {
			t.Errorf("error %v, want one about another %s that names no student", err, want)
		}
	}
	if _, err := p.Explain(pop, 99, record, nil); err == nil {
		t.Error("a row that is not there is explained")
	}
}

// Whoever reads an explanation can recompute the ticket, and sees of others
// only how many come before.
func TestExplanationOfAPlace(t *testing.T) {
	p, pop := compile(t, tutoring()), small(t)
	batch := decide(t, tutoring(), pop, run())
	e, err := p.Explain(pop, 0, batch.Decisions.Record(0), run().Seed)
	if err != nil {
		t.Fatal(err)
	}
	if want := allocate.Draw(run().Seed, "maths-tutoring", "boston", "s1").String(); e.Place.Ticket != want {
		t.Errorf("ticket %s, want %s", e.Place.Ticket, want)
	}
	if e.Place.Ahead != 2 || e.Place.Waiting != 1 || e.Place.Capacity != 2 {
		t.Errorf("place %+v", e.Place)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range pop.IDs[1:] {
		if strings.Contains(string(text), `"`+other+`"`) {
			t.Errorf("the explanation of s1 names %s", other)
		}
	}

	unknown, err := p.Explain(pop, 0, batch.Decisions.Record(0), nil)
	if err != nil || unknown.Place.Ticket != "" {
		t.Errorf("without the seed: ticket %q, %v", unknown.Place.Ticket, err)
	}
}

func TestExplanationGivesEachKeyItsValue(t *testing.T) {
	b := tutoring()
	b.Priority.Order = []bundle.Order{
		{Expression: "decision.priority", Descending: true},
		{Expression: "student.attendanceRate"},
	}
	pop := small(t)
	e, err := compile(t, b).Explain(pop, 0, decide(t, b, pop, run()).Decisions.Record(0), run().Seed)
	if err != nil {
		t.Fatal(err)
	}
	number := func(f export.Number) *export.Number { return &f }
	want := []engine.Key{
		{Expression: "decision.priority", Direction: "Descending", Value: number(71.66666666666667)},
		{Expression: "student.attendanceRate", Direction: "Ascending", Value: number(0.9)},
		{Direction: "Lottery"}, // not declared, and yet the last tie is broken by lot
	}
	if d := cmp.Diff(want, e.Place.Keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
}

// A value that holds control characters cannot write over the lines around it.
func TestExplanationTextIsSafeToPrint(t *testing.T) {
	p := compile(t, withoutCapacity())
	pop := population(t, tutoring().Information, scores("s\x1b[2J\n1", "no\rrth", 0.9, 10))
	r, _, err := p.Decide(pop, 0, run())
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Explain(pop, 0, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := e.WriteText(&text, "en"); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\r") || strings.Contains(text.String(), "\n1,") {
		t.Errorf("%q", text.String())
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

var at = time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC)

// tutoring is a process with a person who confirms, a family that accepts, and
// two seats a school.
func tutoring() *bundle.Bundle {
	return &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: "maths-tutoring", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Triggers: []bundle.Trigger{{Request: &bundle.RequestTrigger{}}},
			Steps: []bundle.Step{
				{Role: bundle.RolePropose, Agent: bundle.BuiltinRulesAgent},
				{Role: bundle.RoleConfirm, Agent: "counsellor", Within: 432000, Otherwise: "Escalate", EscalateTo: "lead"},
				{Role: bundle.RoleAccept, Agent: "family", Within: 864000, Otherwise: "Lapse"},
			},
			Result: []bundle.Field{
				{Name: "support", Type: bundle.String, Values: []string{"tutoring-2to1", "none"}},
				{Name: "minutesPerWeek", Type: bundle.Integer},
			},
			ValidFor:   7776000,
			Guardrails: bundle.Guardrails{HumanConfirmation: "Required"},
		},
		Information: bundle.Model{Name: "k12", Attributes: []bundle.Attribute{
			{Name: "attendanceRate", Type: bundle.Number, From: roster("users", "metadata.attendance"), Missing: bundle.MissingUndetermined},
			{Name: "recentScores", Type: bundle.NumberList, From: bundle.From{OneRoster: &bundle.OneRoster{File: "results", Field: "score", Where: bundle.Where{Category: "TMA"}, OrderBy: "scoreDate", Last: 5}}, Missing: bundle.MissingUndetermined},
		}},
		Rules: bundle.RuleSet{
			Name: "maths-tutoring", HitPolicy: bundle.First,
			Variables: []bundle.Variable{{Name: "recent", Expression: "student.recentScores.last(3).mean()"}},
			Rules: []bundle.Rule{
				{
					ID: "absent", When: "student.attendanceRate < 0.5",
					Then:   map[string]string{"support": "'none'", "minutesPerWeek": "0"},
					Reason: bundle.Reason{Code: "ATTENDANCE_FIRST", Text: map[string]string{"en": "Attendance comes first."}},
				},
				{
					ID: "far-behind", When: "recent < 40.0",
					Then:     map[string]string{"support": "'tutoring-2to1'", "minutesPerWeek": "250"},
					Priority: "100.0 - recent", Authority: "Board minute 2026-04, §2",
					Reason: bundle.Reason{Code: "FAR_BEHIND", Text: map[string]string{
						"en": "Recent maths scores average {{recent}}, below 40.",
						"es": "Los últimos resultados de matemáticas son de {{recent}} de media, menos de 40.",
					}},
				},
			},
			Otherwise: &bundle.Otherwise{
				Then:   map[string]string{"support": "'none'", "minutesPerWeek": "0"},
				Reason: bundle.Reason{Code: "NOT_NEEDED", Text: map[string]string{"en": "No tutoring is needed."}},
			},
		},
		Agents: []bundle.Agent{
			{Name: "counsellor", Kind: bundle.AgentPerson, Role: "counsellor"},
			{Name: "family", Kind: bundle.AgentPerson, Role: "family"},
		},
		Priority: &bundle.Priority{
			Name: "tutoring-seats", KeepSeated: true,
			Capacity: &bundle.Capacity{Resource: "seats", Per: bundle.PerSchool, Default: 2, Consumes: "decision.result.support == 'none' ? 0 : 1"},
			Order:    []bundle.Order{{Expression: "decision.priority", Descending: true}, {Lottery: &bundle.Lottery{}}},
		},
	}
}

func roster(file, field string) bundle.From {
	return bundle.From{OneRoster: &bundle.OneRoster{File: file, Field: field}}
}

// withoutCapacity is the same process where there is room for all.
func withoutCapacity() *bundle.Bundle {
	b := tutoring()
	b.Priority = nil
	return b
}

// pupil is one row of a population: JSON values by attribute.
type pupil struct {
	id, school string
	values     map[string]string
}

func scores(id, school string, attendance float64, scores ...int) pupil {
	list, _ := json.Marshal(scores)
	return pupil{id, school, map[string]string{"attendanceRate": fmt.Sprint(attendance), "recentScores": string(list)}}
}

// population is these students of Boston as a source would have read them.
func population(t testing.TB, model bundle.Model, pupils ...pupil) *student.Population {
	t.Helper()
	rows := make([]map[string]json.RawMessage, len(pupils))
	var ids, schools []string
	for i, p := range pupils {
		rows[i] = map[string]json.RawMessage{}
		for name, value := range p.values {
			rows[i][name] = json.RawMessage(value)
		}
		ids, schools = append(ids, p.id), append(schools, p.school)
	}
	if !slices.IsSorted(ids) {
		t.Fatal("the fixture's students are not in order")
	}
	given, err := student.FromValues(model, at, rows)
	if err != nil {
		t.Fatal(err)
	}
	columns := given.Columns()
	for i := range columns {
		columns[i].Attribute = model.Attributes[i]
	}
	return student.New("boston", at, time.UTC, student.Origin{Kind: "test"}, ids, schools, make([]string, len(ids)), columns)
}

// small is a school with more need than seats, and one with room.
func small(t testing.TB) *student.Population {
	return population(t, tutoring().Information,
		scores("s1", "north", 0.9, 30, 35, 20),
		scores("s2", "north", 0.9, 10, 10, 10),
		scores("s3", "north", 0.9, 10, 10, 10),
		scores("s4", "north", 0.9, 90),
		scores("s5", "north", 0.2, 10),
		pupil{"s6", "north", map[string]string{"recentScores": "[20]"}},
		scores("s7", "south", 0.9, 39),
		scores("s8", "", 0.9, 1),
	)
}

// many is a large population with ties and gaps.
func many(t testing.TB, n int) *student.Population {
	rng := rand.New(rand.NewPCG(7, 7))
	pupils := make([]pupil, n)
	for i := range pupils {
		id := fmt.Sprintf("s%06d", i)
		pupils[i] = scores(id, fmt.Sprintf("school-%d", rng.IntN(9)), float64(rng.IntN(10))/10, rng.IntN(60), rng.IntN(60))
		if rng.IntN(20) == 0 {
			delete(pupils[i].values, "recentScores")
		}
	}
	return population(t, tutoring().Information, pupils...)
}

func compile(t testing.TB, b *bundle.Bundle) *engine.Program {
	t.Helper()
	p, err := engine.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run() engine.Run {
	return engine.Run{ID: "run-1", Trigger: "request/1", Seed: []byte("seed of the draw")}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import "encoding/json"

func ptr[T any](v T) *T { return &v }

// full is a bundle in which every field has a value, so that tests by
// reflection meet every field. It keeps to what Validate asks, but for two
// alternatives that stand side by side.
func full() *Bundle {
	return &Bundle{
		Format: FormatV1,
		Process: Process{
			Name: "maths-tutoring", Mode: ModeLive, Purpose: "Placement", Juncture: "Support", Granularity: "Term",
			Triggers: []Trigger{
				{Schedule: &ScheduleTrigger{Cron: "0 2 * * 1-5", TimeZone: "America/New_York"}},
				{Information: &InformationTrigger{Attributes: []string{"recentScores", "attendanceRate"}}},
				{Request: &RequestTrigger{}},
			},
			Steps: []Step{
				{Role: RolePropose, Agent: BuiltinRulesAgent, AppliesTo: AppliesToAll},
				{Role: RoleConfirm, Agent: "counsellor", Within: 432000, Otherwise: "Escalate", EscalateTo: "district-lead", AppliesTo: AppliesToSelected},
			},
			Result: []Field{
				{Name: "support", Type: String, Values: []string{"tutoring-2to1", "none"}},
				{Name: "minutesPerWeek", Type: Integer, Minimum: ptr(0.0), Maximum: ptr(250.0)},
			},
			ValidFor:   7776000,
			Guardrails: Guardrails{ProhibitedInputs: []string{"sex", "incomeStatus"}, HumanConfirmation: "Required"},
		},
		Information: Model{Name: "k12", Attributes: []Attribute{
			{
				Name: "recentScores", Type: NumberList, Missing: MissingDefault, Default: json.RawMessage(`[50]`),
				From:     From{OneRoster: &OneRoster{File: "results", Field: "score", Where: Where{Category: "TMA", Course: "MATH", Class: "7A", From: "2026-01-01", Until: "2027-01-01", WithinDays: 90}, OrderBy: "dateLastModified", Aggregate: Latest, First: 2, Last: 5}},
				MaxItems: 20, Minimum: ptr(0.0), Maximum: ptr(100.0), Sensitivity: "EducationRecord", Use: UseDecide, Purposes: []string{"Placement", "Pacing"},
			},
			{Name: "attendanceRate", Type: Number, From: From{OneRoster: &OneRoster{File: "demographics", Field: "metadata.attendance"}}},
			{Name: "grade", Type: String, MaxLength: 4, From: From{OneRoster: &OneRoster{File: "users", Field: "grades"}}},
		}},
		Rules: RuleSet{
			Name: "maths-tutoring", HitPolicy: First,
			Variables: []Variable{{Name: "recent", Expression: "student.recentScores.last(3).mean()"}, {Name: "low", Expression: "recent < 40.0"}},
			Rules: []Rule{
				{
					ID: "far-behind", When: "low", Then: map[string]string{"support": "'tutoring-2to1'", "minutesPerWeek": "250"}, Priority: "100.0 - recent",
					Reason: Reason{Code: "FAR_BEHIND", Text: map[string]string{"en": "Average {{recent}}", "es": "Media {{recent}}"}}, Authority: "Board minute 2026-04",
				},
				{ID: "behind", When: "recent < 50.0", Then: map[string]string{"support": "'none'", "minutesPerWeek": "1"}, Reason: Reason{Code: "BEHIND"}},
			},
			Otherwise: &Otherwise{Then: map[string]string{"support": "'none'", "minutesPerWeek": "0"}, Priority: "0.0", Reason: Reason{Code: "NO", Text: map[string]string{"en": "Not needed"}}},
			Tests:     []Test{{Name: "t", Expect: Expect{Rule: "far-behind"}}},
		},
		Agents: []Agent{{Name: "counsellor", Kind: AgentPerson, Role: "counsellor", Version: "2"}, {Name: "board", Kind: AgentCommittee}},
		Priority: &Priority{
			Name: "seats", WaitingList: ptr(200), KeepSeated: true,
			Capacity: &Capacity{Resource: "seats", Per: PerSchool, Default: 40, Consumes: "1", Overrides: []CapacityOverride{
				{District: "boston", School: "00350560", Class: "7A", Amount: 60}, {District: "acton", Amount: 10},
			}},
			Order: []Order{{Expression: "decision.priority", Descending: true}, {Lottery: &Lottery{Seed: "00ff"}}},
		},
	}
}

// small has nothing that may be left out.
func small() *Bundle {
	return &Bundle{
		Format:      FormatV1,
		Process:     Process{Name: "p", Mode: ModeLive, Purpose: "Placement", Juncture: "Support", Result: []Field{{Name: "yes", Type: Boolean}}},
		Information: Model{Name: "m", Attributes: []Attribute{{Name: "score", Type: Number}}},
		Rules:       RuleSet{Name: "r", HitPolicy: First, Rules: []Rule{{ID: "a", When: "true", Then: map[string]string{"yes": "true"}, Reason: Reason{Code: "A"}}}},
	}
}

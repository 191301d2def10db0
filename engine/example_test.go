// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// A process of one rule decides about two students, and the first decision is
// explained.
func Example() {
	program, err := engine.Compile(&bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: "attendance-talk", Mode: bundle.ModeLive, Purpose: "Support", Juncture: "Support",
			Result: []bundle.Field{{Name: "talk", Type: bundle.Boolean}},
		},
		Information: bundle.Model{Name: "k12", Attributes: []bundle.Attribute{
			{Name: "attendanceRate", Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{File: "users", Field: "metadata.attendance"}}},
		}},
		Rules: bundle.RuleSet{
			Name: "attendance-talk", HitPolicy: bundle.First,
			Rules: []bundle.Rule{{
				ID: "often-absent", When: "student.attendanceRate < 0.9",
				Then:   map[string]string{"talk": "true"},
				Reason: bundle.Reason{Code: "OFTEN_ABSENT", Text: map[string]string{"en": "Attendance is {{student.attendanceRate}}, below 0.9."}},
			}},
			Otherwise: &bundle.Otherwise{Then: map[string]string{"talk": "false"}, Reason: bundle.Reason{Code: "PRESENT"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// A district's students usually come from a source, such as a OneRoster
	// export. Here their values are given.
	at := time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC)
	given, err := student.FromValues(program.Bundle().Information, at, []map[string]json.RawMessage{
		{"attendanceRate": json.RawMessage("0.82")},
		{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	students := student.New("boston", at, time.UTC, student.Origin{Kind: "example"},
		[]string{"ada", "ben"}, []string{"north", "north"}, []string{"", ""}, given.Columns())

	batch, err := program.DecideAll(context.Background(), students, engine.Run{ID: "run-1", Trigger: "request/1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range batch.Records() {
		fmt.Println(r.Student, r.State, r.Reason.Code, r.Result, r.Missing)
	}

	why, err := program.Explain(students, 0, batch.Decisions.Record(0), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(why.Reason["en"])
	if err := json.NewEncoder(os.Stdout).Encode(why.Replay); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ada Confirmed OFTEN_ABSENT [{talk true}] []
	// ben Undetermined MISSING_INFORMATION [] [attendanceRate]
	// Attendance is 0.82, below 0.9.
	// {"same":true}
}

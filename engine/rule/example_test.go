// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule_test

import (
	"fmt"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

func Example() {
	score := bundle.Attribute{Name: "score", Type: bundle.Number}
	b := &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: "maths-tutoring", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{{Name: "tutoring", Type: bundle.Boolean}},
		},
		Information: bundle.Model{Name: "k12", Attributes: []bundle.Attribute{score}},
		Rules: bundle.RuleSet{
			Name: "maths-tutoring", HitPolicy: bundle.First,
			Rules: []bundle.Rule{{
				ID: "behind", When: "student.score < 40.0", Then: map[string]string{"tutoring": "true"},
				Reason: bundle.Reason{Code: "BEHIND", Text: map[string]string{"en": "The score, {{student.score}}, is below 40."}},
			}},
			Otherwise: &bundle.Otherwise{Then: map[string]string{"tutoring": "false"}, Reason: bundle.Reason{Code: "NOT_NEEDED", Text: map[string]string{"en": "Not needed."}}},
		},
	}
	program, err := rule.Compile(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	population := student.New("boston", time.Now(), time.UTC, student.Origin{},
		[]string{"s1", "s2", "s3"}, make([]string, 3), make([]string, 3),
		[]*student.Column{{
			Attribute: score,
			Presence:  []student.Presence{student.Present, student.Present, student.Absent},
			Floats:    []float64{31.5, 80, 0},
		}})
	evaluator, err := program.Bind(population)
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, id := range population.IDs {
		outcome := evaluator.Decide(row)
		if outcome.Status != rule.Decided {
			fmt.Println(id, outcome.Status, outcome.Missing)
			continue
		}
		text, err := evaluator.ReasonText(row, outcome)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(id, outcome.Rules, outcome.Result[0].V, outcome.Reason.Code, text["en"])
	}
	// Output:
	// s1 [behind] true BEHIND The score, 31.5, is below 40.
	// s2 [otherwise] false NOT_NEEDED Not needed.
	// s3 Undetermined [score]
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	population "github.com/juncture-dev/juncture/engine/student"
)

// TestTheEngineReadsThePackages reads packages as an evaluator does, and finds what rules ask for.
func TestTheEngineReadsThePackages(t *testing.T) {
	attribute := func(name string, kind bundle.Type, from bundle.OneRoster) bundle.Attribute {
		return bundle.Attribute{Name: name, Type: kind, From: bundle.From{OneRoster: &from}}
	}
	model := bundle.Model{Attributes: []bundle.Attribute{
		attribute("gradeLevel", bundle.Integer, bundle.OneRoster{File: "users", Field: "grades"}),
		attribute("mathsTests", bundle.NumberList, bundle.OneRoster{
			File: "results", Field: "score", Where: bundle.Where{Category: "test", Course: "mathematics"}, OrderBy: "scoreDate",
		}),
		attribute("attendance", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Where: bundle.Where{Category: "attendance"}, Aggregate: bundle.Mean}),
		attribute("learner", bundle.Boolean, bundle.OneRoster{File: "demographics", Field: "metadata.englishLearner"}),
	}}
	for _, version := range []string{Version11, Version12} {
		sink, districts := generate(t, heavyTailed(t, 1000, 2), Options{Version: version})
		for _, d := range districts {
			content := sink.files[d.File]
			// After two of the four tests.
			o := oneroster.Options{District: d.Slug, At: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), Plan: population.NewPlan(model)}
			p, err := oneroster.ReadZip(context.Background(), bytes.NewReader(content), int64(len(content)), o)
			if err != nil {
				t.Fatalf("%s %s: %v", d.Slug, version, err)
			}
			if len(p.Problems) > 0 {
				t.Errorf("%s %s: %d problems, the first: %+v", d.Slug, version, len(p.Problems), p.Problems[0])
			}
			// A tenth at most have left, or are to come.
			if p.Len() > d.Enrolment || p.Len() < d.Enrolment*9/10 {
				t.Errorf("%s %s: %d students are read of %d", d.Slug, version, p.Len(), d.Enrolment)
			}
			known := map[string]int{}
			for _, c := range p.Columns() {
				for i := range c.Len() {
					value, presence := c.Any(i)
					if presence != population.Present {
						continue
					}
					known[c.Name()]++
					if tests, ok := value.([]float64); ok && len(tests) > 2 {
						t.Errorf("%s %s: a student has %d tests by 1 March", d.Slug, version, len(tests))
					}
				}
			}
			for _, name := range []string{"gradeLevel", "mathsTests", "attendance", "learner"} {
				if known[name] < p.Len()*9/10 {
					t.Errorf("%s %s: %s is known of %d of %d students", d.Slug, version, name, known[name], p.Len())
				}
			}
		}
	}
}

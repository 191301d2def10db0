// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
)

func TestCheck(t *testing.T) {
	low, high := 0.0, 100.0
	with := func(a bundle.Attribute, change func(*bundle.Attribute)) bundle.Attribute {
		change(&a)
		return a
	}
	results := func(t bundle.Type, o bundle.OneRoster) bundle.Attribute {
		o.File = "results"
		if o.Field == "" {
			o.Field = "score"
		}
		return attribute("a", t, o)
	}
	for _, c := range []struct {
		name      string
		attribute bundle.Attribute
		want      string // part of the error; empty: possible
	}{
		{"latest score", results(bundle.Number, bundle.OneRoster{Aggregate: bundle.Latest}), ""},
		{"last five", results(bundle.NumberList, bundle.OneRoster{Last: 5}), ""},
		{"mean of the last five", results(bundle.Number, bundle.OneRoster{Last: 5, Aggregate: bundle.Mean}), ""},
		{"number of remarks", results(bundle.Integer, bundle.OneRoster{Field: "comment", Aggregate: bundle.Count}), ""},
		{"date of the latest", results(bundle.Date, bundle.OneRoster{Field: "scoreDate", Aggregate: bundle.Latest}), ""},
		{"metadata as anything", results(bundle.Boolean, bundle.OneRoster{Field: "metadata.retaken", Aggregate: bundle.Latest}), ""},
		{"grade as number", attribute("a", bundle.Integer, bundle.OneRoster{File: "users", Field: "grades"}), ""},
		{"tags", attribute("a", bundle.StringList, bundle.OneRoster{File: "users", Field: "metadata.tags"}), ""},
		{"school's name", attribute("a", bundle.String, bundle.OneRoster{File: "orgs", Field: "name", Aggregate: bundle.Latest}), ""},

		{"no source", bundle.Attribute{Name: "a", Type: bundle.Number}, "names no OneRoster file"},
		{"unknown file", attribute("a", bundle.Number, bundle.OneRoster{File: "Results", Field: "score"}), `cannot be drawn from "Results"`},
		{"file that only leads on", attribute("a", bundle.String, bundle.OneRoster{File: "lineItems", Field: "title"}), "use one of academicSessions"},
		{"no field", attribute("a", bundle.Number, bundle.OneRoster{File: "results"}), "is empty"},
		{"field miscased", results(bundle.Number, bundle.OneRoster{Field: "Score", Aggregate: bundle.Latest}), "write score"},
		{"password", attribute("a", bundle.String, bundle.OneRoster{File: "users", Field: "password"}), "a password is not information"},
		{"unknown type", results("Float", bundle.OneRoster{Aggregate: bundle.Latest}), `"Float" is no type`},
		{"scalar of many", results(bundle.Number, bundle.OneRoster{}), "set aggregate: Latest"},
		{"last on a scalar", results(bundle.Number, bundle.OneRoster{Last: 3}), "or use type NumberList"},
		{"list with aggregate", results(bundle.NumberList, bundle.OneRoster{Aggregate: bundle.Mean}), "makes one value, not a list"},
		{"first and last", results(bundle.NumberList, bundle.OneRoster{First: 1, Last: 1}), "both first and last"},
		{"negative last", results(bundle.NumberList, bundle.OneRoster{Last: -1}), "cannot be negative"},
		{"more than a list holds", results(bundle.NumberList, bundle.OneRoster{Last: 2000}), "more facts than a list may have (1024)"},
		{"aggregate of one row", attribute("a", bundle.Number, bundle.OneRoster{File: "users", Field: "metadata.x", Aggregate: bundle.Mean}), "only one row in users.csv"},
		{"filter of one row", attribute("a", bundle.String, bundle.OneRoster{File: "demographics", Field: "sex", Where: bundle.Where{Class: "x"}}), "only one row in demographics.csv"},
		{"list of one value", attribute("a", bundle.StringList, bundle.OneRoster{File: "demographics", Field: "sex"}), "sex holds one value"},
		{"unknown aggregate", results(bundle.Number, bundle.OneRoster{Aggregate: "Median"}), `"Median" is no aggregate`},
		{"mean as integer", results(bundle.Integer, bundle.OneRoster{Aggregate: bundle.Mean}), "use type Number"},
		{"count as number", results(bundle.Number, bundle.OneRoster{Aggregate: bundle.Count}), "use type Integer"},
		{"sum of text", results(bundle.String, bundle.OneRoster{Field: "comment", Aggregate: bundle.Sum}), "Sum does not give String"},
		{"score as date", results(bundle.Date, bundle.OneRoster{Aggregate: bundle.Latest}), "which are not Date"},
		{"date as number", results(bundle.Number, bundle.OneRoster{Field: "scoreDate", Aggregate: bundle.Latest}), "holds dates"},
		{"score as truth", results(bundle.Boolean, bundle.OneRoster{Aggregate: bundle.Latest}), "holds numbers"},
		{"category of an enrollment", attribute("a", bundle.Integer, bundle.OneRoster{File: "enrollments", Field: "sourcedId", Aggregate: bundle.Count, Where: bundle.Where{Category: "x"}}), "only results have a category"},
		{"from is no date", results(bundle.NumberList, bundle.OneRoster{Where: bundle.Where{From: "2026-13-01"}}), "where.from: is not a date"},
		{"until before from", results(bundle.NumberList, bundle.OneRoster{Where: bundle.Where{From: "2026-02-01", Until: "2026-02-01"}}), "no fact is kept"},
		{"negative window", results(bundle.NumberList, bundle.OneRoster{Where: bundle.Where{WithinDays: -1}}), "withinDays: is negative"},
		{"order by a score", results(bundle.NumberList, bundle.OneRoster{OrderBy: "score"}), "by default scoreDate"},
		{"bounds of text", with(results(bundle.StringList, bundle.OneRoster{Field: "comment"}), func(a *bundle.Attribute) { a.Minimum = &low }), "only numbers have bounds"},
		{"bounds crossed", with(results(bundle.NumberList, bundle.OneRoster{}), func(a *bundle.Attribute) { a.Minimum, a.Maximum = &high, &low }), "is above maximum"},
		{"too many items", with(results(bundle.NumberList, bundle.OneRoster{}), func(a *bundle.Attribute) { a.MaxItems = 5000 }), "use 1 to 1024"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := oneroster.Check(c.attribute)
			if c.want == "" {
				if err != nil {
					t.Errorf("possible, but refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `attribute "a"`) {
				t.Errorf("got %v, want an error about attribute a that says %q", err, c.want)
			}
		})
	}
}

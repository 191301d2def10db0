// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

func ExampleRead() {
	model := bundle.Model{Name: "k12", Attributes: []bundle.Attribute{
		{Name: "recentScores", Type: bundle.NumberList, From: bundle.From{OneRoster: &bundle.OneRoster{File: "results", Field: "score", Last: 5}}},
	}}
	population, err := oneroster.Read(context.Background(), "testdata/cases/version-1.1/export", oneroster.Options{
		District: "north",
		At:       time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Plan:     student.NewPlan(model),
	})
	if err != nil {
		log.Fatal(err)
	}
	for i, id := range population.IDs {
		scores, _ := population.Column("recentScores").Any(i)
		fmt.Println(id, population.Schools[i], scores)
	}
	// Output:
	// stu-a s1 [70 80]
	// stu-b s2 [55.5]
}

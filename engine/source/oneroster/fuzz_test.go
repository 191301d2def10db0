// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// FuzzRead puts arbitrary bytes in the place of the files that matter. Reading
// must not panic, must keep its promises about what it gives, and must give the
// same for a folder and a zip.
func FuzzRead(f *testing.F) {
	cases, _ := filepath.Glob("testdata/cases/*/export")
	for _, export := range cases {
		file := func(name string) []byte {
			content, err := os.ReadFile(filepath.Join(export, name))
			if err != nil {
				return nil
			}
			return content
		}
		f.Add(file("manifest.csv"), file("users.csv"), file("enrollments.csv"), file("classes.csv"), file("lineItems.csv"), file("results.csv"))
	}
	model := bundle.Model{Name: "fuzz", Attributes: []bundle.Attribute{
		attribute("grade", bundle.Integer, bundle.OneRoster{File: "users", Field: "grades"}),
		attribute("scores", bundle.NumberList, bundle.OneRoster{File: "results", Field: "score", Last: 3, Where: bundle.Where{Class: "M-1"}}),
		attribute("sum", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Sum}),
		attribute("comments", bundle.StringList, bundle.OneRoster{File: "results", Field: "comment"}),
		attribute("dates", bundle.DateList, bundle.OneRoster{File: "results", Field: "scoreDate"}),
		attribute("classes", bundle.StringList, bundle.OneRoster{File: "classes", Field: "title"}),
		attribute("begun", bundle.Date, bundle.OneRoster{File: "enrollments", Field: "beginDate", Aggregate: bundle.Minimum}),
	}}
	options := oneroster.Options{
		At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Plan: student.NewPlan(model),
		Limits: oneroster.Limits{Total: 1 << 20, Record: 1 << 12, Columns: 64, Problems: 10},
	}
	f.Fuzz(func(t *testing.T, manifest, users, enrollments, classes, lineItems, results []byte) {
		files := fstest.MapFS{}
		for name, content := range map[string][]byte{
			"manifest.csv": manifest, "users.csv": users, "enrollments.csv": enrollments,
			"classes.csv": classes, "lineItems.csv": lineItems, "results.csv": results,
		} {
			if content != nil {
				files[name] = &fstest.MapFile{Data: content}
			}
		}
		p, err := oneroster.ReadFS(context.Background(), files, options)
		again, errAgain := readZip(t, zipFolder(t, files, true), options)
		if (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("folder: %v, zip: %v", err, errAgain)
		}
		if err != nil {
			return
		}
		checkPopulation(t, p)
		if again.Source != p.Source {
			t.Fatalf("digest of folder %s, of zip %s", p.Source.Digest, again.Source.Digest)
		}
	})
}

// checkPopulation demands what every population promises.
func checkPopulation(t *testing.T, p *student.Population) {
	t.Helper()
	for i := 1; i < p.Len(); i++ {
		if p.IDs[i-1] >= p.IDs[i] {
			t.Fatalf("students %d and %d are not in ascending order", i-1, i)
		}
	}
	if len(p.Schools) != p.Len() || len(p.Classes) != p.Len() {
		t.Fatal("schools or classes are not one a student")
	}
	total := 0
	for _, c := range p.ProblemCounts {
		total += c.Count
	}
	if total < len(p.Problems) {
		t.Fatalf("%d problems kept, %d counted", len(p.Problems), total)
	}
	for _, c := range p.Columns() {
		for i := range p.Len() {
			if v, presence := c.Any(i); (v != nil) != (presence == student.Present) {
				t.Fatalf("%s of student %d: value %v with presence %d", c.Name(), i, v, presence)
			}
			if c.RowOffsets[i] > c.RowOffsets[i+1] {
				t.Fatalf("%s of student %d: rows run backwards", c.Name(), i)
			}
		}
	}
}

// FuzzReadZip reads arbitrary bytes as a zip: no panic, and an error or a
// population that keeps its promises.
func FuzzReadZip(f *testing.F) {
	whole := zipFolder(f, smallExport(), false)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	options := oneroster.Options{Plan: latestScore(), Limits: oneroster.Limits{Total: 1 << 20, Record: 1 << 12, Columns: 64}}
	f.Fuzz(func(t *testing.T, zipped []byte) {
		if p, err := readZip(t, zipped, options); err == nil {
			checkPopulation(t, p)
		}
	})
}

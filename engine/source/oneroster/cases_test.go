// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

var update = flag.Bool("update", false, "rewrite want.json of every case with what is read now; read the difference before you commit it")

// TestCases reads each export under testdata/cases as a folder and as a zip and
// compares what it gives with the case's want.json. plan.json says the instant,
// the zone and the attributes; its note says what the case is about.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases found: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			options := readPlan(t, filepath.Join(dir, "plan.json"))
			export := filepath.Join(dir, "export")

			got := outcome(oneroster.Read(context.Background(), export, options))
			for _, reversed := range []bool{false, true} {
				zipped := zipFolder(t, os.DirFS(export), reversed)
				fromZip := outcome(oneroster.ReadZip(context.Background(), bytes.NewReader(zipped), int64(len(zipped)), options))
				if diff := cmp.Diff(got, fromZip); diff != "" {
					t.Errorf("the zip (entries reversed: %v) gives something else than the folder (-folder +zip):\n%s", reversed, diff)
				}
			}

			wantFile := filepath.Join(dir, "want.json")
			if *update {
				writeWant(t, wantFile, got)
			}
			var want result
			readJSON(t, wantFile, &want)
			got.Digest = ""
			if diff := cmp.Diff(want, roundTrip(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// result is what reading an export gave, in a form for people.
type result struct {
	Error    string          `json:"error,omitempty"`
	Students []studentResult `json:"students,omitempty"`
	Problems []string        `json:"problems,omitempty"`
	Digest   string          `json:"digest,omitempty"` // not part of want.json
}

type studentResult struct {
	ID     string         `json:"id"`
	School string         `json:"school,omitempty"`
	Class  string         `json:"class,omitempty"`
	Values map[string]any `json:"values,omitempty"` // "(absent)" and "(faulty)" where there is none
	From   map[string]any `json:"from,omitempty"`   // attribute → rows of the file, then the newest fact's day
}

func outcome(p *student.Population, err error) result {
	if err != nil {
		return result{Error: err.Error()}
	}
	r := result{Digest: p.Source.Digest}
	for i, id := range p.IDs {
		s := studentResult{ID: id, School: p.Schools[i], Class: p.Classes[i], Values: map[string]any{}, From: map[string]any{}}
		for _, c := range p.Columns() {
			s.Values[c.Name()] = readable(c.Any(i))
			if from := provenance(c, i); len(from) > 0 {
				s.From[c.Name()] = from
			}
		}
		r.Students = append(r.Students, s)
	}
	for _, problem := range p.Problems {
		r.Problems = append(r.Problems, problem.Error())
	}
	return r
}

func readable(v any, p student.Presence) any {
	switch p {
	case student.Absent:
		return "(absent)"
	case student.Faulty:
		return "(faulty)"
	}
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly)
	case []time.Time:
		days := []string{}
		for _, d := range v {
			days = append(days, d.Format(time.DateOnly))
		}
		return days
	}
	return v
}

func provenance(c *student.Column, i int) []any {
	var from []any
	for _, row := range c.Rows[c.RowOffsets[i]:c.RowOffsets[i+1]] {
		from = append(from, int(row))
	}
	if c.Newest != nil && c.Newest[i] != student.Undated {
		from = append(from, student.Day(int64(c.Newest[i])).Format(time.DateOnly))
	}
	return from
}

func readPlan(t *testing.T, file string) oneroster.Options {
	t.Helper()
	var plan struct {
		Note       string             `json:"note"`
		At         time.Time          `json:"at"`
		Zone       string             `json:"zone"`
		Attributes []bundle.Attribute `json:"attributes"`
	}
	readJSON(t, file, &plan)
	zone, err := time.LoadLocation(plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	model := bundle.Model{Name: "case", Attributes: plan.Attributes}
	return oneroster.Options{District: "case", At: plan.At, Zone: zone, Plan: student.NewPlan(model)}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func writeWant(t *testing.T, file string, r result) {
	t.Helper()
	r.Digest = ""
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	// Provenance and lists read better on one line.
	if err := os.WriteFile(file, append(compactLists(text), '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compactLists puts each list of plain values on one line.
func compactLists(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		open := bytes.IndexByte(text, '[')
		if open < 0 {
			return append(out, text...)
		}
		out = append(out, text[:open+1]...)
		text = text[open+1:]
		end := bytes.IndexByte(text, ']')
		if next := bytes.IndexAny(text, "[{"); next >= 0 && next < end || bytes.Contains(text[:end], []byte(": row")) || bytes.Contains(text[:end], []byte(".csv")) {
			continue
		}
		for i, part := range bytes.Split(text[:end], []byte(",\n")) {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(out, bytes.TrimSpace(part)...)
		}
		text = text[end:]
	}
	return out
}

func roundTrip(t *testing.T, r result) result {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back result
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// zipFolder makes a zip of a folder, with the entries in either order.
func zipFolder(t testing.TB, folder fs.FS, reversed bool) []byte {
	t.Helper()
	var names []string
	if err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if reversed {
		slices.Reverse(names)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

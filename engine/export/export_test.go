// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
)

var update = flag.Bool("update", false, "write the golden files anew")

// processes are two whose result fields overlap, clash with a fixed column, and
// disagree about a type.
func processes() []*bundle.Bundle {
	return []*bundle.Bundle{
		{
			Process: bundle.Process{Name: "maths-tutoring", Result: []bundle.Field{
				{Name: "support", Type: bundle.String}, {Name: "minutesPerWeek", Type: bundle.Integer}, {Name: "review", Type: bundle.Date},
			}},
		},
		{
			Process: bundle.Process{Name: "reading", Result: []bundle.Field{
				{Name: "books", Type: bundle.StringList}, {Name: "support", Type: bundle.IntegerList}, {Name: "rank", Type: bundle.NumberList}, {Name: "days", Type: bundle.DateList},
			}},
		},
	}
}

func records() []decision.Record {
	day := func(d int) time.Time { return time.Date(2026, 9, d, 0, 0, 0, 0, time.UTC) }
	number := func(f float64) *float64 { return &f }
	base := decision.Record{
		District: "boston", School: "00350560", Process: "maths-tutoring", Run: "run-1",
		Revision: "sha256-" + strings.Repeat("ab", 32), At: time.Date(2026, 9, 1, 2, 0, 0, 0, time.UTC),
	}
	with := func(student string, edit func(*decision.Record)) decision.Record {
		r := base
		r.ID, r.Student = "id-"+student, student
		edit(&r)
		return r
	}
	return []decision.Record{
		with("s1", func(r *decision.Record) {
			r.Rules, r.State = []string{"far-behind"}, decision.Proposed
			r.Reason = decision.Reason{Code: "FAR_BEHIND", Text: map[string]string{"es": "La media es 28.3.", "en": "Recent scores average 28.3, <40."}}
			r.Priority = number(71.66666666666667)
			r.Group, r.Units, r.Rank, r.Placement = "00350560", 1, 3, "Placed"
			r.Result = []decision.Value{{Field: "support", V: "tutoring-2to1"}, {Field: "minutesPerWeek", V: int64(250)}, {Field: "review", V: day(30)}}
			r.Expires = base.At.AddDate(0, 3, 0)
		}),
		with("s2", func(r *decision.Record) {
			r.School, r.State, r.Missing = "", decision.Undetermined, []string{"attendanceRate", "recentScores"}
			r.Reason.Code = "MISSING"
		}),
		with("s,3\n\"x\"", func(r *decision.Record) {
			r.Rules, r.State, r.Reason.Code = []string{"otherwise"}, decision.Confirmed, "NOT_NEEDED"
			r.Result = []decision.Value{{Field: "support", V: "=HYPERLINK(\"x\")"}, {Field: "minutesPerWeek", V: int64(0)}, {Field: "review", V: nil}}
			r.Priority = number(math.Inf(1))
			r.Supersedes = "id-before"
		}),
		with("s4", func(r *decision.Record) {
			r.Process, r.Rules, r.State, r.Reason.Code = "reading", []string{"a", "b"}, decision.Waitlisted, "TWO\x1b[2J"
			r.Waiting, r.Rank, r.Priority = 2, 9, number(-0.1)
			r.Result = []decision.Value{
				{Field: "books", V: []string{"café; bar", ""}}, {Field: "support", V: []int64{1, -2}},
				{Field: "rank", V: []float64{1e21, 0.1, math.NaN()}}, {Field: "days", V: []time.Time{day(1), day(2)}},
			}
		}),
		with("s5", func(r *decision.Record) {
			r.Process, r.Rules, r.State, r.Reason.Code = "reading", []string{"otherwise"}, decision.Confirmed, "NONE"
			r.Result = []decision.Value{{Field: "books", V: []string{}}, {Field: "support", V: nil}, {Field: "rank", V: []float64{}}, {Field: "days", V: nil}}
		}),
		with("s6", func(r *decision.Record) { r.State, r.Failure = decision.Failed, "rule far-behind: division by zero" }),
	}
}

func TestGolden(t *testing.T) {
	for _, f := range []export.Format{export.CSV, export.JSON, export.Table} {
		t.Run(string(f), func(t *testing.T) {
			var got bytes.Buffer
			if err := export.Write(f, &got, export.Columns(processes()...), records()); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "records."+map[export.Format]string{export.CSV: "csv", export.JSON: "jsonl", export.Table: "txt"}[f])
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, d)
			}
		})
	}
}

func TestCSVReadsBackWhole(t *testing.T) {
	var out bytes.Buffer
	if err := export.Write(export.CSV, &out, export.Columns(processes()...), records()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	wantHeader := []string{
		"district", "school", "student", "process", "revision", "rule", "state", "reason", "priority", "rank",
		"support", "minutesPerWeek", "review", "books", "result.rank", "days",
	}
	if d := cmp.Diff(wantHeader, rows[0]); d != "" {
		t.Errorf("header (-want +got):\n%s", d)
	}
	for i, r := range records() {
		if got := rows[i+1][2]; got != r.Student {
			t.Errorf("row %d names student %q, want %q", i+1, got, r.Student)
		}
	}
}

func TestEveryJSONLineIsOneObject(t *testing.T) {
	var out bytes.Buffer
	if err := export.Write(export.JSON, &out, nil, records()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(records()) {
		t.Fatalf("%d lines for %d records", len(lines), len(records()))
	}
	for i, line := range lines {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
		if object["student"] != records()[i].Student {
			t.Errorf("line %d: student %v", i+1, object["student"])
		}
	}
}

func TestTableHoldsNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	if err := export.Write(export.Table, &out, export.Columns(processes()...), records()); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\r\t") || strings.Count(out.String(), "\n") != len(records())+1 {
		t.Errorf("a value could move the cursor:\n%q", out.String())
	}
}

func TestUnknownFormatNamesThoseThereAre(t *testing.T) {
	_, err := export.NewWriter("xlsx", nil, nil)
	if err == nil || !strings.Contains(err.Error(), `"xlsx"`) || !strings.Contains(err.Error(), "csv, json, parquet, table") {
		t.Errorf("error %v", err)
	}
}

// A full disk or a closed connection must not look like success.
func TestWriteErrorsAreReported(t *testing.T) {
	for _, name := range export.Formats() {
		if err := export.Write(export.Format(name), failing{}, export.Columns(processes()...), records()); err == nil {
			t.Errorf("%s: nothing could be written, and nothing was said", name)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func BenchmarkWrite(b *testing.B) {
	columns, rs := export.Columns(processes()...), records()
	for _, name := range export.Formats() {
		if export.Format(name) == export.Table {
			continue // it holds its lines: for a screen, not for bulk
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			out, err := export.NewWriter(export.Format(name), discard{}, columns)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				if err := out.Write(&rs[n%len(rs)]); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if err := out.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

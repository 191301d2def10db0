// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package export_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
)

// row is what a reader who knows only the file's schema gets.
type row struct {
	District   string    `parquet:"district"`
	School     string    `parquet:"school"`
	Student    string    `parquet:"student"`
	Process    string    `parquet:"process"`
	Revision   string    `parquet:"revision"`
	Rule       []string  `parquet:"rule,list"`
	State      string    `parquet:"state"`
	Reason     string    `parquet:"reason"`
	Priority   *float64  `parquet:"priority,optional"`
	Rank       *int64    `parquet:"rank,optional"`
	Support    *string   `parquet:"support,optional"`
	Minutes    *int64    `parquet:"minutesPerWeek,optional"`
	Review     *int32    `parquet:"review,date,optional"`
	Books      []string  `parquet:"books,optional,list"`
	ResultRank []float64 `parquet:"result.rank,optional,list"`
	Days       []int32   `parquet:"days,optional,list" parquet-element:",date"`
}

func TestParquetReadsBack(t *testing.T) {
	file := parquetFile(t, records())
	read, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range read.Schema().Fields() {
		names = append(names, f.Name())
	}
	if got, want := strings.Join(names, ","), "district,school,student,process,revision,rule,state,reason,priority,rank,support,minutesPerWeek,review,books,result.rank,days"; got != want {
		t.Errorf("columns\n%s\nwant\n%s", got, want)
	}
	if got := read.Metadata().CreatedBy; got != "juncture version 1(build export)" {
		t.Errorf("created by %q: the bytes must not depend on how the program was built", got)
	}

	got := rows(t, read)
	number, text, whole, day := ptr[float64], ptr[string], ptr[int64], ptr[int32]
	revision := "sha256-" + strings.Repeat("ab", 32)
	const september = 20697 // days from 1970-01-01 to 2026-09-01
	want := []row{
		{School: "00350560", Student: "s1", Process: "maths-tutoring", Rule: []string{"far-behind"}, State: "Proposed", Reason: "FAR_BEHIND", Priority: number(71.66666666666667), Rank: whole(3), Support: text("tutoring-2to1"), Minutes: whole(250), Review: day(september + 29)},
		{Student: "s2", Process: "maths-tutoring", State: "Undetermined", Reason: "MISSING"},
		{School: "00350560", Student: "s,3\n\"x\"", Process: "maths-tutoring", Rule: []string{"otherwise"}, State: "Confirmed", Reason: "NOT_NEEDED", Priority: records()[2].Priority, Support: text(`=HYPERLINK("x")`), Minutes: whole(0)},
		{School: "00350560", Student: "s4", Process: "reading", Rule: []string{"a", "b"}, State: "Waitlisted", Reason: "TWO\x1b[2J", Priority: number(-0.1), Rank: whole(9), Support: text("1;-2"), Books: []string{"café; bar", ""}, ResultRank: records()[3].Result[2].V.([]float64), Days: []int32{september, september + 1}},
		{School: "00350560", Student: "s5", Process: "reading", Rule: []string{"otherwise"}, State: "Confirmed", Reason: "NONE", Books: []string{}, ResultRank: []float64{}},
		{School: "00350560", Student: "s6", Process: "maths-tutoring", State: "Failed"},
	}
	for i := range want {
		want[i].District, want[i].Revision = "boston", revision
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if got[4].Books == nil || got[4].Support != nil || got[3].Minutes != nil {
		t.Error("an empty list and no value are not the same")
	}
}

func TestParquetIsTheSameBytesAndBoundsItsGroups(t *testing.T) {
	many := make([]decision.Record, 0, 140_000)
	for n := range cap(many) {
		r := records()[n%6]
		r.Student = fmt.Sprintf("s%d", n)
		many = append(many, r)
	}
	file := parquetFile(t, many)
	if !bytes.Equal(file, parquetFile(t, many)) {
		t.Error("the same records written twice are not the same bytes")
	}
	read, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if read.NumRows() != int64(len(many)) || len(read.RowGroups()) != 2 {
		t.Errorf("%d rows in %d groups, want %d in 2", read.NumRows(), len(read.RowGroups()), len(many))
	}
}

func TestParquetRefusesAValueAgainstItsDeclaration(t *testing.T) {
	r := records()[0]
	r.Result = []decision.Value{{Field: "minutesPerWeek", V: "many"}}
	err := export.Write(export.Parquet, &bytes.Buffer{}, export.Columns(processes()...), []decision.Record{r})
	if err == nil || !strings.Contains(err.Error(), "minutesPerWeek") || strings.Contains(err.Error(), "many") {
		t.Errorf("error %v; want one that names the field and not the value", err)
	}
}

func parquetFile(t *testing.T, records []decision.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := export.Write(export.Parquet, &out, export.Columns(processes()...), records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func rows(t *testing.T, f *parquet.File) []row {
	t.Helper()
	reader := parquet.NewGenericReader[row](f)
	defer reader.Close()
	got := make([]row, f.NumRows())
	if n, err := reader.Read(got); n != len(got) {
		t.Fatalf("%d of %d rows: %v", n, len(got), err)
	}
	return got
}

func ptr[T any](v T) *T { return &v }

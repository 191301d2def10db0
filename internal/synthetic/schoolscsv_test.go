// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inventedSchools is testdata/schools.csv: four invented schools in the layout of the real table.
func inventedSchools(t testing.TB) [][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/schools.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func written(records [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.WriteAll(records)
	return b.String()
}

func TestSchoolsTableIsRead(t *testing.T) {
	shape, err := FromSchoolsCSV(strings.NewReader("\xef\xbb\xbf" + written(inventedSchools(t))))
	if err != nil {
		t.Fatal(err)
	}
	if len(shape.Districts) != 2 || shape.Enrolment() != 831 {
		t.Fatalf("%d districts with %d students, want 2 with 831", len(shape.Districts), shape.Enrolment())
	}
	elm, ash := shape.Districts[0], shape.Districts[1]
	if elm.Identifier != "00010000" || elm.Name != "Elm (District)" || ash.Name != "Ashford" || len(ash.Schools) != 2 {
		t.Fatalf("districts %s %q and %q, want them in the order of their codes", elm.Identifier, elm.Name, ash.Name)
	}
	school := ash.Schools[0]
	want := Shares{
		Male: 0.51, Black: 0.1, Asian: 0.05, Hispanic: 0.2, White: 0.6, NativeAmerican: 0.005, PacificIslander: 0.005, Multiracial: 0.04,
		EnglishLearner: 0.05, Disability: 0.155, EconomicallyDisadvantaged: 0.3,
	}
	if diff := cmp.Diff(want, school.Shares); diff != "" {
		t.Error(diff)
	}
	if school.ClassSize != 20.5 || school.Enrolment[Grade1+2] != 43 || school.Name != "Ash Elementary, \"Old\" Wing" {
		t.Errorf("school %+v", school)
	}
	if diff := cmp.Diff(want, elm.Schools[0].Shares, cmp.Comparer(near)); diff != "" {
		t.Errorf("a school without shares has not the state's: %s", diff)
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

func TestTestLevelsAreBorrowedFromTheNearest(t *testing.T) {
	shape, err := FromSchoolsCSV(strings.NewReader(written(inventedSchools(t))))
	if err != nil {
		t.Fatal(err)
	}
	elm, ash := shape.Districts[0].Schools[0], shape.Districts[1].Schools
	third := Levels{Warning: 0.1, NeedsImprovement: 0.2, Proficient: 0.3, Advanced: 0.4}
	fifth := Levels{Warning: 0.5, NeedsImprovement: 0.5}
	tenth := Levels{Warning: 0.1, NeedsImprovement: 0.15, Proficient: 0.25, Advanced: 0.5}
	english := Levels{Warning: 0.1, NeedsImprovement: 0.3, Proficient: 0.5, Advanced: 0.1}
	for _, c := range []struct {
		name      string
		got, want Levels
	}{
		{"own", ash[0].Maths[Grade1+2], third},
		{"lower of two equally near", ash[0].Maths[Grade1+3], third},
		{"nearest above", ash[0].Maths[Grade6], fifth},
		{"kindergarten", ash[0].Maths[Kindergarten], third},
		{"beyond grade 12", ash[1].Maths[BeyondGrade12], tenth},
		{"of the district", ash[1].English[Grade9], english},
		{"of the state", elm.Maths[Grade6], fifth},
	} {
		if diff := cmp.Diff(c.want, c.got, cmp.Comparer(near)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestBadSchoolsTableSaysWhere(t *testing.T) {
	type table [][]string
	set := func(row int, column, value string) func(table) table {
		return func(rows table) table {
			rows[row][slices.Index(rows[0], column)] = value
			return rows
		}
	}
	for _, c := range []struct {
		name   string
		change func(table) table
		want   []string
	}{
		{"letters as enrolment", set(1, "K_Enrollment", "forty"), []string{"row 2", `column "K_Enrollment"`, `"forty"`}},
		{"negative enrolment", set(1, "3_Enrollment", "-3"), []string{"row 2", "3_Enrollment", "0 or more"}},
		{"no enrolment", set(2, "3_Enrollment", ""), []string{"row 3", "3_Enrollment"}},
		{"too many", set(1, "K_Enrollment", "99999999999"), []string{"row 2", "K_Enrollment", "at most 100000"}},
		{"more than a number", set(1, "K_Enrollment", "999999999999999999999999"), []string{"row 2", "K_Enrollment"}},
		{"total", set(2, "TOTAL_Enrollment", "7"), []string{"row 3", "TOTAL_Enrollment", "7", "386"}},
		{"not a number", set(1, "% White", "NaN"), []string{"row 2", "% White", "NaN"}},
		{"above a hundred", set(1, "% White", "160"), []string{"row 2", "% White", "0 to 100"}},
		{"races", set(1, "% White", "10"), []string{"row 2", "% African American", "50.0 %"}},
		{"some levels", set(1, "% MCAS_3rdGrade_Math_P", ""), []string{"row 2", "MCAS_3rdGrade_Math", "3 of the four"}},
		{"levels' total", set(1, "% MCAS_3rdGrade_Math_P", "90"), []string{"row 2", "MCAS_3rdGrade_Math", "160 %"}},
		{"class size", set(1, "Average Class Size", "-1"), []string{"row 2", "Average Class Size"}},
		{"no name", set(1, "School Name", " "), []string{"row 2", "School Name", "empty"}},
		{"no code", set(1, "District Code", ""), []string{"row 2", "District Code", "1 to 40 characters"}},
		{"code with a path", set(1, "School Code", "../../etc"), []string{"row 2", "School Code"}},
		{"same school", set(2, "School Code", "00020005"), []string{"row 3", "School Code", "taken by row 2"}},
		{"school code of the district", set(2, "School Code", "00020000"), []string{"00020000", "taken by the district"}},
		{"two names", set(2, "District Name", "Ash"), []string{"row 3", "District Name", `"Ashford" above`}},
		{"column missing", set(0, "% Asian", "Asian"), []string{"row 1", `"% Asian"`, "missing"}},
		{"column twice", set(0, "% Asian", "% White"), []string{"row 1", `"% White"`, "twice"}},
		{"short row", func(rows table) table { rows[2] = rows[2][:5]; return rows }, []string{"line 3", "fields"}},
		{"no rows", func(rows table) table { return rows[:1] }, []string{"no schools"}},
		{"nothing", func(table) table { return nil }, []string{"empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := FromSchoolsCSV(strings.NewReader(written(c.change(inventedSchools(t)))))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "schools table: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestManyProblemsAreReportedTogetherButBounded(t *testing.T) {
	rows := inventedSchools(t)
	for g := range gradeColumns {
		rows[1][5+g] = "x"
	}
	_, err := FromSchoolsCSV(strings.NewReader(written(rows)))
	var cell *CellError
	if !errors.As(err, &cell) || cell.Row != 2 || cell.Column != "PK_Enrollment" {
		t.Errorf("the first problem is %+v", cell)
	}
	if n := strings.Count(err.Error(), "row 2"); n != maxCellErrors || !strings.Contains(err.Error(), "and 6 more problems") {
		t.Errorf("%d problems in %q", n, err)
	}
}

// FuzzFromSchoolsCSV checks that no table, however broken, makes the reader panic, and that a table it accepts can be generated.
func FuzzFromSchoolsCSV(f *testing.F) {
	rows := inventedSchools(f)
	f.Add(written(rows))
	f.Add(written(rows[:2]))
	f.Add(strings.ReplaceAll(written(rows), "40", "NaN"))
	f.Add(strings.ReplaceAll(written(rows), "0", "1e9"))
	f.Add(strings.ReplaceAll(written(rows), ",", ";"))
	f.Add(strings.ReplaceAll(written(rows), "\n", "\r\n"))
	f.Add(strings.ReplaceAll(written(rows), "\"", ""))
	f.Add("")
	f.Fuzz(func(t *testing.T, content string) {
		shape, err := FromSchoolsCSV(strings.NewReader(content))
		if err != nil {
			return
		}
		n := shape.Enrolment()
		if n > 2000 {
			return
		}
		districts, err := Generate(context.Background(), shape, Options{Seed: []byte{1}, SchoolYear: 2025}, &discard{}, nil)
		if err != nil {
			t.Fatalf("the shape was accepted, but: %v", err)
		}
		for _, d := range districts {
			n -= d.Enrolment
		}
		if n != 0 {
			t.Errorf("%d students are missing", n)
		}
	})
}

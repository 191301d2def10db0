// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGenerate: the packages of a generated state are what its list and its
// manifests say, the same each time, and fit to be run.
func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"first", "second"} {
		r := invoke(t, "generate", "state", "--out", filepath.Join(dir, name), "--students", "900", "--districts", "3", "--oneroster", "1.2",
			"--manifests", "--namespace", "valley", "--label", "state=xx", "--label", "size=small", "--claim", "rosters", "--path-prefix", "2026/spring")
		if want := "3 districts, "; r.code != 0 || !strings.HasPrefix(r.err, want) || !strings.Contains(r.err, " 900 students in ") || r.out != "" {
			t.Fatalf("exit code %d: %s%s", r.code, r.out, r.err)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "first"))
	if err != nil || len(files) != 5 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		if read(t, filepath.Join(dir, "first", f.Name())) != read(t, filepath.Join(dir, "second", f.Name())) {
			t.Errorf("%s is not the same twice", f.Name())
		}
	}

	manifests := filepath.Join(dir, "first", "districts.yaml")
	if r := invoke(t, "vet", "-f", manifests); r.code != 0 || r.err != "3 objects: 0 errors, 0 warnings\n" {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	text := read(t, manifests)
	for _, want := range []string{`"state": "xx"`, `claimName: "rosters"`, `path: "2026/spring/`, "namespace: valley"} {
		if n := strings.Count(text, want); n != 3 {
			t.Errorf("%d districts have %s", n, want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, filepath.Join(dir, "first", "districts.csv")))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v %v", rows, err)
	}
}

// TestGenerateLeavesOutDistrictsWithoutStudents: there is nobody to decide about.
func TestGenerateLeavesOutDistrictsWithoutStudents(t *testing.T) {
	dir := t.TempDir()
	schools, err := csv.NewReader(strings.NewReader(read(t, "../synthetic/testdata/schools.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	closed := slices.Clone(schools[1])
	for i, column := range schools[0] {
		switch {
		case strings.HasSuffix(column, "_Enrollment"):
			closed[i] = "0"
		case column == "District Code":
			closed[i] = "99990000"
		case column == "School Code":
			closed[i] = "99990001"
		case column == "District Name":
			closed[i] = "Closed"
		}
	}
	table := filepath.Join(dir, "schools.csv")
	f, err := os.Create(table)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(csv.NewWriter(f).WriteAll(append(schools, closed)), f.Close()); err != nil {
		t.Fatal(err)
	}
	if r := invoke(t, "generate", "state", "--out", filepath.Join(dir, "state"), "--from", table, "--students", "50", "--manifests"); r.code != 0 {
		t.Fatal(r.err)
	}
	declared := read(t, filepath.Join(dir, "state", "districts.yaml"))
	if list := read(t, filepath.Join(dir, "state", "districts.csv")); !strings.Contains(list, "closed,") {
		t.Errorf("the list lacks the district without students:\n%s", list)
	}
	if !strings.Contains(declared, "name: elm\n") || strings.Contains(declared, "name: closed\n") {
		t.Errorf("declared are:\n%s", declared)
	}
}

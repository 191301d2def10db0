// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSameSeedSameBytesOnOneAndManyWorkers(t *testing.T) {
	shape := heavyTailed(t, 3000, 12)
	one, listOne := generate(t, shape, Options{Workers: 1})
	two, listTwo := generate(t, shape, Options{Workers: 2})
	if diff := cmp.Diff(listOne, listTwo); diff != "" {
		t.Error(diff)
	}
	if len(one.files) != 13 || len(two.files) != 13 {
		t.Fatalf("%d and %d files, want 12 packages and an index", len(one.files), len(two.files))
	}
	for name, content := range one.files {
		if !bytes.Equal(content, two.files[name]) {
			t.Errorf("%s differs between one worker and two", name)
		}
	}
}

func TestAnotherSeedOtherBytes(t *testing.T) {
	shape := heavyTailed(t, 500, 3)
	a, districts := generate(t, shape, Options{Seed: []byte{1}})
	b, _ := generate(t, shape, Options{Seed: []byte{2}})
	for _, d := range districts {
		if bytes.Equal(a.files[d.File], b.files[d.File]) {
			t.Errorf("%s is the same for two seeds", d.File)
		}
	}
}

func TestADistrictDependsOnNoOther(t *testing.T) {
	shape := heavyTailed(t, 2000, 8)
	all, districts := generate(t, shape, Options{})
	alone, _ := generate(t, Shape{Districts: shape.Districts[5:6]}, Options{})
	if !bytes.Equal(all.files[districts[5].File], alone.files[districts[5].File]) {
		t.Errorf("%s differs when it is generated alone", districts[5].File)
	}
}

// TestBytesAreThoseOfThisVersion notices what changes the bytes of every seed. If the change is meant, record the new digest and say so in
// the release notes: whoever kept a seed gets other students.
func TestBytesAreThoseOfThisVersion(t *testing.T) {
	for _, c := range []struct {
		name, version string
		shape         Shape
		want          string
	}{
		{"odd", Version11, oddShape(), "cf28683eaa8c0fbbbaff24f7b68432a81167c124653b7ecf92bf621c9c1ad433"},
		{"odd", Version12, oddShape(), "4613dc274ef5d31a29af9d03f0902daf500627ec087c18151b1bf2eb4ed5578b"},
		{"drawn", Version11, heavyTailed(t, 3000, 7), "094d07d94704f443a55090ebf235ae6706e0d21a91ce52a04b81de0afd6af94c"},
	} {
		sink, districts := generate(t, c.shape, Options{Version: c.version})
		h := sha256.New()
		for _, d := range districts {
			h.Write(sink.files[d.File])
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != c.want {
			t.Errorf("%s %s: digest %s, want %s", c.name, c.version, got, c.want)
		}
	}
}

func TestIndexListsEveryDistrict(t *testing.T) {
	shape := heavyTailed(t, 700, 4)
	shape.Districts[1].Name = "Ash, \"the\" Old"
	shape.Districts[1].Schools[0].Enrolment = [NumGrades]int{}
	sink, districts := generate(t, shape, Options{})
	records, err := csv.NewReader(bytes.NewReader(sink.files[IndexFile])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"slug", "identifier", "name", "enrolment", "file"}}
	for _, d := range districts {
		students := 0
		for _, u := range unpack(t, sink.files[d.File])["users.csv"] {
			if u["role"] == "student" {
				students++
			}
		}
		if students != d.Enrolment {
			t.Errorf("%s: %d students in the package, %d in the list", d.Slug, students, d.Enrolment)
		}
		want = append(want, []string{d.Slug, d.Identifier, d.Name, itoa(students), d.Slug + ".zip"})
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
}

func TestScaleKeepsEveryDistrictAndItsShareOfStudents(t *testing.T) {
	shape := heavyTailed(t, 20_000, 30)
	_, districts := generate(t, shape, Options{Scale: 0.1})
	for i, d := range districts {
		full := shape.Districts[i].Enrolment()
		if want := max(1, (full+5)/10); d.Enrolment < want-1 || d.Enrolment > want {
			t.Errorf("%s has %d of %d students, want a tenth", d.Slug, d.Enrolment, full)
		}
		scaled := shape.Districts[i].scaled(0.1)
		for j := range scaled.Schools {
			for g, n := range scaled.Schools[j].Enrolment {
				share := float64(shape.Districts[i].Schools[j].Enrolment[g]) * float64(d.Enrolment) / float64(full)
				if float64(n) < share-1 || float64(n) > share+1 {
					t.Errorf("%s, school %d, grade %s: %d students, want %.1f within 1", d.Slug, j, Grade(g), n, share)
				}
			}
		}
	}
}

func TestProgressCountsEveryStudentOnce(t *testing.T) {
	shape := heavyTailed(t, 5000, 9)
	last, calls := 0, 0
	report := func(done, total int) {
		calls++
		if total != 5000 || done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}
	_, err := Generate(context.Background(), shape, Options{Seed: []byte{1}, SchoolYear: 2025, Workers: 2}, &discard{}, report)
	if err != nil || last != 5000 || calls < 9 {
		t.Errorf("progress ended at %d after %d calls, error %v", last, calls, err)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	good := Options{Seed: []byte{1}, SchoolYear: 2025}
	shape := heavyTailed(t, 100, 1)
	for _, c := range []struct {
		name   string
		change func(*Options, *Shape)
		want   string
	}{
		{"no seed", func(o *Options, _ *Shape) { o.Seed = nil }, "no seed"},
		{"version", func(o *Options, _ *Shape) { o.Version = "1.3" }, `version "1.3"`},
		{"year", func(o *Options, _ *Shape) { o.SchoolYear = 25 }, "school year 25"},
		{"scale above one", func(o *Options, _ *Shape) { o.Scale = 1.5 }, "scale 1.5"},
		{"negative scale", func(o *Options, _ *Shape) { o.Scale = -1 }, "scale -1"},
		{"workers", func(o *Options, _ *Shape) { o.Workers = -1 }, "-1 workers"},
		{"no districts", func(_ *Options, s *Shape) { s.Districts = nil }, "no districts"},
		{"identifier", func(_ *Options, s *Shape) { s.Districts[0].Identifier = "a,b" }, `identifier "a,b"`},
		{"path as identifier", func(_ *Options, s *Shape) { s.Districts[0].Schools[0].Identifier = "../x" }, `identifier "../x"`},
		{"twice", func(_ *Options, s *Shape) { s.Districts = append(s.Districts, s.Districts[0]) }, "two districts"},
		{"negative grade", func(_ *Options, s *Shape) { s.Districts[0].Schools[0].Enrolment[3] = -1 }, "enrolment of grade 02 is -1"},
		{"share", func(_ *Options, s *Shape) { s.Districts[0].Schools[0].Shares.White = 2 }, "share is 2"},
		{"level", func(_ *Options, s *Shape) { s.Districts[0].Schools[0].Maths[3].Advanced = -1 }, "level's share is -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := good
			s := Shape{Districts: []DistrictShape{shape.Districts[0]}}
			s.Districts[0].Schools = append([]SchoolShape(nil), shape.Districts[0].Schools...)
			c.change(&o, &s)
			sink := &memory{}
			_, err := Generate(context.Background(), s, o, sink, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that has %q", err, c.want)
			}
			if len(sink.files) > 0 {
				t.Errorf("%d files were written all the same", len(sink.files))
			}
		})
	}
}

// fullDisk fails every write after the first few kilobytes.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write(_ string, content func(io.Writer) error) error {
	return content(writerFunc(func([]byte) (int, error) { return 0, errFull }))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestAFailingSinkStopsTheGeneration(t *testing.T) {
	_, err := Generate(context.Background(), heavyTailed(t, 5000, 20), Options{Seed: []byte{1}, SchoolYear: 2025, Workers: 3}, fullDisk{}, nil)
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "district ") {
		t.Errorf("error %v, want the sink's with the district's name", err)
	}
}

func TestCancellingStopsTheGeneration(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	sink := &memory{}
	_, err := Generate(ctx, heavyTailed(t, 20_000, 20), Options{Seed: []byte{1}, SchoolYear: 2025, Workers: 2}, sink, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, ok := sink.files[IndexFile]; ok {
		t.Error("the index was written for a state that is not complete")
	}
}

func TestDirHoldsWholeFilesOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.zip"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	failing := func(w io.Writer) error {
		io.WriteString(w, "half")
		return errFull
	}
	if err := Dir(dir).Write("a.zip", failing); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
	if got := contents(t, dir); !cmp.Equal(got, map[string]string{"a.zip": "old"}) {
		t.Errorf("after a failure the folder has %v", got)
	}
	if err := Dir(dir).Write("a.zip", func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir); !cmp.Equal(got, map[string]string{"a.zip": "new"}) {
		t.Errorf("after a success the folder has %v", got)
	}
	if err := Dir(filepath.Join(dir, "absent")).Write("a.zip", failing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says the folder is absent", err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

func TestSlugsAreUniqueDNSLabels(t *testing.T) {
	names := []string{
		"Boston", "Saint John's Prep (District)", "Ash", "Ash (District)", "ÉÉ", "???", "A--b  c", strings.Repeat("long name ", 12), "ash 00040000",
	}
	districts := make([]DistrictShape, len(names))
	for i, name := range names {
		districts[i] = DistrictShape{Identifier: "000" + itoa(i+1) + "0000", Name: name}
	}
	want := []string{
		"boston", "saint-john-s-prep", "ash-00030000", "ash-00040000", "00050000", "00060000", "a-b-c",
		strings.Repeat("long-name-", 6) + "lon", "ash-00040000-2",
	}
	if diff := cmp.Diff(want, slugs(districts)); diff != "" {
		t.Error(diff)
	}
}

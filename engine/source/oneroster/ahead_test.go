// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// largeExport has a results.csv that is read while it is being unpacked, with
// faults in it.
func largeExport() (fstest.MapFS, oneroster.Options) {
	files, _ := generatedExport(1500, 40)
	results := files["results.csv"].Data
	results = bytes.Replace(results, []byte(",fully graded,13,"), []byte(",fully graded,x,"), 20)
	results = bytes.Replace(results, []byte("res-007-0000003,"), []byte(`"res-007-""0000003",`), 1)
	files["results.csv"].Data = results
	attributes := []bundle.Attribute{attribute("grade", bundle.Integer, bundle.OneRoster{File: "users", Field: "grades"})}
	for name, from := range map[string]bundle.OneRoster{
		"count": {Aggregate: bundle.Count}, "sum": {Aggregate: bundle.Sum}, "least": {Aggregate: bundle.Minimum}, "latest": {Aggregate: bundle.Latest},
		"exams": {Aggregate: bundle.Sum, Where: bundle.Where{Category: "Exam"}},
	} {
		from.File, from.Field = "results", "score"
		attributes = append(attributes, attribute(name, bundle.Integer, from))
	}
	few := attribute("few", bundle.NumberList, bundle.OneRoster{File: "results", Field: "score"})
	few.MaxItems = 39 // all have 40: each is a fault of the whole
	attributes = append(attributes, few, attribute("recent", bundle.NumberList, bundle.OneRoster{File: "results", Field: "score", Last: 5}))
	return files, oneroster.Options{At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Plan: student.NewPlan(bundle.Model{Attributes: attributes})}
}

// TestLargeFile: a file that is unpacked ahead of the reader gives the same as
// ever, whatever runs at once.
func TestLargeFile(t *testing.T) {
	files, options := largeExport()
	if size := len(files["results.csv"].Data); size < 4<<20 {
		t.Fatalf("results.csv has %d bytes only", size)
	}
	zipped := zipFolder(t, files, false)
	path := filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(path, zipped, 0o600); err != nil {
		t.Fatal(err)
	}
	digest, err := oneroster.Digest(path)
	if err != nil {
		t.Fatal(err)
	}
	var want *student.Population
	for _, processors := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(processors)
		got, err := readZip(t, zipped, options)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if got.Source.Digest != digest {
			t.Errorf("digest %s, want %s", got.Source.Digest, digest)
		}
		if want == nil {
			want = got
			if want.Len() != 1500 || len(want.Problems) != 1000 {
				t.Fatalf("%d students, %d problems", want.Len(), len(want.Problems))
			}
			continue
		}
		all := func(p *student.Population) []any {
			return []any{p.IDs, p.Schools, p.Classes, p.Columns(), p.Problems, p.ProblemCounts}
		}
		if !reflect.DeepEqual(all(want), all(got)) {
			t.Errorf("with %d processors (-1 +%d):\n%s", processors, processors, cmp.Diff(all(want), all(got)))
		}
	}
}

// TestLargeFileBreaksOff: reading ends wherever the file breaks off, or the
// caller does, and leaves nothing running.
func TestLargeFileBreaksOff(t *testing.T) {
	files, options := largeExport()
	goroutines := runtime.NumGoroutine()
	whole := files["results.csv"].Data
	for name, c := range map[string]struct {
		data    []byte
		limits  oneroster.Limits
		message string
	}{
		"in the header": {append([]byte("sourcedId,sourcedId\n"), whole...), oneroster.Limits{}, "is there twice"},
		"at a quote":    {append(bytes.Clone(whole[:2<<20]), append([]byte("\"x\"y\n"), whole[2<<20:]...)...), oneroster.Limits{}, "quotes are not as RFC 4180 has them"},
		"at a limit":    {append(bytes.Clone(whole), strings.Repeat("x", 2000)...), oneroster.Limits{Record: 1000}, "a record is longer than 1000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			files["results.csv"].Data = c.data
			options.Limits = c.limits
			_, err := oneroster.ReadFS(context.Background(), files, options)
			wantError(t, err, "results.csv", c.message)
		})
	}
	files["results.csv"].Data, options.Limits = whole, oneroster.Limits{}

	zipped := zipFolder(t, files, false)
	at := bytes.LastIndex(zipped[:len(zipped)-1000], []byte("results.csv")) // its local header
	zipped[at+100_000] ^= 0xff
	if _, err := readZip(t, zipped, options); err == nil {
		t.Error("a damaged zip was read")
	}

	ctx, cancel := context.WithCancel(context.Background())
	options.Progress = func(done, _ int64) {
		if done > 3<<20 {
			cancel()
		}
	}
	if _, err := oneroster.ReadFS(ctx, files, options); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it says %v", err)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
}

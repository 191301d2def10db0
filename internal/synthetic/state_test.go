// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// memory is a sink that keeps the files.
type memory struct {
	mutex sync.Mutex
	files map[string][]byte
}

func (m *memory) Write(name string, content func(io.Writer) error) error {
	var b bytes.Buffer
	if err := content(&b); err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.files == nil {
		m.files = map[string][]byte{}
	}
	m.files[name] = b.Bytes()
	return nil
}

// discard is a sink that keeps nothing but the number of bytes.
type discard struct {
	mutex sync.Mutex
	bytes int64
}

func (d *discard) Write(_ string, content func(io.Writer) error) error {
	var n counter
	if err := content(&n); err != nil {
		return err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.bytes += int64(n)
	return nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func generate(t testing.TB, shape Shape, o Options) (*memory, []District) {
	t.Helper()
	if o.Seed == nil {
		o.Seed = []byte{1}
	}
	if o.SchoolYear == 0 {
		o.SchoolYear = 2025
	}
	sink := &memory{}
	districts, err := Generate(context.Background(), shape, o, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sink, districts
}

func heavyTailed(t testing.TB, students, districts int) Shape {
	t.Helper()
	shape, err := HeavyTailed([]byte{1}, students, districts)
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// massachusetts is the real table of schools; the test is skipped where it is absent.
func massachusetts(t testing.TB) Shape {
	t.Helper()
	data := os.Getenv("JUNCTURE_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(data, "massachusetts", "schools.csv")
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		t.Skipf("skipped: the table of Massachusetts schools is not at %s; set JUNCTURE_DATA to the folder that has massachusetts/schools.csv", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shape, err := FromSchoolsCSV(f)
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// row is a row of a CSV file by column.
type row map[string]string

// unpack reads all files of a package with the standard library's readers.
func unpack(t testing.TB, content []byte) map[string][]row {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]row{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(r).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		header := records[0]
		rows := make([]row, 0, len(records)-1)
		for _, record := range records[1:] {
			x := row{}
			for i, name := range header {
				x[name] = record[i]
			}
			rows = append(rows, x)
		}
		files[f.Name] = rows
	}
	return files
}

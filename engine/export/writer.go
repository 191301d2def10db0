// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/engine/decision"
)

// Format names a way of writing records.
type Format string

const (
	CSV     Format = "csv"     // RFC 4180, lines end in LF
	JSON    Format = "json"    // one JSON object a line, see Record
	Table   Format = "table"   // aligned text for a terminal
	Parquet Format = "parquet" // Apache Parquet, zstd; not on js/wasm
)

// Formats are the names of all formats that this build can write, sorted.
func Formats() []string {
	names := make([]string, 0, len(writers))
	for f := range writers {
		names = append(names, string(f))
	}
	slices.Sort(names)
	return names
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case JSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	}
	return "text/plain; charset=utf-8"
}

// Writer writes records one after the other. Memory does not grow with their
// number, but for a table, which holds all its lines to align them.
type Writer interface {
	Write(*decision.Record) error
	// Close writes what is left. It does not close the underlying writer.
	Close() error
}

// writers is filled by each format's file, so that a build may lack one.
var writers = map[Format]func(io.Writer, []Column) (Writer, error){
	CSV:   newCSV,
	JSON:  newJSON,
	Table: newTable,
}

// NewWriter writes records to w in a format. The columns (Columns of the
// bundles that decided) say which result fields are written and in what order;
// JSON lines hold each record's own fields and need none.
func NewWriter(f Format, w io.Writer, columns []Column) (Writer, error) {
	open, ok := writers[f]
	if !ok {
		return nil, fmt.Errorf("output format %q is not known; use one of %s", string(f), strings.Join(Formats(), ", "))
	}
	return open(w, columns)
}

// Write writes all records at once.
func Write(f Format, w io.Writer, columns []Column, records []decision.Record) error {
	out, err := NewWriter(f, w, columns)
	if err != nil {
		return err
	}
	for i := range records {
		if err := out.Write(&records[i]); err != nil {
			return err
		}
	}
	return out.Close()
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/sha256"
	stdcsv "encoding/csv"
	"errors"
	"hash"
	"hash/maphash"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/engine/source/csv"
	"github.com/juncture-dev/juncture/engine/student"
)

// rows iterates over the records of one CSV file. It is all that the rest of
// the package knows of CSV.
type rows struct {
	name   string
	guard  *guarded
	hash   hash.Hash
	sums   digests
	csv    *csv.Reader
	header map[string]int
	width  int // columns of the header, those without a name included
	seed   maphash.Seed

	record csv.Record // the current one; valid until the next call of next
	row    uint32     // of the current record; 1 is the header
	ragged bool       // the current record has not as many fields as the header
	err    error
}

// openRows opens a file and reads its header. Every name in required must be in
// it.
func openRows(a *archive, name string, required []string, m *meter, sums digests, seed maphash.Seed) (*rows, error) {
	guard, err := m.open(a, name)
	if err != nil {
		return nil, err
	}
	r := &rows{name: name, guard: guard, hash: sha256.New(), sums: sums, seed: seed}
	in := io.Reader(guard)
	if a.files[name].size >= aheadFrom {
		guard.in = newAhead(guard.in, r.hash)
	} else {
		in = io.TeeReader(guard, r.hash)
	}
	if in, err = csv.SkipMark(in); err != nil {
		guard.Close()
		return nil, r.readError(0, err)
	}
	r.csv = csv.NewReader(in)
	r.csv.MaxRecord = int(min(m.limits.Record, math.MaxInt32))
	if err := r.readHeader(required, m.limits.Columns); err != nil {
		guard.Close()
		return nil, err
	}
	return r, nil
}

func (r *rows) readHeader(required []string, columns int) error {
	if !r.csv.Next() {
		if err := r.csv.Err(); err != nil {
			return r.readError(1, err)
		}
		return &Error{File: r.name, Fault: "is empty, it lacks even the header", Mend: "export it anew, or have the manifest call it absent"}
	}
	record := make([]string, r.csv.Len())
	for i := range record {
		record[i] = string(r.csv.Field(i))
	}
	if len(record) > columns {
		return &Error{File: r.name, Row: 1, Fault: "has more than " + strconv.Itoa(columns) + " columns", Mend: "export fewer metadata columns"}
	}
	r.row = 1
	r.width = len(record)
	r.header = make(map[string]int, len(record))
	for i, column := range record {
		if _, twice := r.header[column]; twice && column != "" {
			return &Error{File: r.name, Row: 1, Column: printable(column), Fault: "is there twice", Mend: "give each column its own name"}
		}
		r.header[column] = i
	}
	for _, column := range required {
		if _, ok := r.header[column]; ok {
			continue
		}
		mend := "the standard requires it, spelt exactly so"
		for i, other := range record {
			if strings.EqualFold(strings.TrimSpace(other), column) {
				mend = "rename column " + strconv.Itoa(i+1) + ": capitals and spaces count"
			}
		}
		return &Error{File: r.name, Row: 1, Column: column, Fault: "is missing", Mend: mend}
	}
	return nil
}

// printable keeps what comes out of a file from spoiling a log line.
func printable(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Trim(strconv.QuoteToASCII(s), `"`)
}

// next moves to the next record. It is false at the end and on an error.
func (r *rows) next() bool {
	if r.err != nil {
		return false
	}
	if !r.csv.Next() {
		if err := r.csv.Err(); err != nil {
			r.err = r.readError(int(r.row)+1, err)
		}
		return false
	}
	if r.row == student.MaxRow {
		r.err = &Error{File: r.name, Fault: "has more than 2,147,483,647 rows", Mend: "export fewer years"}
		return false
	}
	r.row++
	r.record = r.csv.Record()
	r.ragged = r.record.Len() != r.width
	return true
}

// finish closes the file once next was false, and records its digest.
func (r *rows) finish() error {
	defer r.guard.Close()
	if r.err != nil {
		return r.err
	}
	r.sums[r.name] = r.hash.Sum(nil)
	return nil
}

// column is a column's place, or -1.
func (r *rows) column(name string) int {
	if i, ok := r.header[name]; ok {
		return i
	}
	return -1
}

// field is a column's text in the current record; empty where there is none. It
// is valid until the next call of next.
func (r *rows) field(i int) []byte {
	if uint(i) >= uint(r.record.Len()) { // −1 too
		return nil
	}
	return r.record.Field(i)
}

// contains reports whether a field of the current record satisfies f.
func (r *rows) contains(f func(field []byte) bool) bool {
	for i := range r.record.Len() {
		if f(r.record.Field(i)) {
			return true
		}
	}
	return false
}

// fingerprint tells records apart within one reading.
func (r *rows) fingerprint() uint64 { return r.csv.Sum(r.seed) }

// readError says what a failed read of a record means.
func (r *rows) readError(row int, err error) error {
	switch {
	case errors.Is(err, csv.ErrTooLong):
		return &Error{File: r.name, Fault: "a record is longer than " + bytesText(r.guard.meter.limits.Record), Mend: "look for a quote that is never closed or a line that never ends"}
	case errors.Is(err, csv.ErrUTF16):
		return &Error{File: r.name, Fault: "is written in UTF-16", Mend: "save it as UTF-8"}
	}
	return readError(r.name, row, err)
}

// readError says what a failed read means to the one who made the export.
func readError(file string, row int, err error) error {
	var own *Error
	var syntax *stdcsv.ParseError
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &own), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &syntax):
		// The record after a stray quote cannot be told from the one before it,
		// so no later row of the file can be trusted.
		return &Error{File: file, Row: row, Fault: "line " + strconv.Itoa(syntax.Line) + ": quotes are not as RFC 4180 has them", Mend: `enclose a field with quotes, commas or line ends in quotes and double each quote within`}
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return &Error{File: file, Fault: "is damaged within the zip", Mend: "transfer or export it again", Cause: err}
	case errors.Is(err, zip.ErrAlgorithm):
		return &Error{File: file, Fault: "is compressed by a method other than deflate", Mend: "make the zip with an ordinary tool", Cause: err}
	}
	return &Error{File: file, Row: row, Fault: "cannot be read", Mend: "make the export anew", Cause: withoutPath(err)}
}

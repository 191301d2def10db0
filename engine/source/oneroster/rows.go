// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"hash"
	"hash/maphash"
	"io"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/engine/student"
)

const bufferSize = 64 << 10

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

	fields []string // of the current record; valid until the next call of next
	row    uint32   // of the current record; 1 is the header
	ragged bool     // the current record has not as many fields as the header
	err    error
}

// openRows opens a file and reads its header. Every name in required must be in
// it.
func openRows(a *archive, name string, required []string, m *meter, sums digests, seed maphash.Seed) (*rows, error) {
	guard, err := m.open(a, name)
	if err != nil {
		return nil, err
	}
	guard.perRecord = true
	r := &rows{name: name, guard: guard, hash: sha256.New(), sums: sums, seed: seed}
	buffered := bufio.NewReaderSize(io.TeeReader(r.guard, r.hash), bufferSize)
	if err := skipMark(buffered, name); err != nil {
		guard.Close()
		return nil, err
	}
	r.csv = csv.NewReader(buffered)
	r.csv.ReuseRecord = true
	r.csv.FieldsPerRecord = -1
	if err := r.readHeader(required, m.limits.Columns); err != nil {
		guard.Close()
		return nil, err
	}
	return r, nil
}

// skipMark skips the byte order mark that spreadsheets write before UTF-8.
func skipMark(in *bufio.Reader, name string) error {
	mark, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(name, 0, err)
	}
	switch {
	case strings.HasPrefix(string(mark), "\xef\xbb\xbf"):
		_, err = in.Discard(len(mark))
		return err
	case strings.HasPrefix(string(mark), "\xff\xfe"), strings.HasPrefix(string(mark), "\xfe\xff"):
		return &Error{File: name, Fault: "is written in UTF-16", Mend: "save it as UTF-8"}
	}
	return nil
}

func (r *rows) readHeader(required []string, columns int) error {
	record, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return &Error{File: r.name, Fault: "is empty, it lacks even the header", Mend: "export it anew, or have the manifest call it absent"}
	}
	if err != nil {
		return readError(r.name, 1, err)
	}
	if len(record) > columns {
		return &Error{File: r.name, Row: 1, Fault: "has more than " + strconv.Itoa(columns) + " columns", Mend: "export fewer metadata columns"}
	}
	r.row = 1
	r.width = len(record)
	r.header = make(map[string]int, len(record))
	for i, column := range record {
		column = strings.Clone(column)
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
	fields, err := r.csv.Read()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			r.err = readError(r.name, int(r.row)+1, err)
		}
		return false
	}
	if r.row == student.MaxRow {
		r.err = &Error{File: r.name, Fault: "has more than 2,147,483,647 rows", Mend: "export fewer years"}
		return false
	}
	r.row++
	r.fields = fields
	r.ragged = len(fields) != r.width
	r.guard.unrecorded = 0
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

// field is a column's text in the current record; empty where there is none.
func (r *rows) field(i int) string {
	if i < 0 || i >= len(r.fields) {
		return ""
	}
	return r.fields[i]
}

// fingerprint tells records apart within one reading.
func (r *rows) fingerprint() uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, f := range r.fields {
		h.WriteString(f)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// readError says what a failed read means to the one who made the export.
func readError(file string, row int, err error) error {
	var own *Error
	var syntax *csv.ParseError
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

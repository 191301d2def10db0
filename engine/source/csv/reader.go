// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package csv reads comma-separated records straight over bytes: no object a
// row, no allocation a row, fields as slices of the read buffer.
//
// The dialect is exactly that of encoding/csv with its defaults and any number
// of fields a record: RFC 4180, lines that end in LF or CRLF, empty lines
// skipped, CRLF within quotes read as LF, no blanks trimmed, no comments. A
// record that encoding/csv refuses is refused with the same *csv.ParseError,
// line and column included; a fuzz test holds the two against each other.
//
// Most rows of most files hold no quote and lie whole in the buffer. For those
// a line is found by one search, and its commas 64 bytes at a time, in the
// manner of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (VLDB
// Journal 28, 2019): a bit mask of the commas, and one step for each bit that
// is set.
package csv

import (
	"bytes"
	"encoding/csv"
	"errors"
	"hash/maphash"
	"io"
)

// ErrTooLong means that a record is longer than Reader.MaxRecord.
var ErrTooLong = errors.New("record too long")

// errEnd stands for io.EOF, and for that alone: an input that ends with an
// error which merely wraps io.EOF has not been read whole.
var errEnd = errors.New("end of the input")

// bufferSize is that of a new reader. It fits a level-2 cache with room for
// what is done with the records.
const bufferSize = 64 << 10

// Reader reads the records of one input.
type Reader struct {
	// MaxRecord is the most bytes of a record, its line end and the empty lines
	// before it included; NewReader sets 1 GiB. It bounds the memory of the reader, which grows with the longest
	// record to at most twice that. It must not exceed 2 GiB.
	MaxRecord int

	in    io.Reader
	inErr error // what in said last; no more is read then
	err   error // why there is no further record

	// buf[:end] is what has been read and not yet dropped. blockSize bytes
	// follow, so that a block can be loaded from any place below end.
	buf   []byte
	end   int
	quote int // the first quote at or after record; end if there is none

	room   int // what is left of MaxRecord after empty lines
	record int // where the current record begins in buf
	next   int // where the next one begins
	line   int // physical lines read

	// Field i of the current record ends before data[ends[i]], and gap bytes
	// further the next one begins: a comma, or a comma between two quotes. Where
	// some fields are in quotes and some are not, or one holds a quote, they
	// have been moved together in place with commas between.
	data   []byte
	ends   []uint32
	fields int
	gap    uint32
	quoted bool // a field may hold a comma

	joined []byte // scratch of Sum
}

// NewReader reads the records of in.
func NewReader(in io.Reader) *Reader {
	return newReader(in, bufferSize)
}

func newReader(in io.Reader, size int) *Reader {
	return &Reader{MaxRecord: 1 << 30, in: in, buf: make([]byte, size+blockSize), ends: make([]uint32, 2*blockSize)}
}

// Reset reads the records of another input, with the same buffers.
func (r *Reader) Reset(in io.Reader) {
	*r = Reader{MaxRecord: r.MaxRecord, in: in, buf: r.buf, ends: r.ends, joined: r.joined}
}

// Next moves to the next record. It is false at the end and on an error.
func (r *Reader) Next() bool {
	if r.err != nil {
		return false
	}
	r.record, r.room = r.next, r.MaxRecord
	if r.quote < r.record {
		r.findQuote(r.record)
	}
	for {
		n := bytes.IndexByte(r.buf[r.record:r.end], '\n')
		if n < 0 || n >= r.room {
			return r.readRecord()
		}
		next := r.record + n + 1
		if n > 0 && r.buf[r.record+n-1] == '\r' {
			n--
		}
		switch {
		case n == 0:
		case next <= r.quote:
			r.split(n)
		case !r.splitQuoted(n):
			return r.readRecord()
		}
		r.line++
		r.next = next
		if n > 0 {
			return true
		}
		r.room -= next - r.record
		r.record = next
	}
}

// Err is why Next was false: nil at the end of the input, else ErrTooLong, a
// *csv.ParseError of encoding/csv, or what the input said.
func (r *Reader) Err() error {
	if errors.Is(r.err, errEnd) {
		return nil
	}
	return r.err
}

// Len is the number of fields of the current record.
func (r *Reader) Len() int { return r.fields }

// Field is field i of the current record, for 0 ≤ i < Len. It is part of the
// buffer: valid until the next call of Next, and not to be written to.
func (r *Reader) Field(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = r.ends[i-1] + r.gap
	}
	return r.data[from:r.ends[i]]
}

// Record is the current record, for who takes many fields of it.
func (r *Reader) Record() Record { return Record{r.data, r.ends[:r.fields], r.gap} }

// Record is one record of a Reader, valid until the next call of Next.
type Record struct {
	data []byte
	ends []uint32
	gap  uint32
}

// Len is the number of fields.
func (r *Record) Len() int { return len(r.ends) }

// Field is field i, as Reader.Field.
func (r *Record) Field(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = r.ends[i-1] + r.gap
	}
	return r.data[from:r.ends[i]]
}

// Sum tells records apart: records whose fields are equal have the same sum for
// one seed, however they are quoted.
func (r *Reader) Sum(seed maphash.Seed) uint64 {
	joined := r.data
	if r.gap > 1 {
		joined = r.joined[:0]
		for i := range r.fields {
			joined = append(append(joined, r.Field(i)...), ',')
		}
		r.joined = joined
		joined = joined[:len(joined)-1]
	}
	if !r.quoted || bytes.Count(joined, []byte{','}) == r.fields-1 {
		return maphash.Bytes(seed, joined) // no field holds a comma
	}
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteByte(',') // begin unlike the others, whose first field may be empty but for a comma
	for i := range r.fields {
		field := r.Field(i)
		maphash.WriteComparable(&h, len(field))
		h.Write(field)
	}
	return h.Sum64()
}

func (r *Reader) fail(err error) bool {
	r.err = err
	r.fields = 0
	return false
}

// physical is one line of the input: buf[from:to], counted from the record's
// begin so that it stays true when the buffer moves. It ends in a line end
// (LF or CRLF, not within from and to) or with the input.
type physical struct {
	from, to, next int
	ended          bool
	err            error
}

// length is the line's, a line end counting as one byte.
func (l physical) length() int {
	if l.ended {
		return l.to - l.from + 1
	}
	return l.to - l.from
}

// readRecord reads a record of any kind. Next has tried the common ones: it is
// left with what does not lie whole in the buffer, and with mixed quotes.
func (r *Reader) readRecord() bool {
	for {
		l := r.readLine(0)
		switch {
		case errors.Is(l.err, errEnd), errors.Is(l.err, ErrTooLong):
			return r.fail(l.err)
		case l.err == nil && l.from == l.to:
			r.room -= l.next
			r.record += l.next
			continue
		}
		if r.quote < r.record { // it was in a line that is skipped
			r.findQuote(r.record)
		}
		if l.err == nil && r.record+l.to <= r.quote {
			r.next = r.record + l.next
			r.split(l.to)
			return true
		}
		return r.unquote(l)
	}
}

// readLine gives the physical line that begins at from.
func (r *Reader) readLine(from int) physical {
	searched := from
	for {
		if searched > r.room {
			return physical{err: ErrTooLong}
		}
		if i := bytes.IndexByte(r.buf[r.record+searched:r.end], '\n'); i >= 0 {
			l := physical{from: from, to: searched + i, next: searched + i + 1, ended: true}
			if l.next > r.room {
				return physical{err: ErrTooLong}
			}
			if l.to > from && r.buf[r.record+l.to-1] == '\r' {
				l.to--
			}
			r.line++
			return l
		}
		searched = r.end - r.record
		if r.inErr != nil {
			if searched > r.room {
				return physical{err: ErrTooLong}
			}
			return r.lastLine(from, searched)
		}
		r.fill()
	}
}

// lastLine is the line that ends with the input.
func (r *Reader) lastLine(from, to int) physical {
	l := physical{from: from, to: to, next: to, err: r.inErr}
	if to > from && errors.Is(l.err, errEnd) {
		l.err = nil
		if r.buf[r.record+to-1] == '\r' {
			l.to--
		}
	}
	r.line++
	return l
}

// unquote takes a record apart that begins with line l and may hold quotes. It
// moves the fields together in place: what is written never overtakes what is
// read.
func (r *Reader) unquote(l physical) bool {
	begin := r.line
	refuse := func(line, column int, err error) bool {
		return r.fail(&csv.ParseError{StartLine: begin, Line: line, Column: column, Err: err})
	}
	r.quoted, r.gap, r.fields = true, 1, 0
	read, written := 0, 0
	for {
		buf := r.buf[r.record:]
		if read == l.to || buf[read] != '"' {
			field, _, more := bytes.Cut(buf[read:l.to], []byte{','})
			if q := bytes.IndexByte(field, '"'); q >= 0 {
				return refuse(r.line, read+q-l.from+1, csv.ErrBareQuote)
			}
			written += copy(buf[written:], field)
			read += len(field)
			if !more {
				r.endField(written)
				break
			}
		} else {
			var ok bool
			if l, read, written, ok = r.unquoteField(l, read+1, written, begin); !ok {
				return false
			}
			if read == l.to {
				r.endField(written)
				break
			}
		}
		r.endField(written)
		r.buf[r.record+written] = ','
		read++
		written++
	}
	if l.err != nil {
		return r.fail(l.err)
	}
	r.data = r.buf[r.record : r.record+written]
	r.next = r.record + l.next
	return true
}

// unquoteField moves the field whose opening quote is before read to written.
// It gives the line in which the field ends, and the places of the comma or
// line end after the closing quote and of the field's end.
func (r *Reader) unquoteField(l physical, read, written, begin int) (_ physical, _, _ int, ok bool) {
	for {
		buf := r.buf[r.record:]
		q := bytes.IndexByte(buf[read:l.to], '"')
		switch {
		case q >= 0:
			written += copy(buf[written:], buf[read:read+q])
			read += q + 1
			switch {
			case read == l.to || buf[read] == ',':
				return l, read, written, true
			case buf[read] != '"':
				return l, 0, 0, r.fail(&csv.ParseError{StartLine: begin, Line: r.line, Column: read - l.from, Err: csv.ErrQuote})
			}
			buf[written] = '"'
			read++
			written++
		case l.err != nil:
			return l, 0, 0, r.fail(l.err)
		case read < l.to || l.ended:
			written += copy(buf[written:], buf[read:l.to])
			if l.ended {
				buf[written] = '\n'
				written++
			}
			next := r.readLine(l.next)
			if next.err != nil && !errors.Is(next.err, errEnd) && next.from == next.to {
				return l, 0, 0, r.fail(next.err)
			}
			if next.from == next.to && !next.ended {
				return l, 0, 0, r.fail(&csv.ParseError{StartLine: begin, Line: r.line - 1, Column: l.length() + 1, Err: csv.ErrQuote})
			}
			l, read = next, next.from
		default:
			return l, 0, 0, r.fail(&csv.ParseError{StartLine: begin, Line: r.line, Column: read - l.from + 1, Err: csv.ErrQuote})
		}
	}
}

func (r *Reader) endField(at int) {
	if r.fields == len(r.ends) {
		r.ends = append(r.ends, make([]uint32, len(r.ends))...)
	}
	r.ends[r.fields] = uint32(at)
	r.fields++
}

// emptyReads is how often in a row an input may give nothing, as in package bufio.
const emptyReads = 100

// fill reads more of the input behind the current record.
func (r *Reader) fill() {
	if r.record > 0 {
		copy(r.buf, r.buf[r.record:r.end])
		r.end -= r.record
		r.quote -= r.record
		r.record = 0
	}
	if r.end == len(r.buf)-blockSize {
		r.buf = append(r.buf, make([]byte, len(r.buf)-blockSize)...)
	}
	for range emptyReads {
		n, err := r.in.Read(r.buf[r.end : len(r.buf)-blockSize])
		if r.inErr = err; err == io.EOF {
			r.inErr = errEnd
		}
		old := r.end
		r.end += n
		if r.quote == old {
			r.findQuote(old)
		}
		if n > 0 || r.inErr != nil {
			return
		}
	}
	r.inErr = io.ErrNoProgress
}

// findQuote finds the first quote at or after from.
func (r *Reader) findQuote(from int) {
	r.quote = r.end
	if i := bytes.IndexByte(r.buf[from:r.end], '"'); i >= 0 {
		r.quote = from + i
	}
}

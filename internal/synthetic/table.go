// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"io"
	"strconv"
	"strings"
)

// table writes the rows of one CSV file (RFC 4180, lines ended by a line feed). Fields are appended one by one; nothing is allocated per row. An error of the
// writer is kept and returned by flush; what follows it is dropped.
type table struct {
	w     io.Writer
	buf   []byte
	begun bool // the current row has a field
	err   error
}

const tableBuffer = 64 << 10

func newTable(w io.Writer, buf []byte, header string) *table {
	t := &table{w: w, buf: append(buf[:0], header...)}
	t.end()
	return t
}

func (t *table) separate() {
	if t.begun {
		t.buf = append(t.buf, ',')
	}
	t.begun = true
}

// plain appends a field that needs no quotes.
func (t *table) plain(s string) *table {
	t.separate()
	t.buf = append(t.buf, s...)
	return t
}

// text appends any field, quoted where it must be.
func (t *table) text(s string) *table {
	if !strings.ContainsAny(s, ",\"\r\n") && !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ") {
		return t.plain(s)
	}
	t.separate()
	t.buf = append(t.buf, '"')
	t.buf = append(t.buf, strings.ReplaceAll(s, "\"", "\"\"")...)
	t.buf = append(t.buf, '"')
	return t
}

// number appends a prefix and a whole number as one field.
func (t *table) number(prefix string, n int) *table {
	t.separate()
	t.buf = append(t.buf, prefix...)
	t.buf = strconv.AppendInt(t.buf, int64(n), 10)
	return t
}

// tenths appends a number with one decimal.
func (t *table) tenths(n int) *table {
	t.number("", n/10)
	t.buf = append(t.buf, '.', byte('0'+n%10))
	return t
}

// opaque appends a prefix and sixteen hexadecimal digits as one field.
func (t *table) opaque(prefix string, id uint64) *table {
	const digits = "0123456789abcdef"
	t.separate()
	t.buf = append(t.buf, prefix...)
	for shift := 60; shift >= 0; shift -= 4 {
		t.buf = append(t.buf, digits[id>>shift&0xF])
	}
	return t
}

func (t *table) boolean(b bool) *table {
	if b {
		return t.plain("true")
	}
	return t.plain("false")
}

// empty appends n fields without a value.
func (t *table) empty(n int) *table {
	for range n {
		t.separate()
	}
	return t
}

// end ends the row.
func (t *table) end() {
	t.buf = append(t.buf, '\n')
	t.begun = false
	if len(t.buf) >= tableBuffer {
		t.write()
	}
}

func (t *table) write() {
	if t.err == nil {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
}

func (t *table) flush() error {
	t.write()
	return t.err
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// tableWriter aligns what CSV writes, for people: revisions are shortened, an
// empty cell is a dash, and what could move a terminal's cursor is replaced.
type tableWriter struct {
	out     *tabwriter.Writer
	columns []Column
	line    []string
}

func newTable(w io.Writer, columns []Column) (Writer, error) {
	t := &tableWriter{out: tabwriter.NewWriter(w, 0, 8, 3, ' ', 0), columns: columns}
	head := header(columns)
	for i := range head {
		head[i] = strings.ToUpper(head[i])
	}
	return t, t.row(head)
}

func (t *tableWriter) Write(r *decision.Record) error {
	short := *r
	short.Revision = bundle.Digest(r.Revision).Short()
	t.line = cells(t.line[:0], &short, t.columns)
	return t.row(t.line)
}

func (t *tableWriter) Close() error { return t.out.Flush() }

func (t *tableWriter) row(line []string) error {
	for i, cell := range line {
		if cell == "" {
			cell = "-"
		}
		line[i] = strings.Map(printable, cell)
	}
	_, err := io.WriteString(t.out, strings.TrimRight(strings.Join(line, "\t"), "\t")+"\n")
	return err
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

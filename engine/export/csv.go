// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"encoding/csv"
	"io"

	"github.com/juncture-dev/juncture/engine/decision"
)

type csvWriter struct {
	out     *csv.Writer
	columns []Column
	line    []string
}

func newCSV(w io.Writer, columns []Column) (Writer, error) {
	out := csv.NewWriter(w)
	return &csvWriter{out: out, columns: columns}, out.Write(header(columns))
}

func (c *csvWriter) Write(r *decision.Record) error {
	c.line = cells(c.line[:0], r, c.columns)
	return c.out.Write(c.line)
}

func (c *csvWriter) Close() error {
	c.out.Flush()
	return c.out.Error()
}

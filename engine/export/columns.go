// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"slices"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// fixed are the columns that every record has.
var fixed = []string{"district", "school", "student", "process", "revision", "rule", "state", "reason", "priority", "rank"}

// Column is one result field as a column of several processes' decisions.
type Column struct {
	Field string
	// Type is the type of the values, or of a list's elements.
	Type bundle.Type
	List bool
	// Mixed: processes disagree about the type, so that the column holds text.
	Mixed bool
}

// Header is the column's name: the field's, with "result." before it where a
// fixed column has that name.
func (c Column) Header() string {
	if slices.Contains(fixed, c.Field) {
		return "result." + c.Field
	}
	return c.Field
}

// Columns are the result fields of these processes, in order of first
// appearance.
func Columns(bundles ...*bundle.Bundle) []Column {
	var columns []Column
	at := map[string]int{}
	for _, b := range bundles {
		for _, f := range b.Process.Result {
			c := Column{Field: f.Name, Type: f.Type.Element(), List: f.Type.IsList()}
			i, known := at[f.Name]
			switch {
			case !known:
				at[f.Name] = len(columns)
				columns = append(columns, c)
			case columns[i].Type != c.Type || columns[i].List != c.List:
				columns[i].Mixed = true
			}
		}
	}
	return columns
}

// header is the first line of CSV and of a table.
func header(columns []Column) []string {
	line := slices.Clone(fixed)
	for _, c := range columns {
		line = append(line, c.Header())
	}
	return line
}

// cells appends a record's cells to line, as text.
func cells(line []string, r *decision.Record, columns []Column) []string {
	rank := ""
	if r.Rank > 0 {
		rank = Text(int64(r.Rank))
	}
	priority := ""
	if r.Priority != nil {
		priority = Text(*r.Priority)
	}
	line = append(line, r.District, r.School, r.Student, r.Process, r.Revision, joined(r.Rules), string(r.State), r.Reason.Code, priority, rank)
	for _, c := range columns {
		line = append(line, Text(value(r, c.Field)))
	}
	return line
}

// value is a record's value of a result field, nil where it has none.
func value(r *decision.Record, field string) any {
	for i := range r.Result {
		if r.Result[i].Field == field {
			return r.Result[i].V
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package table

import (
	stdcsv "encoding/csv"
	"errors"
	"strconv"

	"github.com/juncture-dev/juncture/engine/source/csv"
	"github.com/juncture-dev/juncture/engine/student"
)

// Error says why a table as a whole cannot be read. Like a student.Problem it
// names no student and no value, so that it may be logged.
type Error struct {
	File   string // Options.Name
	Row    int    // 1 is the header; 0: the whole file
	Column string
	Fault  string // what is wrong
	Mend   string // how to mend it
	Cause  error  // nil, or what the input said
}

func (e *Error) Error() string {
	text := "table: " + e.File + ": "
	if e.Row > 0 {
		text += "row " + strconv.Itoa(e.Row) + ": "
	}
	if e.Column != "" {
		text += "column " + e.Column + ": "
	}
	text += e.Fault
	if e.Cause != nil {
		text += " (" + e.Cause.Error() + ")"
	}
	if e.Mend != "" {
		text += ": " + e.Mend
	}
	return text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// refuse is an error of the row that comes next.
func (s *Source) refuse(column, what, mend string) error {
	return &Error{File: s.options.Name, Row: s.row + 1, Column: column, Fault: what, Mend: mend}
}

// readError says what a failed read means to the one who made the table.
func (s *Source) readError(err error) error {
	var syntax *stdcsv.ParseError
	switch {
	case errors.Is(err, csv.ErrTooLong):
		return s.refuse("", "is longer than "+strconv.Itoa(s.options.Limits.Record)+" bytes", "look for a quote that is never closed or a line that never ends")
	case errors.Is(err, csv.ErrUTF16):
		return &Error{File: s.options.Name, Fault: "is written in UTF-16", Mend: "save it as UTF-8"}
	case errors.As(err, &syntax):
		return s.refuse("", "line "+strconv.Itoa(syntax.Line)+": quotes are not as RFC 4180 has them", `enclose a field with quotes, commas or line ends in quotes and double each quote within`)
	}
	return &Error{File: s.options.Name, Row: s.row + 1, Fault: "cannot be read", Mend: "provide the file anew", Cause: err}
}

// fault is one kind of problem of single rows and values.
type fault uint8

const (
	fine fault = iota
	faultNoID
	faultIDNotUTF8
	faultRagged
	faultColumnAbsent
	faultNotBoolean
	faultNotNumber
	faultNotInteger
	faultNotDate
	faultNotUTF8
	faultTooLong
	faultBelow
	faultAbove
	faultTooMany
)

// faults say what is wrong, and how to mend it.
var faults = [...]struct{ what, mend string }{
	faultNoID:         {"the id is empty", "give the row an id"},
	faultIDNotUTF8:    {"the id is not valid UTF-8", "export as UTF-8"},
	faultRagged:       {"the row has another number of fields than the header", "enclose fields that hold a comma in quotes"},
	faultColumnAbsent: {"the file lacks this column, so that the attribute is absent", "export it, or leave the attribute out of the model"},
	faultNotBoolean:   {"neither true nor false", "write true or false"},
	faultNotNumber:    {"not a number", "write digits with a point for decimals, and nothing else"},
	faultNotInteger:   {"not an integer", "write a whole number, or declare the attribute as Number"},
	faultNotDate:      {"not a date", "write YYYY-MM-DD"},
	faultNotUTF8:      {student.FaultNotUTF8, "export as UTF-8"},
	faultTooLong:      {student.FaultTooLong, "shorten it or raise the attribute's maxLength"},
	faultBelow:        {student.FaultBelowMinimum, "correct it or lower the attribute's minimum"},
	faultAbove:        {student.FaultAboveMaximum, "correct it or raise the attribute's maximum"},
	faultTooMany:      {"more elements than the attribute's maxItems", "keep fewer or raise the attribute's maxItems"},
}

// kind is what problems are counted by.
type kind struct {
	column string
	fault  fault
}

// problem counts what is wrong with a row, and keeps the first of the file.
func (s *Source) problem(row int, column string, f fault) {
	s.counts[kind{column, f}]++
	if s.kept < s.options.Limits.Problems {
		s.kept++
		s.problems = append(s.problems, student.Problem{File: s.options.Name, Row: row, Column: column, Fault: faults[f].what, Mend: faults[f].mend})
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import "strconv"

// Error says why an export as a whole cannot be read. Like a student.Problem it
// names no student and no value, so that it may be logged.
type Error struct {
	File   string // empty: the zip or folder itself
	Row    int    // 1 is the header; 0: the whole file
	Column string
	Fault  string // what is wrong
	Mend   string // how to mend it
	Cause  error  // nil, or what the operating system or the zip reader said
}

func (e *Error) Error() string {
	text := "oneroster: "
	if e.File != "" {
		text += e.File + ": "
	}
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

func (e *Error) Unwrap() error { return e.Cause }

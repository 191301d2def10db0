// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one fault of a manifest, or a warning.
type Problem struct {
	File string // as it was named; - for standard input
	// Line and Column of the fault, counted from 1, columns in characters; 0 if
	// there is no better place than the file.
	Line, Column int
	Object       string // kind and name, if known
	Path         string // field: spec.rules[2].when
	Message      string // what is wrong
	Mend         string // how to mend it
	Warning      bool   // the manifest works all the same
}

// String is the problem on one line, in the form that editors jump from:
// file:line:column: object: path: message (mend).
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Warning {
		b.WriteString(": warning")
	}
	for _, part := range []string{p.Object, p.Path, p.Message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if p.Mend != "" {
		b.WriteString(" (" + p.Mend + ")")
	}
	return b.String()
}

// Sort puts problems in the order of file, line and column.
func Sort(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"cmp"
	"slices"

	"github.com/juncture-dev/juncture/engine/student"
)

// fault is one kind of problem: what is wrong, and how to mend it. There are
// few kinds, so that problems can be counted by kind.
type fault struct{ what, mend string }

var (
	faultDuplicate       = fault{"sourcedId is there twice, the rows are equal", "export each row once"}
	faultConflict        = fault{"sourcedId is there twice, the rows differ", "give each row its own sourcedId"}
	faultNoID            = fault{"sourcedId is empty", "give the row a sourcedId"}
	faultIDNotUTF8       = fault{"sourcedId is not valid UTF-8", "export as UTF-8"}
	faultRagged          = fault{"the row has another number of fields than the header", "enclose fields that hold a comma in quotes"}
	faultStatus          = fault{"neither active nor tobedeleted nor empty", "use the standard's values, in its spelling"}
	faultRole            = fault{"differs from the role student only in its spelling", "write student"}
	faultPrimary         = fault{"neither true nor false", "write true or false"}
	faultNotBoolean      = fault{"neither true nor false", "write true or false"}
	faultNotNumber       = fault{"not a number", "write digits with a point for decimals, and nothing else"}
	faultNotInteger      = fault{"not an integer", "write a whole number, or declare the attribute as Number"}
	faultNotDate         = fault{"not a date", "write YYYY-MM-DD"}
	faultNotGrade        = fault{"not a grade level with a number", "use the grade codes of CEDS: PK, KG, 01 to 13, …"}
	faultUnknownStudent  = fault{"names nobody in users.csv", "export the user too, or leave the row out"}
	faultUnknownClass    = fault{"names no active row of classes.csv", "export the class too"}
	faultUnknownCourse   = fault{"names no active row of courses.csv", "export the course too"}
	faultUnknownOrg      = fault{"names no active row of orgs.csv", "export the org too"}
	faultUnknownSession  = fault{"names no active row of academicSessions.csv", "export the term too"}
	faultUnknownLineItem = fault{"names no active row of lineItems.csv", "export the line item too"}
	faultUnknownCategory = fault{"names no active row of categories.csv", "export the category too"}
	faultFileAbsent      = fault{"the export lacks this file, so that attributes that need it are absent", "export it, or do without these attributes"}
	faultColumnAbsent    = fault{"the file lacks this column, so that attributes that need it are absent", "export it, or correct the attribute's field"}
	faultUndeclared      = fault{"the file is there although the manifest does not call it bulk: it is not read", "declare it in manifest.csv"}
)

// mends say how to mend the faults that package student finds.
var mends = map[string]string{
	student.FaultNotUTF8:      "export as UTF-8",
	student.FaultTooLong:      "shorten it or raise the attribute's maxLength",
	student.FaultBelowMinimum: "correct it or lower the attribute's minimum",
	student.FaultAboveMaximum: "correct it or raise the attribute's maximum",
	student.FaultWholeTooLow:  "correct them or lower the attribute's minimum",
	student.FaultWholeTooHigh: "correct them or raise the attribute's maximum",
	student.FaultNotFinite:    "correct it",
	student.FaultTooMany:      "keep the last n of them or raise the attribute's maxItems",
	student.FaultOverflow:     "declare the attribute as Number",
}

type kind struct {
	file, column string
	fault        fault
}

// problems gathers what is wrong with the rows of an export.
type problems struct {
	keep   int
	kept   []student.Problem
	perKey map[kind]int
	inFile map[string]int

	// One faulty value may feed several attributes: it is one problem.
	file  string
	row   uint32
	ofRow []kind
	told  map[place]bool
}

// place is one fault in one column of one row.
type place struct {
	kind
	row uint32
}

func newProblems(keep int) *problems {
	return &problems{keep: keep, perKey: map[kind]int{}, inFile: map[string]int{}, told: map[place]bool{}}
}

func (p *problems) add(file string, row uint32, column string, f fault) {
	k := kind{file, column, f}
	if p.file != file || p.row != row {
		p.file, p.row, p.ofRow = file, row, p.ofRow[:0]
	}
	if slices.Contains(p.ofRow, k) {
		return
	}
	p.ofRow = append(p.ofRow, k)
	p.perKey[k]++
	if p.inFile[file]++; p.inFile[file] > p.keep {
		return
	}
	p.kept = append(p.kept, student.Problem{File: file, Row: int(row), Column: column, Fault: f.what, Mend: f.mend})
}

// addOnce adds a problem of a row to which the reader comes back often.
func (p *problems) addOnce(file string, row uint32, column string, f fault) {
	at := place{kind{file, column, f}, row}
	if !p.told[at] {
		p.told[at] = true
		p.add(file, row, column, f)
	}
}

// once adds a problem of a whole file, unless it is there already.
func (p *problems) once(file, column string, f fault) {
	if p.perKey[kind{file, column, f}] == 0 {
		p.add(file, 0, column, f)
	}
}

// report hands the problems to the population, in file and row order.
func (p *problems) report(to *student.Population) {
	slices.SortStableFunc(p.kept, func(a, b student.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Fault, b.Fault))
	})
	to.Problems = p.kept
	for k, n := range p.perKey {
		to.ProblemCounts = append(to.ProblemCounts, student.ProblemCount{File: k.file, Column: k.column, Fault: k.fault.what, Mend: k.fault.mend, Count: n})
	}
	slices.SortFunc(to.ProblemCounts, func(a, b student.ProblemCount) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Fault, b.Fault))
	})
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package export writes decision records for others to read: as CSV, JSON
// lines, Parquet, or a table for a terminal. The command line and the
// evaluator's API both write through it, so that the same decisions are the
// same bytes wherever they are asked for.
//
// CSV, Parquet and the table have the columns district, school, student,
// process, revision, rule, state, reason, priority, rank, and then the result
// fields of all the processes written, in order of first appearance. JSON lines
// hold the whole record.
//
// A value is spelled one way in all text formats:
//
//	Boolean      true, false
//	Integer      decimal
//	Number       the shortest decimal that reads back as the same double
//	             (Go's strconv, format 'g', precision -1)
//	String       as it is
//	Date         2006-01-02
//	List         its elements joined by ";"; elements are not escaped, use JSON
//	             or Parquet where a text may hold a ";"
//	no value     empty
//
// rule holds the ids of all rules that hit, joined by ";". rank is empty where
// the decision did not compete for a place.
//
// Texts are never altered in CSV: a result that begins with =, +, - or @ is
// written so, and a spreadsheet may take it for a formula. Import such files as
// text.
//
// The output holds student data. It is for authorized readers only.
package export

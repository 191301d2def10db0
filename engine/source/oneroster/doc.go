// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oneroster reads a district's students from an export in OneRoster CSV
// 1.1 or 1.2 (1EdTech, "OneRoster: CSV Binding" 1.2.1 of 22 August 2023, and
// "OneRoster 1.1.1"), a zip or a folder, straight into columns. It claims no
// conformance; docs/oneroster.md says in full what it makes of an export.
//
// # Who is a student
//
// Every user whose row is not deleted (an unknown status is reported) with the role
// student: in 1.1 by users.role, in 1.2 by a row of roles.csv that is current.
// Leaving the roster is what removes a student; enrollments are information.
//
// # What is seen
//
// The day of evaluation is the calendar day of Options.At in the district's
// time zone. A result counts if its scoreDate is not after that day, an
// enrollment if beginDate ≤ day < endDate, where the class's terms give the
// dates that it lacks. dateLastModified dates nothing. An empty field is no fact.
//
// # What is faulty
//
// The export as a whole is refused, with an *Error, where it cannot be trusted:
// no manifest, a delta, a file or a required column missing, quotes that do not
// close, a damaged zip, more than the limits. A row or value that cannot be read
// makes the student's value student.Faulty for the attributes to which it would
// have contributed, and for no other attribute or student; it is reported in
// Population.Problems by file, row and column, without id or value. No default
// ever stands in for it.
//
// # How it is read
//
// Each file is read once, the small ones first, so that each row of the large
// ones (results above all) goes into columns as it passes. Nothing depends on
// the order of entries in a zip, nor on whether it is a zip at all; the same
// content gives the same population and the same Origin.Digest.
package oneroster

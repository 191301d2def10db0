// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package column evaluates type-checked CEL over columns.
//
// cel-go parses and checks an expression, and stays the reference for what it
// means. This package lowers the checked syntax tree to closures that work on
// batches of rows: a condition narrows a selection of rows, a computation fills
// a buffer for the rows selected. The cost of interpreting an expression is thus
// paid once a batch and not once a student, and what is left is close to a loop
// written by hand.
//
// Meaning is that of CEL, errors included: && and || absorb the error of one
// side where the other side decides, integers overflow into errors, an index may
// be out of bounds. An error is a Fault, and says what was missing. Only the
// rows that CEL would look at count: the right side of && is evaluated where the
// left side is not false, and nowhere else.
//
// What the package has no closure for it refuses with a reason (Unsupported);
// the caller then evaluates that expression row by row through cel-go.
package column

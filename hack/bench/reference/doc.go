// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package reference is the work by which engines are compared: a generated
// population of students, decision tables over it, and what a person would
// write in Go instead of each table.
//
// The reference table is the published one: eight rules, first hit wins. The
// second table has other conditions and another spread of hits, so that nobody
// tunes an engine to the first. Keyed tables have 8 to 841 rules told apart by
// grade, district and a range of scores.
//
// Tables are in CEL over the variable s, a student. Hand-written Go over structs
// is the yardstick of all ratios.
package reference

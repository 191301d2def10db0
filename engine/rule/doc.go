// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rule compiles a bundle's decision table, written in CEL, and decides
// about students with it.
//
//	program, err := rule.Compile(b)         // all faults, with positions
//	evaluator, err := program.Bind(pop)     // one a goroutine
//	outcome := evaluator.Decide(row)
//
// Compile checks everything that can be known before a student is seen: types,
// declared attributes and purposes, the functions used, constants against the
// result's bounds, and the cost of the dearest student that the information
// model's bounds allow. What remains is missing information, which makes an
// outcome Undetermined, and errors such as a division by zero, which make it
// Failed. Neither ever falls through to another rule or to the default.
//
// The language is described for rule authors in docs/rules.md.
package rule

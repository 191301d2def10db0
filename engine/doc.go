// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine decides: it runs one revision of a personalization process on
// the students of a district. It is the one library behind the evaluator, the
// command line, admission, tests and replay, so that all of them decide alike.
// It knows no Kubernetes, reads no clock and draws no entropy: instants, seeds
// and identities are passed in.
//
//	program, err := engine.Compile(bundle)             // all that is wrong, with positions
//	batch, err := program.DecideAll(ctx, students, run) // records and tasks
//	why, err := program.Explain(students, row, batch.Decisions.Record(row), run.Seed)
//
// A bundle (package bundle) is a process with everything that can change one of
// its decisions; a population (package student) is what is known of a
// district's students at one instant. Deciding goes in three steps: the rules
// evaluate each student by itself (package rule), those who need part of a
// capacity compete for it (package allocate), and each decision begins in the
// state that the process's steps give it (package decision).
//
// The same bundle, population and run give the same batch, whatever the number
// of workers and whatever the machine.
package engine

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pipeline is the one run of a district: roster, decisions, record. The
// command line and the evaluator both call it, so that they decide alike.
//
//	begin the runs → read the roster once → decide each process → commit each
//
// It reads no clock and draws no entropy: instants, seeds and the names of
// trigger instances are passed in.
package pipeline

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evaluator runs an evaluator: it serves an assignment (package
// assignment) until it is told to stop.
//
//	tenant   one district: triggers, runs, record
//	source   brings its roster
//	httpapi  answers about it
//	access   asks the cluster who may ask
//	report   tells the cluster how it stands
package evaluator

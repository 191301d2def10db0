// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenant looks after one district: it fires the triggers of its
// processes, runs them one after the other, and answers for its record.
//
// Each district is an object of its own with its own record, roster and queue;
// nothing in this package holds two of them. The clock and the entropy are
// passed in.
//
// The queue is the record itself: a run is begun in it (instant, seed, trigger
// instance) before anything is read, and whatever is begun and not committed is
// done at the next turn, after a crash too.
package tenant

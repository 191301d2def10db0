// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ledger is the append-only, provable record of one district's
// decisions, and the small live state beside it.
//
// A run of a process is committed as a whole: its decisions as one columnar
// segment with a Merkle leaf a decision, the information it read as a
// content-addressed snapshot, and one entry in the district's hash chain. What
// is acknowledged is durable; what is not is invisible. docs/record.md gives
// the layout, the formats and what Verify proves.
//
// The package reads no clock and draws no entropy of its own: instants, seeds
// and the source of keys are passed in. Everything but the embedded store
// builds for js/wasm.
package ledger

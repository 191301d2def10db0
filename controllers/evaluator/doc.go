// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evaluator runs each Evaluator: a Deployment that serves an assignment
// (which districts, from which sources, by which revisions), and what belongs
// to it.
//
// Assignments and bundles are immutable ConfigMaps named by their digest, so a
// new revision is an ordinary rollout of pods (docs/decisions/0006), and how far
// it has come is what each replica says that it serves (docs/decisions/0004).
// The record lies on a claim that nobody owns and nothing here deletes
// (docs/decisions/0005).
//
// An evaluator in whose districts no process has anything to run or to be read
// has no workload; the claim stays. A suspended process is not run, and its
// decisions can still be read, so the workload stays with it.
package evaluator

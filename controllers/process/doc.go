// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process closes each PersonalizationProcess, with all it refers to,
// into a ProcessRevision, and says how far that revision has come.
//
// A revision is named by its content and never changed: going back to an
// earlier state of the process gives the earlier revision again. It has no
// owner, because decisions that name it outlive the process. Which districts are
// decided by it is the Evaluator controller's work, which reads status.revision.
package process

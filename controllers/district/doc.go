// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package district places each District on an Evaluator, and says whether the
// evaluator serves it what it should.
//
// A district stays where its record of decisions is: on the evaluator that it is
// placed on, or, when it comes back, on the one that its DecisionReport
// remembers. Only a district without a record is placed anew, so adding one
// moves no other.
//
// A change of spec.isolation moves nothing either. A district that is to be
// Dedicated and has a record on a shared evaluator stays there, and the
// condition Placed says PlacementConflict; one that may be Shared again keeps the
// evaluator that it has for itself, which is no conflict.
package district

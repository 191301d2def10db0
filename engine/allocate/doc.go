// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package allocate gives scarce places to students: capacity per district,
// school or class, a published order, a verifiable lottery and a waiting list.
//
// The mechanism is serial dictatorship, as matching theory calls it: in each
// group the candidates are put in one order, and one after the other takes what
// he or she needs. The order is, first, who already holds a place (if the
// policy keeps the seated), then the policy's keys, then the lottery. Names and
// ids never decide.
//
// Nobody is passed over. Once the next in order needs more than is left, all
// who come after wait, even those who would fit: otherwise many small needs
// could keep a large one waiting for ever, and a family that waits could see a
// place go to somebody behind it. The one exception is a need greater than the
// group's whole capacity: it can never be met, so that holding places free for
// it would help nobody. Such a candidate is not placed, with the code
// ExceedsCapacity.
//
// Source of the mechanism: A. Abdulkadiroğlu and T. Sönmez, "Random Serial
// Dictatorship and the Core from Random Endowments in House Allocation
// Problems", Econometrica 66 (1998).
package allocate

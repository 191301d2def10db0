// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import "github.com/juncture-dev/juncture/engine/bundle"

// Seat is part of a capacity that a student holds.
type Seat struct {
	Group string // the district, school or class whose capacity it is
	Units int64  // > 0
}

// SeatOf is the seat that a freshly made decision holds in the live state, and
// false where it holds none.
//
// In shadow and advisory mode no decision holds one. An Undetermined or Failed
// decision with units is about a student who held a seat before and keeps it:
// nobody loses a place because information is missing.
func SeatOf(mode bundle.Mode, r *Record) (Seat, bool) {
	if mode != bundle.ModeLive || r.Units <= 0 || r.State.Holding() == HoldsNone {
		return Seat{}, false
	}
	return Seat{Group: r.Group, Units: r.Units}, true
}

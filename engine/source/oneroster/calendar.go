// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"time"

	"github.com/juncture-dev/juncture/engine/source/text"
)

// day numbers the calendar day of an instant in a time zone, from 1970-01-01.
func day(at time.Time, zone *time.Location) int32 { return text.DayOf(at, zone) }

// parseDay reads a date YYYY-MM-DD of the years 1 to 9999, or a date and time
// of RFC 3339, of which it takes the calendar day in zone.
func parseDay(s string, zone *time.Location) (int32, bool) { return text.Day([]byte(s), zone) }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"bytes"
	"time"
)

// Day reads a date YYYY-MM-DD of the years 1 to 9999, or a date and time of RFC
// 3339, of which it takes the calendar day in zone. Days are numbered from
// 1970-01-01.
func Day(b []byte, zone *time.Location) (int32, bool) {
	if len(b) != len(time.DateOnly) || b[0]-'0' > 9 {
		b = bytes.TrimSpace(b)
	}
	if len(b) > len(time.DateOnly) {
		at, err := time.Parse(time.RFC3339, string(b))
		if err != nil || at.Year() < 2 || at.Year() > 9998 {
			return 0, false
		}
		return DayOf(at, zone), true
	}
	if len(b) != len(time.DateOnly) || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	y1, y2, y3, y4 := b[0]-'0', b[1]-'0', b[2]-'0', b[3]-'0'
	m1, m2, d1, d2 := b[5]-'0', b[6]-'0', b[8]-'0', b[9]-'0'
	if max(y1, y2, y3, y4, m1, m2, d1, d2) > 9 {
		return 0, false
	}
	y := 1000*int(y1) + 100*int(y2) + 10*int(y3) + int(y4)
	m, d := 10*int(m1)+int(m2), 10*int(d1)+int(d2)
	if y < 1 || m < 1 || m > 12 || d < 1 || d > 28 && d > daysIn(y, m) {
		return 0, false
	}
	return civil(y, m, d), true
}

// DayOf numbers the calendar day of an instant in a time zone, from 1970-01-01.
func DayOf(at time.Time, zone *time.Location) int32 {
	y, m, d := at.In(zone).Date()
	return civil(y, int(m), d)
}

// civil is the number of days from 1970-01-01 to a date of the proleptic
// Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", days_from_civil).
func civil(y, m, d int) int32 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400 // y is never negative here
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int32(era*146097 + doe - 719468)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"strings"
	"time"
)

// day numbers the calendar day of an instant in a time zone, from 1970-01-01.
func day(at time.Time, zone *time.Location) int32 {
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

// parseDay reads a date YYYY-MM-DD of the years 1 to 9999, or a date and time
// of RFC 3339, of which it takes the calendar day in zone.
func parseDay(s string, zone *time.Location) (int32, bool) {
	s = strings.TrimSpace(s)
	if len(s) > len(time.DateOnly) {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil || at.Year() < 2 || at.Year() > 9998 {
			return 0, false
		}
		return day(at, zone), true
	}
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y, okY := digits(s[:4])
	m, okM := digits(s[5:7])
	d, okD := digits(s[8:])
	if !okY || !okM || !okD || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	return civil(y, m, d), true
}

func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, true
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

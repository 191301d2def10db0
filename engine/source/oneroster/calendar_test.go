// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"testing"
	"time"
)

// TestParseDayAgreesWithTime compares every day of four centuries, and the days
// around the ends of the range, with package time.
func TestParseDayAgreesWithTime(t *testing.T) {
	check := func(at time.Time) {
		text := at.Format(time.DateOnly)
		got, ok := parseDay(text, time.UTC)
		if want := int32(at.Unix() / 86400); !ok || got != want {
			t.Fatalf("%s is day %d (%v), want %d", text, got, ok, want)
		}
	}
	for at := time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2200; at = at.AddDate(0, 0, 1) {
		check(at)
	}
	check(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))
	check(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
}

func TestParseDayRefuses(t *testing.T) {
	for _, text := range []string{
		"", "2026", "2026-2-3", "2026-02-30", "2025-02-29", "1900-02-29", "2026-00-10", "2026-13-01", "2026-01-00", "2026-04-31", "0000-01-01",
		"2026/01/02", "20260102", "02-01-2026", "2026-01-0x", "-026-01-01", "2026-01-02T25:00:00Z", "2026-01-02 10:00:00", "2026-01-02T10:00", "9999-12-31T23:59:59-12:00",
	} {
		if got, ok := parseDay(text, time.UTC); ok {
			t.Errorf("%q was read as day %d", text, got)
		}
	}
}

// TestParseDayTakesTheDistrictsDay: a date with a time is the day that it is in
// the district's time zone, on both sides of a change of clocks.
func TestParseDayTakesTheDistrictsDay(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-03-08T04:59:59Z": "2026-03-07", "2026-03-08T05:00:00Z": "2026-03-08", // winter: five hours behind
		"2026-03-09T03:59:59Z": "2026-03-08", "2026-03-09T04:00:00.000Z": "2026-03-09", // summer: four
		"2026-03-09T00:30:00+02:00": "2026-03-08", " 2026-03-09 ": "2026-03-09",
	} {
		got, ok := parseDay(text, newYork)
		if wantDay, _ := parseDay(want, time.UTC); !ok || got != wantDay {
			t.Errorf("%q is day %d (%v), want %s, day %d", text, got, ok, want, wantDay)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"time"

	"cel.dev/cel-go/common/overloads"
)

// timeParts are the parts of instants, in UTC. Months and most days count from 0.
var timeParts = map[string]func(t time.Time) int{
	overloads.TimestampToYear:                func(t time.Time) int { return t.Year() },
	overloads.TimestampToMonth:               func(t time.Time) int { return int(t.Month()) - 1 },
	overloads.TimestampToDayOfYear:           func(t time.Time) int { return t.YearDay() - 1 },
	overloads.TimestampToDayOfMonthZeroBased: func(t time.Time) int { return t.Day() - 1 },
	overloads.TimestampToDayOfMonthOneBased:  func(t time.Time) int { return t.Day() },
	overloads.TimestampToDayOfWeek:           func(t time.Time) int { return int(t.Weekday()) },
	overloads.TimestampToHours:               func(t time.Time) int { return t.Hour() },
	overloads.TimestampToMinutes:             func(t time.Time) int { return t.Minute() },
	overloads.TimestampToSeconds:             func(t time.Time) int { return t.Second() },
	overloads.TimestampToMilliseconds:        func(t time.Time) int { return t.Nanosecond() / 1e6 },
}

func timePart(g *generator, t *term, args []*code, depth int) *code {
	part := timeParts[t.call]
	return &code{ints: mapped(args[0].times, intBuffer(g.take(&g.frame(depth).ints)), func(t Instant) int64 { return int64(part(t.Time())) })}
}

// durationParts are durations in other units, as cel-go computes them: hours,
// minutes and seconds by way of doubles, which round for durations of centuries.
var durationParts = map[string]func(d time.Duration) int64{
	overloads.DurationToHours:        func(d time.Duration) int64 { return int64(d.Hours()) },
	overloads.DurationToMinutes:      func(d time.Duration) int64 { return int64(d.Minutes()) },
	overloads.DurationToSeconds:      func(d time.Duration) int64 { return int64(d.Seconds()) },
	overloads.DurationToMilliseconds: func(d time.Duration) int64 { return d.Milliseconds() },
}

func durationPart(g *generator, t *term, args []*code, depth int) *code {
	part := durationParts[t.call]
	return &code{ints: mapped(args[0].ints, intBuffer(g.take(&g.frame(depth).ints)), func(d int64) int64 { return part(time.Duration(d)) })}
}

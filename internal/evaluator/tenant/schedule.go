// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// schedule is a cron expression in a time zone.
type schedule struct {
	key   string // names it in the record: a changed expression begins anew
	times *cron.SpecSchedule
}

var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func newSchedule(t bundle.ScheduleTrigger, zone *time.Location) (schedule, error) {
	if t.TimeZone != "" {
		var err error
		if zone, err = time.LoadLocation(t.TimeZone); err != nil {
			return schedule{}, fmt.Errorf("spec.triggers: time zone %q is not known: %w", t.TimeZone, err)
		}
	}
	parsed, err := fiveFields.Parse(t.Cron)
	if err != nil {
		return schedule{}, fmt.Errorf("spec.triggers: schedule %q: %w", t.Cron, err)
	}
	times, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return schedule{}, fmt.Errorf("spec.triggers: schedule %q: write five fields", t.Cron)
	}
	times.Location = zone
	return schedule{key: "schedule/" + zone.String() + "/" + t.Cron, times: times}, nil
}

// missed is the newest time of the schedule after last and not after now, and
// how many older ones there are; the zero time where there is none.
func (s schedule) missed(last, now time.Time) (newest time.Time, older int) {
	for at := s.next(last); !at.IsZero() && !at.After(now); at = s.next(at) {
		if !newest.IsZero() {
			older++
		}
		newest = at
	}
	return newest, older
}

// next is the first time after an instant; zero where there is none within five
// years.
func (s schedule) next(after time.Time) time.Time {
	return s.times.Next(after.In(s.times.Location))
}

// instance names one time of the schedule.
func (s schedule) instance(at time.Time) string {
	return "schedule/" + at.In(s.times.Location).Format(time.RFC3339)
}

// backoff is how long to wait before trying again: doubled with each failure.
type backoff struct{ last time.Duration }

func (b *backoff) next(first, most time.Duration) time.Duration {
	b.last = min(max(first, 2*b.last), most)
	return b.last
}

func (b *backoff) reset() { b.last = 0 }

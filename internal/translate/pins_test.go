// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"testing"
	"time"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

func TestWanted(t *testing.T) {
	const (
		now    = "2026-09-01T12:00:00Z"
		pinned = v1alpha1.Digest("pinned")
	)
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	maths := func() *jtesting.Process { return jtesting.MakeProcess("n", "maths").Revision("current") }
	boston := func() *jtesting.District { return jtesting.MakeDistrict("n", "boston") }
	cases := map[string]struct {
		process  *jtesting.Process
		district *jtesting.District
		want     v1alpha1.Digest
		held     bool
		left     time.Duration
	}{
		"the current one":      {maths(), boston(), "current", false, 0},
		"pinned":               {maths(), boston().Pin("maths", pinned, "2026-09-01T12:00:01Z"), pinned, true, time.Second},
		"the pin ends now":     {maths(), boston().Pin("maths", pinned, now), "current", false, 0},
		"an end nobody reads":  {maths(), boston().Pin("maths", pinned, "next term"), pinned, true, 0},
		"another process's":    {maths(), boston().Pin("reading", pinned, "2100-01-01T00:00:00Z"), "current", false, 0},
		"suspended and pinned": {maths().Suspended(), boston().Pin("maths", pinned, "2026-09-01T12:00:01Z"), "", false, time.Second},
		"in the catalogue":     {maths().Mode(v1alpha1.ModeCatalogue), boston(), "", false, 0},
		"never accepted":       {jtesting.MakeProcess("n", "maths"), boston(), "", false, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, held := Wanted(c.process.Obj(), c.district.Obj(), at)
			if got != c.want || held != c.held {
				t.Errorf("%q, pinned %t; want %q, %t", got, held, c.want, c.held)
			}
			if _, left := PinOf(c.district.Obj(), "maths", at); left != c.left {
				t.Errorf("%s left, want %s", left, c.left)
			}
		})
	}
}

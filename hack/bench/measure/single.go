// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/juncture-dev/juncture/hack/bench/peer"
)

// Latency is what single decisions took, in nanoseconds. The time that reading
// the clock takes is subtracted.
type Latency struct {
	Engine string  `json:"engine"`
	Form   string  `json:"form"`
	Calls  int     `json:"calls"`
	Clock  int64   `json:"clock"` // subtracted from every call
	P50    int64   `json:"p50"`
	P90    int64   `json:"p90"`
	P99    int64   `json:"p99"`
	P999   int64   `json:"p999"`
	Mean   float64 `json:"mean"`
	Bytes  float64 `json:"bytes"` // allocated a call
}

// turn is how many calls an engine makes before the next one has its turn.
const turn = 1000

// Singles times calls of one student each, students in random order and engines
// in turns. The collector is off, as in Bulk, and here not charged: it would hit
// some calls only. Kinds that cannot decide about one student are left out.
func Singles(w *peer.Work, kinds []peer.Kind, calls int, seed uint64) ([]Latency, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	type contender struct {
		kind   peer.Kind
		engine peer.Single
		times  *hdrhistogram.Histogram
		bytes  uint64
	}
	var contenders []*contender
	for _, kind := range kinds {
		engine, err := kind.Open(w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Name, err)
		}
		defer engine.Close()
		single, ok := engine.(peer.Single)
		if !ok {
			continue
		}
		if err := engine.Prepare(0, w.Len()); err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Name, err)
		}
		contenders = append(contenders, &contender{kind: kind, engine: single, times: hdrhistogram.New(1, int64(time.Second), 3)})
	}
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	clock := clockCost()
	sum := 0.0                                            // so that the compiler leaves no call out
	order := rand.New(rand.NewPCG(seed, 1)).Perm(w.Len()) //nolint:gosec // the order must come again, not be secret
	for done := -turn; done < calls; done += turn {       // the turn before the first warms up
		for _, c := range contenders {
			tidy()
			before, _ := allocated()
			for i := range turn {
				student := order[(done+turn+i)%len(order)]
				begin := time.Now()
				rule, priority := c.engine.One(student)
				took := int64(time.Since(begin))
				sum += float64(rule) + priority
				if done >= 0 {
					_ = c.times.RecordValue(min(max(took-clock, 1), int64(time.Second)))
				}
			}
			if after, _ := allocated(); done >= 0 {
				c.bytes += after - before
			}
		}
	}
	runtime.KeepAlive(sum)
	var list []Latency
	for _, c := range contenders {
		list = append(list, Latency{
			Engine: c.kind.Name, Form: c.kind.Form, Calls: int(c.times.TotalCount()), Clock: clock,
			P50: c.times.ValueAtQuantile(50), P90: c.times.ValueAtQuantile(90), P99: c.times.ValueAtQuantile(99), P999: c.times.ValueAtQuantile(99.9),
			Mean: c.times.Mean(), Bytes: float64(c.bytes) / float64(c.times.TotalCount()),
		})
	}
	return list, nil
}

// clockCost is the median time between two readings of the clock.
func clockCost() int64 {
	times := make([]int64, 100_000)
	for i := range times {
		begin := time.Now()
		times[i] = int64(time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/juncture-dev/juncture/hack/bench/peer"
)

// Options say how to measure.
type Options struct {
	Slice  int // students of one engine in one round
	Rounds int
	Agree  int // students whose decisions are compared with those by hand before
	Log    func(format string, args ...any)
}

// Result is what an engine took for a table.
type Result struct {
	Engine    string    `json:"engine"`
	Module    string    `json:"module,omitempty"`
	Version   string    `json:"version,omitempty"`
	Form      string    `json:"form"`
	NS        Quartiles `json:"ns"`        // processor time a decision, the collector's share included
	Wall      Quartiles `json:"wall"`      // time a decision, without the collector's share
	Ratio     Quartiles `json:"ratio"`     // of NS to the yardstick's of the same round
	GC        float64   `json:"gc"`        // the collector's share of NS, median
	Bytes     float64   `json:"bytes"`     // allocated a decision, median
	Decisions int       `json:"decisions"` // timed
	Compared  int       `json:"compared"`  // with those by hand
	Unlike    int       `json:"unlike"`    // of them
}

// contender is an engine at work.
type contender struct {
	kind                        peer.Kind
	engine                      peer.Engine
	result                      Result
	ns, wall, ratio, gc, allocs []float64
}

// Bulk decides slice after slice with every kind, in rounds: in each round every
// engine decides about a slice of its own, the next round about the next one,
// and another engine begins. The first kind is the yardstick. Kinds that have
// no form of the table, or are not installed, are left out.
func Bulk(w *peer.Work, kinds []peer.Kind, o Options) ([]Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	contenders, err := open(w, kinds, o)
	defer func() {
		for _, c := range contenders {
			c.engine.Close()
		}
	}()
	if err != nil {
		return nil, err
	}

	perByte := collection()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	slice := min(o.Slice, w.Len())
	windows := w.Len() / slice
	for round := -1; round < o.Rounds; round++ { // the round before the first warms up
		for k := range contenders {
			n := (k + round + 1) % len(contenders)
			c := contenders[n]
			// No two engines have the same slice in one round: the first would warm the caches for the second.
			part := min(c.part(slice), w.Len())
			from := min((round+1+n*7)%windows*slice, w.Len()-part)
			if err := c.time(from, from+part, perByte); err != nil {
				return nil, fmt.Errorf("%s: %w", c.kind.Name, err)
			}
		}
		if round < 0 {
			for _, c := range contenders {
				c.ns, c.wall, c.gc, c.allocs, c.result.Decisions = nil, nil, nil, nil, 0
			}
			continue
		}
		for _, c := range contenders {
			c.ratio = append(c.ratio, c.ns[round]/contenders[0].ns[round])
		}
	}
	var results []Result
	for _, c := range contenders {
		c.result.NS, c.result.Wall, c.result.Ratio = quartiles(c.ns), quartiles(c.wall), quartiles(c.ratio)
		c.result.GC, c.result.Bytes = quartiles(c.gc).Median, quartiles(c.allocs).Median
		results = append(results, c.result)
	}
	return results, nil
}

func open(w *peer.Work, kinds []peer.Kind, o Options) ([]*contender, error) {
	var contenders []*contender
	for _, kind := range kinds {
		if !kind.Takes(w.Table) {
			continue
		}
		engine, err := kind.Open(w)
		var unavailable *peer.Unavailable
		if errors.As(err, &unavailable) {
			o.Log("%v", err)
			continue
		}
		if err != nil {
			return contenders, fmt.Errorf("%s: %w", kind.Name, err)
		}
		c := &contender{kind: kind, engine: engine, result: Result{Engine: kind.Name, Module: kind.Module, Version: peer.Version(kind, engine), Form: kind.Form}}
		contenders = append(contenders, c)
		if err := c.agree(w, min(o.Agree, w.Len()), o); err != nil {
			return contenders, fmt.Errorf("%s: %w", kind.Name, err)
		}
	}
	return contenders, nil
}

// agree refuses an engine that decides otherwise: what it takes for that is of
// no interest.
func (c *contender) agree(w *peer.Work, n int, o Options) error {
	tolerance := 0.0
	if c.kind.Unlike > 0 {
		tolerance = peer.Tolerance
	}
	unlike, first, err := peer.Agree(w, c.engine, 0, n, tolerance)
	if err != nil {
		return err
	}
	if unlike > c.kind.Unlike {
		return fmt.Errorf("%d of %d decisions differ: %w", unlike, n, first)
	}
	if unlike > 0 {
		o.Log("%s: %d of %d decisions differ: %v", c.kind.Name, unlike, n, first)
	}
	c.result.Compared, c.result.Unlike = n, unlike
	return nil
}

func (c *contender) part(slice int) int {
	share := c.kind.Share
	if share == 0 {
		share = 1
	}
	return max(1, c.kind.Least, int(float64(slice)*share))
}

func (c *contender) time(from, to int, perByte float64) error {
	if err := c.engine.Prepare(from, to); err != nil {
		return err
	}
	tidy()
	elsewhere, err := c.elsewhere()
	if err != nil {
		return err
	}
	before, _ := allocated()
	begin, wall := cpu(), time.Now()
	err = c.engine.Decide()
	took, spent := time.Since(wall), cpu()-begin
	after, _ := allocated()
	if err != nil {
		return err
	}
	more, err := c.elsewhere()
	if err != nil {
		return err
	}
	n := float64(to - from)
	gc := float64(after-before) * perByte / n
	c.gc, c.allocs = append(c.gc, gc), append(c.allocs, float64(after-before)/n)
	c.ns = append(c.ns, float64(spent+more-elsewhere)/n+gc)
	c.wall = append(c.wall, float64(took)/n)
	c.result.Decisions += to - from
	return nil
}

// elsewhere is the processor time of the engine's other process, if it has one.
func (c *contender) elsewhere() (int64, error) {
	if e, ok := c.engine.(peer.Elsewhere); ok {
		return e.CPU()
	}
	return 0, nil
}

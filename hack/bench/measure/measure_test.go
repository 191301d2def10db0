// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/byhand"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

func work() *peer.Work {
	return peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, 3000, 1000)
}

var options = Options{Slice: 500, Rounds: 4, Agree: 3000, Log: func(string, ...any) {}}

func TestQuartiles(t *testing.T) {
	if got, want := quartiles([]float64{5, 1, 3, 2, 4}), (Quartiles{2, 3, 4}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := quartiles([]float64{7}), (Quartiles{7, 7, 7}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// twice is the yardstick doing its work twice and leaving garbage.
type twice struct{ peer.Engine }

var garbageKept []byte

func (e twice) Decide() error {
	garbageKept = make([]byte, 1<<20)
	if err := e.Engine.Decide(); err != nil {
		return err
	}
	return e.Engine.Decide()
}

func TestBulk(t *testing.T) {
	kinds := []peer.Kind{
		byhand.Structs, byhand.Columns,
		{Name: "twice", Form: "by hand, and garbage", Share: 0.5, Open: func(w *peer.Work) (peer.Engine, error) {
			e, err := byhand.Structs.Open(w)
			return twice{e}, err
		}},
		{Name: "absent", Open: func(*peer.Work) (peer.Engine, error) { return nil, &peer.Unavailable{Engine: "absent", Why: "it is"} }},
	}
	results, err := Bulk(work(), kinds, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 {
		t.Fatalf("%d results, want those of the three engines that take part", len(results))
	}
	yardstick, garbage := results[0], results[2]
	if yardstick.Ratio.Median != 1 || yardstick.NS.Median <= 0 || yardstick.Decisions != 4*500 || yardstick.Compared != 3000 {
		t.Errorf("yardstick: %+v", yardstick)
	}
	if garbage.Decisions != 4*250 || garbage.Bytes < 1<<20/250 || garbage.GC <= 0 {
		t.Errorf("an engine that allocates 1 MiB a slice: %+v", garbage)
	}
}

// wrong decides about one student otherwise.
type wrong struct{ peer.Engine }

func (e wrong) Decisions() (peer.Decisions, error) {
	d, err := e.Engine.Decisions()
	d.Rule[1234]++
	return d, err
}

func TestBulkRefusesOtherDecisions(t *testing.T) {
	_, err := Bulk(work(), []peer.Kind{byhand.Structs, {Name: "wrong", Open: func(w *peer.Work) (peer.Engine, error) {
		e, err := byhand.Structs.Open(w)
		return wrong{e}, err
	}}}, options)
	if err == nil || !strings.Contains(err.Error(), "wrong: 1 of 3000 decisions differ: student 1234") {
		t.Errorf("error %v", err)
	}
}

func TestSingles(t *testing.T) {
	latency, err := Singles(work(), []peer.Kind{byhand.Structs, byhand.Columns}, 5000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(latency) != 1 || latency[0].Calls != 5000 || latency[0].P50 < 1 || latency[0].P99 < latency[0].P50 {
		t.Errorf("%+v", latency)
	}
}

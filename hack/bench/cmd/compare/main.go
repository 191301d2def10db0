// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command compare runs engines against each other and prints what a decision costs each.
package main

import (
	"fmt"
	"runtime"

	"github.com/juncture-dev/juncture/hack/bench/byhand"
	"github.com/juncture-dev/juncture/hack/bench/celgo"
	"github.com/juncture-dev/juncture/hack/bench/exprlang"
	"github.com/juncture-dev/juncture/hack/bench/juncture"
	"github.com/juncture-dev/juncture/hack/bench/measure"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

func main() {
	runtime.GOMAXPROCS(1)
	w := peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, 400_000, 400_000)
	kinds := append([]peer.Kind{byhand.Structs, byhand.Columns, juncture.Rows, exprlang.Best, celgo.Best}, celgo.Forms...)
	r, err := measure.Bulk(w, kinds, measure.Options{Slice: 20000, Rounds: 10, Agree: 20000, Log: func(f string, a ...any) { fmt.Printf(f+"\n", a...) }})
	fmt.Println(err)
	for _, x := range r {
		fmt.Printf("%-30s %8.1f [%8.1f %8.1f] wall %8.1f ratio %6.2f gc %6.1f bytes %8.0f\n", x.Engine, x.NS.Median, x.NS.Lower, x.NS.Upper, x.Wall.Median, x.Ratio.Median, x.GC, x.Bytes)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure times engines against each other in one process, so that
// their ratios hold on whatever machine, and however busy it is.
package measure

import (
	"runtime"
	"runtime/metrics"
	"slices"

	"golang.org/x/sys/unix"
)

// cpu is the processor time that this process has used, all its threads taken
// together, in nanoseconds.
func cpu() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic("measure: no clock of the process's time: " + err.Error()) // every Linux has it
	}
	return t.Nano()
}

// allocated is how many bytes the process has allocated on Go's heap so far,
// and live how many of them the last collection found in use.
func allocated() (total, live uint64) {
	metrics.Read(heap)
	return heap[0].Value.Uint64(), heap[1].Value.Uint64()
}

// heap is made once, so that measuring allocates nothing.
var heap = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}

// collection is what the garbage collector costs, in nanoseconds for each byte
// allocated. Under GOGC=100 a collection comes after as many bytes as are live,
// so that each byte costs a full collection divided by the live bytes.
//
// The collector is off while engines are timed and this is charged instead:
// otherwise the garbage of one would be collected at another's expense.
func collection() float64 {
	var costs []float64
	for range 5 {
		before := cpu()
		runtime.GC()
		spent := cpu() - before
		_, live := allocated()
		costs = append(costs, float64(spent)/float64(live))
	}
	slices.Sort(costs)
	return costs[len(costs)/2]
}

// garbage is how many bytes may lie uncollected before an engine is timed.
const garbage = 512 << 20

// tidy collects garbage where much has gathered.
func tidy() {
	metrics.Read(heap)
	if heap[2].Value.Uint64() > heap[1].Value.Uint64()+garbage {
		runtime.GC()
	}
}

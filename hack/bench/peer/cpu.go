// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// CPU is the processor time that a process has used, all its threads taken
// together, in nanoseconds: the first number of each /proc/PID/task/TID/schedstat.
func CPU(pid int) (int64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("process %d: no schedstat in /proc", pid)
	}
	var total int64
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // a thread may have ended since
		}
		first, _, _ := bytes.Cut(stat, []byte(" "))
		ns, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", thread, err)
		}
		total += ns
	}
	return total, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Machine is where and when a report was made.
type Machine struct {
	Commit     string `json:"commit"`
	Date       string `json:"date"`
	Go         string `json:"go"`
	Processor  string `json:"processor"`
	Cores      int    `json:"cores"`
	System     string `json:"system"`
	LoadBefore string `json:"loadBefore"` // of the last 1, 5 and 15 minutes
	LoadAfter  string `json:"loadAfter"`
}

// Here is this machine, now.
func Here() Machine {
	return Machine{
		Commit: commit(), Date: time.Now().UTC().Format("2006-01-02 15:04 MST"), Go: runtime.Version(),
		Processor: processor(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, LoadBefore: Load(),
	}
}

// Load is the machine's load over the last 1, 5 and 15 minutes: others' work on
// it is in there too.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	id := strings.TrimSpace(string(out))
	if changes, err := exec.Command("git", "status", "--porcelain", "--", ":/engine", ":/hack/bench").Output(); err != nil || len(changes) > 0 {
		id += ", with changes"
	}
	return id
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

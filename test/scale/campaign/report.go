// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/test/scale"
)

// report is all that a campaign found.
type report struct {
	Machine machine    `json:"machine"`
	At      string     `json:"at"`
	Seed    string     `json:"seed"`
	Points  []measured `json:"points"`
	// Checked says what -check found to hold; empty without it.
	Checked string  `json:"checked,omitempty"`
	Curves  []curve `json:"curves"`
}

type measured struct {
	Suite string `json:"suite"` // state, students, processes
	Load  string `json:"load"`  // after it
	scale.Point
}

// machine is where and when a campaign ran. Loads are of the last 1, 5 and 15
// minutes, others' work included.
type machine struct {
	Commit     string `json:"commit"`
	Date       string `json:"date"`
	Go         string `json:"go"`
	Cores      int    `json:"cores"`
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

func here() machine {
	commit := "unknown"
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	return machine{Commit: commit, Date: time.Now().UTC().Format("2006-01-02 15:04 MST"), Go: runtime.Version(), Cores: runtime.NumCPU(), LoadBefore: load()}
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

const (
	mb = 1e6
	gb = 1e9
)

func (r *report) markdown(w io.Writer) {
	m := &r.Machine
	fmt.Fprintf(w, "Commit %s, %s, %s, %d cores; load %s before and %s after; seed %s, evaluated at %s.\n", m.Commit, m.Date, m.Go, m.Cores, m.LoadBefore, m.LoadAfter, r.Seed, r.At)
	for _, suite := range []string{"state", "students", "processes"} {
		points := r.of(suite)
		if len(points) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n### %s\n\n", suite)
		fmt.Fprintln(w, "| students | districts | processes | packages, CSV in them | command | wall s | user + system s | peak MB | decisions/s | record, B a decision | load |")
		fmt.Fprintln(w, "| ---: | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
		for _, p := range points {
			p.markdown(w)
		}
	}
	for _, p := range r.of("state")[:min(1, len(r.of("state")))] {
		p.counts(w)
	}
	if r.Checked != "" {
		fmt.Fprintf(w, "\nChecked: %s.\n", r.Checked)
	}
}

func (p *measured) markdown(w io.Writer) {
	for _, c := range []struct {
		name    string
		usage   scale.Usage
		perWall int
		record  string
	}{
		{"generate state", p.Generate, 0, ""},
		{"run", p.Run, p.Decisions, fmt.Sprintf("%.1f", float64(p.RecordBytes)/float64(p.Decisions))},
		{"verify", p.Verify, p.Decisions, ""},
	} {
		rate := ""
		if c.perWall > 0 {
			rate = fmt.Sprintf("%.0f", float64(c.perWall)/c.usage.Wall)
		}
		fmt.Fprintf(w, "| %d | %d | %d | %.2f GB, %.2f GB | %s | %.1f | %.1f + %.1f | %.0f | %s | %s | %s |\n", p.Students, p.Districts, p.Processes,
			float64(p.Packed)/gb, float64(p.Unpacked)/gb, c.name, c.usage.Wall, c.usage.User, c.usage.System, float64(c.usage.Peak)/mb, rate, c.record, p.Load)
	}
}

func (p *measured) counts(w io.Writer) {
	fmt.Fprintf(w, "\n| process | decisions by state |\n| --- | --- |\n")
	for _, process := range slices.Sorted(maps.Keys(p.Counts)) {
		var states []string
		for _, state := range slices.Sorted(maps.Keys(p.Counts[process])) {
			states = append(states, fmt.Sprintf("%s %d", state, p.Counts[process][state]))
		}
		fmt.Fprintf(w, "| %s | %s |\n", process, strings.Join(states, ", "))
	}
}

func (r *report) of(suite string) (list []measured) {
	for _, p := range r.Points {
		if p.Suite == suite {
			list = append(list, p)
		}
	}
	return list
}

// write writes scale.json, which hack/bench/cmd/plot draws, and scale.md.
func (c *campaign) write() error {
	r := &c.report
	r.Machine.LoadAfter, r.Curves = load(), r.curves()
	if c.out == "" {
		return nil
	}
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	tables, err := os.Create(filepath.Join(c.out, "scale.md"))
	if err != nil {
		return err
	}
	r.markdown(tables)
	text, err := json.MarshalIndent(r, "", "  ")
	return errors.Join(err, tables.Close(), os.WriteFile(filepath.Join(c.out, "scale.json"), append(text, '\n'), 0o644))
}

// take takes the points of an earlier report along.
func (c *campaign) take(file string) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var earlier report
	if err := json.Unmarshal(text, &earlier); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	c.report.Points = earlier.Points
	return nil
}

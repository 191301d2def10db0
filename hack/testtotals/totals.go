// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
)

// totals is the sum of any number of test runs.
type totals struct {
	passed   int
	failures []string
	skips    []skip
}

// skip is one test that did not run. An empty reason means that the test gave none.
type skip struct {
	test   string
	reason string
}

func (t *totals) fail(name string) { t.failures = append(t.failures, name) }

func (t *totals) skip(name, reason string) { t.skips = append(t.skips, skip{name, reason}) }

func (t *totals) print(w io.Writer) {
	for _, s := range t.skips {
		reason := s.reason
		if reason == "" {
			reason = "no reason given"
		}
		fmt.Fprintf(w, "skipped: %s: %s\n", s.test, reason)
	}
	for _, name := range t.failures {
		fmt.Fprintf(w, "failed: %s\n", name)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, len(t.failures), len(t.skips))
}

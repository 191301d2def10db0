// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strconv"
	"strings"
)

// ginkgoSuite is what the report that Ginkgo prints at the end of a suite tells of its specs.
type ginkgoSuite struct {
	passed, failed, notRun int
	skips                  []skip   // those of the notRun specs that were named: only a verbose report names them
	failures               []string // the names of failed specs
}

var (
	ansiColour    = regexp.MustCompile("\x1b\\[[0-9;]*m")
	ginkgoTotals  = regexp.MustCompile(`(\d+) Passed \| (\d+) Failed \| (\d+) Pending \| (\d+) Skipped`)
	ginkgoFailure = regexp.MustCompile(`(?m)^\s+\[(?:FAIL|PANICKED!|TIMEDOUT|INTERRUPTED|ABORTED)\] (.+)$`)
	ginkgoSkip    = regexp.MustCompile(`(?m)^S \[SKIPPED\][^\n]*\n([^\n]+)\n[^\n]*\n(?:\s*\n)*\s*\[SKIPPED\] ([^\n]*)$`)
	ginkgoPending = regexp.MustCompile(`(?m)^P \[PENDING\]\s*\n([^\n]+)$`)
)

// parseGinkgo reads a suite's report; false says that the test is no Ginkgo suite or did not come to its end.
func parseGinkgo(printed string) (ginkgoSuite, bool) {
	text := ansiColour.ReplaceAllString(printed, "")
	found := ginkgoTotals.FindStringSubmatch(text)
	if found == nil {
		return ginkgoSuite{}, false
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(found[i]) // digits by the expression
		return n
	}
	suite := ginkgoSuite{passed: number(1), failed: number(2), notRun: number(3) + number(4)}
	for _, m := range ginkgoFailure.FindAllStringSubmatch(text, -1) {
		suite.failures = append(suite.failures, strings.TrimSpace(m[1]))
	}
	for _, m := range ginkgoSkip.FindAllStringSubmatch(text, -1) {
		suite.skips = append(suite.skips, skip{strings.TrimSpace(m[1]), m[2]})
	}
	for _, m := range ginkgoPending.FindAllStringSubmatch(text, -1) {
		suite.skips = append(suite.skips, skip{strings.TrimSpace(m[1]), "pending"})
	}
	return suite, true
}

// count adds the specs. A suite that failed without a failed spec, as after a failed BeforeSuite, is one failure.
func (s ginkgoSuite) count(name string, succeeded bool, total *totals) {
	total.passed += s.passed
	for i := range s.failed {
		if i < len(s.failures) {
			total.fail(name + ": " + s.failures[i])
		} else {
			total.fail(name + ": a spec")
		}
	}
	if s.failed == 0 && !succeeded {
		total.fail(name + " (the suite, not one of its specs)")
	}
	for i := range s.notRun {
		if i < len(s.skips) {
			total.skip(name+": "+s.skips[i].test, s.skips[i].reason)
		} else {
			total.skip(name+": a spec", "filtered out, or the suite's report names no reasons")
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// run is what one `go test -json` stream tells, in the order in which packages and tests began.
type run struct {
	packages []*testPackage
	byName   map[string]*testPackage
}

type testPackage struct {
	name   string
	result string
	tests  []*test
	byName map[string]*test
}

type test struct {
	name    string
	result  string // pass, fail, skip, or empty for a test that never ended
	parent  bool   // has subtests, which are counted in its stead
	printed strings.Builder
}

// readRun reads a whole stream. A stream that ends in the middle of a line is an error: its run was killed.
func readRun(r io.Reader) (*run, error) {
	result := &run{byName: map[string]*testPackage{}}
	decoder := json.NewDecoder(r)
	for {
		var e event
		switch err := decoder.Decode(&e); {
		case errors.Is(err, io.EOF):
			return result, nil
		case err != nil:
			return nil, fmt.Errorf("not the output of `go test -json`: %w", err)
		}
		if e.Package != "" {
			result.pkg(e.Package).add(e)
		}
	}
}

func (r *run) pkg(name string) *testPackage {
	p := r.byName[name]
	if p == nil {
		p = &testPackage{name: name, byName: map[string]*test{}}
		r.byName[name] = p
		r.packages = append(r.packages, p)
	}
	return p
}

func (p *testPackage) add(e event) {
	if e.Test == "" {
		if ended(e.Action) {
			p.result = e.Action
		}
		return
	}
	t := p.test(e.Test)
	switch {
	case e.Action == "output":
		t.printed.WriteString(e.Output)
	case ended(e.Action):
		t.result = e.Action
	}
}

func (p *testPackage) test(name string) *test {
	t := p.byName[name]
	if t != nil {
		return t
	}
	t = &test{name: name}
	p.byName[name] = t
	p.tests = append(p.tests, t)
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		p.test(name[:slash]).parent = true
	}
	return t
}

func ended(action string) bool {
	return action == "pass" || action == "fail" || action == "skip"
}

func (r *run) count(total *totals) {
	for _, p := range r.packages {
		p.count(total)
	}
}

// count adds the package's tests to total. A package that failed without a failed test (it did not compile, or its TestMain
// gave up) is one failure; so is a package that never ended.
func (p *testPackage) count(total *totals) {
	before := len(total.failures)
	for _, t := range p.tests {
		if !t.parent {
			t.count(p.name, total)
		}
	}
	// A parent can fail by itself, after its subtests passed.
	for _, t := range p.tests {
		if t.parent && t.result == "fail" && !p.failedBelow(t) {
			total.fail(p.name + " " + t.name)
		}
	}
	if len(total.failures) > before {
		return
	}
	switch p.result {
	case "fail":
		total.fail(p.name + " (the package, not one of its tests)")
	case "":
		total.fail(p.name + " (did not end)")
	}
}

func (p *testPackage) failedBelow(parent *test) bool {
	for _, t := range p.tests {
		if t.result != "pass" && t.result != "skip" && strings.HasPrefix(t.name, parent.name+"/") {
			return true
		}
	}
	return false
}

// count adds one test. A Ginkgo suite is a single test to Go; its specs are counted in its stead.
func (t *test) count(pkg string, total *totals) {
	name := pkg + " " + t.name
	if suite, ok := parseGinkgo(t.printed.String()); ok {
		suite.count(name, t.result != "fail", total)
		return
	}
	switch t.result {
	case "pass":
		total.passed++
	case "skip":
		total.skip(name, skipReason(t.printed.String()))
	case "fail":
		total.fail(name)
	default:
		total.fail(name + " (did not end)")
	}
}

// skipReason is what a skipped test printed, without the lines that the testing package adds.
func skipReason(printed string) string {
	var reason []string
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		reason = append(reason, line)
	}
	return strings.Join(reason, " ")
}

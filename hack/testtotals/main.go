// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command testtotals sums up what `go test -json` wrote. It prints each skipped test with its reason, each failure by name,
// and last, alone on its line, "N passed, N failed, N skipped".
//
// Usage: testtotals [-failed REASON]... FILE...
//
// -failed counts a phase that never came to its tests, such as a cluster that did not start, as one failure. Exit status 1
// says that something failed, 2 that a file could not be read.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	var total totals
	flag.Func("failed", "count `REASON` as one failure", func(reason string) error {
		total.fail(reason)
		return nil
	})
	flag.Parse()

	for _, name := range flag.Args() {
		if err := addFile(&total, name); err != nil {
			fmt.Fprintf(os.Stderr, "testtotals: %v\n", err)
			os.Exit(2)
		}
	}

	total.print(os.Stdout)
	if len(total.failures) > 0 {
		os.Exit(1)
	}
}

func addFile(total *totals, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()

	run, err := readRun(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	run.count(total)
	return nil
}

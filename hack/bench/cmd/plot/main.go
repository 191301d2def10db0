// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command plot draws the curves of a report, also of one that another program
// wrote in the same form, as SVG.
//
//	go run ./cmd/plot -out ../../docs/figures ../../dist/scale/scale.json
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/juncture-dev/juncture/hack/bench/report"
)

func main() {
	out := flag.String("out", ".", "`folder` of the plots")
	flag.Parse()
	for _, file := range flag.Args() {
		if err := draw(file, *out); err != nil {
			fmt.Fprintf(os.Stderr, "plot: %s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func draw(file, out string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	for _, c := range r.Curves {
		svg, err := os.Create(filepath.Join(out, c.Name+".svg"))
		if err != nil {
			return err
		}
		if err := errors.Join(c.SVG(svg), svg.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/measure"
)

var curve = Curve{
	Name: "rules", Title: "Cost against rules", X: "rules", Y: "ns a decision", LogX: true, LogY: true,
	Lines: []Line{
		{"Go over structs", []Point{{8, measure.Quartiles{Median: 28.4}}, {841, measure.Quartiles{Median: 56.25}}}},
		{"cel-go", []Point{{8, measure.Quartiles{Median: 471}}, {841, measure.Quartiles{Median: 42_813}}}},
	},
}

// The same figures give the same picture, so that a commit shows what changed.
func TestPictureIsDeterministic(t *testing.T) {
	var first, second bytes.Buffer
	if err := curve.SVG(&first); err != nil {
		t.Fatal(err)
	}
	if err := curve.SVG(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two pictures of one curve differ")
	}
	for _, text := range []string{"Cost against rules", "Go over structs", "cel-go", "ns a decision"} {
		if !strings.Contains(first.String(), text) {
			t.Errorf("the picture lacks %q", text)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := Report{
		Machine: Machine{Commit: "abc", Date: "2026-11-22 12:00 UTC", Go: "go1.26", Processor: "a processor", Cores: 2, System: "linux/amd64", LoadBefore: "0 0 0", LoadAfter: "1 1 1"},
		Tables: []Table{{Name: "reference", Rules: 8, Students: 1_000_000, Rounds: 30, Results: []measure.Result{
			{Engine: "Go over structs", Form: "by hand", NS: measure.Quartiles{Lower: 140.2, Median: 145.3, Upper: 171.9}, Ratio: measure.Quartiles{Median: 1}},
			{Engine: "OPA", Version: "v1.22.2", Form: "prepared query", NS: measure.Quartiles{Lower: 79_000, Median: 80_854, Upper: 82_000}, Ratio: measure.Quartiles{Median: 556.4}, Bytes: 22_408.4, Compared: 20_000, Unlike: 2},
		}}},
		Singles: []Single{{Table: "reference", Latency: []measure.Latency{{Engine: "cel-go", Calls: 1_000_000, Clock: 30, P50: 2505, P90: 4427, P99: 7975, P999: 34_015, Mean: 2810}}}},
		Curves:  []Curve{curve},
	}
	var b strings.Builder
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"### Table reference: 8 rules, 1,000,000 students\n",
		"| Go over structs |  | 145 | 140–172 | 1.00 | 0 | 0 | by hand |\n",
		"| OPA | v1.22.2 | 80,900 | 79,000–82,000 | 556 | 0 | 22,408 | prepared query; 2 of 20,000 decisions differ by its arithmetic |\n",
		"| cel-go | 2,505 | 4,427 | 7,975 | 34,015 | 2,810 | 0 | 1,000,000 |\n",
		"| 841 | 56.2 | 42,800 |\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the report lacks %q:\n%s", line, b.String())
		}
	}
}

func TestRatios(t *testing.T) {
	median := func(ns, ratio float64) measure.Result {
		return measure.Result{NS: measure.Quartiles{Median: ns}, Ratio: measure.Quartiles{Median: ratio}}
	}
	yardstick, ours, cel := median(200, 1), median(60, 0.31), median(1_800, 9)
	yardstick.Engine, ours.Engine, cel.Engine = Yardstick, Juncture, "cel-go"
	r := Report{
		Tables: []Table{{Name: "reference", Results: []measure.Result{yardstick, ours, cel}}},
		Curves: []Curve{{Name: "processes", Lines: []Line{{FromCSV, []Point{{1, measure.Quartiles{Median: 500}}, {5, measure.Quartiles{Median: 740}}}}}}},
	}
	var b strings.Builder
	r.goals(&b)
	want := `
### Ratios

| ratio | goal | measured | |
| --- | ---: | ---: | --- |
| Juncture ÷ Go over structs, table reference | ≤ 0.35 | 0.31 | reached |
| cel-go ÷ Juncture, table reference | ≥ 25.0 | 30.0 | reached |
| a further process ÷ the first, from CSV | ≤ 0.11 | 0.12 | not yet |
`
	if b.String() != want {
		t.Errorf("ratios:\n%s", b.String())
	}
}

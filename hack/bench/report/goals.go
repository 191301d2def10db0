// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"

	"github.com/juncture-dev/juncture/hack/bench/measure"
)

// Names of engines that goals are about.
const (
	Yardstick = "Go over structs"
	Juncture  = "Juncture"
	OneByOne  = "Juncture, one at a time"
	FromCSV   = "Juncture, from CSV"
)

// goal is a figure that the project has set itself.
type goal struct {
	what    string
	atMost  bool // or else at least
	wanted  float64
	reached func(*Report) (float64, bool) // false where it was not measured
}

var goals = []goal{
	{"Juncture ÷ Go over structs, table reference", true, 0.35, ratio("reference", Juncture, "reference", Yardstick)},
	{"Juncture ÷ Go over structs, table second", true, 0.35, ratio("second", Juncture, "second", Yardstick)},
	{"cel-go ÷ Juncture, table reference", false, 25, ratio("reference", "cel-go", "reference", Juncture)},
	{"cel-go ÷ Juncture, table second", false, 25, ratio("second", "cel-go", "second", Juncture)},
	{"DuckDB ÷ Juncture", false, 6, ratio("reference", "DuckDB", "reference", Juncture)},
	{"Cerbos ÷ Juncture", false, 200, ratio("reference", "Cerbos", "reference", Juncture)},
	{"OPA ÷ Juncture", false, 200, ratio("reference", "OPA", "reference", Juncture)},
	{"841 rules ÷ 8 rules with a discriminating key", true, 10, ratio("keyed841", Juncture, "keyed8", Juncture)},
	{"one decision, p50: Juncture ÷ Go over structs", true, 1, func(r *Report) (float64, bool) {
		ours, theirs := r.latency(OneByOne), r.latency(Yardstick)
		if ours == nil || theirs == nil {
			return 0, false
		}
		return float64(ours.P50) / float64(theirs.P50), true
	}},
	{"one decision, p99 in ns", true, 700, func(r *Report) (float64, bool) {
		ours := r.latency(OneByOne)
		if ours == nil {
			return 0, false
		}
		return float64(ours.P99), true
	}},
	{"one decision, bytes allocated", true, 0, func(r *Report) (float64, bool) {
		ours := r.latency(OneByOne)
		if ours == nil {
			return 0, false
		}
		return ours.Bytes, true
	}},
	{"a further process ÷ the first, from CSV", true, 0.11, (*Report).furtherProcess},
}

// goals writes what the run says about the project's goals.
func (r *Report) goals(b *strings.Builder) {
	var rows strings.Builder
	for _, g := range goals {
		reached, measured := g.reached(r)
		if !measured {
			continue
		}
		sign, met := "≥", reached >= g.wanted
		if g.atMost {
			sign, met = "≤", reached <= g.wanted
		}
		verdict := "not yet"
		if met {
			verdict = "reached"
		}
		fmt.Fprintf(&rows, "| %s | %s %s | %s | %s |\n", g.what, sign, figure(g.wanted), figure(reached), verdict)
	}
	if rows.Len() > 0 {
		b.WriteString("\n### Ratios\n\n| ratio | goal | measured | |\n| --- | ---: | ---: | --- |\n" + rows.String())
	}
}

// ratio is that of two engines' costs of a decision.
func ratio(table, engine, otherTable, other string) func(*Report) (float64, bool) {
	return func(r *Report) (float64, bool) {
		a, b := r.result(table, engine), r.result(otherTable, other)
		switch {
		case a == nil || b == nil:
			return 0, false
		case table == otherTable && other == Yardstick:
			return a.Ratio.Median, true // round by round
		}
		return a.NS.Median / b.NS.Median, true
	}
}

func (r *Report) result(table, engine string) *measure.Result {
	for i := range r.Tables {
		for j := range r.Tables[i].Results {
			if result := &r.Tables[i].Results[j]; r.Tables[i].Name == table && result.Engine == engine {
				return result
			}
		}
	}
	return nil
}

// latency is an engine's in the first table of single decisions.
func (r *Report) latency(engine string) *measure.Latency {
	if len(r.Singles) == 0 {
		return nil
	}
	for i := range r.Singles[0].Latency {
		if l := &r.Singles[0].Latency[i]; l.Engine == engine {
			return l
		}
	}
	return nil
}

// furtherProcess is what each process after the first costs, to the first with
// the reading of the file.
func (r *Report) furtherProcess() (float64, bool) {
	for _, c := range r.Curves {
		for _, l := range c.Lines {
			if c.Name != "processes" || l.Engine != FromCSV || len(l.Points) < 2 || l.Points[0].X != 1 {
				continue
			}
			first, last := l.Points[0], l.Points[len(l.Points)-1]
			return (last.Y.Median - first.Y.Median) / (last.X - first.X) / first.Y.Median, true
		}
	}
	return 0, false
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/hack/bench/measure"
)

// Markdown writes the tables, ready to be put into a page.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "Measured %s at commit %s: %s, %s, %d cores (%s); load %s before and %s after.\n", m.Date, m.Commit, m.Go, m.Processor, m.Cores, m.System, m.LoadBefore, m.LoadAfter)
	r.goals(&b)
	for _, t := range r.Tables {
		t.markdown(&b)
	}
	for _, s := range r.Singles {
		s.markdown(&b)
	}
	for _, c := range r.Curves {
		c.markdown(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### Table %s: %d rules, %s students\n\n", t.Name, t.Rules, count(t.Students))
	b.WriteString("| engine | version | ns a decision | quartiles | × by hand | collector's share | B allocated | how |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, r := range t.Results {
		fmt.Fprintf(b, "| %s | %s | %s | %s–%s | %s | %s | %s | %s |\n", r.Engine, r.Version, figure(r.NS.Median), figure(r.NS.Lower), figure(r.NS.Upper),
			figure(r.Ratio.Median), figure(r.GC), count(int(r.Bytes)), r.Form+unlike(&r))
	}
	fmt.Fprintf(b, "\nProcessor time on one core, the collector's share included; medians and quartiles of %d rounds.\n", t.Rounds)
}

func unlike(r *measure.Result) string {
	if r.Unlike == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of %s decisions differ by its arithmetic", r.Unlike, count(r.Compared))
}

func (s *Single) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### One decision at a time, table %s\n\n| engine | p50 ns | p90 | p99 | p99.9 | mean | B allocated | calls |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", s.Table)
	for _, l := range s.Latency {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", l.Engine, count(int(l.P50)), count(int(l.P90)), count(int(l.P99)), count(int(l.P999)), figure(l.Mean), count(int(l.Bytes)), count(l.Calls))
	}
	if len(s.Latency) > 0 {
		fmt.Fprintf(b, "\nStudents in random order; reading the clock takes %d ns, which is subtracted.\n", s.Latency[0].Clock)
	}
}

func (c *Curve) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n%s:\n\n| %s |", c.Title, c.Y, c.X)
	rule := "| ---: |"
	xs := map[float64]bool{}
	var order []float64
	for _, l := range c.Lines {
		b.WriteString(" " + l.Engine + " |")
		rule += " ---: |"
		for _, p := range l.Points {
			if !xs[p.X] {
				xs[p.X] = true
				order = append(order, p.X)
			}
		}
	}
	b.WriteString("\n" + rule + "\n")
	for _, x := range order {
		fmt.Fprintf(b, "| %s |", count(int(x)))
		for _, l := range c.Lines {
			cell := ""
			for _, p := range l.Points {
				if p.X == x {
					cell = figure(p.Y.Median)
				}
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
}

// figure writes a number with three digits that count.
func figure(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) >= 100:
		digits := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-2)
		return count(int(math.Round(x/digits) * digits))
	case math.Abs(x) >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
}

// count writes a whole number with its thousands apart.
func count(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

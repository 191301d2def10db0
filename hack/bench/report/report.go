// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report tells what was measured: as JSON, as Markdown tables and as
// plots.
package report

import (
	"encoding/json"
	"io"

	"github.com/juncture-dev/juncture/hack/bench/measure"
)

// Report is all that one run measured, and where.
type Report struct {
	Machine Machine  `json:"machine"`
	Tables  []Table  `json:"tables"`
	Singles []Single `json:"singles"`
	Curves  []Curve  `json:"curves"`
}

// Table is what one table cost the engines. The first result is the yardstick's.
type Table struct {
	Name     string           `json:"name"`
	Rules    int              `json:"rules"`
	Students int              `json:"students"`
	Slice    int              `json:"slice"`
	Rounds   int              `json:"rounds"`
	Results  []measure.Result `json:"results"`
}

// Single is what single decisions by one table cost the engines.
type Single struct {
	Table   string            `json:"table"`
	Latency []measure.Latency `json:"latency"`
}

// Curve is a cost as it grows, for several engines.
type Curve struct {
	Name  string `json:"name"` // of the file
	Title string `json:"title"`
	X     string `json:"x"` // what is on the axes
	Y     string `json:"y"`
	LogX  bool   `json:"logX"`
	LogY  bool   `json:"logY"`
	Lines []Line `json:"lines"`
}

// Line is one engine's cost.
type Line struct {
	Engine string  `json:"engine"`
	Points []Point `json:"points"`
}

// Point is a cost with its quartiles.
type Point struct {
	X float64           `json:"x"`
	Y measure.Quartiles `json:"y"`
}

// JSON writes the whole report.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Add puts a point on an engine's line.
func (c *Curve) Add(engine string, x float64, y measure.Quartiles) {
	for i := range c.Lines {
		if c.Lines[i].Engine == engine {
			c.Lines[i].Points = append(c.Lines[i].Points, Point{x, y})
			return
		}
	}
	c.Lines = append(c.Lines, Line{engine, []Point{{x, y}}})
}

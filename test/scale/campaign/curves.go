// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
)

// curve, line and at are what hack/bench/cmd/plot reads.
type curve struct {
	Name  string  `json:"name"` // of the file
	Title string  `json:"title"`
	X     string  `json:"x"`
	Y     string  `json:"y"`
	LogX  bool    `json:"logX"`
	LogY  bool    `json:"logY"`
	Lines []*line `json:"lines"`
}

type line struct {
	Name   string `json:"engine"`
	Points []at   `json:"points"`
}

type at struct {
	X float64 `json:"x"`
	Y spread  `json:"y"`
}

type spread struct {
	Lower  float64 `json:"lower"`
	Median float64 `json:"median"`
	Upper  float64 `json:"upper"`
}

// costs are what is drawn of a point.
var costs = []struct {
	name string
	of   func(*measured) float64
}{
	{"run, processor time", func(p *measured) float64 { return p.Run.User + p.Run.System }},
	{"run, wall", func(p *measured) float64 { return p.Run.Wall }},
	{"verify, processor time", func(p *measured) float64 { return p.Verify.User + p.Verify.System }},
}

func (r *report) curves() []curve {
	list := []curve{}
	for _, c := range []struct {
		suite string
		x     func(*measured) int
		curve
	}{
		{"students", func(p *measured) int { return p.Students },
			curve{Name: "state-students", Title: "OneRoster packages to a verified record, ten processes", X: "students", Y: "seconds", LogX: true, LogY: true}},
		{"processes", func(p *measured) int { return p.Processes },
			curve{Name: "state-processes", Title: "OneRoster packages to a verified record, one state", X: "processes", Y: "seconds"}},
	} {
		points := r.of(c.suite)
		if len(points) == 0 {
			continue
		}
		for _, cost := range costs {
			c.Lines = append(c.Lines, lineOf(cost.name, points, c.x, cost.of))
		}
		list = append(list, c.curve)
	}
	return list
}

// lineOf sums up what was measured several times.
func lineOf(name string, points []measured, x func(*measured) int, y func(*measured) float64) *line {
	l := &line{Name: name}
	values := map[int][]float64{}
	for i := range points {
		n := x(&points[i])
		if values[n] == nil {
			l.Points = append(l.Points, at{X: float64(n)})
		}
		values[n] = append(values[n], y(&points[i]))
	}
	for i := range l.Points {
		l.Points[i].Y = quartiles(values[int(l.Points[i].X)])
	}
	return l
}

// quartiles interpolate between the two nearest values.
func quartiles(values []float64) spread {
	slices.Sort(values)
	quantile := func(q float64) float64 {
		place := q * float64(len(values)-1)
		i := int(place)
		if i+1 == len(values) {
			return values[i]
		}
		return values[i] + (values[i+1]-values[i])*(place-float64(i))
	}
	return spread{quantile(0.25), quantile(0.5), quantile(0.75)}
}

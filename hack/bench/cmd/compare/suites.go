// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/juncture-dev/juncture/hack/bench/byhand"
	"github.com/juncture-dev/juncture/hack/bench/celgo"
	"github.com/juncture-dev/juncture/hack/bench/cerbos"
	"github.com/juncture-dev/juncture/hack/bench/duckdb"
	"github.com/juncture-dev/juncture/hack/bench/exprlang"
	"github.com/juncture-dev/juncture/hack/bench/juncture"
	"github.com/juncture-dev/juncture/hack/bench/measure"
	"github.com/juncture-dev/juncture/hack/bench/opa"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/postgres"
	"github.com/juncture-dev/juncture/hack/bench/reference"
	"github.com/juncture-dev/juncture/hack/bench/report"
	"github.com/juncture-dev/juncture/hack/bench/starlark"
)

// suites by name. Each adds to the report what it measured.
var suites = map[string]func(*settings, *report.Report) error{
	"reference": measureReference,
	"second":    measureSecond,
	"rules":     measureRules,
	"single":    measureSingle,
	"students":  measureStudents,
	"processes": measureProcesses,
}

// measureReference has every engine decide by the reference table.
func measureReference(s *settings, r *report.Report) error {
	kinds := []peer.Kind{
		byhand.Structs, byhand.Columns, juncture.Columns, juncture.OneByOne, juncture.Rows, celgo.Best, exprlang.Best, starlark.Best,
		duckdb.Summed, duckdb.Written, postgres.Summed, postgres.Written, opa.Best, cerbos.Best,
	}
	if s.forms {
		kinds = slices.Concat(kinds, celgo.Forms, opa.Forms)
	}
	w := peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, s.students, s.held)
	return s.table(r, w, kinds)
}

// measureSecond has the engines that read the tables as they are decide by the
// second one.
func measureSecond(s *settings, r *report.Report) error {
	w := peer.NewWork(reference.Second, reference.SecondSeed, reference.SecondByHand, s.students, s.held)
	return s.table(r, w, []peer.Kind{byhand.Structs, juncture.Columns, juncture.OneByOne, juncture.Rows, celgo.Best, exprlang.Best})
}

func (s *settings) table(r *report.Report, w *peer.Work, kinds []peer.Kind) error {
	results, err := measure.Bulk(w, s.pick(kinds...), s.options())
	r.Tables = append(r.Tables, report.Table{Name: w.Table.Name, Rules: len(w.Table.Rules), Students: w.Len(), Slice: s.slice, Rounds: s.rounds, Results: results})
	return err
}

// measureRules has them decide by tables of more and more rules.
func measureRules(s *settings, r *report.Report) error {
	curve := report.Curve{Name: "rules", Title: "Cost against rules told apart by grade, district and score", X: "rules", Y: "ns a decision, one core", LogX: true, LogY: true}
	for _, n := range s.rules {
		w := peer.NewWork(reference.Keyed(n), reference.Seed, reference.KeyedByHand(n), min(s.students, 200_000), s.held)
		row, cel, exp := juncture.Rows, celgo.Best, exprlang.Best
		for _, kind := range []*peer.Kind{&row, &cel, &exp} {
			kind.Share = min(0.5, 8/float64(n))
		}
		if err := s.table(r, w, []peer.Kind{byhand.Structs, juncture.Columns, row, cel, exp}); err != nil {
			return err
		}
		for _, result := range r.Tables[len(r.Tables)-1].Results {
			curve.Add(result.Engine, float64(n), result.NS)
		}
	}
	r.Curves = append(r.Curves, curve)
	return nil
}

// measureSingle times one decision at a time.
func measureSingle(s *settings, r *report.Report) error {
	for _, w := range []*peer.Work{
		peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, s.single, s.held),
		peer.NewWork(reference.Second, reference.SecondSeed, reference.SecondByHand, s.single, s.held),
	} {
		latency, err := measure.Singles(w, s.pick(byhand.Structs, juncture.OneByOne, juncture.Rows, celgo.Best, exprlang.Best), s.calls, reference.Seed)
		if err != nil {
			return err
		}
		r.Singles = append(r.Singles, report.Single{Table: w.Table.Name, Latency: latency})
	}
	return nil
}

// measureStudents has populations of growing size decided about as a whole.
func measureStudents(s *settings, r *report.Report) error {
	curve := report.Curve{Name: "students", Title: "Cost against students, reference table", X: "students", Y: "ns a decision, one core", LogX: true, LogY: true}
	for _, n := range s.sizes {
		w := peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, n, s.held)
		results, err := measure.Bulk(w, s.pick(byhand.Structs, byhand.Columns, juncture.Columns, celgo.Best, duckdb.Written), s.options())
		if err != nil {
			return err
		}
		for _, result := range results {
			curve.Add(result.Engine, float64(n), result.NS)
		}
	}
	r.Curves = append(r.Curves, curve)
	return nil
}

// measureProcesses has more and more processes decide about the same students,
// slice after slice.
func measureProcesses(s *settings, r *report.Report) error {
	w := peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, min(s.students, 500_000), s.held)
	curve := report.Curve{Name: "processes", Title: "Cost against processes over the same students, reference table and variants", X: "processes", Y: "ns a student, one core"}
	var kinds []peer.Kind
	var lines []string // the curve's, by kind
	var counts []int
	for _, n := range s.processes {
		for _, kind := range []peer.Kind{byhand.Repeated(n), juncture.Processes(n), juncture.FromCSV(n)} {
			if !s.engines.MatchString(kind.Name) {
				continue
			}
			lines, counts = append(lines, kind.Name), append(counts, n)
			kind.Name = fmt.Sprintf("%s, %d processes", kind.Name, n)
			kinds = append(kinds, kind)
		}
	}
	results, err := measure.Bulk(w, kinds, s.options()) // together, as the costs of more and of fewer are compared
	if err != nil {
		return err
	}
	for i, result := range results {
		curve.Add(lines[i], float64(counts[i]), result.NS)
	}
	r.Curves = append(r.Curves, curve)
	return nil
}

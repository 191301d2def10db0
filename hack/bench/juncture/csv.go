// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package juncture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/engine/source/table"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// FromCSV is Processes with the students read from a CSV file first: what the
// first process costs, and a further one.
func FromCSV(n int) peer.Kind {
	return peer.Kind{
		Name: "Juncture, from CSV", Form: fmt.Sprintf("source/table, then rule.Evaluator.DecideRows, %d processes", n), Least: group,
		Open: func(w *peer.Work) (peer.Engine, error) {
			e, err := openColumns(w, n)
			return &fromCSV{columns: e}, err
		},
	}
}

type fromCSV struct {
	*columns
	file bytes.Buffer
}

func (e *fromCSV) Prepare(from, to int) error {
	e.file.Reset()
	writeCSV(&e.file, e.w.Columns, from, to)
	return nil
}

func (e *fromCSV) Decide() error {
	e.outcomes = e.outcomes[:0]
	source, err := table.Open(bytes.NewReader(e.file.Bytes()), table.Options{Model: model, Reuse: true})
	if err != nil {
		return err
	}
	for {
		g, err := source.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(g.Problems) > 0 {
			return &g.Problems[0]
		}
		if err := e.decide(g); err != nil {
			return err
		}
	}
}

// writeCSV writes students from … to-1 as a table with all 20 fields, the skills
// a column each, in the order of the header.
func writeCSV(w *bytes.Buffer, c *reference.Columns, from, to int) {
	w.WriteString("id,school,district,homeLanguage,grade,daysSince,reading,math,science,growth,risk,attendance,priorHours,ell,iep,frl,consent," +
		strings.Join(reference.Skills, ",") + ",recent,interests\n")
	numbers := [][]float64{c.Reading, c.Math, c.Science, c.Growth, c.Risk, c.Attendance, c.PriorHours}
	var b []byte
	number := func(x float64) { b = strconv.AppendFloat(b, x, 'f', -1, 64) }
	for i := from; i < to; i++ {
		b = append(b[:0], c.ID[i]...)
		for _, t := range []*reference.Texts{&c.School, &c.District, &c.HomeLanguage} {
			b = append(append(b, ','), t.Dict[t.Codes[i]]...)
		}
		for _, n := range [][]int64{c.Grade, c.DaysSince} {
			b = strconv.AppendInt(append(b, ','), n[i], 10)
		}
		for _, n := range numbers {
			b = append(b, ',')
			number(n[i])
		}
		for _, is := range [][]bool{c.ELL, c.IEP, c.FRL, c.Consent} {
			b = strconv.AppendBool(append(b, ','), is[i])
		}
		for _, skill := range c.Mastery {
			b = append(b, ',')
			number(skill[i])
		}
		b = append(b, ',')
		for j, x := range c.Recent[i*reference.RecentScores : (i+1)*reference.RecentScores] {
			if j > 0 {
				b = append(b, ';')
			}
			number(x)
		}
		b = append(b, ',')
		for j, code := range c.Interests.Codes[c.InterestsFrom[i]:c.InterestsFrom[i+1]] {
			if j > 0 {
				b = append(b, ';')
			}
			b = append(b, c.Interests.Dict[code]...)
		}
		w.Write(append(b, '\n'))
	}
}

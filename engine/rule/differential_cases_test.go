// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// differentialCase is a table and a population about which the two ways differed
// once, as TestDifferential prints it: a file of testdata/differential.
type differentialCase struct {
	About  string         `json:"about"`
	Bundle *bundle.Bundle `json:"bundle"`
	// Rows have each attribute's value: null where it is absent, {} where it is
	// faulty. Dates are numbers of days since 1970-01-01. Times repeats them all.
	Rows  []map[string]any `json:"rows"`
	Times int              `json:"times,omitempty"`
}

// caseText spells a case out.
func caseText(t *table, p *student.Population, about string) string {
	c := differentialCase{About: about, Bundle: t.bundle()}
	for row := range p.Len() {
		values := map[string]any{}
		for _, column := range p.Columns() {
			switch column.Presence[row] {
			case student.Absent:
				values[column.Name()] = nil
			case student.Faulty:
				values[column.Name()] = struct{}{}
			default:
				next, n := elementsOf(column, row)
				list := make([]any, n)
				for i := range list {
					list[i] = next()
				}
				values[column.Name()] = list
				if !column.Type().IsList() {
					values[column.Name()] = list[0]
				}
			}
		}
		c.Rows = append(c.Rows, values)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(c); err != nil {
		return err.Error()
	}
	return b.String()
}

// population is the case's.
func (c *differentialCase) population() *student.Population {
	columns := make([]*student.Column, len(c.Bundle.Information.Attributes))
	rows := len(c.Rows) * max(c.Times, 1)
	for i, a := range c.Bundle.Information.Attributes {
		w := columnWriter{Column: &student.Column{Attribute: a}, codes: map[string]uint32{}}
		if a.Type.IsList() {
			w.Offsets = []uint32{0}
		}
		for row := range rows {
			switch v := c.Rows[row%len(c.Rows)][a.Name].(type) {
			case nil:
				w.row(student.Absent, 0, nil)
			case map[string]any:
				w.row(student.Faulty, 0, nil)
			case []any:
				k := -1
				w.row(student.Present, len(v), func() any { k++; return elementOf(a.Type, v[k]) })
			default:
				w.row(student.Present, 1, func() any { return elementOf(a.Type, v) })
			}
		}
		columns[i] = w.finish()
	}
	return populationOf(columns, rows)
}

// elementOf is an element as columns have it.
func elementOf(t bundle.Type, v any) any {
	n, isNumber := v.(json.Number)
	if !isNumber {
		return v
	}
	var err error
	var value any
	if t.Element() == bundle.Number {
		value, err = n.Float64()
	} else {
		value, err = n.Int64()
	}
	if err != nil {
		panic(fmt.Sprintf("a case's number: %v", err))
	}
	return value
}

// Cases about which the two ways differed once, or that are easily got wrong.
func TestDifferentialCases(t *testing.T) {
	files, err := filepath.Glob("testdata/differential/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c differentialCase
			d := json.NewDecoder(bytes.NewReader(text))
			d.UseNumber()
			d.DisallowUnknownFields()
			if err := d.Decode(&c); err != nil {
				t.Fatal(err)
			}
			p, err := Compile(c.Bundle)
			if err != nil {
				t.Fatal(err)
			}
			if found := differ(p, c.population(), newPCG(1, 1), &counts{}); found != nil {
				t.Errorf("%s: %v", c.About, found)
			}
		})
	}
}

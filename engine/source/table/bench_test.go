// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/table"
	"github.com/juncture-dev/juncture/engine/student"
)

// wide is a table of an id, a school, 20 attributes and a note that none of them
// is about; a row has 191 bytes.
func wide(rows int) (text string, model bundle.Model) {
	types := []bundle.Type{
		bundle.Integer, bundle.Number, bundle.Number, bundle.String, bundle.Boolean, bundle.Date, bundle.Integer, bundle.Integer, bundle.Number, bundle.Number,
		bundle.Integer, bundle.StringList, bundle.NumberList, bundle.Boolean, bundle.Integer, bundle.Number, bundle.String, bundle.Date, bundle.Integer, bundle.Integer,
	}
	var out strings.Builder
	out.WriteString("id,school")
	for i, t := range types {
		name := fmt.Sprintf("a%02d", i)
		model.Attributes = append(model.Attributes, bundle.Attribute{Name: name, Type: t})
		out.WriteString("," + name)
	}
	out.WriteString(",note\n")
	for i := range rows {
		row := fmt.Sprintf("s-%010d,school-%03d,%d,%d.%d,%d.%02d,%s,%t,2025-09-%02d,%d,%d,%d.25,%d.5,%d,%s,%d.5;%d;%d.25;%d;%d,%t,%d,0.%04d,%s,2010-%02d-%02d,%d,%d",
			i, i/500, i%13, i%100, i%10, i*7%100, i%100, []string{"en", "es", "pt-BR", "zh"}[i%4], i%3 == 0, i%28+1, i%100000, i%7, i%1000, i%90,
			i%180, []string{"reading;chess", "math", "", "music;sports"}[i%4], i%100, i*3%100, i*5%100, i*7%100, i*11%100, i%5 == 0, i%9, i%10000, []string{"North Region Service", "South Region Service", "West"}[i%3], i%12+1, i%28+1, i%50, i%77)
		out.WriteString(row + "," + strings.Repeat("n", max(0, 189-len(row))) + "\n")
	}
	if got := out.Len() / rows; got != 191 {
		panic(got)
	}
	return out.String(), model
}

// BenchmarkTable reads a table of 20 attributes, beside encoding/csv and strconv
// that read the same into the same kind of columns, without dictionaries and
// checks.
func BenchmarkTable(b *testing.B) {
	const rows = 100_000
	text, model := wide(rows)
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		b.ReportMetric(0, "ns/op")
	}
	for _, reuse := range []bool{true, false} {
		b.Run(fmt.Sprintf("table/reuse=%t", reuse), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				s, err := table.Open(strings.NewReader(text), table.Options{At: time.Unix(0, 0), Model: model, Rows: 1 << 13, Reuse: reuse})
				if err != nil {
					b.Fatal(err)
				}
				students := 0
				for p, err := s.Next(); err == nil; p, err = s.Next() {
					students += p.Len()
					if len(p.Problems) > 0 {
						b.Fatal(p.Problems[0])
					}
				}
				if students != rows {
					b.Fatal(students)
				}
			}
			report(b)
		})
	}
	b.Run("encoding-csv+strconv", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if err := byLibrary(strings.NewReader(text), model); err != nil {
				b.Fatal(err)
			}
		}
		report(b)
	})
}

// byLibrary is what a program does that uses the standard library.
func byLibrary(in io.Reader, model bundle.Model) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		return err
	}
	columns := make([]student.Column, len(model.Attributes))
	texts := make([][]string, len(model.Attributes))
	one := func(i int, t bundle.Type, field string) error {
		c := &columns[i]
		switch t {
		case bundle.Integer:
			v, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return err
			}
			c.Ints = append(c.Ints, v)
		case bundle.Number:
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return err
			}
			c.Floats = append(c.Floats, v)
		case bundle.Boolean:
			v, err := strconv.ParseBool(field)
			if err != nil {
				return err
			}
			c.Bools = append(c.Bools, v)
		case bundle.Date:
			v, err := time.Parse(time.DateOnly, field)
			if err != nil {
				return err
			}
			c.Ints = append(c.Ints, v.Unix()/86400)
		case bundle.String:
			texts[i] = append(texts[i], field)
		}
		return nil
	}
	for rows := 0; ; rows++ {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if rows%(1<<13) == 0 {
			for i := range columns {
				c := &columns[i]
				c.Ints, c.Floats, c.Bools, texts[i] = c.Ints[:0], c.Floats[:0], c.Bools[:0], texts[i][:0]
			}
		}
		for i, a := range model.Attributes {
			field := record[i+2]
			if !a.Type.IsList() {
				if err := one(i, a.Type, field); err != nil {
					return err
				}
				continue
			}
			for field != "" {
				var element string
				element, field, _ = strings.Cut(field, ";")
				if err := one(i, a.Type.Element(), element); err != nil {
					return err
				}
			}
		}
	}
}

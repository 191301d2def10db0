// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math/bits"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// attribute is a declared attribute that rules may read.
type attribute struct {
	bundle.Attribute
	absent ref.Val // what an absent value is read as; nil where it is missing
}

// set is a set of attributes, by their index in the program.
type set [bundle.MaxAttributes / 64]uint64

func (s *set) add(i int)           { s[i/64] |= 1 << (i % 64) }
func (s *set) contains(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *set) union(other *set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// names lists the set's attributes; they are sorted, as a program's are.
func (s *set) names(attributes []attribute) []string {
	var names []string
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			names = append(names, attributes[w*64+bits.TrailingZeros64(word)].Name)
		}
	}
	return names
}

// missingError is the CEL error of reading a value that is not there.
type missingError struct{ attribute string }

func (e *missingError) Error() string { return "attribute " + e.attribute + " is missing" }

// reader is the object behind `student`: it reads one row straight from the
// columns, and keeps account of what was read and what was met missing.
type reader struct {
	attributes []attribute
	columns    []*student.Column // by attribute; nil where no expression reads it
	missing    []missingError    // by attribute
	row        int
	read       set
	missed     set
}

// has reports whether the source holds a value that can be read.
func (r *reader) has(i int) bool {
	r.read.add(i)
	return r.columns[i].Presence[r.row] == student.Present
}

// get reads a value. A faulty one is always missing: a default must never hide
// a damaged file.
func (r *reader) get(i int) (any, error) {
	r.read.add(i)
	c := r.columns[i]
	switch c.Presence[r.row] {
	case student.Present:
		return r.value(i, c)
	case student.Absent:
		if absent := r.attributes[i].absent; absent != nil {
			return absent, nil
		}
	}
	r.missed.add(i)
	return nil, &r.missing[i]
}

func (r *reader) value(i int, c *student.Column) (any, error) {
	row, a := r.row, &r.attributes[i]
	if a.Type.IsList() {
		from, to := c.Range(row)
		if int(to-from) > a.ItemLimit() {
			return nil, &boundError{a.Name, "maxItems"}
		}
		return list(c, a, from, to)
	}
	switch a.Type {
	case bundle.Boolean:
		return types.Bool(c.Bools[row]), nil
	case bundle.Integer:
		return types.Int(c.Ints[row]), nil
	case bundle.Number:
		return types.Double(c.Floats[row]), nil
	case bundle.Date:
		return types.Timestamp{Time: student.Day(c.Ints[row])}, nil
	default:
		s := c.Dict[c.Codes[row]]
		if len(s) > a.LengthLimit() {
			return nil, &boundError{a.Name, "maxLength"}
		}
		return types.String(s), nil
	}
}

// list wraps numbers in place; strings and dates are copied.
func list(c *student.Column, a *attribute, from, to uint32) (any, error) {
	adapter := types.DefaultTypeAdapter
	switch a.Type {
	case bundle.IntegerList:
		return types.NewDynamicList(adapter, c.Ints[from:to]), nil
	case bundle.NumberList:
		return types.NewDynamicList(adapter, c.Floats[from:to]), nil
	case bundle.DateList:
		days := make([]ref.Val, to-from)
		for i, day := range c.Ints[from:to] {
			days[i] = types.Timestamp{Time: student.Day(day)}
		}
		return types.NewRefValList(adapter, days), nil
	default:
		items := make([]string, to-from)
		for i, code := range c.Codes[from:to] {
			items[i] = c.Dict[code]
			if len(items[i]) > a.LengthLimit() {
				return nil, &boundError{a.Name, "maxLength"}
			}
		}
		return types.NewStringList(adapter, items), nil
	}
}

// boundError is a value beyond the bounds that the model declares, on which the
// cost estimates rest. Sources do not let one through.
type boundError struct{ attribute, bound string }

func (e *boundError) Error() string {
	return fmt.Sprintf("attribute %s exceeds its %s", e.attribute, e.bound)
}

// constantOf is a declared default as rules see it.
func constantOf(t bundle.Type, value any) ref.Val {
	adapter := types.DefaultTypeAdapter
	switch v := value.(type) {
	case int64:
		if t == bundle.Date {
			return types.Timestamp{Time: student.Day(v)}
		}
	case []int64:
		if t == bundle.DateList {
			days := make([]ref.Val, len(v))
			for i, day := range v {
				days[i] = types.Timestamp{Time: student.Day(day)}
			}
			return types.NewRefValList(adapter, days)
		}
	}
	return adapter.NativeToValue(value)
}

// emptyOf is an empty list of a type.
func emptyOf(t bundle.Type) ref.Val {
	switch t.Element() {
	case bundle.Integer:
		return constantOf(t, []int64{})
	case bundle.Number:
		return constantOf(t, []float64{})
	case bundle.String:
		return constantOf(t, []string{})
	default:
		return types.NewRefValList(types.DefaultTypeAdapter, nil)
	}
}

// checkColumn refuses a column that does not fit its attribute.
func checkColumn(a *attribute, c *student.Column, rows int) error {
	if c == nil {
		return fmt.Errorf("the population has no column for attribute %s: load all of Program.Reads", a.Name)
	}
	if c.Type() != a.Type {
		return fmt.Errorf("attribute %s is a %s in the bundle and a %s in the population", a.Name, a.Type, c.Type())
	}
	if of, from := a.From.OneRoster, c.Attribute.From.OneRoster; of != nil && from != nil && *of != *from {
		return fmt.Errorf("attribute %s comes from another place in the population than in the bundle", a.Name)
	}
	want := rows
	if a.Type.IsList() {
		if len(c.Offsets) != rows+1 {
			return fmt.Errorf("attribute %s: the column has %d offsets for %d students", a.Name, len(c.Offsets), rows)
		}
		want = int(c.Offsets[rows])
	}
	have := map[bundle.Type]int{
		bundle.Boolean: len(c.Bools), bundle.Integer: len(c.Ints), bundle.Date: len(c.Ints),
		bundle.Number: len(c.Floats), bundle.String: len(c.Codes),
	}[a.Type.Element()]
	if have < want || len(c.Presence) != rows {
		return fmt.Errorf("attribute %s: the column has %d values where %d are needed", a.Name, have, want)
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

// Values are what is known of one student, for decisions about students who come
// one by one: set what is known, decide, clear, and set what is known of the
// next. Nothing is allocated on the way, but where a string comes for the first
// time. It is not safe for concurrent use.
//
// Attributes are known by their index: see Attribute. A setter's error names the
// attribute and never the value, and leaves the attribute Faulty, as a source
// does with a value that cannot be read.
type Values struct {
	e       *Evaluator
	columns []*student.Column
	strings []map[string]uint32 // by attribute: the codes of its strings
}

// maxStrings is how many strings of an attribute are remembered.
const maxStrings = 4096

// NewValues makes room for one student, of whom nothing is known, at an instant.
func (p *Program) NewValues(at time.Time) (*Values, error) {
	v := &Values{columns: make([]*student.Column, len(p.attributes)), strings: make([]map[string]uint32, len(p.attributes))}
	for i := range p.attributes {
		v.columns[i] = blank(p.attributes[i].Attribute)
		v.strings[i] = map[string]uint32{}
	}
	one := make([]string, 1)
	e, err := p.Bind(student.New("", at, time.UTC, student.Origin{Kind: "values"}, one, one, one, v.columns))
	if err != nil {
		return nil, err
	}
	e.single = e.newSingle(true)
	v.e = e
	return v, nil
}

// blank is a column of one row without a value.
func blank(a bundle.Attribute) *student.Column {
	c := &student.Column{Attribute: a, Presence: []student.Presence{student.Absent}}
	n := 1
	if a.Type.IsList() {
		n = a.ItemLimit()
		c.Offsets = make([]uint32, 2)
	}
	switch a.Type.Element() {
	case bundle.Boolean:
		c.Bools = make([]bool, n)
	case bundle.Integer, bundle.Date:
		c.Ints = make([]int64, n)
	case bundle.Number:
		c.Floats = make([]float64, n)
	default:
		c.Codes, c.Dict = make([]uint32, n), []string{""}
	}
	return c
}

// Attribute is the index of an attribute that rules may read; false if there is
// none of that name.
func (v *Values) Attribute(name string) (int, bool) {
	return slices.BinarySearchFunc(v.e.p.attributes, name, func(a attribute, name string) int { return compareNames(a.Name, name) })
}

// At sets the instant of evaluation.
func (v *Values) At(at time.Time) {
	v.e.at = types.Timestamp{Time: at.UTC()}
	if d := v.e.single; d.at != nil {
		d.at.Times[0] = column.InstantOf(at)
	}
}

// Clear makes all attributes Absent.
func (v *Values) Clear() {
	for i := range v.columns {
		v.Absent(i)
	}
}

// Absent says that the source has no value.
func (v *Values) Absent(i int) { v.columns[i].Presence[0] = student.Absent }

// Faulty says that the source has something that cannot be read.
func (v *Values) Faulty(i int) { v.columns[i].Presence[0] = student.Faulty }

// SetBoolean sets a Boolean.
func (v *Values) SetBoolean(i int, is bool) error {
	c, err := v.scalar(i, bundle.Boolean)
	if err == nil {
		c.Bools[0], c.Presence[0] = is, student.Present
	}
	return err
}

// SetInteger sets an Integer.
func (v *Values) SetInteger(i int, n int64) error {
	c, err := v.scalar(i, bundle.Integer)
	if err != nil {
		return err
	}
	if fault := outside(&c.Attribute, float64(n)); fault != "" {
		return v.fault(i, fault)
	}
	c.Ints[0], c.Presence[0] = n, student.Present
	return nil
}

// SetDate sets a Date, in days since 1970-01-01.
func (v *Values) SetDate(i int, day int64) error {
	c, err := v.scalar(i, bundle.Date)
	if err == nil {
		c.Ints[0], c.Presence[0] = day, student.Present
	}
	return err
}

// SetNumber sets a Number.
func (v *Values) SetNumber(i int, x float64) error {
	c, err := v.scalar(i, bundle.Number)
	if err != nil {
		return err
	}
	if fault := outside(&c.Attribute, x); fault != "" {
		return v.fault(i, fault)
	}
	c.Floats[0], c.Presence[0] = x, student.Present
	return nil
}

// SetString sets a String.
func (v *Values) SetString(i int, s string) error {
	c, err := v.scalar(i, bundle.String)
	if err != nil {
		return err
	}
	v.forget(i, 1)
	code, fault := v.code(i, s)
	if fault != "" {
		return v.fault(i, fault)
	}
	c.Codes[0], c.Presence[0] = code, student.Present
	return nil
}

// SetIntegers sets an IntegerList.
func (v *Values) SetIntegers(i int, list []int64) error {
	c, err := v.list(i, bundle.IntegerList, len(list))
	if err != nil {
		return err
	}
	for k, n := range list {
		if fault := outside(&c.Attribute, float64(n)); fault != "" {
			return v.fault(i, fault)
		}
		c.Ints[k] = n
	}
	c.Presence[0] = student.Present
	return nil
}

// SetDates sets a DateList, in days since 1970-01-01.
func (v *Values) SetDates(i int, days []int64) error {
	c, err := v.list(i, bundle.DateList, len(days))
	if err == nil {
		copy(c.Ints, days)
		c.Presence[0] = student.Present
	}
	return err
}

// SetNumbers sets a NumberList.
func (v *Values) SetNumbers(i int, list []float64) error {
	c, err := v.list(i, bundle.NumberList, len(list))
	if err != nil {
		return err
	}
	for k, x := range list {
		if fault := outside(&c.Attribute, x); fault != "" {
			return v.fault(i, fault)
		}
		c.Floats[k] = x
	}
	c.Presence[0] = student.Present
	return nil
}

// SetStrings sets a StringList.
func (v *Values) SetStrings(i int, list []string) error {
	c, err := v.list(i, bundle.StringList, len(list))
	if err != nil {
		return err
	}
	v.forget(i, len(list))
	for k, s := range list {
		code, fault := v.code(i, s)
		if fault != "" {
			return v.fault(i, fault)
		}
		c.Codes[k] = code
	}
	c.Presence[0] = student.Present
	return nil
}

// Decide decides about the student as known now: see Evaluator.DecideRow.
func (v *Values) Decide(out *Single) { v.e.DecideRow(0, out) }

// Evaluator is the evaluator of row 0, the student, for what else is asked about
// the decision: the outcome's record, the reason's text, the trace.
func (v *Values) Evaluator() *Evaluator { return v.e }

func (v *Values) scalar(i int, t bundle.Type) (*student.Column, error) {
	c := v.columns[i]
	if c.Attribute.Type != t {
		return nil, v.fault(i, "is no "+string(t))
	}
	return c, nil
}

// list makes a list of n elements.
func (v *Values) list(i int, t bundle.Type, n int) (*student.Column, error) {
	c, err := v.scalar(i, t)
	if err != nil {
		return nil, err
	}
	if n > c.Attribute.ItemLimit() {
		return nil, v.fault(i, student.FaultTooMany)
	}
	c.Offsets[1] = uint32(n)
	return c, nil
}

func (v *Values) fault(i int, fault string) error {
	v.Faulty(i)
	return fmt.Errorf("attribute %s: %s", v.columns[i].Name(), fault)
}

// outside is what is wrong with a number.
func outside(a *bundle.Attribute, x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return student.FaultNotFinite
	case a.Minimum != nil && x < *a.Minimum:
		return student.FaultBelowMinimum
	case a.Maximum != nil && x > *a.Maximum:
		return student.FaultAboveMaximum
	}
	return ""
}

// code is a string's code.
func (v *Values) code(i int, s string) (code uint32, fault string) {
	if code, known := v.strings[i][s]; known {
		return code, ""
	}
	c := v.columns[i]
	switch {
	case len(s) > c.Attribute.LengthLimit():
		return 0, student.FaultTooLong
	case !utf8.ValidString(s):
		return 0, student.FaultNotUTF8
	}
	code = uint32(len(c.Dict))
	c.Dict = append(c.Dict, s)
	v.strings[i][s] = code
	v.extend(i, false)
	return code, ""
}

// forget forgets an attribute's strings, if with n more they were too many.
func (v *Values) forget(i, n int) {
	if c := v.columns[i]; len(c.Dict)+n > maxStrings {
		clear(v.strings[i])
		c.Dict = make([]string, 1)
		v.extend(i, true)
	}
}

// extend tells the compiled rules of another dictionary.
func (v *Values) extend(i int, emptied bool) {
	if s := v.e.single.s; s != nil && v.e.student.columns[i] != nil {
		s.Extend(i, v.columns[i].Dict, emptied)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"hash/maphash"
	"math"
	"time"
	"unicode/utf8"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/source/text"
	"github.com/juncture-dev/juncture/engine/student"
)

// column is an attribute's column of the row group that is being read. Its
// slices have room for the rows to come; what a list may hold is appended.
type column struct {
	attribute bundle.Attribute
	element   bundle.Type
	place     int // in the row; −1: the table lacks it
	isList    bool
	form      form // of a field
	of        form // of an element, for lists

	minimum, maximum    float64
	maxItems, maxLength int

	holes    bool // somebody has no value
	presence []student.Presence
	bools    []bool
	ints     []int64
	floats   []float64
	codes    []uint32
	offsets  []uint32
	texts    *dictionary
}

// form says how a field is read: the attribute's type as a small number, as it
// is looked at for every field of every row.
type form uint8

const (
	asBoolean form = iota
	asInteger
	asNumber
	asString
	asDate
	asList
)

var forms = map[bundle.Type]form{bundle.Boolean: asBoolean, bundle.Integer: asInteger, bundle.Number: asNumber, bundle.String: asString, bundle.Date: asDate}

func newColumn(a bundle.Attribute, place int, seed maphash.Seed) column {
	c := column{
		attribute: a, element: a.Type.Element(), place: place, isList: a.Type.IsList(), form: forms[a.Type],
		minimum: math.Inf(-1), maximum: math.Inf(1), maxItems: student.MaxItems(a), maxLength: student.MaxLength(a),
	}
	c.of = forms[c.element]
	if c.isList {
		c.form = asList
	}
	if a.Minimum != nil {
		c.minimum = *a.Minimum
	}
	if a.Maximum != nil {
		c.maximum = *a.Maximum
	}
	if c.element == bundle.String {
		c.texts = newDictionary(seed)
	}
	return c
}

// begin makes ready for a row group of which room rows are foreseen. Slices that
// a population holds are left to it, unless they are to be used again.
func (c *column) begin(room int, reuse bool) {
	c.holes = false
	elements := cap(c.ints) + cap(c.floats) + cap(c.codes) // of lists: as many as the group before had room for
	if !reuse {
		c.presence, c.bools, c.ints, c.floats, c.codes, c.offsets = nil, nil, nil, nil, nil, nil
	}
	if c.texts != nil {
		c.texts.begin(reuse)
	}
	c.reserve(room)
	if !c.isList {
		return
	}
	c.offsets[0] = 0
	c.ints, c.floats, c.codes = c.ints[:0], c.floats[:0], c.codes[:0]
	if !reuse {
		switch c.element {
		case bundle.Number:
			c.floats = make([]float64, 0, elements)
		case bundle.String:
			c.codes = make([]uint32, 0, elements)
		default:
			c.ints = make([]int64, 0, elements)
		}
	}
}

// reserve gives the slices room for rows rows.
func (c *column) reserve(rows int) {
	c.presence = extended(c.presence, rows)
	switch c.form {
	case asBoolean:
		c.bools = extended(c.bools, rows)
	case asInteger, asDate:
		c.ints = extended(c.ints, rows)
	case asNumber:
		c.floats = extended(c.floats, rows)
	case asString:
		c.codes = extended(c.codes, rows)
	case asList:
		c.offsets = extended(c.offsets, rows+1)
	}
}

// extended is a slice of length n that begins with s.
func extended[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	longer := make([]T, n)
	copy(longer, s)
	return longer
}

// end is the column of a row group of n rows.
func (c *column) end(n int) *student.Column {
	made := &student.Column{Attribute: c.attribute, Presence: c.presence[:n], Whole: !c.holes}
	rows := n
	if c.isList {
		made.Offsets = c.offsets[:n+1]
		rows = int(made.Offsets[n])
	}
	switch c.element {
	case bundle.Boolean:
		made.Bools = c.bools[:rows]
	case bundle.Integer, bundle.Date:
		made.Ints = c.ints[:rows]
	case bundle.Number:
		made.Floats = c.floats[:rows]
	case bundle.String:
		made.Codes, made.Dict = c.codes[:rows], c.texts.dict
		if !c.isList && len(made.Dict) == 0 && n > 0 {
			made.Dict = []string{""} // what is missing has a code, too
		}
	}
	return made
}

// missing says that student n has no value.
func (c *column) missing(n int, p student.Presence) {
	c.holes = true
	c.presence[n] = p
	switch c.form {
	case asList:
		c.offsets[n+1] = c.offsets[n]
	case asBoolean:
		c.bools[n] = false
	case asNumber:
		c.floats[n] = 0
	case asString:
		c.codes[n] = 0
	default:
		c.ints[n] = 0
	}
}

// value says that student n has what a field holds that is not empty. If it
// cannot be, that is the fault, and the value is Faulty.
func (c *column) value(n int, field []byte, zone *time.Location) (bad fault) {
	switch c.form {
	case asInteger:
		v, ok := text.Integer(field)
		if ok && float64(v) >= c.minimum && float64(v) <= c.maximum {
			c.ints[n], c.presence[n] = v, student.Present
			return fine
		}
		_, bad = c.integer(field)
	case asNumber:
		v, ok := text.Number(field)
		if ok && v >= c.minimum && v <= c.maximum {
			c.floats[n], c.presence[n] = v, student.Present
			return fine
		}
		_, bad = c.number(field)
	case asString:
		c.codes[n], bad = c.text(field)
	case asBoolean:
		var ok bool
		if c.bools[n], ok = text.Boolean(field); !ok {
			bad = faultNotBoolean
		}
	case asDate:
		c.ints[n], bad = date(field, zone)
	case asList:
		if bad = c.list(field, zone); bad == fine {
			c.offsets[n+1] = c.elements()
		} else {
			c.truncate(c.offsets[n])
		}
	}
	if bad != fine {
		c.missing(n, student.Faulty)
		return bad
	}
	c.presence[n] = student.Present
	return fine
}

// listSeparator parts the elements of a list, as package export writes them.
const listSeparator = ';'

// list appends the elements of a list, or those before the first faulty one.
func (c *column) list(field []byte, zone *time.Location) (bad fault) {
	for items := 0; ; items++ {
		if items == c.maxItems {
			return faultTooMany
		}
		end := 0
		for end < len(field) && field[end] != listSeparator {
			end++
		}
		switch c.of {
		case asInteger:
			var v int64
			v, bad = c.integer(field[:end])
			c.ints = append(c.ints, v)
		case asNumber:
			var v float64
			v, bad = c.number(field[:end])
			c.floats = append(c.floats, v)
		case asString:
			var v uint32
			v, bad = c.text(field[:end])
			c.codes = append(c.codes, v)
		case asDate:
			var v int64
			v, bad = date(field[:end], zone)
			c.ints = append(c.ints, v)
		}
		if bad != fine || end == len(field) {
			return bad
		}
		field = field[end+1:]
	}
}

func (c *column) integer(field []byte) (int64, fault) {
	v, ok := text.Integer(field)
	if !ok {
		if _, isNumber := text.Number(field); isNumber {
			return 0, faultNotInteger
		}
		return 0, faultNotNumber
	}
	return v, c.bounds(float64(v))
}

func (c *column) number(field []byte) (float64, fault) {
	v, ok := text.Number(field)
	if !ok {
		return 0, faultNotNumber
	}
	return v, c.bounds(v)
}

func (c *column) text(field []byte) (uint32, fault) {
	if len(field) > c.maxLength {
		return 0, faultTooLong
	}
	code, ok := c.texts.code(field)
	if !ok {
		return 0, faultNotUTF8
	}
	return code, fine
}

func date(field []byte, zone *time.Location) (int64, fault) {
	v, ok := text.Day(field, zone)
	if !ok {
		return 0, faultNotDate
	}
	return int64(v), fine
}

func (c *column) bounds(v float64) fault {
	switch {
	case v < c.minimum:
		return faultBelow
	case v > c.maximum:
		return faultAbove
	}
	return fine
}

// elements is the number of list elements so far.
func (c *column) elements() uint32 { return uint32(len(c.ints) + len(c.floats) + len(c.codes)) }

// truncate drops the elements of a list that turned out faulty.
func (c *column) truncate(n uint32) {
	switch c.element {
	case bundle.Number:
		c.floats = c.floats[:n]
	case bundle.String:
		c.codes = c.codes[:n]
	default:
		c.ints = c.ints[:n]
	}
}

// dictionary codes the texts of one column. A row group's dictionary holds the
// texts of that group alone, in order of appearance; but a text that was in an
// earlier group is not copied again, as most columns have few texts.
type dictionary struct {
	seed    maphash.Seed
	known   *intern.Table
	strings []string // of known
	codes   []uint32 // of known, in this group: code + 1, or 0
	dict    []string // of this group

	// recent spares most texts the look into known: columns repeat themselves.
	recent [1 << 6]recent
}

type recent struct {
	text   string
	number uint32
	valid  bool
}

// Beyond these a dictionary forgets earlier groups, so that memory is bounded
// whatever the length of the file.
const (
	mostKnown     = 1 << 14
	mostKnownSize = 1 << 20 // bytes
)

func newDictionary(seed maphash.Seed) *dictionary {
	return &dictionary{seed: seed, known: intern.New(seed)}
}

func (d *dictionary) begin(reuse bool) {
	if d.known.Len() > mostKnown || d.known.Size() > mostKnownSize {
		d.known, d.strings, d.codes, d.recent = intern.New(d.seed), nil, nil, [len(d.recent)]recent{}
	}
	clear(d.codes)
	if reuse {
		d.dict = d.dict[:0]
	} else {
		d.dict = nil
	}
}

// code is a text's code; false if it is not UTF-8.
func (d *dictionary) code(field []byte) (uint32, bool) {
	n, ok := d.number(field)
	if !ok {
		return 0, false
	}
	if d.codes[n] == 0 {
		d.dict = append(d.dict, d.strings[n])
		d.codes[n] = uint32(len(d.dict))
	}
	return d.codes[n] - 1, true
}

// text is the one copy of a text; false if it is not UTF-8.
func (d *dictionary) text(field []byte) (string, bool) {
	n, ok := d.number(field)
	if !ok {
		return "", false
	}
	return d.strings[n], true
}

func (d *dictionary) number(field []byte) (uint32, bool) {
	var mix uint32
	if n := len(field); n > 0 {
		mix = uint32(field[0]) + 7*uint32(field[n/2]) + 31*uint32(field[n-1]) + uint32(n)
	}
	near := &d.recent[mix%uint32(len(d.recent))]
	if near.valid && near.text == string(field) {
		return near.number, true
	}
	n, known := d.known.Find(field)
	if !known {
		if !utf8.Valid(field) {
			return 0, false
		}
		n, _ = d.known.Add(field)
		d.strings = append(d.strings, string(field))
		d.codes = append(d.codes, 0)
	}
	*near = recent{d.strings[n], n, true}
	return n, true
}

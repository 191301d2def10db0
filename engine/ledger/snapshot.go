// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// SnapshotFormat names the layout of a snapshot file.
const SnapshotFormat = "juncture.dev/snapshot/v1"

type snapshotHeader struct {
	Format   string           `json:"format"`
	District string           `json:"district"`
	At       time.Time        `json:"at"`
	Zone     string           `json:"zone"` // a name of the IANA database
	Source   student.Origin   `json:"source"`
	Size     int              `json:"students"`
	Columns  []snapshotColumn `json:"columns"`
}

type snapshotColumn struct {
	Attribute bundle.Attribute `json:"attribute"`
	Rows      bool             `json:"rows"`   // the source's row numbers are recorded
	Newest    bool             `json:"newest"` // the newest facts' dates are recorded
}

// View is the part of a population that a process declared: the columns of its
// attributes, in the model's order. It fails if the population lacks one.
func View(p *student.Population, m bundle.Model) (*student.Population, error) {
	columns := make([]*student.Column, len(m.Attributes))
	for i, a := range m.Attributes {
		if columns[i] = p.Column(a.Name); columns[i] == nil {
			return nil, fmt.Errorf("the population has no column for the declared attribute %q", a.Name)
		}
	}
	return student.New(p.District, p.At, p.Zone, p.Source, p.IDs, p.Schools, p.Classes, columns), nil
}

// EncodeSnapshot writes a population as Parquet, one row a student. The same
// population gives the same bytes. Problems of the input are not part of it: no
// rule reads them.
//
// It fails if the population's zone is not one of the IANA database (nil is
// UTC), as the snapshot could not be read back elsewhere.
func EncodeSnapshot(w io.Writer, p *student.Population) error {
	zone, err := zoneName(p.Zone)
	if err != nil {
		return err
	}
	h := snapshotHeader{Format: SnapshotFormat, District: p.District, At: p.At.UTC(), Zone: zone, Source: p.Source, Size: p.Len(), Columns: []snapshotColumn{}}
	columns := []column{
		required("student", text(), func(row int) parquet.Value { return textValue(p.IDs[row]) }),
		required("school", code(), func(row int) parquet.Value { return textValue(p.Schools[row]) }),
		required("class", code(), func(row int) parquet.Value { return textValue(p.Classes[row]) }),
	}
	for _, c := range p.Columns() {
		h.Columns = append(h.Columns, snapshotColumn{Attribute: c.Attribute, Rows: c.RowOffsets != nil, Newest: c.Newest != nil})
		columns = append(columns, attributeColumns(c)...)
	}
	header, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return writeColumns(w, "snapshot", p.Len(), map[string]string{metadataKey: string(header)}, nil, columns)
}

func zoneName(zone *time.Location) (string, error) {
	if zone == nil {
		return "UTC", nil
	}
	name := zone.String()
	if name == "Local" {
		return "", fmt.Errorf("the population's time zone is the machine's own; name one of the IANA database")
	}
	if _, err := time.LoadLocation(name); err != nil {
		return "", fmt.Errorf("the population's time zone %q is not one of the IANA database", name)
	}
	return name, nil
}

// attributeColumns are the value, its presence and its provenance. The value is
// null where the student has none.
func attributeColumns(c *student.Column) []column {
	present := func(row int) bool { return c.Presence[row] == student.Present }
	element := elementNode(c.Type().Element())
	columns := []column{required("presence_"+c.Name(), parquet.Encoded(parquet.Int(8), &parquet.DeltaBinaryPacked),
		func(row int) parquet.Value { return parquet.Int32Value(int32(c.Presence[row])) })}
	if c.Type().IsList() {
		columns = append(columns, optionalList("value_"+c.Name(), element,
			func(row int) int {
				if !present(row) {
					return -1
				}
				from, to := c.Range(row)
				return int(to - from)
			},
			func(row, i int) parquet.Value { return cellValue(c, int(c.Offsets[row])+i) }))
	} else {
		columns = append(columns, optional("value_"+c.Name(), element, func(row int) (parquet.Value, bool) {
			if !present(row) {
				return parquet.Value{}, false
			}
			return cellValue(c, row), true
		}))
	}
	if c.RowOffsets != nil {
		columns = append(columns, list("rows_"+c.Name(), sourceRow(),
			func(row int) int { return int(c.RowOffsets[row+1] - c.RowOffsets[row]) },
			func(row, i int) parquet.Value {
				return parquet.Int32Value(int32(c.Rows[int(c.RowOffsets[row])+i]))
			}))
	}
	if c.Newest != nil {
		columns = append(columns, required("newest_"+c.Name(), parquet.Encoded(parquet.Int(32), &parquet.DeltaBinaryPacked),
			func(row int) parquet.Value { return parquet.Int32Value(c.Newest[row]) }))
	}
	return columns
}

func elementNode(t bundle.Type) parquet.Node {
	switch t {
	case bundle.Boolean:
		return boolean()
	case bundle.Integer, bundle.Date: // a date keeps its 64 bits
		return integer()
	case bundle.Number:
		return number()
	}
	return code()
}

func cellValue(c *student.Column, i int) parquet.Value {
	switch c.Type().Element() {
	case bundle.Boolean:
		return parquet.BooleanValue(c.Bools[i])
	case bundle.Integer, bundle.Date:
		return parquet.Int64Value(c.Ints[i])
	case bundle.Number:
		return parquet.DoubleValue(c.Floats[i])
	}
	return textValue(c.Dict[c.Codes[i]])
}

// DecodeSnapshot rebuilds a population. What rules can see of it is what they
// saw: presence, the values that are present, provenance, instant, zone. A
// dictionary is in order of first appearance, and cells without a value hold
// zero, whatever they held before.
func DecodeSnapshot(r io.ReaderAt, size int64) (p *student.Population, err error) {
	defer recovered(&err)
	f, err := openColumns(r, size)
	if err != nil {
		return nil, err
	}
	var h snapshotHeader
	if err := header(f, SnapshotFormat, &h, &h.Format); err != nil {
		return nil, err
	}
	if rows := f.file.NumRows(); rows != int64(h.Size) {
		return nil, fmt.Errorf("the file has %d rows, its description says %d", rows, h.Size)
	}
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", h.Zone, err)
	}
	d := &snapshotDecoder{columnsFile: f, size: h.Size}
	ids, schools, classes := d.texts("student"), d.texts("school"), d.texts("class")
	columns := make([]*student.Column, len(h.Columns))
	for i, c := range h.Columns {
		columns[i] = d.column(c)
	}
	if d.err != nil {
		return nil, d.err
	}
	return student.New(h.District, h.At, zone, h.Source, ids, schools, classes, columns), nil
}

// snapshotDecoder reads whole columns, row group after row group, and keeps
// the first error.
type snapshotDecoder struct {
	*columnsFile
	size int
	err  error
}

// each calls f for the cells of each row group.
func (d *snapshotDecoder) each(name string, f func(c cells)) {
	for g := range d.file.RowGroups() {
		if d.err != nil {
			return
		}
		c, err := d.read(g, name)
		if err != nil {
			d.err = err
			return
		}
		f(c)
	}
}

func (d *snapshotDecoder) texts(name string) []string {
	out := make([]string, 0, d.size)
	var last string // neighbours often share a school: share the string too
	d.each(name, func(c cells) {
		for i := range c.values {
			if b := c.values[i].ByteArray(); string(b) != last {
				last = string(b)
			}
			out = append(out, last)
		}
	})
	return out
}

func (d *snapshotDecoder) column(h snapshotColumn) *student.Column {
	name := h.Attribute.Name
	c := &student.Column{Attribute: h.Attribute, Presence: make([]student.Presence, 0, d.size)}
	d.each("presence_"+name, func(p cells) {
		for i := range p.values {
			c.Presence = append(c.Presence, student.Presence(p.values[i].Int32()))
		}
	})
	v := newValueDecoder(c, d.size)
	d.each("value_"+name, v.add)
	if h.Rows {
		c.RowOffsets = append(make([]uint32, 0, d.size+1), 0)
		c.Rows = []uint32{}
		d.each("rows_"+name, func(r cells) {
			for i := range r.rows() {
				list, _ := r.list(i, 0)
				for _, v := range list {
					c.Rows = append(c.Rows, v.Uint32())
				}
				c.RowOffsets = append(c.RowOffsets, uint32(len(c.Rows)))
			}
		})
	}
	if h.Newest {
		c.Newest = make([]int32, 0, d.size)
		d.each("newest_"+name, func(n cells) {
			for i := range n.values {
				c.Newest = append(c.Newest, n.values[i].Int32())
			}
		})
	}
	return c
}

// valueDecoder appends cells to a column's slices.
type valueDecoder struct {
	*student.Column
	codes map[string]uint32
}

func newValueDecoder(c *student.Column, size int) *valueDecoder {
	switch c.Type().Element() {
	case bundle.Boolean:
		c.Bools = make([]bool, 0, size)
	case bundle.Integer, bundle.Date:
		c.Ints = make([]int64, 0, size)
	case bundle.Number:
		c.Floats = make([]float64, 0, size)
	default:
		c.Codes = make([]uint32, 0, size)
	}
	if c.Type().IsList() {
		c.Offsets = append(make([]uint32, 0, size+1), 0)
	}
	return &valueDecoder{c, map[string]uint32{}}
}

func (v *valueDecoder) add(c cells) {
	for row := range c.rows() {
		if !v.Type().IsList() {
			v.value(c.values[row])
			continue
		}
		list, _ := c.list(row, 1)
		for _, e := range list {
			v.value(e)
		}
		v.Offsets = append(v.Offsets, uint32(max(len(v.Bools), len(v.Ints), len(v.Floats), len(v.Codes))))
	}
}

// value appends one value; null appends zero.
func (v *valueDecoder) value(p parquet.Value) {
	switch v.Type().Element() {
	case bundle.Boolean:
		v.Bools = append(v.Bools, !p.IsNull() && p.Boolean())
	case bundle.Integer, bundle.Date:
		v.Ints = append(v.Ints, orZero(p, parquet.Value.Int64))
	case bundle.Number:
		v.Floats = append(v.Floats, orZero(p, parquet.Value.Double))
	default:
		v.Codes = append(v.Codes, v.code(p))
	}
}

func orZero[T any](p parquet.Value, get func(parquet.Value) T) (zero T) {
	if p.IsNull() {
		return zero
	}
	return get(p)
}

func (v *valueDecoder) code(p parquet.Value) uint32 {
	if p.IsNull() {
		return 0
	}
	b := p.ByteArray()
	if code, ok := v.codes[string(b)]; ok {
		return code
	}
	code := uint32(len(v.Dict))
	v.Dict = append(v.Dict, string(b))
	v.codes[string(b)] = code
	return code
}

// populationIndex finds a student's row. Rows are in order of id.
func populationIndex(p *student.Population, id string) (int, bool) {
	return slices.BinarySearch(p.IDs, id)
}

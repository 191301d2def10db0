// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package export

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

func init() { writers[Parquet] = newParquet }

const (
	// rowGroup bounds the memory of a writer; readers take a group at a time.
	rowGroup = 128 << 10
	rowBatch = 1 << 10
)

// parquetWriter writes the columns of CSV with their types. What a file's bytes
// depend on beside the records is fixed here: layout, codec, level and the
// names written into the footer.
type parquetWriter struct {
	out     *parquet.GenericWriter[any]
	columns []Column
	batch   []parquet.Row
}

func newParquet(w io.Writer, columns []Column) (Writer, error) {
	nodes := orderedGroup{Group: parquet.Group{}}
	add := func(name string, n parquet.Node) {
		nodes.Group[name] = n
		nodes.fields = append(nodes.fields, namedNode{Node: n, name: name})
	}
	for _, name := range fixed {
		switch name {
		case "priority":
			add(name, parquet.Optional(parquet.Leaf(parquet.DoubleType)))
		case "rank":
			add(name, parquet.Optional(parquet.Int(64)))
		case "rule":
			add(name, parquet.List(encoded(bundle.String)))
		default:
			add(name, encoded(bundle.String))
		}
	}
	for _, c := range columns {
		add(c.Header(), nodeOf(c))
	}
	return &parquetWriter{
		columns: columns,
		out: parquet.NewGenericWriter[any](w,
			parquet.NewSchema("decision", nodes),
			parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}),
			parquet.CreatedBy("juncture", "1", "export"),
			parquet.MaxRowsPerRowGroup(rowGroup),
		),
	}, nil
}

// nodeOf is the Parquet type of a result field. Every field may be empty.
func nodeOf(c Column) parquet.Node {
	switch {
	case c.Mixed:
		return parquet.Optional(parquet.String())
	case c.List:
		return parquet.Optional(parquet.List(encoded(c.Type)))
	}
	return parquet.Optional(encoded(c.Type))
}

func encoded(t bundle.Type) parquet.Node {
	switch t {
	case bundle.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case bundle.Integer:
		return parquet.Int(64)
	case bundle.Number:
		return parquet.Leaf(parquet.DoubleType)
	case bundle.Date:
		return parquet.Date()
	}
	return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
}

func (p *parquetWriter) Write(r *decision.Record) error {
	row, err := p.row(r)
	if err != nil {
		return err
	}
	p.batch = append(p.batch, row)
	if len(p.batch) < rowBatch {
		return nil
	}
	return p.flush()
}

func (p *parquetWriter) flush() error {
	_, err := p.out.WriteRows(p.batch)
	p.batch = p.batch[:0]
	return err
}

func (p *parquetWriter) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.out.Close()
}

func (p *parquetWriter) row(r *decision.Record) (parquet.Row, error) {
	w := rowWriter{row: make(parquet.Row, 0, len(fixed)+len(p.columns)+2)}
	for _, s := range []string{r.District, r.School, r.Student, r.Process, r.Revision} {
		w.required(stringValue(s))
	}
	w.list(each(r.Rules, stringValue), 0)
	w.required(stringValue(string(r.State)))
	w.required(stringValue(r.Reason.Code))
	if r.Priority != nil {
		w.optional(parquet.DoubleValue(*r.Priority))
	} else {
		w.null()
	}
	if r.Rank > 0 {
		w.optional(parquet.Int64Value(int64(r.Rank)))
	} else {
		w.null()
	}

	for _, c := range p.columns {
		v := value(r, c.Field)
		switch {
		case v == nil:
			w.null()
		case c.Mixed:
			w.optional(stringValue(Text(v)))
		default:
			values, list, ok := parquetValues(v, c.Type)
			if !ok || list != c.List {
				return nil, fmt.Errorf("process %s: result field %s holds a %T, which its declaration does not allow", r.Process, c.Field, v)
			}
			if list {
				w.list(values, 1)
			} else {
				w.optional(values[0])
			}
		}
	}
	return w.row, nil
}

// rowWriter appends one column after the other, with the repetition and
// definition levels of the schema built in newParquet.
type rowWriter struct {
	row parquet.Row
	at  int // next column
}

func (w *rowWriter) append(v parquet.Value, repetition, definition int) {
	w.row = append(w.row, v.Level(repetition, definition, w.at))
}

func (w *rowWriter) required(v parquet.Value) { w.append(v, 0, 0); w.at++ }
func (w *rowWriter) optional(v parquet.Value) { w.append(v, 0, 1); w.at++ }
func (w *rowWriter) null()                    { w.append(parquet.NullValue(), 0, 0); w.at++ }

// list writes a three-level list that stands in `outer` optional groups.
func (w *rowWriter) list(values []parquet.Value, outer int) {
	if len(values) == 0 {
		w.append(parquet.NullValue(), 0, outer)
	}
	for i, v := range values {
		w.append(v, min(i, 1), outer+1)
	}
	w.at++
}

func stringValue(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }

// parquetValues are the Parquet values of v if it is of type t or a list of t.
func parquetValues(v any, t bundle.Type) (values []parquet.Value, list, ok bool) {
	switch t {
	case bundle.Boolean:
		return scalarOrList(v, parquet.BooleanValue)
	case bundle.Integer:
		return scalarOrList(v, parquet.Int64Value)
	case bundle.Number:
		return scalarOrList(v, parquet.DoubleValue)
	case bundle.Date:
		return scalarOrList(v, func(d time.Time) parquet.Value { return parquet.Int32Value(int32(d.Unix() / 86400)) })
	}
	return scalarOrList(v, stringValue)
}

func scalarOrList[T any](v any, of func(T) parquet.Value) (values []parquet.Value, list, ok bool) {
	switch v := v.(type) {
	case T:
		return []parquet.Value{of(v)}, false, true
	case []T:
		return each(v, of), true, true
	}
	return nil, false, false
}

func each[T any](list []T, of func(T) parquet.Value) []parquet.Value {
	values := make([]parquet.Value, len(list))
	for i, v := range list {
		values[i] = of(v)
	}
	return values
}

// orderedGroup is a group whose columns stand in a given order; parquet.Group
// sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g orderedGroup) Fields() []parquet.Field { return g.fields }

type namedNode struct {
	parquet.Node
	name string
}

func (n namedNode) Name() string { return n.name }

// Value is for writers of Go maps, which this package does not use.
func (n namedNode) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(n.name))
}

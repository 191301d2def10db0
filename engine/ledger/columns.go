// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// rowsPerGroup is the most rows a Parquet row group holds. It bounds what a
// reader must keep in memory at once.
const rowsPerGroup = 1 << 16

// column is one top-level column of a Parquet file to be written: its schema
// and its cells.
type column struct {
	name string
	node parquet.Node
	// fill appends the cell of a row as Parquet values of the leaf column
	// numbered leaf.
	fill func(dst []parquet.Value, row, leaf int) []parquet.Value
}

// required is a column with a value in every row.
func required(name string, node parquet.Node, value func(row int) parquet.Value) column {
	return column{name, node, func(dst []parquet.Value, row, leaf int) []parquet.Value {
		return append(dst, value(row).Level(0, 0, leaf))
	}}
}

// optional is a column with a value in some rows.
func optional(name string, node parquet.Node, value func(row int) (parquet.Value, bool)) column {
	return column{name, parquet.Optional(node), func(dst []parquet.Value, row, leaf int) []parquet.Value {
		v, ok := value(row)
		if !ok {
			return append(dst, parquet.NullValue().Level(0, 0, leaf))
		}
		return append(dst, v.Level(0, 1, leaf))
	}}
}

// list is a column with a list in every row.
func list(name string, element parquet.Node, size func(row int) int, value func(row, i int) parquet.Value) column {
	return column{name, parquet.List(element), func(dst []parquet.Value, row, leaf int) []parquet.Value {
		return appendListCell(dst, row, leaf, 0, size(row), value)
	}}
}

// optionalList is a column with a list in the rows where size is not negative.
func optionalList(name string, element parquet.Node, size func(row int) int, value func(row, i int) parquet.Value) column {
	return column{name, parquet.Optional(parquet.List(element)), func(dst []parquet.Value, row, leaf int) []parquet.Value {
		n := size(row)
		if n < 0 {
			return append(dst, parquet.NullValue().Level(0, 0, leaf))
		}
		return appendListCell(dst, row, leaf, 1, n, value)
	}}
}

// appendListCell appends a list's elements with the levels of Parquet's LIST:
// base is the definition level of an empty list.
func appendListCell(dst []parquet.Value, row, leaf, base, n int, value func(row, i int) parquet.Value) []parquet.Value {
	if n == 0 {
		return append(dst, parquet.NullValue().Level(0, base, leaf))
	}
	for i := range n {
		repetition := 1
		if i == 0 {
			repetition = 0
		}
		dst = append(dst, value(row, i).Level(repetition, base+1, leaf))
	}
	return dst
}

// Nodes by the way their values repeat: text that seldom repeats is stored
// plainly, codes by dictionary, hashes without compression. Numbers are stored
// plainly because a dictionary would merge -0 with 0.
func text() parquet.Node { return parquet.Encoded(parquet.String(), &parquet.Plain) }
func code() parquet.Node { return parquet.Encoded(parquet.String(), &parquet.RLEDictionary) }
func number() parquet.Node {
	return parquet.Encoded(parquet.Leaf(parquet.DoubleType), &parquet.Plain)
}
func boolean() parquet.Node { return parquet.Leaf(parquet.BooleanType) }
func integer() parquet.Node { return parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked) }
func date() parquet.Node    { return parquet.Encoded(parquet.Date(), &parquet.DeltaBinaryPacked) }
func sourceRow() parquet.Node {
	return parquet.Encoded(parquet.Uint(32), &parquet.DeltaBinaryPacked)
}
func timestamp() parquet.Node {
	return parquet.Encoded(parquet.Timestamp(parquet.Nanosecond), &parquet.DeltaBinaryPacked)
}
func hash32() parquet.Node {
	return parquet.Compressed(parquet.Encoded(parquet.Leaf(parquet.FixedLenByteArrayType(32)), &parquet.Plain), &parquet.Uncompressed)
}

// ordered is a group whose fields keep their order; parquet.Group sorts them.
type ordered struct {
	parquet.Group
	names []string
}

func (g ordered) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// writeColumns writes a Parquet file. The bytes depend on the arguments alone.
// Columns named in blooms get a Bloom filter, so that a reader can tell that a
// file does not hold a value without reading it.
func writeColumns(w io.Writer, name string, rows int, metadata map[string]string, blooms []string, columns []column) error {
	schema := ordered{Group: parquet.Group{}}
	for _, c := range columns {
		if _, twice := schema.Group[c.name]; twice {
			return fmt.Errorf("two columns are named %q", c.name)
		}
		schema.Group[c.name] = c.node
		schema.names = append(schema.names, c.name)
	}
	options := []parquet.WriterOption{
		parquet.NewSchema(name, schema),
		parquet.CreatedBy("juncture", "1", "0"), // the default names the build, and bytes would differ by it
		parquet.Compression(&parquet.Zstd),
		parquet.MaxRowsPerRowGroup(math.MaxInt64), // groups are cut below
	}
	for key, value := range metadata {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	var filters []parquet.BloomFilterColumn
	for _, b := range blooms {
		filters = append(filters, parquet.SplitBlockFilter(10, b))
	}
	options = append(options, parquet.BloomFilters(filters...))

	out := parquet.NewGenericWriter[any](w, options...)
	buffer := make([]parquet.Value, 0, 2048)
	for from := 0; from < rows; from += rowsPerGroup {
		to := min(from+rowsPerGroup, rows)
		for leaf, c := range columns {
			if err := writeChunk(out.ColumnWriters()[leaf], c, leaf, from, to, buffer); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeChunk(w *parquet.ColumnWriter, c column, leaf, from, to int, buffer []parquet.Value) error {
	for row := from; row < to; {
		buffer = buffer[:0]
		for ; row < to && len(buffer) < 1024; row++ {
			buffer = c.fill(buffer, row, leaf)
		}
		if _, err := w.WriteRowValues(buffer); err != nil {
			return err
		}
	}
	return nil
}

// columnsFile is an open Parquet file of ours. Every top-level column has
// exactly one leaf.
type columnsFile struct {
	file   *parquet.File
	leaves map[string]int
}

// openColumns opens a Parquet file. Whoever calls has compared the file's
// digest: the reader trusts what it reads.
func openColumns(r io.ReaderAt, size int64) (f *columnsFile, err error) {
	defer recovered(&err)
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true))
	if err != nil {
		return nil, err
	}
	f = &columnsFile{file: file, leaves: map[string]int{}}
	for leaf, path := range file.Schema().Columns() {
		f.leaves[path[0]] = leaf
	}
	return f, nil
}

// checkFooter refuses a file whose footer claims to be larger than the file: the
// Parquet library makes room for what is claimed, up to 4 GiB.
func checkFooter(r io.ReaderAt, size int64) error {
	const ends = int64(len("PAR1") + 4 + len("PAR1")) // a magic number at each end, and the footer's length
	var length [4]byte
	if size < ends {
		return errors.New("malformed Parquet: too short")
	}
	if _, err := r.ReadAt(length[:], size-8); err != nil {
		return err
	}
	if footer := int64(binary.LittleEndian.Uint32(length[:])); footer > size-ends {
		return fmt.Errorf("malformed Parquet: a footer of %d bytes in a file of %d", footer, size)
	}
	return nil
}

// recovered turns a panic of the Parquet library over a malformed file into an
// error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("malformed Parquet: %v", r)
	}
}

// mayHold reports whether a row group may hold a text in a column, by the
// column's Bloom filter; true where there is none.
func (f *columnsFile) mayHold(group int, name, value string) (found bool, err error) {
	defer recovered(&err)
	filter := f.file.RowGroups()[group].ColumnChunks()[f.leaves[name]].BloomFilter()
	if filter == nil {
		return true, nil
	}
	return filter.Check(parquet.ByteArrayValue([]byte(value)))
}

// cells are the values of one column in one row group.
type cells struct {
	values []parquet.Value
	// starts holds, for a list column, where each row's values begin in values
	// and, last, where they end; nil for a scalar column.
	starts []int
}

// read reads one column of one row group.
func (f *columnsFile) read(group int, name string) (c cells, err error) {
	defer recovered(&err)
	leaf, ok := f.leaves[name]
	if !ok {
		return c, fmt.Errorf("column %q is missing", name)
	}
	g := f.file.RowGroups()[group]
	chunk := g.ColumnChunks()[leaf]
	c.values = make([]parquet.Value, 0, chunk.NumValues())
	pages := chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, fmt.Errorf("column %q: %w", name, err)
		}
		from := len(c.values)
		c.values = slices.Grow(c.values, int(page.NumValues()))[:from+int(page.NumValues())]
		n, err := page.Values().ReadValues(c.values[from:])
		if n < int(page.NumValues()) && err != nil {
			return c, fmt.Errorf("column %q: %w", name, err)
		}
	}
	if len(f.file.Schema().Columns()[leaf]) > 1 { // list.element below the name
		c.starts = make([]int, 0, g.NumRows()+1)
		for i := range c.values {
			if c.values[i].RepetitionLevel() == 0 {
				c.starts = append(c.starts, i)
			}
		}
		c.starts = append(c.starts, len(c.values))
	}
	if rows := c.rows(); int64(rows) != g.NumRows() {
		return c, fmt.Errorf("column %q has %d cells for %d rows", name, rows, g.NumRows())
	}
	return c, nil
}

func (c cells) rows() int {
	if c.starts != nil {
		return len(c.starts) - 1
	}
	return len(c.values)
}

// list is the elements of a row's list, and false where there is no list.
// base is the definition level of an empty list, 1 where the list is optional.
func (c cells) list(row, base int) ([]parquet.Value, bool) {
	v := c.values[c.starts[row]:c.starts[row+1]]
	if len(v) == 1 && v[0].DefinitionLevel() <= base {
		return nil, v[0].DefinitionLevel() == base
	}
	return v, true
}

func (c cells) text(row int) string   { return string(c.values[row].ByteArray()) }
func (c cells) integer(row int) int64 { return c.values[row].Int64() }
func (c cells) null(row int) bool     { return c.values[row].IsNull() }
func (c cells) texts(row int) []string {
	v, _ := c.list(row, 0)
	if len(v) == 0 {
		return nil
	}
	out := make([]string, len(v))
	for i := range v {
		out[i] = string(v[i].ByteArray())
	}
	return out
}

// textValue shares the string's bytes: the writer copies them into its page, and
// a copy here would be an allocation a cell.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s))) //nolint:gosec // nobody writes to them
}

// nanos is an instant as Parquet's nanoseconds since 1970, which reach from
// 1678 to 2262.
func nanos(t time.Time) (int64, error) {
	n := t.UnixNano()
	if !time.Unix(0, n).Equal(t) {
		return 0, fmt.Errorf("instant %s is outside the years 1678 to 2262 that can be recorded", t.UTC().Format(time.RFC3339))
	}
	return n, nil
}

func instant(n int64) time.Time { return time.Unix(0, n).UTC() }

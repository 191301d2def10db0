// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/juncture-dev/juncture/engine/decision"
)

// SegmentFormat names the layout of a segment file.
const SegmentFormat = "juncture.dev/segment/v1"

// metadataKey is the key of a file's description in its Parquet metadata.
const metadataKey = "juncture"

// SegmentHeader describes a segment: what all its decisions share.
type SegmentHeader struct {
	Format   string         `json:"format"`
	District string         `json:"district"`
	Process  string         `json:"process"`
	Revision string         `json:"revision"`
	Run      string         `json:"run"`
	Trigger  string         `json:"trigger"`
	At       time.Time      `json:"at"`
	Snapshot string         `json:"snapshot"`
	Root     string         `json:"root"`
	Size     int            `json:"decisions"`
	Fields   []segmentField `json:"fields"`
	// Languages of the reason texts, sorted: one column each.
	Languages []string `json:"languages"`
}

// segmentField is one result field and the kind of its column. A field that no
// decision gives a value has kindNone and no column.
type segmentField struct {
	Name string    `json:"name"`
	Kind valueKind `json:"kind"`
}

// leaf is what a segment keeps of a decision beside its record.
type leaf struct {
	// Inputs is the HMAC-SHA256, under the student's key, of the canonical form
	// of what the run knew of the student.
	Inputs Hash
	// Commitment is the HMAC-SHA256, under the student's key, of the record's
	// canonical form followed by Inputs. It is the data of the Merkle leaf.
	Commitment Hash
}

// segmentShape finds the columns that records need beyond the fixed ones. It
// fails on a field that the process does not declare and on a field whose
// values are of different kinds.
func segmentShape(declared []string, records []decision.Record) (fields []segmentField, languages []string, err error) {
	fields = make([]segmentField, len(declared))
	for i, name := range declared {
		fields[i].Name = name
	}
	spoken := map[string]bool{}
	for i := range records {
		r, next := &records[i], 0
		for _, v := range r.Result {
			at := fieldIndex(declared, v.Field, next)
			if at < 0 {
				return nil, nil, fmt.Errorf("record %d: result field %q is not declared by the process, or not in declared order", i, v.Field)
			}
			next = at + 1
			kind, err := kindOf(v.V)
			if err != nil {
				return nil, nil, fmt.Errorf("record %d: result field %q: %w", i, v.Field, err)
			}
			switch {
			case kind == kindNone:
			case fields[at].Kind == kindNone:
				fields[at].Kind = kind
			case fields[at].Kind != kind:
				return nil, nil, fmt.Errorf("record %d: result field %q holds a %T where the run's other decisions hold another type", i, v.Field, v.V)
			}
		}
		for language := range r.Reason.Text {
			spoken[language] = true
		}
	}
	return fields, slices.Sorted(maps.Keys(spoken)), nil
}

// fieldIndex is the index of a declared name at or after from, or -1.
func fieldIndex(declared []string, name string, from int) int {
	for i := from; i < len(declared); i++ {
		if declared[i] == name {
			return i
		}
	}
	return -1
}

// encodeSegment writes a segment: one row a decision, in the records' order.
func encodeSegment(w io.Writer, h SegmentHeader, records []decision.Record, leaves []leaf) error {
	header, err := json.Marshal(h)
	if err != nil {
		return err
	}
	r := func(row int) *decision.Record { return &records[row] }
	columns := []column{
		required("id", text(), func(row int) parquet.Value { return textValue(r(row).ID) }),
		required("student", text(), func(row int) parquet.Value { return textValue(r(row).Student) }),
		required("school", code(), func(row int) parquet.Value { return textValue(r(row).School) }),
		required("class", code(), func(row int) parquet.Value { return textValue(r(row).Class) }),
		textsColumn("rules", func(row int) []string { return r(row).Rules }),
		required("state", code(), func(row int) parquet.Value { return textValue(string(r(row).State)) }),
		required("reason", code(), func(row int) parquet.Value { return textValue(r(row).Reason.Code) }),
		optional("priority", number(), func(row int) (parquet.Value, bool) {
			if r(row).Priority == nil {
				return parquet.Value{}, false
			}
			return parquet.DoubleValue(*r(row).Priority), true
		}),
		required("capacity_group", code(), func(row int) parquet.Value { return textValue(r(row).Group) }),
		required("units", integer(), func(row int) parquet.Value { return parquet.Int64Value(r(row).Units) }),
		required("rank", integer(), func(row int) parquet.Value { return parquet.Int64Value(int64(r(row).Rank)) }),
		required("waiting", integer(), func(row int) parquet.Value { return parquet.Int64Value(int64(r(row).Waiting)) }),
		required("placement", code(), func(row int) parquet.Value { return textValue(r(row).Placement) }),
		textsColumn("missing", func(row int) []string { return r(row).Missing }),
		required("failure", code(), func(row int) parquet.Value { return textValue(r(row).Failure) }),
		required("supersedes", text(), func(row int) parquet.Value { return textValue(r(row).Supersedes) }),
		optional("expires", timestamp(), func(row int) (parquet.Value, bool) {
			return parquet.Int64Value(r(row).Expires.UnixNano()), !r(row).Expires.IsZero()
		}),
		required("has_result", boolean(), func(row int) parquet.Value { return parquet.BooleanValue(len(r(row).Result) > 0) }),
		required("inputs", hash32(), func(row int) parquet.Value { return parquet.FixedLenByteArrayValue(leaves[row].Inputs[:]) }),
		required("leaf", hash32(), func(row int) parquet.Value {
			return parquet.FixedLenByteArrayValue(leaves[row].Commitment[:])
		}),
	}
	for _, language := range h.Languages {
		columns = append(columns, optional("reason_"+language, text(), func(row int) (parquet.Value, bool) {
			s, ok := r(row).Reason.Text[language]
			return textValue(s), ok
		}))
	}
	for _, f := range h.Fields {
		if f.Kind != kindNone {
			columns = append(columns, resultColumn(f, records))
		}
	}
	return writeColumns(w, "segment", len(records), map[string]string{metadataKey: string(header)}, []string{"id", "student"}, columns)
}

func textsColumn(name string, texts func(row int) []string) column {
	return list(name, code(),
		func(row int) int { return len(texts(row)) },
		func(row, i int) parquet.Value { return textValue(texts(row)[i]) })
}

// resultColumn is the column of a result field. A decision without a result,
// and one without a value for the field, has null.
func resultColumn(f segmentField, records []decision.Record) column {
	value := func(row int) any {
		for _, v := range records[row].Result {
			if v.Field == f.Name {
				return v.V
			}
		}
		return nil
	}
	name := "result_" + f.Name
	if f.Kind < listOf {
		return optional(name, kindNode(f.Kind), func(row int) (parquet.Value, bool) {
			v := value(row)
			if v == nil {
				return parquet.Value{}, false
			}
			return scalarValue(v), true
		})
	}
	return optionalList(name, kindNode(f.Kind-listOf),
		func(row int) int { return listSize(value(row)) },
		func(row, i int) parquet.Value { return elementValue(value(row), i) })
}

func kindNode(k valueKind) parquet.Node {
	switch k {
	case kindBool:
		return boolean()
	case kindInt:
		return integer()
	case kindFloat:
		return number()
	case kindDate:
		return date()
	}
	return code()
}

func scalarValue(v any) parquet.Value {
	switch v := v.(type) {
	case bool:
		return parquet.BooleanValue(v)
	case int64:
		return parquet.Int64Value(v)
	case float64:
		return parquet.DoubleValue(v)
	case time.Time:
		return parquet.Int32Value(int32(days(v)))
	case string:
		return textValue(v)
	}
	return parquet.NullValue()
}

// listSize is the length of a list value, -1 for none.
func listSize(v any) int {
	switch v := v.(type) {
	case []bool:
		return len(v)
	case []int64:
		return len(v)
	case []float64:
		return len(v)
	case []string:
		return len(v)
	case []time.Time:
		return len(v)
	}
	return -1
}

func elementValue(v any, i int) parquet.Value {
	switch v := v.(type) {
	case []bool:
		return scalarValue(v[i])
	case []int64:
		return scalarValue(v[i])
	case []float64:
		return scalarValue(v[i])
	case []string:
		return scalarValue(v[i])
	case []time.Time:
		return scalarValue(v[i])
	}
	return parquet.NullValue()
}

// segment is an open segment.
type segment struct {
	*columnsFile
	SegmentHeader
}

func openSegment(r io.ReaderAt, size int64) (*segment, error) {
	f, err := openColumns(r, size)
	if err != nil {
		return nil, err
	}
	s := &segment{columnsFile: f}
	if err := header(f, SegmentFormat, &s.SegmentHeader, &s.Format); err != nil {
		return nil, err
	}
	if rows := f.file.NumRows(); rows != int64(s.Size) {
		return nil, fmt.Errorf("the file has %d rows, its description says %d", rows, s.Size)
	}
	return s, nil
}

// header reads a file's description and refuses another format than want.
func header(f *columnsFile, want string, into any, format *string) error {
	text, ok := f.file.Lookup(metadataKey)
	if !ok {
		return fmt.Errorf("no %q in the file's metadata: not a file of this record", metadataKey)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	if *format != want {
		return fmt.Errorf("format %q is not known here, only %q", *format, want)
	}
	return nil
}

func (s *segment) groups() int { return len(s.file.RowGroups()) }

// commitments reads the data of all leaves.
func (s *segment) commitments() ([]Hash, error) { return s.hashes("leaf") }

func (s *segment) hashes(name string) ([]Hash, error) {
	all := make([]Hash, 0, s.Size)
	for g := range s.groups() {
		c, err := s.read(g, name)
		if err != nil {
			return nil, err
		}
		for i := range c.values {
			all = append(all, Hash(c.values[i].ByteArray()))
		}
	}
	return all, nil
}

// texts reads a whole text column.
func (s *segment) texts(name string) ([]string, error) {
	all := make([]string, 0, s.Size)
	for g := range s.groups() {
		c, err := s.read(g, name)
		if err != nil {
			return nil, err
		}
		for i := range c.values {
			all = append(all, c.text(i))
		}
	}
	return all, nil
}

// records reads the decisions in rows [from, to) of one row group.
func (s *segment) records(group, from, to int) (records []decision.Record, err error) {
	defer recovered(&err)
	r := &segmentRows{segment: s, group: group, from: from}
	id, student, school, class := r.cells("id"), r.cells("student"), r.cells("school"), r.cells("class")
	rules, state, reason, priority := r.cells("rules"), r.cells("state"), r.cells("reason"), r.cells("priority")
	capacity, units, rank, waiting := r.cells("capacity_group"), r.cells("units"), r.cells("rank"), r.cells("waiting")
	placement, missing, failure, supersedes := r.cells("placement"), r.cells("missing"), r.cells("failure"), r.cells("supersedes")
	expires, hasResult := r.cells("expires"), r.cells("has_result")
	if r.err != nil {
		return nil, r.err
	}
	records = make([]decision.Record, to-from)
	for at := range records {
		i := from + at
		records[at] = decision.Record{
			ID: id.text(i), District: s.District, School: school.text(i), Class: class.text(i), Student: student.text(i),
			Process: s.Process, Revision: s.Revision, Run: s.Run, At: s.At,
			Rules: rules.texts(i), State: decision.State(state.text(i)), Reason: decision.Reason{Code: reason.text(i)},
			Group: capacity.text(i), Units: units.integer(i), Rank: int(rank.integer(i)), Waiting: int(waiting.integer(i)), Placement: placement.text(i),
			Missing: missing.texts(i), Failure: failure.text(i), Supersedes: supersedes.text(i),
		}
		if !priority.null(i) {
			p := priority.values[i].Double()
			records[at].Priority = &p
		}
		if !expires.null(i) {
			records[at].Expires = instant(expires.integer(i))
		}
		if hasResult.values[i].Boolean() {
			records[at].Result = make([]decision.Value, len(s.Fields))
		}
	}
	r.reasons(records)
	r.results(records)
	return records, r.err
}

// segmentRows reads columns of one row group and keeps the first error.
type segmentRows struct {
	*segment
	group int
	from  int // row of the group that the first record is
	err   error
}

func (r *segmentRows) cells(name string) cells {
	if r.err != nil {
		return cells{}
	}
	c, err := r.read(r.group, name)
	r.err = err
	return c
}

func (r *segmentRows) reasons(records []decision.Record) {
	for _, language := range r.Languages {
		c := r.cells("reason_" + language)
		if r.err != nil {
			return
		}
		for i := range records {
			if c.null(r.from + i) {
				continue
			}
			if records[i].Reason.Text == nil {
				records[i].Reason.Text = make(map[string]string, len(r.Languages))
			}
			records[i].Reason.Text[language] = c.text(r.from + i)
		}
	}
}

func (r *segmentRows) results(records []decision.Record) {
	for at, f := range r.Fields {
		var c cells
		if f.Kind != kindNone {
			if c = r.cells("result_" + f.Name); r.err != nil {
				return
			}
		}
		for i := range records {
			if records[i].Result == nil {
				continue
			}
			records[i].Result[at].Field = f.Name
			if f.Kind != kindNone {
				records[i].Result[at].V = resultValue(c, f.Kind, r.from+i)
			}
		}
	}
}

func resultValue(c cells, kind valueKind, row int) any {
	if kind < listOf {
		if c.null(row) {
			return nil
		}
		return goValue(kind, c.values[row])
	}
	v, ok := c.list(row, 1)
	if !ok {
		return nil
	}
	switch kind - listOf {
	case kindBool:
		return collect(v, parquet.Value.Boolean)
	case kindInt:
		return collect(v, parquet.Value.Int64)
	case kindFloat:
		return collect(v, parquet.Value.Double)
	case kindDate:
		return collect(v, func(v parquet.Value) time.Time { return goValue(kindDate, v).(time.Time) })
	}
	return collect(v, func(v parquet.Value) string { return string(v.ByteArray()) })
}

func collect[T any](values []parquet.Value, one func(parquet.Value) T) []T {
	out := make([]T, len(values))
	for i := range values {
		out[i] = one(values[i])
	}
	return out
}

func goValue(kind valueKind, v parquet.Value) any {
	switch kind {
	case kindBool:
		return v.Boolean()
	case kindInt:
		return v.Int64()
	case kindFloat:
		return v.Double()
	case kindDate:
		return time.Unix(int64(v.Int32())*86400, 0).UTC()
	}
	return string(v.ByteArray())
}

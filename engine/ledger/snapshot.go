// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
	"github.com/juncture-dev/juncture/engine/student"
)

// SnapshotFormat names the layout of a snapshot file.
const SnapshotFormat = "juncture.dev/snapshot/v2"

// GroupRows is how many students a group of rows has, all groups but the last.
// A group is what is encoded, hashed and read at once: small enough that one
// decision is found and proven in well under a millisecond and that a group's
// columns fit in the processor's cache, large enough that a group's tables and
// digests cost next to nothing a row. It is a power of two, so that a group is a
// subtree.
const GroupRows = 1 << 10

// snapshotHeader describes a snapshot. What a population knows of its input's
// problems is not part of it: no rule reads them.
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

// A group's chunks, in this order; after them one a column. The chunk after the
// last group's holds the first student of each group.
const (
	chunkStudents = iota
	chunkPlaces   // schools and classes
	chunkParts    // first four bytes of each student's part of a decision's id
	chunkColumns
)

func (h *snapshotHeader) perGroup() int { return chunkColumns + len(h.Columns) }
func (h *snapshotHeader) groups() int   { return groupsOf(h.Size) }

func groupsOf(rows int) int { return (rows + GroupRows - 1) / GroupRows }

// headerOf describes a population.
//
// It fails if the population's zone is not one of the IANA database (nil is
// UTC), as the snapshot could not be read back elsewhere.
func headerOf(p *student.Population) (h snapshotHeader, err error) {
	h = snapshotHeader{Format: SnapshotFormat, District: p.District, At: p.At.UTC(), Source: p.Source, Columns: []snapshotColumn{}}
	if h.Zone, err = zoneName(p.Zone); err != nil {
		return h, err
	}
	for _, c := range p.Columns() {
		h.Columns = append(h.Columns, snapshotColumn{Attribute: c.Attribute, Rows: c.RowOffsets != nil, Newest: c.Newest != nil})
	}
	return h, nil
}

func zoneName(zone *time.Location) (string, error) {
	if zone == nil {
		return "UTC", nil
	}
	name := zone.String()
	if name == "Local" {
		return "", errors.New("the population's time zone is the machine's own; name one of the IANA database")
	}
	if _, err := time.LoadLocation(name); err != nil {
		return "", fmt.Errorf("the population's time zone %q is not one of the IANA database", name)
	}
	return name, nil
}

// EncodeSnapshot writes a population and returns the file's seal. The same
// population gives the same bytes.
func EncodeSnapshot(w io.Writer, p *student.Population) (Hash, error) {
	s, err := newSnapshotWriter(w, p)
	if err != nil {
		return Hash{}, err
	}
	var g encodedGroup
	e := newGroupEncoder(p.District)
	for from := 0; from < p.Len(); from += GroupRows {
		g.reset()
		if err := e.snapshot(&g, p, from, min(from+GroupRows, p.Len())); err != nil {
			return Hash{}, err
		}
		if err := s.append(p.IDs[from], g.all()); err != nil {
			return Hash{}, err
		}
	}
	return s.close(p.Source, p.Len())
}

// snapshotWriter writes a snapshot's groups in order.
type snapshotWriter struct {
	snapshotHeader
	out    *columns.Writer
	firsts []string
}

func newSnapshotWriter(w io.Writer, p *student.Population) (*snapshotWriter, error) {
	h, err := headerOf(p)
	if err != nil {
		return nil, err
	}
	return &snapshotWriter{snapshotHeader: h, out: columns.NewWriter(w)}, nil
}

func (s *snapshotWriter) append(first string, chunks []encodedChunk) error {
	s.firsts = append(s.firsts, first)
	for _, c := range chunks {
		if err := s.out.Append(c.bytes, c.digest); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshotWriter) close(source student.Origin, size int) (Hash, error) {
	index := columns.AppendTexts(nil, s.firsts)
	if err := s.out.Append(index, sum256(index)); err != nil {
		return Hash{}, err
	}
	s.Source, s.Size = source, size
	header, err := json.Marshal(s.snapshotHeader)
	if err != nil {
		return Hash{}, err
	}
	return s.out.Close(header)
}

// encodedGroup is the chunks of a group of rows, ready to be written.
type encodedGroup struct {
	bytes   []byte
	ends    []int
	digests []columns.Digest
	chunks  []encodedChunk
}

type encodedChunk struct {
	bytes  []byte
	digest columns.Digest
}

func (g *encodedGroup) reset() { g.bytes, g.ends, g.digests = g.bytes[:0], g.ends[:0], g.digests[:0] }

// start is where the chunk that is being written begins.
func (g *encodedGroup) start() int {
	if len(g.ends) == 0 {
		return 0
	}
	return g.ends[len(g.ends)-1]
}

// end ends a chunk.
func (g *encodedGroup) end() { g.endWith(sum256(g.bytes[g.start():])) }

func (g *encodedGroup) endWith(digest columns.Digest) {
	g.ends, g.digests = append(g.ends, len(g.bytes)), append(g.digests, digest)
}

// all is the chunks; it is good until the next reset.
func (g *encodedGroup) all() []encodedChunk {
	g.chunks = g.chunks[:0]
	from := 0
	for i, to := range g.ends {
		g.chunks = append(g.chunks, encodedChunk{g.bytes[from:to], g.digests[i]})
		from = to
	}
	return g.chunks
}

// groupEncoder encodes groups. It keeps its room between calls; one goroutine
// uses it at a time.
type groupEncoder struct {
	coder    columns.Coder
	digest   *studentDigest
	parts    []uint32
	lengths  []uint32
	bools    []bool
	ints     []int64
	floats   []float64
	codes    []uint32
	students [][16]byte // the students' parts of the group encoded last
}

func newGroupEncoder(district string) *groupEncoder {
	return &groupEncoder{digest: newStudentDigest(district)}
}

// snapshot encodes the chunks of the students in rows [from, to).
func (e *groupEncoder) snapshot(g *encodedGroup, p *student.Population, from, to int) error {
	g.bytes = columns.AppendTexts(g.bytes, p.IDs[from:to])
	g.end()
	g.bytes = e.coder.AppendTexts(g.bytes, p.Schools[from:to])
	g.bytes = e.coder.AppendTexts(g.bytes, p.Classes[from:to])
	g.end()
	e.parts, e.students = e.parts[:0], e.students[:0]
	for _, id := range p.IDs[from:to] {
		part := e.digest.of(id)
		e.students = append(e.students, part)
		e.parts = append(e.parts, binary.BigEndian.Uint32(part[:]))
	}
	g.bytes = columns.AppendInts(g.bytes, e.parts)
	g.end()
	for _, c := range p.Columns() {
		if err := e.column(g, c, from, to); err != nil {
			return fmt.Errorf("attribute %q: %w", c.Name(), err)
		}
		g.end()
	}
	return nil
}

// column encodes presence, values, and where they came from. Cells without a
// value hold nothing in lists and zero elsewhere, whatever they held before.
func (e *groupEncoder) column(g *encodedGroup, c *student.Column, from, to int) error {
	presence := c.Presence[from:to]
	g.bytes = columns.AppendInts(g.bytes, presence)
	all := true
	for _, p := range presence {
		if all = all && p == student.Present; p > student.Faulty {
			return fmt.Errorf("presence %d is not known", p)
		}
	}
	if c.Type().IsList() {
		if err := e.lists(g, c, from, to); err != nil {
			return err
		}
	} else {
		e.scalars(g, c, from, to, all)
	}
	if c.RowOffsets != nil {
		e.lengths = e.lengths[:0]
		for i := from; i < to; i++ {
			e.lengths = append(e.lengths, c.RowOffsets[i+1]-c.RowOffsets[i])
		}
		rows := c.Rows[c.RowOffsets[from]:c.RowOffsets[to]]
		if len(rows) > columns.MaxValues {
			return errTooMany
		}
		g.bytes = columns.AppendInts(g.bytes, e.lengths)
		g.bytes = columns.AppendInts(g.bytes, rows)
	}
	if c.Newest != nil {
		g.bytes = columns.AppendInts(g.bytes, c.Newest[from:to])
	}
	return nil
}

var errTooMany = fmt.Errorf("more than %d list elements of %d students", columns.MaxValues, GroupRows)

func (e *groupEncoder) scalars(g *encodedGroup, c *student.Column, from, to int, all bool) {
	presence := c.Presence[from:to]
	switch c.Type() {
	case bundle.Boolean:
		e.bools = present(e.bools, c.Bools[from:to], presence)
		g.bytes = columns.AppendBools(g.bytes, e.bools)
	case bundle.Integer, bundle.Date:
		values := c.Ints[from:to]
		if !all {
			e.ints = present(e.ints, values, presence)
			values = e.ints
		}
		g.bytes = columns.AppendInts(g.bytes, values)
	case bundle.Number:
		values := c.Floats[from:to]
		if !all {
			e.floats = present(e.floats, values, presence)
			values = e.floats
		}
		g.bytes = columns.AppendFloats(g.bytes, values)
	default:
		// Only the texts of present cells: a dictionary may be empty where there
		// are none.
		e.codes = e.codes[:0]
		for i, code := range c.Codes[from:to] {
			if presence[i] == student.Present {
				e.codes = append(e.codes, code)
			}
		}
		g.bytes = e.coder.AppendCodes(g.bytes, e.codes, c.Dict)
	}
}

// present copies a column with zero where there is no value.
func present[T any](dst, values []T, presence []student.Presence) []T {
	dst = append(dst[:0], values...)
	var zero T
	for i, p := range presence {
		if p != student.Present {
			dst[i] = zero
		}
	}
	return dst
}

func (e *groupEncoder) lists(g *encodedGroup, c *student.Column, from, to int) error {
	e.lengths = e.lengths[:0]
	e.bools, e.ints, e.floats, e.codes = e.bools[:0], e.ints[:0], e.floats[:0], e.codes[:0]
	total := 0
	for row := from; row < to; row++ {
		if c.Presence[row] != student.Present {
			e.lengths = append(e.lengths, 0)
			continue
		}
		a, b := c.Range(row)
		e.lengths = append(e.lengths, b-a)
		if total += int(b - a); total > columns.MaxValues {
			return errTooMany
		}
		switch c.Type().Element() {
		case bundle.Boolean:
			e.bools = append(e.bools, c.Bools[a:b]...)
		case bundle.Integer, bundle.Date:
			e.ints = append(e.ints, c.Ints[a:b]...)
		case bundle.Number:
			e.floats = append(e.floats, c.Floats[a:b]...)
		default:
			e.codes = append(e.codes, c.Codes[a:b]...)
		}
	}
	g.bytes = columns.AppendInts(g.bytes, e.lengths)
	switch c.Type().Element() {
	case bundle.Boolean:
		g.bytes = columns.AppendBools(g.bytes, e.bools)
	case bundle.Integer, bundle.Date:
		g.bytes = columns.AppendInts(g.bytes, e.ints)
	case bundle.Number:
		g.bytes = columns.AppendFloats(g.bytes, e.floats)
	default:
		g.bytes = e.coder.AppendCodes(g.bytes, e.codes, c.Dict)
	}
	return nil
}

// snapshot is an open snapshot file.
type snapshot struct {
	snapshotHeader
	file    *columns.File
	zone    *time.Location
	reading Hash
	firsts  []string // of each group
}

// openSnapshot opens a snapshot of which the seal is known.
func openSnapshot(r io.ReaderAt, size int64, seal Hash) (*snapshot, error) {
	file, err := columns.Open(r, size, columns.Digest(seal))
	if err != nil {
		return nil, err
	}
	s := &snapshot{file: file}
	if err := describe(file, SnapshotFormat, &s.snapshotHeader, &s.Format); err != nil {
		return nil, err
	}
	if s.Size < 0 || s.Size > math.MaxInt32 || file.Chunks() != s.groups()*s.perGroup()+1 {
		return nil, fmt.Errorf("the file has %d chunks, by its description %d", file.Chunks(), s.groups()*s.perGroup()+1)
	}
	if s.zone, err = time.LoadLocation(s.Zone); err != nil {
		return nil, fmt.Errorf("time zone %q: %w", s.Zone, err)
	}
	if s.reading, err = readingOf(&s.snapshotHeader); err != nil {
		return nil, err
	}
	index, err := file.Read(file.Chunks()-1, nil, nil)
	if err != nil {
		return nil, err
	}
	d := columns.NewDecoder(index)
	s.firsts = columns.Texts(d, nil, s.groups())
	return s, d.End()
}

// describe reads a file's description and refuses another format than want.
func describe(file *columns.File, want string, into any, format *string) error {
	if err := json.Unmarshal(file.Description, into); err != nil {
		return fmt.Errorf("description: %w", err)
	}
	if *format != want {
		return fmt.Errorf("format %q is not known here, only %q", *format, want)
	}
	return nil
}

// rows is the number of students in a group.
func (h *snapshotHeader) rows(group int) int { return rowsOf(h.Size, group) }

func rowsOf(size, group int) int { return min(GroupRows, size-group*GroupRows) }

func (s *snapshot) chunk(group, chunk int) (*columns.Decoder, error) {
	b, err := s.file.Read(group*s.perGroup()+chunk, nil, nil)
	return columns.NewDecoder(b), err
}

// students are the students of a group, in order.
func (s *snapshot) students(group int) ([]string, error) {
	d, err := s.chunk(group, chunkStudents)
	if err != nil {
		return nil, err
	}
	ids := columns.Texts(d, nil, s.rows(group))
	return ids, d.End()
}

// places are the schools and classes of a group's students.
func (s *snapshot) places(group int) (schools, classes []string, err error) {
	d, err := s.chunk(group, chunkPlaces)
	if err != nil {
		return nil, nil, err
	}
	schools = columns.RepeatedTexts(d, nil, s.rows(group))
	classes = columns.RepeatedTexts(d, nil, s.rows(group))
	return schools, classes, d.End()
}

// groupOf is the group that a student is in, if in any: the last that begins with
// the student or before; -1 if there is none.
func (s *snapshot) groupOf(id string) int {
	return sort.Search(len(s.firsts), func(g int) bool { return s.firsts[g] > id }) - 1
}

// find is the row of a student.
func (s *snapshot) find(id string) (row int, found bool, err error) {
	group := s.groupOf(id)
	if group < 0 {
		return 0, false, nil
	}
	ids, err := s.students(group)
	if err != nil {
		return 0, false, err
	}
	at := sort.SearchStrings(ids, id)
	return group*GroupRows + at, at < len(ids) && ids[at] == id, nil
}

// findPart is the row of the student who has this part in decisions' ids.
func (s *snapshot) findPart(studentPart string) (row int, found bool, err error) {
	var want uint32
	if _, err := fmt.Sscanf(studentPart, "%08x", &want); err != nil {
		return 0, false, nil
	}
	var parts []uint32
	for g := range s.groups() {
		d, err := s.chunk(g, chunkParts)
		if err != nil {
			return 0, false, err
		}
		parts = columns.Ints(d, parts[:0], s.rows(g))
		if err := d.End(); err != nil {
			return 0, false, err
		}
		for at, part := range parts {
			if part != want {
				continue
			}
			ids, err := s.students(g)
			if err != nil {
				return 0, false, err
			}
			if decision.StudentPart(s.District, ids[at]) == studentPart {
				return g*GroupRows + at, true, nil
			}
		}
	}
	return 0, false, nil
}

// DecodeSnapshot rebuilds a population from a file of which the seal is known.
// What rules can see of it is what they saw: presence, the values that are
// present, provenance, instant, zone. A dictionary is in order of first
// appearance, and cells without a value hold zero, whatever they held before.
func DecodeSnapshot(r io.ReaderAt, size int64, seal Hash) (*student.Population, error) {
	s, err := openSnapshot(r, size, seal)
	if err != nil {
		return nil, err
	}
	return s.population(0, s.groups(), nil)
}

// population is the students of groups [from, to), with the columns that a model
// declares, as its attributes; with all for nil.
func (s *snapshot) population(from, to int, model *bundle.Model) (*student.Population, error) {
	var ids, schools, classes []string
	decoders := make([]*columnDecoder, 0, len(s.Columns))
	for i, c := range s.Columns {
		if model == nil || declares(model, c.Attribute) {
			decoders = append(decoders, newColumnDecoder(c, chunkColumns+i))
		}
	}
	for g := from; g < to; g++ {
		who, err := s.students(g)
		if err != nil {
			return nil, err
		}
		where, which, err := s.places(g)
		if err != nil {
			return nil, err
		}
		ids, schools, classes = append(ids, who...), append(schools, where...), append(classes, which...)
		for _, c := range decoders {
			d, err := s.chunk(g, c.chunk)
			if err != nil {
				return nil, err
			}
			if err := c.add(d, len(who), 0, len(who)); err != nil {
				return nil, fmt.Errorf("attribute %q: %w", c.Name(), err)
			}
		}
	}
	found := make([]*student.Column, len(decoders))
	for i, c := range decoders {
		found[i] = c.Column
	}
	all := student.New(s.District, s.At, s.zone, s.Source, ids, schools, classes, found)
	if model == nil {
		return all, nil
	}
	for _, a := range model.Attributes {
		if !holds(all, a) {
			return nil, fmt.Errorf("the snapshot has no column for the declared attribute %q", a.Name)
		}
	}
	return all.View(*model), nil
}

func declares(m *bundle.Model, a bundle.Attribute) bool {
	for _, declared := range m.Attributes {
		if student.SameValues(declared, a) {
			return true
		}
	}
	return false
}

// holds reports whether a population has the values of an attribute.
func holds(p *student.Population, a bundle.Attribute) bool {
	for _, c := range p.Columns() {
		if student.SameValues(c.Attribute, a) {
			return true
		}
	}
	return false
}

// columnDecoder appends groups of cells to a column.
type columnDecoder struct {
	*student.Column
	chunk   int
	numbers map[string]uint32 // of the texts in Dict
}

func newColumnDecoder(h snapshotColumn, chunk int) *columnDecoder {
	c := &columnDecoder{Column: &student.Column{Attribute: h.Attribute}, chunk: chunk}
	if c.Type().Element() == bundle.String {
		c.numbers = map[string]uint32{}
	}
	if c.Type().IsList() {
		c.Offsets = []uint32{0}
	}
	if h.Rows {
		c.RowOffsets, c.Rows = []uint32{0}, []uint32{}
	}
	if h.Newest {
		c.Newest = []int32{}
	}
	return c
}

// add reads a group's rows and appends those in [first, last).
func (c *columnDecoder) add(d *columns.Decoder, rows, first, last int) error {
	presence := columns.Ints[student.Presence](d, nil, rows)
	for _, p := range presence {
		if p > student.Faulty {
			d.Fail(fmt.Errorf("presence %d is not known", p))
		}
	}
	// The values of a group are those in [from, to) of all of them.
	values, from, to := rows, first, last
	switch {
	case d.Err() != nil:
		return d.Err()
	case c.Type().IsList():
		ends := lengths(d, rows)
		for i, p := range presence {
			if len(ends) == rows+1 && p != student.Present && ends[i] != ends[i+1] {
				d.Fail(errors.New("a student without a value has one"))
			}
		}
		values, from, to = c.within(d, &c.Offsets, ends, first, last)
	case c.numbers != nil:
		values, from, to = count(presence), count(presence[:first]), count(presence[:last])
	}
	switch c.Type().Element() {
	case bundle.Boolean:
		c.Bools = columns.BoolsIn(d, c.Bools, values, from, to)
	case bundle.Integer, bundle.Date:
		c.Ints = columns.IntsIn(d, c.Ints, values, from, to)
	case bundle.Number:
		c.Floats = columns.FloatsIn(d, c.Floats, values, from, to)
	default:
		c.texts(d, presence[first:last], values, from, to)
	}
	c.Presence = append(c.Presence, presence[first:last]...)
	if c.RowOffsets != nil {
		values, from, to = c.within(d, &c.RowOffsets, lengths(d, rows), first, last)
		c.Rows = columns.IntsIn(d, c.Rows, values, from, to)
	}
	if c.Newest != nil {
		c.Newest = columns.IntsIn(d, c.Newest, rows, first, last)
	}
	return d.End()
}

func count(presence []student.Presence) (n int) {
	for _, p := range presence {
		if p == student.Present {
			n++
		}
	}
	return n
}

// lengths reads the lengths of rows' lists and gives where each begins and, last,
// where they end; nothing where that fails.
func lengths(d *columns.Decoder, rows int) []uint32 {
	ends, total := make([]uint32, 1, rows+1), 0
	for _, length := range columns.Ints[uint32](d, nil, rows) {
		if total += int(length); total > columns.MaxValues {
			d.Fail(errTooMany)
			return nil
		}
		ends = append(ends, uint32(total))
	}
	if d.Err() != nil {
		return nil
	}
	return ends
}

// within appends to a column's offsets those of the rows in [first, last), and
// gives how many elements a group has, and which of them are these rows'.
func (c *columnDecoder) within(d *columns.Decoder, offsets *[]uint32, ends []uint32, first, last int) (elements, from, to int) {
	if d.Err() != nil {
		return 0, 0, 0
	}
	base := uint64((*offsets)[len(*offsets)-1])
	if base+uint64(ends[last]) > math.MaxUint32 {
		d.Fail(errTooMany)
		return 0, 0, 0
	}
	for _, end := range ends[first+1 : last+1] {
		*offsets = append(*offsets, uint32(base)+end-ends[first])
	}
	return int(ends[len(ends)-1]), int(ends[first]), int(ends[last])
}

// texts appends the texts of present cells, or list elements; a scalar cell
// without a value gets code 0. The dictionary grows by what is used.
func (c *columnDecoder) texts(d *columns.Decoder, presence []student.Presence, values, from, to int) {
	codes, dictionary := columns.CodedTextsIn(d, nil, values, from, to)
	if d.Err() != nil {
		return
	}
	renumbered := make([]uint32, len(dictionary)) // plus one
	number := func(code uint32) uint32 {
		if renumbered[code] == 0 {
			text := dictionary[code]
			n, known := c.numbers[text]
			if !known {
				n = uint32(len(c.Dict))
				c.Dict = append(c.Dict, text)
				c.numbers[text] = n
			}
			renumbered[code] = n + 1
		}
		return renumbered[code] - 1
	}
	if c.Type().IsList() {
		for _, code := range codes {
			c.Codes = append(c.Codes, number(code))
		}
		return
	}
	for _, p := range presence {
		if p != student.Present {
			c.Codes = append(c.Codes, 0)
			continue
		}
		c.Codes, codes = append(c.Codes, number(codes[0])), codes[1:]
	}
}

// one is the population of the one student in a row, with all columns.
func (s *snapshot) one(row int) (*student.Population, error) {
	group, at := row/GroupRows, row%GroupRows
	ids, err := s.students(group)
	if err != nil {
		return nil, err
	}
	schools, classes, err := s.places(group)
	if err != nil {
		return nil, err
	}
	found := make([]*student.Column, len(s.Columns))
	for i, h := range s.Columns {
		d, err := s.chunk(group, chunkColumns+i)
		if err != nil {
			return nil, err
		}
		c := newColumnDecoder(h, chunkColumns+i)
		if err := c.add(d, len(ids), at, at+1); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", c.Name(), err)
		}
		found[i] = c.Column
	}
	return student.New(s.District, s.At, s.zone, s.Source, ids[at:at+1], schools[at:at+1], classes[at:at+1], found), nil
}

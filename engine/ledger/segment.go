// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
)

// SegmentFormat names the layout of a segment file.
const SegmentFormat = "juncture.dev/segment/v2"

// segmentHeader describes a segment: the decisions of one or more runs about the
// students of one snapshot, row for row.
type segmentHeader struct {
	Format   string       `json:"format"`
	District string       `json:"district"`
	Snapshot string       `json:"snapshot"` // seal of the file
	Size     int          `json:"students"`
	Runs     []segmentRun `json:"runs"`
}

// segmentRun describes one run's decisions.
type segmentRun struct {
	Process  string    `json:"process"`
	Revision string    `json:"revision"`
	Run      string    `json:"run"`
	Trigger  string    `json:"trigger"`
	At       time.Time `json:"at"`
	Expires  time.Time `json:"expires,omitzero"`
	Fields   []string  `json:"fields"`
	Proof    Proof     `json:"proof"`
	// Supersedes is the first part of the ids of the decisions that were in force
	// before, empty where there were none.
	Supersedes string `json:"supersedes,omitempty"`
	// Dropped: the run was given up while it was being recorded. The chunks that
	// had been written belong to no run of the record.
	Dropped bool `json:"dropped,omitempty"`
}

// Proof is how a run's decisions are proved.
type Proof string

const (
	// ProofPerDecision: each decision is a salted leaf of its run's Merkle tree.
	// A proof of one discloses no other.
	ProofPerDecision Proof = "decision"
	// ProofPerRun: the digest of the run's segment is in the chain, and nothing
	// smaller proves anything.
	ProofPerRun Proof = "run"
)

// A group's chunks: for each run the decisions and, always, the leaf hashes,
// which are empty for a run without. They have their subtree's root as digest.
const (
	chunkDecisions = iota
	chunkLeaves
	chunksPerRun
)

func (h *segmentHeader) chunk(group, run, chunk int) int {
	return (group*len(h.Runs)+run)*chunksPerRun + chunk
}

func (h *segmentHeader) groups() int { return groupsOf(h.Size) }

// batch is an empty batch of a run's decisions.
func (h *segmentHeader) batch(run int) decision.Batch {
	r := &h.Runs[run]
	b := decision.Batch{
		District: h.District, Process: r.Process, Revision: r.Revision, Run: r.Run, Trigger: r.Trigger,
		At: r.At, Expires: r.Expires, Fields: r.Fields, Computed: make([]*decision.Values, len(r.Fields)),
	}
	if r.Supersedes != "" {
		b.Superseded = []string{r.Supersedes}
	}
	return b
}

// outcomeForms are the canonical forms of a batch's outcomes, and the kinds of
// its computed columns. The slices of forms share one array.
func outcomeForms(b *decision.Batch) (forms [][]byte, kinds []valueKind, err error) {
	kinds = make([]valueKind, len(b.Fields))
	for f := range kinds {
		if f < len(b.Computed) && b.Computed[f] != nil {
			if kinds[f], err = columnKind(b, f); err != nil {
				return nil, nil, fmt.Errorf("result field %q: %w", b.Fields[f], err)
			}
		}
	}
	ends := make([]int, len(b.Outcomes))
	var all []byte
	for i := range b.Outcomes {
		for f := range kinds {
			if b.Outcomes[i].Computed&(1<<f) != 0 && kinds[f] == kindNone {
				return nil, nil, fmt.Errorf("outcome %d computes result field %q, of which there is no column", i, b.Fields[f])
			}
		}
		if all, err = appendOutcome(all, &b.Outcomes[i], len(b.Fields), kinds); err != nil {
			return nil, nil, fmt.Errorf("outcome %d: %w", i, err)
		}
		size := len(all)
		if i > 0 {
			size -= ends[i-1]
		}
		if size > columns.MaxValues {
			return nil, nil, fmt.Errorf("outcome %d takes %d bytes, at most are %d: shorten its texts or lists", i, size, columns.MaxValues)
		}
		ends[i] = len(all)
	}
	forms = make([][]byte, len(ends))
	from := 0
	for i, to := range ends {
		forms[i] = all[from:to:to]
		from = to
	}
	return forms, kinds, nil
}

// columnKind is the kind of a computed column.
func columnKind(b *decision.Batch, field int) (valueKind, error) {
	v := b.Computed[field]
	// has reports whether the decision in a row has a value in the column.
	has := func(row int) bool {
		return row < len(b.Outcome) && int(b.Outcome[row]) < len(b.Outcomes) && b.Outcomes[b.Outcome[row]].Computed&(1<<field) != 0
	}
	n, kind := -1, kindNone
	var err error
	switch {
	case v.Bools != nil:
		n, kind = len(v.Bools), kindBool
	case v.Ints != nil && v.Dates:
		n, kind, err = len(v.Ints), kindDate, checkComputedDays(v.Ints, has)
	case v.Ints != nil:
		n, kind = len(v.Ints), kindInt
	case v.Floats != nil:
		n, kind = len(v.Floats), kindFloat
	case v.Texts != nil:
		n, kind = len(v.Texts), kindString
	case v.Lists != nil:
		n = len(v.Lists)
		kind, err = listKind(v.Lists, has)
	}
	if err == nil && n >= 0 && n != len(b.Outcome) {
		err = fmt.Errorf("%d values for %d decisions", n, len(b.Outcome))
	}
	if err != nil {
		return kindNone, err
	}
	return kind, nil
}

// checkComputedDays refuses dates that take more than 32 bits.
func checkComputedDays(days []int64, has func(row int) bool) error {
	for row, day := range days {
		if has(row) && (day < math.MinInt32 || day > math.MaxInt32) {
			return fmt.Errorf("row %d: a date must be within 2^31 days of 1970-01-01", row)
		}
	}
	return nil
}

// listKind is the one kind of all lists of a column.
func listKind(lists []any, has func(row int) bool) (valueKind, error) {
	kind := kindNone
	for row, list := range lists {
		if !has(row) {
			continue
		}
		one, err := kindOf(list)
		if err != nil || one < listOf || kind != kindNone && one != kind {
			return kindNone, fmt.Errorf("row %d does not hold a list like the others (%w)", row, errors.Join(err))
		}
		kind = one
	}
	if kind == kindNone { // nobody has one: it is written nowhere
		kind = listOf
	}
	return kind, nil
}

// encodedBatch is a batch on its way into a segment.
type encodedBatch struct {
	*decision.Batch
	forms  [][]byte
	kinds  []valueKind
	leaves bool
}

// segmentEncoder encodes groups of decisions. It keeps its room between calls;
// one goroutine uses it at a time.
type segmentEncoder struct {
	coder    columns.Coder
	number   []uint32 // of each of the batch's outcomes in the group, plus one
	used     []uint32
	codes    []uint32
	present  []bool
	floats   []float64
	ints     []int64
	bools    []bool
	texts    []string
	units    []int64
	lengths  []uint32
	computes uint64
}

// decisions encodes the decisions in rows [from, to) of a batch, which was
// checked.
func (e *segmentEncoder) decisions(dst []byte, b *encodedBatch, from, to int) ([]byte, error) {
	dst = e.outcomes(dst, b, from, to)
	dst = columns.AppendInts(dst, b.State[from:to])
	dst = e.priorities(dst, b.Batch, from, to)
	if b.Supersedes == nil {
		dst = append(dst, 0, 0) // as integers that all are 0
	} else {
		dst = columns.AppendInts(dst, b.Supersedes[from:to])
	}
	for f := range b.Fields {
		if e.computes&(1<<f) == 0 {
			continue
		}
		var err error
		if dst, err = e.computed(dst, b, f, from, to); err != nil {
			return dst, fmt.Errorf("result field %q: %w", b.Fields[f], err)
		}
	}
	return e.places(dst, b.Batch, from, to), nil
}

// outcomes encodes the outcomes that the group has, in order of first
// appearance, and which of them each decision has.
func (e *segmentEncoder) outcomes(dst []byte, b *encodedBatch, from, to int) []byte {
	if len(e.number) < len(b.Outcomes) {
		e.number = make([]uint32, len(b.Outcomes))
	}
	e.used, e.codes, e.computes = e.used[:0], e.codes[:0], 0
	for _, o := range b.Outcome[from:to] {
		if e.number[o] == 0 {
			e.used = append(e.used, o)
			e.number[o] = uint32(len(e.used))
		}
		e.codes = append(e.codes, e.number[o]-1)
	}
	dst = appendLengthOf(dst, len(e.used))
	for _, o := range e.used {
		dst = append(appendLengthOf(dst, len(b.forms[o])), b.forms[o]...)
		e.computes |= b.Outcomes[o].Computed
		e.number[o] = 0
	}
	return columns.AppendInts(dst, e.codes)
}

// priorities encodes who has one, and those.
func (e *segmentEncoder) priorities(dst []byte, b *decision.Batch, from, to int) []byte {
	e.present, e.floats = e.present[:0], e.floats[:0]
	if b.Priority == nil {
		return columns.AppendFloats(append(dst, 0, 0), nil) // Booleans that all are 0
	}
	for _, p := range b.Priority[from:to] {
		has := !math.IsNaN(p)
		e.present = append(e.present, has)
		if has {
			e.floats = append(e.floats, p)
		}
	}
	return columns.AppendFloats(columns.AppendBools(dst, e.present), e.floats)
}

// computed encodes a field's values in the rows whose outcome computes it.
func (e *segmentEncoder) computed(dst []byte, b *encodedBatch, field, from, to int) ([]byte, error) {
	v, kind := b.Computed[field], b.kinds[field]
	e.bools, e.ints, e.floats, e.texts, e.lengths = e.bools[:0], e.ints[:0], e.floats[:0], e.texts[:0], e.lengths[:0]
	elements := 0
	for row := from; row < to; row++ {
		if b.Outcomes[b.Outcome[row]].Computed&(1<<field) == 0 {
			continue
		}
		switch kind {
		case kindBool:
			e.bools = append(e.bools, v.Bools[row])
		case kindInt, kindDate:
			e.ints = append(e.ints, v.Ints[row])
		case kindFloat:
			e.floats = append(e.floats, v.Floats[row])
		case kindString:
			e.texts = append(e.texts, v.Texts[row])
		default:
			if elements += e.list(v.Lists[row]); elements > columns.MaxValues {
				return dst, errTooMany
			}
		}
	}
	if kind >= listOf {
		dst = columns.AppendInts(dst, e.lengths)
	}
	switch kind &^ listOf {
	case kindBool:
		return columns.AppendBools(dst, e.bools), nil
	case kindInt, kindDate:
		return columns.AppendInts(dst, e.ints), nil
	case kindFloat:
		return columns.AppendFloats(dst, e.floats), nil
	}
	return e.coder.AppendTexts(dst, e.texts), nil
}

// list takes a list over and gives how many elements it has.
func (e *segmentEncoder) list(list any) (n int) {
	switch v := list.(type) {
	case []bool:
		e.bools, n = append(e.bools, v...), len(v)
	case []int64:
		e.ints, n = append(e.ints, v...), len(v)
	case []time.Time:
		for _, t := range v {
			e.ints = append(e.ints, days(t))
		}
		n = len(v)
	case []float64:
		e.floats, n = append(e.floats, v...), len(v)
	case []string:
		e.texts, n = append(e.texts, v...), len(v)
	}
	e.lengths = append(e.lengths, uint32(n))
	return n
}

// places encodes the decisions' parts in an allocation, a byte 0 for none.
func (e *segmentEncoder) places(dst []byte, b *decision.Batch, from, to int) []byte {
	if b.Places == nil {
		return append(dst, 0)
	}
	places := b.Places[from:to]
	dst = append(dst, 1)
	text := func(of func(*decision.Allotment) string) {
		e.texts = e.texts[:0]
		for i := range places {
			e.texts = append(e.texts, of(&places[i]))
		}
		dst = e.coder.AppendTexts(dst, e.texts)
	}
	number := func(of func(*decision.Allotment) int64) {
		e.units = e.units[:0]
		for i := range places {
			e.units = append(e.units, of(&places[i]))
		}
		dst = columns.AppendInts(dst, e.units)
	}
	text(func(a *decision.Allotment) string { return a.Group })
	number(func(a *decision.Allotment) int64 { return a.Units })
	number(func(a *decision.Allotment) int64 { return int64(a.Rank) })
	number(func(a *decision.Allotment) int64 { return int64(a.Waiting) })
	text(func(a *decision.Allotment) string { return a.Placement })
	return dst
}

// segment is an open segment file.
type segment struct {
	segmentHeader
	file *columns.File
}

// openSegment opens a segment of which the seal is known.
func openSegment(r io.ReaderAt, size int64, seal Hash) (*segment, error) {
	file, err := columns.Open(r, size, columns.Digest(seal))
	if err != nil {
		return nil, err
	}
	s := &segment{file: file}
	if err := describe(file, SegmentFormat, &s.segmentHeader, &s.Format); err != nil {
		return nil, err
	}
	if want := s.groups() * len(s.Runs) * chunksPerRun; s.Size < 0 || s.Size > math.MaxInt32 || file.Chunks() != want {
		return nil, fmt.Errorf("the file has %d chunks, by its description %d", file.Chunks(), want)
	}
	for i := range s.Runs {
		if len(s.Runs[i].Fields) > 64 {
			return nil, errors.New("a run has more than 64 result fields")
		}
	}
	return s, nil
}

// index is the number of a run in the segment.
func (s *segment) index(run string) (int, error) {
	for i := range s.Runs {
		if s.Runs[i].Run == run && !s.Runs[i].Dropped {
			return i, nil
		}
	}
	return 0, errors.New("the segment does not hold the run")
}

// decisions are a run's decisions in a group, without students, schools and
// classes.
func (s *segment) decisions(group, run int) (*decision.Batch, error) {
	chunk, err := s.file.Read(s.chunk(group, run, chunkDecisions), nil, nil)
	if err != nil {
		return nil, err
	}
	b := s.batch(run)
	if _, err := decodeDecisions(chunk, &b, rowsOf(s.Size, group)); err != nil {
		return nil, err
	}
	return &b, nil
}

// leaves are the leaf hashes of a run's decisions in a group.
func (s *segment) leaves(group, run int) ([]Hash, error) {
	chunk, err := s.file.Read(s.chunk(group, run, chunkLeaves), nil, groupRoot)
	if err != nil {
		return nil, err
	}
	if len(chunk) != sha256.Size*rowsOf(s.Size, group) {
		return nil, fmt.Errorf("%d bytes of leaf hashes for %d decisions", len(chunk), rowsOf(s.Size, group))
	}
	return hashesOf(chunk), nil
}

// groupRoots are the roots of the groups' subtrees.
func (s *segment) groupRoots(run int) []Hash {
	roots := make([]Hash, s.groups())
	for g := range roots {
		roots[g] = Hash(s.file.Digest(s.chunk(g, run, chunkLeaves)))
	}
	return roots
}

// proof is the RFC 6962 inclusion proof of the decision in a row, and the leaf's
// hash.
func (s *segment) proof(run, row int) (leaf Hash, proof [][]byte, err error) {
	group, at := row/GroupRows, row%GroupRows
	// The chunk's digest is its subtree's root: finding it finds the siblings.
	_, err = s.file.Read(s.chunk(group, run, chunkLeaves), nil, func(chunk []byte) columns.Digest {
		leaves := hashesOf(chunk)
		if at < len(leaves) {
			leaf = leaves[at]
		}
		proof, leaves = siblings(nil, leaves, at)
		return rootOf(leaves)
	})
	if err != nil {
		return leaf, nil, err
	}
	proof, _ = siblings(proof, s.groupRoots(run), group)
	return leaf, proof, nil
}

// decodeDecisions reads a chunk of decisions into a batch that has the run's
// fields, and gives the canonical forms of its outcomes, which share the chunk's
// bytes. It fails on what a group's encoder does not write.
func decodeDecisions(chunk []byte, b *decision.Batch, rows int) (forms [][]byte, err error) {
	d := columns.NewDecoder(chunk)
	kinds := make([]valueKind, len(b.Fields))
	n := d.Count(1)
	forms = make([][]byte, 0, n)
	b.Outcomes = make([]decision.Outcome, 0, n)
	for range n {
		form := d.Bytes(d.Count(1))
		if d.Err() != nil {
			return nil, d.Err()
		}
		o, err := parseOutcome(form, len(b.Fields), kinds)
		if err != nil {
			return nil, err
		}
		forms, b.Outcomes = append(forms, form), append(b.Outcomes, o)
	}
	b.Outcome = columns.Ints[uint32](d, nil, rows)
	b.State = columns.Ints[uint8](d, nil, rows)
	decodePriorities(d, b, rows)
	if b.Supersedes = columns.Ints[uint16](d, nil, rows); d.Err() != nil {
		return nil, d.Err()
	}
	superseded := false
	for i := range rows {
		if int(b.Outcome[i]) >= len(b.Outcomes) {
			return nil, errors.New("the number of an outcome is of none")
		}
		if _, known := decision.StateOf(b.State[i]); !known {
			return nil, errors.New("the number of a state is of none")
		}
		if int(b.Supersedes[i]) > len(b.Superseded) {
			return nil, errors.New("a decision supersedes one of an unknown run")
		}
		superseded = superseded || b.Supersedes[i] > 0
	}
	if !superseded {
		b.Supersedes = nil
	}
	decodeComputed(d, b, kinds, rows)
	decodePlaces(d, b, rows)
	return forms, d.End()
}

func decodePriorities(d *columns.Decoder, b *decision.Batch, rows int) {
	present := columns.Bools(d, nil, rows)
	n := 0
	for _, has := range present {
		if has {
			n++
		}
	}
	some := columns.Floats(d, nil, n)
	if d.Err() != nil || n == 0 {
		return
	}
	b.Priority = make([]float64, rows)
	for i, has := range present {
		b.Priority[i] = math.NaN()
		if has {
			b.Priority[i], some = some[0], some[1:]
		}
	}
}

// decodeComputed reads the columns of computed values: of each field that an
// outcome of the group computes.
func decodeComputed(d *columns.Decoder, b *decision.Batch, kinds []valueKind, rows int) {
	var computes uint64
	for i := range b.Outcomes {
		computes |= b.Outcomes[i].Computed
	}
	for f := range b.Fields {
		if computes&(1<<f) == 0 || d.Err() != nil {
			continue
		}
		var at []int // rows that have a value
		for row := range rows {
			if b.Outcomes[b.Outcome[row]].Computed&(1<<f) != 0 {
				at = append(at, row)
			}
		}
		b.Computed[f] = decodeValues(d, kinds[f], at, rows)
	}
}

func decodeValues(d *columns.Decoder, kind valueKind, at []int, rows int) *decision.Values {
	v := &decision.Values{Dates: kind == kindDate}
	if kind >= listOf {
		v.Lists = make([]any, rows)
		decodeLists(d, kind-listOf, at, v.Lists)
		return v
	}
	switch kind {
	case kindBool:
		v.Bools = spread(columns.Bools(d, nil, len(at)), at, rows)
	case kindInt, kindDate:
		v.Ints = spread(columns.Ints[int64](d, nil, len(at)), at, rows)
		if kind == kindDate {
			checkDays(d, v.Ints)
		}
	case kindFloat:
		v.Floats = spread(columns.Floats(d, nil, len(at)), at, rows)
	default:
		v.Texts = spread(columns.RepeatedTexts(d, nil, len(at)), at, rows)
	}
	return v
}

func checkDays(d *columns.Decoder, days []int64) {
	for _, day := range days {
		if day < math.MinInt32 || day > math.MaxInt32 {
			d.Fail(errors.New("a date is too far from 1970"))
		}
	}
}

// spread puts values into their rows.
func spread[T any](values []T, at []int, rows int) []T {
	out := make([]T, rows)
	for i, v := range values {
		out[at[i]] = v
	}
	return out
}

func decodeLists(d *columns.Decoder, kind valueKind, at []int, out []any) {
	ends := lengths(d, len(at))
	if d.Err() != nil {
		return
	}
	total := int(ends[len(at)])
	switch kind {
	case kindBool:
		split(columns.Bools(d, nil, total), ends, at, out)
	case kindInt:
		split(columns.Ints[int64](d, nil, total), ends, at, out)
	case kindDate:
		days := columns.Ints[int64](d, nil, total)
		checkDays(d, days)
		dates := make([]time.Time, len(days))
		for i := range days {
			dates[i] = dateOf(days[i])
		}
		split(dates, ends, at, out)
	case kindFloat:
		split(columns.Floats(d, nil, total), ends, at, out)
	default:
		split(columns.RepeatedTexts(d, nil, total), ends, at, out)
	}
}

// split cuts lists' elements into lists, if all were read.
func split[T any](all []T, ends []uint32, at []int, out []any) {
	if len(ends) != len(at)+1 || len(all) != int(ends[len(at)]) {
		return
	}
	for i, row := range at {
		out[row] = all[ends[i]:ends[i+1]:ends[i+1]]
	}
}

func decodePlaces(d *columns.Decoder, b *decision.Batch, rows int) {
	if d.Byte() == 0 || d.Err() != nil {
		return
	}
	groups := columns.RepeatedTexts(d, nil, rows)
	units := columns.Ints[int64](d, nil, rows)
	ranks := columns.Ints[int64](d, nil, rows)
	waiting := columns.Ints[int64](d, nil, rows)
	placements := columns.RepeatedTexts(d, nil, rows)
	if d.Err() != nil {
		return
	}
	b.Places = make([]decision.Allotment, rows)
	for i := range b.Places {
		b.Places[i] = decision.Allotment{Group: groups[i], Units: units[i], Rank: int(ranks[i]), Waiting: int(waiting[i]), Placement: placements[i]}
	}
}

// parseOutcome reads an outcome's canonical form. Computed fields must have the
// same kind in all outcomes; kinds is where it is kept.
func parseOutcome(form []byte, fields int, kinds []valueKind) (decision.Outcome, error) {
	d := columns.NewDecoder(form)
	o := decision.Outcome{Rules: parseTexts(d), Code: d.Text()}
	if d.Byte() == 1 {
		if n := d.Uvarint(); d.Err() == nil && n != uint64(fields) {
			return o, fmt.Errorf("an outcome has %d result fields, the run %d", n, fields)
		}
		o.Result = make([]any, fields)
		for f := range fields {
			kind := valueKind(d.Byte())
			if kind&computed == 0 {
				o.Result[f] = parseValue(d, kind)
				continue
			}
			if kind &^= computed; !kind.valid() || kinds[f] != kindNone && kinds[f] != kind {
				return o, errors.New("a computed field is of an unknown kind, or of two")
			}
			kinds[f] = kind
			o.Computed |= 1 << f
		}
	}
	o.Missing, o.Failure = parseTexts(d), d.Text()
	return o, d.End()
}

func (k valueKind) valid() bool {
	scalar := k &^ listOf
	return scalar >= kindBool && scalar <= kindDate
}

func parseTexts(d *columns.Decoder) []string {
	n := d.Count(1)
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		out = append(out, d.Text())
	}
	return out
}

// parseValue reads a value of a canonical form.
func parseValue(d *columns.Decoder, kind valueKind) any {
	switch kind {
	case kindNone:
		return nil
	case kindBool:
		return parseBool(d)
	case kindInt:
		return d.Varint()
	case kindFloat:
		return parseFloat(d)
	case kindString:
		return d.Text()
	case kindDate:
		return parseDate(d)
	case listOf + kindBool:
		return parseList(d, parseBool)
	case listOf + kindInt:
		return parseList(d, (*columns.Decoder).Varint)
	case listOf + kindFloat:
		return parseList(d, parseFloat)
	case listOf + kindString:
		return parseList(d, (*columns.Decoder).Text)
	case listOf + kindDate:
		return parseList(d, parseDate)
	}
	d.Fail(fmt.Errorf("a value of unknown kind %d", kind))
	return nil
}

func parseList[T any](d *columns.Decoder, one func(*columns.Decoder) T) []T {
	n := d.Count(1)
	out := make([]T, 0, n)
	for range n {
		out = append(out, one(d))
	}
	return out
}

// encodeHeader is a segment's description.
func encodeHeader(h *segmentHeader) ([]byte, error) { return json.Marshal(h) }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// inputFormat opens the canonical form of what a run knew of one student.
const inputFormat = "juncture.dev/input/v1\x00"

// CanonicalInput appends the canonical form of what a population holds of the
// student in a row: school, class and, for each column in order, name, type,
// presence, the value if present, and where it came from. docs/record.md
// describes it.
func CanonicalInput(dst []byte, p *student.Population, row int) []byte {
	dst = append(dst, inputFormat...)
	dst = appendString(dst, p.IDs[row])
	dst = appendString(dst, p.Schools[row])
	dst = appendString(dst, p.Classes[row])
	dst = binary.AppendUvarint(dst, uint64(len(p.Columns())))
	for _, c := range p.Columns() {
		dst = appendString(dst, c.Name())
		dst = appendString(dst, string(c.Type()))
		dst = append(dst, byte(c.Presence[row]))
		if c.Presence[row] == student.Present {
			dst = appendCell(dst, c, row)
		}
		dst = appendProvenance(dst, c, row)
	}
	return dst
}

func appendCell(dst []byte, c *student.Column, row int) []byte {
	from, to := uint32(row), uint32(row+1)
	if c.Type().IsList() {
		from, to = c.Range(row)
		dst = binary.AppendUvarint(dst, uint64(to-from))
	}
	for i := from; i < to; i++ {
		switch c.Type().Element() {
		case bundle.Boolean:
			dst = appendBool(dst, c.Bools[i])
		case bundle.Integer, bundle.Date:
			dst = binary.AppendVarint(dst, c.Ints[i])
		case bundle.Number:
			dst = appendFloat(dst, c.Floats[i])
		case bundle.String:
			dst = appendString(dst, c.Dict[c.Codes[i]])
		}
	}
	return dst
}

// appendProvenance appends the source's row numbers and the newest fact's date,
// each with a mark that says whether it was recorded.
func appendProvenance(dst []byte, c *student.Column, row int) []byte {
	dst = appendBool(dst, c.RowOffsets != nil)
	if c.RowOffsets != nil {
		dst = appendList(dst, c.Rows[c.RowOffsets[row]:c.RowOffsets[row+1]],
			func(dst []byte, v uint32) []byte { return binary.AppendUvarint(dst, uint64(v)) })
	}
	dst = appendBool(dst, c.Newest != nil)
	if c.Newest != nil {
		dst = binary.AppendVarint(dst, int64(c.Newest[row]))
	}
	return dst
}

// leaf computes a decision's leaf under the student's key.
func (w *hmacWriter) leaf(out *leaf, p *student.Population, row int, r *decision.Record, key *Key) error {
	w.reset(key)
	w.inner = CanonicalInput(w.inner, p, row)
	out.Inputs = w.sum()
	return w.commitment(out, r, key)
}

// commitment computes a leaf whose Inputs is known.
func (w *hmacWriter) commitment(out *leaf, r *decision.Record, key *Key) (err error) {
	w.reset(key)
	if w.inner, err = CanonicalRecord(w.inner, r); err != nil {
		return err
	}
	w.inner = append(w.inner, out.Inputs[:]...)
	out.Commitment = w.sum()
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// What a decision's leaf commits to, from the many to the one. Each form is
// described in docs/record.md; a change of a form is a change of its name.
//
//	reading      what was read, and when        once a snapshot
//	information  what was known of a student    once a student and snapshot, keyed
//	person       who the student is             once a student and snapshot
//	run          what all decisions share       once a run
//	kind         outcome, state, what is superseded   once for all decisions alike
//	leaf         person, kind, and what is the decision's own
const (
	readingFormat = "juncture.dev/reading/v2\x00"
	runFormat     = "juncture.dev/run/v2\x00"
	kindFormat    = "juncture.dev/decision/v2\x00"
)

// readingOf is the digest of a reading: the district, the instant, the zone, and
// which columns there are.
func readingOf(h *snapshotHeader) (Hash, error) {
	form := append([]byte(nil), readingFormat...)
	form = appendString(form, h.District)
	form = appendTime(form, h.At)
	form = appendString(form, h.Zone)
	form = binary.AppendUvarint(form, uint64(len(h.Columns)))
	for i := range h.Columns {
		attribute, err := canonicalJSON(h.Columns[i].Attribute)
		if err != nil {
			return Hash{}, err
		}
		form = appendString(form, string(attribute))
		form = appendBool(form, h.Columns[i].Rows)
		form = appendBool(form, h.Columns[i].Newest)
	}
	return sha256.Sum256(form), nil
}

// CanonicalInformation appends the canonical form of what a population holds of
// the student in a row: for each column in order the presence, the value if
// present, and where it came from, as far as that is recorded.
func CanonicalInformation(dst []byte, p *student.Population, row int) []byte {
	for _, c := range p.Columns() {
		dst = append(dst, byte(c.Presence[row]))
		if c.Presence[row] == student.Present {
			dst = appendCell(dst, c, row)
		}
		if c.RowOffsets != nil {
			from, to := c.RowOffsets[row], c.RowOffsets[row+1]
			dst = binary.AppendUvarint(dst, uint64(to-from))
			for _, r := range c.Rows[from:to] {
				dst = binary.AppendUvarint(dst, uint64(r))
			}
		}
		if c.Newest != nil {
			dst = binary.AppendVarint(dst, int64(c.Newest[row]))
		}
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

// committer computes the commitments to students. It keeps its buffers between
// calls; the zero value is ready.
type committer struct {
	mac  hmacWriter
	form []byte
}

// information commits to what a reading holds of a student, under the student's
// key: without it nobody can try out what was known.
func (c *committer) information(key *Key, reading *Hash, p *student.Population, row int) Hash {
	c.mac.reset(key)
	c.mac.inner = append(c.mac.inner, reading[:]...)
	c.mac.inner = CanonicalInformation(c.mac.inner, p, row)
	return c.mac.sum()
}

// person commits to who the student of a commitment to information is. It is as
// hard to guess as that one.
func (c *committer) person(information *Hash, student, school, class string) Hash {
	c.form = append(c.form[:0], information[:]...)
	c.form = appendString(c.form, student)
	c.form = appendString(c.form, school)
	c.form = appendString(c.form, class)
	return sha256.Sum256(c.form)
}

// contextOf is the digest of what all decisions of a run share.
func contextOf(b *decision.Batch) Hash {
	form := append([]byte(nil), runFormat...)
	for _, s := range [...]string{b.District, b.Process, b.Revision, b.Run, b.Trigger} {
		form = appendString(form, s)
	}
	form = appendTime(form, b.At)
	form = appendTime(form, b.Expires)
	return sha256.Sum256(appendStrings(form, b.Fields))
}

// computed marks the kind of a field whose value is the decision's own.
const computed valueKind = 128

// appendOutcome appends the canonical form of an outcome. kinds are those of the
// columns of computed values.
func appendOutcome(dst []byte, o *decision.Outcome, fields int, kinds []valueKind) ([]byte, error) {
	dst = appendString(appendStrings(dst, o.Rules), o.Code)
	if o.Result == nil {
		if o.Computed != 0 {
			return dst, fmt.Errorf("an outcome without result has computed values")
		}
		dst = append(dst, 0)
	} else {
		if len(o.Result) != fields || fields > 64 || fields < 64 && o.Computed>>fields != 0 {
			return dst, fmt.Errorf("an outcome has %d result fields, the run %d, and at most 64 are allowed", len(o.Result), fields)
		}
		dst = binary.AppendUvarint(append(dst, 1), uint64(fields))
		for f, v := range o.Result {
			if o.Computed&(1<<f) != 0 {
				dst = append(dst, byte(computed|kinds[f]))
				continue
			}
			kind, err := kindOf(v)
			if err != nil {
				return dst, fmt.Errorf("result field %d: %w", f, err)
			}
			dst = appendValue(append(dst, byte(kind)), v)
		}
	}
	return appendString(appendStrings(dst, o.Missing), o.Failure), nil
}

// kindDigest commits to a run, an outcome, a state and the run part of the
// decision superseded, empty for none: to all that is not a decision's own.
func kindDigest(scratch []byte, context *Hash, state decision.State, superseded string, outcome []byte) (Hash, []byte) {
	scratch = append(append(scratch[:0], kindFormat...), context[:]...)
	scratch = appendString(appendString(scratch, string(state)), superseded)
	scratch = append(scratch, outcome...)
	return sha256.Sum256(scratch), scratch
}

// Flags of what follows in a decision's own form.
const (
	ownPriority = 1
	ownPlace    = 2
)

// appendOwn appends what is a decision's own: priority, place and computed
// values.
func appendOwn(dst []byte, b *decision.Batch, row int, computes uint64) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if b.Priority != nil && !math.IsNaN(b.Priority[row]) {
		dst[at] |= ownPriority
		dst = appendFloat(dst, b.Priority[row])
	}
	if b.Places != nil && b.Places[row] != (decision.Allotment{}) {
		p := &b.Places[row]
		dst[at] |= ownPlace
		dst = appendString(dst, p.Group)
		dst = binary.AppendVarint(dst, p.Units)
		dst = binary.AppendVarint(dst, int64(p.Rank))
		dst = binary.AppendVarint(dst, int64(p.Waiting))
		dst = appendString(dst, p.Placement)
	}
	for ; computes != 0; computes &= computes - 1 {
		dst = appendComputed(dst, b.Computed[bits.TrailingZeros64(computes)], row)
	}
	return dst
}

func appendComputed(dst []byte, v *decision.Values, row int) []byte {
	switch {
	case v.Bools != nil:
		return appendBool(dst, v.Bools[row])
	case v.Ints != nil: // dates, too: both are varints
		return binary.AppendVarint(dst, v.Ints[row])
	case v.Floats != nil:
		return appendFloat(dst, v.Floats[row])
	case v.Texts != nil:
		return appendString(dst, v.Texts[row])
	}
	return appendValue(dst, v.Lists[row])
}

// leafWriter computes the leaves of one run's decisions, group after group.
type leafWriter struct {
	context Hash
	// first[o] is the kind last met of outcome o, which most often is the next
	// one's, too. It is of this call of leaves if its turn is now: a district may
	// have as many outcomes as students, and clearing them for each group would
	// cost more than the group.
	first   []kindEntry
	now     uint32
	scratch []byte
	message []byte
}

type kindEntry struct {
	turn       uint32
	state      uint8
	supersedes uint16
	digest     Hash
}

// leaves appends the RFC 6962 leaf hashes of the decisions in rows [from, to) of
// a batch: SHA-256(0 ‖ person ‖ kind ‖ own). persons are those of these rows,
// forms the canonical forms of the batch's outcomes.
func (w *leafWriter) leaves(dst []Hash, b *decision.Batch, forms [][]byte, persons []Hash, from, to int) []Hash {
	if len(w.first) < len(b.Outcomes) {
		w.first = make([]kindEntry, len(b.Outcomes))
		w.now = 0
	}
	if w.now++; w.now == 0 { // 2^32 turns have gone by
		clear(w.first)
		w.now = 1
	}
	for row := from; row < to; row++ {
		outcome, state := b.Outcome[row], b.State[row]
		var supersedes uint16
		if b.Supersedes != nil {
			supersedes = b.Supersedes[row]
		}
		kind := &w.first[outcome]
		if kind.turn != w.now || kind.state != state || kind.supersedes != supersedes {
			before := ""
			if supersedes > 0 {
				before = b.Superseded[supersedes-1]
			}
			name, _ := decision.StateOf(state)
			kind.turn, kind.state, kind.supersedes = w.now, state, supersedes
			kind.digest, w.scratch = kindDigest(w.scratch, &w.context, name, before, forms[outcome])
		}
		m := append(append(append(w.message[:0], 0), persons[row-from][:]...), kind.digest[:]...)
		m = appendOwn(m, b, row, b.Outcomes[outcome].Computed)
		dst = append(dst, sha256.Sum256(m))
		w.message = m
	}
	return dst
}

// studentDigest is decision.StudentPart as bytes, without an allocation.
type studentDigest struct {
	district []byte // as netstring
	form     []byte
}

func newStudentDigest(district string) *studentDigest {
	return &studentDigest{district: appendNetstring(nil, district)}
}

// of is the first half of the SHA-256 of the student's key as netstring.
func (s *studentDigest) of(student string) (part [16]byte) {
	const room = 24 // for the length in front, which is known at the end
	s.form = append(s.form[:0], make([]byte, room)...)
	s.form = append(s.form, s.district...)
	s.form = appendNetstring(s.form, student)
	var length [room]byte
	front := appendLength(length[:0], len(s.form)-room)
	s.form = append(s.form, ',')
	at := room - len(front)
	copy(s.form[at:], front)
	sum := sha256.Sum256(s.form[at:])
	copy(part[:], sum[:])
	return part
}

func appendNetstring(dst []byte, s string) []byte {
	return append(append(appendLength(dst, len(s)), s...), ',')
}

func appendLength(dst []byte, n int) []byte {
	return append(strconv.AppendInt(dst, int64(n), 10), ':')
}

// dateOf is the date that a computed column's number means.
func dateOf(days int64) time.Time { return time.Unix(days*86400, 0).UTC() }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/proof"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// Evidence proves that a decision was recorded in a run: see Check. It discloses
// nothing of any other student; siblings in the proof are hashes under keys of
// their own.
type Evidence struct {
	Run     Run
	Segment string // file name below the district's folder
	Row     int    // row of the segment, from 0: the leaf's index
	// Key is the student's. Who holds it can link all commitments about the
	// student; Check does without it, CheckInformation needs it.
	Key Key
	// Information commits to what the run knew of the student.
	Information Hash
	// Fields are the process's result fields in declared order; the bits of
	// Computed say which of them the rule computed for this student alone.
	Fields   []string
	Computed uint64
	// Leaf is the RFC 6962 hash of the decision's leaf and Proof its inclusion
	// proof under Run.Root.
	Leaf      Hash
	Proof     [][]byte
	EntryJSON []byte // the run's entry in the chain, canonical
}

// ErrNoLeaf says that the run was recorded without a leaf per decision. The digest of the
// whole segment is in the chain, and only Verify proves anything.
var ErrNoLeaf = errors.New("the run was recorded without a leaf per decision: only verifying the whole record proves it")

// Check recomputes the way from a decision to its run's entry: the record and
// the commitment to information give the leaf, the leaf and the proof give the
// root, the root is in the entry, and the entry hashes to Run.Entry. It uses
// nothing but the evidence and the record as it was decided.
func (e *Evidence) Check(r decision.Record) error {
	entry, err := e.entry(r)
	if err != nil {
		return err
	}
	leaf, err := e.leaf(r, entry.Trigger)
	if err != nil {
		return err
	}
	if leaf != e.Leaf {
		return errors.New("the leaf does not commit to this record")
	}
	if err := proof.VerifyInclusion(hasher, uint64(e.Row), uint64(entry.Counts.Decisions), e.Leaf[:], e.Proof, e.Run.Root[:]); err != nil {
		return fmt.Errorf("the leaf is not in the run's tree: %w", err)
	}
	return nil
}

// entry is the run's entry, if it is of the decision's run.
func (e *Evidence) entry(r decision.Record) (Entry, error) {
	entry, err := entryOf(e.EntryJSON)
	if err != nil {
		return entry, fmt.Errorf("entry: %w", err)
	}
	switch {
	case Hash(sha256.Sum256(e.EntryJSON)) != e.Run.Entry:
		return entry, errors.New("the entry does not have the hash it is known by")
	case entry.Run != r.Run || entry.Process != r.Process || entry.District != r.District || entry.Revision != r.Revision:
		return entry, errors.New("the entry is not of this decision's run")
	case r.ID != decision.ID(r.Revision, decision.StudentKey(r.District, r.Student), entry.Trigger):
		return entry, errors.New("the record does not have the id of its revision, student and trigger instance")
	case entry.Proof == ProofPerRun:
		return entry, ErrNoLeaf
	case entry.Root != e.Run.Root.String():
		return entry, errors.New("the entry is not of this decision's run")
	}
	return entry, nil
}

// leaf is the leaf hash of a record.
func (e *Evidence) leaf(r decision.Record, trigger string) (Hash, error) {
	b, err := e.batch(r, trigger)
	if err != nil {
		return Hash{}, err
	}
	forms, _, err := outcomeForms(b)
	if err != nil {
		return Hash{}, err
	}
	var c committer
	person := c.person(&e.Information, r.Student, r.School, r.Class)
	w := leafWriter{context: contextOf(b)}
	return w.leaves(nil, b, forms, []Hash{person}, 0, 1)[0], nil
}

// batch is the record as the batch of one that it came from.
func (e *Evidence) batch(r decision.Record, trigger string) (*decision.Batch, error) {
	b, err := decision.Gather(decision.Batch{
		District: r.District, Process: r.Process, Revision: r.Revision, Run: r.Run, Trigger: trigger, At: r.At, Fields: e.Fields,
	}, []decision.Record{r})
	if err != nil {
		return nil, err
	}
	o := &b.Outcomes[0]
	if o.Result == nil {
		if e.Computed != 0 {
			return nil, errors.New("the evidence names computed fields, and there is no result")
		}
		return b, nil
	}
	o.Result = slices.Clone(o.Result)
	b.Computed = make([]*decision.Values, len(e.Fields))
	for f := range e.Fields {
		if e.Computed&(1<<f) == 0 {
			continue
		}
		if b.Computed[f], err = valuesOf(o.Result[f]); err != nil {
			return nil, fmt.Errorf("result field %q: %w", e.Fields[f], err)
		}
		o.Result[f] = nil
	}
	o.Computed = e.Computed
	return b, nil
}

// valuesOf is a column of one value.
func valuesOf(v any) (*decision.Values, error) {
	kind, err := kindOf(v)
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindNone:
		return nil, errors.New("a computed field has no value")
	case kindBool:
		return &decision.Values{Bools: []bool{v.(bool)}}, nil
	case kindInt:
		return &decision.Values{Ints: []int64{v.(int64)}}, nil
	case kindFloat:
		return &decision.Values{Floats: []float64{v.(float64)}}, nil
	case kindString:
		return &decision.Values{Texts: []string{v.(string)}}, nil
	}
	if date, ok := dayOf(v); ok {
		return &decision.Values{Ints: []int64{date}, Dates: true}, nil
	}
	return &decision.Values{Lists: []any{v}}, nil
}

// CheckInformation recomputes the commitment to what the run knew of the student
// from the student's row of the run's snapshot and the key. The snapshot is the
// one of all processes that were recorded together (Store.Knew), as the
// commitment is to all that was read.
func (e *Evidence) CheckInformation(p *student.Population, row int) error {
	h, err := headerOf(p)
	if err != nil {
		return err
	}
	reading, err := readingOf(&h)
	if err != nil {
		return err
	}
	var c committer
	if got := c.information(&e.Key, &reading, p, row); !hmac.Equal(got[:], e.Information[:]) {
		return errors.New("this is not what the run knew of the student, or not the student's key")
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// segmentFile is an open segment whose digest was compared.
type segmentFile struct {
	*segment
	handle *os.File
}

func (s *segmentFile) Close() error { return s.handle.Close() }

func (l *Ledger) openSegment(r Run) (*segmentFile, error) {
	place := segmentPlace(r.ID)
	f, size, err := l.openVerified(place, r.Segment)
	if err != nil {
		return nil, err
	}
	s, err := openSegment(f, size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", ErrNotWhole, place, err), f.Close())
	}
	return &segmentFile{s, f}, nil
}

// held is the students of a run, in order, and their decisions.
type held struct{ students, ids []string }

// under yields, for each record, the decision that its student has in h, or "".
// Both are in order of student.
func (h held) under(records []decision.Record) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		at := 0
		for i := range records {
			for at < len(h.students) && h.students[at] < records[i].Student {
				at++
			}
			id := ""
			if at < len(h.students) && h.students[at] == records[i].Student {
				id = h.ids[at]
			}
			if !yield(i, id) {
				return
			}
		}
	}
}

// heldBy reads the students of a run, nil for none, and their decisions.
func (l *Ledger) heldBy(run *Run) (h held, err error) {
	if run == nil {
		return h, nil
	}
	s, err := l.openSegment(*run)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if h.students, err = s.texts("student"); err != nil {
		return h, err
	}
	h.ids, err = s.texts("id")
	return h, err
}

// InForce implements Store.
func (l *Ledger) InForce(ctx context.Context, process string, mode bundle.Mode) (map[string]string, error) {
	s, err := l.standing(ctx, process)
	if err != nil {
		return nil, err
	}
	h, err := l.heldBy(s.upTo(mode))
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(h.students))
	for i, s := range h.students {
		out[s] = h.ids[i]
	}
	return out, nil
}

// Held implements Store.
func (l *Ledger) Held(ctx context.Context, process string) (map[string]decision.Seat, error) {
	places, err := l.Places(ctx, process)
	if err != nil {
		return nil, err
	}
	out := map[string]decision.Seat{}
	for _, p := range places {
		if p.Waiting == 0 {
			out[p.Student] = p.Seat
		}
	}
	return out, nil
}

// Places implements Store.
func (l *Ledger) Places(ctx context.Context, process string) ([]Place, error) {
	return selectRows(ctx, l.read, scanPlace,
		`SELECT grp, student, decision, units, waiting FROM seats WHERE process = ? ORDER BY grp, waiting, student`, process)
}

func scanPlace(scan func(...any) error) (Place, error) {
	var p Place
	err := scan(&p.Group, &p.Student, &p.Decision, &p.Units, &p.Waiting)
	return p, err
}

// Tasks implements Store.
func (l *Ledger) Tasks(ctx context.Context, process string, state decision.TaskState) ([]decision.Task, error) {
	return selectRows(ctx, l.read, func(scan func(...any) error) (decision.Task, error) {
		_, t, err := scanTask(scan)
		t.District = l.district
		return t, err
	}, `SELECT `+taskColumns+` FROM tasks WHERE (?1 = '' OR process = ?1) AND (?2 = '' OR state = ?2) ORDER BY opened, id`, process, string(state))
}

const taskColumns = `run, id, decision, process, role, agent, opened, due, otherwise, escalate_to, state`

func scanTask(scan func(...any) error) (run string, t decision.Task, err error) {
	var opened, due string
	if err := scan(&run, &t.ID, &t.Decision, &t.Process, &t.Role, &t.Agent, &opened, &due, &t.Otherwise, &t.EscalateTo, &t.State); err != nil {
		return run, t, err
	}
	if t.Opened, err = parseTime(opened); err != nil {
		return run, t, fmt.Errorf("%w: table tasks, run %s: opened: %w", ErrNotWhole, run, err)
	}
	if t.Due, err = parseTime(due); err != nil {
		return run, t, fmt.Errorf("%w: table tasks, run %s: due: %w", ErrNotWhole, run, err)
	}
	return run, t, nil
}

// Snapshot implements Store.
func (l *Ledger) Snapshot(ctx context.Context, id string) (*student.Population, *bundle.Bundle, error) {
	run, err := l.run(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if run.State != RunCommitted {
		return nil, nil, fmt.Errorf("run %s is not committed: %w", id, ErrNotFound)
	}
	files := filesOf(run)
	p, err := l.population(files[1], run.Snapshot)
	if err != nil {
		return nil, nil, err
	}
	form, err := os.ReadFile(filepath.Join(l.dir, files[2]))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotWhole, err)
	}
	if got := string(bundle.DigestOf(form)); got != run.Revision {
		return nil, nil, fmt.Errorf("%w: %s has digest %s", ErrNotWhole, files[2], got)
	}
	b, err := bundle.Parse(form)
	return p, b, err
}

func (l *Ledger) population(place, digest string) (p *student.Population, err error) {
	f, size, err := l.openVerified(place, digest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p, err = DecodeSnapshot(f, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotWhole, place, err)
	}
	return p, nil
}

// Decisions implements Store.
func (l *Ledger) Decisions(ctx context.Context, q Query) iter.Seq2[Decision, error] {
	return func(yield func(Decision, error) bool) {
		given := 0
		err := l.decisions(ctx, q, func(d Decision) bool {
			given++
			return yield(d, nil) && (q.Limit == 0 || given < q.Limit)
		})
		if err != nil {
			yield(Decision{}, err)
		}
	}
}

// decisions calls give in order until it returns false.
func (l *Ledger) decisions(ctx context.Context, q Query, give func(Decision) bool) error {
	runs, err := l.Runs(ctx, q.Process)
	if err != nil {
		return err
	}
	standings := standingsOf(runs)
	runs = slices.DeleteFunc(runs, func(r Run) bool { return !q.mayMatch(&r, standings[r.Process]) })
	slices.SortStableFunc(runs, func(a, b Run) int { return cmp.Compare(a.Process, b.Process) })
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && runs[n].Process == runs[0].Process {
			n++
		}
		more, err := l.processDecisions(ctx, q, runs[:n], standings[runs[0].Process], give)
		if err != nil || !more {
			return err
		}
		runs = runs[n:]
	}
	return nil
}

// mayMatch reports whether a run may have decisions that the query selects.
func (q *Query) mayMatch(r *Run, s *standing) bool {
	switch {
	case q.Run != "" && q.Run != r.ID, q.Revision != "" && q.Revision != r.Revision, r.Process < q.After.Process:
		return false
	case q.InForceOnly:
		return s.inForce(r)
	}
	return q.State == "" || q.State == decision.Superseded || !s.superseded(r)
}

// processDecisions merges the segments of one process by student, then by
// commit. It reports whether more is wanted.
func (l *Ledger) processDecisions(ctx context.Context, q Query, runs []Run, stands *standing, give func(Decision) bool) (more bool, err error) {
	var m merge
	defer func() {
		for _, s := range m {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, r := range runs {
		f, err := l.openSegment(r)
		if err != nil {
			return false, err
		}
		s := &segmentScan{segmentFile: f, run: r, student: q.Student}
		m = append(m, s) // before anything fails, so that it is closed
		if err := s.next(); err != nil {
			return false, err
		}
	}
	heap.Init(&m)
	for m.Len() > 0 && !m[0].done {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		s := m[0]
		d := Decision{Record: s.rows[0], Current: s.rows[0].State, Cursor: Cursor{s.run.Process, s.rows[0].Student, s.run.Sequence}}
		if stands.superseded(&s.run) {
			d.Current = decision.Superseded
		}
		if err := s.next(); err != nil {
			return false, err
		}
		heap.Fix(&m, 0)
		if q.State != "" && d.Current != q.State || !after(d.Cursor, q.After) {
			continue
		}
		if !give(d) {
			return false, nil
		}
	}
	return true, nil
}

func after(c, bound Cursor) bool {
	return cmp.Or(cmp.Compare(c.Process, bound.Process), cmp.Compare(c.Student, bound.Student), cmp.Compare(c.Sequence, bound.Sequence)) > 0
}

// segmentScan walks through a segment's decisions, all or one student's.
type segmentScan struct {
	*segmentFile
	run     Run
	student string
	group   int // next row group
	rows    []decision.Record
	started bool
	done    bool
}

// next moves to the next decision; done is set after the last.
func (s *segmentScan) next() error {
	if s.started {
		s.rows = s.rows[1:]
	}
	s.started = true
	for len(s.rows) == 0 {
		if s.group == s.groups() {
			s.done = true
			return nil
		}
		if err := s.load(s.group); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrNotWhole, segmentPlace(s.run.ID), err)
		}
		s.group++
	}
	return nil
}

func (s *segmentScan) load(group int) (err error) {
	if s.student == "" {
		s.rows, err = s.records(group, 0, int(s.file.RowGroups()[group].NumRows()))
		return err
	}
	row, ok, err := s.find(group, "student", s.student)
	if err != nil || !ok {
		return err
	}
	s.rows, err = s.records(group, row, row+1)
	return err
}

// find is the first row of a row group with a text in a column.
func (s *segment) find(group int, name, value string) (row int, ok bool, err error) {
	if may, err := s.mayHold(group, name, value); err != nil || !may {
		return 0, false, err
	}
	c, err := s.read(group, name)
	if err != nil {
		return 0, false, err
	}
	row = slices.IndexFunc(c.values, func(v parquet.Value) bool { return string(v.ByteArray()) == value })
	return row, row >= 0, nil
}

// merge is a heap of scans by student, then by commit; finished scans last.
type merge []*segmentScan

func (m merge) Len() int { return len(m) }
func (m merge) Less(i, j int) bool {
	a, b := m[i], m[j]
	if a.done || b.done {
		return !a.done && b.done
	}
	return cmp.Or(cmp.Compare(a.rows[0].Student, b.rows[0].Student), cmp.Compare(a.run.Sequence, b.run.Sequence)) < 0
}
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)   { *m = append(*m, x.(*segmentScan)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// Decision implements Store. It looks in the newest segments first; Bloom
// filters spare it reading those that do not hold the id.
func (l *Ledger) Decision(ctx context.Context, id string) (Decision, Evidence, error) {
	runs, err := l.Runs(ctx, "")
	if err != nil {
		return Decision{}, Evidence{}, err
	}
	standings := standingsOf(runs)
	for _, r := range slices.Backward(runs) {
		if err := ctx.Err(); err != nil {
			return Decision{}, Evidence{}, err
		}
		d, e, err := l.decisionIn(ctx, r, id)
		if err == nil {
			if standings[r.Process].superseded(&r) {
				d.Current = decision.Superseded
			}
			return d, e, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return Decision{}, Evidence{}, err
		}
	}
	return Decision{}, Evidence{}, fmt.Errorf("decision: %w", ErrNotFound)
}

func (l *Ledger) decisionIn(ctx context.Context, r Run, id string) (d Decision, e Evidence, err error) {
	s, err := l.openSegment(r)
	if err != nil {
		return d, e, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	before := 0
	for g := range s.groups() {
		row, ok, err := s.find(g, "id", id)
		if err != nil {
			return d, e, fmt.Errorf("%w: %s: %w", ErrNotWhole, segmentPlace(r.ID), err)
		}
		if !ok {
			before += int(s.file.RowGroups()[g].NumRows())
			continue
		}
		records, err := s.records(g, row, row+1)
		if err != nil {
			return d, e, fmt.Errorf("%w: %s: %w", ErrNotWhole, segmentPlace(r.ID), err)
		}
		d = Decision{Record: records[0], Current: records[0].State, Cursor: Cursor{r.Process, records[0].Student, r.Sequence}}
		e, err = l.evidence(ctx, r, s.segment, before+row, records[0].Student)
		return d, e, err
	}
	return d, e, ErrNotFound
}

func (l *Ledger) evidence(ctx context.Context, r Run, s *segment, row int, student string) (Evidence, error) {
	e := Evidence{Run: r, Segment: segmentPlace(r.ID), Row: row}
	commitments, err := s.commitments()
	if err != nil {
		return e, err
	}
	inputs, err := s.hashes("inputs")
	if err != nil {
		return e, err
	}
	e.Leaf, e.Inputs = commitments[row], inputs[row]
	if e.Proof, err = inclusion(commitments, row); err != nil {
		return e, err
	}
	var key []byte
	if err := l.read.QueryRowContext(ctx, `SELECT key FROM student_keys WHERE student = ?`, student).Scan(&key); err != nil {
		return e, fmt.Errorf("%w: table student_keys: the key of the decision's student: %w", ErrNotWhole, err)
	}
	if len(key) != len(Key{}) {
		return e, fmt.Errorf("%w: table student_keys: the key of the decision's student has %d bytes", ErrNotWhole, len(key))
	}
	e.Key = Key(key)
	err = l.read.QueryRowContext(ctx, `SELECT entry FROM runs WHERE sequence = ?`, r.Sequence).Scan(&e.EntryJSON)
	return e, liveError(err)
}

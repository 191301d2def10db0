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
	"slices"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// InForce implements Store.
func (l *Ledger) InForce(ctx context.Context, process string, mode bundle.Mode) (_ map[string]string, err error) {
	run, err := l.Standing(ctx, process, mode)
	if err != nil || run == nil {
		return map[string]string{}, err
	}
	s, err := l.openSnapshot(run.Snapshot)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	part := decision.RunPart(run.Revision, run.Trigger)
	out := make(map[string]string, s.Size)
	for g := range s.groups() {
		students, err := s.students(g)
		if err != nil {
			return nil, s.fault(err)
		}
		for _, student := range students {
			out[student] = part + decision.StudentPart(l.district, student)
		}
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
	run, err := l.committedRun(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	b, err := l.revision(ctx, l.read, run.Revision)
	if err != nil {
		return nil, nil, err
	}
	p, err := l.population(run.Snapshot, &b.Information)
	return p, b, err
}

func (l *Ledger) committedRun(ctx context.Context, id string) (Run, error) {
	run, err := l.run(ctx, id)
	if err == nil && run.State != RunCommitted {
		err = fmt.Errorf("run %s is not committed: %w", id, ErrNotFound)
	}
	return run, err
}

// revision is the bundle with a digest.
func (l *Ledger) revision(ctx context.Context, db querier, digest string) (*bundle.Bundle, error) {
	found, err := selectRows(ctx, db, scanText, `SELECT bundle FROM revisions WHERE digest = ?`, digest)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: table revisions: %s is missing", ErrNotWhole, digest)
	}
	if got := string(bundle.DigestOf([]byte(found[0]))); got != digest {
		return nil, fmt.Errorf("%w: table revisions: %s has digest %s", ErrNotWhole, digest, got)
	}
	return bundle.Parse([]byte(found[0]))
}

func (l *Ledger) population(seal string, model *bundle.Model) (p *student.Population, err error) {
	s, err := l.openSnapshot(seal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, err = s.population(0, s.groups(), model)
	return p, s.fault(err)
}

// Knew implements Store.
func (l *Ledger) Knew(ctx context.Context, id, who string) (_ *student.Population, err error) {
	run, err := l.committedRun(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := l.openSnapshot(run.Snapshot)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	row, found, err := s.find(who)
	if err != nil {
		return nil, s.fault(err)
	}
	if !found {
		return nil, fmt.Errorf("run %s read nothing of the student: %w", id, ErrNotFound)
	}
	p, err := s.one(row)
	return p, s.fault(err)
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
	processes, err := selectRows(ctx, l.read, scanText, `SELECT DISTINCT process FROM runs WHERE (?1 = '' OR process = ?1) AND process >= ?2 ORDER BY process`, q.Process, q.After.Process)
	if err != nil {
		return err
	}
	for _, process := range processes {
		stands, err := l.standing(ctx, process)
		if err != nil {
			return err
		}
		var runs []Run
		if newest := stands.upTo(bundle.ModeLive); q.InForceOnly && newest != nil {
			runs = []Run{*newest}
		} else if runs, err = l.Runs(ctx, process); err != nil {
			return err
		}
		runs = slices.DeleteFunc(runs, func(r Run) bool { return !q.mayMatch(&r, &stands) })
		more, err := l.processDecisions(ctx, q, runs, &stands, give)
		if err != nil || !more {
			return err
		}
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
	for i := range runs {
		s, err := l.scan(&runs[i], q)
		if err != nil {
			return false, err
		}
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
		current := s.current(stands)
		matches := (q.State == "" || current == q.State) && after(s.cursor(), q.After)
		var d Decision
		if matches {
			d = s.decision(stands)
		}
		if err := s.next(); err != nil {
			return false, err
		}
		heap.Fix(&m, 0)
		if matches && !give(d) {
			return false, nil
		}
	}
	return true, nil
}

func after(c, bound Cursor) bool {
	return cmp.Or(cmp.Compare(c.Process, bound.Process), cmp.Compare(c.Student, bound.Student), cmp.Compare(c.Sequence, bound.Sequence)) > 0
}

// segmentScan walks through a run's decisions, all or one student's.
type segmentScan struct {
	run      *Run
	students *snapshotFile
	segment  *segmentFile
	index    int // of the run in the segment

	batch   *decision.Batch // of the group where the walk is
	row     int             // in the batch
	group   int             // next
	last    int             // group after the last to look at
	from    string          // student to begin at
	wanted  string          // student; empty for all
	started bool
	done    bool
}

// scan begins to walk through a run. A query for one student, or for what comes
// after one, begins at that student's group.
func (l *Ledger) scan(r *Run, q Query) (s *segmentScan, err error) {
	s = &segmentScan{run: r, wanted: q.Student}
	if s.students, err = l.openSnapshot(r.Snapshot); err != nil {
		return nil, err
	}
	if s.segment, err = l.openSegment(r); err != nil {
		return nil, errors.Join(err, s.students.Close())
	}
	if s.index, err = s.segment.index(r.ID); err == nil && s.segment.Snapshot != r.Snapshot {
		err = errors.New("the segment is of another snapshot")
	}
	if err == nil && s.segment.Size != s.students.Size {
		err = errors.New("the segment is not as long as its snapshot")
	}
	if err != nil {
		return nil, errors.Join(s.segment.fault(err), s.Close())
	}
	s.last = s.students.groups()
	if s.from = cmp.Or(q.Student, s.begin(q.After)); s.from != "" {
		s.group = max(0, s.students.groupOf(s.from))
	}
	if q.Student != "" {
		s.last = min(s.last, s.group+1)
	}
	return s, nil
}

// begin is the student that a page begins at in this run's process.
func (s *segmentScan) begin(after Cursor) string {
	if after.Process != s.run.Process {
		return ""
	}
	return after.Student
}

func (s *segmentScan) Close() error { return errors.Join(s.students.Close(), s.segment.Close()) }

// next moves to the next decision; done is set after the last.
func (s *segmentScan) next() error {
	if s.started {
		s.row++
	}
	s.started = true
	for {
		for s.batch != nil && s.row < s.batch.Len() {
			if s.wanted == "" || s.batch.Students[s.row] == s.wanted {
				return nil
			}
			s.row++
		}
		if s.group >= s.last {
			s.done = true
			return nil
		}
		if err := s.load(s.group); err != nil {
			return err
		}
		s.group++
	}
}

// load reads a group's decisions and whom they are about.
func (s *segmentScan) load(group int) (err error) {
	if s.batch, err = s.segment.decisions(group, s.index); err != nil {
		return s.segment.fault(err)
	}
	if s.batch.Students, err = s.students.students(group); err != nil {
		return s.students.fault(err)
	}
	s.batch.Schools, s.batch.Classes, err = s.students.places(group)
	s.row, _ = slices.BinarySearch(s.batch.Students, s.from)
	return s.students.fault(err)
}

func (s *segmentScan) student() string { return s.batch.Students[s.row] }

// decision is the decision where the walk is.
func (s *segmentScan) decision(stands *standing) Decision {
	return Decision{Record: s.batch.Record(s.row), Current: s.current(stands), Cursor: s.cursor()}
}

// current is where the decision stands.
func (s *segmentScan) current(stands *standing) decision.State {
	if stands.superseded(s.run) {
		return decision.Superseded
	}
	state, _ := decision.StateOf(s.batch.State[s.row])
	return state
}

func (s *segmentScan) cursor() Cursor { return Cursor{s.run.Process, s.student(), s.run.Sequence} }

// merge is a heap of scans by student, then by commit; finished scans last.
type merge []*segmentScan

func (m merge) Len() int { return len(m) }
func (m merge) Less(i, j int) bool {
	a, b := m[i], m[j]
	if a.done || b.done {
		return !a.done && b.done
	}
	return cmp.Or(cmp.Compare(a.student(), b.student()), cmp.Compare(a.run.Sequence, b.run.Sequence)) < 0
}
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)   { *m = append(*m, x.(*segmentScan)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// Decision implements Store. The first half of an id names the run, the second
// the student.
func (l *Ledger) Decision(ctx context.Context, id string) (Decision, Evidence, error) {
	of, who, ok := decision.SplitID(id)
	if !ok {
		return Decision{}, Evidence{}, fmt.Errorf("decision: %w", ErrNotFound)
	}
	runs, err := l.committed(ctx, `WHERE part = ?`, of)
	if err != nil {
		return Decision{}, Evidence{}, err
	}
	if len(runs) == 0 {
		return Decision{}, Evidence{}, fmt.Errorf("decision: %w", ErrNotFound)
	}
	r := &runs[0]
	if decision.RunPart(r.Revision, r.Trigger) != of {
		return Decision{}, Evidence{}, fmt.Errorf("%w: table runs, sequence %d: another part of decisions' ids", ErrNotWhole, r.Sequence)
	}
	stands, err := l.standing(ctx, r.Process)
	if err != nil {
		return Decision{}, Evidence{}, err
	}
	return l.decisionIn(ctx, r, who, &stands)
}

// decisionIn is a run's decision about the student who has this part in ids.
func (l *Ledger) decisionIn(ctx context.Context, r *Run, who string, stands *standing) (d Decision, e Evidence, err error) {
	s, err := l.scan(r, Query{})
	if err != nil {
		return d, e, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	row, found, err := s.students.findPart(who)
	if err != nil {
		return d, e, s.students.fault(err)
	}
	if !found {
		return d, e, fmt.Errorf("decision: %w", ErrNotFound)
	}
	if err := s.load(row / GroupRows); err != nil {
		return d, e, err
	}
	s.row = row % GroupRows
	d = s.decision(stands)
	e, err = l.evidence(ctx, s, row)
	return d, e, err
}

// evidence proves the decision where a walk is.
func (l *Ledger) evidence(ctx context.Context, s *segmentScan, row int) (Evidence, error) {
	e := Evidence{
		Run: *s.run, Segment: s.segment.place, Row: row, Fields: s.batch.Fields,
		Computed: s.batch.Outcomes[s.batch.Outcome[s.row]].Computed,
	}
	err := l.read.QueryRowContext(ctx, `SELECT entry FROM runs WHERE sequence = ?`, s.run.Sequence).Scan(&e.EntryJSON)
	if err != nil || s.run.Proof == ProofPerRun {
		return e, liveError(err)
	}
	if e.Leaf, e.Proof, err = s.segment.proof(s.index, row); err != nil {
		return e, s.segment.fault(err)
	}
	var known bool
	if e.Key, known, err = keyOf(ctx, l.read, s.student()); err != nil {
		return e, err
	}
	if !known {
		return e, fmt.Errorf("%w: table student_keys: the key of the decision's student is missing", ErrNotWhole)
	}
	p, err := s.students.one(row)
	if err != nil {
		return e, s.students.fault(err)
	}
	var c committer
	e.Information = c.information(&e.Key, &s.students.reading, p, 0)
	return e, nil
}

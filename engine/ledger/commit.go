// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// CommitRun implements Store. Files first, each written under a temporary name,
// synced, renamed, its folder synced; then one transaction; then the receipt.
func (l *Ledger) CommitRun(ctx context.Context, c RunCommit) (Receipt, error) {
	if l.write == nil {
		return Receipt{}, ErrReadOnly
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	run, err := l.run(ctx, c.Run)
	if err != nil {
		return Receipt{}, err
	}
	if run.State == RunCommitted {
		return Receipt{Run: run, Again: true}, nil
	}
	k, err := l.prepare(ctx, run, c)
	if err != nil {
		return Receipt{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	if err := l.writeFiles(k); err != nil {
		return Receipt{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	entry, err := l.writeLive(ctx, k)
	if err != nil {
		// The transaction's outcome is not known for certain: let the next commit
		// read the keys anew.
		l.keys = nil
		return Receipt{}, fmt.Errorf("run %s: %w", run.ID, liveError(err))
	}
	failpoint("committed")
	l.keys = k.keys
	return Receipt{Run: entry}, nil
}

// commit is a run on its way into the record.
type commit struct {
	run      Run
	mode     bundle.Mode
	revision []byte   // canonical bundle
	standing standing // of the process, before this run
	view     *student.Population
	records  []decision.Record
	tasks    []decision.Task // in order of id
	places   []Place
	fields   []string // result fields in declared order
	leaves   []leaf
	header   SegmentHeader
	snapshot Hash // digests of the files
	segment  Hash
	root     Hash
	keys     *keyring // with the fresh ones
	fresh    *keyring
}

// prepare checks a commit against the run, the bundle, the population and the
// record, and computes what is to be written. It changes nothing.
func (l *Ledger) prepare(ctx context.Context, run Run, c RunCommit) (*commit, error) {
	if c.Bundle == nil || c.Population == nil {
		return nil, refuse("a commit needs the bundle and the population")
	}
	k := &commit{run: run, mode: c.Bundle.Process.Mode, records: c.Records}
	var err error
	if k.revision, err = c.Bundle.Canonical(); err != nil {
		return nil, refuse("%w", err)
	}
	if digest := string(bundle.DigestOf(k.revision)); digest != run.Revision || c.Bundle.Process.Name != run.Process {
		return nil, refuse("the bundle is %s of process %s, the run was begun with %s of %s", digest, c.Bundle.Process.Name, run.Revision, run.Process)
	}
	if k.view, err = l.checkPopulation(run, c); err != nil {
		return nil, err
	}
	if err := l.checkRecords(run, k.view, c.Records); err != nil {
		return nil, err
	}
	if k.tasks, err = checkTasks(run, c); err != nil {
		return nil, err
	}
	if k.standing, err = l.standing(ctx, run.Process); err != nil {
		return nil, err
	}
	if k.records, err = l.supersede(k.standing.upTo(k.mode), c.Records); err != nil {
		return nil, err
	}
	k.places = placesOf(k.mode, k.records)
	for _, f := range c.Bundle.Process.Result {
		k.fields = append(k.fields, f.Name)
	}
	if l.keys == nil {
		if l.keys, err = loadKeys(ctx, l.write); err != nil {
			return nil, err
		}
	}
	students := make([]string, len(k.records))
	for i := range k.records {
		students[i] = k.records[i].Student
	}
	if k.keys, k.fresh, err = l.keys.with(students, l.entropy); err != nil {
		return nil, err
	}
	if k.leaves, err = leavesOf(k.view, k.records, k.keys); err != nil {
		return nil, refuse("%w", err)
	}
	if k.root, err = root(commitmentsOf(k.leaves)); err != nil {
		return nil, err
	}
	k.header = SegmentHeader{
		Format: SegmentFormat, District: l.district, Process: run.Process, Revision: run.Revision,
		Run: run.ID, Trigger: run.Trigger, At: run.At, Root: k.root.String(), Size: len(k.records),
	}
	if k.header.Fields, k.header.Languages, err = segmentShape(k.fields, k.records); err != nil {
		return nil, refuse("%w", err)
	}
	return k, nil
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

func (l *Ledger) checkPopulation(run Run, c RunCommit) (*student.Population, error) {
	p := c.Population
	if p.District != l.district || !p.At.Equal(run.At) {
		return nil, refuse("the population is of district %s at %s, the run of %s at %s", p.District, formatTime(p.At), l.district, formatTime(run.At))
	}
	if len(p.Schools) != p.Len() || len(p.Classes) != p.Len() {
		return nil, refuse("the population has %d students, %d schools and %d classes", p.Len(), len(p.Schools), len(p.Classes))
	}
	for i := 1; i < p.Len(); i++ {
		if p.IDs[i-1] >= p.IDs[i] {
			return nil, refuse("the population's rows %d and %d are not in ascending order of student", i-1, i)
		}
	}
	view, err := View(p, c.Bundle.Information)
	if err != nil {
		return nil, refuse("%w", err)
	}
	return view, nil
}

// checkRecords holds each record to the run: what they share, their order, and
// their ids, which by their making are unique in the whole record.
func (l *Ledger) checkRecords(run Run, p *student.Population, records []decision.Record) error {
	row := 0
	for i := range records {
		r := &records[i]
		switch {
		case r.District != l.district || r.Process != run.Process || r.Revision != run.Revision || r.Run != run.ID || !r.At.Equal(run.At):
			return refuse("record %d is of another district, process, revision, run or instant", i)
		case i > 0 && records[i-1].Student >= r.Student:
			return refuse("records %d and %d are not in ascending order of student", i-1, i)
		case r.ID != decision.ID(run.Revision, decision.StudentKey(l.district, r.Student), run.Trigger):
			return refuse("record %d does not have the id of its revision, student and trigger instance", i)
		case !r.State.Known():
			return refuse("record %d has the unknown state %q", i, r.State)
		}
		if !r.Expires.IsZero() {
			if _, err := nanos(r.Expires); err != nil {
				return refuse("record %d expires: %w", i, err)
			}
		}
		for row < p.Len() && p.IDs[row] < r.Student {
			row++
		}
		if row == p.Len() || p.IDs[row] != r.Student {
			return refuse("record %d is about a student who is not in the population", i)
		}
	}
	return nil
}

// checkTasks are the tasks in order of id, each open and about a record.
func checkTasks(run Run, c RunCommit) ([]decision.Task, error) {
	if len(c.Tasks) == 0 {
		return nil, nil
	}
	ids := make(map[string]bool, len(c.Records))
	for i := range c.Records {
		ids[c.Records[i].ID] = true
	}
	tasks := slices.Clone(c.Tasks)
	slices.SortFunc(tasks, func(a, b decision.Task) int { return strings.Compare(a.ID, b.ID) })
	for i := range tasks {
		t := &tasks[i]
		switch {
		case t.ID == "" || i > 0 && tasks[i-1].ID == t.ID:
			return nil, refuse("two tasks have one id, or one has none")
		case !ids[t.Decision] || t.Process != run.Process || t.State != decision.TaskOpen:
			return nil, refuse("task %d in order of id is not an open one about a decision of this run", i)
		}
	}
	return tasks, nil
}

// supersede fills in which decision each record supersedes: the student's in an
// earlier run, nil for none.
func (l *Ledger) supersede(earlier *Run, records []decision.Record) ([]decision.Record, error) {
	before, err := l.heldBy(earlier)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(records)
	for i, earlier := range before.under(records) {
		if s := out[i].Supersedes; s != "" && s != earlier {
			return nil, refuse("record %d supersedes a decision that is not in force", i)
		}
		out[i].Supersedes = earlier
	}
	return out, nil
}

// leavesOf computes the leaves, on all cores. Each depends on its own record,
// row and key only.
func leavesOf(p *student.Population, records []decision.Record, keys *keyring) ([]leaf, error) {
	leaves := make([]leaf, len(records))
	workers := min(runtime.GOMAXPROCS(0), len(records)/512+1)
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := len(records)*w/workers, len(records)*(w+1)/workers
		wait.Go(func() { errs[w] = fillLeaves(p, records, keys, leaves, from, to) })
	}
	wait.Wait()
	return leaves, errors.Join(errs...)
}

func fillLeaves(p *student.Population, records []decision.Record, keys *keyring, leaves []leaf, from, to int) error {
	var mac hmacWriter
	for i := from; i < to; i++ {
		row, known := populationIndex(p, records[i].Student)
		key, keyed := keys.of(records[i].Student)
		if !known || !keyed {
			return fmt.Errorf("record %d is about a student without information or key", i)
		}
		if err := mac.leaf(&leaves[i], p, row, &records[i], &key); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
	}
	return nil
}

func commitmentsOf(leaves []leaf) []Hash {
	out := make([]Hash, len(leaves))
	for i := range leaves {
		out[i] = leaves[i].Commitment
	}
	return out
}

// placesOf are the seats held and waited for, in order of student. Only live
// processes take any.
func placesOf(mode bundle.Mode, records []decision.Record) []Place {
	var places []Place
	for i := range records {
		r := &records[i]
		if seat, ok := decision.SeatOf(mode, r); ok {
			places = append(places, Place{Seat: seat, Student: r.Student, Decision: r.ID})
		} else if mode == bundle.ModeLive && r.Waiting > 0 {
			waitedFor := decision.Seat{Group: r.Group, Units: r.Units}
			places = append(places, Place{Seat: waitedFor, Student: r.Student, Decision: r.ID, Waiting: r.Waiting})
		}
	}
	return places
}

// writeFiles writes revision, snapshot and segment.
func (l *Ledger) writeFiles(k *commit) error {
	name := k.run.Revision + revisionFile
	if !l.exists(revisionDir, name) {
		_, err := l.stage(revisionDir, k.run.ID, func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(k.revision))
			return err
		})
		if err != nil {
			return err
		}
		if err := l.publish(revisionDir, k.run.ID, name); err != nil {
			return err
		}
	}
	var err error
	k.snapshot, err = l.stage(snapshotDir, k.run.ID, func(w io.Writer) error { return EncodeSnapshot(w, k.view) })
	if err != nil {
		return err
	}
	if err := l.publish(snapshotDir, k.run.ID, digestName(k.snapshot)+parquetFile); err != nil {
		return err
	}
	k.header.Snapshot = digestName(k.snapshot)
	k.segment, err = l.stage(segmentDir, k.run.ID, func(w io.Writer) error { return encodeSegment(w, k.header, k.records, k.leaves) })
	if err != nil {
		return err
	}
	return l.publish(segmentDir, k.run.ID, k.run.ID+parquetFile)
}

// writeLive makes the run visible: one transaction over the chain, the keys,
// the seats, the tasks and the outbox.
func (l *Ledger) writeLive(ctx context.Context, k *commit) (Run, error) {
	var run Run
	err := inTx(ctx, l.write, func(tx *sql.Tx) error {
		failpoint("transaction begun")
		e, err := newEntry(ctx, tx, l.district, k)
		if err != nil {
			return err
		}
		form, hash, err := e.canonical()
		if err != nil {
			return err
		}
		if run, err = e.run(hash); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO runs (sequence, run, process, entry, hash) VALUES (?, ?, ?, ?, ?)`,
			e.Sequence, run.ID, run.Process, string(form), hash[:]); err != nil {
			return err
		}
		failpoint("run inserted")
		if _, err := tx.ExecContext(ctx, `DELETE FROM pending WHERE run = ?`, run.ID); err != nil {
			return err
		}
		if err := writeSeal(ctx, tx, "pending"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (run) VALUES (?)`, run.ID); err != nil {
			return err
		}
		if err := k.writeKeys(ctx, tx); err != nil {
			return err
		}
		failpoint("keys inserted")
		if err := k.writeSeats(ctx, tx); err != nil {
			return err
		}
		if err := k.writeTasks(ctx, tx); err != nil {
			return err
		}
		failpoint("transaction written")
		return nil
	})
	return run, err
}

func newEntry(ctx context.Context, tx *sql.Tx, district string, k *commit) (Entry, error) {
	var last int64
	var previous []byte
	err := tx.QueryRowContext(ctx, `SELECT sequence, hash FROM runs ORDER BY sequence DESC LIMIT 1`).Scan(&last, &previous)
	if errors.Is(err, sql.ErrNoRows) {
		previous, err = make([]byte, len(Hash{})), nil
	}
	return Entry{
		Format: EntryFormat, District: district, Sequence: last + 1, Previous: hex.EncodeToString(previous),
		Run: k.run.ID, Trigger: k.run.Trigger, At: formatTime(k.run.At), Seed: hex.EncodeToString(k.run.Seed), Engine: k.run.Engine,
		Process: k.run.Process, Revision: k.run.Revision, Mode: k.mode,
		Snapshot: digestName(k.snapshot), Segment: digestName(k.segment), Root: k.root.String(), Tasks: taskDigest(k.tasks).String(),
		Counts: countsOf(k.view.Len(), k.records, k.places, len(k.tasks)),
	}, err
}

func countsOf(students int, records []decision.Record, places []Place, tasks int) Counts {
	c := Counts{Students: students, Decisions: len(records), Tasks: tasks, States: map[decision.State]int{}}
	for i := range records {
		c.States[records[i].State]++
	}
	for i := range places {
		if places[i].Waiting > 0 {
			c.Waiting++
		} else {
			c.Seats++
		}
	}
	return c
}

func (k *commit) writeKeys(ctx context.Context, tx *sql.Tx) error {
	return insertRows(ctx, tx, `INSERT INTO student_keys (student, key)`, 2, len(k.fresh.students), func(i int) []any {
		return []any{k.fresh.students[i], k.fresh.keys[i][:]}
	})
}

// writeSeats puts the run's places in the place of those before, unless it is a
// trial: only live runs give places and take them back.
func (k *commit) writeSeats(ctx context.Context, tx *sql.Tx) error {
	if k.mode != bundle.ModeLive {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM seats WHERE process = ?`, k.run.Process); err != nil {
		return err
	}
	return insertRows(ctx, tx, `INSERT INTO seats (process, student, decision, grp, units, waiting)`, 6, len(k.places), func(i int) []any {
		s := &k.places[i]
		return []any{k.run.Process, s.Student, s.Decision, s.Group, s.Units, s.Waiting}
	})
}

// writeTasks withdraws the tasks of the superseded decisions and opens the new
// ones.
func (k *commit) writeTasks(ctx context.Context, tx *sql.Tx) error {
	for _, earlier := range k.standing[:weight(k.mode)+1] {
		if earlier == nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tasks SET state = ? WHERE run = ? AND state = ?`,
			decision.TaskWithdrawn, earlier.ID, decision.TaskOpen); err != nil {
			return err
		}
	}
	return insertRows(ctx, tx, `INSERT INTO tasks (id, run, decision, process, role, agent, opened, due, otherwise, escalate_to, state)`, 11, len(k.tasks), func(i int) []any {
		t := &k.tasks[i]
		return []any{t.ID, k.run.ID, t.Decision, t.Process, string(t.Role), t.Agent, formatTime(t.Opened), formatTime(t.Due), t.Otherwise, t.EscalateTo, string(t.State)}
	})
}

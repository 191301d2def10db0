// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// CommitRun implements Store: a recording of one run in one part.
func (l *Ledger) CommitRun(ctx context.Context, c RunCommit) (receipt Receipt, err error) {
	if l.write == nil {
		return Receipt{}, ErrReadOnly
	}
	if run, err := l.run(ctx, c.Run); err != nil || run.State == RunCommitted {
		return Receipt{Run: run, Again: true}, err
	}
	if c.Population == nil {
		return Receipt{}, refuse("run %s: a commit needs the bundle and the population", c.Run)
	}
	r, err := l.record(ctx, []Recorded{{Run: c.Run, Bundle: c.Bundle, Proof: c.Proof}})
	if err != nil {
		return Receipt{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if k := r.runs[0]; k.again {
		return Receipt{Run: k.Run, Again: true}, nil
	}
	batch := c.Batch
	if batch == nil {
		if batch, err = gather(r.runs[0], l.district, c.Records); err != nil {
			return Receipt{}, fmt.Errorf("run %s: %w", c.Run, err)
		}
	}
	if err := r.Append(ctx, c.Population, []Decisions{{Batch: batch, Tasks: c.Tasks}}); err != nil {
		return Receipt{}, err
	}
	receipts, err := r.Commit(ctx)
	if err != nil {
		return Receipt{}, err
	}
	return receipts[0], nil
}

// gather makes a run's batch of records.
func gather(k *recordedRun, district string, records []decision.Record) (*decision.Batch, error) {
	b, err := decision.Gather(decision.Batch{
		District: district, Process: k.Process, Revision: k.Revision, Run: k.ID, Trigger: k.Trigger, At: k.At, Fields: k.fields,
	}, records)
	if err != nil {
		return nil, refuse("%w", err)
	}
	return b, nil
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

// Commit implements Recorder. Files first, each written under a temporary name,
// synced, renamed, its folder synced; then one transaction; then the receipts.
func (r *recording) Commit(ctx context.Context) (receipts []Receipt, err error) {
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.complete(); err != nil {
		return nil, err
	}
	if r.committing() {
		if err := r.writeFiles(); err != nil {
			return nil, err
		}
		if err := r.publish(ctx); err != nil {
			return nil, err
		}
		failpoint("committed")
	}
	for _, k := range r.runs {
		receipts = append(receipts, Receipt{Run: k.Run, Again: k.again})
	}
	return receipts, nil
}

// complete checks what is known at the end only.
func (r *recording) complete() error {
	switch {
	case r.err != nil:
		return fmt.Errorf("the recording failed before: %w", r.err)
	case !r.open:
		return refuse("the recording has ended")
	case r.committing() && r.snapshot == nil:
		return refuse("nothing was appended")
	}
	for _, k := range r.runs {
		slices.SortFunc(k.tasks, func(a, b decision.Task) int { return strings.Compare(a.ID, b.ID) })
		for i := 1; i < len(k.tasks); i++ {
			if k.tasks[i].ID == k.tasks[i-1].ID {
				return refuse("run %s: two tasks have one id", k.ID)
			}
		}
	}
	return nil
}

// committing reports whether any run is to be committed.
func (r *recording) committing() bool {
	return slices.ContainsFunc(r.runs, func(k *recordedRun) bool { return !k.again && !k.dropped })
}

// writeFiles ends snapshot and segment and makes them durable under their names.
func (r *recording) writeFiles() error {
	seal, err := r.snapshot.close(r.population.Source, r.size)
	if err != nil {
		return err
	}
	snapshot := digestName(seal)
	h := &r.segment.segmentHeader
	h.Snapshot, h.Size, h.Runs = snapshot, r.size, nil
	for _, k := range r.runs {
		if !k.again {
			h.Runs = append(h.Runs, k.header)
		}
	}
	if seal, err = r.segment.close(); err != nil {
		return err
	}
	for _, k := range r.runs {
		if !k.again && !k.dropped {
			k.Snapshot, k.Segment = snapshot, digestName(seal)
		}
	}
	failpoint("files written")
	err = both(r.files[0].sync, r.files[1].sync)
	failpoint("files synced")
	return err
}

// publish gives the files their names and makes the runs visible. Nobody may tidy
// up between the two.
func (r *recording) publish(ctx context.Context) error {
	r.l.writing.Lock()
	defer r.l.writing.Unlock()
	var recording, snapshot string
	for _, k := range r.runs {
		if k.again || k.dropped {
			continue
		}
		if err := r.stillPending(ctx, k); err != nil {
			return err
		}
		recording, snapshot = cmp.Or(recording, k.ID), k.Snapshot
		k.Recording = recording
	}
	left := r.l.untidy
	r.l.untidy = true
	for i, name := range [2]string{snapshot, recording} {
		if err := r.files[i].publish(name + columnsFile); err != nil {
			return err
		}
	}
	err := both(
		func() error { return syncDir(filepath.Join(r.l.dir, snapshotDir)) },
		func() error { return syncDir(filepath.Join(r.l.dir, segmentDir)) },
	)
	if err != nil {
		return err
	}
	failpoint("files durable")
	if err := r.writeLive(ctx); err != nil {
		return liveError(err)
	}
	// Only now: until another transaction has taken its place in the log, one that
	// failed may still turn out to be durable, and need its files.
	r.l.untidy = left && r.l.recover(context.WithoutCancel(ctx)) != nil
	return nil
}

// stillPending: a file of a run that nothing knows any more would keep the
// district from being opened, and a run that was given up and begun again must
// decide as it was begun the second time.
func (r *recording) stillPending(ctx context.Context, k *recordedRun) error {
	run, err := r.l.run(ctx, k.ID)
	if err != nil || run.State != RunPending {
		return fmt.Errorf("run %s was given up, or committed, while it was recorded: %w", k.ID, errors.Join(ErrNotFound, err))
	}
	if !run.At.Equal(k.At) || !bytes.Equal(run.Seed, k.Seed) || run.Engine != k.Engine {
		return refuse("run %s was given up and begun again with another instant, seed or engine while it was recorded: record it anew", k.ID)
	}
	return nil
}

// both runs two functions that wait for the disk, at once.
func both(one, other func() error) error {
	var g errgroup.Group
	g.Go(one)
	g.Go(other)
	return g.Wait()
}

// writeLive makes the runs visible: one transaction over the chain, the
// revisions, the keys, the seats, the tasks and the outbox.
func (r *recording) writeLive(ctx context.Context) error {
	committed := make([]Run, len(r.runs))
	err := inTx(ctx, r.l.write, func(tx *sql.Tx) error {
		failpoint("transaction begun")
		for i, k := range r.runs {
			if k.again || k.dropped {
				continue
			}
			var err error
			if committed[i], err = r.writeRun(ctx, tx, k); err != nil {
				return fmt.Errorf("run %s: %w", k.ID, err)
			}
		}
		failpoint("runs inserted")
		if err := writeSeal(ctx, tx, "pending"); err != nil {
			return err
		}
		failpoint("pending sealed")
		if r.keys != nil {
			if err := r.keys.write(ctx, tx); err != nil {
				return err
			}
		}
		failpoint("keys inserted")
		for _, k := range r.runs {
			if k.again || k.dropped {
				continue
			}
			if err := k.writeSeats(ctx, tx); err != nil {
				return err
			}
			if err := k.writeTasks(ctx, tx); err != nil {
				return err
			}
		}
		failpoint("transaction written")
		return nil
	})
	if err != nil {
		return err
	}
	for i, k := range r.runs {
		if !k.again && !k.dropped {
			k.Run = committed[i]
		}
	}
	return nil
}

// writeRun adds a run to the chain and takes it from those pending.
func (r *recording) writeRun(ctx context.Context, tx *sql.Tx, k *recordedRun) (Run, error) {
	e, err := newEntry(ctx, tx, r.l.district, k, r.size)
	if err != nil {
		return Run{}, err
	}
	form, hash, err := e.canonical()
	if err != nil {
		return Run{}, err
	}
	run, err := e.run(hash)
	if err != nil {
		return Run{}, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM pending WHERE run = ?`, run.ID); err != nil {
		return Run{}, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO runs (sequence, run, process, mode, part, entry, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Sequence, run.ID, run.Process, string(run.Mode), decision.RunPart(run.Revision, run.Trigger), string(form), hash[:]); err != nil {
		return Run{}, err
	}
	failpoint("run inserted")
	if _, err := tx.ExecContext(ctx, `INSERT INTO revisions (digest, bundle) VALUES (?, ?) ON CONFLICT DO NOTHING`, run.Revision, k.canonical); err != nil {
		return Run{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outbox (run) VALUES (?)`, run.ID)
	return run, err
}

func newEntry(ctx context.Context, tx *sql.Tx, district string, k *recordedRun, students int) (Entry, error) {
	var last int64
	var previous []byte
	err := tx.QueryRowContext(ctx, `SELECT sequence, hash FROM runs ORDER BY sequence DESC LIMIT 1`).Scan(&last, &previous)
	if errors.Is(err, sql.ErrNoRows) {
		previous, err = make([]byte, len(Hash{})), nil
	}
	e := Entry{
		Format: EntryFormat, District: district, Sequence: last + 1, Previous: hex.EncodeToString(previous),
		Run: k.ID, Trigger: k.Trigger, At: formatTime(k.At), Seed: hex.EncodeToString(k.Seed), Engine: k.Engine,
		Process: k.Process, Revision: k.Revision, Mode: k.mode,
		Snapshot: k.Snapshot, Recording: k.Recording, Segment: k.Segment, Proof: k.proof, Tasks: taskDigest(k.tasks).String(),
		Counts: countsOf(students, &k.states, k.places, len(k.tasks)),
	}
	if k.proof == ProofPerDecision {
		e.Root = rootOf(slices.Clone(k.roots)).String()
	}
	return e, err
}

func countsOf(decisions int, states *[256]int, places []Place, tasks int) Counts {
	c := Counts{Students: decisions, Decisions: decisions, Tasks: tasks, States: map[decision.State]int{}}
	for number, n := range states {
		if n > 0 {
			state, _ := decision.StateOf(uint8(number))
			c.States[state] = n
		}
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

// writeSeats puts the run's places in the place of those before, unless it is a
// trial: only live runs give places and take them back.
func (k *recordedRun) writeSeats(ctx context.Context, tx *sql.Tx) error {
	if k.mode != bundle.ModeLive {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM seats WHERE process = ?`, k.Process); err != nil {
		return err
	}
	return insertRows(ctx, tx, 128, `INSERT INTO seats (process, student, decision, grp, units, waiting)`, 6, len(k.places), func(i int) []any {
		s := &k.places[i]
		return []any{k.Process, s.Student, s.Decision, s.Group, s.Units, s.Waiting}
	})
}

// writeTasks withdraws the tasks of the superseded decisions and opens the new
// ones.
func (k *recordedRun) writeTasks(ctx context.Context, tx *sql.Tx) error {
	for _, earlier := range k.standing[:weight(k.mode)+1] {
		if earlier == nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tasks SET state = ? WHERE run = ? AND state = ?`,
			decision.TaskWithdrawn, earlier.ID, decision.TaskOpen); err != nil {
			return err
		}
	}
	return insertRows(ctx, tx, 128, `INSERT INTO tasks (id, run, decision, process, role, agent, opened, due, otherwise, escalate_to, state)`, 11, len(k.tasks), func(i int) []any {
		t := &k.tasks[i]
		return []any{t.ID, k.ID, t.Decision, t.Process, string(t.Role), t.Agent, formatTime(t.Opened), formatTime(t.Due), t.Otherwise, t.EscalateTo, string(t.State)}
	})
}

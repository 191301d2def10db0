// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// BeginRun implements Store.
func (l *Ledger) BeginRun(ctx context.Context, s RunStart) (Run, error) {
	runs, err := l.BeginRuns(ctx, []RunStart{s})
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}

// BeginRuns implements Store.
func (l *Ledger) BeginRuns(ctx context.Context, starts []RunStart) ([]Run, error) {
	if l.write == nil {
		return nil, ErrReadOnly
	}
	for _, s := range starts {
		if s.Process == "" || s.Revision == "" || s.Trigger == "" || s.At.IsZero() {
			return nil, fmt.Errorf("%w: a run needs process, revision, trigger instance and instant", ErrRefused)
		}
		if err := checkInstant(s.At); err != nil {
			return nil, refuse("the run's instant: %w", err)
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	runs, fresh := make([]Run, len(starts)), map[string]Run{}
	for i, s := range starts {
		id := RunID(l.district, s.Process, s.Revision, s.Trigger)
		if run, twice := fresh[id]; twice {
			runs[i] = run
			continue
		}
		var err error
		runs[i], err = l.run(ctx, id)
		if errors.Is(err, ErrNotFound) {
			s.At = s.At.UTC()
			runs[i], err = Run{ID: id, RunStart: s, State: RunPending}, nil
			fresh[id] = runs[i]
		}
		if err != nil {
			return nil, err
		}
	}
	if len(fresh) == 0 {
		return runs, nil
	}
	err := l.writeSealed(ctx, "pending", func(tx *sql.Tx) error {
		for _, id := range sortedKeys(fresh) {
			if err := insertPending(ctx, tx, fresh[id]); err != nil {
				return err
			}
		}
		return nil
	})
	failpoint("begun")
	return runs, err
}

func insertPending(ctx context.Context, tx *sql.Tx, r Run) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO pending (`+pendingColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Process, r.Revision, r.Trigger, formatTime(r.At), nonNil(r.Seed), r.Engine, pendingChecksum(r))
	return err
}

// deletePending fails with ErrNotFound where the run is not pending.
func deletePending(ctx context.Context, tx *sql.Tx, id string) error {
	result, err := tx.ExecContext(ctx, `DELETE FROM pending WHERE run = ?`, id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fmt.Errorf("run %s: no pending run: %w", id, ErrNotFound)
}

// nonNil: SQLite would store a nil slice as NULL.
func nonNil(b []byte) []byte { return append([]byte{}, b...) }

func pendingChecksum(r Run) []byte {
	return checksum(r.ID, r.Process, r.Revision, r.Trigger, formatTime(r.At), string(r.Seed), r.Engine)
}

// checksum guards a row that no entry of the chain covers against damage. It is
// no protection against somebody who computes it anew.
func checksum(fields ...string) []byte {
	sum := sha256.Sum256(appendStrings(nil, fields))
	return sum[:]
}

// writeSealed changes a table whose rows have checksums, and its seal with it.
func (l *Ledger) writeSealed(ctx context.Context, table string, change func(*sql.Tx) error) error {
	return liveError(inTx(ctx, l.write, func(tx *sql.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return writeSeal(ctx, tx, table)
	}))
}

func writeSeal(ctx context.Context, tx *sql.Tx, table string) error {
	seal, err := sealOf(ctx, tx, table)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO seals (name, digest) VALUES (?, ?) ON CONFLICT DO UPDATE SET digest = excluded.digest`, table, seal)
	return err
}

func sealOf(ctx context.Context, db querier, table string) ([]byte, error) {
	sums, err := selectRows(ctx, db, scanText, `SELECT checksum FROM `+table+` ORDER BY checksum`)
	return checksum(sums...), err
}

func scanText(scan func(...any) error) (string, error) {
	var s string
	err := scan(&s)
	return s, err
}

// run is a run by id, pending or committed, or ErrNotFound.
func (l *Ledger) run(ctx context.Context, id string) (Run, error) {
	committed, err := l.committed(ctx, `WHERE run = ?`, id)
	if err != nil {
		return Run{}, err
	}
	if len(committed) == 1 {
		return committed[0], nil
	}
	pending, err := l.pending(ctx, `WHERE run = ?`, id)
	if err != nil {
		return Run{}, err
	}
	if len(pending) == 1 {
		return pending[0], nil
	}
	return Run{}, fmt.Errorf("run %s: %w", id, ErrNotFound)
}

// PendingRuns implements Store.
func (l *Ledger) PendingRuns(ctx context.Context) ([]Run, error) { return l.pending(ctx, "") }

func (l *Ledger) pending(ctx context.Context, where string, args ...any) ([]Run, error) {
	return selectRows(ctx, l.read, scanPending, `SELECT `+pendingColumns+` FROM pending `+where+` ORDER BY run`, args...)
}

const pendingColumns = `run, process, revision, trigger, at, seed, engine, checksum`

func scanPending(scan func(...any) error) (Run, error) {
	r := Run{State: RunPending}
	var at string
	var sum []byte
	if err := scan(&r.ID, &r.Process, &r.Revision, &r.Trigger, &at, &r.Seed, &r.Engine, &sum); err != nil {
		return r, err
	}
	var err error
	if r.At, err = parseTime(at); err != nil || string(sum) != string(pendingChecksum(r)) {
		return r, fmt.Errorf("%w: table pending, run %s: the row does not have its checksum", ErrNotWhole, r.ID)
	}
	return r, nil
}

// AbandonRun implements Store.
func (l *Ledger) AbandonRun(ctx context.Context, id string) error {
	if l.write == nil {
		return ErrReadOnly
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	// A commit that failed late has left files, and may turn out to be durable
	// after a crash, and need them, until another transaction has taken its place
	// in the log. That is what the first one is for: it takes the row out and puts
	// it back, as SQLite writes nothing where a row stays as it is. The second comes
	// after the files, while the row still says whose they are: opening removes
	// those of a pending run and refuses those of a run that nothing knows.
	run, err := l.run(ctx, id)
	if err != nil {
		return err
	}
	if err := l.writeSealed(ctx, "pending", func(tx *sql.Tx) error {
		if err := deletePending(ctx, tx, id); err != nil {
			return err
		}
		return insertPending(ctx, tx, run)
	}); err != nil {
		return err
	}
	failpoint("run to be given up")
	if err := l.recover(ctx); err != nil {
		return err
	}
	failpoint("tidied up")
	return l.writeSealed(ctx, "pending", func(tx *sql.Tx) error { return deletePending(ctx, tx, id) })
}

// Runs implements Store.
func (l *Ledger) Runs(ctx context.Context, process string) ([]Run, error) {
	if process == "" {
		return l.committed(ctx, "")
	}
	return l.committed(ctx, `WHERE process = ?`, process)
}

func (l *Ledger) committed(ctx context.Context, where string, args ...any) ([]Run, error) {
	return selectRows(ctx, l.read, func(scan func(...any) error) (Run, error) {
		var sequence int64
		var form, hash []byte
		if err := scan(&sequence, &form, &hash); err != nil {
			return Run{}, err
		}
		r, err := runOf(form, hash)
		if err == nil && r.Sequence != sequence {
			err = errors.New("the entry has another sequence number")
		}
		if err != nil {
			return r, fmt.Errorf("%w: table runs, sequence %d: %w", ErrNotWhole, sequence, err)
		}
		return r, nil
	}, `SELECT sequence, entry, hash FROM runs `+where+` ORDER BY sequence`, args...)
}

// runOf is the run that a row of table runs records, if the row's hash is right.
func runOf(form, hash []byte) (Run, error) {
	sum := Hash(sha256.Sum256(form))
	if string(hash) != string(sum[:]) {
		return Run{}, errors.New("the entry does not have its hash")
	}
	e, err := readEntry(form) // it has its hash, so it is as it was written
	if err != nil {
		return Run{}, err
	}
	return e.run(sum)
}

// standing is the standing of a process; it reads no more than the newest run
// in each mode.
func (l *Ledger) standing(ctx context.Context, process string) (standing, error) {
	runs, err := l.committed(ctx, `WHERE sequence IN (SELECT max(sequence) FROM runs WHERE process = ? GROUP BY mode)`, process)
	if s := standingsOf(runs)[process]; err == nil && s != nil {
		return *s, nil
	}
	return standing{}, err
}

// Standing implements Store.
func (l *Ledger) Standing(ctx context.Context, process string, mode bundle.Mode) (*Run, error) {
	s, err := l.standing(ctx, process)
	if err != nil {
		return nil, err
	}
	return s.upTo(mode), nil
}

// LastFired implements Store.
func (l *Ledger) LastFired(ctx context.Context, process, trigger string) (time.Time, error) {
	var fired string
	var sum []byte
	err := l.read.QueryRowContext(ctx, `SELECT fired, checksum FROM marks WHERE process = ? AND trigger = ?`, process, trigger).Scan(&fired, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, liveError(err)
	}
	if string(sum) != string(checksum(process, trigger, fired)) {
		return time.Time{}, fmt.Errorf("%w: table marks, process %s, trigger %s: the row does not have its checksum", ErrNotWhole, process, trigger)
	}
	return parseTime(fired)
}

// SetFired implements Store.
func (l *Ledger) SetFired(ctx context.Context, process, trigger string, at time.Time) error {
	if l.write == nil {
		return ErrReadOnly
	}
	if err := checkInstant(at); err != nil {
		return refuse("when trigger %s fired: %w", trigger, err)
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	last, err := l.LastFired(ctx, process, trigger)
	if err != nil || !at.After(last) {
		return err
	}
	fired := formatTime(at)
	return l.writeSealed(ctx, "marks", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO marks (process, trigger, fired, checksum) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET fired = excluded.fired, checksum = excluded.checksum`, process, trigger, fired, checksum(process, trigger, fired))
		return err
	})
}

// selectRows runs a query and makes one value of each row.
func selectRows[T any](ctx context.Context, db querier, one func(scan func(...any) error) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, liveError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := one(rows.Scan)
		if err != nil {
			return nil, liveError(err)
		}
		out = append(out, v)
	}
	return out, liveError(rows.Err())
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

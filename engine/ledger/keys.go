// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// keyring is all students' keys of a district, by student. Two slices and not a
// map: a district of a million students has them in 60 MB.
type keyring struct {
	students []string
	keys     []Key
}

func loadKeys(ctx context.Context, db querier) (*keyring, error) {
	k := &keyring{}
	_, err := selectRows(ctx, db, func(scan func(...any) error) (struct{}, error) {
		var student string
		var key sql.RawBytes
		if err := scan(&student, &key); err != nil {
			return struct{}{}, err
		}
		if len(key) != len(Key{}) {
			return struct{}{}, fmt.Errorf("%w: table student_keys: a key has %d bytes", ErrNotWhole, len(key))
		}
		k.students = append(k.students, student)
		k.keys = append(k.keys, Key(key))
		return struct{}{}, nil
	}, `SELECT student, key FROM student_keys ORDER BY student`)
	return k, err
}

func (k *keyring) of(student string) (Key, bool) {
	i, ok := slices.BinarySearch(k.students, student)
	if !ok {
		return Key{}, false
	}
	return k.keys[i], true
}

// with is the keyring with a fresh key for each of the students, in order, who
// have none, and those fresh keys by themselves.
func (k *keyring) with(students []string, entropy io.Reader) (all, fresh *keyring, err error) {
	fresh = &keyring{}
	for _, s := range students {
		if _, ok := k.of(s); ok {
			continue
		}
		var key Key
		if _, err := io.ReadFull(entropy, key[:]); err != nil {
			return nil, nil, fmt.Errorf("entropy for students' keys: %w", err)
		}
		fresh.students = append(fresh.students, s)
		fresh.keys = append(fresh.keys, key)
	}
	if len(fresh.students) == 0 {
		return k, fresh, nil
	}
	return merged(k, fresh), fresh, nil
}

// merged is both keyrings, which have no student in common.
func merged(a, b *keyring) *keyring {
	n := len(a.students) + len(b.students)
	out := &keyring{make([]string, 0, n), make([]Key, 0, n)}
	for i, j := 0, 0; i+j < n; {
		from, at := a, &i
		if i == len(a.students) || j < len(b.students) && b.students[j] < a.students[i] {
			from, at = b, &j
		}
		out.students = append(out.students, from.students[*at])
		out.keys = append(out.keys, from.keys[*at])
		*at++
	}
	return out
}

// insertRows inserts n rows, many a statement: a statement a row costs more
// than the row.
func insertRows(ctx context.Context, tx *sql.Tx, into string, columns, n int, row func(i int) []any) (err error) {
	const batch = 128
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	values := func(rows int) string { return strings.TrimSuffix(strings.Repeat(one+",", rows), ",") }
	var full *sql.Stmt
	for from := 0; from < n; from += batch {
		to := min(from+batch, n)
		args := make([]any, 0, (to-from)*columns)
		for i := from; i < to; i++ {
			args = append(args, row(i)...)
		}
		if to-from < batch {
			_, err := tx.ExecContext(ctx, into+" VALUES "+values(to-from), args...)
			return err
		}
		if full == nil {
			if full, err = tx.PrepareContext(ctx, into+" VALUES "+values(batch)); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, full.Close()) }()
		}
		if _, err := full.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/juncture-dev/juncture/engine/ledger/columns"
)

// keysPerBlock is how many students' keys a new row of table student_keys has: a
// row a student would cost more than all of the student's decisions.
const keysPerBlock = 1024

// keyBlock is a row of table student_keys.
type keyBlock struct {
	first    string
	students []string
	keys     []Key
}

func (b *keyBlock) encode() (students, keys []byte) {
	students = appendLengthOf(nil, len(b.students))
	students = columns.AppendTexts(students, b.students)
	keys = make([]byte, 0, len(Key{})*len(b.keys))
	for i := range b.keys {
		keys = append(keys, b.keys[i][:]...)
	}
	return students, keys
}

// scanKeyBlock reads a row. What is wrong with it names no student.
func scanKeyBlock(scan func(...any) error) (b keyBlock, err error) {
	var students, keys sql.RawBytes
	if err := scan(&b.first, &students, &keys); err != nil {
		return b, err
	}
	d := columns.NewDecoder(students)
	b.students = columns.Texts(d, nil, int(min(d.Uvarint(), columns.MaxValues+1)))
	if err := d.End(); err != nil {
		return b, fmt.Errorf("%w: table student_keys: students: %w", ErrNotWhole, err)
	}
	if len(keys) != len(Key{})*len(b.students) {
		return b, fmt.Errorf("%w: table student_keys: %d bytes of keys for %d students", ErrNotWhole, len(keys), len(b.students))
	}
	b.keys = make([]Key, len(b.students))
	for i := range b.keys {
		copy(b.keys[i][:], keys[i*len(Key{}):])
	}
	last := b.first
	for i, s := range b.students {
		if s < last || i > 0 && s == last {
			return b, fmt.Errorf("%w: table student_keys: a block's students are not in order", ErrNotWhole)
		}
		last = s
	}
	return b, nil
}

const keyBlocks = `SELECT first, students, keys FROM student_keys `

// keyOf is the key of one student, false for none.
func keyOf(ctx context.Context, db querier, student string) (Key, bool, error) {
	blocks, err := selectRows(ctx, db, scanKeyBlock, keyBlocks+`WHERE first <= ? ORDER BY first DESC LIMIT 1`, student)
	if err != nil || len(blocks) == 0 {
		return Key{}, false, err
	}
	i, found := slices.BinarySearch(blocks[0].students, student)
	if !found {
		return Key{}, false, nil
	}
	return blocks[0].keys[i], true, nil
}

// keyMerge walks through all students' keys in step with the students of a
// recording, who ascend, and makes those that are missing.
type keyMerge struct {
	db      querier
	dir     string
	entropy *bufio.Reader

	block   keyBlock // where the walk is
	at      int
	next    *keyBlock // nil at the end
	started bool

	// fresh is the block as it is to be from now on, as far as the walk has come,
	// once a key was made; changed are the blocks that are to be written, which
	// wait in a file that has no name: a first run makes a key a student, and
	// memory must not grow with them.
	fresh   *keyBlock
	changed []changedBlock
	file    *os.File
	size    int64
	err     error // of the file
}

// changedBlock is where a block waits in the file.
type changedBlock struct {
	first          string
	students, keys int // bytes, one after the other
}

func newKeyMerge(db querier, entropy io.Reader, dir string) *keyMerge {
	return &keyMerge{db: db, entropy: bufio.NewReaderSize(entropy, 4096), dir: dir}
}

// Close gives up what was not written.
func (m *keyMerge) Close() error {
	if m == nil || m.file == nil {
		return nil
	}
	f := m.file
	m.file = nil
	err := f.Close()
	if gone := os.Remove(f.Name()); !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// change puts a block into the file.
func (m *keyMerge) change(b keyBlock) {
	if m.file == nil && m.err == nil {
		if m.file, m.err = os.CreateTemp(m.dir, "keys-*"+temporary); m.err != nil {
			return
		}
		_ = os.Remove(m.file.Name()) // where that cannot be done to an open file, Close does it
	}
	students, keys := b.encode()
	for _, part := range [2][]byte{students, keys} {
		if m.err == nil {
			_, m.err = m.file.WriteAt(part, m.size)
		}
		m.size += int64(len(part))
	}
	m.changed = append(m.changed, changedBlock{strings.Clone(b.first), len(students), len(keys)})
}

// of gives the keys of students who come after all those asked for before.
func (m *keyMerge) of(ctx context.Context, students []string, keys []Key) ([]Key, error) {
	if !m.started {
		m.started = true
		if err := m.load(ctx, `ORDER BY first LIMIT 1`); err != nil {
			return nil, err
		}
	}
	for _, s := range students {
		for m.next != nil && m.next.first <= s {
			m.finish()
			m.block, m.at = *m.next, 0
			if err := m.load(ctx, `WHERE first > ? ORDER BY first LIMIT 1`, m.block.first); err != nil {
				return nil, err
			}
		}
		for m.at < len(m.block.students) && m.block.students[m.at] < s {
			m.at++
			m.keep(m.at-1, m.at)
		}
		if m.at < len(m.block.students) && m.block.students[m.at] == s {
			keys = append(keys, m.block.keys[m.at])
			continue
		}
		key, err := m.make(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, m.err
}

func (m *keyMerge) load(ctx context.Context, which string, args ...any) error {
	blocks, err := selectRows(ctx, m.db, scanKeyBlock, keyBlocks+which, args...)
	m.next = nil
	if len(blocks) > 0 {
		m.next = &blocks[0]
	}
	return err
}

// keep takes part of the block over into the fresh one, if there is one.
func (m *keyMerge) keep(from, to int) {
	if m.fresh != nil {
		m.fresh.students = append(m.fresh.students, m.block.students[from:to]...)
		m.fresh.keys = append(m.fresh.keys, m.block.keys[from:to]...)
		m.cut(2 * keysPerBlock)
	}
}

func (m *keyMerge) make(student string) (key Key, err error) {
	if _, err := io.ReadFull(m.entropy, key[:]); err != nil {
		return key, fmt.Errorf("entropy for students' keys: %w", err)
	}
	if m.fresh == nil {
		m.fresh = &keyBlock{first: m.block.first}
		m.keep(0, m.at)
	}
	m.fresh.students, m.fresh.keys = append(m.fresh.students, student), append(m.fresh.keys, key)
	m.cut(2 * keysPerBlock)
	return key, nil
}

// cut moves full blocks off the front of the fresh one while it is larger than
// most.
func (m *keyMerge) cut(most int) {
	f := m.fresh
	for len(f.students) > most {
		m.change(keyBlock{f.first, f.students[:keysPerBlock], f.keys[:keysPerBlock]})
		f.students = append(f.students[:0], f.students[keysPerBlock:]...)
		f.keys = append(f.keys[:0], f.keys[keysPerBlock:]...)
		f.first = f.students[0]
	}
}

// finish ends the block that the walk is in.
func (m *keyMerge) finish() {
	if m.fresh == nil {
		return
	}
	m.keep(m.at, len(m.block.students))
	m.cut(2*keysPerBlock - 1)
	m.change(*m.fresh)
	m.fresh = nil
}

// write writes the blocks that changed.
func (m *keyMerge) write(ctx context.Context, tx *sql.Tx) error {
	m.finish()
	if m.err != nil {
		return m.err
	}
	at := int64(0)
	err := insertRows(ctx, tx, 8, `INSERT OR REPLACE INTO student_keys (first, students, keys)`, 3, len(m.changed), func(i int) []any {
		b := &m.changed[i]
		both := make([]byte, b.students+b.keys)
		if _, err := m.file.ReadAt(both, at); err != nil {
			m.err = err
		}
		at += int64(len(both))
		return []any{b.first, both[:b.students], both[b.students:]}
	})
	return errors.Join(err, m.err) // a key that could not be read back must not be recorded
}

// keyIndex says where students' keys are, and which of them a decision was found
// for. It holds no key and no student but the first of each block.
type keyIndex struct {
	mu     sync.Mutex // over db
	db     querier
	firsts []string
	used   [][]bool // by block; different rows may be written at once
}

// indexKeys walks through all blocks.
func indexKeys(ctx context.Context, db querier) (*keyIndex, error) {
	k := &keyIndex{db: db}
	last := "" // student
	_, err := selectRows(ctx, db, func(scan func(...any) error) (struct{}, error) {
		b, err := scanKeyBlock(scan)
		if err != nil {
			return struct{}{}, err
		}
		n := len(k.firsts)
		if (n == 0) != (b.first == "") || n > 0 && last >= b.first || len(b.students) == 0 {
			return struct{}{}, fmt.Errorf("%w: table student_keys: the blocks do not follow one another", ErrNotWhole)
		}
		last = strings.Clone(b.students[len(b.students)-1])
		k.firsts, k.used = append(k.firsts, b.first), append(k.used, make([]bool, len(b.students)))
		return struct{}{}, nil
	}, keyBlocks+`ORDER BY first`)
	return k, err
}

// each calls f with the key of each of these students, who ascend; nil for none.
func (k *keyIndex) each(ctx context.Context, students []string, f func(i int, key *Key)) error {
	var blocks []keyBlock
	from := 0
	if len(students) > 0 && len(k.firsts) > 0 {
		after := func(s string) int { return sort.Search(len(k.firsts), func(i int) bool { return k.firsts[i] > s }) }
		from = max(0, after(students[0])-1)
		to := max(from+1, after(students[len(students)-1]))
		k.mu.Lock()
		var err error
		blocks, err = selectRows(ctx, k.db, scanKeyBlock, keyBlocks+`WHERE first BETWEEN ? AND ? ORDER BY first`, k.firsts[from], k.firsts[to-1])
		k.mu.Unlock()
		if err != nil {
			return err
		}
	}
	block, at := 0, 0
	for i, s := range students {
		for block+1 < len(blocks) && blocks[block+1].first <= s {
			block, at = block+1, 0
		}
		if len(blocks) == 0 {
			f(i, nil)
			continue
		}
		b := &blocks[block]
		for at < len(b.students) && b.students[at] < s {
			at++
		}
		if at == len(b.students) || b.students[at] != s {
			f(i, nil)
			continue
		}
		k.used[from+block][at] = true
		f(i, &b.keys[at])
	}
	return nil
}

// insertRows inserts n rows, batch a statement: a statement a row costs more
// than the row.
func insertRows(ctx context.Context, tx *sql.Tx, batch int, into string, columns, n int, row func(i int) []any) (err error) {
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

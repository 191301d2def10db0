// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package intern numbers texts in the order in which they first come.
package intern

import (
	"bytes"
	"cmp"
	"hash/maphash"
)

// Table numbers texts. It keeps their bytes in one piece of memory: a state has
// millions of results, and a Go string with its map entry for each sourcedId
// would cost several times the id. Looking up allocates nothing.
//
// Most files list their rows by ascending key. As long as texts come so, each
// longer than the one before or as long and greater, a text is new if it is
// beyond the last one: nothing is hashed before a text breaks the order or one
// is looked up.
//
// Hashes are seeded, so that nobody can make a file whose texts all collide;
// the numbers do not depend on the seed.
type Table struct {
	seed  maphash.Seed
	bytes []byte
	ends  []int
	slots []slot // open addressing, linear probing; nil: not yet needed
	mixed bool   // texts came out of order
}

// slot is a place of the hash table. The hash spares most looks at the bytes,
// each of which would be a cache miss.
type slot struct {
	hash   uint32
	number uint32 // + 1; 0: free
}

const fewest = 16 // slots; a power of two

// New is an empty table.
func New(seed maphash.Seed) *Table { return &Table{seed: seed} }

// Len is the number of texts.
func (t *Table) Len() int { return len(t.ends) }

// Size is the number of bytes of all texts.
func (t *Table) Size() int { return len(t.bytes) }

// Get is text n. It is part of the table and not to be written to.
func (t *Table) Get(n uint32) []byte {
	from := 0
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.bytes[from:t.ends[n]]
}

// Compare orders texts a and b by their bytes.
func (t *Table) Compare(a, b uint32) int {
	x, y := t.Get(a), t.Get(b)
	if !t.mixed && len(x) == len(y) {
		return cmp.Compare(a, b)
	}
	return bytes.Compare(x, y)
}

// Find is a text's number, if it has one. It must not be called by several
// goroutines at once.
func (t *Table) Find(text []byte) (uint32, bool) {
	if t.slots == nil {
		t.index()
	}
	s := t.slots[t.place(text, t.hash(text))]
	return s.number - 1, s.number != 0
}

// Add is a text's number, a new one if isNew. It keeps a copy of a new text.
func (t *Table) Add(text []byte) (n uint32, isNew bool) {
	inOrder := !t.mixed && t.beyondLast(text)
	if t.slots == nil {
		if inOrder {
			return t.append(text), true
		}
		t.index()
	}
	hash := t.hash(text)
	place := t.place(text, hash)
	if s := t.slots[place]; s.number != 0 {
		return s.number - 1, false
	}
	t.mixed = !inOrder
	n = t.append(text)
	t.slots[place] = slot{hash, n + 1}
	if crowded(len(t.ends), len(t.slots)) {
		t.rehash(2 * len(t.slots))
	}
	return n, true
}

// beyondLast reports whether text is longer than the last one, or as long and greater.
func (t *Table) beyondLast(text []byte) bool {
	if len(t.ends) == 0 {
		return true
	}
	last := t.Get(uint32(len(t.ends) - 1))
	return len(text) > len(last) || len(text) == len(last) && bytes.Compare(last, text) < 0
}

func (t *Table) append(text []byte) uint32 {
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
	return uint32(len(t.ends) - 1)
}

func crowded(texts, slots int) bool { return 4*texts > 3*slots }

// index makes the hash table of all texts so far.
func (t *Table) index() {
	size := fewest
	for crowded(len(t.ends)+1, size) {
		size *= 2
	}
	t.slots = make([]slot, size)
	for n := range t.ends {
		hash := t.hash(t.Get(uint32(n)))
		t.slots[t.free(hash)] = slot{hash, uint32(n) + 1}
	}
}

func (t *Table) hash(text []byte) uint32 { return uint32(maphash.Bytes(t.seed, text)) }

// place is where text is, or the free place where it belongs.
func (t *Table) place(text []byte, hash uint32) int {
	mask := len(t.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.number == 0 || s.hash == hash && bytes.Equal(t.Get(s.number-1), text) {
			return i
		}
	}
}

// free is the free place where a text that is not there belongs.
func (t *Table) free(hash uint32) int {
	mask := len(t.slots) - 1
	i := int(hash) & mask
	for t.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	return i
}

func (t *Table) rehash(size int) {
	old := t.slots
	t.slots = make([]slot, size)
	for _, s := range old {
		if s.number != 0 {
			t.slots[t.free(s.hash)] = s
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package intern numbers texts in the order in which they first come.
package intern

import (
	"bytes"
	"hash/maphash"
)

// Table numbers texts. It keeps their bytes in one piece of memory: a state has
// millions of results, and a Go string with its map entry for each sourcedId
// would cost several times the id. Looking up allocates nothing.
//
// Hashes are seeded, so that nobody can make a file whose texts all collide;
// the numbers do not depend on the seed.
type Table struct {
	seed  maphash.Seed
	bytes []byte
	ends  []int
	slots []slot // open addressing, linear probing
}

// slot is a place of the hash table. The hash spares most looks at the bytes,
// each of which would be a cache miss.
type slot struct {
	hash   uint32
	number uint32 // + 1; 0: free
}

const fewest = 16 // slots; a power of two

// New is an empty table.
func New(seed maphash.Seed) *Table { return &Table{seed: seed, slots: make([]slot, fewest)} }

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
func (t *Table) Compare(a, b uint32) int { return bytes.Compare(t.Get(a), t.Get(b)) }

// Find is a text's number, if it has one.
func (t *Table) Find(text []byte) (uint32, bool) {
	s := t.slots[t.place(text, t.hash(text))]
	return s.number - 1, s.number != 0
}

// Add is a text's number, a new one if isNew. It keeps a copy of a new text.
func (t *Table) Add(text []byte) (n uint32, isNew bool) {
	hash := t.hash(text)
	place := t.place(text, hash)
	if s := t.slots[place]; s.number != 0 {
		return s.number - 1, false
	}
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
	n = uint32(len(t.ends) - 1)
	t.slots[place] = slot{hash, n + 1}
	if 4*len(t.ends) > 3*len(t.slots) {
		t.grow()
	}
	return n, true
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

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	mask := len(t.slots) - 1
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := int(s.hash) & mask
		for t.slots[i].number != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

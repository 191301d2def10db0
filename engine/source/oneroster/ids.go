// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"bytes"
	"hash/maphash"
)

// ids numbers the sourcedIds of one file in the order in which they come. It
// keeps their bytes in one piece of memory: a state has millions of results,
// and a Go string with its map entry for each would cost several times the id.
type ids struct {
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

func newIDs(seed maphash.Seed) *ids { return &ids{seed: seed, slots: make([]slot, 16)} }

// get is an id's bytes.
func (t *ids) get(n uint32) []byte {
	from := 0
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.bytes[from:t.ends[n]]
}

func (t *ids) compare(a, b uint32) int { return bytes.Compare(t.get(a), t.get(b)) }

// find is an id's number, if it has one.
func (t *ids) find(id string) (uint32, bool) {
	s := t.slots[t.place(id, t.hash(id))]
	return s.number - 1, s.number != 0
}

// add is an id's number, a new one if isNew.
func (t *ids) add(id string) (n uint32, isNew bool) {
	hash := t.hash(id)
	place := t.place(id, hash)
	if s := t.slots[place]; s.number != 0 {
		return s.number - 1, false
	}
	t.bytes = append(t.bytes, id...)
	t.ends = append(t.ends, len(t.bytes))
	n = uint32(len(t.ends) - 1)
	t.slots[place] = slot{hash, n + 1}
	if 4*len(t.ends) > 3*len(t.slots) {
		t.grow()
	}
	return n, true
}

func (t *ids) hash(id string) uint32 { return uint32(maphash.String(t.seed, id)) }

// place is where id is, or the free place where it belongs.
func (t *ids) place(id string, hash uint32) int {
	mask := len(t.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.number == 0 || s.hash == hash && string(t.get(s.number-1)) == id {
			return i
		}
	}
}

func (t *ids) grow() {
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

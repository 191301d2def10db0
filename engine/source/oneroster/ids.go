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
	slots []uint32 // open addressing, linear probing; number + 1, or 0
}

func newIDs(seed maphash.Seed) *ids { return &ids{seed: seed, slots: make([]uint32, 16)} }

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
	n := t.slots[t.slot(id)]
	return n - 1, n != 0
}

// add is an id's number, a new one if isNew.
func (t *ids) add(id string) (n uint32, isNew bool) {
	slot := t.slot(id)
	if n := t.slots[slot]; n != 0 {
		return n - 1, false
	}
	t.bytes = append(t.bytes, id...)
	t.ends = append(t.ends, len(t.bytes))
	n = uint32(len(t.ends) - 1)
	t.slots[slot] = n + 1
	if 4*len(t.ends) > 3*len(t.slots) {
		t.grow()
	}
	return n, true
}

// slot is where id is, or the free place where it belongs.
func (t *ids) slot(id string) int {
	mask := len(t.slots) - 1
	for i := int(maphash.String(t.seed, id)) & mask; ; i = (i + 1) & mask {
		if n := t.slots[i]; n == 0 || string(t.get(n-1)) == id {
			return i
		}
	}
}

func (t *ids) grow() {
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	mask := len(t.slots) - 1
	for n := range t.ends {
		i := int(maphash.Bytes(t.seed, t.get(uint32(n)))) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n) + 1
	}
}

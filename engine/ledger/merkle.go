// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Hash is a SHA-256 hash.
type Hash [sha256.Size]byte

// Key is a student's random key. Destroying it unlinks every commitment about
// the student from the student.
type Key [32]byte

var hasher = rfc6962.DefaultHasher

// hmacWriter computes HMAC-SHA256 (RFC 2104) under many keys without an
// allocation a key, which crypto/hmac cannot: a bulk commit has one key a
// student. A test holds it equal to crypto/hmac.
type hmacWriter struct{ inner, outer []byte }

func (w *hmacWriter) reset(k *Key) {
	var inner, outer [sha256.BlockSize]byte
	copy(inner[:], k[:])
	outer = inner
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	w.inner = append(w.inner[:0], inner[:]...)
	w.outer = append(w.outer[:0], outer[:]...)
}

// sum is the HMAC of what was appended to w.inner since reset.
func (w *hmacWriter) sum() Hash {
	inner := sha256.Sum256(w.inner)
	w.outer = append(w.outer, inner[:]...)
	return sha256.Sum256(w.outer)
}

// root is the RFC 6962 root of a tree whose leaves hold these commitments.
func root(commitments []Hash) (Hash, error) {
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i := range commitments {
		if err := tree.Append(hasher.HashLeaf(commitments[i][:]), nil); err != nil {
			return Hash{}, err
		}
	}
	if len(commitments) == 0 {
		return Hash(hasher.EmptyRoot()), nil
	}
	r, err := tree.GetRootHash(nil)
	if err != nil {
		return Hash{}, err
	}
	return Hash(r), nil
}

// inclusion is the RFC 6962 inclusion proof of one leaf, the sibling of the
// leaf first.
func inclusion(commitments []Hash, index int) ([][]byte, error) {
	nodes, err := proof.Inclusion(uint64(index), uint64(len(commitments)))
	if err != nil {
		return nil, err
	}
	found := make(map[compact.NodeID][]byte, len(nodes.IDs))
	for _, id := range nodes.IDs {
		found[id] = nil
	}
	keep := func(id compact.NodeID, hash []byte) {
		if _, wanted := found[id]; wanted {
			found[id] = hash
		}
	}
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i := range commitments {
		if err := tree.Append(hasher.HashLeaf(commitments[i][:]), keep); err != nil {
			return nil, err
		}
	}
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		if found[id] == nil {
			return nil, fmt.Errorf("inclusion proof of leaf %d: node %v is not in the tree", index, id)
		}
		hashes[i] = found[id]
	}
	return nodes.Rehash(hashes, hasher.HashChildren)
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"

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

// A run's tree is that of RFC 6962 over its leaves in order of row. A group has
// a power of two of them, so that all groups but the last are whole subtrees, and
// the root of the groups' roots is the tree's root. The library
// transparency-dev/merkle, which checks proofs, is the judge of all this in the
// tests; it hashes through interfaces and allocates a node, which bulk cannot
// afford.

// rootOf is the root of the tree over these nodes, level by level: a node
// without a sibling rises as it is. It uses nodes as room.
func rootOf(nodes []Hash) Hash {
	if len(nodes) == 0 {
		return sha256.Sum256(nil)
	}
	for len(nodes) > 1 {
		nodes = levelUp(nodes)
	}
	return nodes[0]
}

// levelUp puts the parents of the nodes into their place.
func levelUp(nodes []Hash) []Hash {
	var message [1 + 2*sha256.Size]byte
	message[0] = rfc6962.RFC6962NodeHashPrefix
	pairs := len(nodes) / 2
	for i := range pairs {
		copy(message[1:], nodes[2*i][:])
		copy(message[1+sha256.Size:], nodes[2*i+1][:])
		nodes[i] = sha256.Sum256(message[:])
	}
	if len(nodes)%2 == 1 {
		nodes[pairs] = nodes[len(nodes)-1]
		pairs++
	}
	return nodes[:pairs]
}

// siblings appends the siblings on the way from a node to the root of the tree
// over these nodes, the node's own first, and gives what is left of the nodes, the
// root. It uses nodes as room.
func siblings(dst [][]byte, nodes []Hash, index int) (path [][]byte, root []Hash) {
	for len(nodes) > 1 {
		if sibling := index ^ 1; sibling < len(nodes) {
			dst = append(dst, append([]byte(nil), nodes[sibling][:]...))
		}
		nodes, index = levelUp(nodes), index/2
	}
	return dst, nodes
}

// groupRoot is the digest of a chunk of leaf hashes: the root of its subtree.
func groupRoot(chunk []byte) [sha256.Size]byte {
	return rootOf(hashesOf(chunk))
}

// hashesOf is a chunk's hashes.
func hashesOf(chunk []byte) []Hash {
	nodes := make([]Hash, len(chunk)/sha256.Size)
	for i := range nodes {
		copy(nodes[i][:], chunk[i*sha256.Size:])
	}
	return nodes
}

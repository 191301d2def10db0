// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package columns is the file format of the record's columns: chunks of
// encoded values, one after another, and a footer with the digest of each. Who
// knows the footer's digest can read any chunk and be sure of it without reading
// the rest. docs/record.md gives both byte by byte.
//
// Encodings are chosen for speed: a value takes the least of 0, 1, 2, 4 or 8
// bytes that all values of its chunk fit in, and can be found by its row.
package columns

import "crypto/sha256"

// Digest is a SHA-256 hash.
type Digest = [sha256.Size]byte

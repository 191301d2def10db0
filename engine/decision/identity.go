// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// ID is the id of the decision that a revision makes about a student for one
// trigger instance: the SHA-256 of the three as netstrings, in hexadecimal. A
// run that is retried gives the same ids, so that nothing is decided twice.
//
// An id is no pseudonym: who knows a student's key can compute it. Treat it as
// student data.
func ID(revision, studentKey, triggerInstance string) string {
	return digest(revision, studentKey, triggerInstance)
}

// StudentKey names a student across districts: sourcedIds are unique within
// one district only.
func StudentKey(district, student string) string {
	return string(appendNetstring(appendNetstring(nil, district), student))
}

// digest hashes the parts as netstrings, so that no two lists of parts share an
// encoding.
func digest(parts ...string) string {
	message := make([]byte, 0, 256)
	for _, p := range parts {
		message = appendNetstring(message, p)
	}
	sum := sha256.Sum256(message)
	return hex.EncodeToString(sum[:])
}

// appendNetstring frames s by its length in bytes
// (https://cr.yp.to/proto/netstrings.txt).
func appendNetstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
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
	return netstring(district) + netstring(student)
}

// digest hashes the parts as netstrings (https://cr.yp.to/proto/netstrings.txt),
// so that no two lists of parts share an encoding.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		io.WriteString(h, netstring(p)) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

func netstring(s string) string { return strconv.Itoa(len(s)) + ":" + s + "," }

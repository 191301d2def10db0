// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// ID is the id of the decision that a revision makes about a student for one
// trigger instance: RunPart followed by StudentPart, 64 hexadecimal digits. A
// run that is retried gives the same ids, so that nothing is decided twice.
//
// An id is no pseudonym: who knows a student's key can compute it, and a
// student's decisions share a part. Treat it as student data.
func ID(revision, studentKey, triggerInstance string) string {
	return RunPart(revision, triggerInstance) + digest(studentKey)
}

// RunPart is the first half of the ids of all decisions that a revision makes
// for one trigger instance: the first 16 bytes of the SHA-256 of the two as
// netstrings, in hexadecimal.
func RunPart(revision, triggerInstance string) string {
	return digest(revision, triggerInstance)
}

// StudentPart is the second half of the ids of all decisions about a student of
// a district: the same of the student's key.
func StudentPart(district, student string) string {
	return digest(StudentKey(district, student))
}

// SplitID is the two halves of an id; false if it is none.
func SplitID(id string) (runPart, studentPart string, ok bool) {
	if len(id) != 4*partSize {
		return "", "", false
	}
	return id[:2*partSize], id[2*partSize:], true
}

// partSize is the bytes of half an id: 2^64 ids would have to exist before two
// are likely to be the same.
const partSize = 16

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
	return hex.EncodeToString(sum[:partSize])
}

// appendNetstring frames s by its length in bytes
// (https://cr.yp.to/proto/netstrings.txt).
func appendNetstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

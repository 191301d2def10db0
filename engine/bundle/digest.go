// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest names a bundle by its content: "sha256-" and 64 lower-case
// hexadecimal digits of the SHA-256 of the canonical form.
type Digest string

const digestPrefix = "sha256-"

// Digest is the digest of the bundle's canonical form. It fails where
// Canonical does.
func (b *Bundle) Digest() (Digest, error) {
	form, err := b.Canonical()
	if err != nil {
		return "", err
	}
	return DigestOf(form), nil
}

// DigestOf is the digest of these bytes, which should be a canonical form.
func DigestOf(canonical []byte) Digest {
	sum := sha256.Sum256(canonical)
	return Digest(digestPrefix + hex.EncodeToString(sum[:]))
}

// ParseDigest reads a digest as Digest writes it. Nothing else is accepted, so
// that equal digests are equal strings.
func ParseDigest(s string) (Digest, error) {
	digits, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is not a digest: write sha256- and 64 lower-case hexadecimal digits", s)
	}
	return Digest(s), nil
}

// Short is the digest's first 12 hexadecimal digits, for names and tables. It
// is empty for what is no digest.
func (d Digest) Short() string {
	if _, err := ParseDigest(string(d)); err != nil {
		return ""
	}
	return string(d[len(digestPrefix) : len(digestPrefix)+12])
}

func (d Digest) String() string { return string(d) }

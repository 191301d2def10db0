// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Digest identifies the content of an export: the SHA-256 over one line a file
// of the standard, sorted by name, each the file's name, a space and the
// SHA-256 of its bytes in hexadecimal. It is the same for a zip and for the
// folder with the same files, whatever order, dates and compression the zip has.
func Digest(path string) (string, error) {
	a, err := openArchive(path)
	if err != nil {
		return "", err
	}
	defer a.Close()
	m := &meter{ctx: context.Background(), limits: Limits{}.withDefaults()}
	sums := digests{}
	for _, name := range a.names() {
		if err := sums.drain(a, name, m); err != nil {
			return "", err
		}
	}
	return sums.digest(a), nil
}

// digests are the SHA-256 of files by name.
type digests map[string][]byte

// drain reads a file for nothing but its digest.
func (d digests) drain(a *archive, name string, m *meter) error {
	in, err := m.open(a, name)
	if err != nil {
		return err
	}
	defer in.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return readError(name, 0, err)
	}
	d[name] = hash.Sum(nil)
	return nil
}

func (d digests) digest(a *archive) string {
	hash := sha256.New()
	for _, name := range a.names() {
		hash.Write([]byte(name + " " + hex.EncodeToString(d[name]) + "\n"))
	}
	return "sha256-" + hex.EncodeToString(hash.Sum(nil))
}

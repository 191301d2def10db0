// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
)

// compileAll loads and compiles every bundle that an assignment names. A bundle
// that is not what its digest says, or that cannot be run, is an error: to serve
// the rest would be to serve something that nobody wanted.
func compileAll(dir string, a *assignment.Assignment) (map[bundle.Digest]*engine.Program, error) {
	programs := map[bundle.Digest]*engine.Program{}
	for _, digest := range a.Revisions() {
		program, err := compile(dir, digest)
		if err != nil {
			return nil, fmt.Errorf("revision %s: %w", digest, err)
		}
		programs[digest] = program
	}
	return programs, nil
}

func compile(dir string, digest bundle.Digest) (*engine.Program, error) {
	if _, err := bundle.ParseDigest(string(digest)); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, string(digest), assignment.BundleFile)
	form, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	if got := bundle.DigestOf(form); got != digest {
		return nil, fmt.Errorf("%s has the digest %s: it was altered, or is of another revision; the operator makes it again when the ConfigMap is deleted", name, got)
	}
	b, err := bundle.Parse(form)
	if err != nil {
		return nil, err
	}
	return engine.Compile(b)
}

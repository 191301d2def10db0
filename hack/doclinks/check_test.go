// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	repository := fstest.MapFS{
		"README.md": {Data: []byte("# Top\n" +
			"[here](#top) [there](docs/guide.md#how-it-s-done) [same](/docs/guide.md#again-1) ![picture](docs/p.png)\n" +
			"[out](https://example.org/x) `[not](a-link.md)`\n" +
			"```\n[nor](this.md)\n```\n" +
			"[gone](docs/gone.md) [lost](docs/guide.md#nowhere)\n" +
			"[by name][n]\n\n[n]: docs/missing.md\n")},
		"docs/guide.md": {Data: []byte("# How it-s *done*?\n## Again\n## Again\n[up](../README.md)\n")},
		"docs/p.png":    {},
	}
	links, complaints := check(repository, "README.md")
	want := []string{
		"README.md:7: link to docs/gone.md: there is no such file",
		"README.md:7: link to docs/guide.md#nowhere: docs/guide.md has no such heading",
		"README.md:10: link to docs/missing.md: there is no such file",
	}
	if diff := cmp.Diff(want, complaints); diff != "" {
		t.Errorf("complaints (-want +got):\n%s", diff)
	}
	if links != 7 {
		t.Errorf("saw %d links within the repository, want 7", links)
	}
	if links, complaints = check(repository, "docs/guide.md"); links != 1 || complaints != nil {
		t.Errorf("a sound document: %d links, complaints %v", links, complaints)
	}
}

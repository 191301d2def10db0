// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/ledger"
)

// A file with a fault in each row does not bury what else is wrong.
func TestManyFaultsAreCounted(t *testing.T) {
	var out strings.Builder
	writeFaults(&out, "FAULT", "boston", make([]ledger.Fault, maxFaults+7))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if got, want := lines[len(lines)-1], "FAULT boston: and 7 more; -o json tells all"; len(lines) != maxFaults+1 || got != want {
		t.Errorf("%d lines, the last %q; want %d, the last %q", len(lines), got, maxFaults+1, want)
	}
}

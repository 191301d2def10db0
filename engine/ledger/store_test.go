// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger_test

import (
	"context"
	"testing"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
)

var ctx = context.Background()

func TestEmbeddedStoreConforms(t *testing.T) {
	dirs := map[string]string{}
	ledgertest.Run(t, func(t *testing.T, district string) ledger.Store {
		if dirs[t.Name()] == "" {
			dirs[t.Name()] = t.TempDir()
		}
		return open(t, dirs[t.Name()], district)
	})
}

func open(t *testing.T, dir, district string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(dir, ledger.Options{District: district, Entropy: ledgertest.Entropy(1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

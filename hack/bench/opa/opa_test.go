//go:build peers

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/peer/peertest"
)

func TestAgrees(t *testing.T) {
	for _, kind := range append(Forms, Best) {
		peertest.Agrees(t, kind)
	}
}

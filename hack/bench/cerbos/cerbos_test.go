//go:build peers

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cerbos

import (
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/peer/peertest"
)

func TestAgrees(t *testing.T) {
	peertest.Agrees(t, Best)
}

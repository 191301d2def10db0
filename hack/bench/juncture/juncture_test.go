// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package juncture

import (
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/peer/peertest"
)

func TestAgrees(t *testing.T) {
	peertest.Agrees(t, Columns)
	peertest.Agrees(t, Rows)
	peertest.Agrees(t, OneByOne)
	peertest.Agrees(t, Processes(3))
	peertest.Agrees(t, FromCSV(2))
}

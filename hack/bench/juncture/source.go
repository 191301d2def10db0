// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package juncture

import (
	"bytes"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Model declares what all tables read of a student.
func Model() bundle.Model { return model }

// CSV is students as a table of a row each, with a header. The buffer is used
// again.
func CSV(b *bytes.Buffer, c *reference.Columns) {
	b.Reset()
	writeCSV(b, c, 0, c.Len())
}

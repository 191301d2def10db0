// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

// SetFailpoint sets what is called at each point where a crash may fall.
func SetFailpoint(f func(point string)) { failpoint = f }

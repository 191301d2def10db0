// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package scale

import "os"

// peak is not known here.
func peak(*os.ProcessState) int64 { return 0 }

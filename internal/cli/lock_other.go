// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package cli

import "os"

// lock does nothing here. A file that is open cannot be removed on systems that
// have no flock, so none that is in use is taken away.
func lock(*os.File) error { return nil }

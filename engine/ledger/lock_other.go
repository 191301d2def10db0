// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix && !js

package ledger

import (
	"errors"
	"os"
)

var errNoLocks = errors.New("the embedded store is supported on Unix systems only: use another store here")

func acquireLock(string) (*os.File, error) { return nil, errNoLocks }

func shareLock(string) (*os.File, error) { return nil, errNoLocks }

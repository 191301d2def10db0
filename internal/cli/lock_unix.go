// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the file's exclusive lock, or fails at once if another process has
// it. It ends with the file's closing, however the process ends.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

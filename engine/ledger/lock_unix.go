// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ledger

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// lockPatience bounds how long opening waits for a lock: readers hold it shared
// while they copy live.db, which takes moments.
const lockPatience = 2 * time.Second

// acquireLock takes the district's exclusive lock and writes the process's id
// into the lock file. The lock ends with the process, however that ends.
func acquireLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for waited := time.Duration(0); ; waited += 10 * time.Millisecond {
		if err = flock(f, syscall.LOCK_EX); err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || waited >= lockPatience {
			return nil, errors.Join(lockError(err, f), f.Close())
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // it waits for another process; nothing recorded depends on it
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// shareLock takes the lock shared, so that no writer starts while it is held.
// It is nil if a writer has the district open.
func shareLock(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := flock(f, syscall.LOCK_SH); err != nil {
		if closed := f.Close(); !errors.Is(err, syscall.EWOULDBLOCK) || closed != nil {
			return nil, errors.Join(err, closed)
		}
		return nil, nil
	}
	return f, nil
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// holder is the process id in the lock file.
func holder(f *os.File) string {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	return strings.TrimSpace(string(b))
}

func lockError(err error, f *os.File) error {
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	who := holder(f)
	if who == "" {
		return fmt.Errorf("%w (%s)", ErrLocked, f.Name())
	}
	return fmt.Errorf("%w: process %s holds %s", ErrLocked, who, f.Name())
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/juncture-dev/juncture/internal/cli"
)

// TestKilledRunsAreSweptUp: what a run that was killed left beside its output
// goes with the next run to the same name, and nothing else does.
func TestKilledRunsAreSweptUp(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "decisions.csv")
	held := filepath.Join(dir, ".decisions.csv.17.juncture-partial")
	stay := []string{
		held, filepath.Join(dir, ".decisions.csv-17"), filepath.Join(dir, ".decisions.csv.x.juncture-partial"),
		filepath.Join(dir, ".other.csv.17.juncture-partial"), filepath.Join(dir, "decisions.csv.17.juncture-partial"),
		filepath.Join(dir, ".decisions.csv.17.juncture-partial.gz"),
	}
	left := filepath.Join(dir, ".decisions.csv.4711.juncture-partial")
	for _, path := range append(stay, left) {
		if err := os.WriteFile(path, []byte("a student"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, ".decisions.csv.1.juncture-partial")
	if err := os.Symlink(stay[1], link); err != nil {
		t.Fatal(err)
	}
	defer holdLock(t, held)()
	if r := invoke(t, runArgs("--out", out)...); r.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	for _, path := range append(stay, link, out) {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("gone: %v", err)
		}
	}
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("still there: %s, %v", left, err)
	}
	entries, err := os.ReadDir(dir)
	if want := len(stay) + 2; err != nil || len(entries) != want {
		t.Errorf("%d files, want %d: %v", len(entries), want, err)
	}
}

// holdLock has a file locked as a run that goes on has it.
func holdLock(t *testing.T, path string) (release func()) {
	t.Helper()
	f, err := os.Open(path)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestReceiveReplacesFiles(t *testing.T) {
	folder := t.TempDir()
	for _, contents := range []string{"the first, which is longer", "second"} {
		if err := receive(stream(t, "a/roster.zip", contents), folder); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, "a", "roster.zip"))
		if err != nil || string(got) != contents {
			t.Errorf("the file holds %q, %v; want %q", got, err, contents)
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, "a", "*.part"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestReceiveStaysInItsFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "volume")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := receive(stream(t, "../outside", "x"), folder); err == nil {
		t.Error("a name that leads out of the folder was accepted")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(folder), "outside")); !os.IsNotExist(err) {
		t.Errorf("it was written: %v", err)
	}
}

func TestReceiveSaysThatAStreamIsTorn(t *testing.T) {
	whole := stream(t, "roster.zip", "some contents").Bytes()
	if err := receive(bytes.NewReader(whole[:515]), t.TempDir()); err == nil {
		t.Error("a torn stream was taken for a whole one")
	}
}

func stream(t *testing.T, name, contents string) *bytes.Buffer {
	t.Helper()
	buffer := &bytes.Buffer{}
	archive := tar.NewWriter(buffer)
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(contents)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(contents)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer
}

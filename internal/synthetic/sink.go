// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"io"
	"os"
	"path/filepath"
)

// Sink takes the generated files. Its Write is called from several goroutines at once, with a different name each.
type Sink interface {
	// Write stores what content writes under the name. If content fails, nothing is stored and its error is returned.
	Write(name string, content func(io.Writer) error) error
}

// Dir is a sink in a folder that exists. A file appears under its name when it is complete, and replaces one that was there.
type Dir string

// Write implements [Sink].
func (d Dir) Write(name string, content func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(string(d), "."+name+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := content(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(string(d), name))
}

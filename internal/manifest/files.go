// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFileSize bounds what is read of one file. An object may have 1.5 MiB at
// most, so a file that is larger than this is no manifest.
const maxFileSize = 32 << 20

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Read reads manifests: files, folders (their *.yaml, *.yml and *.json, without
// the folders below), glob patterns, and Stdin. A file named twice is read
// once. The error says that a path could not be read at all; whatever is wrong
// within files is a Problem, in order of file and line.
func Read(paths []string, stdin io.Reader) (*Set, []Problem, error) {
	files, err := expand(paths)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{}
	for _, file := range files {
		text, err := load(file, stdin)
		if err != nil {
			return nil, nil, err
		}
		r.file(file, text)
	}
	return r.finish()
}

// expand names the files of all paths, in the order of the paths.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		found, err := expandOne(path)
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

func expandOne(path string) ([]string, error) {
	if path == Stdin {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folder(path)
	case err == nil:
		return []string{filepath.Clean(path)}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	found, err := filepath.Glob(path) // sorted
	if err != nil {
		return nil, fmt.Errorf("%s: no file of that name, and no glob pattern: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no such file or folder, and nothing matches it as a pattern", path)
	}
	var files []string
	for _, match := range found {
		more, err := expandOne(match)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// folder lists the manifests of a folder, by name.
func folder(path string) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && isManifest(entry.Name()) {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: the folder holds no *.yaml, *.yml or *.json", path)
	}
	return files, nil
}

// isManifest leaves out what kustomize reads itself.
func isManifest(name string) bool {
	switch strings.TrimSuffix(name, filepath.Ext(name)) {
	case "kustomization", "Kustomization":
		return false
	}
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

func load(file string, stdin io.Reader) ([]byte, error) {
	from := stdin
	if file != Stdin {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(from, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if n > maxFileSize {
		return nil, fmt.Errorf("%s: larger than %d MiB: split it", file, maxFileSize>>20)
	}
	return text.Bytes(), nil
}

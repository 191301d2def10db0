// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/klauspost/compress/flate"
)

// archive is the files of one export, wherever they lie. Only files that the
// standard names are in it.
type archive struct {
	files map[string]member // by file name, e.g. users.csv
	// strangers are names that differ from the standard's only in case: worth a
	// hint where the real one is missing.
	strangers map[string]string
	file      io.Closer // nil for a folder
}

// member is one file of an archive.
type member struct {
	size       int64 // uncompressed, as the archive claims
	compressed int64 // 0 in a folder
	open       func() (io.ReadCloser, error)
}

const manifestFile = "manifest.csv"

func openArchive(name string) (*archive, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &Error{Fault: "cannot be opened", Mend: "check the path and its permissions", Cause: withoutPath(err)}
	}
	if info.IsDir() {
		return folderArchive(os.DirFS(name))
	}
	if !info.Mode().IsRegular() { // a pipe would keep us waiting for whoever writes to it
		return nil, &Error{Fault: "is neither a file nor a folder", Mend: "save the export as a zip, or unpack it into a folder"}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{Fault: "cannot be opened", Mend: "check the path and its permissions", Cause: withoutPath(err)}
	}
	a, err := zipArchive(f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	a.file = f
	return a, nil
}

// withoutPath drops the path from an operating system's error: a path may hold
// a name that should not be logged.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func zipArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, &Error{Fault: "is not a complete zip", Mend: "transfer or export it again", Cause: err}
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader) // faster than the standard library's
	found := map[string]member{}
	for _, f := range z.File {
		name := f.Name
		if strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/") {
			continue
		}
		if strings.Contains(name, `\`) || !fs.ValidPath(name) {
			return nil, &Error{Fault: "the zip holds an entry whose name leads outside of it", Mend: "make the zip anew with the CSV files at its root"}
		}
		if !isStandardFile(path.Base(name)) && !strings.EqualFold(path.Ext(name), ".csv") {
			continue
		}
		if f.Flags&1 != 0 {
			return nil, &Error{File: path.Base(name), Fault: "is encrypted", Mend: "make the zip without a password and protect the transfer instead"}
		}
		if _, twice := found[name]; twice {
			return nil, &Error{File: path.Base(name), Fault: "is in the zip twice", Mend: "make the zip anew"}
		}
		found[name] = member{size: int64(f.UncompressedSize64), compressed: max(int64(f.CompressedSize64), 1), open: f.Open}
	}
	return newArchive(found)
}

func folderArchive(root fs.FS) (*archive, error) {
	found := map[string]member{}
	add := func(folder string) error {
		entries, err := fs.ReadDir(root, folder)
		if err != nil {
			return &Error{Fault: "the folder cannot be listed", Mend: "check its permissions", Cause: withoutPath(err)}
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			if !strings.EqualFold(path.Ext(name), ".csv") {
				continue
			}
			info, err := fs.Stat(root, name) // follows links: mounted volumes are made of them
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			found[name] = member{size: info.Size(), open: func() (io.ReadCloser, error) { return root.Open(name) }}
		}
		return nil
	}
	if err := add("."); err != nil {
		return nil, err
	}
	if _, ok := found[manifestFile]; !ok {
		entries, _ := fs.ReadDir(root, ".")
		for _, e := range entries {
			if info, err := fs.Stat(root, e.Name()); err == nil && info.IsDir() {
				if err := add(e.Name()); err != nil {
					return nil, err
				}
			}
		}
	}
	return newArchive(found)
}

// newArchive takes the files that lie beside the manifest: at the root or in
// one top folder.
func newArchive(found map[string]member) (*archive, error) {
	var folders []string
	for name := range found {
		if path.Base(name) == manifestFile && strings.Count(name, "/") <= 1 {
			folders = append(folders, path.Dir(name))
		}
	}
	sort.Strings(folders)
	switch {
	case len(folders) == 0:
		return nil, &Error{File: manifestFile, Fault: "is missing", Mend: "export with a manifest, at the root of the zip or folder or in one folder below it: it says which version and which files the export has"}
	case len(folders) > 1 && folders[0] != ".":
		return nil, &Error{File: manifestFile, Fault: "is there in several folders", Mend: "provide one export a district"}
	}
	a := &archive{files: map[string]member{}, strangers: map[string]string{}}
	for name, m := range found {
		if path.Dir(name) != folders[0] {
			continue
		}
		base := path.Base(name)
		if isStandardFile(base) {
			a.files[base] = m
			continue
		}
		for _, standard := range standardFiles {
			if strings.EqualFold(standard, base) {
				a.strangers[standard] = base
			}
		}
	}
	return a, nil
}

// Close closes the zip.
func (a *archive) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}

// names are the archive's files in byte order.
func (a *archive) names() []string {
	names := make([]string, 0, len(a.files))
	for name := range a.files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (a *archive) size() int64 {
	var total int64
	for _, m := range a.files {
		total += max(m.size, 0)
	}
	return total
}

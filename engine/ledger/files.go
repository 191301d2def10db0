// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// failpoint is called before and after each step that a crash may separate.
// Tests set it to end the process there.
var failpoint = func(string) {}

// stagedFile is a file that is being written under a temporary name.
type stagedFile struct {
	*bufio.Writer
	file *os.File
	path string // temporary; empty once it has its own name
	dir  string
}

// stage begins a file under a temporary name.
func (l *Ledger) stage(dir, name string) (*stagedFile, error) {
	path := filepath.Join(l.dir, dir, name+temporary)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &stagedFile{Writer: bufio.NewWriterSize(f, 1<<18), file: f, path: path, dir: dir}, nil
}

// sync makes what was written durable.
func (s *stagedFile) sync() error { return errors.Join(s.Flush(), s.file.Sync()) }

// publish gives a file that is synced its name, which becomes durable with its
// folder. A file of that name is the same one, left by a recording that failed
// late, or by one of the same content.
func (s *stagedFile) publish(name string) error {
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.path, filepath.Join(filepath.Dir(s.path), name)); err != nil {
		return err
	}
	s.path = ""
	failpoint(s.dir + " renamed")
	return nil
}

// discard removes a file that has no name yet.
func (s *stagedFile) discard() error {
	if s.path == "" {
		return nil
	}
	path := s.path
	s.path = ""
	err := s.file.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, os.Remove(path))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// snapshotFile is an open snapshot whose seal is the recorded one.
type snapshotFile struct {
	*snapshot
	handle *os.File
	place  string
}

func (s *snapshotFile) Close() error { return s.handle.Close() }

// fault says which file an error is about.
func (s *snapshotFile) fault(err error) error { return notWhole(s.place, err) }

func notWhole(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrNotWhole, place, err)
}

func (l *Ledger) openSnapshot(seal string) (*snapshotFile, error) {
	place := snapshotPlace(seal)
	s, handle, err := openFile(l.dir, place, seal, openSnapshot)
	return &snapshotFile{s, handle, place}, err
}

// segmentFile is an open segment whose seal is the recorded one.
type segmentFile struct {
	*segment
	handle *os.File
	place  string
}

func (s *segmentFile) Close() error          { return s.handle.Close() }
func (s *segmentFile) fault(err error) error { return notWhole(s.place, err) }

func (l *Ledger) openSegment(r *Run) (*segmentFile, error) {
	place := segmentPlace(r.Recording)
	s, handle, err := openFile(l.dir, place, r.Segment, openSegment)
	return &segmentFile{s, handle, place}, err
}

// openFile opens a file of columns that has a recorded seal.
func openFile[T any](dir, place, seal string, open func(io.ReaderAt, int64, Hash) (T, error)) (file T, _ *os.File, err error) {
	hash, err := hashNamed(seal)
	if err != nil {
		return file, nil, notWhole(place, err)
	}
	f, err := os.Open(filepath.Join(dir, place))
	if err != nil {
		return file, nil, fmt.Errorf("%w: %w", ErrNotWhole, err)
	}
	info, err := f.Stat()
	if err == nil {
		file, err = open(f, info.Size(), hash)
	}
	if err != nil {
		return file, nil, errors.Join(notWhole(place, err), f.Close())
	}
	return file, f, nil
}

// Files that this package names, below the district's folder. It touches no
// others.
var (
	contentAddressed = regexp.MustCompile(`^snapshots/sha256-[0-9a-f]{64}\.columns$`)
	ofRun            = regexp.MustCompile(`^segments/[0-9a-f]{64}\.columns$`)
)

// recover puts the files in order after a crash or a failed commit; only what a
// recording that is under way has staged is left alone. Files that were never
// given their name, segments of runs that were begun and not committed or were
// committed in another file since, and snapshots that no committed run names are
// removed. Nothing else is: a segment
// of an unknown run, or a missing file, means that live.db and the files are not
// of one time.
func (l *Ledger) recover(ctx context.Context) error {
	runs, err := l.Runs(ctx, "")
	if err != nil {
		return err
	}
	pending, err := l.PendingRuns(ctx)
	if err != nil {
		return err
	}
	known, orphaned := referenced(runs), map[string]bool{}
	staged := ""
	if l.active != nil {
		staged = l.active.name() + temporary
	}
	for _, r := range append(pending, runs...) {
		orphaned[segmentPlace(r.ID)] = true
	}
	found, err := l.listFiles()
	if err != nil {
		return err
	}
	have := map[string]bool{}
	var remove []string
	for _, place := range found {
		have[place] = true
		switch {
		case known[place] != "", staged != "" && path.Base(place) == staged:
		case strings.HasSuffix(place, temporary), orphaned[place], contentAddressed.MatchString(place):
			remove = append(remove, place)
		case ofRun.MatchString(place):
			return fmt.Errorf("%w: %s is of a run that %s does not know: %s is older than the files; restore the one that belongs to them, or keep a copy of the file elsewhere and remove it", ErrNotWhole, place, liveFile, liveFile)
		}
	}
	for _, r := range runs {
		for _, place := range filesOf(r) {
			if !have[place] {
				return fmt.Errorf("%w: %s of run %s is missing: restore it from a backup", ErrNotWhole, place, r.ID)
			}
		}
	}
	for _, place := range remove {
		// A recording under way takes its own temporary files away.
		if err := os.Remove(filepath.Join(l.dir, place)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// filesOf are the files that a committed run names, below the district's
// folder.
func filesOf(r Run) []string { return []string{segmentPlace(r.Recording), snapshotPlace(r.Snapshot)} }

func segmentPlace(recording string) string { return path.Join(segmentDir, recording+columnsFile) }

func snapshotPlace(seal string) string { return path.Join(snapshotDir, seal+columnsFile) }

// referenced gives, for each file that committed runs name, the first of them.
func referenced(runs []Run) map[string]string {
	known := map[string]string{}
	for _, r := range runs {
		for _, place := range filesOf(r) {
			if known[place] == "" {
				known[place] = r.ID
			}
		}
	}
	return known
}

// listFiles are the files of the record, sorted, below the district's folder.
func (l *Ledger) listFiles() ([]string, error) {
	var places []string
	for _, dir := range []string{segmentDir, snapshotDir} {
		entries, err := os.ReadDir(filepath.Join(l.dir, dir))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			places = append(places, path.Join(dir, e.Name()))
		}
	}
	return places, nil
}

// allFiles are all files below the district's folder.
func (l *Ledger) allFiles() ([]string, error) {
	var places []string
	err := fs.WalkDir(os.DirFS(l.dir), ".", func(place string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			places = append(places, place)
		}
		return err
	})
	return places, err
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

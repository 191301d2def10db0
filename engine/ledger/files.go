// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"bufio"
	"context"
	"crypto/sha256"
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

// stage writes a file under a temporary name, synced, and returns the digest of
// its bytes. publish gives it its name.
func (l *Ledger) stage(dir, name string, write func(io.Writer) error) (digest Hash, err error) {
	staged := filepath.Join(l.dir, dir, name+temporary)
	f, err := os.OpenFile(staged, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return digest, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", path.Join(dir, name), err), f.Close(), os.Remove(staged))
		}
	}()
	h := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<18)
	if err := write(w); err != nil {
		return digest, err
	}
	if err := w.Flush(); err != nil {
		return digest, err
	}
	failpoint(dir + " written")
	if err := f.Sync(); err != nil {
		return digest, err
	}
	failpoint(dir + " synced")
	if err := f.Close(); err != nil {
		return digest, err
	}
	return Hash(h.Sum(nil)), nil
}

// publish renames a staged file to its final name. A file of that name in a
// content-addressed folder is the same file.
func (l *Ledger) publish(dir, staged, name string) error {
	from := filepath.Join(l.dir, dir, staged+temporary)
	if err := os.Rename(from, filepath.Join(l.dir, dir, name)); err != nil {
		return err
	}
	failpoint(dir + " renamed")
	if err := syncDir(filepath.Join(l.dir, dir)); err != nil {
		return err
	}
	failpoint(dir + " durable")
	return nil
}

func (l *Ledger) exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(l.dir, dir, name))
	return err == nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openVerified opens a file of the record after comparing its digest. A file
// found right is not read again for it while the store is open: files never
// change once they have their name.
func (l *Ledger) openVerified(place, digest string) (*os.File, int64, error) {
	f, err := os.Open(filepath.Join(l.dir, place))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrNotWhole, err)
	}
	size, err := func() (int64, error) {
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		if _, done := l.verified.Load(place); done {
			return info.Size(), nil
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return 0, err
		}
		if got := digestName(Hash(h.Sum(nil))); got != digest {
			return 0, fmt.Errorf("%w: %s has digest %s, recorded is %s", ErrNotWhole, place, got, digest)
		}
		l.verified.Store(place, true)
		return info.Size(), nil
	}()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

// Files that this package names, below the district's folder. It touches no
// others.
var (
	contentAddressed = regexp.MustCompile(`^(snapshots/sha256-[0-9a-f]{64}\.parquet|revisions/sha256-[0-9a-f]{64}\.json)$`)
	ofRun            = regexp.MustCompile(`^segments/[0-9a-f]{64}\.parquet$`)
)

// recover puts the files in order after a crash or a failed commit; no commit may
// be under way. Files that were never given
// their name, segments of runs that were begun and not committed, and snapshots
// and revisions that no committed run names are removed. Nothing else is: a
// segment of an unknown run, or a missing file, means that live.db and the files
// are not of one time.
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
	for _, p := range pending {
		orphaned[segmentPlace(p.ID)] = true
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
		case known[place] != "":
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
		if err := os.Remove(filepath.Join(l.dir, place)); err != nil {
			return err
		}
	}
	return nil
}

// filesOf are the files that a committed run names, below the district's
// folder.
func filesOf(r Run) []string {
	return []string{
		segmentPlace(r.ID),
		path.Join(snapshotDir, r.Snapshot+parquetFile),
		path.Join(revisionDir, r.Revision+revisionFile),
	}
}

func segmentPlace(run string) string { return path.Join(segmentDir, run+parquetFile) }

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
	for _, dir := range []string{revisionDir, segmentDir, snapshotDir} {
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

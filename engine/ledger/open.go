// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// Names in a district's folder.
const (
	liveFile    = "live.db"
	lockFile    = "lock"
	segmentDir  = "segments"
	snapshotDir = "snapshots"
	temporary   = ".tmp"
	columnsFile = ".columns"
)

// sqliteFiles are the suffixes of the files that SQLite keeps beside a database
// that is open or was not closed: the write-ahead log, its index, and the
// rollback journal in which a new database begins.
var sqliteFiles = []string{"-wal", "-shm", "-journal"}

// Options of Open.
type Options struct {
	// District is the name of the district, and of its folder: letters, digits,
	// dots, dashes and underscores, a letter or digit first.
	District string
	// Entropy gives students' keys; crypto/rand.Reader outside of tests. Needed
	// for writing only.
	Entropy io.Reader
	// Proof of the decisions of runs that do not say; empty is ProofPerDecision.
	Proof Proof
	// ReadOnly opens beside a writer or without one, takes no lock and changes
	// no file. Without a writer the state is that of the moment of opening.
	ReadOnly bool
}

// Ledger is the embedded Store: one folder a district, with its live state in
// SQLite.
type Ledger struct {
	dir      string // the district's folder
	district string
	entropy  io.Reader
	proof    Proof

	lock    *os.File
	write   *sql.DB // nil if read-only; one connection
	read    *sql.DB
	private string // folder of a private copy of live.db, or empty

	writing   sync.Mutex    // over live.db
	recording chan struct{} // holds the one recording under way
	active    *recording    // that one's files are not to be tidied away; guarded by writing
	untidy    bool          // a recording that failed may have left files under their names; guarded by writing
}

var _ Store = (*Ledger)(nil)

var districtName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$`)

// Open opens the record of one district below a store folder. For writing, it
// makes the folder if need be, takes the district's lock, migrates the live
// state forward, and completes or discards what a crash left behind.
//
// It fails with ErrLocked while another process writes, with ErrNewer on a
// store of a newer version, and with ErrNotWhole where files are missing or the
// live state is older than the files (a restored backup): deciding on would
// fork the record.
func Open(store string, o Options) (_ *Ledger, err error) {
	if !districtName.MatchString(o.District) {
		return nil, fmt.Errorf("ledger: district %q: the name must be 1 to 253 letters, digits, dots, dashes or underscores, a letter or digit first", o.District)
	}
	l := &Ledger{
		dir: filepath.Join(store, o.District), district: o.District, entropy: o.Entropy,
		proof: cmp.Or(o.Proof, ProofPerDecision), recording: make(chan struct{}, 1),
	}
	if l.proof != ProofPerDecision && l.proof != ProofPerRun {
		return nil, fmt.Errorf("ledger: proof %q is not known, only %q and %q", o.Proof, ProofPerDecision, ProofPerRun)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("ledger: district %s: %w", o.District, errors.Join(err, l.Close()))
		}
	}()
	if o.ReadOnly {
		return l, l.openReading()
	}
	if o.Entropy == nil {
		return nil, errors.New("a source of entropy is needed for writing")
	}
	return l, l.openWriting()
}

func (l *Ledger) openWriting() error {
	if err := makeDirs(l.dir); err != nil {
		return err
	}
	var err error
	if l.lock, err = acquireLock(filepath.Join(l.dir, lockFile)); err != nil {
		return err
	}
	path := filepath.Join(l.dir, liveFile)
	if err := makePrivate(path); err != nil {
		return err
	}
	if l.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate")); err != nil {
		return err
	}
	l.write.SetMaxOpenConns(1)
	if err := migrate(l.write, l.district); err != nil {
		return liveError(err)
	}
	if l.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)")); err != nil {
		return err
	}
	return l.recover(context.Background())
}

// makePrivate makes an empty file for SQLite to begin a database in, which would
// let everybody read it; its log and index get the same mode. A file that is there
// is not opened, as closing it would end locks that this process has on it.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// makeDirs makes the district's folder and those below it, durably.
func makeDirs(dir string) error {
	made := false
	for _, d := range []string{segmentDir, snapshotDir} {
		d = filepath.Join(dir, d)
		if _, err := os.Stat(d); err == nil {
			continue
		}
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
		made = true
	}
	if !made {
		return nil
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// openReading reads live.db in place while a writer has it open, as SQLite then
// keeps the files a reader needs. Otherwise it reads a private copy: opening a
// database in WAL mode writes beside it, and a reader must change nothing.
func (l *Ledger) openReading() error {
	path := filepath.Join(l.dir, liveFile)
	if _, err := os.Stat(path); err != nil {
		return err
	}
	free, err := shareLock(filepath.Join(l.dir, lockFile))
	if err != nil {
		return err
	}
	if free == nil {
		l.read, err = sql.Open("sqlite", dsn(path, "mode=ro", "_pragma=query_only(1)"))
		if err != nil {
			return err
		}
		return liveError(checkVersion(l.read, l.district))
	}
	if l.private, err = os.MkdirTemp("", "juncture-ledger-"); err != nil {
		return errors.Join(err, free.Close())
	}
	copied := filepath.Join(l.private, liveFile)
	err = copyFile(copied, path)
	for _, suffix := range []string{"-wal", "-journal"} { // SQLite makes the index of the log anew
		err = errors.Join(err, copyFile(copied+suffix, path+suffix))
	}
	err = errors.Join(err, free.Close())
	if err != nil {
		return err
	}
	if l.read, err = sql.Open("sqlite", dsn(copied)); err != nil {
		return err
	}
	return liveError(migrate(l.read, l.district))
}

// copyFile copies a file that may be absent.
func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// dsn is a data source name of the SQLite driver.
func dsn(path string, parameters ...string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}
	u.RawQuery = strings.Join(append([]string{
		"_pragma=busy_timeout(10000)", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)",
	}, parameters...), "&")
	if slices.Contains(parameters, "mode=ro") {
		u.RawQuery = strings.Replace(u.RawQuery, "_pragma=journal_mode(WAL)&", "", 1)
	}
	return u.String()
}

// liveError says which file an error of the database is about.
func liveError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", liveFile, err)
}

// District is the district's name.
func (l *Ledger) District() string { return l.district }

// Close releases the lock and folds SQLite's write-ahead log into the database.
func (l *Ledger) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	var errs []error
	if l.read != nil {
		errs = append(errs, l.read.Close())
		l.read = nil
	}
	if l.write != nil {
		errs = append(errs, l.write.Close())
		l.write = nil
	}
	if l.private != "" {
		errs = append(errs, os.RemoveAll(l.private))
		l.private = ""
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
		l.lock = nil
	}
	return errors.Join(errs...)
}

// Districts are the names of the districts in a store folder, sorted.
func Districts(store string) ([]string, error) {
	entries, err := os.ReadDir(store)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(store, e.Name(), liveFile)); err == nil && districtName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

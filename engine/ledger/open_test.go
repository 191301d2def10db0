// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/engine/student"
)

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, "springfield")
	_, err := ledger.Open(dir, ledger.Options{District: "springfield", Entropy: ledgertest.Entropy(1)})
	if !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("a second writer: %v", err)
	}
	open(t, dir, "shelbyville") // another district is another lock
}

// TestFilesAreTheirOwnersOnly: a store that is copied or moved out of its folder
// is still nobody else's to read.
func TestFilesAreTheirOwnersOnly(t *testing.T) {
	dir := t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 20, Students: 30}
	ledgertest.Commit(t, open(t, dir, d.Name), d, "tutoring", 0) // still open: log and index are there
	files := 0
	must[any](t)(nil, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		files++
		return err
	}))
	if files < 8 {
		t.Errorf("%d files and folders, there should be more", files)
	}
}

func TestReadersSeeWhatIsCommitted(t *testing.T) {
	dir := t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 20, Students: 30}
	l := open(t, dir, d.Name)
	reader, err := ledger.Open(dir, ledger.Options{District: d.Name, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for n := range 3 {
		ledgertest.Commit(t, l, d, "tutoring", n)
		if runs, err := reader.Runs(ctx, ""); err != nil || len(runs) != n+1 {
			t.Errorf("after run %d a reader sees %d runs, %v", n, len(runs), err)
		}
		ledgertest.Whole(t, reader)
	}
	if _, err := reader.BeginRun(ctx, d.Start("tutoring", 9)); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a reader begins a run: %v", err)
	}
	if _, err := reader.CommitRun(ctx, ledger.RunCommit{}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a reader commits: %v", err)
	}
}

// TestManyReadersOneWriter: whatever is read while runs are committed is of
// whole runs.
func TestManyReadersOneWriter(t *testing.T) {
	d := ledgertest.District{Name: "springfield", Seed: 21, Students: 60}
	l := open(t, t.TempDir(), d.Name)
	ledgertest.Commit(t, l, d, "tutoring", 0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				runs, err := l.Runs(ctx, "")
				if err != nil {
					t.Error(err)
					return
				}
				n := 0
				for _, err := range l.Decisions(ctx, ledger.Query{Run: runs[len(runs)-1].ID}) {
					if err != nil {
						t.Error(err)
						return
					}
					n++
				}
				if want := runs[len(runs)-1].Counts.Decisions; n != want {
					t.Errorf("%d of %d decisions are visible", n, want)
				}
				if report, err := l.Verify(ctx, nil); err != nil || !report.Whole() {
					t.Errorf("%v %v", report.Faults, err)
					return
				}
			}
		})
	}
	for n := 1; n < 6; n++ {
		ledgertest.Commit(t, l, d, "tutoring", n)
	}
	close(done)
	readers.Wait()
}

func TestVerifyingChangesNothing(t *testing.T) {
	dir := pristine(t)
	before := listing(t, dir)
	reports, err := ledger.VerifyAll(ctx, filepath.Dir(dir), nil)
	if err != nil || len(reports) != 1 || !reports[0].Whole() {
		t.Fatalf("%v %v", reports, err)
	}
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range filesBelow(t, dir) {
		info, err := os.Stat(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		out[f] = fmt.Sprint(info.Size(), info.Mode(), info.ModTime())
	}
	return out
}

func TestVerifyAllLooksIntoEveryDistrict(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"shelbyville", "springfield"} {
		d := ledgertest.District{Name: name, Seed: 22, Students: 10}
		l := open(t, dir, name)
		ledgertest.Commit(t, l, d, "tutoring", 0)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "shelbyville", "live.db"), []byte("not a database at all, but long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	reports, err := ledger.VerifyAll(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 || reports[0].Whole() || !reports[1].Whole() {
		t.Errorf("%+v", reports)
	}
	if _, err := ledger.Open(dir, ledger.Options{District: "shelbyville", Entropy: ledgertest.Entropy(1)}); err == nil || !strings.Contains(err.Error(), "live.db") {
		t.Errorf("opening a damaged database: %v", err)
	}
}

func TestRefusedStores(t *testing.T) {
	original := pristine(t)
	tests := map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
		says  string
	}{
		"a newer schema":   {func(t *testing.T, dir string) { execute(t, dir, `UPDATE schema SET version = 99`) }, ledger.ErrNewer, "99"},
		"a renamed folder": {func(t *testing.T, dir string) { execute(t, dir, `UPDATE district SET name = 'shelbyville'`) }, nil, "shelbyville"},
		"a missing segment": {func(t *testing.T, dir string) {
			must[any](t)(nil, os.Remove(filepath.Join(dir, recordFiles(t, dir)[2])))
		}, ledger.ErrNotWhole, "missing"},
		"an older database": {func(t *testing.T, dir string) {
			execute(t, dir, `DELETE FROM tasks`)
			execute(t, dir, `DELETE FROM outbox`)
			execute(t, dir, `DELETE FROM runs WHERE sequence > 3`)
		}, ledger.ErrNotWhole, "older"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			store := copyOf(t, original)
			tt.spoil(t, filepath.Join(store, "springfield"))
			files := filesBelow(t, store)
			l, err := ledger.Open(store, ledger.Options{District: "springfield", Entropy: ledgertest.Entropy(1)})
			if err == nil {
				l.Close()
				t.Fatal("it is opened")
			}
			if tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(files, filesBelow(t, store)); diff != "" {
				t.Errorf("refusing changed the files:\n%s", diff)
			}
		})
	}
}

func execute(t *testing.T, dir, statement string) {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+filepath.Join(dir, "live.db")))
	must[sql.Result](t)(db.Exec(statement))
	must[any](t)(nil, db.Close())
}

func TestDistrictNamesStayInTheStore(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "a\x00", ".hidden", strings.Repeat("x", 300)} {
		if _, err := ledger.Open(t.TempDir(), ledger.Options{District: name, Entropy: ledgertest.Entropy(1)}); err == nil {
			t.Errorf("district %q is opened", name)
		}
	}
}

// TestAlteredFilesAreNotRead: reading never returns what was altered.
func TestAlteredFilesAreNotRead(t *testing.T) {
	store := copyOf(t, pristine(t))
	dir := filepath.Join(store, "springfield")
	for _, f := range recordFiles(t, dir) {
		b := must[[]byte](t)(os.ReadFile(filepath.Join(dir, f)))
		b[len(b)/2] ^= 1
		b[20] ^= 1 // where a snapshot has its students
		must[any](t)(nil, os.WriteFile(filepath.Join(dir, f), b, 0o600))
	}
	l := open(t, store, "springfield")
	for _, err := range l.Decisions(ctx, ledger.Query{}) {
		if !errors.Is(err, ledger.ErrNotWhole) {
			t.Errorf("decisions: %v", err)
		}
	}
	runs := must[[]ledger.Run](t)(l.Runs(ctx, ""))
	if _, _, err := l.Snapshot(ctx, runs[0].ID); !errors.Is(err, ledger.ErrNotWhole) {
		t.Errorf("snapshot: %v", err)
	}
	if _, err := l.InForce(ctx, "tutoring", bundle.ModeLive); !errors.Is(err, ledger.ErrNotWhole) {
		t.Errorf("in force: %v", err)
	}
}

// TestFullDisk lets a limit on file sizes, in a process of its own, stand in
// for a full disk: the commit fails with a clear error, what was there before
// stays, and the commit succeeds once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, fullDistrict.Name)
	first := ledgertest.Commit(t, l, fullDistrict, "tutoring", 0)
	must[any](t)(nil, l.Close())
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), childDir+"="+dir, childPoint+"=full")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l = open(t, dir, fullDistrict.Name)
	if runs := must[[]ledger.Run](t)(l.Runs(ctx, "")); len(runs) != 2 || runs[0].ID != first.Run.ID {
		t.Errorf("%d runs", len(runs))
	}
	ledgertest.Whole(t, l)
}

var fullDistrict = ledgertest.District{Name: "springfield", Seed: 23, Students: 3000}

// fullChild commits with ever more room, until there is enough.
func fullChild(dir string) error {
	l, err := ledger.Open(dir, ledger.Options{District: fullDistrict.Name, Entropy: ledgertest.Entropy(2)})
	if err != nil {
		return err
	}
	run, err := l.BeginRun(ctx, fullDistrict.Start("tutoring", 1))
	if err != nil {
		return err
	}
	commit := fullDistrict.Commit(run, 1)
	signal.Ignore(syscall.SIGXFSZ)
	var unlimited syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited); err != nil {
		return err
	}
	for _, size := range []uint64{0, 1000, 50_000, 100_000} {
		limit := unlimited
		limit.Cur = size
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		_, err := l.CommitRun(ctx, commit)
		if back := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited); back != nil {
			return back
		}
		if err == nil || !strings.Contains(err.Error(), "too large") {
			return fmt.Errorf("with files of %d bytes at most: %w", size, err)
		}
		runs, err := l.Runs(ctx, "")
		if err != nil || len(runs) != 1 {
			return fmt.Errorf("then %d runs are visible: %w", len(runs), err)
		}
	}
	_, err = l.CommitRun(ctx, commit)
	return errors.Join(err, l.Close())
}

func TestErrorsNameNoStudent(t *testing.T) {
	d := ledgertest.District{Name: "springfield", Seed: 24, Students: 20}
	l := open(t, t.TempDir(), d.Name)
	run := must[ledger.Run](t)(l.BeginRun(ctx, d.Start("tutoring", 0)))
	for i := range 19 {
		c := d.Commit(run, 0)
		c.Records[i%len(c.Records)].Student = "student-secret"
		_, err := l.CommitRun(ctx, c)
		if err == nil || strings.Contains(err.Error(), "student-") {
			t.Errorf("%v", err)
		}
	}
	c := d.Commit(run, 0)
	c.Tasks[0].Decision = "none" // a task's id follows from its student's
	if _, err := l.CommitRun(ctx, c); err == nil || strings.Contains(err.Error(), c.Tasks[0].ID) {
		t.Errorf("%v", err)
	}
	if _, _, err := l.Decision(ctx, "student-secret"); err == nil || strings.Contains(err.Error(), "student-") {
		t.Errorf("%v", err)
	}
}

// TestGivingUpAFailedCommitLeavesNothing: a commit that fails after its files
// have their names, and is then given up, must not keep the district from being
// opened again.
func TestGivingUpAFailedCommitLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 23, Students: 20}
	l := open(t, dir, d.Name)
	ledgertest.Commit(t, l, d, "tutoring", 0)
	run := must[ledger.Run](t)(l.BeginRun(ctx, d.Start("tutoring", 1)))
	failing, fail := context.WithCancel(ctx)
	ledger.SetFailpoint(func(point string) {
		if point == "run inserted" {
			fail()
		}
	})
	t.Cleanup(func() { ledger.SetFailpoint(func(string) {}) })
	if _, err := l.CommitRun(failing, d.Commit(run, 1)); err == nil {
		t.Fatal("the commit did not fail")
	}
	if err := l.AbandonRun(ctx, run.ID); err != nil {
		t.Fatal(err)
	}
	if report := ledgertest.Whole(t, l); report.Runs != 1 {
		t.Errorf("%d runs", report.Runs)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, d.Name)
	ledgertest.Commit(t, l, d, "tutoring", 1)
	ledgertest.Whole(t, l)
}

// TestGivingUpRemovesNothingThatAFailedCommitMayNeed: a commit that failed may
// turn out to be durable after a crash until another transaction was written, and
// its files must be there until then. Wherever a crash falls while a run is given
// up, the district is opened again.
func TestGivingUpRemovesNothingThatAFailedCommitMayNeed(t *testing.T) {
	dir := t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 27, Students: 20}
	l := open(t, dir, d.Name)
	ledgertest.Commit(t, l, d, "tutoring", 0)
	run := must[ledger.Run](t)(l.BeginRun(ctx, d.Start("tutoring", 1)))
	failing, fail := context.WithCancel(ctx)
	crashed := map[string]string{} // the store as it was, by point
	ledger.SetFailpoint(func(point string) {
		switch point {
		case "transaction written":
			fail()
		case "run to be given up", "tidied up":
			crashed[point] = copyOf(t, filepath.Join(dir, d.Name))
		}
	})
	t.Cleanup(func() { ledger.SetFailpoint(func(string) {}) })
	if _, err := l.CommitRun(failing, d.Commit(run, 1)); err == nil {
		t.Fatal("the commit did not fail")
	}
	log := filepath.Join(d.Name, "live.db-wal")
	before := must[[]byte](t)(os.ReadFile(filepath.Join(dir, log)))
	must[any](t)(nil, l.AbandonRun(ctx, run.ID))
	ledger.SetFailpoint(func(string) {})

	left := filepath.Join(d.Name, "segments", run.ID+".columns")
	first := crashed["run to be given up"]
	if _, err := os.Stat(filepath.Join(first, left)); err != nil {
		t.Errorf("before the files are removed: %v", err)
	}
	if bytes.Equal(before, must[[]byte](t)(os.ReadFile(filepath.Join(first, log)))) {
		t.Error("no transaction was written before the files are removed")
	}
	if len(crashed) != 2 {
		t.Fatalf("%d points were passed", len(crashed))
	}
	for point, store := range crashed {
		again := open(t, store, d.Name)
		pending := must[[]ledger.Run](t)(again.PendingRuns(ctx))
		if diff := cmp.Diff([]ledger.Run{run}, pending); diff != "" {
			t.Errorf("%s: pending (-begun +there):\n%s", point, diff)
		}
		if report := ledgertest.Whole(t, again); report.Runs != 1 || len(report.Notes) != 0 {
			t.Errorf("%s: %d runs, %v", point, report.Runs, report.Notes)
		}
		if _, err := os.Stat(filepath.Join(store, left)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the segment is left over: %v", point, err)
		}
		ledgertest.Commit(t, again, d, "tutoring", 1)
	}
	if pending := must[[]ledger.Run](t)(l.PendingRuns(ctx)); len(pending) != 0 {
		t.Errorf("%d runs are pending", len(pending))
	}
}

// TestWhatAFailedRecordingLeftIsTidiedAway: a recording that fails after its
// files have their names leaves them, as nobody can tell whether the transaction
// is durable. They must neither keep the district from being opened nor pass for
// damage once the runs are recorded under other names, on another reading.
func TestWhatAFailedRecordingLeftIsTidiedAway(t *testing.T) {
	dir := t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 26, Students: 20}
	l := open(t, dir, d.Name)
	var runs []ledger.Run
	for _, process := range []string{"mentoring", "tutoring"} {
		runs = append(runs, must[ledger.Run](t)(l.BeginRun(ctx, d.Start(process, 0))))
	}
	recordBoth := func(ctx context.Context, first, second ledger.Run, p *student.Population) error {
		r, err := l.Record(ctx, d.Recorded(first, 0), d.Recorded(second, 0))
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		decided := []ledger.Decisions{must[ledger.Decisions](t)(d.Decisions(first, 0, p)), must[ledger.Decisions](t)(d.Decisions(second, 0, p))}
		if err := r.Append(ctx, p, decided); err != nil {
			return err
		}
		_, err = r.Commit(ctx)
		return err
	}
	failing, fail := context.WithCancel(ctx)
	ledger.SetFailpoint(func(point string) {
		if point == "transaction written" {
			fail()
		}
	})
	t.Cleanup(func() { ledger.SetFailpoint(func(string) {}) })
	p := d.Population(0)
	if err := recordBoth(failing, runs[0], runs[1], p); err == nil {
		t.Fatal("the recording did not fail")
	}
	p.Source.Digest += "0" // the roster is another one by now
	if err := recordBoth(ctx, runs[1], runs[0], p); err != nil {
		t.Fatal(err)
	}
	if report := ledgertest.Whole(t, l); report.Runs != 2 || len(report.Notes) != 0 {
		t.Errorf("%d runs, %v", report.Runs, report.Notes)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ledgertest.Whole(t, open(t, dir, d.Name))
}

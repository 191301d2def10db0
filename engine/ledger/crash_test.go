// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ledger_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
)

// The crash tests run this test binary again as a child process that commits
// runs and says so line by line, kill it with SIGKILL, and look at what it left.

const (
	childDir   = "LEDGER_TEST_CHILD_DIR"
	childPoint = "LEDGER_TEST_CHILD_POINT" // name:hit, to die there
	childRuns  = 2
)

var crashDistrict = ledgertest.District{Name: "springfield", Seed: 11, Students: 150}

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		run := child
		if os.Getenv(childPoint) == "full" {
			run = func(dir, _ string) error { return fullChild(dir) }
		}
		if err := run(dir, os.Getenv(childPoint)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child does what an evaluator does: finish what was begun, then go on.
func child(dir, point string) error {
	name, hit, _ := strings.Cut(point, ":")
	left, _ := strconv.Atoi(hit)
	ledger.SetFailpoint(func(p string) {
		if name == "any" || p == name {
			if left--; left == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // the signal is on its way
			}
		}
	})
	l, err := ledger.Open(dir, ledger.Options{District: crashDistrict.Name, Entropy: ledgertest.Entropy(uint64(os.Getpid()))})
	if err != nil {
		return err
	}
	for n := range childRuns {
		if err := childNight(l, n); err != nil {
			return err
		}
	}
	return l.Close()
}

// childNight records the nth runs of three processes, two of them together.
func childNight(l *ledger.Ledger, n int) error {
	for _, processes := range [][]string{{"mentoring", "tutoring"}, {"transport"}} {
		var starts []ledger.RunStart
		for _, p := range processes {
			starts = append(starts, crashDistrict.Start(p, n))
		}
		runs, err := l.BeginRuns(ctx, starts)
		if err != nil {
			return err
		}
		if runs[0].State == ledger.RunCommitted {
			continue
		}
		var recorded []ledger.Recorded
		var decided []ledger.Decisions
		population := crashDistrict.Population(n)
		for _, run := range runs {
			recorded = append(recorded, crashDistrict.Recorded(run, n))
			made, err := crashDistrict.Decisions(run, n, population)
			if err != nil {
				return err
			}
			decided = append(decided, made)
		}
		r, err := l.Record(ctx, recorded...)
		if err != nil {
			return err
		}
		if err := r.Append(ctx, population, decided); err != nil {
			return err
		}
		receipts, err := r.Commit(ctx)
		if err != nil {
			return err
		}
		for _, receipt := range receipts {
			fmt.Println(receipt.Run.ID, receipt.Run.Entry) // acknowledged
		}
	}
	return nil
}

// runChild runs a child, killed after a time if that is not zero, and returns
// the entries it acknowledged by run, and whether it was killed.
func runChild(t *testing.T, dir, point string, after time.Duration) (acknowledged map[string]string, killed bool) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), childDir+"="+dir, childPoint+"="+point)
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		defer time.AfterFunc(after, func() { _ = c.Process.Kill() }).Stop()
	}
	acknowledged = map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		run, entry, ok := strings.Cut(lines.Text(), " ")
		if ok && len(entry) == 64 { // a line cut short was not said
			acknowledged[run] = entry
		}
	}
	err = c.Wait()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return acknowledged, true
	}
	if err != nil {
		t.Fatalf("child: %v\n%s", err, complaint.String())
	}
	return acknowledged, false
}

// crash lets children die in one store until one comes to the end, and checks
// the store after each death and at the end.
func crash(t *testing.T, next func(attempt int) (point string, after time.Duration)) (deaths int) {
	dir := t.TempDir()
	acknowledged := map[string]string{}
	for attempt := 0; ; attempt++ {
		point, after := next(attempt)
		said, killed := runChild(t, dir, point, after)
		for run, entry := range said {
			if acknowledged[run] != "" {
				t.Fatalf("run %s was acknowledged twice", run)
			}
			acknowledged[run] = entry
		}
		checkAfterCrash(t, dir, acknowledged)
		if !killed {
			break
		}
		deaths++
	}
	checkEnd(t, dir)
	return deaths
}

// checkAfterCrash: the record is whole before and after it is opened for
// writing, everything acknowledged is there once, nothing is half there, and no
// file is left over.
func checkAfterCrash(t *testing.T, dir string, acknowledged map[string]string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, crashDistrict.Name, "live.db")); err != nil {
		return // it died before there was a store
	}
	if report, err := ledger.VerifyDistrict(ctx, dir, crashDistrict.Name, nil); err != nil || !report.Whole() {
		if len(acknowledged) > 0 || len(report.Faults) == 0 || !strings.Contains(report.Faults[0].What, "schema") {
			t.Fatalf("before recovery: %v %v", report.Faults, err)
		}
	}
	l := open(t, dir, crashDistrict.Name)
	report := ledgertest.Whole(t, l)
	if len(report.Notes) > 0 {
		t.Errorf("left over after opening: %v", report.Notes)
	}
	runs, err := l.Runs(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"live.db", "live.db-shm", "live.db-wal", "lock"}
	found := map[string]string{}
	for _, r := range runs {
		if found[r.ID] != "" {
			t.Errorf("run %s is there twice", r.ID)
		}
		found[r.ID] = r.Entry.String()
		files = append(files, "segments/"+r.Recording+".columns", "snapshots/"+r.Snapshot+".columns")
		decisions := 0
		for _, err := range l.Decisions(ctx, ledger.Query{Run: r.ID}) {
			if err != nil {
				t.Fatal(err)
			}
			decisions++
		}
		if decisions != r.Counts.Decisions || decisions == 0 {
			t.Errorf("run %s has %d decisions, committed were %d", r.ID, decisions, r.Counts.Decisions)
		}
	}
	for run, entry := range acknowledged {
		if found[run] != entry {
			t.Errorf("run %s was acknowledged with entry %s, the record has %q", run, entry, found[run])
		}
	}
	slices.Sort(files)
	if diff := cmp.Diff(slices.Compact(files), filesBelow(t, filepath.Join(dir, crashDistrict.Name))); diff != "" {
		t.Errorf("files (-referenced +there):\n%s", diff)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkEnd: after all those deaths the decisions are those of a store that
// nobody disturbed.
func checkEnd(t *testing.T, dir string) {
	t.Helper()
	if undisturbed == nil {
		calm := t.TempDir()
		if _, killed := runChild(t, calm, "", 0); killed {
			t.Fatal("nobody was to kill it")
		}
		undisturbed = everything(t, calm)
	}
	if diff := cmp.Diff(undisturbed, everything(t, dir), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("decisions (-undisturbed +crashed):\n%s", diff)
	}
}

// undisturbed is what a child decides that nobody kills.
var undisturbed []decision.Record

func everything(t *testing.T, dir string) (out []decision.Record) {
	t.Helper()
	for d, err := range open(t, dir, crashDistrict.Name).Decisions(ctx, ledger.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d.Record)
	}
	return out
}

func filesBelow(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// points are all the points that opening, beginning and committing pass.
func points(t *testing.T) (names []string) {
	ledger.SetFailpoint(func(p string) {
		if !slices.Contains(names, p) {
			names = append(names, p)
		}
	})
	t.Cleanup(func() { ledger.SetFailpoint(func(string) {}) })
	ledgertest.Commit(t, open(t, t.TempDir(), crashDistrict.Name), crashDistrict, "tutoring", 0)
	if len(names) < 13 {
		t.Fatalf("only %d points: %v", len(names), names)
	}
	return names
}

func TestKilledAtEveryPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts dozens of processes")
	}
	for _, point := range points(t) {
		t.Run(point, func(t *testing.T) {
			deaths := crash(t, func(attempt int) (string, time.Duration) {
				if attempt > 1 {
					return "", 0
				}
				return fmt.Sprintf("%s:%d", point, 1+2*attempt), 0 // at its first pass, then at its third
			})
			if deaths == 0 {
				t.Error("nobody died: the point is never passed")
			}
		})
	}
}

// kills is how many random kills a test makes: few here, LEDGER_TEST_KILLS in a
// campaign.
func kills(t *testing.T, few int) int {
	if n, err := strconv.Atoi(os.Getenv("LEDGER_TEST_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		t.Skip("starts dozens of processes")
	}
	return few
}

func TestKilledAtRandomPoints(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for left := kills(t, 15); left > 0; {
		left -= crash(t, func(attempt int) (string, time.Duration) {
			if attempt >= left {
				return "", 0
			}
			return fmt.Sprintf("any:%d", 1+r.IntN(80)), 0
		})
	}
}

func TestKilledAtRandomMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for left := kills(t, 15); left > 0; {
		left -= crash(t, func(attempt int) (string, time.Duration) {
			if attempt >= left {
				return "", 0
			}
			return "", time.Duration(1+r.IntN(400)) * time.Millisecond
		})
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/internal/cli"
)

var update = flag.Bool("update", false, "write the golden files anew")

// at is the instant that the tests decide at.
const at = "2026-09-01T02:00:00Z"

// outcome is what one call of the program gave.
type outcome struct {
	code     int
	out, err string
}

func invoke(t *testing.T, args ...string) outcome {
	t.Helper()
	return invokeAs(t, context.Background(), "juncture", "", args...)
}

func invokeAs(t *testing.T, ctx context.Context, name, stdin string, args ...string) outcome { //nolint:revive // the test stands first, as everywhere in these tests
	t.Helper()
	return invokeWith(ctx, &entropy{}, name, stdin, args...)
}

func invokeWith(ctx context.Context, random io.Reader, name, stdin string, args ...string) outcome {
	var out, err bytes.Buffer
	clock := time.Date(2026, 9, 1, 2, 0, 0, 123, time.UTC)
	env := cli.Environment{
		In: strings.NewReader(stdin), Out: &out, Err: &err,
		Now: func() time.Time { return clock }, Entropy: random,
	}
	code := cli.Main(ctx, env, append([]string{name}, args...))
	return outcome{code, out.String(), err.String()}
}

// entropy is an endless source that is the same every time, as long as one
// reads from it at a time.
type entropy struct {
	sync.Mutex
	block [sha256.Size]byte
}

func (e *entropy) Read(p []byte) (int, error) {
	e.Lock()
	defer e.Unlock()
	e.block = sha256.Sum256(e.block[:])
	return copy(p, e.block[:]), nil
}

// sources are the flags that name the rosters of testdata.
func sources(root string) []string {
	return []string{"--source", "north=" + filepath.Join(root, "north"), "--source", "south=" + filepath.Join(root, "south")}
}

func runArgs(more ...string) []string {
	return append(append([]string{"run", "-f", "testdata/network", "--at", at}, sources("testdata/rosters")...), more...)
}

// golden compares with a file of testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as in %s (-want +got):\n%s", path, diff)
	}
}

// TestOutputs pins what the verbs print, to the letter.
func TestOutputs(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	if r := invoke(t, runArgs("--store", store, "--workers", "1")...); r.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	fromManifests := []string{"explain", "-f", "testdata/network", "--at", at, "--district", "north", "--source", "testdata/rosters/north"}
	for _, c := range []struct {
		golden string
		code   int
		args   []string
	}{
		{"run.csv", 0, runArgs("-o", "csv")},
		{"run.json", 0, runArgs("-o", "json")},
		{"run-counts.csv", 0, runArgs("-o", "counts")},
		{"run.txt", 0, runArgs()},
		{"run-one-district.txt", 0, runArgs("--district", "south", "-q")},
		{"vet.txt", 0, []string{"vet", "-f", "testdata/network"}},
		{"vet-faulty.txt", 1, []string{"vet", "-f", "testdata/faulty"}},
		{"vet-faulty.json", 1, []string{"vet", "-f", "testdata/faulty", "-o", "json"}},
		{"test.txt", 0, []string{"test", "-f", "testdata/network", "-v"}},
		{"test.json", 0, []string{"test", "-f", "testdata/network", "-o", "json"}},
		{"test-failing.txt", 1, []string{"test", "-f", "testdata/failing"}},
		{"explain-offered.txt", 0, append(fromManifests, "--student", "n-01")},
		{"explain-waitlisted.txt", 0, append(fromManifests, "--student", "n-02", "--language", "es")},
		{"explain-undetermined.txt", 0, append(fromManifests, "--student", "n-07")},
		{"explain-offered.json", 0, append(fromManifests, "--student", "n-01", "-o", "json")},
		{"explain-recorded.txt", 0, []string{"explain", "--store", store, "--district", "north", "--student", "n-02"}},
		{"verify.txt", 0, []string{"verify", "--store", store, "--district", "north"}},
	} {
		t.Run(c.golden, func(t *testing.T) {
			r := invoke(t, c.args...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			golden(t, c.golden, varying.ReplaceAllString(r.out+"--- standard error\n"+r.err, "$1  …"))
		})
	}
}

// varying is what depends on the clock, or on how the record is laid out.
var varying = regexp.MustCompile(`(took|head)\s+\S+`)

// TestExplainsTheSameWithAndWithoutRecord: what explain says about a decision
// does not depend on where it takes it from.
func TestExplainsTheSameWithAndWithoutRecord(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	if r := invoke(t, runArgs("--store", store)...); r.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	for _, student := range []string{"n-01", "n-02", "n-03", "n-04", "n-05", "n-06", "n-07"} {
		recorded := invoke(t, "explain", "--store", store, "--district", "north", "--student", student, "-o", "json")
		decided := invoke(t, "explain", "-f", "testdata/network", "--at", at, "--district", "north", "--source", "testdata/rosters/north", "--student", student, "-o", "json")
		if recorded.code != 0 || decided.code != 0 {
			t.Fatalf("exit codes %d, %d: %s%s", recorded.code, decided.code, recorded.err, decided.err)
		}
		if diff := cmp.Diff(decided.out, recorded.out); diff != "" {
			t.Errorf("%s: without record (-), with record (+):\n%s", student, diff)
		}
	}
}

// TestExplainsWhatIsProvedAsAWhole: a decision of a run that has no leaves is
// explained like any other, and not said to be proved by itself.
func TestExplainsWhatIsProvedAsAWhole(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	if r := invoke(t, runArgs("--store", store)...); r.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	from, err := ledger.Open(store, ledger.Options{District: "north", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	asAWhole := filepath.Join(t.TempDir(), "record")
	to, err := ledger.Open(asAWhole, ledger.Options{District: "north", Entropy: &entropy{}})
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.WithoutLeaves(t, from, to)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}

	each := invoke(t, "explain", "--store", store, "--student", "n-02", "--district", "north")
	whole := invoke(t, "explain", "--store", asAWhole, "--student", "n-02")
	if whole.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", whole.code, whole.err)
	}
	if diff := cmp.Diff(each.out, whole.out); diff != "" {
		t.Errorf("explained (-with leaves +without):\n%s", diff)
	}
	if !strings.Contains(whole.err, "proved by its run as a whole") || strings.Contains(whole.err, "the proof holds") {
		t.Errorf("said of its proof: %s", whole.err)
	}

	segments, err := filepath.Glob(filepath.Join(asAWhole, "north", "segments", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("%d segments: %v", len(segments), err)
	}
	content, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	content[10] ^= 1 // in the first chunk
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := invoke(t, "explain", "--store", asAWhole, "--student", "n-02"); r.code != cli.ExitRefused || r.out != "" {
		t.Errorf("altered: exit code %d; explained:\n%s", r.code, r.out)
	}
}

// TestSameBytes: the same inputs give the same bytes, in every format.
func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	if r := invoke(t, "generate", "state", "--out", filepath.Join(dir, "state"), "--students", "3000", "--districts", "7", "--manifests", "--namespace", "valley"); r.code != 0 {
		t.Fatal(r.err)
	}
	zips := filepath.Join(dir, "state")
	folders := filepath.Join(dir, "folders")
	var fromFolders []string
	packages, err := filepath.Glob(filepath.Join(zips, "*.zip"))
	if err != nil || len(packages) != 7 {
		t.Fatalf("%d packages: %v", len(packages), err)
	}
	for _, p := range packages {
		name := strings.TrimSuffix(filepath.Base(p), ".zip")
		unzip(t, p, filepath.Join(folders, name))
		fromFolders = append(fromFolders, "--source", name+"="+filepath.Join(folders, name))
	}
	manifests := []string{"run", "--at", "2026-03-01T12:00:00Z", "--seed", "5eed5eed5eed5eed", "-f", "testdata/state", "-f", filepath.Join(zips, "districts.yaml")}
	for _, format := range []string{"csv", "json", "parquet", "table"} {
		first := ""
		for _, c := range []struct {
			name string
			args []string
		}{
			{"first", []string{"--workers", "2"}},
			{"again", []string{"--workers", "2"}},
			{"one worker", []string{"--workers", "1"}},
			{"many workers", []string{"--workers", "16"}},
			{"from folders", fromFolders},
			{"recorded", []string{"--store", filepath.Join(dir, format)}},
			{"from the record", []string{"--store", filepath.Join(dir, format)}},
		} {
			out := filepath.Join(dir, "out")
			r := invoke(t, append(append(manifests, "-o", format, "--out", out), c.args...)...)
			if r.code != 0 {
				t.Fatalf("%s, %s: exit code %d: %s", format, c.name, r.code, r.err)
			}
			content, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(content)
			digest := hex.EncodeToString(sum[:])
			if first == "" {
				first = digest
			}
			if digest != first {
				t.Errorf("%s, %s: other bytes than at first", format, c.name)
			}
		}
	}
}

func unzip(t *testing.T, from, to string) {
	t.Helper()
	r, err := zip.OpenReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.CopyFS(to, r); err != nil {
		t.Fatal(err)
	}
}

// TestSeatedKeepTheirSeats: a second run knows of the first by the record.
func TestSeatedKeepTheirSeats(t *testing.T) {
	dir := t.TempDir()
	store, network, rosters := filepath.Join(dir, "record"), filepath.Join(dir, "network"), filepath.Join(dir, "rosters")
	copyTree(t, "testdata/network", network)
	copyTree(t, "testdata/rosters", rosters)
	edit(t, filepath.Join(network, "process.yaml"), "waitingList: {maximum: 1}", "waitingList: {maximum: 1}\n  seated: Keep")
	run := func(at string) outcome {
		return invoke(t, append([]string{"run", "-f", network, "--at", at, "--store", store, "-o", "csv", "--district", "north"}, sources(rosters)...)...)
	}
	first := run(at)
	if !strings.Contains(first.out, "n-01,tutoring") || !strings.Contains(first.out, "Offered") {
		t.Fatalf("n-01 has no place:\n%s%s", first.out, first.err)
	}
	// Now n-02 is in greater need than n-01, who has the place.
	edit(t, filepath.Join(rosters, "north", "results.csv"), "test-a-3,n-02,fully graded,20", "test-a-3,n-02,fully graded,0")
	second := run("2026-10-01T02:00:00Z")
	for student, state := range map[string]string{"n-01": ",Offered,", "n-02": ",Waitlisted,"} {
		if row := rowOf(second.out, student); !strings.Contains(row, state) {
			t.Errorf("%s is not %s: %s\n%s", student, state, row, second.err)
		}
	}
	if r := invoke(t, "verify", "--store", store); r.code != 0 {
		t.Errorf("the record is not whole: %s", r.out)
	}
}

func rowOf(csv, student string) string {
	for row := range strings.Lines(csv) {
		if strings.Contains(row, ","+student+",") {
			return row
		}
	}
	return ""
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// edit replaces text that must be there.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(content, []byte(from)) {
		t.Fatalf("%s holds no %q", path, from)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(content, []byte(from), []byte(to)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPlugin: kubectl finds kubectl-juncture and shows its help as its own.
func TestPlugin(t *testing.T) {
	r := invokeAs(t, context.Background(), "/usr/bin/kubectl-juncture", "", "run", "--help")
	for _, want := range []string{"kubectl juncture run -f", "  kubectl juncture run -f network/"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("help lacks %q:\n%s", want, r.out)
		}
	}
	if r := invokeAs(t, context.Background(), "kubectl-juncture", "", "run"); !strings.HasPrefix(r.err, "kubectl juncture run: ") {
		t.Errorf("errors begin otherwise: %s", r.err)
	}
}

// TestManifestsFromStandardInput: -f - reads what kustomize writes.
func TestManifestsFromStandardInput(t *testing.T) {
	var all bytes.Buffer
	files, err := filepath.Glob("testdata/network/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("---\n")
		all.Write(content)
	}
	args := append([]string{"run", "-f", "-", "--at", at, "-o", "csv"}, sources("testdata/rosters")...)
	r := invokeAs(t, context.Background(), "juncture", all.String(), args...)
	if want := invoke(t, runArgs("-o", "csv")...); r.code != 0 || r.out != want.out {
		t.Errorf("exit code %d, other decisions than from files\n%s", r.code, r.err)
	}
}

// TestInterrupted: what is cancelled leaves nothing behind.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	out := filepath.Join(dir, "decisions.csv")
	r := invokeAs(t, ctx, "juncture", "", runArgs("--out", out)...)
	if r.code != cli.ExitRefused || !strings.Contains(r.err, "interrupted") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// stopping is a source of entropy that stops the program when it is first read:
// in the middle of a commit.
type stopping struct {
	entropy
	stop func()
}

func (s *stopping) Read(p []byte) (int, error) {
	s.stop()
	return s.entropy.Read(p)
}

// TestInterruptedRunIsTakenUp: the same command, given again, ends as if it had
// never been interrupted.
func TestInterruptedRunIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	store, out := filepath.Join(dir, "record"), filepath.Join(dir, "decisions.csv")
	args := runArgs("--store", store, "--out", out, "--workers", "1")
	ctx, cancel := context.WithCancel(context.Background())
	first := invokeWith(ctx, &stopping{stop: cancel}, "juncture", "", args...)
	if first.code != cli.ExitRefused || !strings.Contains(first.err, "interrupted") {
		t.Fatalf("exit code %d: %s", first.code, first.err)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("there is a result: %v", err)
	}
	if r := invoke(t, "verify", "--store", store); r.code != cli.ExitDone {
		t.Errorf("the record is not whole: %s", r.out)
	}
	if r := invoke(t, args...); r.code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	if diff := cmp.Diff(invoke(t, runArgs("-o", "csv")...).out, read(t, out)); diff != "" {
		t.Errorf("never interrupted (-), taken up (+):\n%s", diff)
	}
}

// TestPins: a district is not decided by another revision than it is held at.
func TestPins(t *testing.T) {
	revision := regexp.MustCompile(`sha256-[0-9a-f]{64}`).FindString(invoke(t, runArgs("-o", "csv")...).out)
	other := "sha256-" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name, revision, expires string
		code, north             int // exit code, decisions in the pinned district
	}{
		{"at this revision", revision, "2026-10-01T00:00:00Z", 0, 7},
		{"at another", other, "2026-10-01T00:00:00Z", 1, 0},
		{"at another, until now", other, at, 0, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := filepath.Join(t.TempDir(), "network")
			copyTree(t, "testdata/network", network)
			edit(t, filepath.Join(network, "districts.yaml"), "path: north.zip", "path: north.zip\n  pins: [{process: tutoring, revision: "+c.revision+", reason: Trial., expires: '"+c.expires+"'}]")
			r := invoke(t, append([]string{"run", "-f", network, "--at", at, "-o", "csv"}, sources("testdata/rosters")...)...)
			north, south := strings.Count(r.out, "\nnorth,"), strings.Count(r.out, "\nsouth,")
			if r.code != c.code || north != c.north || south != 3 {
				t.Errorf("exit code %d, %d and %d decisions\n%s", r.code, north, south, r.err)
			}
			if told := strings.Contains(r.err, "a pin holds it at revision 000000000000"); told != (c.code != 0) {
				t.Errorf("told of the pin: %v\n%s", told, r.err)
			}
		})
	}
}

// TestDistrictsOfOneName: districts of two namespaces are not mixed up.
func TestDistrictsOfOneName(t *testing.T) {
	network := filepath.Join(t.TempDir(), "network")
	copyTree(t, "testdata/network", network)
	hill := strings.ReplaceAll(read(t, "testdata/network/districts.yaml"), "namespace: valley", "namespace: hill")
	if err := os.WriteFile(filepath.Join(network, "hill.yaml"), []byte(hill), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"run", "-f", network, "--at", at, "-o", "csv"}, sources("testdata/rosters")...)
	if r := invoke(t, args...); r.code != cli.ExitUsage || !strings.Contains(r.err, "district north is in the namespaces hill and valley") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if r := invoke(t, append(args, "--namespace", "valley")...); r.code != cli.ExitDone || r.out != invoke(t, runArgs("-o", "csv")...).out {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// TestNeverBackward: a run at an instant before the one in force is refused, and
// the record stays as it was; one that is recorded already is given again,
// as superseded.
func TestNeverBackward(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	args := func(instant string) []string {
		return append([]string{"run", "-f", "testdata/network", "--at", instant, "--store", store, "-o", "csv"}, sources("testdata/rosters")...)
	}
	const later, between = "2026-09-03T02:00:00Z", "2026-09-02T02:00:00Z"
	first := invoke(t, args(at)...)
	for _, instant := range []string{at, later} {
		if r := invoke(t, args(instant)...); r.code != cli.ExitDone {
			t.Fatalf("--at %s: exit code %d: %s", instant, r.code, r.err)
		}
	}
	before := invoke(t, "verify", "--store", store).out
	r := invoke(t, args(between)...)
	if r.code != cli.ExitRefused || !strings.Contains(r.err, "the record holds a later run, at "+later) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if r := invoke(t, args(at)...); r.code != cli.ExitRefused || r.out != first.out || !strings.Contains(r.err, " at "+later+", stands since") {
		t.Errorf("what is recorded is not given again, as superseded: exit code %d: %s", r.code, r.err)
	}
	if diff := cmp.Diff(before, invoke(t, "verify", "--store", store).out); diff != "" {
		t.Errorf("the record before (-), after (+):\n%s", diff)
	}
}

// TestRefusedDistrictIsTold: a district that is asked for and whose manifest is
// refused is not called unknown.
func TestRefusedDistrictIsTold(t *testing.T) {
	network := filepath.Join(t.TempDir(), "network")
	copyTree(t, "testdata/network", network)
	edit(t, filepath.Join(network, "districts.yaml"), "path: north.zip", "path: north.zip\n  enrolment: -1")
	r := invoke(t, "run", "-f", network, "--at", at, "--district", "north")
	if r.code != cli.ExitRefused || !strings.Contains(r.err, "District valley/north: spec.enrolment") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

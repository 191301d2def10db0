// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/internal/cli"
)

// TestSupersededIsNotGivenAsInForce: rules A, then B, then A again at one
// instant. What A decided is given, and said to be superseded by what B did.
func TestSupersededIsNotGivenAsInForce(t *testing.T) {
	p := newPlace(t)
	first := p.run()
	if first.code != cli.ExitDone {
		t.Fatal(first.err)
	}
	if r := p.run(); r.code != cli.ExitDone || r.out != first.out || strings.Contains(r.err, "superseded") {
		t.Errorf("what is in force, again: exit code %d\n%s", r.code, r.err)
	}
	p.manifest("rules.yaml", "recent < 40.0", "recent < 30.0")
	second := p.run()
	if second.code != cli.ExitDone || second.out == first.out {
		t.Fatalf("exit code %d, the same decisions: %v\n%s", second.code, second.out == first.out, second.err)
	}
	p.manifest("rules.yaml", "recent < 30.0", "recent < 40.0")
	r := p.run()
	want := "districts north, south: process tutoring: these decisions, by revision " + short(first.out) +
		", are from the record and superseded: the later run, by revision " + short(second.out) + " at " + at + ", stands since"
	if r.code != cli.ExitRefused || r.out != first.out || strings.Count(r.err, want) != 1 {
		t.Errorf("exit code %d, the decisions of the first run: %v; not %q:\n%s", r.code, r.out == first.out, want, r.err)
	}
	if v := invoke(t, "verify", "--store", p.store); v.code != cli.ExitDone {
		t.Errorf("the record is not whole: %s", v.out)
	}
}

// short is the short digest of the first decision's revision.
func short(csv string) string {
	_, digest, _ := strings.Cut(csv, ",sha256-")
	return digest[:12]
}

// TestTrialSupersedesNothing: what a live run decided stays in force after a
// shadow run, and the shadow run is no less what was asked for.
func TestTrialSupersedesNothing(t *testing.T) {
	p := newPlace(t)
	live := p.run()
	p.manifest("process.yaml", "mode: Live", "mode: Shadow")
	shadow := p.run()
	if again := p.run(); again.code != cli.ExitDone || again.out != shadow.out {
		t.Errorf("the trial again: exit code %d\n%s", again.code, again.err)
	}
	p.manifest("process.yaml", "mode: Shadow", "mode: Live")
	if again := p.run(); again.code != cli.ExitDone || again.out != live.out {
		t.Errorf("what is live again: exit code %d\n%s", again.code, again.err)
	}
}

// TestRecordedFromAnotherRoster: decisions of the record are not passed off as
// ones about the roster that is given now.
func TestRecordedFromAnotherRoster(t *testing.T) {
	p := newPlace(t)
	first := p.run()
	for _, c := range []struct {
		name  string
		spoil func()
		code  int
		err   string // of district north
	}{
		{"the same as a zip", func() { p.zipped(nil) }, cli.ExitDone, ""},
		{"gone", func() { p.north += "-not" }, cli.ExitRefused, "whether the roster is still theirs cannot be told: oneroster: cannot be opened"},
		{"mended", func() {
			p.north = filepath.Join(p.dir, "rosters", "north")
			p.roster("results.csv", "n-04,fully graded,30", "n-04,fully graded,80")
		}, cli.ExitRefused, "were made from another roster than the one given now; to decide anew, give a later --at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spoil()
			r := p.run()
			if r.code != c.code || r.out != first.out || !strings.Contains(r.err, c.err) {
				t.Errorf("exit code %d, want %d; other decisions than recorded: %v; want %q:\n%s", r.code, c.code, r.out != first.out, c.err, r.err)
			}
			if told := strings.Contains(r.err, "district north ("+p.north+"): process tutoring: "); told != (c.code != cli.ExitDone) || strings.Contains(r.err, "south") {
				t.Errorf("told of the district: %v\n%s", told, r.err)
			}
		})
	}
	r := p.run("--at", "2026-09-02T02:00:00Z")
	if row := rowOf(r.out, "n-04"); r.code != cli.ExitDone || !strings.Contains(row, "Confirmed") || strings.Contains(rowOf(first.out, "n-04"), "Confirmed") {
		t.Errorf("decided anew, exit code %d: %s\n%s", r.code, row, r.err)
	}
}

// TestSameRefusalIsSaidOnce: a fault that all districts share is one line.
func TestSameRefusalIsSaidOnce(t *testing.T) {
	args := []string{"run", "-f", "testdata/network", "--at", at}
	for _, name := range []string{"d-1", "d-2", "d-3", "d-4", "d-5"} {
		args = append(args, "--source", name+"=nowhere/"+name)
	}
	network := filepath.Join(t.TempDir(), "network")
	copyTree(t, "testdata/network", network)
	if err := os.Remove(filepath.Join(network, "districts.yaml")); err != nil {
		t.Fatal(err)
	}
	args[2] = network
	r := invoke(t, args...)
	want := "districts d-1 (nowhere/d-1), d-2 (nowhere/d-2), d-3 (nowhere/d-3) and 2 more: oneroster: cannot be opened"
	if r.code != cli.ExitRefused || strings.Count(r.err, "cannot be opened") != 1 || !strings.Contains(r.err, want) {
		t.Errorf("exit code %d, want one line %q:\n%s", r.code, want, r.err)
	}
}

// TestLanguageThatIsNotThere: it is said which there are.
func TestLanguageThatIsNotThere(t *testing.T) {
	for language, want := range map[string]string{
		"de": "the reason has no text in \"de\": it is shown in en; there is en, es\n", "es": "", "en": "",
	} {
		r := invoke(t, "explain", "-f", "testdata/network", "--at", at, "--district", "north", "--source", "testdata/rosters/north", "--student", "n-01", "--language", language)
		if told := strings.Contains(r.err, "has no text"); r.code != cli.ExitDone || told != (want != "") || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit code %d\n%s", language, r.code, r.err)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"archive/zip"
	"compress/flate"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/internal/cli"
)

// place is a copy of the network and the rosters that a case may spoil.
type place struct {
	t       *testing.T
	dir     string
	network string
	north   string // the roster of the district that is spoilt
	store   string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t, dir, filepath.Join(dir, "network"), filepath.Join(dir, "rosters", "north"), filepath.Join(dir, "record")}
	copyTree(t, "testdata/network", p.network)
	copyTree(t, "testdata/rosters", filepath.Join(dir, "rosters"))
	return p
}

func (p *place) run(more ...string) outcome {
	p.t.Helper()
	args := []string{
		"run", "-f", p.network, "--at", at, "--store", p.store, "-o", "csv",
		"--source", "north=" + p.north, "--source", "south=" + filepath.Join(p.dir, "rosters", "south"),
	}
	return invoke(p.t, append(args, more...)...)
}

func (p *place) roster(file, from, to string) { edit(p.t, filepath.Join(p.north, file), from, to) }

func (p *place) manifest(file, from, to string) { edit(p.t, filepath.Join(p.network, file), from, to) }

func (p *place) add(file, content string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.network, file), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// rewrite changes a whole file of the roster.
func (p *place) rewrite(file string, change func(string) string) {
	p.t.Helper()
	path := filepath.Join(p.north, file)
	content, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(content))), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// zipped makes a zip of the roster, with what more adds, and takes it instead.
func (p *place) zipped(more func(*zip.Writer)) {
	p.t.Helper()
	f, err := os.Create(p.north + ".zip")
	if err != nil {
		p.t.Fatal(err)
	}
	w := zip.NewWriter(f)
	if err := w.AddFS(os.DirFS(p.north)); err != nil {
		p.t.Fatal(err)
	}
	if more != nil {
		more(w)
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		p.t.Fatal(err)
	}
	p.north += ".zip"
}

// zeros is an endless file of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

const undetermined = "Undetermined"

// student is a student's id in the rosters of testdata.
var student = regexp.MustCompile(`\b[ns]-0[0-9]\b`)

// TestBadRosters: what is wrong is said with its place and without a student's
// data, the other district goes on, and the record stays whole.
func TestBadRosters(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*place)
		code   int
		err    []string          // in standard error
		states map[string]string // of students in north; nil: none is decided
	}{
		{
			name:  "nothing there",
			spoil: func(p *place) { p.north += "-not" },
			code:  1, err: []string{"district north (", "/north-not): oneroster: cannot be opened", "no such file"},
		},
		{
			name: "truncated zip",
			spoil: func(p *place) {
				p.zipped(nil)
				if err := os.Truncate(p.north, 2000); err != nil {
					p.t.Fatal(err)
				}
			},
			code: 1, err: []string{"district north (", "/north.zip): oneroster: is not a complete zip"},
		},
		{
			name: "zeros without end in a zip",
			spoil: func(p *place) {
				if err := os.Remove(filepath.Join(p.north, "results.csv")); err != nil {
					p.t.Fatal(err)
				}
				p.zipped(func(w *zip.Writer) {
					w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
					f, err := w.Create("results.csv")
					if err == nil {
						_, err = io.Copy(f, io.LimitReader(zeros{}, 256<<20))
					}
					if err != nil {
						p.t.Fatal(err)
					}
				})
			},
			code: 1, err: []string{"district north: oneroster: results.csv"},
		},
		{
			name:  "manifest of another standard",
			spoil: func(p *place) { p.roster("manifest.csv", "oneroster.version,1.1", "oneroster.version,3.0") },
			code:  1, err: []string{"district north: oneroster: manifest.csv", "oneroster.version"},
		},
		{
			name:  "manifest announces changes only",
			spoil: func(p *place) { p.roster("manifest.csv", "file.results,bulk", "file.results,delta") },
			code:  1, err: []string{"district north: ", "delta"},
		},
		{
			name: "missing file",
			spoil: func(p *place) {
				if err := os.Remove(filepath.Join(p.north, "users.csv")); err != nil {
					p.t.Fatal(err)
				}
			},
			code: 1, err: []string{"district north: oneroster: users.csv"},
		},
		{
			name:  "missing column",
			spoil: func(p *place) { p.roster("results.csv", "lineItemSourcedId", "lineItem") },
			code:  1, err: []string{"district north: oneroster: results.csv", "lineItemSourcedId"},
		},
		{
			name: "unknown column is no fault",
			spoil: func(p *place) {
				p.rewrite("users.csv", func(s string) string {
					return strings.Replace(strings.ReplaceAll(s, "\n", ",x\n"), ",x\n", ",metadata.shoeSize\n", 1)
				})
			},
			states: map[string]string{"n-01": "Offered", "n-02": "Waitlisted", "n-05": "Confirmed"},
		},
		{
			name: "duplicate sourcedId, the same twice",
			spoil: func(p *place) {
				p.rewrite("users.csv", func(s string) string { return s + lineOf(s, "n-05,") })
			},
			err:    []string{"district north: users.csv", "sourcedId"},
			states: map[string]string{"n-05": "Confirmed"},
		},
		{
			name: "dangling references",
			spoil: func(p *place) {
				p.roster("results.csv", "test-b-1,n-05", "nowhere,n-05")
				p.roster("results.csv", "test-a-1,n-04", "test-a-1,nobody")
			},
			err:    []string{"district north: results.csv", "lineItemSourcedId", "studentSourcedId"},
			states: map[string]string{"n-05": undetermined, "n-04": undetermined, "n-01": "Offered"},
		},
		{
			name:   "bad number",
			spoil:  func(p *place) { p.roster("results.csv", "n-05,fully graded,80", "n-05,fully graded,eighty") },
			err:    []string{"district north: results.csv", "score"},
			states: map[string]string{"n-05": undetermined, "n-01": "Offered"},
		},
		{
			name:   "number out of bounds",
			spoil:  func(p *place) { p.roster("results.csv", "n-05,fully graded,80", "n-05,fully graded,180") },
			err:    []string{"district north: results.csv", "score"},
			states: map[string]string{"n-05": undetermined},
		},
		{
			name:   "bad date",
			spoil:  func(p *place) { p.roster("results.csv", "80,2026-08-21", "80,21.8.2026") },
			err:    []string{"district north: results.csv", "scoreDate"},
			states: map[string]string{"n-05": undetermined},
		},
		{
			name: "byte order mark, CRLF, quoted newlines",
			spoil: func(p *place) {
				p.rewrite("results.csv", func(s string) string {
					s = strings.Replace(s, ",2026-08-21,\n", ",2026-08-21,\"two\nlines, one cell\"\n", 1)
					return "\xef\xbb\xbf" + strings.ReplaceAll(s, "\n", "\r\n")
				})
				p.rewrite("users.csv", func(s string) string { return "\xef\xbb\xbf" + s })
			},
			states: map[string]string{"n-01": "Offered", "n-02": "Waitlisted", "n-05": "Confirmed"},
		},
		{
			name:   "a row that is cut off",
			spoil:  func(p *place) { p.roster("results.csv", ",fully graded,80,2026-08-21,", "") },
			err:    []string{"district north: results.csv"},
			states: map[string]string{"n-05": undetermined, "n-01": "Offered"},
		},
		{
			name: "an empty roster",
			spoil: func(p *place) {
				p.rewrite("users.csv", func(s string) string { return s[:strings.IndexByte(s, '\n')+1] })
			},
			err:    []string{"district north: enrollments.csv"},
			states: map[string]string{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			c.spoil(p)
			r := p.run()
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			for _, want := range c.err {
				if !strings.Contains(r.err, want) {
					t.Errorf("standard error lacks %q", want)
				}
			}
			if leaked := student.FindString(r.err); leaked != "" {
				t.Errorf("standard error names the student %s", leaked)
			}
			if rows := strings.Count(r.out, "\nnorth,"); c.states == nil && rows > 0 {
				t.Errorf("%d decisions in a district that cannot be read", rows)
			}
			for student, state := range c.states {
				if row := rowOf(r.out, student); !strings.Contains(row, ","+state+",") {
					t.Errorf("%s is not %s: %s", student, state, row)
				}
			}
			p.southWentOn(r)
			if t.Failed() {
				t.Log(r.out, r.err)
			}
		})
	}
}

// southWentOn: the other district is decided, and the record is whole.
func (p *place) southWentOn(r outcome) {
	p.t.Helper()
	if n := strings.Count(r.out, "\nsouth,"); n != 3 {
		p.t.Errorf("%d decisions in the district beside, want 3", n)
	}
	if v := invoke(p.t, "verify", "--store", p.store); v.code != cli.ExitDone {
		p.t.Errorf("the record is not whole: %s%s", v.out, v.err)
	}
}

func lineOf(s, prefix string) string {
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

// other is a second, sound process of the network.
const other = `apiVersion: juncture.dev/v1alpha1
kind: RuleSet
metadata: {name: calls, namespace: NAMESPACE}
spec:
  hitPolicy: First
  rules:
  - id: absent
    when: WHEN
    then: {call: "true"}
    reason: {code: ABSENT, text: {en: Absent.}}
  otherwise:
    then: {call: "false"}
    reason: {code: PRESENT, text: {en: Present.}}
---
apiVersion: juncture.dev/v1alpha1
kind: PersonalizationProcess
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  mode: Live
  purpose: Placement
  juncture: Support
  triggers: [{request: {}}]
  information: {model: k12, attributes: [present]}
  rules: {ruleSet: calls}
  agents: [{role: Propose, agent: rules}]
  result: {fields: [{name: call, type: Boolean}]}
`

func process(namespace, name, when string) string {
	return strings.NewReplacer("NAMESPACE", namespace, "NAME", name, "WHEN", when).Replace(other)
}

// TestBadManifests: a process that is refused does not stop the sound one.
func TestBadManifests(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*place)
		code  int
		err   []string
	}{
		{
			name:  "a rule that does not type-check",
			spoil: func(p *place) { p.add("bad.yaml", process("valley", "calls", "student.present < 'ninety'")) },
			code:  1, err: []string{"bad.yaml:8:27: RuleSet valley/calls: spec.rules[0].when: "},
		},
		{
			name:  "a rule that reads what is not declared",
			spoil: func(p *place) { p.add("bad.yaml", process("valley", "calls", "student.scores.size() > 0")) },
			code:  1, err: []string{"bad.yaml:8:11: RuleSet valley/calls: ", `"scores" is not declared`},
		},
		{
			name: "a rule that reads what is prohibited",
			spoil: func(p *place) {
				p.manifest("process.yaml", "prohibitedInputs: [sex]", "prohibitedInputs: [present]")
				p.add("sound.yaml", process("valley", "calls", "student.present < 90.0"))
			},
			code: 1, err: []string{"process.yaml:10:29: PersonalizationProcess valley/tutoring: spec.information.attributes: ", "prohibit"},
		},
		{
			name: "a rule that is too expensive",
			spoil: func(p *place) {
				p.manifest("information.yaml", "maxItems: 3", "maxItems: 1000")
				p.manifest("rules.yaml", "expression: student.scores.mean()", "expression: 'double(student.scores.filter(a, student.scores.exists(b, student.scores.exists(c, a + b < c))).size())'")
				p.add("sound.yaml", process("valley", "calls", "student.present < 90.0"))
			},
			code: 1, err: []string{"rules.yaml:7:", "cost"},
		},
		{
			name: "a rule that divides by zero",
			spoil: func(p *place) {
				p.add("bad.yaml", process("valley", "calls", "1 / int(student.present - student.present) > 0"))
			},
			err: []string{"Failed"}, // for the students, and no error of the run
		},
		{
			name: "a cycle of processes",
			spoil: func(p *place) {
				within := func(process, name string) string {
					return strings.Replace(process, "mode: Live", "mode: Catalogue\n  within: {process: "+name+"}", 1)
				}
				p.add("hen.yaml", within(process("valley", "hen", "true"), "egg"))
				_, alone, _ := strings.Cut(process("valley", "egg", "true"), "---\n")
				p.add("egg.yaml", within(alone, "hen"))
			},
			code: 1, err: []string{"egg.yaml:", "egg within hen within egg"},
		},
		{
			name: "a missing reference",
			spoil: func(p *place) {
				p.add("bad.yaml", strings.Replace(process("valley", "calls", "true"), "ruleSet: calls", "ruleSet: nowhere", 1))
			},
			code: 1, err: []string{"bad.yaml:", `there is no RuleSet "nowhere"`},
		},
		{
			name: "a capacity below zero",
			spoil: func(p *place) {
				p.manifest("process.yaml", "default: 1}", "default: -1}")
				p.add("sound.yaml", process("valley", "calls", "student.present < 90.0"))
			},
			code: 1, err: []string{"process.yaml:33:53: PriorityPolicy valley/seats", "spec.capacity.default"},
		},
		{
			name:  "a capacity of zero is none",
			spoil: func(p *place) { p.manifest("process.yaml", "default: 1}", "default: 0}") },
		},
		{
			name: "two processes of one name in two namespaces",
			spoil: func(p *place) {
				p.add("hill.yaml", process("hill", "tutoring", "student.present < 90.0")+"---\n"+strings.Replace(read(p.t, "testdata/network/information.yaml"), "namespace: valley", "namespace: hill", 1))
			},
		},
		{
			name: "the same object twice",
			spoil: func(p *place) {
				p.add("again.yaml", read(p.t, "testdata/network/rules.yaml"))
				p.add("sound.yaml", process("valley", "calls", "student.present < 90.0"))
			},
			code: 1, err: []string{"RuleSet valley/tutoring"},
		},
		{
			name:  "a file that is no YAML",
			spoil: func(p *place) { p.add("bad.yaml", "kind: [") },
			code:  1, err: []string{"bad.yaml:1"},
		},
		{
			name: "a time zone that there is not",
			spoil: func(p *place) {
				p.add("more.yaml", "apiVersion: juncture.dev/v1alpha1\nkind: District\nmetadata: {name: east, namespace: valley}\nspec:\n  timeZone: America/Atlantis\n  source: {oneRosterCSV: {volume: {hostPath: {path: /rosters}}, path: east.zip}}\n")
			},
			code: 1, err: []string{"more.yaml:5:13: District valley/east: spec.timeZone"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			c.spoil(p)
			r := p.run()
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			for _, want := range c.err {
				if !strings.Contains(r.err, want) {
					t.Errorf("standard error lacks %q", want)
				}
			}
			if !strings.Contains(r.out, "\nsouth,") {
				t.Error("the sound process did not run")
			}
			if v := invoke(t, "verify", "--store", p.store); v.code != cli.ExitDone {
				t.Errorf("the record is not whole: %s%s", v.out, v.err)
			}
			if t.Failed() {
				t.Log(r.out, r.err)
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestUsage: what cannot be understood ends with exit code 2, one line that says
// what, and one that says where help is.
func TestUsage(t *testing.T) {
	run := []string{"run", "-f", "testdata/network"}
	for _, c := range []struct {
		args []string
		err  string
	}{
		{[]string{"decide"}, `there is no verb "decide"`},
		{[]string{"run", "--colour"}, "unknown flag: --colour"},
		{[]string{"run", "-f"}, "flag needs an argument"},
		{[]string{"run"}, "-f PATH"},
		{append(run, "extra"), "extra"},
		{append(run, "--at", "yesterday"), "--at yesterday"},
		{append(run, "--seed", "xyz"), "--seed: write an even number of the digits"},
		{append(run, "--seed", strings.Repeat("00", 65)), "8 to 64 bytes"},
		{append(run, "--seed", "00"), "8 to 64 bytes"},
		{append(run, "--seed", "00000000000000"), "8 to 64 bytes"},
		{append(run, "--seed", ""), "--seed is empty"},
		{append(run, "--at", ""), "--at is empty"},
		{append(run, "--store", ""), "--store is empty"},
		{append(run, "-o", "xml"), "-o xml"},
		{append(run, "--out", "decisions.xlsx"), "say the format with -o"},
		{append(run, "--out", "testdata", "-o", "csv"), "is a folder"},
		{append(run, "--source", "north"), "DISTRICT=ZIP_OR_DIR"},
		{append(run, "--source", "../north=x"), "--source ../north=x"},
		{append(run, "--source", "north=x", "--source", "north=y"), "named twice"},
		{append(run, "--district", "west"), "--district west"},
		{append(run, "--process", "teaching"), "--process teaching"},
		{append(run, "--workers", "0"), "--workers 0"},
		{append(run, "--workers", "many"), "invalid argument"},
		{[]string{"vet", "-f", "testdata/network", "-o", "xml"}, "table or json"},
		{[]string{"test", "-f", "testdata/network", "--fail-under", "101"}, "--fail-under 101"},
		{[]string{"verify"}, "--store DIR"},
		{[]string{"explain", "--student", "n-01"}, "--store DIR"},
		{[]string{"explain", "--store", "x"}, "--student ID or --decision ID"},
		{[]string{"explain", "--store", "x", "--student", "y", "--at", at}, "are for -f"},
		{[]string{"explain", "-f", "testdata/network", "--student", "n-01", "--at", at}, "--district"},
		{[]string{"generate", "state"}, "--out DIR"},
		{[]string{"generate", "state", "--out", "x"}, "how large"},
		{[]string{"generate", "state", "--out", "x", "--students", "10", "--scale", "0.5"}, "--scale"},
		{[]string{"generate", "state", "--out", "x", "--students", "10", "--oneroster", "2.0"}, "--oneroster 2.0"},
		{[]string{"generate", "state", "--out", "x", "--students", "3", "--districts", "4"}, "--districts 4"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			r := invoke(t, c.args...)
			if r.code != cli.ExitUsage || !strings.Contains(r.err, c.err) || !strings.Contains(r.err, "--help'.") {
				t.Errorf("exit code %d, want %d and %q:\n%s", r.code, cli.ExitUsage, c.err, r.err)
			}
			if n := strings.Count(r.err, "\n"); n != 2 || r.out != "" {
				t.Errorf("%d lines on standard error, want 2; on standard output: %q\n%s", n, r.out, r.err)
			}
		})
	}
}

// TestRefused: what can be understood and not be done ends with exit code 1.
func TestRefused(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	if r := invoke(t, runArgs("--store", store)...); r.code != cli.ExitDone {
		t.Fatal(r.err)
	}
	for _, c := range []struct {
		args []string
		err  string
	}{
		{[]string{"run", "-f", "nowhere.yaml"}, "nowhere.yaml: no such file"},
		{[]string{"run", "-f", "testdata/network/districts.yaml", "--at", at}, "nothing to decide"},
		{[]string{"run", "-f", "testdata/network", "--at", at}, "districts north, south: its roster lies on the volume claim rosters, which only the cluster has; give --source DISTRICT=ZIP_OR_DIR"},
		{runArgs("--seed", "ffffffffffffffff", "--store", store), "a lottery is not drawn twice"},
		{runArgs("--out", "nowhere/decisions.csv"), "--out nowhere/decisions.csv"},
		{[]string{"test", "-f", "testdata/network/rules.yaml"}, "declare no process"},
		{[]string{"verify", "--store", "nowhere"}, "nowhere"},
		{[]string{"verify", "--store", "testdata"}, "holds no district's record"},
		{[]string{"verify", "--store", store, "--district", "west"}, "no record of district west"},
		{[]string{"explain", "--store", store, "--district", "west", "--student", "n-01"}, "no record of district west"},
		{[]string{"explain", "--store", store, "--district", "north", "--student", "s-01"}, "no decision in force"},
		{[]string{"explain", "--store", store, "--district", "north", "--decision", "0123"}, "no such decision"},
		{[]string{"explain", "-f", "testdata/network", "--at", at, "--district", "north", "--source", "testdata/rosters/north", "--student", "s-01"}, "no active student"},
		{[]string{"explain", "-f", "testdata/network", "--at", at, "--district", "north", "--student", "n-01"}, "volume claim rosters"},
		{[]string{"generate", "state", "--out", "testdata/golden", "--from", "testdata/golden/run.csv"}, "run.csv"},
		{[]string{"generate", "state", "--out", "testdata/golden", "--from", "nowhere.csv"}, "nowhere.csv"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			r := invoke(t, c.args...)
			if r.code != cli.ExitRefused || !strings.Contains(r.err, c.err) {
				t.Errorf("exit code %d, want %d and %q:\n%s", r.code, cli.ExitRefused, c.err, r.err)
			}
			if strings.Contains(r.err, "Usage:") {
				t.Errorf("help where none was asked for:\n%s", r.err)
			}
		})
	}
}

// TestDamagedRecord: verify says where, and explain does not explain what the
// record does not prove.
func TestDamagedRecord(t *testing.T) {
	store := filepath.Join(t.TempDir(), "record")
	if r := invoke(t, runArgs("--store", store)...); r.code != cli.ExitDone {
		t.Fatal(r.err)
	}
	segments, err := filepath.Glob(filepath.Join(store, "north", "segments", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("%d segments: %v", len(segments), err)
	}
	content, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	r := invoke(t, "verify", "--store", store)
	if r.code != cli.ExitRefused || !strings.Contains(r.out, "FAULT north: segments") || !strings.Contains(r.out, "NOT WHOLE") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := invoke(t, "verify", "--store", store, "--district", "south"); r.code != cli.ExitDone {
		t.Errorf("the other district's record is not whole: %s", r.out)
	}
	if err := os.Remove(filepath.Join(store, "south", "live.db")); err != nil {
		t.Fatal(err)
	}
	if r := invoke(t, "verify", "--store", store); !strings.Contains(r.out, "FAULT south: live.db") {
		t.Errorf("a live state that is gone goes unnoticed: %s", r.out)
	}
	if r := invoke(t, "explain", "--store", store, "--district", "north", "--student", "n-01"); r.code != cli.ExitRefused || r.out != "" {
		t.Errorf("exit code %d; explained:\n%s", r.code, r.out)
	}
}

// TestResultStaysWhereNothingIsDecided: a file that was there is not replaced by
// an empty one.
func TestResultStaysWhereNothingIsDecided(t *testing.T) {
	out := filepath.Join(t.TempDir(), "decisions.csv")
	if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := invokeAs(t, context.Background(), "juncture", "", "run", "-f", "testdata/network", "--at", at, "--source", "north=nowhere", "--source", "south=nowhere", "--out", out)
	if got := read(t, out); r.code != cli.ExitRefused || got != "before" {
		t.Errorf("exit code %d, the file holds %q", r.code, got)
	}
}

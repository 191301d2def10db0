// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/translate"
)

var _ translate.Lookup = manifest.Lookup{}

// TestProblems holds what is said of every faulty manifest, word for word: run
// with UPDATE_GOLDEN=1 after a change that is meant, and read the difference.
func TestProblems(t *testing.T) {
	for _, dir := range []string{"refused", "unreadable", "accepted"} {
		files, err := filepath.Glob("testdata/" + dir + "/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases in testdata/%s: %v", dir, err)
		}
		var got strings.Builder
		for _, file := range files {
			_, problems, err := manifest.Read([]string{file}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if (len(problems) > 0) != (dir != "accepted") {
				t.Errorf("%s: %d problems", file, len(problems))
			}
			for _, p := range problems {
				p.File = filepath.Base(p.File)
				fmt.Fprintln(&got, p)
			}
		}
		if dir != "accepted" {
			golden(t, "testdata/"+dir+".txt", got.String())
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestWithin finds the character @ of an expression in all styles of YAML.
func TestWithin(t *testing.T) {
	file := "testdata/positions/styles.yaml"
	set, problems, err := manifest.Read([]string{file}, nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")

	rules := manifest.Of[*v1alpha1.RuleSet](set)[0]
	object := set.Find("RuleSet", "net", "styles")
	expressions := map[string]string{
		"spec.variables[0].expression":          string(rules.Spec.Variables[0].Expression),
		"spec.variables[flow].expression":       string(rules.Spec.Variables[0].Expression),
		"spec.rules[0].then.support":            string(rules.Spec.Rules[0].Then["support"]),
		"spec.rules[1].then[support]":           string(rules.Spec.Rules[1].Then["support"]),
		"spec.rules[0].reason.text.en":          string(rules.Spec.Rules[0].Reason.Text["en"]),
		"spec.rules[over-lines].reason.text.en": string(rules.Spec.Rules[4].Reason.Text["en"]),
	}
	for i, r := range rules.Spec.Rules {
		expressions[fmt.Sprintf("spec.rules[%d].when", i)] = string(r.When)
	}
	for path, expression := range expressions {
		line, column := place(expression, '@')
		at := object.Within(path, line, column)
		if at.File != file || at.Line < 1 || at.Line > len(lines) {
			t.Fatalf("%s: %+v", path, at)
		}
		if source := []rune(lines[at.Line-1]); at.Column < 1 || at.Column > len(source) || source[at.Column-1] != '@' {
			t.Errorf("%s: %d:%d is not where @ stands in %q", path, at.Line, at.Column, expression)
		}
	}
}

func place(text string, of rune) (line, column int) {
	before, _, _ := strings.Cut(text, string(of))
	last := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Count(before, "\n") + 1, len([]rune(last)) + 1
}

func TestPosition(t *testing.T) {
	set, _, err := manifest.Read([]string{"testdata/positions/styles.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	object := set.Find("RuleSet", "net", "styles")
	for path, want := range map[string]string{
		"":                       "8:1",
		"metadata.name":          "10:18",
		"spec":                   "11:1",
		"spec.hitPolicy":         "12:14",
		"spec.rules":             "15:3",
		"spec.rules[1].id":       "20:9",
		"spec.rules[1]":          "20:5",
		"spec.rules[literal].id": "25:9",
		"spec.rules[1].priority": "20:5", // not there: what it would stand in
		"spec.rules[99].when":    "15:3",
		"spec.rules[-1]":         "15:3",
		"spec.rules[":            "15:3",
		"no.such.field":          "8:1",
	} {
		at := object.Position(path)
		if got := fmt.Sprintf("%d:%d", at.Line, at.Column); got != want {
			t.Errorf("%q is at %s, want %s", path, got, want)
		}
	}
}

// TestSamples: all samples are sound, close, compile and pass their own tests.
func TestSamples(t *testing.T) {
	for dir, many := range map[string]int{"../../config/samples": 1, "../../config/samples/oulad": 1, "../../config/samples/state": 10} {
		set, problems, err := manifest.Read([]string{dir}, nil)
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		processes := manifest.Of[*v1alpha1.PersonalizationProcess](set)
		if len(processes) != many {
			t.Fatalf("%s holds %d processes", dir, len(processes))
		}
		for _, process := range processes {
			closed, err := translate.Close(process, set.Lookup(process.Namespace))
			if err != nil {
				t.Fatal(err)
			}
			program, err := rule.Compile(closed)
			if err != nil {
				t.Fatal(err)
			}
			if len(program.Warnings()) > 0 {
				t.Error(program.Warnings())
			}
			report := program.RunTests()
			if !report.Passed() || len(report.Unhit()) > 0 {
				t.Errorf("%s: not hit by any test: %v\n%+v", dir, report.Unhit(), report)
			}
		}
	}
}

func TestDiagnose(t *testing.T) {
	set, _, err := manifest.Read([]string{"testdata/positions/styles.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := set.Diagnose("net", rule.Diagnostics{
		{Object: "RuleSet", Name: "styles", Path: "spec.rules[2].when", Line: 3, Column: 3, Message: "m", Mend: "e", Warning: true},
		{Object: "RuleSet", Name: "elsewhere", Path: "spec.rules[2].when", Line: 3, Column: 1, Message: "m"},
	})
	got = append(got, set.DiagnoseFaults("net", []bundle.Fault{{Object: "RuleSet", Name: "styles", Path: "spec.rules[2].id", Message: "m", Mend: "e"}})...)
	want := []manifest.Problem{
		{File: "testdata/positions/styles.yaml", Line: 29, Column: 9, Object: "RuleSet net/styles", Path: "spec.rules[2].when", Message: "m", Mend: "e", Warning: true},
		{Object: "RuleSet net/elsewhere", Path: "spec.rules[2].when", Message: "m"},
		{File: "testdata/positions/styles.yaml", Line: 25, Column: 9, Object: "RuleSet net/styles", Path: "spec.rules[2].id", Message: "m", Mend: "e"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadPaths(t *testing.T) {
	dir := t.TempDir()
	agent := func(name, namespace string) string {
		return fmt.Sprintf("apiVersion: juncture.dev/v1alpha1\nkind: Agent\nmetadata: {name: %s, namespace: %s}\nspec: {kind: Rules}\n", name, namespace)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a.yaml", agent("a", "one"))
	write("b.yml", agent("a", "two"))
	write("c.json", `{"apiVersion": "v1", "kind": "List", "items": [
		{"apiVersion": "juncture.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "c"}, "spec": {"kind": "Rules"}},
		{"apiVersion": "v1", "kind": "Secret"}]}`)
	write("kustomization.yaml", "resources: [a.yaml]\n")
	write("notes.txt", "not a manifest")
	write("below/d.yaml", agent("d", "one"))

	names := func(paths []string, stdin string) string {
		t.Helper()
		set, problems, err := manifest.Read(paths, strings.NewReader(stdin))
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		var list []string
		for _, o := range set.Objects() {
			list = append(list, o.Namespace+"/"+o.Name)
		}
		return strings.Join(list, " ")
	}
	for _, c := range []struct{ path, want string }{
		{dir, "default/c one/a two/a"},
		{dir + "/*", "default/c one/a one/d two/a"}, // the folder below matches too
		{dir + "/[ab].y*", "one/a two/a"},
		{dir + "/c.json", "default/c"},
		{"-", "one/i"},
	} {
		if c.path == dir+"/*" {
			os.Remove(filepath.Join(dir, "kustomization.yaml"))
			os.Remove(filepath.Join(dir, "notes.txt"))
		}
		if got := names([]string{c.path}, agent("i", "one")); got != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
	if got := names([]string{dir, dir + "/a.yaml"}, ""); got != "default/c one/a two/a" {
		t.Errorf("a file named twice: %s", got)
	}
	for _, path := range []string{dir + "/none.yaml", dir + "/*.none", dir + "/[", t.TempDir()} {
		if _, _, err := manifest.Read([]string{path}, nil); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}

// TestTwice: which of two objects of one name holds would depend on the order
// of files, so neither does. In another namespace it is another object.
func TestTwice(t *testing.T) {
	text := "apiVersion: juncture.dev/v1alpha1\nkind: Agent\nmetadata: {name: a, namespace: %s}\nspec: {kind: Rules}\n"
	all := fmt.Sprintf(text+"---\n"+text+"---\n"+text, "one", "two", "one")
	set, problems, err := manifest.Read([]string{"-"}, strings.NewReader(all))
	if err != nil {
		t.Fatal(err)
	}
	want := []manifest.Problem{{
		File: "-", Line: 13, Column: 18, Object: "Agent one/a", Path: "metadata.name",
		Message: "the object is already in -:3", Mend: "remove or rename one of the two",
	}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	if agents := manifest.Of[*v1alpha1.Agent](set); len(agents) != 1 || agents[0].Namespace != "two" {
		t.Errorf("sound agents: %v", agents)
	}
	if _, err := set.Lookup("one").Agent("a"); err == nil || !strings.Contains(err.Error(), "problems of its own") {
		t.Errorf("looking up a faulty object: %v", err)
	}
	if found, err := set.Lookup("three").Agent("a"); found != nil || err != nil {
		t.Errorf("looking up what is not there: %v, %v", found, err)
	}
}

// TestLineEndings: a byte order mark and CRLF change neither values nor places.
func TestLineEndings(t *testing.T) {
	text, err := os.ReadFile("testdata/refused/process-mode-misspelt.yaml")
	if err != nil {
		t.Fatal(err)
	}
	windows := append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...)
	_, want, _ := manifest.Read([]string{"-"}, bytes.NewReader(text))
	_, got, _ := manifest.Read([]string{"-"}, bytes.NewReader(windows))
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/refused/*.yaml", "testdata/accepted/*.yaml", "testdata/unreadable/*.yaml", "testdata/positions/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, problems, err := manifest.Read([]string{"-"}, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err) // never the manifest's fault
		}
		lines := bytes.Count(text, []byte("\n")) + 1
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines+1 || p.Message == "" {
				t.Errorf("%+v", p)
			}
		}
		for _, process := range manifest.Of[*v1alpha1.PersonalizationProcess](set) {
			_, err := translate.Close(process, set.Lookup(process.Namespace))
			_ = set.DiagnoseFaults(process.Namespace, translate.Faults(err))
		}
	})
}

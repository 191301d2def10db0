// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command mutate puts bugs into the engine, one at a time, and says which of them the tests notice.
//
// Usage: mutate [-only REGEXP] [-jobs N] FILE
//
// FILE lists the bugs as data: see suite. The working tree is never changed: the go command is told to read changed copies of
// files (-overlay), which hold all the bugs, each asleep until its number is asked for. A bug that no test notices must say in
// the data why it is none; exit status 1 says that there is another, or one whose text is no longer in the code.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// suite is what a file of bugs holds.
type suite struct {
	// Runs are tried one after another until one fails. The first must be quick.
	Runs []run `json:"runs"`
	Bugs []bug `json:"bugs"`

	binaries map[string]string // by package
}

// run is tests of a package: arguments of its test binary.
type run struct {
	Package string   `json:"package"`
	Args    []string `json:"args"`
}

// bug is a change of one place.
type bug struct {
	About string `json:"about"` // what goes wrong
	File  string `json:"file"`
	// Old is in the file exactly once, or once behind After.
	Old   string `json:"old"`
	New   string `json:"new"`
	After string `json:"after,omitempty"`
	// Equivalent says why no test can notice it; such a bug is run all the same, and must survive.
	Equivalent string `json:"equivalent,omitempty"`

	broken error // why it cannot be tried
}

// timeLimit ends a run that a bug made endless.
const timeLimit = 4 * time.Minute

func main() {
	only := flag.String("only", "", "only bugs whose description or file matches `REGEXP`")
	jobs := flag.Int("jobs", 2, "bugs tried at once")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	s, err := read(flag.Arg(0), *only)
	var dir string
	if err == nil {
		dir, err = os.MkdirTemp("", "mutate")
	}
	if err == nil {
		err = s.build(dir)
	}
	if err == nil {
		err = s.unharmed()
	}
	good := err == nil && s.tryAll(*jobs)
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		os.Exit(2)
	case !good:
		os.Exit(1)
	}
}

func read(file, only string) (*suite, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &suite{}
	if err := yaml.UnmarshalStrict(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	var chosen []bug
	for _, b := range s.Bugs {
		if pattern.MatchString(b.About) || pattern.MatchString(b.File) {
			chosen = append(chosen, b)
		}
	}
	s.Bugs = chosen
	return s, nil
}

// unharmed runs the tests without a bug: where they fail anyway, nothing is learnt.
func (s *suite) unharmed() error {
	killer, err := s.try(0)
	if err == nil && killer != "" {
		err = fmt.Errorf("without any bug, %s fails", killer)
	}
	return err
}

// tryAll prints what becomes of each bug, and reports whether all was as it should be.
func (s *suite) tryAll(jobs int) bool {
	next := make(chan int)
	outcomes := make([]string, len(s.Bugs))
	var wait sync.WaitGroup
	for range jobs {
		wait.Go(func() {
			for i := range next {
				outcomes[i] = s.outcome(i)
				fmt.Printf("%-10s %s: %s\n", outcomes[i], s.Bugs[i].File, s.Bugs[i].About)
			}
		})
	}
	for i := range s.Bugs {
		next <- i
	}
	close(next)
	wait.Wait()
	counts := map[string]int{}
	for _, o := range outcomes {
		word, _, _ := strings.Cut(o, " ")
		counts[word]++
	}
	fmt.Printf("\n%d bugs: %d killed, %d survived, %d equivalent, %d broken\n", len(s.Bugs), counts["killed"], counts["survived"], counts["equivalent"], counts["broken"])
	return counts["survived"]+counts["broken"] == 0
}

// outcome is killed, survived, equivalent (and survived) or broken, with the test that noticed or what is wrong.
func (s *suite) outcome(i int) string {
	b := &s.Bugs[i]
	if b.broken != nil {
		return "broken " + b.broken.Error()
	}
	killer, err := s.try(i + 1)
	switch {
	case err != nil:
		return "broken " + err.Error()
	case killer != "" && b.Equivalent != "":
		return "broken said to be equivalent, and killed by " + killer
	case killer != "":
		return "killed by " + killer
	case b.Equivalent != "":
		return "equivalent"
	}
	return "survived"
}

// build builds the test binaries with all bugs. Those that do not compile are left out.
func (s *suite) build(dir string) error {
	for try := 0; ; try++ {
		texts, err := s.combined()
		if err != nil {
			return err
		}
		overlay, err := writeOverlay(filepath.Join(dir, fmt.Sprint(try)), texts)
		if err != nil {
			return err
		}
		out, err := s.compile(dir, overlay)
		if err == nil {
			return nil
		}
		if !s.blame(string(out), texts) {
			return fmt.Errorf("building: %s", out)
		}
	}
}

// writeOverlay writes changed files, and the file that tells the go command of them.
func writeOverlay(dir string, texts map[string]string) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range texts {
		original, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[original] = filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(file), "/", "_"))
		if err := os.WriteFile(replace[original], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}

func (s *suite) compile(dir, overlay string) ([]byte, error) {
	s.binaries = map[string]string{}
	for _, r := range s.Runs {
		if s.binaries[r.Package] != "" {
			continue
		}
		binary := filepath.Join(dir, fmt.Sprintf("%d.test", len(s.binaries)))
		//nolint:gosec // the packages are the caller's
		if out, err := exec.Command("go", "test", "-c", "-gcflags=-e", "-overlay="+overlay, "-o", binary, r.Package).CombinedOutput(); err != nil {
			return out, err
		}
		s.binaries[r.Package] = binary
	}
	return nil, nil
}

// try runs the tests with a bug, 0 for none, and names the test that failed; none, if all passed.
func (s *suite) try(number int) (killer string, err error) {
	for i := range s.Runs {
		if killer, err := s.Runs[i].with(number, s.binaries[s.Runs[i].Package]); killer != "" || err != nil {
			return killer, err
		}
	}
	return "", nil
}

var failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

func (r *run) with(bug int, binary string) (killer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	c := exec.CommandContext(ctx, binary, append([]string{"-test.failfast"}, r.Args...)...) //nolint:gosec // the test binary that this program built
	c.Dir = r.Package
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", variable, bug))
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "the time limit", nil
	case !errors.As(err, &exit):
		return "", err
	}
	if m := failure.FindSubmatch(out); m != nil {
		return string(m[1]), nil
	}
	return "a crash", nil
}

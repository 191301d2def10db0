// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	anyFlag  = regexp.MustCompile(`--([a-z][a-z-]+)`)
	command  = regexp.MustCompile(`(?m)^juncture (.+)$`)
	helpFlag = regexp.MustCompile(`(?m)^\s+(?:-\w, )?--([a-z][a-z-]+)`)
)

// TestDocumentation holds docs/cli.md against the flags that there are.
func TestDocumentation(t *testing.T) {
	text := read(t, "../../docs/cli.md")
	var exist []string
	for _, verb := range []string{"run", "vet", "test", "explain", "verify", "generate state", "version"} {
		if !strings.Contains(text, "`"+verb+"`") {
			t.Errorf("docs/cli.md does not name the verb %s", verb)
		}
		for _, m := range helpFlag.FindAllStringSubmatch(invoke(t, append(strings.Fields(verb), "--help")...).out, -1) {
			exist = append(exist, m[1])
		}
	}
	var told []string
	for _, m := range anyFlag.FindAllStringSubmatch(text, -1) {
		told = append(told, m[1])
		if !slices.Contains(exist, m[1]) {
			t.Errorf("docs/cli.md tells of --%s, which no verb has", m[1])
		}
	}
	for _, flag := range exist {
		if !slices.Contains(told, flag) {
			t.Errorf("docs/cli.md does not tell of --%s", flag)
		}
	}
}

// TestReadme runs the commands of the README, in its order, as a newcomer does.
func TestReadme(t *testing.T) {
	samples, err := filepath.Abs("../../config/samples")
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "../../README.md")
	t.Chdir(t.TempDir())
	var last outcome
	commands := command.FindAllStringSubmatch(text, -1)
	for _, m := range commands {
		last = invoke(t, strings.Fields(strings.ReplaceAll(m[1], "config/samples", samples))...)
		if last.code != 0 {
			t.Fatalf("juncture %s: exit code %d\n%s", m[1], last.code, last.err)
		}
		if strings.HasPrefix(m[1], "explain") && !strings.Contains(last.out, "Waitlisted") {
			t.Errorf("the student of the example does not wait:\n%s", last.out)
		}
	}
	if len(commands) < 6 || !strings.Contains(last.out, "the record is whole") {
		t.Errorf("%d commands, the last gives %q", len(commands), last.out)
	}
}

// TestHelp: every verb has an example that begins as the user calls it.
func TestHelp(t *testing.T) {
	for _, verb := range []string{"run", "vet", "test", "explain", "verify", "generate state", "version"} {
		r := invoke(t, append(strings.Fields(verb), "--help")...)
		if r.code != 0 || r.err != "" || !strings.Contains(r.out, "Examples:\n  juncture "+verb) {
			t.Errorf("%s: exit code %d, no example:\n%s%s", verb, r.code, r.out, r.err)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/internal/translate"
)

type testFlags struct {
	manifests manifestFlags
	format    string
	verbose   bool
	failUnder float64
}

func newTest(env *Environment) *cobra.Command {
	f := &testFlags{}
	cmd := &cobra.Command{
		Use:   "test -f PATH... [flags]",
		Short: "Run the tests that rule sets carry, with rule coverage",
		Long: `Runs the tests of each process's rule set, under the process's information and
result, and says which rules no test hits. Exit code 1 if a test fails, if a
process cannot be compiled, or if --fail-under asks for more coverage.`,
		Example: "  juncture test -f network/\n  juncture test -f network/ -v --fail-under 100",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return f.run(env) },
	}
	f.manifests.register(cmd)
	cmd.Flags().StringVarP(&f.format, "output", "o", formatTable, "table or json")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "name the tests that pass, too")
	cmd.Flags().Float64Var(&f.failUnder, "fail-under", 0, "least share of rules, in percent, that tests must hit")
	return cmd
}

// testedJSON is what the tests of one process showed.
type testedJSON struct {
	Process  string        `json:"process"`
	RuleSet  string        `json:"ruleSet"`
	Tests    []testJSON    `json:"tests"`
	Rules    []coveredJSON `json:"rules"`
	Unhit    []string      `json:"unhit"`
	Passed   bool          `json:"passed"`
	Coverage float64       `json:"coverage"` // percent of rules that a test hit
}

type testJSON struct {
	Name        string   `json:"name"`
	Place       string   `json:"place"`
	Passed      bool     `json:"passed"`
	Differences []string `json:"differences,omitempty"`
}

type coveredJSON struct {
	Rule  string `json:"rule"`
	Hits  int    `json:"hits"`
	True  bool   `json:"sawTrue"`
	False bool   `json:"sawFalse"`
}

func (f *testFlags) run(env *Environment) error {
	if err := checkFormat(f.format, formatTable, formatJSON); err != nil {
		return err
	}
	if f.failUnder < 0 || f.failUnder > 100 {
		return usage("--fail-under %g: write a percentage from 0 to 100", f.failUnder)
	}
	network, err := f.manifests.read(env)
	if err != nil {
		return err
	}
	for _, p := range network.problems {
		if !p.Warning {
			fmt.Fprintln(env.Err, p)
		}
	}
	if len(network.processes) == 0 && network.faults() == 0 {
		return errors.New("the manifests declare no process; rules are tested as part of one")
	}
	tested := []testedJSON{}
	failed := network.faults() > 0
	for i := range network.processes {
		t := network.test(&network.processes[i])
		failed = failed || !t.Passed || t.Coverage < f.failUnder
		tested = append(tested, t)
	}
	if f.format == formatJSON {
		err = writeJSON(env.Out, tested)
	} else {
		for i := range tested {
			f.write(env.Out, &tested[i])
		}
	}
	if err == nil && failed {
		return errReported
	}
	return err
}

// test runs the tests of one process's rule set.
func (n *network) test(p *process) testedJSON {
	report := p.written.Rules().RunTests()
	rules := p.written.Bundle().Rules.Name
	t := testedJSON{
		Process: p.String(), RuleSet: p.Namespace + "/" + rules, Passed: report.Passed(), Unhit: report.Unhit(),
		Tests: []testJSON{}, Rules: []coveredJSON{},
	}
	for _, r := range report.Tests {
		t.Tests = append(t.Tests, testJSON{Name: r.Name, Place: n.placeOf(p.Namespace, rules, r.Path), Passed: r.Passed(), Differences: r.Differences})
	}
	for _, c := range report.Coverage {
		t.Rules = append(t.Rules, coveredJSON(c))
	}
	t.Coverage = coverage(report.Coverage)
	return t
}

func coverage(rules []rule.Coverage) float64 {
	hit := 0
	for _, c := range rules {
		if c.Hits > 0 {
			hit++
		}
	}
	return 100 * float64(hit) / float64(max(1, len(rules)))
}

func (n *network) placeOf(namespace, ruleSet, path string) string {
	o := n.set.Find(translate.KindRuleSet, namespace, ruleSet)
	if o == nil {
		return path
	}
	at := o.Position(path)
	return fmt.Sprintf("%s:%d:%d", at.File, at.Line, at.Column)
}

func (f *testFlags) write(w io.Writer, t *testedJSON) {
	failed := 0
	for _, test := range t.Tests {
		switch {
		case !test.Passed:
			failed++
			fmt.Fprintf(w, "--- FAIL: %s: %s: %s\n", test.Place, t.Process, test.Name)
			for _, d := range test.Differences {
				fmt.Fprintf(w, "        %s\n", d)
			}
		case f.verbose:
			fmt.Fprintf(w, "--- ok: %s: %s: %s\n", test.Place, t.Process, test.Name)
		}
	}
	verdict := "ok  "
	switch {
	case failed > 0:
		verdict = "FAIL"
	case t.Coverage < f.failUnder:
		verdict = "FAIL"
	case len(t.Tests) == 0:
		verdict = "?   "
	}
	line := fmt.Sprintf("%s  %s  rules %s  %s", verdict, t.Process, t.RuleSet, count(len(t.Tests), "test"))
	if failed > 0 {
		line += fmt.Sprintf(", %d failed", failed)
	}
	if len(t.Tests) > 0 {
		line += fmt.Sprintf("  coverage %.0f%% of %d rules", t.Coverage, len(t.Rules))
	}
	if len(t.Unhit) > 0 {
		line += "; no test hits " + strings.Join(t.Unhit, ", ")
	}
	fmt.Fprintln(w, line)
}

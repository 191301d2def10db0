// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/translate"
)

// Formats of verbs that print no records.
const (
	formatTable = "table"
	formatText  = "text"
	formatJSON  = "json"
)

func checkFormat(given string, allowed ...string) error {
	if !slices.Contains(allowed, given) {
		return usage("-o %s: write %s or %s", given, allowed[0], allowed[1])
	}
	return nil
}

// writeJSON writes a value for programs to read.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// count says how many there are of what.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func newVet(env *Environment) *cobra.Command {
	var manifests manifestFlags
	var format string
	cmd := &cobra.Command{
		Use:   "vet -f PATH... [flags]",
		Short: "Say what is wrong with manifests, where, and how to mend it",
		Long: `Checks manifests as an API server and the operator would: schemas and their
rules, references, cycles, what this version cannot run, the attributes, and
the rules' types, inputs and cost. One problem a line:

  file:line:column: object: field: what is wrong (how to mend it)

Warnings alone give exit code 0. The tests within rule sets are run by
'juncture test'.`,
		Example: "  juncture vet -f network/\n  juncture vet -f process.yaml -f rules.yaml -o json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := checkFormat(format, formatTable, formatJSON); err != nil {
				return err
			}
			network, err := manifests.read(env)
			if err != nil {
				return err
			}
			network.lookAround(manifests.namespace)
			return network.report(env, format)
		},
	}
	manifests.register(cmd)
	cmd.Flags().StringVarP(&format, "output", "o", formatTable, "table or json")
	return cmd
}

// lookAround warns of what is sound by itself and yet without effect.
func (n *network) lookAround(namespace string) {
	used := map[string]bool{}
	for _, p := range manifest.Of[*v1alpha1.PersonalizationProcess](n.set) {
		used[p.Namespace+"/"+string(p.Spec.Rules.RuleSet)] = true
	}
	for _, r := range manifest.Of[*v1alpha1.RuleSet](n.set) {
		if (namespace == "" || r.Namespace == namespace) && !used[r.Namespace+"/"+r.Name] {
			n.problem(translate.KindRuleSet, r.Namespace, r.Name, "", manifest.Problem{
				Warning: true, Message: "no process in these manifests uses it, so its rules were not compiled", Mend: "give the process's manifest, too",
			})
		}
	}
	for i := range n.processes {
		n.selects(&n.processes[i])
		n.rowByRow(&n.processes[i])
	}
	manifest.Sort(n.problems)
}

// rowByRow warns of rules that make a large run slow.
func (n *network) rowByRow(p *process) {
	n.problems = append(n.problems, n.set.Diagnose(p.Namespace, p.written.Rules().RowByRow())...)
}

// selects warns of a process that selects none of its namespace's districts.
func (n *network) selects(p *process) {
	declared := slices.ContainsFunc(n.districts, func(d v1alpha1.District) bool { return d.Namespace == p.Namespace })
	picked, err := translate.Select(p.PersonalizationProcess, n.districts)
	switch {
	case err != nil:
		n.problem(translate.KindProcess, p.Namespace, p.Name, "spec.districts.selector", manifest.Problem{Message: err.Error(), Mend: "write a label selector"})
	case declared && len(picked) == 0:
		n.problem(translate.KindProcess, p.Namespace, p.Name, "spec.districts.selector", manifest.Problem{
			Warning: true, Message: "selects none of the districts in these manifests", Mend: "compare it with their labels",
		})
	}
}

// problemJSON is a problem for programs to read.
type problemJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Object  string `json:"object,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
	Warning bool   `json:"warning"`
}

func (n *network) report(env *Environment, format string) error {
	if format == formatJSON {
		list := []problemJSON{}
		for _, p := range n.problems {
			list = append(list, problemJSON(p))
		}
		if err := writeJSON(env.Out, list); err != nil {
			return err
		}
	} else {
		for _, p := range n.problems {
			fmt.Fprintln(env.Out, p)
		}
	}
	faults := n.faults()
	fmt.Fprintf(env.Err, "%s: %s, %s\n", count(len(n.set.Objects()), "object"), count(faults, "error"), count(len(n.problems)-faults, "warning"))
	if faults > 0 {
		return errReported
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/translate"
)

// manifestFlags say which manifests a verb reads.
type manifestFlags struct {
	paths     []string
	namespace string
}

func (f *manifestFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.paths, "filename", "f", nil, "manifest: a file, a folder, a pattern, or - for standard input; may be repeated")
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "only what is in this namespace (default: all)")
}

// read reads and compiles the manifests.
func (f *manifestFlags) read(env *Environment) (*network, error) {
	if len(f.paths) == 0 {
		return nil, usage("name the manifests with -f PATH")
	}
	set, problems, err := manifest.Read(f.paths, env.In)
	if err != nil {
		return nil, err
	}
	n := &network{set: set, problems: problems}
	for _, d := range manifest.Of[*v1alpha1.District](set) {
		if f.namespace == "" || d.Namespace == f.namespace {
			n.district(d)
		}
	}
	n.cycles(f.namespace)
	for _, p := range manifest.Of[*v1alpha1.PersonalizationProcess](set) {
		if f.namespace == "" || p.Namespace == f.namespace {
			n.process(p)
		}
	}
	manifest.Sort(n.problems)
	n.problems = slices.Compact(n.problems)
	return n, nil
}

// network is what manifests declare, compiled.
type network struct {
	set       *manifest.Set
	problems  []manifest.Problem
	processes []process           // those that are sound, by namespace and name
	districts []v1alpha1.District // those that are sound, by namespace and name
	inCycle   map[string]bool     // namespace/name of processes that are part of a cycle
}

// process is a sound process.
type process struct {
	*v1alpha1.PersonalizationProcess
	// program decides. It is made of the canonical form, as an evaluator's is.
	program *engine.Program
	// written is made of the manifests as they are: it has their tests, which
	// the canonical form leaves out.
	written *engine.Program
}

func (p *process) String() string { return p.Namespace + "/" + p.Name }

// faults is the number of problems that are no warnings.
func (n *network) faults() int {
	count := 0
	for _, p := range n.problems {
		if !p.Warning {
			count++
		}
	}
	return count
}

// problem adds a problem at a field of an object.
func (n *network) problem(kind, namespace, name, path string, p manifest.Problem) {
	p.Object, p.Path = kind+" "+namespace+"/"+name, path
	if o := n.set.Find(kind, namespace, name); o != nil {
		at := o.Position(path)
		p.File, p.Line, p.Column = at.File, at.Line, at.Column
	}
	n.problems = append(n.problems, p)
}

func (n *network) district(d *v1alpha1.District) {
	if _, err := time.LoadLocation(string(d.Spec.TimeZone)); err != nil {
		n.problem("District", d.Namespace, d.Name, "spec.timeZone", manifest.Problem{
			Message: fmt.Sprintf("there is no time zone %q", d.Spec.TimeZone), Mend: "name one of the IANA database, such as America/New_York",
		})
		return
	}
	n.districts = append(n.districts, *d)
}

// cycles refuses processes that are nested in one another in a circle.
func (n *network) cycles(namespace string) {
	n.inCycle = map[string]bool{}
	byNamespace := map[string][]v1alpha1.PersonalizationProcess{}
	var namespaces []string
	for _, p := range manifest.Of[*v1alpha1.PersonalizationProcess](n.set) {
		if namespace != "" && p.Namespace != namespace {
			continue
		}
		if byNamespace[p.Namespace] == nil {
			namespaces = append(namespaces, p.Namespace)
		}
		byNamespace[p.Namespace] = append(byNamespace[p.Namespace], *p)
	}
	for _, namespace := range namespaces {
		for _, cycle := range translate.Cycles(byNamespace[namespace]) {
			n.problems = append(n.problems, n.set.DiagnoseFaults(namespace, []bundle.Fault{cycle.Fault()})...)
			for _, name := range cycle.Processes {
				n.inCycle[namespace+"/"+name] = true
			}
		}
	}
}

// process closes and compiles a process, or says what stands against it.
func (n *network) process(p *v1alpha1.PersonalizationProcess) {
	closed, err := translate.Close(p, n.set.Lookup(p.Namespace))
	if err != nil {
		n.notClosed(p, err)
		return
	}
	written, err := engine.Compile(closed)
	var found rule.Diagnostics
	switch {
	case errors.As(err, &found):
		n.problems = append(n.problems, n.set.Diagnose(p.Namespace, found)...)
		return
	case err != nil:
		n.problem(translate.KindProcess, p.Namespace, p.Name, "", manifest.Problem{Message: err.Error()})
		return
	}
	n.problems = append(n.problems, n.set.Diagnose(p.Namespace, written.Rules().Warnings())...)
	if n.inCycle[p.Namespace+"/"+p.Name] {
		return
	}
	program, err := canonical(closed)
	if err != nil {
		n.problem(translate.KindProcess, p.Namespace, p.Name, "", manifest.Problem{Message: err.Error()})
		return
	}
	n.processes = append(n.processes, process{p, program, written})
}

// canonical compiles the canonical form of a bundle.
func canonical(b *bundle.Bundle) (*engine.Program, error) {
	form, err := b.Canonical()
	if err != nil {
		return nil, err
	}
	parsed, err := bundle.Parse(form)
	if err != nil {
		return nil, err
	}
	return engine.Compile(parsed)
}

func (n *network) notClosed(p *v1alpha1.PersonalizationProcess, err error) {
	n.problems = append(n.problems, n.set.DiagnoseFaults(p.Namespace, translate.Faults(err))...)
	var faulty *manifest.FaultyError
	if errors.As(err, &faulty) {
		n.problem(translate.KindProcess, p.Namespace, p.Name, "", manifest.Problem{
			Message: "refers to a resource that has problems: " + faulty.Object.String(), Mend: "mend that one first",
		})
		return
	}
	if translate.Reason(err) == "" {
		n.problem(translate.KindProcess, p.Namespace, p.Name, "", manifest.Problem{Message: err.Error()})
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Lookup finds the objects of one namespace that a process refers to. An object
// that does not exist is nil without an error; an error means that nobody knows
// whether it exists, and Close passes it on as it is.
type Lookup interface {
	InformationModel(name string) (*v1alpha1.InformationModel, error)
	RuleSet(name string) (*v1alpha1.RuleSet, error)
	Agent(name string) (*v1alpha1.Agent, error)
	PriorityPolicy(name string) (*v1alpha1.PriorityPolicy, error)
}

// Kinds that a process refers to.
const (
	KindProcess          = "PersonalizationProcess"
	KindInformationModel = "InformationModel"
	KindRuleSet          = "RuleSet"
	KindAgent            = "Agent"
	KindPriorityPolicy   = "PriorityPolicy"
)

// Reference is one object that a process refers to.
type Reference struct {
	Kind string
	Name string
	From string // the field of the process that refers to it: spec.rules.ruleSet
}

// References lists the objects that a process's revision is closed over, by
// kind and name, each once with the first field that refers to it. They may or
// may not exist.
func References(process *v1alpha1.PersonalizationProcess) []Reference {
	spec := &process.Spec
	all := []Reference{
		{KindInformationModel, string(spec.Information.Model), "spec.information.model"},
		{KindRuleSet, string(spec.Rules.RuleSet), "spec.rules.ruleSet"},
	}
	if spec.Priority != nil {
		all = append(all, Reference{KindPriorityPolicy, string(spec.Priority.Policy), "spec.priority.policy"})
	}
	for i, agent := range spec.Agents {
		at := fmt.Sprintf("spec.agents[%d]", i)
		if agent.Agent != v1alpha1.RulesAgent {
			all = append(all, Reference{KindAgent, string(agent.Agent), at + ".agent"})
		}
		if agent.EscalateTo != "" {
			all = append(all, Reference{KindAgent, string(agent.EscalateTo), at + ".escalateTo"})
		}
	}
	slices.SortStableFunc(all, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(all, func(a, b Reference) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

// resolved are the objects that a process refers to.
type resolved struct {
	model  *v1alpha1.InformationModel
	rules  *v1alpha1.RuleSet
	policy *v1alpha1.PriorityPolicy // nil where the process names none
	agents []*v1alpha1.Agent        // by name
}

// resolve finds them all; missing ones are one ReferenceError each.
func resolve(process *v1alpha1.PersonalizationProcess, lookup Lookup) (*resolved, []error) {
	found := &resolved{}
	var missing []error
	for _, ref := range References(process) {
		exists, err := found.add(ref, lookup)
		if err != nil {
			return nil, []error{fmt.Errorf("looking up %s %q: %w", ref.Kind, ref.Name, err)}
		}
		if !exists {
			missing = append(missing, &ReferenceError{Process: process.Name, Kind: ref.Kind, Name: ref.Name, From: ref.From})
		}
	}
	return found, missing
}

func (r *resolved) add(ref Reference, lookup Lookup) (exists bool, err error) {
	switch ref.Kind {
	case KindInformationModel:
		r.model, err = lookup.InformationModel(ref.Name)
		return r.model != nil, err
	case KindRuleSet:
		r.rules, err = lookup.RuleSet(ref.Name)
		return r.rules != nil, err
	case KindPriorityPolicy:
		r.policy, err = lookup.PriorityPolicy(ref.Name)
		return r.policy != nil, err
	default:
		agent, err := lookup.Agent(ref.Name)
		if agent != nil {
			r.agents = append(r.agents, agent)
		}
		return agent != nil, err
	}
}

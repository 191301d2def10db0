// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"fmt"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// unsupported lists what this version of the engine cannot evaluate. A process
// that runs is refused for any of it: leaving out a limit that somebody declared
// would decide otherwise than they said. A process in mode Catalogue does not
// run, so it may declare anything.
func unsupported(process *v1alpha1.PersonalizationProcess, refs *resolved) []bundle.Fault {
	if process.Spec.Mode == v1alpha1.ModeCatalogue {
		return nil
	}
	list := &faultList{code: CodeUnsupported}
	list.process(process)
	for _, agent := range refs.agents {
		list.agent(agent)
	}
	if refs.policy != nil {
		list.policy(refs.policy)
	}
	return list.faults
}

// faultList collects faults of one code.
type faultList struct {
	code   string
	faults []bundle.Fault
}

func (l *faultList) add(object, name, path, message, mend string) {
	l.faults = append(l.faults, bundle.Fault{Object: object, Name: name, Path: path, Code: l.code, Message: message, Mend: mend})
}

// orCatalogue is the other way out of everything that is not supported.
const orCatalogue = ", or set the process's mode: Catalogue"

func (l *faultList) process(process *v1alpha1.PersonalizationProcess) {
	spec := &process.Spec
	refuse := func(unless bool, path, what, mend string) {
		if !unless {
			l.add(KindProcess, process.Name, path, what, mend+orCatalogue)
		}
	}
	refuse(spec.Within == nil, "spec.within", "nesting in another process is not evaluated yet", "remove within")
	for i, trigger := range spec.Triggers {
		at := fmt.Sprintf("spec.triggers[%d]", i)
		refuse(trigger.Event == nil, at+".event", "events do not start decisions yet", "use a schedule, information or request trigger")
		refuse(trigger.Decision == nil, at+".decision", "other processes' decisions do not start decisions yet", "use a schedule, information or request trigger")
	}
	if guardrails := spec.Guardrails; guardrails != nil {
		refuse(!guardrails.AdditiveOnly, "spec.guardrails.additiveOnly", "additiveOnly is not checked yet", "remove it")
		refuse(guardrails.Appeal == nil, "spec.guardrails.appeal", "appeals are not taken yet", "remove it")
		refuse(len(guardrails.Fairness) == 0, "spec.guardrails.fairness", "fairness bounds are not computed yet", "remove them")
	}
	if rollout := spec.Rollout; rollout != nil {
		refuse(len(rollout.Waves) == 0, "spec.rollout.waves", "a revision reaches all districts at once, not in waves yet", "remove the waves")
		refuse(len(rollout.Gates) == 0, "spec.rollout.gates", "gates are not computed yet", "remove the gates")
	}
}

func (l *faultList) agent(agent *v1alpha1.Agent) {
	what := map[v1alpha1.AgentKind]string{
		v1alpha1.AgentAlgorithm: "algorithms do not decide yet",
		v1alpha1.AgentCommittee: "committees with a quorum do not decide yet",
		v1alpha1.AgentRemote:    "remote models do not decide yet",
	}[agent.Spec.Kind]
	if what != "" {
		l.add(KindAgent, agent.Name, "spec.kind", what, "use an agent of kind Person or Rules"+orCatalogue)
	}
}

func (l *faultList) policy(policy *v1alpha1.PriorityPolicy) {
	refuse := func(unless bool, path, what, mend string) {
		if !unless {
			l.add(KindPriorityPolicy, policy.Name, path, what, mend+orCatalogue)
		}
	}
	spec := &policy.Spec
	for i, key := range spec.Order {
		refuse(key.Lottery == nil || key.Lottery.Seed != v1alpha1.LotteryCommitReveal, fmt.Sprintf("spec.order[%d].lottery.seed", i),
			"seeds are not committed and revealed yet", "publish a seed in hexadecimal, or leave it out for the seed of the run")
	}
	refuse(len(spec.Reserves) == 0, "spec.reserves", "reserves are not allocated yet", "remove them")
	refuse(len(spec.Budgets) == 0, "spec.budgets", "budgets across processes are not counted yet", "remove them")
	refuse(len(spec.Junctures) == 0, "spec.junctures", "processes are not ranked against each other yet", "remove them")
}

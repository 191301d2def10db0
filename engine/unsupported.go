// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
)

// CodeUnsupported is the code of a diagnostic about what the vocabulary allows
// and this engine cannot run. Such a bundle is refused: a step that is silently
// left out would be a decision that nobody made.
const CodeUnsupported = "Unsupported"

// maxDuration keeps deadlines and validity within what time.Duration holds.
const maxDuration bundle.Seconds = 100 * 365 * 86400

// humanConfirmationRequired is the value of the guardrail that wants a person.
const humanConfirmationRequired = "Required"

// unsupported is what stands against running a bundle beside its rules. The
// policy is looked at only if the rest is sound, as its faults would otherwise
// be said twice.
func unsupported(b *bundle.Bundle, sound bool) rule.Diagnostics {
	c := &checker{b: b, kinds: map[string]string{bundle.BuiltinRulesAgent: bundle.AgentRules}}
	for _, a := range b.Agents {
		c.kinds[a.Name] = a.Kind
	}
	for i, s := range b.Process.Steps {
		c.step(fmt.Sprintf("spec.agents[%d]", i), s)
	}
	c.humanConfirmation()
	if b.Process.ValidFor > maxDuration {
		c.process("spec.result.validFor", bundle.CodeTooLong, "give at most 100 years, or leave it out", "the validity is longer than 100 years")
	}
	if sound && b.Priority != nil {
		c.policy(b.Priority)
	}
	return c.found
}

type checker struct {
	b     *bundle.Bundle
	kinds map[string]string // of agents by name
	found rule.Diagnostics
}

func (c *checker) process(path, code, mend, message string) {
	c.found = append(c.found, rule.Diagnostic{
		Object: bundle.ObjectProcess, Name: c.b.Process.Name, Path: path, Code: code, Message: message, Mend: mend,
	})
}

func (c *checker) byPerson(s bundle.Step) bool {
	kind := c.kinds[s.Agent]
	return kind == bundle.AgentPerson || kind == bundle.AgentCommittee
}

func (c *checker) step(path string, s bundle.Step) {
	switch {
	case c.kinds[s.Agent] == bundle.AgentAlgorithm:
		c.process(path+".agent", CodeUnsupported, "let the process's rules or a person take the step", "algorithm agents cannot be run yet")
	case s.Role == bundle.RolePropose && c.byPerson(s):
		c.process(path+".role", CodeUnsupported, "let the process's rules propose", "a proposal by a person or a committee cannot be run yet")
	case s.Role != bundle.RolePropose && c.kinds[s.Agent] == bundle.AgentRules:
		c.process(path+".agent", bundle.CodeContradictory, "name a person or a committee, or remove the step", "the rules cannot confirm or accept what they propose")
	}
	switch {
	case s.Within > maxDuration:
		c.process(path+".within", bundle.CodeTooLong, "give at most 100 years, or leave it out", "the time allowed is longer than 100 years")
	case s.Otherwise != "" && s.Within == 0:
		c.process(path+".otherwise", bundle.CodeContradictory, "say within which time, or remove otherwise", "otherwise never happens: no time is set")
	case s.Otherwise == "Escalate" && s.EscalateTo == "":
		c.process(path+".escalateTo", bundle.CodeRequired, "name whom to escalate to", "it is not said to whom the step is escalated")
	}
}

func (c *checker) humanConfirmation() {
	if c.b.Process.Guardrails.HumanConfirmation != humanConfirmationRequired {
		return
	}
	confirmed := false
	for i, s := range c.b.Process.Steps {
		if s.Role != bundle.RoleConfirm || !c.byPerson(s) {
			continue
		}
		confirmed = true
		if s.Otherwise == "Proceed" {
			c.process(fmt.Sprintf("spec.agents[%d].otherwise", i), bundle.CodeContradictory, "escalate or lapse instead, or lower the guardrail",
				"the guardrail humanConfirmation requires a person, and the step proceeds without one")
		}
	}
	if !confirmed {
		c.process("spec.guardrails.humanConfirmation", bundle.CodeContradictory, "add a Confirm step by a person or a committee to spec.agents",
			"the guardrail requires that a person confirms, and no person does")
	}
}

func (c *checker) policy(p *bundle.Priority) {
	err := allocate.Validate(p)
	if err == nil {
		return
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	for _, fault := range faults {
		var f *allocate.PolicyError
		if errors.As(fault, &f) {
			c.found = append(c.found, rule.Diagnostic{
				Object: bundle.ObjectPriority, Name: p.Name, Path: "spec." + f.Field,
				Code: bundle.CodeContradictory, Message: f.Field + " " + f.Fault, Mend: f.Mend,
			})
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
)

// Close puts a process and all it refers to into one bundle, whose structure is
// sound: bundle.Validate finds nothing. Whether the rules compile is for package
// rule to say.
//
// The error holds everything that is wrong at once (see Faults and Reason):
// *ReferenceError for each object that does not exist, *UnsupportedError,
// *InformationError, *InvalidError. Any other error is the lookup's own and
// says nothing about the process.
//
// In mode Catalogue, what this version cannot evaluate is left out of the
// bundle, which is then for reading, testing and comparing only.
func Close(process *v1alpha1.PersonalizationProcess, lookup Lookup) (*bundle.Bundle, error) {
	refs, errs := resolve(process, lookup)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if faults := unsupported(process, refs); len(faults) > 0 {
		errs = append(errs, &UnsupportedError{Faults: faults})
	}

	c := &closing{faultList: faultList{code: bundle.CodeInvalid}}
	b := &bundle.Bundle{
		Format:  bundle.FormatV1,
		Process: c.process(process),
		Rules:   c.rules(refs.rules),
		Agents:  c.agents(refs.agents),
	}
	if refs.policy != nil {
		b.Priority = c.priority(refs.policy)
	}
	information, faults := c.information(process, refs.model)
	if len(faults) > 0 {
		errs = append(errs, &InformationError{Faults: faults})
	}
	b.Information = information

	c.roles(process, refs.agents)
	if len(c.faults) == 0 && len(errs) == 0 {
		c.faults = b.Validate()
	}
	errs = append(errs, divide(c.faults)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return b, nil
}

// divide tells faults of information from all others.
func divide(faults []bundle.Fault) []error {
	var information, others []bundle.Fault
	for _, f := range faults {
		if f.Code == bundle.CodeProhibited || f.Code == bundle.CodeWrongPurpose {
			information = append(information, f)
		} else {
			others = append(others, f)
		}
	}
	var errs []error
	if len(information) > 0 {
		errs = append(errs, &InformationError{Faults: information})
	}
	if len(others) > 0 {
		errs = append(errs, &InvalidError{Faults: others})
	}
	return errs
}

// closing translates piece by piece and collects values that have no closed
// form. The schema refuses those too, but nothing here relies on it.
type closing struct {
	faultList
}

func (c *closing) process(process *v1alpha1.PersonalizationProcess) bundle.Process {
	spec := &process.Spec
	p := bundle.Process{
		Name:        process.Name,
		Mode:        bundle.Mode(spec.Mode),
		Purpose:     string(spec.Purpose),
		Juncture:    string(spec.Juncture),
		Granularity: string(spec.Granularity),
		Triggers:    triggers(spec.Triggers),
		Steps:       c.steps(process),
		Result:      c.result(process),
		ValidFor:    c.seconds(process.Name, "spec.result.validFor", spec.Result.ValidFor),
	}
	if g := spec.Guardrails; g != nil {
		p.Guardrails = bundle.Guardrails{ProhibitedInputs: texts(g.ProhibitedInputs), HumanConfirmation: g.HumanConfirmation}
		slices.Sort(p.Guardrails.ProhibitedInputs)
	}
	return p
}

func triggers(declared []v1alpha1.Trigger) []bundle.Trigger {
	var closed []bundle.Trigger
	for _, t := range declared {
		switch {
		case t.Schedule != nil:
			closed = append(closed, bundle.Trigger{Schedule: &bundle.ScheduleTrigger{Cron: t.Schedule.Cron, TimeZone: string(t.Schedule.TimeZone)}})
		case t.Information != nil:
			closed = append(closed, bundle.Trigger{Information: &bundle.InformationTrigger{Attributes: texts(t.Information.Attributes)}})
		case t.Request != nil:
			closed = append(closed, bundle.Trigger{Request: &bundle.RequestTrigger{}})
		}
	}
	return closed
}

// steps are the agents' parts. Rules that propose without being named are
// written out, so that saying it and not saying it give the same revision.
func (c *closing) steps(process *v1alpha1.PersonalizationProcess) []bundle.Step {
	var steps []bundle.Step
	agents := process.Spec.Agents
	if !slices.ContainsFunc(agents, func(a v1alpha1.ProcessAgent) bool { return a.Role == v1alpha1.RolePropose }) {
		steps = append(steps, bundle.Step{Role: bundle.RolePropose, Agent: bundle.BuiltinRulesAgent})
	}
	for i, a := range agents {
		steps = append(steps, bundle.Step{
			Role:       bundle.Role(a.Role),
			Agent:      string(a.Agent),
			Within:     c.seconds(process.Name, fmt.Sprintf("spec.agents[%d].within", i), a.Within),
			Otherwise:  a.Otherwise,
			EscalateTo: string(a.EscalateTo),
			AppliesTo:  a.AppliesTo,
		})
	}
	return steps
}

// roles refuses agents in roles that their kind cannot have.
func (c *closing) roles(process *v1alpha1.PersonalizationProcess, agents []*v1alpha1.Agent) {
	if process.Spec.Mode == v1alpha1.ModeCatalogue {
		return
	}
	kinds := map[v1alpha1.ObjectName]v1alpha1.AgentKind{}
	for _, a := range agents {
		kinds[v1alpha1.ObjectName(a.Name)] = a.Spec.Kind
	}
	kinds[v1alpha1.RulesAgent] = v1alpha1.AgentRules
	confirms := false
	for i, a := range process.Spec.Agents {
		at := fmt.Sprintf("spec.agents[%d]", i)
		kind := kinds[a.Agent]
		person := kind == v1alpha1.AgentPerson || kind == v1alpha1.AgentCommittee
		confirms = confirms || a.Role == v1alpha1.RoleConfirm && person
		switch {
		case a.Role == v1alpha1.RolePropose && kind == v1alpha1.AgentPerson:
			c.add(KindProcess, process.Name, at+".agent", fmt.Sprintf("agent %q is a person, and only rules propose yet", a.Agent), "let the rules propose and the person confirm")
		case a.Role != v1alpha1.RolePropose && kind == v1alpha1.AgentRules:
			c.add(KindProcess, process.Name, at+".agent", fmt.Sprintf("agent %q stands for the rules, which cannot %s their own proposal", a.Agent, strings.ToLower(string(a.Role))), "name an agent of kind Person")
		}
		if a.EscalateTo != "" && kinds[a.EscalateTo] == v1alpha1.AgentRules {
			c.add(KindProcess, process.Name, at+".escalateTo", fmt.Sprintf("agent %q stands for the rules, and a task is for a person", a.EscalateTo), "name an agent of kind Person")
		}
	}
	if g := process.Spec.Guardrails; g != nil && g.HumanConfirmation == "Required" && !confirms {
		c.add(KindProcess, process.Name, "spec.guardrails.humanConfirmation", "no person confirms", "add an agent of kind Person with role: Confirm")
	}
}

func (c *closing) result(process *v1alpha1.PersonalizationProcess) []bundle.Field {
	fields := make([]bundle.Field, 0, len(process.Spec.Result.Fields))
	for i, f := range process.Spec.Result.Fields {
		at := fmt.Sprintf("spec.result.fields[%d]", i)
		fields = append(fields, bundle.Field{
			Name:    string(f.Name),
			Type:    bundle.Type(f.Type),
			Values:  f.Values,
			Minimum: c.number(KindProcess, process.Name, at+".minimum", f.Minimum),
			Maximum: c.number(KindProcess, process.Name, at+".maximum", f.Maximum),
		})
	}
	return fields
}

// information takes the declared attributes from the model, and nothing else.
func (c *closing) information(process *v1alpha1.PersonalizationProcess, model *v1alpha1.InformationModel) (bundle.Model, []bundle.Fault) {
	var faults []bundle.Fault
	refuse := func(name v1alpha1.AttributeName, code, message, mend string) {
		faults = append(faults, bundle.Fault{
			Object: KindProcess, Name: process.Name, Path: fmt.Sprintf("spec.information.attributes[%s]", name), Code: code, Message: message, Mend: mend,
		})
	}
	closed := bundle.Model{Name: model.Name}
	for _, name := range process.Spec.Information.Attributes {
		i := slices.IndexFunc(model.Spec.Attributes, func(a v1alpha1.Attribute) bool { return a.Name == name })
		if i < 0 {
			refuse(name, bundle.CodeUnknown, fmt.Sprintf("the InformationModel %q has no attribute %q", model.Name, name), "add it there, or remove it here")
			continue
		}
		attribute := &model.Spec.Attributes[i]
		if attribute.Use == string(bundle.UseAuditOnly) {
			refuse(name, CodeAuditOnly, fmt.Sprintf("attribute %q is for audit only (use: AuditOnly): no rule may read it", name), "remove it")
			continue
		}
		if p := attribute.Purposes; len(p) > 0 && !slices.Contains(p, process.Spec.Purpose) {
			refuse(name, bundle.CodeWrongPurpose, fmt.Sprintf("attribute %q may be used for %q only, and this process's purpose is %s", name, p, process.Spec.Purpose),
				"remove it, or have its owner allow the purpose in the InformationModel")
			continue
		}
		drawn := c.attribute(model.Name, attribute)
		if err := oneroster.Check(drawn); err != nil {
			c.add(KindInformationModel, model.Name, fmt.Sprintf("spec.attributes[%s]", name), err.Error(), "OneRoster cannot give the attribute as it is declared")
		}
		closed.Attributes = append(closed.Attributes, drawn)
	}
	slices.SortFunc(closed.Attributes, func(a, b bundle.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return closed, faults
}

func (c *closing) attribute(model string, a *v1alpha1.Attribute) bundle.Attribute {
	at := fmt.Sprintf("spec.attributes[%s]", a.Name)
	closed := bundle.Attribute{
		Name:        string(a.Name),
		Type:        bundle.Type(a.Type),
		Missing:     bundle.Missing(a.Missing),
		MaxItems:    int(a.MaxItems),
		MaxLength:   int(a.MaxLength),
		Minimum:     c.number(KindInformationModel, model, at+".minimum", a.Minimum),
		Maximum:     c.number(KindInformationModel, model, at+".maximum", a.Maximum),
		Sensitivity: a.Sensitivity,
		Use:         bundle.Use(a.Use),
		Purposes:    texts(a.Purposes),
	}
	slices.Sort(closed.Purposes)
	if a.Default != nil {
		closed.Default = json.RawMessage(a.Default.Raw)
	}
	if r := a.From.OneRoster; r != nil {
		closed.From.OneRoster = &bundle.OneRoster{
			File: r.File, Field: r.Field, OrderBy: r.OrderBy, Aggregate: bundle.Aggregate(r.Aggregate), First: int(r.First), Last: int(r.Last),
		}
		if w := r.Where; w != nil {
			closed.From.OneRoster.Where = bundle.Where{
				Category: string(w.Category), Course: string(w.Course), Class: string(w.Class),
				From: string(w.From), Until: string(w.Until), WithinDays: int(w.WithinDays),
			}
		}
	}
	return closed
}

func (c *closing) rules(set *v1alpha1.RuleSet) bundle.RuleSet {
	closed := bundle.RuleSet{Name: set.Name, HitPolicy: bundle.HitPolicy(set.Spec.HitPolicy), Collect: set.Spec.Collect}
	for _, v := range set.Spec.Variables {
		closed.Variables = append(closed.Variables, bundle.Variable{Name: string(v.Name), Expression: string(v.Expression)})
	}
	for _, r := range set.Spec.Rules {
		closed.Rules = append(closed.Rules, bundle.Rule{
			ID: r.ID, When: string(r.When), Then: textMap(r.Then), Priority: string(r.Priority), Reason: reason(r.Reason), Authority: r.Authority,
		})
	}
	if o := set.Spec.Otherwise; o != nil {
		closed.Otherwise = &bundle.Otherwise{Then: textMap(o.Then), Priority: string(o.Priority), Reason: reason(o.Reason)}
	}
	for i, t := range set.Spec.Tests {
		closed.Tests = append(closed.Tests, bundle.Test{
			Name: t.Name, At: string(t.At), Student: rawMap(t.Student),
			Expect: c.expect(set.Name, fmt.Sprintf("spec.tests[%d].expect", i), t.Expect),
		})
	}
	return closed
}

func reason(r v1alpha1.Reason) bundle.Reason {
	return bundle.Reason{Code: r.Code, Text: textMap(r.Text)}
}

// expect divides what people write flat: rule, state and reason are the
// decision's own, every other name is a field of the result.
func (c *closing) expect(set, at string, flat map[string]v1alpha1.Value) bundle.Expect {
	closed := bundle.Expect{Result: rawMap(flat)}
	for _, own := range []struct {
		name string
		into *string
	}{{"rule", &closed.Rule}, {"state", &closed.State}, {"reason", &closed.Reason}} {
		value, given := flat[own.name]
		if !given {
			continue
		}
		delete(closed.Result, own.name)
		if err := json.Unmarshal(value.Raw, own.into); err != nil || *own.into == "" {
			c.add(KindRuleSet, set, at+"."+own.name, "want a string", "write it in quotes")
		}
	}
	if len(closed.Result) == 0 {
		closed.Result = nil
	}
	return closed
}

func (c *closing) agents(declared []*v1alpha1.Agent) []bundle.Agent {
	var closed []bundle.Agent
	for _, a := range declared {
		agent := bundle.Agent{Name: a.Name, Kind: string(a.Spec.Kind)}
		switch {
		case a.Spec.Person != nil:
			agent.Role = string(a.Spec.Person.Role)
		case a.Spec.Algorithm != nil:
			agent.Version = a.Spec.Algorithm.Name + "/" + a.Spec.Algorithm.Version
		case a.Spec.Remote != nil: // an algorithm that runs elsewhere
			agent.Kind = bundle.AgentAlgorithm
			agent.Version = a.Spec.Remote.Model + "/" + a.Spec.Remote.Version
		}
		closed = append(closed, agent)
	}
	return closed
}

func (c *closing) priority(policy *v1alpha1.PriorityPolicy) *bundle.Priority {
	spec := &policy.Spec
	closed := &bundle.Priority{Name: policy.Name, KeepSeated: spec.Seated != "Release"}
	if spec.WaitingList != nil && spec.WaitingList.Maximum != nil {
		maximum := int(*spec.WaitingList.Maximum)
		closed.WaitingList = &maximum
	}
	if k := spec.Capacity; k != nil {
		closed.Capacity = &bundle.Capacity{
			Resource: string(k.Resource), Per: bundle.CapacityScope(k.Per), Consumes: string(k.Consumes),
			Default: c.amount(policy.Name, "spec.capacity.default", k.Default),
		}
		for i, o := range k.Overrides {
			closed.Capacity.Overrides = append(closed.Capacity.Overrides, bundle.CapacityOverride{
				District: string(o.District), School: string(o.School), Class: string(o.Class),
				Amount: c.amount(policy.Name, fmt.Sprintf("spec.capacity.overrides[%d].amount", i), o.Amount),
			})
		}
	}
	for _, key := range spec.Order {
		order := bundle.Order{Expression: string(key.Expression), Descending: key.Direction == "Descending"}
		if key.Lottery != nil {
			order.Lottery = &bundle.Lottery{}
			if key.Lottery.Seed != v1alpha1.LotteryCommitReveal {
				order.Lottery.Seed = key.Lottery.Seed
			}
		}
		closed.Order = append(closed.Order, order)
	}
	return closed
}

func (c *closing) amount(policy, at string, declared *v1alpha1.Amount) int64 {
	if declared == nil {
		c.add(KindPriorityPolicy, policy, at, "the amount is missing", "give it, 0 for none")
		return 0
	}
	return int64(*declared)
}

func (c *closing) number(object, name, at string, declared *v1alpha1.Decimal) *float64 {
	if declared == nil {
		return nil
	}
	number, err := strconv.ParseFloat(string(*declared), 64)
	if err != nil {
		c.add(object, name, at, fmt.Sprintf("%q is no decimal number", string(*declared)), `write it as 40 or "0.85"`)
		return nil
	}
	return &number
}

func (c *closing) seconds(process, at string, declared v1alpha1.Duration) bundle.Seconds {
	length, err := declared.Duration()
	if err != nil {
		c.add(KindProcess, process, at, err.Error(), "write it as 240h or 1h30m")
		return 0
	}
	return bundle.Seconds(length.Seconds())
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bundle is the closed form of one process revision: a personalization
// process together with everything that can change one of its decisions (the
// declared attributes, the rules, the agents, the priority policy).
//
// A bundle is what evaluators load and what a recorded decision names. It holds
// no reference to anything outside itself, so the same bundle decides the same
// way on every machine. Its canonical form is RFC 8785 JSON; its digest is the
// SHA-256 of that form.
package bundle

// FormatV1 names the layout of the types in this package. It is part of the
// canonical form: a change of layout is a change of digest.
const FormatV1 = "juncture.dev/bundle/v1"

// Bundle is one process revision, closed over all it refers to.
type Bundle struct {
	Format      string    `json:"format"`
	Process     Process   `json:"process"`
	Information Model     `json:"information"`
	Rules       RuleSet   `json:"rules"`
	Agents      []Agent   `json:"agents,omitempty"`
	Priority    *Priority `json:"priority,omitempty"`
}

// Mode says what a process's decisions may do.
type Mode string

const (
	// ModeCatalogue processes are read, simulated and compared, never run.
	ModeCatalogue Mode = "Catalogue"
	// ModeShadow processes decide and record, and nobody acts on the result.
	ModeShadow Mode = "Shadow"
	// ModeAdvisory processes propose to people and take no seats.
	ModeAdvisory Mode = "Advisory"
	// ModeLive processes decide.
	ModeLive Mode = "Live"
)

// Process is the part of a bundle that a PersonalizationProcess declares.
type Process struct {
	Name        string     `json:"name"`
	Mode        Mode       `json:"mode"`
	Purpose     string     `json:"purpose"`
	Juncture    string     `json:"juncture"`
	Granularity string     `json:"granularity,omitempty"`
	Triggers    []Trigger  `json:"triggers,omitempty"`
	Steps       []Step     `json:"steps,omitempty"`
	Result      []Field    `json:"result"`
	ValidFor    Seconds    `json:"validForSeconds,omitempty"`
	Guardrails  Guardrails `json:"guardrails,omitzero"`
}

// Seconds is a duration in whole seconds: unlike time.Duration's text form it
// has one canonical spelling.
type Seconds int64

// Trigger is one way a run of the process starts. Exactly one member is set.
type Trigger struct {
	Schedule    *ScheduleTrigger    `json:"schedule,omitempty"`
	Information *InformationTrigger `json:"information,omitempty"`
	Request     *RequestTrigger     `json:"request,omitempty"`
}

// ScheduleTrigger starts a run at each time that a five-field cron expression
// matches in a time zone of the IANA database.
type ScheduleTrigger struct {
	Cron     string `json:"cron"`
	TimeZone string `json:"timeZone"`
}

// InformationTrigger starts a run when the content of the information source
// changes. Attributes names those whose change matters; empty means all.
type InformationTrigger struct {
	Attributes []string `json:"attributes,omitempty"`
}

// RequestTrigger lets an authorized caller start a run.
type RequestTrigger struct{}

// Role is what an agent does in a process.
type Role string

const (
	RolePropose Role = "Propose"
	RoleConfirm Role = "Confirm"
	RoleAccept  Role = "Accept"
)

// Step is one agent's part in a decision, in order.
type Step struct {
	Role       Role    `json:"role"`
	Agent      string  `json:"agent"`
	Within     Seconds `json:"withinSeconds,omitempty"`
	Otherwise  string  `json:"otherwise,omitempty"` // Escalate, Lapse, Proceed; empty: the task stays open
	EscalateTo string  `json:"escalateTo,omitempty"`
	// AppliesTo is Selected (decisions that a rule selected and, where there is
	// a capacity, that hold a place) or All.
	AppliesTo string `json:"appliesTo,omitempty"`
}

const (
	AppliesToSelected = "Selected"
	AppliesToAll      = "All"
)

// Field is one field of a process's result.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Values, if any, are all a String field may hold, highest output priority
	// first (the DMN hit policy Priority orders hits by it).
	Values  []string `json:"values,omitempty"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
}

// Guardrails are the limits a process declares for itself.
type Guardrails struct {
	ProhibitedInputs  []string `json:"prohibitedInputs,omitempty"` // attribute names, sorted
	HumanConfirmation string   `json:"humanConfirmation,omitempty"`
}

// Agent decides a step: a kind of person, a committee, an algorithm.
type Agent struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`              // Rules, Algorithm, Person, Committee
	Version string `json:"version,omitempty"` // of an algorithm
	Role    string `json:"role,omitempty"`    // who may act, for a person: counsellor, family, …
}

const (
	AgentRules     = "Rules"
	AgentAlgorithm = "Algorithm"
	AgentPerson    = "Person"
	AgentCommittee = "Committee"
)

// BuiltinRulesAgent is the agent name that stands for the process's own rules
// without an Agent resource of its own.
const BuiltinRulesAgent = "rules"

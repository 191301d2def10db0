// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RuleSetSpec is a decision table.
//
// +kubebuilder:validation:XValidation:rule="!has(self.collect) || self.hitPolicy == 'Collect'",message="collect is for hitPolicy: Collect"
type RuleSetSpec struct {
	// hitPolicy says what becomes of several rules that match one student; the names and meanings are those of DMN. First: the
	// first in order. Unique: there may be one only. Any: their results must be equal. Priority: the one whose result stands
	// highest in the values of the result's fields. Collect: all, put together by collect. RuleOrder: all, in order, as lists.
	// +kubebuilder:validation:Enum=First;Unique;Any;Priority;Collect;RuleOrder
	// +required
	HitPolicy string `json:"hitPolicy"`

	// collect says how the hit policy Collect puts results together; List without it.
	// +kubebuilder:validation:Enum=List;Sum;Minimum;Maximum;Count
	// +optional
	Collect string `json:"collect,omitempty"`

	// variables name expressions; later variables and all rules may read them.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(v, self.exists_one(w, w.name == v.name))",message="two variables have the same name"
	// +listType=atomic
	// +optional
	Variables []RuleVariable `json:"variables,omitempty"`

	// rules of the table, in order.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:XValidation:rule="self.all(r, self.exists_one(s, s.id == r.id))",message="two rules have the same id"
	// +listType=atomic
	// +required
	Rules []Rule `json:"rules"`

	// otherwise is the result where no rule matches. Without it such a student's decision fails.
	// +optional
	Otherwise *Otherwise `json:"otherwise,omitempty"`

	// tests are examples that travel with the rules. juncture test runs them; they do not change the revision.
	// +kubebuilder:validation:MaxItems=256
	// +listType=atomic
	// +optional
	Tests []RuleTest `json:"tests,omitempty"`
}

// RuleVariable names an expression.
type RuleVariable struct {
	// name by which rules read it.
	// +required
	Name AttributeName `json:"name"`

	// expression is CEL over student, at (the instant of evaluation) and the variables before it.
	// +required
	Expression Expression `json:"expression"`
}

// Rule is one row of the table.
type Rule struct {
	// id by which decisions name the rule.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self != 'otherwise'",message="otherwise is the id recorded where no rule matches: choose another id"
	// +kubebuilder:title="up to 63 lower-case letters, digits and hyphens, as in far-behind"
	// +required
	ID string `json:"id"`

	// when is a CEL condition over student, at and the variables.
	// +required
	When Expression `json:"when"`

	// then sets each field of the process's result by a CEL expression; a constant string is written in quotes within the quotes.
	// With collect: Count it is left out, as the number of rules that match is the result.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	Then map[string]Expression `json:"then,omitempty"`

	// priority is a CEL number: the greater, the more the student needs the result. The PriorityPolicy reads it as decision.priority.
	// +optional
	Priority Expression `json:"priority,omitempty"`

	// reason why, for the people who get the decision.
	// +required
	Reason Reason `json:"reason"`

	// authority that the rule rests on: a board minute, a law, a contract.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Authority string `json:"authority,omitempty"`
}

// Otherwise is the result where no rule matches.
type Otherwise struct {
	// then sets each field of the process's result by a CEL expression.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +required
	Then map[string]Expression `json:"then"`

	// priority is a CEL number: the greater, the more the student needs the result.
	// +optional
	Priority Expression `json:"priority,omitempty"`

	// reason why, for the people who get the decision.
	// +required
	Reason Reason `json:"reason"`
}

// Reason says why, as a code and in plain language.
type Reason struct {
	// code in UPPER_SNAKE_CASE, stable over wording and languages.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Z0-9_]*$`
	// +kubebuilder:title="UPPER_SNAKE_CASE, as in FAR_BEHIND"
	// +required
	Code string `json:"code"`

	// text by language (BCP 47: en, es, pt-BR). {{expression}} in it is replaced by the value of the CEL expression.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +required
	Text map[string]ReasonText `json:"text"`
}

// ReasonText is a reason in one language.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1024
type ReasonText string

// RuleTest is one example.
type RuleTest struct {
	// name of the example.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Name string `json:"name"`

	// at is the instant of evaluation; needed only where rules read at.
	// +optional
	At Timestamp `json:"at,omitempty"`

	// student is an invented student: values by attribute. An attribute left out is missing.
	// +kubebuilder:validation:MaxProperties=128
	// +required
	Student map[string]Value `json:"student"`

	// expect is what must come out: rule (an id, or otherwise), state (Decided, Undetermined or Failed), reason (a code), and any
	// field of the result by its name. What is left out is not checked.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	// +required
	Expect map[string]Value `json:"expect"`
}

// Timestamp is an instant in the form of RFC 3339, with seconds and a zone: 2026-09-01T00:00:00Z.
//
// +kubebuilder:validation:Format=date-time
// +kubebuilder:validation:MaxLength=25
// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](Z|[+-][0-9]{2}:[0-9]{2})$`
// +kubebuilder:title="an instant with seconds and zone, as in 2026-09-01T00:00:00Z"
type Timestamp string

// RuleSet is a decision table of CEL rules with reasons, authority and tests.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=rules,categories=juncture
// +kubebuilder:printcolumn:name="Hit policy",type=string,JSONPath=`.spec.hitPolicy`
// +kubebuilder:printcolumn:name="Rules",type=string,priority=1,JSONPath=`.spec.rules[*].id`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type RuleSet struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec RuleSetSpec `json:"spec"`
}

// RuleSetList is a list of RuleSet objects.
//
// +kubebuilder:object:root=true
type RuleSetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []RuleSet `json:"items"`
}

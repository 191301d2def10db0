// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PriorityPolicySpec says who comes first where there is not enough for all.
type PriorityPolicySpec struct {
	// capacity is how much there is. Without it nobody competes.
	// +optional
	Capacity *Capacity `json:"capacity,omitempty"`

	// order in which students are served, first key first. After the last key, ties are broken by the lottery, never by a name or an id.
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Order []OrderKey `json:"order,omitempty"`

	// reserves keep a share of the capacity for some students.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Reserves []Reserve `json:"reserves,omitempty"`

	// waitingList for those who get no place. Without it everybody waits, without a limit.
	// +optional
	WaitingList *WaitingList `json:"waitingList,omitempty"`

	// seated says what a new run does to students who hold a place. Keep: it stays theirs before anybody else is considered. Release: they
	// compete again.
	// +kubebuilder:validation:Enum=Keep;Release
	// +kubebuilder:default=Keep
	// +optional
	Seated string `json:"seated,omitempty"`

	// budgets limit what one student can be given by all processes together.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=resource
	// +optional
	Budgets []Budget `json:"budgets,omitempty"`

	// junctures says which process gets a limited budget first.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=process
	// +optional
	Junctures []JunctureRank `json:"junctures,omitempty"`
}

// ResourceName is something that runs out: seats, minutes, dollars.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9-]*$`
// +kubebuilder:title="letters, digits and hyphens, as in seats"
type ResourceName string

// Amount is an amount of a resource in its own unit.
//
// +kubebuilder:validation:Minimum=0
// +kubebuilder:validation:Maximum=1000000000
type Amount int64

// Capacity is an amount of one resource per district, school or class.
type Capacity struct {
	// resource that is limited: seats, minutes, dollars.
	// +required
	Resource ResourceName `json:"resource"`

	// per says what the amount is counted per.
	// +kubebuilder:validation:Enum=District;School;Class
	// +required
	Per string `json:"per"`

	// default is the amount where no override applies; 0 for none.
	// +required
	Default *Amount `json:"default"`

	// consumes is a CEL integer over decision (rule, priority, result) and student: the units that a decision needs, 0 for none.
	// Without it: 1 for a decision made by a rule, 0 for otherwise.
	// +optional
	Consumes Expression `json:"consumes,omitempty"`

	// overrides replace the default; of several that apply, the one for a class goes before the one for a school, and that before the
	// one for a district.
	// +kubebuilder:validation:MaxItems=1024
	// +listType=atomic
	// +optional
	Overrides []CapacityOverride `json:"overrides,omitempty"`
}

// CapacityOverride is the amount for one district, school or class.
//
// +kubebuilder:validation:AtLeastOneOf=district;school;class
type CapacityOverride struct {
	// district is the name of a District.
	// +optional
	District ObjectName `json:"district,omitempty"`

	// school by its sourcedId in the roster.
	// +optional
	School SourcedID `json:"school,omitempty"`

	// class by its sourcedId in the roster.
	// +optional
	Class SourcedID `json:"class,omitempty"`

	// amount of the resource.
	// +required
	Amount *Amount `json:"amount"`
}

// SourcedID is an identifier that a roster gives to an organization, class or course: never to a student.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
type SourcedID string

// OrderKey is one key of the order.
//
// +kubebuilder:validation:ExactlyOneOf=expression;lottery
// +kubebuilder:validation:XValidation:rule="!has(self.direction) || has(self.expression)",message="direction is for an expression"
type OrderKey struct {
	// expression is a CEL number, string, boolean or date over decision and student.
	// +optional
	Expression Expression `json:"expression,omitempty"`

	// direction of the expression; Ascending without it.
	// +kubebuilder:validation:Enum=Ascending;Descending
	// +optional
	Direction string `json:"direction,omitempty"`

	// lottery draws a ticket for each student.
	// +optional
	Lottery *Lottery `json:"lottery,omitempty"`
}

// Lottery is a draw that anyone can recompute.
type Lottery struct {
	// seed in hexadecimal, published with the policy, or CommitReveal: committed before and revealed after applications close. Without
	// it: the seed of the run, which is recorded.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^(CommitReveal|([0-9a-f]{2}){8,64})$`
	// +kubebuilder:title="16 to 128 hexadecimal digits, or CommitReveal"
	// +optional
	Seed string `json:"seed,omitempty"`
}

// LotteryCommitReveal is the seed that is committed first and revealed later.
const LotteryCommitReveal = "CommitReveal"

// Reserve keeps a share of the capacity.
type Reserve struct {
	// name of the reserve.
	// +required
	Name ObjectName `json:"name"`

	// when is a CEL condition over student: who may take a place of the reserve.
	// +required
	When Expression `json:"when"`

	// share of the capacity.
	// +required
	Share Share `json:"share"`
}

// WaitingList limits who waits.
type WaitingList struct {
	// maximum number of students who wait per capacity group; 0 for no waiting list.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +required
	Maximum *int32 `json:"maximum"`
}

// Budget limits what one student can be given.
type Budget struct {
	// resource that is limited.
	// +required
	Resource ResourceName `json:"resource"`

	// limit per student.
	// +required
	Limit *Amount `json:"limit"`
}

// JunctureRank is the rank of one process.
type JunctureRank struct {
	// process that is ranked.
	// +required
	Process ObjectName `json:"process"`

	// rank, 1 first.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +required
	Rank int32 `json:"rank"`
}

// PriorityPolicy is who comes first where there is not enough for all: capacity, order, lottery, waiting list.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Resource",type=string,JSONPath=`.spec.capacity.resource`
// +kubebuilder:printcolumn:name="Per",type=string,JSONPath=`.spec.capacity.per`
// +kubebuilder:printcolumn:name="Default",type=integer,JSONPath=`.spec.capacity.default`
// +kubebuilder:printcolumn:name="Seated",type=string,JSONPath=`.spec.seated`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type PriorityPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec PriorityPolicySpec `json:"spec"`
}

// PriorityPolicyList is a list of PriorityPolicy objects.
//
// +kubebuilder:object:root=true
type PriorityPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []PriorityPolicy `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ComparisonSpec is a question: these designs on these districts' students, side by side.
type ComparisonSpec struct {
	// designs that are compared.
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +required
	Designs []Design `json:"designs"`

	// districts whose students are looked at. Without it: every district of the namespace.
	// +optional
	Districts *ProcessDistricts `json:"districts,omitempty"`

	// at is the instant of evaluation; the time of the run without it.
	// +optional
	At Timestamp `json:"at,omitempty"`

	// seed of every draw, in hexadecimal.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^([0-9a-f]{2}){8,64}$`
	// +kubebuilder:title="16 to 128 hexadecimal digits"
	// +optional
	Seed string `json:"seed,omitempty"`
}

// Design is one of the compared.
//
// +kubebuilder:validation:ExactlyOneOf=process;revision
type Design struct {
	// name in the comparison.
	// +required
	Name ObjectName `json:"name"`

	// process as it is declared now.
	// +optional
	Process ObjectName `json:"process,omitempty"`

	// revision that was closed before.
	// +optional
	Revision Digest `json:"revision,omitempty"`
}

// ComparisonStatus is the state of the answer.
type ComparisonStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Comparison is a question: these designs on these districts' students, side by side.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Designs",type=string,JSONPath=`.spec.designs[*].name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Comparison struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec ComparisonSpec `json:"spec"`

	// status is what was observed.
	// +optional
	Status ComparisonStatus `json:"status,omitzero"`
}

// ComparisonList is a list of Comparison objects.
//
// +kubebuilder:object:root=true
type ComparisonList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Comparison `json:"items"`
}

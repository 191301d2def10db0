// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ProcessRevisionSpec is the closure of a process and all it refers to.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a revision is immutable: a change of the process yields another revision"
type ProcessRevisionSpec struct {
	// process that this is a revision of.
	// +required
	Process ObjectName `json:"process"`

	// digest of bundle.
	// +required
	Digest Digest `json:"digest"`

	// bundle is the process with its information, rules, agents and priority in canonical JSON (RFC 8785): what evaluators load.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1048576
	// +required
	Bundle string `json:"bundle"`

	// engine is the version of the software that closed the bundle.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Engine string `json:"engine,omitempty"`
}

// ProcessRevision is the immutable closure of a process and all it refers to, named by its digest. Every decision names one.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=prev,categories=juncture
// +kubebuilder:printcolumn:name="Process",type=string,JSONPath=`.spec.process`
// +kubebuilder:printcolumn:name="Engine",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Digest",type=string,priority=1,JSONPath=`.spec.digest`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.process + '-' + self.spec.digest.substring(7, 19)",message="the name of a revision is its process and the first 12 digits of its digest"
type ProcessRevision struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec ProcessRevisionSpec `json:"spec"`
}

// ProcessRevisionList is a list of ProcessRevision objects.
//
// +kubebuilder:object:root=true
type ProcessRevisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []ProcessRevision `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RolloutApprovalSpec is a signature.
//
// +kubebuilder:validation:XValidation:rule="self.process == oldSelf.process && self.revision == oldSelf.revision && self.wave == oldSelf.wave && self.approver == oldSelf.approver",message="an approval can be revoked, not changed: write another one"
type RolloutApprovalSpec struct {
	// process that is rolled out.
	// +required
	Process ObjectName `json:"process"`

	// revision that is approved.
	// +required
	Revision Digest `json:"revision"`

	// wave that is approved.
	// +required
	Wave ObjectName `json:"wave"`

	// approver is who signs.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Approver string `json:"approver"`

	// reason why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason"`

	// revoked takes the signature back, as long as the wave has not begun.
	// +optional
	Revoked bool `json:"revoked,omitempty"`
}

// RolloutApproval is a signature on one wave of one revision: who, and why.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Process",type=string,JSONPath=`.spec.process`
// +kubebuilder:printcolumn:name="Wave",type=string,JSONPath=`.spec.wave`
// +kubebuilder:printcolumn:name="Approver",type=string,JSONPath=`.spec.approver`
// +kubebuilder:printcolumn:name="Revoked",type=boolean,JSONPath=`.spec.revoked`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RolloutApproval struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec RolloutApprovalSpec `json:"spec"`
}

// RolloutApprovalList is a list of RolloutApproval objects.
//
// +kubebuilder:object:root=true
type RolloutApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []RolloutApproval `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// EvaluatorSpec is what one evaluator deployment serves.
type EvaluatorSpec struct {
	// isolation Dedicated means that the evaluator serves one district and never another.
	// +kubebuilder:default=Shared
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`

	// districts that are placed on this evaluator.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +optional
	Districts []PlacedDistrict `json:"districts,omitempty"`

	// store is the volume that the districts' decisions are kept on.
	// +optional
	Store EvaluatorStore `json:"store,omitzero"`
}

// PlacedDistrict is a district placed on an evaluator.
type PlacedDistrict struct {
	// name of the District.
	// +required
	Name ObjectName `json:"name"`

	// identifier of the district in its state's directory.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Identifier string `json:"identifier,omitempty"`

	// enrolment that the district was placed by.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000000
	// +optional
	Enrolment int64 `json:"enrolment,omitempty"`
}

// EvaluatorStore is a volume.
type EvaluatorStore struct {
	// size of the volume: 10Gi.
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,9}(Mi|Gi|Ti)$`
	// +kubebuilder:default="10Gi"
	// +kubebuilder:title="a size such as 10Gi"
	// +optional
	Size string `json:"size,omitempty"`

	// storageClassName of the volume. Without it: the cluster's default.
	// +optional
	StorageClassName SecretName `json:"storageClassName,omitempty"`
}

// EvaluatorStatus is what each replica serves.
type EvaluatorStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// assignment is the digest of the districts and revisions that every replica shall serve.
	// +optional
	Assignment Digest `json:"assignment,omitempty"`

	// replicas say themselves what they serve: each applies its own entry.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Replicas []EvaluatorReplica `json:"replicas,omitempty"`

	// serving lists the revisions that every replica serves, and to how many districts.
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=process
	// +listMapKey=revision
	// +optional
	Serving []ServedRevision `json:"serving,omitempty"`

	// conditions are Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// EvaluatorReplica is what one replica says of itself.
type EvaluatorReplica struct {
	// name of the pod.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// assignment is the digest of the districts and revisions that the replica serves.
	// +optional
	Assignment Digest `json:"assignment,omitempty"`

	// ready says that the replica has loaded them all.
	// +optional
	Ready bool `json:"ready"`

	// since is when the replica began to serve the assignment.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// ServedRevision is a revision that every replica serves.
type ServedRevision struct {
	// process that is served.
	// +required
	Process ObjectName `json:"process"`

	// revision that is served.
	// +required
	Revision Digest `json:"revision"`

	// districts is to how many of the evaluator's districts.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=64
	// +optional
	Districts int32 `json:"districts"`
}

// Evaluator is one evaluator deployment and the districts and revisions that it serves.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Isolation",type=string,JSONPath=`.spec.isolation`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Districts",type=string,priority=1,JSONPath=`.spec.districts[*].name`
// +kubebuilder:validation:XValidation:rule="!has(self.spec.isolation) || self.spec.isolation != 'Dedicated' || !has(self.spec.districts) || self.spec.districts.size() <= 1",message="a dedicated evaluator serves one district"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type Evaluator struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec EvaluatorSpec `json:"spec"`

	// status is what was observed.
	// +optional
	Status EvaluatorStatus `json:"status,omitzero"`
}

// EvaluatorList is a list of Evaluator objects.
//
// +kubebuilder:object:root=true
type EvaluatorList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Evaluator `json:"items"`
}

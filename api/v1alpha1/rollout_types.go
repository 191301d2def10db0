// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RolloutStrategy is how a new revision reaches the districts.
type RolloutStrategy struct {
	// waves in order. Districts that no wave selects come last, together.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(w, self.exists_one(v, v.name == w.name))",message="two waves have the same name"
	// +listType=atomic
	// +optional
	Waves []Wave `json:"waves,omitempty"`

	// gates must hold before each wave.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Gates []Gate `json:"gates,omitempty"`
}

// Wave is a group of districts that get a revision together.
type Wave struct {
	// name of the wave.
	// +required
	Name ObjectName `json:"name"`

	// selector of the districts. Without it: all that are left.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// soak is how long the wave must have gone well before the next begins.
	// +optional
	Soak Duration `json:"soak,omitempty"`

	// approvals is how many people must sign before the wave begins.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=16
	// +optional
	Approvals int32 `json:"approvals,omitempty"`

	// maxParallel is how many districts change at a time.
	// +optional
	MaxParallel CountOrShare `json:"maxParallel,omitempty"`

	// failureBudget is how many districts may fail before the rollout stops.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	// +optional
	FailureBudget int32 `json:"failureBudget,omitempty"`
}

// Gate is a condition on the effect of a revision. One that cannot be computed holds the wave.
//
// +kubebuilder:validation:ExactlyOneOf=changedDecisions;fairness;expression
type Gate struct {
	// changedDecisions bounds the share of decisions that change.
	// +optional
	ChangedDecisions *ChangedDecisionsGate `json:"changedDecisions,omitempty"`

	// fairness asks that the process's fairness bounds hold.
	// +optional
	Fairness *FairnessGate `json:"fairness,omitempty"`

	// expression is a CEL condition over the measured effects.
	// +optional
	Expression Expression `json:"expression,omitempty"`
}

// ChangedDecisionsGate bounds the share of decisions that change.
type ChangedDecisionsGate struct {
	// maximum share.
	// +required
	Maximum Share `json:"maximum"`
}

// FairnessGate asks that the process's fairness bounds hold.
type FairnessGate struct{}

// RolloutSpec is one revision's way through the waves.
type RolloutSpec struct {
	// process that is rolled out.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="process is immutable"
	// +required
	Process ObjectName `json:"process"`

	// revision that is rolled out.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="revision is immutable"
	// +required
	Revision Digest `json:"revision"`

	// from is the revision that it replaces; none at a process's first.
	// +optional
	From Digest `json:"from,omitempty"`

	// strategy as it was when the rollout started.
	// +optional
	Strategy RolloutStrategy `json:"strategy,omitzero"`

	// suspend stops the rollout before the next district.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// RolloutStatus is how far it came.
type RolloutStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// wave that is under way.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Wave string `json:"wave,omitempty"`

	// waves say how far each came.
	// +kubebuilder:validation:MaxItems=33
	// +listType=map
	// +listMapKey=name
	// +optional
	Waves []WaveStatus `json:"waves,omitempty"`

	// conditions are Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// WaveStatus is how far a wave came.
type WaveStatus struct {
	// name of the wave.
	// +required
	Name ObjectName `json:"name"`

	// districts of the wave.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Districts int32 `json:"districts"`

	// serving is how many of them are served by the revision.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Serving int32 `json:"serving"`

	// began is when the first district changed.
	// +optional
	Began *metav1.Time `json:"began,omitempty"`

	// ended is when the last district was served and the soak was over.
	// +optional
	Ended *metav1.Time `json:"ended,omitempty"`
}

// Rollout is one revision's way through the waves.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Process",type=string,JSONPath=`.spec.process`
// +kubebuilder:printcolumn:name="Wave",type=string,JSONPath=`.status.wave`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Revision",type=string,priority=1,JSONPath=`.spec.revision`
type Rollout struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec RolloutSpec `json:"spec"`

	// status is what was observed.
	// +optional
	Status RolloutStatus `json:"status,omitzero"`
}

// RolloutList is a list of Rollout objects.
//
// +kubebuilder:object:root=true
type RolloutList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Rollout `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DecisionReportSpec says what is reported.
type DecisionReportSpec struct {
	// district that is reported on.
	// +required
	District ObjectName `json:"district"`

	// evaluator that serves, or last served, the district: a district that comes back returns to its record.
	// +optional
	Evaluator ObjectName `json:"evaluator,omitempty"`
}

// DecisionReportStatus is counts, written by the district's evaluator.
type DecisionReportStatus struct {
	// minimumCell is the least count that is shown. A smaller one is suppressed, and so is a second one wherever the first could be
	// had by subtracting the others from the total.
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MinimumCell int32 `json:"minimumCell,omitempty"`

	// processes that decided in the district, by name.
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=process
	// +optional
	Processes []ProcessReport `json:"processes,omitempty"`

	// source is the last look at the district's information.
	// +optional
	Source *SourceReport `json:"source,omitempty"`

	// record is the state of the district's record of decisions.
	// +optional
	Record *RecordReport `json:"record,omitempty"`

	// conditions are SourceRead, RecordWhole and Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ProcessReport is the last run of one process.
type ProcessReport struct {
	// process that decided.
	// +required
	Process ObjectName `json:"process"`

	// revision that decided.
	// +required
	Revision Digest `json:"revision"`

	// run by its id in the district's record.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Run string `json:"run,omitempty"`

	// at is the instant of evaluation.
	// +optional
	At *metav1.Time `json:"at,omitempty"`

	// total number of decisions.
	// +optional
	Total ReportedCount `json:"total,omitzero"`

	// states counts the decisions by their state.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=state
	// +optional
	States []StateCount `json:"states,omitempty"`

	// rules counts the decisions by the rule that made them; otherwise where none did.
	// +kubebuilder:validation:MaxItems=257
	// +listType=map
	// +listMapKey=rule
	// +optional
	Rules []RuleCount `json:"rules,omitempty"`
}

// ReportedCount is a count that may be suppressed.
//
// +kubebuilder:validation:XValidation:rule="has(self.count) != (has(self.suppressed) && self.suppressed)",message="a count is either given or suppressed"
type ReportedCount struct {
	// count, unless suppressed.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Count *int64 `json:"count,omitempty"`

	// suppressed says that the count is not shown, so that nobody can be singled out.
	// +optional
	Suppressed bool `json:"suppressed,omitempty"`
}

// StateCount counts the decisions in one state.
type StateCount struct {
	// state of the decisions: Confirmed, Offered, Waitlisted, Undetermined, …
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z]*$`
	// +required
	State string `json:"state"`

	ReportedCount `json:",inline"`
}

// RuleCount counts the decisions of one rule.
type RuleCount struct {
	// rule by its id.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Rule string `json:"rule"`

	ReportedCount `json:",inline"`
}

// SourceReport is the last look at a source.
type SourceReport struct {
	// digest of the content that was read.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// read is when it was read.
	// +optional
	Read *metav1.Time `json:"read,omitempty"`

	// problems counts the faults by file. What they are stands in the district's own log of the run, not here.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=file
	// +optional
	Problems []FileProblems `json:"problems,omitempty"`
}

// FileProblems counts the faults of one file of a roster.
type FileProblems struct {
	// file of the roster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	File string `json:"file"`

	// count of the faults.
	// +kubebuilder:validation:Minimum=0
	// +required
	Count int64 `json:"count"`
}

// RecordReport is the state of a record.
type RecordReport struct {
	// head is the digest over all segments of the record, in order: who keeps it can tell later whether anything before it was changed.
	// +optional
	Head Digest `json:"head,omitempty"`

	// segments is how many there are.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Segments int64 `json:"segments"`

	// checked is when the record was last read from end to end and found whole or not: see the condition RecordWhole.
	// +optional
	Checked *metav1.Time `json:"checked,omitempty"`
}

// DecisionReport is what a district's evaluator reports: counts per process, small cells suppressed, and the state of the record. It names no student.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Evaluator",type=string,JSONPath=`.spec.evaluator`
// +kubebuilder:printcolumn:name="Segments",type=integer,JSONPath=`.status.record.segments`
// +kubebuilder:printcolumn:name="Whole",type=string,JSONPath=`.status.conditions[?(@.type=="RecordWhole")].status`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Processes",type=string,priority=1,JSONPath=`.status.processes[*].process`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.district",message="a report has the name of its district"
type DecisionReport struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec DecisionReportSpec `json:"spec"`

	// status is what was observed.
	// +optional
	Status DecisionReportStatus `json:"status,omitzero"`
}

// DecisionReportList is a list of DecisionReport objects.
//
// +kubebuilder:object:root=true
type DecisionReportList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []DecisionReport `json:"items"`
}

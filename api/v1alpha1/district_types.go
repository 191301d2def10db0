// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Isolation says whether a district shares an evaluator with others.
//
// +kubebuilder:validation:Enum=Shared;Dedicated
type Isolation string

const (
	// IsolationShared districts are packed with others on one evaluator.
	IsolationShared Isolation = "Shared"
	// IsolationDedicated districts have an evaluator of their own.
	IsolationDedicated Isolation = "Dedicated"
)

// DistrictSpec is a tenant.
type DistrictSpec struct {
	// identifier of the district in its state's directory.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Identifier string `json:"identifier,omitempty"`

	// enrolment is the number of students, for placing the district on evaluators. An estimate will do.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000000
	// +optional
	Enrolment int64 `json:"enrolment,omitempty"`

	// timeZone of the district's schools: a calendar day begins and ends in it.
	// +kubebuilder:default=UTC
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// isolation says whether the district shares an evaluator with others (Shared) or has its own (Dedicated).
	// +kubebuilder:default=Shared
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`

	// source of what is known of the students.
	// +required
	Source DistrictSource `json:"source"`

	// store of the decisions. Without it: embedded SQLite on the evaluator's volume.
	// +optional
	Store *DistrictStore `json:"store,omitempty"`

	// pins hold processes at a revision, for a time.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=process
	// +optional
	Pins []Pin `json:"pins,omitempty"`

	// suspend stops new runs of every process in the district. Decisions already made can still be read.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// DistrictSource is where the information comes from.
//
// +kubebuilder:validation:ExactlyOneOf=oneRosterCSV
type DistrictSource struct {
	// oneRosterCSV is a OneRoster 1.1 or 1.2 bulk export: a zip file or a folder.
	// +optional
	OneRosterCSV *OneRosterCSV `json:"oneRosterCSV,omitempty"`
}

// OneRosterCSV is a bulk export on a volume or behind a URL.
//
// +kubebuilder:validation:ExactlyOneOf=volume;url
// +kubebuilder:validation:XValidation:rule="has(self.volume) == has(self.path)",message="path is needed with volume, and only there"
// +kubebuilder:validation:XValidation:rule="has(self.url) || !(has(self.credentialsSecretRef) || has(self.caBundleSecretRef))",message="credentialsSecretRef and caBundleSecretRef are for a url"
type OneRosterCSV struct {
	// volume that holds the export.
	// +optional
	Volume *RosterVolume `json:"volume,omitempty"`

	// path of the zip file or folder within the volume.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(s, s == '..')",message="path is relative to the volume: without a leading / and without .."
	// +optional
	Path string `json:"path,omitempty"`

	// url of the zip file.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https://[^\s@]+$`
	// +kubebuilder:title="an https address without a password in it"
	// +optional
	URL string `json:"url,omitempty"`

	// credentialsSecretRef names a Secret with the keys username and password, or token.
	// +optional
	CredentialsSecretRef *LocalObjectReference `json:"credentialsSecretRef,omitempty"`

	// caBundleSecretRef names the key of a Secret with the certificates (PEM) that the server's must chain to. Without it: those of
	// the system.
	// +optional
	CABundleSecretRef *SecretKeyReference `json:"caBundleSecretRef,omitempty"`

	// interval between two looks at the source for something new; 5m without it.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('10s')",message="interval may be 10s at least"
	// +optional
	Interval Duration `json:"interval,omitempty"`
}

// RosterVolume is a volume of the cluster, mounted read-only.
//
// +kubebuilder:validation:ExactlyOneOf=persistentVolumeClaim;hostPath
type RosterVolume struct {
	// persistentVolumeClaim names a claim in the same namespace.
	// +optional
	PersistentVolumeClaim *RosterClaim `json:"persistentVolumeClaim,omitempty"`

	// hostPath is a folder of the node: for demonstrations on one machine.
	// +optional
	HostPath *RosterHostPath `json:"hostPath,omitempty"`
}

// RosterClaim names a PersistentVolumeClaim.
type RosterClaim struct {
	// claimName is the name of the claim.
	// +required
	ClaimName SecretName `json:"claimName"`
}

// RosterHostPath is a folder of the node.
type RosterHostPath struct {
	// path of the folder, absolute.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/') && !self.split('/').exists(s, s == '..')",message="path is absolute and holds no .."
	// +required
	Path string `json:"path"`
}

// DistrictStore is where the decisions are kept.
//
// +kubebuilder:validation:ExactlyOneOf=postgresql
type DistrictStore struct {
	// postgresql is a database of the district's own.
	// +optional
	PostgreSQL *PostgreSQLStore `json:"postgresql,omitempty"`
}

// PostgreSQLStore is a PostgreSQL database.
type PostgreSQLStore struct {
	// secretRef names the key of a Secret that holds the connection string.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// Pin holds a process at a revision.
type Pin struct {
	// process that is held.
	// +required
	Process ObjectName `json:"process"`

	// revision that it is held at.
	// +required
	Revision Digest `json:"revision"`

	// reason of the pin.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Reason string `json:"reason"`

	// expires is when the pin stops to hold.
	// +required
	Expires Timestamp `json:"expires"`
}

// DistrictStatus is what was found and done.
type DistrictStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// evaluator that serves the district.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Evaluator string `json:"evaluator,omitempty"`

	// processes is how many processes select the district.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Processes int32 `json:"processes"`

	// serving is how many of them are served by their current revision.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Serving int32 `json:"serving"`

	// conditions are Placed, SourceRead and Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// District is a district or charter school as a tenant: its source of information, its store, its calendar day, its isolation, its pins.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Enrolment",type=integer,JSONPath=`.spec.enrolment`
// +kubebuilder:printcolumn:name="Evaluator",type=string,JSONPath=`.status.evaluator`
// +kubebuilder:printcolumn:name="Processes",type=integer,JSONPath=`.status.processes`
// +kubebuilder:printcolumn:name="Serving",type=integer,JSONPath=`.status.serving`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type District struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec DistrictSpec `json:"spec"`

	// status is what was observed.
	// +optional
	Status DistrictStatus `json:"status,omitzero"`
}

// DistrictList is a list of District objects.
//
// +kubebuilder:object:root=true
type DistrictList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []District `json:"items"`
}

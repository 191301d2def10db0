// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// InformationModelSpec is what may be known of a student.
type InformationModelSpec struct {
	// attributes of a student.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=name
	// +required
	Attributes []Attribute `json:"attributes"`
}

// Attribute is one thing that may be known of a student.
//
// +kubebuilder:validation:XValidation:rule="(has(self.missing) && self.missing == 'Default') == has(self.defaultReason)",message="defaultReason (why it is right to assume the default) is needed with missing: Default, and only there"
// +kubebuilder:validation:XValidation:rule="!has(self.missing) || self.missing != 'Empty' || self.type.endsWith('List')",message="missing: Empty is for lists"
// +kubebuilder:validation:XValidation:rule="!has(self.maxItems) || self.type.endsWith('List')",message="maxItems is for lists"
// +kubebuilder:validation:XValidation:rule="!has(self.maxLength) || self.type in ['String', 'StringList']",message="maxLength is for String and StringList"
// +kubebuilder:validation:XValidation:rule="!(has(self.minimum) || has(self.maximum)) || self.type in ['Integer', 'Number', 'IntegerList', 'NumberList']",message="minimum and maximum are for numeric types"
// +kubebuilder:validation:XValidation:rule="!has(self.from.oneRoster) || !has(self.from.oneRoster.aggregate) || !self.type.endsWith('List')",message="an aggregate gives one value: give the attribute a type that is no list, or remove aggregate"
type Attribute struct {
	// name by which rules read the attribute: student.<name>.
	// +required
	Name AttributeName `json:"name"`

	// type of the value. A Date is the timestamp of its midnight UTC in CEL.
	// +required
	Type ValueType `json:"type"`

	// from says where the value comes from.
	// +required
	From AttributeSource `json:"from"`

	// missing says what a rule sees where the source holds no value. Undetermined: a decision that needs the value is Undetermined and
	// names the attribute. Empty: an empty list. Default: the declared default.
	// +kubebuilder:validation:Enum=Undetermined;Empty;Default
	// +kubebuilder:default=Undetermined
	// +optional
	Missing string `json:"missing,omitempty"`

	// default is the value under missing: Default, of the attribute's type.
	// +optional
	Default *Value `json:"default,omitempty"`

	// defaultReason says why it is right to assume the default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	DefaultReason string `json:"defaultReason,omitempty"`

	// maxItems of a list; more are a fault of the student's row. The bound enters the cost estimate of every rule that reads it.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +optional
	MaxItems int32 `json:"maxItems,omitempty"`

	// maxLength of a string in bytes; a longer one is a fault of the student's row.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +optional
	MaxLength int32 `json:"maxLength,omitempty"`

	// minimum of a number; a smaller one is a fault of the student's row.
	// +optional
	Minimum *Decimal `json:"minimum,omitempty"`

	// maximum of a number; a greater one is a fault of the student's row.
	// +optional
	Maximum *Decimal `json:"maximum,omitempty"`

	// sensitivity of the attribute, from what a directory may print to what the law protects.
	// +kubebuilder:validation:Enum=Directory;EducationRecord;Sensitive;Protected
	// +kubebuilder:default=EducationRecord
	// +optional
	Sensitivity string `json:"sensitivity,omitempty"`

	// use says who may read the attribute. Decide: rules of processes that declare it. AuditOnly: fairness reports, never a rule.
	// +kubebuilder:validation:Enum=Decide;AuditOnly
	// +kubebuilder:default=Decide
	// +optional
	Use string `json:"use,omitempty"`

	// purposes for which processes may use the attribute. Without any: every purpose.
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Purposes []Purpose `json:"purposes,omitempty"`
}

// AttributeSource says where a value comes from.
//
// +kubebuilder:validation:ExactlyOneOf=oneRoster
type AttributeSource struct {
	// oneRoster draws the value from a column of a OneRoster CSV file.
	// +optional
	OneRoster *OneRosterSource `json:"oneRoster,omitempty"`
}

// OneRosterSource is a column of a OneRoster CSV file. users and demographics give the student's own row; enrollments, classes,
// courses, orgs and academicSessions the rows reached through the student's current enrollments; results the student's results.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.first) && has(self.last))",message="first and last exclude each other"
type OneRosterSource struct {
	// file of the roster, without .csv.
	// +kubebuilder:validation:Enum=users;demographics;enrollments;classes;courses;orgs;academicSessions;results
	// +required
	File string `json:"file"`

	// field is the column, metadata columns included (metadata.<name>).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Field string `json:"field"`

	// where keeps the facts that match all of its members.
	// +optional
	Where *OneRosterFilter `json:"where,omitempty"`

	// orderBy is the date column that orders the facts: scoreDate for results and beginDate for enrollments, unless another is named.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	OrderBy string `json:"orderBy,omitempty"`

	// aggregate makes one value of several facts. Latest, First: the fact of the last or first date. Mean, Minimum, Maximum, Sum:
	// over the numbers. Count: how many facts have a value. DaysSince: days from the last fact to the instant of evaluation.
	// +kubebuilder:validation:Enum=Latest;First;Mean;Minimum;Maximum;Sum;Count;DaysSince
	// +optional
	Aggregate string `json:"aggregate,omitempty"`

	// first keeps the first n facts in order, as a list or as the input of aggregate.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +optional
	First int32 `json:"first,omitempty"`

	// last keeps the last n facts in order, oldest first, as a list or as the input of aggregate.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +optional
	Last int32 `json:"last,omitempty"`
}

// OneRosterFilter keeps facts. At least one member is set.
//
// +kubebuilder:validation:MinProperties=1
type OneRosterFilter struct {
	// category of the line item: its sourcedId or title.
	// +optional
	Category SourcedID `json:"category,omitempty"`

	// course: its sourcedId, courseCode or title.
	// +optional
	Course SourcedID `json:"course,omitempty"`

	// class: its sourcedId, classCode or title.
	// +optional
	Class SourcedID `json:"class,omitempty"`

	// from is the first date that is kept, YYYY-MM-DD.
	// +optional
	From CalendarDate `json:"from,omitempty"`

	// until is the first date that is no longer kept, YYYY-MM-DD.
	// +optional
	Until CalendarDate `json:"until,omitempty"`

	// withinDays keeps the facts of the last n days before the instant of evaluation.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=36600
	// +optional
	WithinDays int32 `json:"withinDays,omitempty"`
}

// CalendarDate is a date without a time, YYYY-MM-DD.
//
// +kubebuilder:validation:Format=date
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
// +kubebuilder:title="a date that exists, as in 2026-09-01"
type CalendarDate string

// InformationModel is what may be known of a student: attributes, their types, where each comes from, and for which purposes.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=imodel,categories=juncture
// +kubebuilder:printcolumn:name="Attributes",type=string,priority=1,JSONPath=`.spec.attributes[*].name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type InformationModel struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec InformationModelSpec `json:"spec"`
}

// InformationModelList is a list of InformationModel objects.
//
// +kubebuilder:object:root=true
type InformationModelList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []InformationModel `json:"items"`
}

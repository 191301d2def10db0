// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import "encoding/json"

// Type is the type of an attribute or a result field.
type Type string

const (
	Boolean     Type = "Boolean"
	Integer     Type = "Integer" // 64-bit signed
	Number      Type = "Number"  // IEEE 754 double
	String      Type = "String"
	Date        Type = "Date" // a calendar date; in CEL the timestamp of its midnight UTC
	IntegerList Type = "IntegerList"
	NumberList  Type = "NumberList"
	StringList  Type = "StringList"
	DateList    Type = "DateList"
)

// IsList reports whether values of the type are lists.
func (t Type) IsList() bool { return t.Element() != t }

// Element is the type of a list's elements, and t itself for a scalar.
func (t Type) Element() Type {
	switch t {
	case IntegerList:
		return Integer
	case NumberList:
		return Number
	case StringList:
		return String
	case DateList:
		return Date
	}
	return t
}

// Model is the part of an InformationModel that a process declared: nothing
// else can be read by its rules.
type Model struct {
	Name string `json:"name"`
	// Attributes are the declared ones, sorted by name.
	Attributes []Attribute `json:"attributes"`
}

// Attribute is one thing that may be known of a student.
type Attribute struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	From From   `json:"from"`
	// Missing says what a rule sees where the source holds no value.
	Missing Missing `json:"missing,omitempty"`
	// Default is the value under MissingDefault, as JSON of the attribute's type.
	Default json.RawMessage `json:"default,omitempty"`
	// Bounds. Zero means the engine's limit (MaxListItems, MaxStringLength).
	MaxItems    int      `json:"maxItems,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Sensitivity string   `json:"sensitivity,omitempty"`
	Use         Use      `json:"use,omitempty"`
	Purposes    []string `json:"purposes,omitempty"` // sorted; empty: any
}

// The engine's own limits, used where an attribute declares none. They bound
// memory and the static cost estimate of every expression.
const (
	MaxListItems    = 1024
	MaxStringLength = 1024 // bytes
)

// Missing is a policy for a value that the source does not hold.
type Missing string

const (
	// MissingUndetermined (the default) makes a decision that needs the value
	// Undetermined, naming the attribute. has(student.x) is false.
	MissingUndetermined Missing = "Undetermined"
	// MissingEmpty gives rules an empty list.
	MissingEmpty Missing = "Empty"
	// MissingDefault gives rules the declared default.
	MissingDefault Missing = "Default"
)

// Use says which plane may read an attribute.
type Use string

const (
	// UseDecide attributes may be read by rules that declare them.
	UseDecide Use = "Decide"
	// UseAuditOnly attributes are for fairness reports, never for rules.
	UseAuditOnly Use = "AuditOnly"
)

// From says where an attribute's value comes from. Exactly one member is set.
type From struct {
	OneRoster *OneRoster `json:"oneRoster,omitempty"`
}

// OneRoster draws a value from one column of a OneRoster CSV file.
//
// File users or demographics gives the student's own row. Enrollments, classes,
// courses, orgs and academicSessions give the rows reached through the
// student's enrollments current at the instant of evaluation. Results (with
// the categories, classes and courses of their line items for Where) gives the
// student's results.
type OneRoster struct {
	File  string `json:"file"`
	Field string `json:"field"` // a column name of the file, metadata.* included
	Where Where  `json:"where,omitzero"`
	// OrderBy is the date column that orders facts: scoreDate for results,
	// beginDate for enrollments, unless another is named.
	OrderBy   string    `json:"orderBy,omitempty"`
	Aggregate Aggregate `json:"aggregate,omitempty"`
	// First and Last keep the first or last n facts in order, oldest first, as
	// a list or as the input of Aggregate.
	First int `json:"first,omitempty"`
	Last  int `json:"last,omitempty"`
}

// Where keeps the facts that match all of its set members.
type Where struct {
	Category   string `json:"category,omitempty"`   // sourcedId or title of the line item's category
	Course     string `json:"course,omitempty"`     // sourcedId, courseCode or title
	Class      string `json:"class,omitempty"`      // sourcedId, classCode or title
	From       string `json:"from,omitempty"`       // first date kept, YYYY-MM-DD
	Until      string `json:"until,omitempty"`      // first date no longer kept
	WithinDays int    `json:"withinDays,omitempty"` // facts of the last n days before the instant of evaluation
}

// Aggregate makes one value of several facts.
type Aggregate string

const (
	Latest    Aggregate = "Latest" // the fact of the latest date; among equals the one with the greatest sourcedId
	Earliest  Aggregate = "First"  // the fact of the earliest date; among equals the one with the least sourcedId
	Mean      Aggregate = "Mean"   // arithmetic mean, summed in order
	Minimum   Aggregate = "Minimum"
	Maximum   Aggregate = "Maximum"
	Sum       Aggregate = "Sum"
	Count     Aggregate = "Count"     // number of facts with a value; 0, never missing
	DaysSince Aggregate = "DaysSince" // calendar days from the latest fact's date to the instant of evaluation, in the district's time zone
)

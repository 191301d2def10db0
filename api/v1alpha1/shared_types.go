// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// ObjectName is the name of an object in the same namespace. References never
// cross namespaces: a network is a namespace.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
// +kubebuilder:title="up to 63 lower-case letters, digits and hyphens, as in maths-tutoring"
type ObjectName string

// AttributeName is the name by which rules read an attribute: student.<name>.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*$`
// +kubebuilder:title="up to 63 letters, digits and underscores, as in recentScores"
type AttributeName string

// Expression is a CEL expression.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=4096
type Expression string

// Purpose is what information may be used for, in UpperCamelCase: Placement,
// Pacing, Support. A process may read only attributes that name its purpose.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z0-9]*$`
// +kubebuilder:title="a word in UpperCamelCase, as in Placement"
type Purpose string

// Digest is the SHA-256 of a canonical form: sha256- and 64 hexadecimal digits.
//
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:Pattern=`^sha256-[0-9a-f]{64}$`
// +kubebuilder:title="sha256- and 64 hexadecimal digits"
type Digest string

// Duration is a length of time as hours, minutes and seconds: 240h, 1h30m, 45s.
//
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$`
// +kubebuilder:validation:MinLength=2
// +kubebuilder:title="hours, minutes and seconds, as in 240h or 1h30m"
type Duration string

// Duration is the length as a number; an empty Duration is zero.
func (d Duration) Duration() (time.Duration, error) {
	if d == "" {
		return 0, nil
	}
	length, err := time.ParseDuration(string(d))
	if err != nil {
		return 0, fmt.Errorf("%q is no duration: write hours, minutes and seconds, as in 240h or 1h30m", string(d))
	}
	return length, nil
}

// Decimal is a decimal number, written as a whole number or, with a fraction,
// as a string: 40, "0.85". It never passes through a binary fraction on its
// way to the revision.
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$`
// +kubebuilder:title="a whole number, or a fraction in quotes, as in 40 or \"0.85\""
type Decimal string

// UnmarshalJSON takes both spellings of the schema, the integer and the string.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	text, err := integerOrString(data)
	*d = Decimal(text)
	return err
}

// Share is a part of a whole as a percentage, "12.5%".
//
// +kubebuilder:validation:MaxLength=8
// +kubebuilder:validation:Pattern=`^(100(\.0{1,3})?|[0-9]{1,2}(\.[0-9]{1,3})?)%$`
// +kubebuilder:title="a percentage in quotes, as in \"12.5%\""
type Share string

// CountOrShare is a number of things, 3, or a percentage of them, "25%".
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:XValidation:rule="type(self) != int || (self >= 0 && self <= 1000000)",message="a number of things is 0 to 1000000"
// +kubebuilder:validation:MaxLength=8
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}|(100|[0-9]{1,2})%)$`
// +kubebuilder:title="a number or a percentage in quotes, as in 3 or \"25%\""
type CountOrShare string

// UnmarshalJSON takes both spellings of the schema, the integer and the string.
func (c *CountOrShare) UnmarshalJSON(data []byte) error {
	text, err := integerOrString(data)
	*c = CountOrShare(text)
	return err
}

// integerOrString keeps the digits of an integer as they were written:
// intstr.IntOrString would refuse, after admission, what exceeds 32 bits.
func integerOrString(data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte(`"`)) {
		var text string
		err := json.Unmarshal(data, &text)
		return text, err
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return "", fmt.Errorf("neither a string nor a number: %w", err)
	}
	return number.String(), nil
}

// Value is any JSON value: what it must be depends on the type of the
// attribute or result field it belongs to.
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XPreserveUnknownFields
type Value struct {
	// Raw is the value as JSON.
	Raw []byte `json:"-"`
}

// MarshalJSON gives the value as it was read.
func (v Value) MarshalJSON() ([]byte, error) {
	if len(v.Raw) == 0 {
		return []byte("null"), nil
	}
	return v.Raw, nil
}

// UnmarshalJSON keeps the value as it is.
func (v *Value) UnmarshalJSON(data []byte) error {
	v.Raw = bytes.Clone(data)
	return nil
}

// LocalObjectReference names an object in the same namespace.
type LocalObjectReference struct {
	// name of the object.
	// +required
	Name SecretName `json:"name"`
}

// SecretName is the name of a Secret, ConfigMap or claim in the same namespace.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
// +kubebuilder:title="a name of lower-case letters, digits, hyphens and dots"
type SecretName string

// SecretKeyReference names one key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	Name SecretName `json:"name"`

	// key within the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +required
	Key string `json:"key"`
}

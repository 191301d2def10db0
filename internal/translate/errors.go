// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// ReferenceError says that an object a process refers to does not exist. It
// heals when the object appears.
type ReferenceError struct {
	Process string // that refers to it
	Kind    string // of the object
	Name    string // of the object
	From    string // field of the process: spec.rules.ruleSet
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("%s: there is no %s %q in this namespace", e.From, e.Kind, e.Name)
}

// UnsupportedError says that a process asks for what this version cannot
// evaluate. Faults name each of it, with what to do without.
type UnsupportedError struct {
	Faults []bundle.Fault
}

func (e *UnsupportedError) Error() string { return join(e.Faults) }

// InformationError says that the information does not fit the process: an
// attribute that the model does not have, that is for audit only, or that is
// for other purposes.
type InformationError struct {
	Faults []bundle.Fault
}

func (e *InformationError) Error() string { return join(e.Faults) }

// InvalidError says that the resources do not make a whole for another reason:
// what bundle.Validate finds, and values that have no closed form.
type InvalidError struct {
	Faults []bundle.Fault
}

func (e *InvalidError) Error() string { return join(e.Faults) }

// Codes of the faults that are found here, beside those of package bundle.
const (
	CodeReferenceNotFound = "ReferenceNotFound"
	CodeUnsupported       = "Unsupported"
	CodeAuditOnly         = "AuditOnly"
	CodeCycle             = "CycleDetected"
)

// join puts faults on one line, as conditions have no other, separated by
// semicolons.
func join(faults []bundle.Fault) string {
	parts := make([]string, len(faults))
	for i, f := range faults {
		parts[i] = fmt.Sprintf("%s %q %s: %s (%s)", f.Object, f.Name, f.Path, f.Message, f.Mend)
	}
	return strings.Join(parts, "; ")
}

// Faults are all faults that an error of this package holds, in order; nil for
// other errors, such as those of a Lookup.
func Faults(err error) []bundle.Fault {
	var faults []bundle.Fault
	for _, e := range flatten(err) {
		switch e := e.(type) { //nolint:errorlint // flatten has unwrapped them.
		case *ReferenceError:
			faults = append(faults, bundle.Fault{
				Object: KindProcess, Name: e.Process, Path: e.From, Code: CodeReferenceNotFound,
				Message: fmt.Sprintf("there is no %s %q in this namespace", e.Kind, e.Name),
				Mend:    fmt.Sprintf("add the %s, or name one that exists", e.Kind),
			})
		case *UnsupportedError:
			faults = append(faults, e.Faults...)
		case *InformationError:
			faults = append(faults, e.Faults...)
		case *InvalidError:
			faults = append(faults, e.Faults...)
		case *CycleError:
			faults = append(faults, e.Fault())
		}
	}
	return faults
}

// Reason is the reason of the condition Accepted that an error of this package
// calls for: what the reader should look at first. It is empty for other errors,
// which say nothing about the process.
func Reason(err error) string {
	var (
		reference   *ReferenceError
		cycle       *CycleError
		unsupported *UnsupportedError
		information *InformationError
		selector    *SelectorError
		invalid     *InvalidError
	)
	switch {
	case errors.As(err, &reference):
		return v1alpha1.ReasonReferenceNotFound
	case errors.As(err, &cycle):
		return v1alpha1.ReasonCycleDetected
	case errors.As(err, &unsupported):
		return v1alpha1.ReasonUnsupported
	case errors.As(err, &information):
		return v1alpha1.ReasonInformationInvalid
	case errors.As(err, &selector):
		return v1alpha1.ReasonSelectorInvalid
	case errors.As(err, &invalid) && invalid.onlyRules():
		return v1alpha1.ReasonRulesInvalid
	case errors.As(err, &invalid):
		return v1alpha1.ReasonInvalid
	}
	return ""
}

func (e *InvalidError) onlyRules() bool {
	return !slices.ContainsFunc(e.Faults, func(f bundle.Fault) bool { return f.Object != KindRuleSet })
}

// flatten is what an errors.Join holds, or the error itself.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// SelectorError says that a label selector cannot be evaluated.
type SelectorError struct {
	Path string // of the selector
	Err  error
}

func (e *SelectorError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

func (e *SelectorError) Unwrap() error { return e.Err }

// Select picks the districts of a process, sorted by name: those of its own
// namespace that its selector matches, and all of that namespace where it has
// no selector. Districts that are being deleted are left out; suspended ones
// are not. A selector that cannot be evaluated is a *SelectorError.
func Select(process *v1alpha1.PersonalizationProcess, districts []v1alpha1.District) ([]v1alpha1.District, error) {
	selector := labels.Everything()
	if d := process.Spec.Districts; d != nil && d.Selector != nil {
		s, err := metav1.LabelSelectorAsSelector(d.Selector)
		if err != nil {
			return nil, &SelectorError{Path: "spec.districts.selector", Err: err}
		}
		selector = s
	}
	var picked []v1alpha1.District
	for i := range districts {
		d := &districts[i]
		if d.Namespace == process.Namespace && d.DeletionTimestamp.IsZero() && selector.Matches(labels.Set(d.Labels)) {
			picked = append(picked, *d)
		}
	}
	slices.SortFunc(picked, func(a, b v1alpha1.District) int { return strings.Compare(a.Name, b.Name) })
	return picked, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// newEvaluator is an evaluator with its first district.
func newEvaluator(district *v1alpha1.District, to placement, store v1alpha1.EvaluatorStore) *v1alpha1.Evaluator {
	return &v1alpha1.Evaluator{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: district.Namespace, Name: to.evaluator,
			Labels: map[string]string{names.LabelManagedBy: names.ManagedBy},
		},
		Spec: v1alpha1.EvaluatorSpec{Isolation: to.isolation, Store: store, Districts: []v1alpha1.PlacedDistrict{placed(district)}},
	}
}

// newReport remembers where a district's record is.
func newReport(district *v1alpha1.District, evaluator string) *v1alpha1.DecisionReport {
	return &v1alpha1.DecisionReport{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: district.Namespace, Name: district.Name,
			Labels: map[string]string{names.LabelManagedBy: names.ManagedBy},
		},
		Spec: v1alpha1.DecisionReportSpec{District: v1alpha1.ObjectName(district.Name), Evaluator: v1alpha1.ObjectName(evaluator)},
	}
}

func placed(district *v1alpha1.District) v1alpha1.PlacedDistrict {
	return v1alpha1.PlacedDistrict{Name: v1alpha1.ObjectName(district.Name), Identifier: district.Spec.Identifier, Enrolment: district.Spec.Enrolment}
}

// with is a list of placed districts, sorted by name, that holds this one as it
// is now.
func with(list []v1alpha1.PlacedDistrict, district *v1alpha1.District) []v1alpha1.PlacedDistrict {
	out := append(without(list, district.Name), placed(district))
	slices.SortFunc(out, func(a, b v1alpha1.PlacedDistrict) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// without is the list without the district; a copy.
func without(list []v1alpha1.PlacedDistrict, district string) []v1alpha1.PlacedDistrict {
	return slices.DeleteFunc(slices.Clone(list), func(d v1alpha1.PlacedDistrict) bool { return string(d.Name) == district })
}

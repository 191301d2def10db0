// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of the resources in this package.
var GroupVersion = schema.GroupVersion{Group: "juncture.dev", Version: "v1alpha1"}

var (
	// SchemeBuilder collects the functions that add these types to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	// AddToScheme adds the types of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

// Resource qualifies an unqualified resource name with this group.
func Resource(resource string) schema.GroupResource {
	return GroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&PersonalizationProcess{}, &PersonalizationProcessList{},
		&RuleSet{}, &RuleSetList{},
		&Agent{}, &AgentList{},
		&PriorityPolicy{}, &PriorityPolicyList{},
		&InformationModel{}, &InformationModelList{},
		&District{}, &DistrictList{},
		&RolloutApproval{}, &RolloutApprovalList{},
		&ProcessRevision{}, &ProcessRevisionList{},
		&Rollout{}, &RolloutList{},
		&Evaluator{}, &EvaluatorList{},
		&DecisionReport{}, &DecisionReportList{},
		&Comparison{}, &ComparisonList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

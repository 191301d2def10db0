// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the resources of the group juncture.dev: what people
// declare (processes, rules, agents, priorities, information, districts) and
// what the controllers write (revisions, rollouts, evaluators, reports).
//
// Two conventions hold for every type. Each list and each string has a bound,
// so that the schema's own CEL rules have a cost that an API server can prove.
// And no field may ever hold anything about a student: resources hold designs
// and counts, the decisions stay in the district's store.
//
// +kubebuilder:object:generate=true
// +groupName=juncture.dev
package v1alpha1

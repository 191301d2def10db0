// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package names says what the operator calls the objects that it creates, and
// by which labels it finds them again.
package names

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// Labels and annotations of the objects that the operator creates.
const (
	// LabelManagedBy, with ManagedBy as its value, is on every such object: the manager's caches hold no others.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	ManagedBy      = "juncture"
	// LabelName and LabelComponent are the customary ones.
	LabelName      = "app.kubernetes.io/name"
	LabelComponent = "app.kubernetes.io/component"
	// LabelEvaluator names the Evaluator that an object belongs to, LabelProcess the process of a revision.
	LabelEvaluator = "juncture.dev/evaluator"
	LabelProcess   = "juncture.dev/process"
	// LabelNetwork is the namespace of the Evaluator, on objects of the whole cluster.
	LabelNetwork = "juncture.dev/network"
	// AnnotationAssignment is the digest of the assignment that a pod serves.
	AnnotationAssignment = "juncture.dev/assignment"
)

// Values of LabelComponent.
const (
	ComponentEvaluator = "evaluator" // pods, and what belongs to them
	ComponentRevision  = "revision"  // ConfigMaps that hold a bundle
	ComponentRecord    = "record"    // volume claims that hold decisions
)

// EvaluatorAuthRole is the ClusterRole of config/rbac that lets an evaluator ask
// the API server who a caller is and what the caller may see.
const EvaluatorAuthRole = "juncture-evaluator-auth"

// EvaluatorLabels are on everything that belongs to an evaluator alone.
func EvaluatorLabels(evaluator string) map[string]string {
	return map[string]string{
		LabelManagedBy: ManagedBy, LabelName: "juncture", LabelComponent: ComponentEvaluator, LabelEvaluator: evaluator,
	}
}

// EvaluatorSelector picks the pods of an evaluator.
func EvaluatorSelector(evaluator string) map[string]string {
	return map[string]string{LabelComponent: ComponentEvaluator, LabelEvaluator: evaluator}
}

// Workload is the name of an evaluator's ServiceAccount, Role, RoleBinding,
// Deployment, Service, PodDisruptionBudget and NetworkPolicy. Services are DNS
// labels, so a long name is cut and told apart by its digest.
func Workload(evaluator string) string {
	const longest = 63
	name := "evaluator-" + evaluator
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(evaluator))
	suffix := "-" + hex.EncodeToString(sum[:6])
	return name[:longest-len(suffix)] + suffix
}

// Claim is the name of the volume claim that holds the records of an evaluator's
// districts. It has no owner and outlives the evaluator.
func Claim(evaluator string) string { return "juncture-record-" + evaluator }

// AssignmentConfigMap holds one assignment of one evaluator.
func AssignmentConfigMap(evaluator, digest string) string {
	return evaluator + "-assignment-" + bundle.Digest(digest).Short()
}

// RevisionConfigMap holds one bundle, for all evaluators of the namespace.
func RevisionConfigMap(digest bundle.Digest) string { return "juncture-revision-" + digest.Short() }

// ClusterRoleBinding lets the evaluator's ServiceAccount do what
// EvaluatorAuthRole says.
func ClusterRoleBinding(namespace, evaluator string) string {
	return "juncture:evaluator:" + namespace + ":" + evaluator
}

// Revision is the name of a ProcessRevision.
func Revision(process string, digest v1alpha1.Digest) string {
	return process + "-" + bundle.Digest(digest).Short()
}

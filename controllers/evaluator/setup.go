// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"context"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// +kubebuilder:rbac:groups=juncture.dev,resources=evaluators,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=juncture.dev,resources=evaluators/status,verbs=get;patch;update
// +kubebuilder:rbac:groups=juncture.dev,resources=districts;personalizationprocesses;processrevisions,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=serviceaccounts;services;configmaps,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings;clusterrolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// What evaluators are given, and so what the manager must have itself: without the verbs escalate and bind it can hand out
// nothing else.
// +kubebuilder:rbac:groups=juncture.dev,resources=decisionreports/status,verbs=get;patch
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

const (
	// indexDistricts finds the evaluators that a district is placed on.
	indexDistricts = "evaluator-controller/districts"
	// indexClaims finds the districts whose source is on a claim.
	indexClaims = "evaluator-controller/claims"
)

// workers is how many evaluators are worked on at once.
const workers = 4

// SetupWithManager adds the controller and its watches to a manager.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Evaluator{}, indexDistricts, districtsOf); err != nil {
		return err
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.District{}, indexClaims, claimsOf); err != nil {
		return err
	}
	ours := builder.WithPredicates(specChanged())
	byLabel := handler.EnqueueRequestsFromMapFunc(labelled)
	return ctrl.NewControllerManagedBy(mgr).
		Named("evaluator").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		// Which districts are placed on it, and what its replicas say that they serve.
		For(&v1alpha1.Evaluator{}).
		// Sources, pins, suspension, and the labels that processes select by.
		Watches(&v1alpha1.District{}, handler.EnqueueRequestsFromMapFunc(r.placedOn),
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		// A new revision, and processes that begin or cease to select a district.
		Watches(&v1alpha1.PersonalizationProcess{}, handler.EnqueueRequestsFromMapFunc(r.all), builder.WithPredicates(revisionChanged())).
		// A revision that a pin names may come back.
		Watches(&v1alpha1.ProcessRevision{}, handler.EnqueueRequestsFromMapFunc(r.all), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// The claim of a source appears, and can be mounted.
		Watches(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(r.reading), builder.WithPredicates(appearance())).
		// How the rollout goes, and why not.
		Watches(&corev1.Pod{}, byLabel).
		Watches(&appsv1.Deployment{}, byLabel).
		// What somebody changed or deleted is put right. The bundles' ConfigMaps belong to all evaluators of the namespace.
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.config), ours).
		Watches(&corev1.ServiceAccount{}, byLabel, ours).
		Watches(&corev1.Service{}, byLabel, ours).
		Watches(&corev1.PersistentVolumeClaim{}, byLabel, ours).
		Watches(&policyv1.PodDisruptionBudget{}, byLabel, ours).
		Watches(&networkingv1.NetworkPolicy{}, byLabel, ours).
		Watches(&rbacv1.Role{}, byLabel, ours).
		Watches(&rbacv1.RoleBinding{}, byLabel, ours).
		Watches(&rbacv1.ClusterRoleBinding{}, byLabel, ours).
		Complete(r)
}

func districtsOf(object client.Object) []string {
	evaluator := object.(*v1alpha1.Evaluator)
	found := make([]string, 0, len(evaluator.Spec.Districts))
	for _, d := range evaluator.Spec.Districts {
		found = append(found, string(d.Name))
	}
	return found
}

func claimsOf(object client.Object) []string {
	if claim := claimOf(object.(*v1alpha1.District)); claim != "" {
		return []string{claim}
	}
	return nil
}

// reading maps a claim to the evaluators whose districts have their source on it.
func (r *Reconciler) reading(ctx context.Context, object client.Object) []reconcile.Request {
	var districts v1alpha1.DistrictList
	if err := r.Client.List(ctx, &districts, client.InNamespace(object.GetNamespace()), client.MatchingFields{indexClaims: object.GetName()}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing districts to enqueue")
		return nil
	}
	var requests []reconcile.Request
	for i := range districts.Items {
		requests = append(requests, r.placedOn(ctx, &districts.Items[i])...)
	}
	return requests
}

func (r *Reconciler) placedOn(ctx context.Context, object client.Object) []reconcile.Request {
	return r.requests(ctx, object.GetNamespace(), client.MatchingFields{indexDistricts: object.GetName()})
}

func (r *Reconciler) all(ctx context.Context, object client.Object) []reconcile.Request {
	return r.requests(ctx, object.GetNamespace())
}

func (r *Reconciler) config(ctx context.Context, object client.Object) []reconcile.Request {
	if object.GetLabels()[names.LabelComponent] == names.ComponentRevision {
		return r.all(ctx, object)
	}
	return labelled(ctx, object)
}

func (r *Reconciler) requests(ctx context.Context, namespace string, opts ...client.ListOption) []reconcile.Request {
	var evaluators v1alpha1.EvaluatorList
	opts = append(opts, client.InNamespace(namespace), client.UnsafeDisableDeepCopy)
	if err := r.Client.List(ctx, &evaluators, opts...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing evaluators to enqueue")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(evaluators.Items))
	for i := range evaluators.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&evaluators.Items[i])})
	}
	return requests
}

// labelled maps an object to the evaluator that its labels name.
func labelled(_ context.Context, object client.Object) []reconcile.Request {
	labels := object.GetLabels()
	evaluator := labels[names.LabelEvaluator]
	if evaluator == "" {
		return nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = labels[names.LabelNetwork]
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: namespace, Name: evaluator}}}
}

// specChanged passes everything but changes of an object's status, and the
// creation of what we created. Objects without a generation pass always.
func specChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectNew.GetGeneration() == 0 || e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
				!maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels())
		},
	}
}

// appearance passes what comes and goes.
func appearance() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}

func revisionChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.PersonalizationProcess), e.ObjectNew.(*v1alpha1.PersonalizationProcess)
		return before.Generation != after.Generation || before.Status.Revision != after.Status.Revision
	}}
}

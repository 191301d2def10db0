// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
	"github.com/juncture-dev/juncture/internal/translate"
)

// +kubebuilder:rbac:groups=juncture.dev,resources=personalizationprocesses,verbs=get;list;watch
// +kubebuilder:rbac:groups=juncture.dev,resources=personalizationprocesses/status,verbs=patch
// +kubebuilder:rbac:groups=juncture.dev,resources=rulesets;informationmodels;agents;prioritypolicies;districts;evaluators;decisionreports,verbs=get;list;watch
// +kubebuilder:rbac:groups=juncture.dev,resources=processrevisions,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// indexReferences finds the processes that name an object: <kind>/<name>.
const indexReferences = "process-controller/references"

// SetupWithManager adds the controller and its watches to a manager.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.PersonalizationProcess{}, indexReferences, references); err != nil {
		return err
	}
	declared := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("process").
		// What people declare.
		For(&v1alpha1.PersonalizationProcess{}, declared).
		// A process that is put into another may close a circle, and taking it out opens it, for all of its members.
		Watches(&v1alpha1.PersonalizationProcess{}, handler.EnqueueRequestsFromMapFunc(r.nested), declared).
		// What a revision is closed over: a change of any of them is another revision, and one that appears heals.
		Watches(&v1alpha1.RuleSet{}, r.referring(translate.KindRuleSet), declared).
		Watches(&v1alpha1.InformationModel{}, r.referring(translate.KindInformationModel), declared).
		Watches(&v1alpha1.Agent{}, r.referring(translate.KindAgent), declared).
		Watches(&v1alpha1.PriorityPolicy{}, r.referring(translate.KindPriorityPolicy), declared).
		// A revision that somebody deleted is made again.
		Watches(&v1alpha1.ProcessRevision{}, handler.EnqueueRequestsFromMapFunc(ofProcess), builder.WithPredicates(deletedOnly())).
		// Districts come, go, and change the labels that select them, and their pins.
		Watches(&v1alpha1.District{}, handler.EnqueueRequestsFromMapFunc(r.all),
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		// What replicas serve, and whether they can.
		Watches(&v1alpha1.Evaluator{}, handler.EnqueueRequestsFromMapFunc(r.all), builder.WithPredicates(progressChanged())).
		Complete(r)
}

func references(object client.Object) []string {
	var keys []string
	for _, ref := range translate.References(object.(*v1alpha1.PersonalizationProcess)) {
		keys = append(keys, ref.Kind+"/"+ref.Name)
	}
	return keys
}

// referring maps an object to the processes that name it.
func (r *Reconciler) referring(kind string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		return r.requests(ctx, object.GetNamespace(), nil, client.MatchingFields{indexReferences: kind + "/" + object.GetName()})
	})
}

// nested maps a process to all that are within another.
func (r *Reconciler) nested(ctx context.Context, object client.Object) []reconcile.Request {
	return r.requests(ctx, object.GetNamespace(), func(p *v1alpha1.PersonalizationProcess) bool { return p.Spec.Within != nil })
}

// all maps an object to the processes of its namespace.
func (r *Reconciler) all(ctx context.Context, object client.Object) []reconcile.Request {
	return r.requests(ctx, object.GetNamespace(), nil)
}

func (r *Reconciler) requests(ctx context.Context, namespace string, only func(*v1alpha1.PersonalizationProcess) bool, opts ...client.ListOption) []reconcile.Request {
	var processes v1alpha1.PersonalizationProcessList
	opts = append(opts, client.InNamespace(namespace), client.UnsafeDisableDeepCopy)
	if err := r.Client.List(ctx, &processes, opts...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing processes to enqueue")
		return nil
	}
	var requests []reconcile.Request
	for i := range processes.Items {
		if only == nil || only(&processes.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&processes.Items[i])})
		}
	}
	return requests
}

func ofProcess(_ context.Context, object client.Object) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetLabels()[names.LabelProcess]}}}
}

func deletedOnly() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(event.UpdateEvent) bool { return false },
	}
}

// progressChanged passes what a process's status depends on: not each replica's
// own entry, only what all of them amount to.
func progressChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.Evaluator), e.ObjectNew.(*v1alpha1.Evaluator)
		return !slices.Equal(before.Spec.Districts, after.Spec.Districts) ||
			!equality.Semantic.DeepEqual(before.Status.Serving, after.Status.Serving) ||
			meta.IsStatusConditionFalse(before.Status.Conditions, v1alpha1.ConditionReady) != meta.IsStatusConditionFalse(after.Status.Conditions, v1alpha1.ConditionReady)
	}}
}

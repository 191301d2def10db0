// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	"github.com/juncture-dev/juncture/internal/translate"
)

// +kubebuilder:rbac:groups=juncture.dev,resources=districts,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=juncture.dev,resources=districts/status,verbs=patch
// +kubebuilder:rbac:groups=juncture.dev,resources=evaluators,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=juncture.dev,resources=decisionreports,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=juncture.dev,resources=personalizationprocesses;processrevisions,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const (
	// indexDistricts finds the evaluators that a district is placed on.
	indexDistricts = "district-controller/districts"
	// indexPins finds the districts that pin a ProcessRevision.
	indexPins = "district-controller/pins"
)

// SetupWithManager adds the controller and its watches to a manager.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Evaluator{}, indexDistricts, districtsOf); err != nil {
		return err
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.District{}, indexPins, pinsOf); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("district").
		WithOptions(controller.Options{MaxConcurrentReconciles: 1}).
		// What people declare; labels, because processes select by them.
		For(&v1alpha1.District{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		// An evaluator that somebody deleted is made again, and what it serves is the districts' status.
		Watches(&v1alpha1.Evaluator{}, handler.EnqueueRequestsFromMapFunc(onEvaluator), builder.WithPredicates(servingChanged())).
		// The evaluator reports there whether it could read the source; a report that somebody deleted is made again.
		Watches(&v1alpha1.DecisionReport{}, &handler.EnqueueRequestForObject{}, builder.WithPredicates(reportChanged())).
		// Processes begin and cease to select districts, and get revisions.
		Watches(&v1alpha1.PersonalizationProcess{}, handler.EnqueueRequestsFromMapFunc(r.selected), builder.WithPredicates(revisionChanged())).
		// A pinned revision that appears again.
		Watches(&v1alpha1.ProcessRevision{}, handler.EnqueueRequestsFromMapFunc(r.pinning)).
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

func pinsOf(object client.Object) []string {
	var found []string
	for _, pin := range object.(*v1alpha1.District).Spec.Pins {
		found = append(found, names.Revision(string(pin.Process), pin.Revision))
	}
	return found
}

func onEvaluator(_ context.Context, object client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, name := range districtsOf(object) {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKey{Namespace: object.GetNamespace(), Name: name}})
	}
	return requests
}

func (r *Reconciler) selected(ctx context.Context, object client.Object) []reconcile.Request {
	var districts v1alpha1.DistrictList
	if err := r.Client.List(ctx, &districts, client.InNamespace(object.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing districts to enqueue")
		return nil
	}
	selected, err := translate.Select(object.(*v1alpha1.PersonalizationProcess), districts.Items)
	if err != nil {
		return nil // told of on the process
	}
	return requests(selected)
}

func (r *Reconciler) pinning(ctx context.Context, object client.Object) []reconcile.Request {
	var districts v1alpha1.DistrictList
	if err := r.Client.List(ctx, &districts, client.InNamespace(object.GetNamespace()), client.MatchingFields{indexPins: object.GetName()}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing districts to enqueue")
		return nil
	}
	return requests(districts.Items)
}

func requests(districts []v1alpha1.District) []reconcile.Request {
	list := make([]reconcile.Request, 0, len(districts))
	for i := range districts {
		list = append(list, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&districts[i])})
	}
	return list
}

// servingChanged passes what a district's status depends on: not each replica's
// own entry, only what all of them amount to.
func servingChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.Evaluator), e.ObjectNew.(*v1alpha1.Evaluator)
		return before.Generation != after.Generation ||
			before.Status.ObservedGeneration != after.Status.ObservedGeneration ||
			!equality.Semantic.DeepEqual(before.Status.Serving, after.Status.Serving) ||
			conditionChanged(before.Status.Conditions, after.Status.Conditions, v1alpha1.ConditionReady)
	}}
}

func reportChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.DecisionReport), e.ObjectNew.(*v1alpha1.DecisionReport)
		return before.Generation != after.Generation ||
			conditionChanged(before.Status.Conditions, after.Status.Conditions, v1alpha1.ConditionSourceRead)
	}}
}

func revisionChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.PersonalizationProcess), e.ObjectNew.(*v1alpha1.PersonalizationProcess)
		return before.Generation != after.Generation || before.Status.Revision != after.Status.Revision
	}}
}

func conditionChanged(before, after []metav1.Condition, condition string) bool {
	was, is := meta.FindStatusCondition(before, condition), meta.FindStatusCondition(after, condition)
	if was == nil || is == nil {
		return was != is
	}
	return was.Status != is.Status || was.Reason != is.Reason || was.Message != is.Message
}

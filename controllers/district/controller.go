// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/apply"
	"github.com/juncture-dev/juncture/internal/names"
	"github.com/juncture-dev/juncture/internal/translate"
)

const (
	// FieldOwner of everything that this controller writes.
	FieldOwner = client.FieldOwner("juncture-district-controller")
	// Finalizer takes a district off its evaluator before it goes.
	Finalizer = "juncture.dev/placement"
)

// Reconciler places districts. It has one worker: two that placed at once would
// both see the same free place.
type Reconciler struct {
	Client client.Client
	Events events.EventRecorder
	Clock  clock.PassiveClock
	Limits Limits
	// Store is the volume that a new evaluator gets.
	Store v1alpha1.EvaluatorStore
}

// Reconcile places a district and reports.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	district := &v1alpha1.District{}
	if err := r.Client.Get(ctx, req.NamespacedName, district); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !district.DeletionTimestamp.IsZero() {
		return apply.Settle(r.finalize(ctx, district))
	}
	if err := apply.EnsureFinalizer(ctx, r.Client, district, Finalizer, FieldOwner); err != nil {
		return apply.Settle(err)
	}

	o, err := r.observe(ctx, district)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.place(ctx, o); err != nil {
		return apply.Settle(err)
	}
	return ctrl.Result{RequeueAfter: o.nextExpiry()}, r.report(ctx, o)
}

// finalize takes the district off its evaluator. Its record and its
// DecisionReport stay.
func (r *Reconciler) finalize(ctx context.Context, district *v1alpha1.District) error {
	if !controllerutil.ContainsFinalizer(district, Finalizer) {
		return nil
	}
	var evaluators v1alpha1.EvaluatorList
	if err := r.Client.List(ctx, &evaluators, client.InNamespace(district.Namespace), client.MatchingFields{indexDistricts: district.Name}); err != nil {
		return err
	}
	if err := r.rememberLeaving(ctx, district, evaluators.Items); err != nil {
		return err
	}
	for i := range evaluators.Items {
		if err := r.leave(ctx, &evaluators.Items[i], district.Name); err != nil {
			return err
		}
	}
	return apply.ReleaseFinalizer(ctx, r.Client, district, Finalizer, FieldOwner)
}

// rememberLeaving makes the report of a district that was placed and is deleted
// before there was one: a record may be there already.
func (r *Reconciler) rememberLeaving(ctx context.Context, district *v1alpha1.District, evaluators []v1alpha1.Evaluator) error {
	if len(evaluators) == 0 {
		return nil
	}
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(district), &v1alpha1.DecisionReport{})
	if apierrors.IsNotFound(err) {
		return r.Client.Create(ctx, newReport(district, placedOn(district.Name, evaluators, "").Name), FieldOwner)
	}
	return err
}

// observe gathers all that a district's placement and status depend on.
func (r *Reconciler) observe(ctx context.Context, district *v1alpha1.District) (*observation, error) {
	o := &observation{district: district, now: r.Clock.Now(), missing: map[v1alpha1.Digest]bool{}}
	inNamespace := client.InNamespace(district.Namespace)

	var evaluators v1alpha1.EvaluatorList
	if err := r.Client.List(ctx, &evaluators, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	o.evaluators = evaluators.Items

	report := &v1alpha1.DecisionReport{}
	switch err := r.Client.Get(ctx, client.ObjectKeyFromObject(district), report); {
	case err == nil:
		o.decisions = report
	case !apierrors.IsNotFound(err):
		return nil, err
	}

	var processes v1alpha1.PersonalizationProcessList
	if err := r.Client.List(ctx, &processes, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range processes.Items {
		process := &processes.Items[i]
		selected, err := translate.Select(process, []v1alpha1.District{*district})
		if err != nil || len(selected) == 0 { // a selector that cannot be read is told of on the process
			continue
		}
		o.processes = append(o.processes, process)
		if err := r.observePin(ctx, o, process.Name); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(o.processes, byName)
	o.placement = placement{}
	if district.Spec.Store == nil || placedOn(district.Name, o.evaluators, o.remembered()) != nil {
		o.placement = place(district, o.evaluators, o.remembered(), r.Limits)
	}
	return o, nil
}

// observePin notes a pin whose revision does not exist.
func (r *Reconciler) observePin(ctx context.Context, o *observation, process string) error {
	pin, _ := translate.PinOf(o.district, process, o.now)
	if pin == "" {
		return nil
	}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: o.district.Namespace, Name: names.Revision(process, pin)}, &v1alpha1.ProcessRevision{})
	if apierrors.IsNotFound(err) {
		o.missing[pin] = true
		return nil
	}
	return err
}

// place carries the placement out: first on the evaluator, whose version must be
// the one that was read, then in the report that remembers it. The other way
// round, a district whose turn was taken by another would come back as if its
// record were there, whether there is room or not.
func (r *Reconciler) place(ctx context.Context, o *observation) error {
	to := o.placement
	if to.evaluator == "" {
		return nil
	}
	if err := r.join(ctx, o, to); err != nil {
		return err
	}
	if err := r.remember(ctx, o, to.evaluator); err != nil {
		return err
	}
	for i := range o.evaluators { // decided in two places, a student could get two answers
		if e := &o.evaluators[i]; e.Name != to.evaluator && holds(e, o.district.Name) {
			if err := r.leave(ctx, e.DeepCopy(), o.district.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// remember keeps the DecisionReport, which has no owner and outlives the
// district.
func (r *Reconciler) remember(ctx context.Context, o *observation, evaluator string) error {
	if o.decisions == nil {
		o.decisions = newReport(o.district, evaluator)
		return r.Client.Create(ctx, o.decisions, FieldOwner)
	}
	if string(o.decisions.Spec.Evaluator) == evaluator {
		return nil
	}
	o.decisions.Spec.Evaluator = v1alpha1.ObjectName(evaluator)
	return r.Client.Update(ctx, o.decisions, FieldOwner)
}

// join puts the district on the evaluator. The update carries the version that
// was read, so districts that others put there meanwhile are never lost.
func (r *Reconciler) join(ctx context.Context, o *observation, to placement) error {
	existing := named(to.evaluator, o.evaluators)
	if existing == nil {
		evaluator := newEvaluator(o.district, to, r.Store)
		if err := r.Client.Create(ctx, evaluator, FieldOwner); err != nil {
			return err
		}
		r.placed(o.district, to.evaluator)
		return nil
	}
	joined := with(existing.Spec.Districts, o.district)
	if slices.Equal(joined, existing.Spec.Districts) {
		return nil
	}
	isNew := !holds(existing, o.district.Name)
	evaluator := existing.DeepCopy()
	evaluator.Spec.Districts = joined
	if err := r.Client.Update(ctx, evaluator, FieldOwner); err != nil {
		return err
	}
	if isNew {
		r.placed(o.district, to.evaluator)
	}
	return nil
}

// leave takes a district off an evaluator. An evaluator without districts goes;
// the claim with their records stays.
func (r *Reconciler) leave(ctx context.Context, evaluator *v1alpha1.Evaluator, district string) error {
	evaluator.Spec.Districts = without(evaluator.Spec.Districts, district)
	if len(evaluator.Spec.Districts) == 0 {
		uid, version := evaluator.UID, evaluator.ResourceVersion
		return client.IgnoreNotFound(r.Client.Delete(ctx, evaluator, client.Preconditions{UID: &uid, ResourceVersion: &version}))
	}
	return client.IgnoreNotFound(r.Client.Update(ctx, evaluator, FieldOwner))
}

// report writes the status where it has changed.
func (r *Reconciler) report(ctx context.Context, o *observation) error {
	status := o.status()
	before := o.district.Status.DeepCopy()
	if equality.Semantic.DeepEqual(before, &status) {
		return nil
	}
	if err := apply.Status(ctx, r.Client, FieldOwner, o.district, &status); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.changed(o.district, before.Conditions, status.Conditions)
	return nil
}

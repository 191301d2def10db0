// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/internal/apply"
	"github.com/juncture-dev/juncture/internal/names"
	"github.com/juncture-dev/juncture/internal/translate"
)

// FieldOwner of everything that this controller writes.
const FieldOwner = client.FieldOwner("juncture-process-controller")

// Reconciler keeps the revision and the status of processes.
type Reconciler struct {
	Client client.Client
	Events events.EventRecorder
	Clock  clock.PassiveClock
}

// Reconcile closes a process, keeps its revision, and reports.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	process := &v1alpha1.PersonalizationProcess{}
	if err := r.Client.Get(ctx, req.NamespacedName, process); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !process.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // its revisions stay
	}

	o, err := r.observe(ctx, process)
	if err != nil {
		return ctrl.Result{}, err
	}
	if o.refusal == nil {
		if o.refusal, err = r.keep(ctx, process, o.revision); err != nil {
			return apply.Settle(err)
		}
	}
	if err := r.report(ctx, o); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: o.nextExpiry()}, r.forget(ctx, o)
}

// observe gathers all that the process's revision and status depend on.
func (r *Reconciler) observe(ctx context.Context, process *v1alpha1.PersonalizationProcess) (*observation, error) {
	o := &observation{process: process, now: r.Clock.Now()}
	inNamespace := client.InNamespace(process.Namespace)

	var districts v1alpha1.DistrictList
	if err := r.Client.List(ctx, &districts, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	o.districts = districts.Items

	var evaluators v1alpha1.EvaluatorList
	if err := r.Client.List(ctx, &evaluators, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	o.evaluators = evaluators.Items

	var revisions v1alpha1.ProcessRevisionList
	if err := r.Client.List(ctx, &revisions, inNamespace, client.MatchingLabels{names.LabelProcess: process.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	o.revisions = revisions.Items

	var siblings v1alpha1.PersonalizationProcessList
	if process.Spec.Within != nil {
		if err := r.Client.List(ctx, &siblings, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
	}

	var err error
	if o.selected, err = translate.Select(process, o.districts); err != nil {
		o.refusal = refuse(err)
		return o, nil
	}
	o.revision, o.refusal, err = closeProcess(process, siblings.Items, &lookup{ctx: ctx, client: r.Client, namespace: process.Namespace}, o.compiled)
	return o, err
}

// keep creates the revision unless it is there. It is never updated.
func (r *Reconciler) keep(ctx context.Context, process *v1alpha1.PersonalizationProcess, revision *revision) (*refusal, error) {
	key := client.ObjectKey{Namespace: process.Namespace, Name: revision.name}
	existing := &v1alpha1.ProcessRevision{}
	err := r.Client.Get(ctx, key, existing)
	if apierrors.IsNotFound(err) {
		err = r.Client.Create(ctx, &v1alpha1.ProcessRevision{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: key.Namespace, Name: key.Name,
				Labels: map[string]string{names.LabelManagedBy: names.ManagedBy, names.LabelProcess: process.Name},
			},
			Spec: v1alpha1.ProcessRevisionSpec{
				Process: v1alpha1.ObjectName(process.Name), Digest: revision.digest, Bundle: revision.bundle, Engine: engine.Version,
			},
		}, FieldOwner)
		if err == nil {
			r.revised(process, revision)
		}
		return nil, err
	}
	if err == nil && (existing.Spec.Digest != revision.digest || existing.Spec.Bundle != revision.bundle) {
		return &refusal{
			reason:  v1alpha1.ReasonRevisionConflict,
			message: fmt.Sprintf("the ProcessRevision %s exists with another content: look who wrote it, then delete it", revision.name),
		}, nil
	}
	return nil, err
}

// report writes the status where it has changed.
func (r *Reconciler) report(ctx context.Context, o *observation) error {
	status := o.status()
	before := o.process.Status.DeepCopy()
	if equality.Semantic.DeepEqual(before, &status) {
		return nil
	}
	if err := apply.Status(ctx, r.Client, FieldOwner, o.process, &status); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.changed(o.process, before.Conditions, status.Conditions)
	return nil
}

// forget deletes the revisions that nobody needs any more.
func (r *Reconciler) forget(ctx context.Context, o *observation) error {
	if len(o.revisions) <= KeptRevisions {
		return nil
	}
	var reports v1alpha1.DecisionReportList
	if err := r.Client.List(ctx, &reports, client.InNamespace(o.process.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for _, revision := range o.forgettable(reports.Items) {
		uid := revision.UID
		if err := r.Client.Delete(ctx, revision.DeepCopy(), client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// lookup reads what a process refers to from the cache.
type lookup struct {
	ctx       context.Context // translate.Lookup is asked within one reconcile
	client    client.Client
	namespace string
}

func find[T client.Object](l *lookup, name string, into T) (T, error) {
	var none T
	err := l.client.Get(l.ctx, client.ObjectKey{Namespace: l.namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	return into, nil
}

func (l *lookup) InformationModel(name string) (*v1alpha1.InformationModel, error) {
	return find(l, name, &v1alpha1.InformationModel{})
}

func (l *lookup) RuleSet(name string) (*v1alpha1.RuleSet, error) {
	return find(l, name, &v1alpha1.RuleSet{})
}

func (l *lookup) Agent(name string) (*v1alpha1.Agent, error) {
	return find(l, name, &v1alpha1.Agent{})
}

func (l *lookup) PriorityPolicy(name string) (*v1alpha1.PriorityPolicy, error) {
	return find(l, name, &v1alpha1.PriorityPolicy{})
}

// nextExpiry is how long until a pin of a selected district expires; 0 for never.
func (o *observation) nextExpiry() time.Duration {
	var next time.Duration
	for i := range o.selected {
		if _, left := translate.PinOf(&o.selected[i], o.process.Name, o.now); left > 0 && (next == 0 || left < next) {
			next = left
		}
	}
	return next
}

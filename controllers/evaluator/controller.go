// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyac "k8s.io/client-go/applyconfigurations/policy/v1"
	rbacac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/apply"
	"github.com/juncture-dev/juncture/internal/names"
)

const (
	// FieldOwner of everything that this controller writes.
	FieldOwner = client.FieldOwner("juncture-evaluator-controller")
	// Finalizer takes away what nothing in a namespace can own.
	Finalizer = "juncture.dev/workload"
)

// Reconciler keeps the workload and the status of evaluators.
type Reconciler struct {
	Client client.Client
	// Live reads past the cache, where a late cache could do harm.
	Live    client.Reader
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	Options Options
}

// Reconcile runs what an evaluator is to serve, and reports.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	evaluator := &v1alpha1.Evaluator{}
	if err := r.Client.Get(ctx, req.NamespacedName, evaluator); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !evaluator.DeletionTimestamp.IsZero() {
		return apply.Settle(r.finalize(ctx, evaluator))
	}
	if err := apply.EnsureFinalizer(ctx, r.Client, evaluator, Finalizer, FieldOwner); err != nil {
		return apply.Settle(err)
	}

	want, err := r.decide(ctx, evaluator)
	if err != nil {
		return ctrl.Result{}, err
	}
	failure := r.run(ctx, evaluator, want)
	o, err := r.observe(ctx, evaluator, want, failure)
	if err != nil {
		return apply.Settle(errors.Join(failure, err))
	}
	if err := r.report(ctx, o); err != nil {
		return apply.Settle(errors.Join(failure, err))
	}
	if err := r.forgetReplicas(ctx, o); err != nil {
		return apply.Settle(errors.Join(failure, err))
	}
	if err := errors.Join(failure, r.prune(ctx, o)); err != nil {
		return apply.Settle(err)
	}
	return ctrl.Result{RequeueAfter: want.expires}, nil
}

// finalize removes everything but the claim, which holds the records.
func (r *Reconciler) finalize(ctx context.Context, evaluator *v1alpha1.Evaluator) error {
	if !controllerutil.ContainsFinalizer(evaluator, Finalizer) {
		return nil
	}
	if err := r.stop(ctx, evaluator); err != nil {
		return err
	}
	return apply.ReleaseFinalizer(ctx, r.Client, evaluator, Finalizer, FieldOwner)
}

// decide gathers what is declared and computes what the evaluator shall serve.
func (r *Reconciler) decide(ctx context.Context, evaluator *v1alpha1.Evaluator) (*wanted, error) {
	d := declared{evaluator: evaluator, revisions: map[string]*v1alpha1.ProcessRevision{}, claims: map[string]bool{}, now: r.Clock.Now()}
	inNamespace := client.InNamespace(evaluator.Namespace)
	for _, placed := range evaluator.Spec.Districts {
		district := v1alpha1.District{}
		err := r.Client.Get(ctx, client.ObjectKey{Namespace: evaluator.Namespace, Name: string(placed.Name)}, &district)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d.districts = append(d.districts, district)
		if err := r.findClaim(ctx, &district, d.claims); err != nil {
			return nil, err
		}
	}
	var processes v1alpha1.PersonalizationProcessList
	if err := r.Client.List(ctx, &processes, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	d.processes = processes.Items
	var revisions v1alpha1.ProcessRevisionList
	if err := r.Client.List(ctx, &revisions, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range revisions.Items {
		d.revisions[revisions.Items[i].Name] = &revisions.Items[i]
	}
	return assign(d)
}

// findClaim notes whether the claim of a district's source exists.
func (r *Reconciler) findClaim(ctx context.Context, district *v1alpha1.District, found map[string]bool) error {
	claim := claimOf(district)
	if claim == "" || found[claim] {
		return nil
	}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: district.Namespace, Name: claim}, &corev1.PersistentVolumeClaim{})
	found[claim] = err == nil
	return client.IgnoreNotFound(err)
}

// run brings about what is wanted: what pods need first, the Deployment last.
func (r *Reconciler) run(ctx context.Context, evaluator *v1alpha1.Evaluator, want *wanted) error {
	if !want.needed {
		return r.stop(ctx, evaluator)
	}
	w := &workload{evaluator: evaluator, want: want, options: r.Options}
	steps := []func() (string, bool, error){
		ensure(ctx, r.Client, &corev1.ServiceAccount{}, w.serviceAccount(), coreac.ExtractServiceAccount),
		ensure(ctx, r.Client, &rbacv1.Role{}, w.role(), rbacac.ExtractRole),
		ensure(ctx, r.Client, &rbacv1.RoleBinding{}, w.roleBinding(), rbacac.ExtractRoleBinding),
		ensure(ctx, r.Client, &rbacv1.ClusterRoleBinding{}, w.clusterRoleBinding(), rbacac.ExtractClusterRoleBinding),
		ensure(ctx, r.Client, &corev1.PersistentVolumeClaim{}, w.claim(), coreac.ExtractPersistentVolumeClaim),
	}
	for _, digest := range want.digests() {
		steps = append(steps, ensure(ctx, r.Client, &corev1.ConfigMap{}, w.revisionConfigMap(digest), coreac.ExtractConfigMap))
	}
	steps = append(steps,
		ensure(ctx, r.Client, &corev1.ConfigMap{}, w.assignmentConfigMap(), coreac.ExtractConfigMap),
		ensure(ctx, r.Client, &networkingv1.NetworkPolicy{}, w.networkPolicy(), networkingac.ExtractNetworkPolicy),
		ensure(ctx, r.Client, &corev1.Service{}, w.service(), coreac.ExtractService),
		ensure(ctx, r.Client, &policyv1.PodDisruptionBudget{}, w.disruptionBudget(), policyac.ExtractPodDisruptionBudget),
		ensure(ctx, r.Client, &appsv1.Deployment{}, w.deployment(), appsac.ExtractDeployment),
	)
	for _, step := range steps {
		if object, _, err := step(); err != nil {
			return &workloadError{object: object, err: err}
		}
	}
	return nil
}

// workloadError says which of an evaluator's objects could not be written.
type workloadError struct {
	object string
	err    error
}

func (e *workloadError) Error() string { return fmt.Sprintf("%s: %v", e.object, e.err) }
func (e *workloadError) Unwrap() error { return e.err }

// ensure is a step of run.
func ensure[Live client.Object, Want apply.Configuration](
	ctx context.Context, c client.Client, live Live, want Want, extract func(Live, string) (Want, error),
) func() (string, bool, error) {
	return func() (string, bool, error) {
		changed, err := apply.Ensure(ctx, c, FieldOwner, live, want, extract)
		return fmt.Sprintf("%s %s", kindOf(live), *want.GetName()), changed, err
	}
}

func kindOf(object client.Object) string {
	kind := fmt.Sprintf("%T", object)
	return kind[strings.LastIndexByte(kind, '.')+1:]
}

// stop removes everything that run writes, but the claim and the bundles that
// other evaluators may use.
func (r *Reconciler) stop(ctx context.Context, evaluator *v1alpha1.Evaluator) error {
	name := client.ObjectKey{Namespace: evaluator.Namespace, Name: names.Workload(evaluator.Name)}
	for _, object := range []client.Object{
		&appsv1.Deployment{}, &policyv1.PodDisruptionBudget{}, &corev1.Service{}, &networkingv1.NetworkPolicy{},
		&rbacv1.RoleBinding{}, &rbacv1.Role{}, &corev1.ServiceAccount{},
	} {
		if err := r.remove(ctx, name, object); err != nil {
			return err
		}
	}
	binding := client.ObjectKey{Name: names.ClusterRoleBinding(evaluator.Namespace, evaluator.Name)}
	return r.remove(ctx, binding, &rbacv1.ClusterRoleBinding{})
}

// remove deletes an object that is ours and not on its way out already.
func (r *Reconciler) remove(ctx context.Context, key client.ObjectKey, object client.Object) error {
	if err := r.Client.Get(ctx, key, object); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		return nil
	}
	uid := object.GetUID()
	return client.IgnoreNotFound(r.Client.Delete(ctx, object, client.Preconditions{UID: &uid}, client.PropagationPolicy("Background")))
}

// observe reads what the evaluator's pods do and its replicas say.
func (r *Reconciler) observe(ctx context.Context, evaluator *v1alpha1.Evaluator, want *wanted, failure error) (*observation, error) {
	o := &observation{evaluator: evaluator, want: want, failure: failure, now: r.Clock.Now()}
	ofEvaluator := []client.ListOption{client.InNamespace(evaluator.Namespace), client.MatchingLabels(names.EvaluatorSelector(evaluator.Name)), client.UnsafeDisableDeepCopy}

	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, ofEvaluator...); err != nil {
		return nil, err
	}
	o.pods = pods.Items
	var configs corev1.ConfigMapList
	if err := r.Client.List(ctx, &configs, ofEvaluator...); err != nil {
		return nil, err
	}
	o.assignments = configs.Items
	deployment := &appsv1.Deployment{}
	switch err := r.Client.Get(ctx, client.ObjectKey{Namespace: evaluator.Namespace, Name: names.Workload(evaluator.Name)}, deployment); {
	case err == nil:
		o.deployment = deployment
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	return o, nil
}

// report writes the status where it has changed, all but the replicas' own
// entries.
func (r *Reconciler) report(ctx context.Context, o *observation) error {
	status := o.status()
	before := o.evaluator.Status.DeepCopy()
	before.Replicas = nil
	if equality.Semantic.DeepEqual(before, &status) {
		return nil
	}
	if err := apply.Status(ctx, r.Client, FieldOwner, o.evaluator, &status); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.changed(o.evaluator, before, &status)
	return nil
}

// forgetReplicas removes the entries of pods that are gone. Each replica owns its
// entry, and nobody else can take it back by applying; so this is an update of
// the version that was read. Whether a pod is gone is asked of the API server
// itself: the entry of a pod that the cache does not know yet must stay, because
// its replica would not write it twice.
func (r *Reconciler) forgetReplicas(ctx context.Context, o *observation) error {
	var gone []string
	for _, name := range o.unknownReplicas() {
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: o.evaluator.Namespace, Name: name}, &corev1.Pod{})
		if err == nil {
			continue
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		gone = append(gone, name)
	}
	if len(gone) == 0 {
		return nil
	}
	current := &v1alpha1.Evaluator{}
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(o.evaluator), current); err != nil {
		return client.IgnoreNotFound(err)
	}
	current.Status.Replicas = slices.DeleteFunc(current.Status.Replicas, func(e v1alpha1.EvaluatorReplica) bool { return slices.Contains(gone, e.Name) })
	return client.IgnoreNotFound(r.Client.Status().Update(ctx, current, FieldOwner))
}

// prune deletes the ConfigMaps that no pod reads any more.
func (r *Reconciler) prune(ctx context.Context, o *observation) error {
	for _, config := range o.staleAssignments() {
		if err := r.remove(ctx, client.ObjectKeyFromObject(config), &corev1.ConfigMap{}); err != nil {
			return err
		}
	}
	stale, err := r.staleBundles(ctx, o)
	if err != nil {
		return err
	}
	for _, config := range stale {
		if err := r.remove(ctx, client.ObjectKeyFromObject(config), &corev1.ConfigMap{}); err != nil {
			return err
		}
	}
	return nil
}

// staleBundles are the revisions' ConfigMaps that no Deployment and no pod of
// the namespace mounts, and no process is to be served by. Should another
// evaluator come to need one at this very moment, its deletion wakes it up and
// the ConfigMap is made again.
func (r *Reconciler) staleBundles(ctx context.Context, o *observation) ([]*corev1.ConfigMap, error) {
	inNamespace := client.InNamespace(o.evaluator.Namespace)
	var bundles corev1.ConfigMapList
	if err := r.Client.List(ctx, &bundles, inNamespace, client.MatchingLabels{names.LabelComponent: names.ComponentRevision}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	if o.want.needed {
		for _, digest := range o.want.digests() {
			used[names.RevisionConfigMap(digest)] = true
		}
	}
	if !slices.ContainsFunc(bundles.Items, func(c corev1.ConfigMap) bool { return !used[c.Name] }) {
		return nil, nil
	}

	var deployments appsv1.DeploymentList
	if err := r.Client.List(ctx, &deployments, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range deployments.Items {
		mountedBundles(&deployments.Items[i].Spec.Template.Spec, used)
	}
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, inNamespace, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		mountedBundles(&pods.Items[i].Spec, used)
	}
	var stale []*corev1.ConfigMap
	for i := range bundles.Items {
		if !used[bundles.Items[i].Name] {
			stale = append(stale, &bundles.Items[i])
		}
	}
	return stale, nil
}

func mountedBundles(spec *corev1.PodSpec, used map[string]bool) {
	for _, volume := range spec.Volumes {
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.ConfigMap != nil {
				used[source.ConfigMap.Name] = true
			}
		}
	}
}

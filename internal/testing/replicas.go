// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package testing

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/apply"
	"github.com/juncture-dev/juncture/internal/names"
)

// Replicas plays what an API server alone does not do: the Deployment
// controller, the kubelet, and in each pod an evaluator that says what it
// serves, with the rights of the pod's own account and nothing more.
type Replicas struct {
	// Admin is a client that may do anything, Config what it is made from.
	Admin  client.Client
	Config *rest.Config

	mu      sync.Mutex
	paused  map[string]bool // namespaces in which no pod starts
	created atomic.Int64
	reports map[string]error // by namespace: the last failed report
}

// Pause keeps new pods of a namespace from starting, or lets them.
func (r *Replicas) Pause(namespace string, paused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paused == nil {
		r.paused = map[string]bool{}
	}
	r.paused[namespace] = paused
}

// Trouble is the last report of the namespace's replicas that failed.
func (r *Replicas) Trouble(namespace string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reports[namespace]
}

// Run plays until the context ends.
func (r *Replicas) Run(ctx context.Context) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.step(ctx)
		}
	}
}

// step looks once at all Deployments and pods.
func (r *Replicas) step(ctx context.Context) {
	ours := client.MatchingLabels{names.LabelManagedBy: names.ManagedBy, names.LabelComponent: names.ComponentEvaluator}
	var deployments appsv1.DeploymentList
	var pods corev1.PodList
	if r.Admin.List(ctx, &deployments, ours) != nil || r.Admin.List(ctx, &pods, ours) != nil {
		return // the API server is stopping
	}
	running := map[client.ObjectKey]*corev1.Pod{} // by Deployment
	for i := range pods.Items {
		pod := &pods.Items[i]
		deployment := client.ObjectKey{Namespace: pod.Namespace, Name: pod.Annotations["deployment"]}
		if want := find(deployments.Items, deployment); want == nil || want.Spec.Template.Annotations[names.AnnotationAssignment] != pod.Annotations[names.AnnotationAssignment] {
			_ = r.Admin.Delete(ctx, pod, client.GracePeriodSeconds(0)) // if not now, then the next time
			continue
		}
		running[deployment] = pod
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		key := client.ObjectKeyFromObject(d)
		r.mu.Lock()
		paused := r.paused[d.Namespace]
		r.mu.Unlock()
		switch pod := running[key]; {
		case paused:
		case pod == nil:
			r.start(ctx, d)
		default:
			err := r.report(ctx, pod)
			r.mu.Lock()
			if r.reports == nil {
				r.reports = map[string]error{}
			}
			r.reports[pod.Namespace] = err
			r.mu.Unlock()
		}
	}
}

func find(deployments []appsv1.Deployment, key client.ObjectKey) *appsv1.Deployment {
	for i := range deployments {
		if client.ObjectKeyFromObject(&deployments[i]) == key {
			return &deployments[i]
		}
	}
	return nil
}

// start creates a pod that runs at once.
func (r *Replicas) start(ctx context.Context, d *appsv1.Deployment) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: fmt.Sprintf("%s-%d", d.Name, r.created.Add(1)),
			Labels:      d.Spec.Template.Labels,
			Annotations: map[string]string{"deployment": d.Name, names.AnnotationAssignment: d.Spec.Template.Annotations[names.AnnotationAssignment]},
		},
		Spec: *d.Spec.Template.Spec.DeepCopy(),
	}
	if err := r.Admin.Create(ctx, pod); err != nil {
		return
	}
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	_ = r.Admin.Status().Update(ctx, pod) // a pod that did not become ready serves nothing, and the test says so
}

// report is what the evaluator in the pod says: its own entry, once.
func (r *Replicas) report(ctx context.Context, pod *corev1.Pod) error {
	evaluator := &v1alpha1.Evaluator{}
	key := client.ObjectKey{Namespace: pod.Namespace, Name: pod.Labels[names.LabelEvaluator]}
	if err := r.Admin.Get(ctx, key, evaluator); err != nil {
		return client.IgnoreNotFound(err)
	}
	for _, entry := range evaluator.Status.Replicas {
		if entry.Name == pod.Name {
			return nil
		}
	}
	own, err := r.as(pod)
	if err != nil {
		return err
	}
	status := &v1alpha1.EvaluatorStatus{Replicas: []v1alpha1.EvaluatorReplica{{
		Name: pod.Name, Ready: true, Assignment: v1alpha1.Digest(pod.Annotations[names.AnnotationAssignment]),
	}}}
	err = apply.Status(ctx, own, client.FieldOwner("juncture-evaluator/"+pod.Name), evaluator, status)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // the evaluator is gone
	}
	return err
}

// as is a client with the rights of the pod's account.
func (r *Replicas) as(pod *corev1.Pod) (client.Client, error) {
	config := rest.CopyConfig(r.Config)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + pod.Namespace + ":" + pod.Spec.ServiceAccountName,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + pod.Namespace, "system:authenticated"},
	}
	return client.New(config, client.Options{Scheme: r.Admin.Scheme(), Mapper: r.Admin.RESTMapper()})
}

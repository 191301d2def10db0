// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/names"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// pod that runs and is ready.
func pod(name string, change ...func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{
		Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func waiting(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = nil
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Image: "registry.example/evaluator:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", Message: "a student's name, perhaps"}},
		}}
	}
}

func TestReady(t *testing.T) {
	maths := jtesting.MakeProcess("n", "maths").Revision(digest("b"))
	want := func(processes ...*jtesting.Process) *wanted {
		w, err := assign(given(processes, jtesting.MakeDistrict("n", "boston")))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	now := want(maths)
	earlier := want(jtesting.MakeProcess("n", "maths").Revision(digest("a")))
	says := func(pod string, digest v1alpha1.Digest, ready bool) v1alpha1.EvaluatorReplica {
		return v1alpha1.EvaluatorReplica{Name: pod, Assignment: digest, Ready: ready}
	}
	gone := func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon} }
	failed := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }
	unready := func(p *corev1.Pod) { p.Status.Conditions = nil }
	invalid := &workloadError{"PersistentVolumeClaim juncture-record-shared-0", apierrors.NewInvalid(schema.GroupKind{}, "x", nil)}

	cases := map[string]struct {
		want     *wanted
		pods     []corev1.Pod
		replicas []v1alpha1.EvaluatorReplica
		failure  error
		refusal  string // of the Deployment's pods

		status  metav1.ConditionStatus
		reason  string
		says    string // in the message
		serving []v1alpha1.ServedRevision
	}{
		"serves": {
			want: now, pods: []corev1.Pod{pod("p")}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true)},
			status: "True", reason: v1alpha1.ReasonServing, serving: []v1alpha1.ServedRevision{{Process: "maths", Revision: digest("b"), Districts: 1}},
		},
		"serves an earlier assignment still": {
			want: now, pods: []corev1.Pod{pod("p")}, replicas: []v1alpha1.EvaluatorReplica{says("p", earlier.digest, true)},
			status: "Unknown", reason: v1alpha1.ReasonReplicasPending, says: "0 of 1", serving: []v1alpha1.ServedRevision{{Process: "maths", Revision: digest("a"), Districts: 1}},
		},
		"of two replicas one serves: nothing is served by both": {
			want: now, pods: []corev1.Pod{pod("p"), pod("q")}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true), says("q", earlier.digest, true)},
			status: "Unknown", reason: v1alpha1.ReasonReplicasPending, says: "1 of 2",
		},
		"a pod that is on its way out does not count": {
			want: now, pods: []corev1.Pod{pod("p"), pod("q", gone)}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true), says("q", earlier.digest, true)},
			status: "True", reason: v1alpha1.ReasonServing, serving: []v1alpha1.ServedRevision{{Process: "maths", Revision: digest("b"), Districts: 1}},
		},
		"the entry of a pod that is gone says nothing": {
			want: now, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true)}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending, says: "0 of 1",
		},
		"nor that of a pod that failed": {
			want: now, pods: []corev1.Pod{pod("p", failed)}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true)}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending,
		},
		"nor that of a container that came to an end since": {
			want: now, pods: []corev1.Pod{pod("p", unready)}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, true)}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending,
		},
		"nor one that is not ready": {
			want: now, pods: []corev1.Pod{pod("p")}, replicas: []v1alpha1.EvaluatorReplica{says("p", now.digest, false)}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending,
		},
		"no image": {
			want: now, pods: []corev1.Pod{pod("p", waiting("ImagePullBackOff", "Back-off"))}, status: "False", reason: v1alpha1.ReasonReplicasFailing,
			says: "the image cannot be pulled: registry.example/evaluator:1",
		},
		"keeps crashing: how, but not what it said": {
			want: now, pods: []corev1.Pod{pod("p", waiting("CrashLoopBackOff", "back-off 10s"))}, status: "False", reason: v1alpha1.ReasonReplicasFailing,
			says: "keeps ending with exit code 137 (OOMKilled): see its log",
		},
		"no node, because a claim is missing": {
			want: now, pods: []corev1.Pod{pod("p", func(p *corev1.Pod) {
				p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
					{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: `persistentvolumeclaim "boston-roster" not found`},
				}}
			})}, status: "False", reason: v1alpha1.ReasonReplicasFailing, says: `persistentvolumeclaim "boston-roster" not found`,
		},
		"waits for a volume": {
			want: now, pods: []corev1.Pod{pod("p", waiting("ContainerCreating", ""))}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending, says: "juncture-record-shared-0, boston-roster",
		},
		"no pod may be created": {
			want: now, refusal: "exceeded quota", status: "False", reason: v1alpha1.ReasonReplicasFailing, says: "exceeded quota",
		},
		"the cluster refuses an object": {
			want: now, failure: invalid, status: "False", reason: v1alpha1.ReasonWorkloadInvalid, says: "PersistentVolumeClaim juncture-record-shared-0",
		},
		"the cluster did not answer": {
			want: now, failure: &workloadError{"Role evaluator-shared-0", errors.New("time-out")}, status: "Unknown", reason: v1alpha1.ReasonReplicasPending, says: "time-out",
		},
		"nothing selects its districts": {want: want(), status: "True", reason: v1alpha1.ReasonNothingAssigned, says: "juncture-record-shared-0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			evaluator := given(nil, jtesting.MakeDistrict("n", "boston")).evaluator
			evaluator.Status.Replicas = c.replicas
			o := &observation{evaluator: evaluator, want: c.want, pods: c.pods, failure: c.failure, now: noon, assignments: []corev1.ConfigMap{{
				ObjectMeta: metav1.ObjectMeta{Name: names.AssignmentConfigMap("shared-0", string(earlier.digest))}, Data: map[string]string{assignment.File: earlier.canonical},
			}}}
			if c.refusal != "" {
				o.deployment = &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
					{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: c.refusal},
				}}}
			}
			status := o.status()
			ready := status.Conditions[0]
			if ready.Status != c.status || ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) {
				t.Errorf("%s %s %q, want %s %s %q", ready.Status, ready.Reason, ready.Message, c.status, c.reason, c.says)
			}
			if strings.Contains(ready.Message, "student") {
				t.Errorf("the message repeats what a container said: %q", ready.Message)
			}
			if diff := cmp.Diff(c.serving, status.Serving); diff != "" {
				t.Errorf("serving (-want +got):\n%s", diff)
			}
			if status.Replicas != nil {
				t.Error("the controller writes the replicas' own entries")
			}
		})
	}
}

// What a pod is allowed: Pod Security "restricted", as far as its fields say so
// without a cluster (the end-to-end tests ask one).
func TestPodIsRestricted(t *testing.T) {
	want, err := assign(given([]*jtesting.Process{jtesting.MakeProcess("n", "maths").Revision(digest("b"))},
		jtesting.MakeDistrict("n", "boston"), jtesting.MakeDistrict("n", "d").URL("https://sis.example.org/export.zip", "sis")))
	if err != nil {
		t.Fatal(err)
	}
	w := &workload{evaluator: jtesting.MakeEvaluator("n", "shared-0").Obj(), want: want, options: Options{Image: "evaluator"}}
	raw, err := json.Marshal(w.deployment())
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := json.Unmarshal(raw, &deployment); err != nil {
		t.Fatal(err)
	}
	spec := deployment.Spec.Template.Spec
	c := spec.Containers[0]
	for what, holds := range map[string]bool{
		"recreate":             deployment.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType,
		"non-root":             *spec.SecurityContext.RunAsNonRoot && *spec.SecurityContext.RunAsUser == 65532,
		"seccomp":              spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":        !*c.SecurityContext.AllowPrivilegeEscalation && c.SecurityContext.Privileged == nil,
		"no capabilities":      len(c.SecurityContext.Capabilities.Drop) == 1 && c.SecurityContext.Capabilities.Drop[0] == "ALL" && c.SecurityContext.Capabilities.Add == nil,
		"read-only root":       *c.SecurityContext.ReadOnlyRootFilesystem,
		"not of the host":      !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
		"probes over TLS":      c.LivenessProbe.HTTPGet.Scheme == corev1.URISchemeHTTPS && c.ReadinessProbe.HTTPGet.Path == "/readyz",
		"the digest is in it":  deployment.Spec.Template.Annotations[names.AnnotationAssignment] == string(want.digest),
		"its pods are found":   deployment.Spec.Selector.MatchLabels[names.LabelEvaluator] == deployment.Spec.Template.Labels[names.LabelEvaluator],
		"its own service user": spec.ServiceAccountName == names.Workload("shared-0"),
	} {
		if !holds {
			t.Errorf("not so: %s", what)
		}
	}
	for _, m := range c.VolumeMounts {
		if writable := m.Name == "record" || m.Name == "tmp"; m.ReadOnly == writable {
			t.Errorf("%s is mounted read-only: %t", m.Name, m.ReadOnly)
		}
	}
	if len(c.VolumeMounts) != 6 || len(spec.Volumes) != 6 {
		t.Errorf("%d mounts, %d volumes, want record, tmp, assignment, bundles, a claim and a Secret", len(c.VolumeMounts), len(spec.Volumes))
	}
}

func TestWorkloadNamesAreDNSLabels(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, evaluator := range []string{"shared-0", long, long[:62] + "b"} {
		if name := names.Workload(evaluator); len(name) > 63 {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
	if names.Workload(long) == names.Workload(long[:62]+"b") {
		t.Error("two evaluators have one name")
	}
}

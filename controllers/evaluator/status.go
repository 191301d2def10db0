// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/names"
)

const (
	wantedReplicas = 1
	maxMessage     = 1024
	maxServing     = 256 // what status.serving can hold
)

// observation is what was found about an evaluator after its workload was
// written.
type observation struct {
	evaluator   *v1alpha1.Evaluator
	want        *wanted
	failure     error              // of writing the workload
	deployment  *appsv1.Deployment // nil if there is none
	pods        []corev1.Pod
	assignments []corev1.ConfigMap // of the evaluator
	now         time.Time
}

// status is what the observation amounts to, without the replicas' own entries.
func (o *observation) status() v1alpha1.EvaluatorStatus {
	status := v1alpha1.EvaluatorStatus{
		ObservedGeneration: o.evaluator.Generation,
		Conditions:         slices.Clone(o.evaluator.Status.Conditions),
		Serving:            o.serving(),
	}
	if o.want.needed {
		status.Assignment = o.want.digest
	}
	value, reason, message := o.ready()
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: value, Reason: reason, Message: shorten(message),
		ObservedGeneration: o.evaluator.Generation, LastTransitionTime: metav1.NewTime(o.now.Truncate(time.Second)),
	})
	return status
}

func (o *observation) ready() (metav1.ConditionStatus, string, string) {
	var workload *workloadError
	live := o.live()
	serving := 0
	for _, pod := range live {
		if entry := o.entry(pod); entry != nil && entry.Assignment == o.want.digest {
			serving++
		}
	}
	count := fmt.Sprintf("%d of %d replicas serve the wanted assignment", serving, max(wantedReplicas, len(live)))
	if missing := o.want.sources.missing; len(missing) > 0 {
		count += "; claims of sources that do not exist: " + strings.Join(missing, ", ")
	}
	troubles := o.troubles(live)
	switch {
	case errors.As(o.failure, &workload) && refused(o.failure):
		return metav1.ConditionFalse, v1alpha1.ReasonWorkloadInvalid, "The cluster refuses " + workload.Error()
	case o.failure != nil:
		return metav1.ConditionUnknown, v1alpha1.ReasonReplicasPending, "Trying again: " + o.failure.Error()
	case !o.want.needed:
		return metav1.ConditionTrue, v1alpha1.ReasonNothingAssigned, "No process selects any of its districts; their record stays on the claim " + names.Claim(o.evaluator.Name)
	case serving >= wantedReplicas && serving == len(live) && len(o.want.bundles) == 0:
		return metav1.ConditionTrue, v1alpha1.ReasonNothingAssigned, "No process is to run in any of its districts; it answers reads"
	case serving >= wantedReplicas && serving == len(live):
		return metav1.ConditionTrue, v1alpha1.ReasonServing, count
	case len(troubles) > 0:
		return metav1.ConditionFalse, v1alpha1.ReasonReplicasFailing, count + "; " + strings.Join(troubles, "; ")
	}
	if waits := o.waitingForVolumes(live); waits != "" {
		count += "; " + waits
	}
	return metav1.ConditionUnknown, v1alpha1.ReasonReplicasPending, count
}

// refused says whether trying again is of no use until somebody acts.
func refused(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err)
}

// live are the pods that serve or are to serve: not those that are on their way
// out or have ended.
func (o *observation) live() []*corev1.Pod {
	var live []*corev1.Pod
	for i := range o.pods {
		pod := &o.pods[i]
		if pod.DeletionTimestamp.IsZero() && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			live = append(live, pod)
		}
	}
	slices.SortFunc(live, func(a, b *corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return live
}

// entry is what the pod's replica says, if it stands by it: an entry outlives a
// crash of the replica's container, so the pod must be ready as well.
func (o *observation) entry(pod *corev1.Pod) *v1alpha1.EvaluatorReplica {
	ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	i := slices.IndexFunc(o.evaluator.Status.Replicas, func(e v1alpha1.EvaluatorReplica) bool { return e.Name == pod.Name })
	if !ready || i < 0 || !o.evaluator.Status.Replicas[i].Ready {
		return nil
	}
	return &o.evaluator.Status.Replicas[i]
}

// serving is what every live replica serves, whether it is wanted any more or
// not.
func (o *observation) serving() []v1alpha1.ServedRevision {
	type served struct {
		district string
		process  assignment.Process
	}
	live := o.live()
	replicas := map[served]int{}
	for _, pod := range live {
		entry := o.entry(pod)
		if entry == nil {
			return nil
		}
		for _, district := range o.assignment(entry.Assignment).Districts {
			for _, process := range district.Processes {
				replicas[served{district.Name, process}]++
			}
		}
	}
	districts := map[assignment.Process]int32{}
	for s, count := range replicas {
		if count == len(live) {
			districts[s.process]++
		}
	}
	var all []v1alpha1.ServedRevision
	for process, count := range districts {
		all = append(all, v1alpha1.ServedRevision{Process: v1alpha1.ObjectName(process.Name), Revision: v1alpha1.Digest(process.Revision), Districts: count})
	}
	slices.SortFunc(all, func(a, b v1alpha1.ServedRevision) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Revision, b.Revision))
	})
	return all[:min(len(all), maxServing)]
}

// assignment that a digest names: the wanted one, or an earlier one that is
// still mounted somewhere.
func (o *observation) assignment(digest v1alpha1.Digest) assignment.Assignment {
	if digest == o.want.digest {
		return o.want.assignment
	}
	name := names.AssignmentConfigMap(o.evaluator.Name, string(digest))
	for i := range o.assignments {
		if o.assignments[i].Name != name {
			continue
		}
		raw := o.assignments[i].Data[assignment.File]
		var earlier assignment.Assignment
		if v1alpha1.Digest(bundle.DigestOf([]byte(raw))) == digest && json.Unmarshal([]byte(raw), &earlier) == nil {
			return earlier
		}
	}
	return assignment.Assignment{}
}

// unknownReplicas are the entries of replicas whose pod the cache does not know.
func (o *observation) unknownReplicas() []string {
	var unknown []string
	for _, entry := range o.evaluator.Status.Replicas {
		if !slices.ContainsFunc(o.pods, func(p corev1.Pod) bool { return p.Name == entry.Name }) {
			unknown = append(unknown, entry.Name)
		}
	}
	return unknown
}

// staleAssignments are those that are neither wanted nor mounted by a pod.
func (o *observation) staleAssignments() []*corev1.ConfigMap {
	used := map[string]bool{}
	if o.want.needed {
		used[names.AssignmentConfigMap(o.evaluator.Name, string(o.want.digest))] = true
	}
	if o.deployment != nil { // what it says is out of date only until the next write
		used[names.AssignmentConfigMap(o.evaluator.Name, o.deployment.Spec.Template.Annotations[names.AnnotationAssignment])] = true
	}
	for i := range o.pods {
		used[names.AssignmentConfigMap(o.evaluator.Name, o.pods[i].Annotations[names.AnnotationAssignment])] = true
	}
	var stale []*corev1.ConfigMap
	for i := range o.assignments {
		if !used[o.assignments[i].Name] {
			stale = append(stale, &o.assignments[i])
		}
	}
	return stale
}

// keepsWaiting are the reasons of a waiting container that do not pass by
// themselves.
var keepsWaiting = map[string]string{
	"ErrImagePull":               "the image cannot be pulled: ",
	"ImagePullBackOff":           "the image cannot be pulled: ",
	"ErrImageNeverPull":          "the image is not on the node: ",
	"InvalidImageName":           "the image has no valid name: ",
	"CreateContainerConfigError": "the container cannot be configured: ",
	"CreateContainerError":       "the container cannot be created: ",
	"RunContainerError":          "the container cannot be run: ",
}

// troubles is what the pods, or the lack of them, say about why they do not
// serve. Texts are chosen so that they stay the same while the trouble does;
// what a container itself says is not repeated here.
func (o *observation) troubles(live []*corev1.Pod) []string {
	var found []string
	if o.deployment != nil && len(live) == 0 {
		for _, c := range o.deployment.Status.Conditions {
			if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
				found = append(found, "no pod can be created: "+c.Message)
			}
		}
	}
	for _, pod := range live {
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
				found = append(found, "no node takes the pod: "+c.Message)
			}
		}
		for i := range pod.Status.ContainerStatuses {
			if trouble := containerTrouble(&pod.Status.ContainerStatuses[i]); trouble != "" {
				found = append(found, trouble)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func containerTrouble(status *corev1.ContainerStatus) string {
	waiting := status.State.Waiting
	if waiting == nil {
		return ""
	}
	if waiting.Reason == "CrashLoopBackOff" {
		if last := status.LastTerminationState.Terminated; last != nil {
			return fmt.Sprintf("the container keeps ending with exit code %d (%s): see its log", last.ExitCode, last.Reason)
		}
		return "the container keeps ending: see its log"
	}
	text, known := keepsWaiting[waiting.Reason]
	switch {
	case !known:
		return ""
	case strings.Contains(text, "image"):
		return text + status.Image
	}
	return text + waiting.Message
}

// waitingForVolumes names what a pod that was scheduled, and whose container was
// not created, is likely to wait for: the kubelet tells of it in events only.
func (o *observation) waitingForVolumes(live []*corev1.Pod) string {
	creating := slices.ContainsFunc(live, func(pod *corev1.Pod) bool {
		return slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
			return s.State.Waiting != nil && s.State.Waiting.Reason == "ContainerCreating"
		})
	})
	if !creating {
		return ""
	}
	claims := append([]string{names.Claim(o.evaluator.Name)}, o.want.sources.claims...)
	return "containers are being created, with the claims " + strings.Join(claims, ", ")
}

// shorten keeps a message to what a reader can take in.
func shorten(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

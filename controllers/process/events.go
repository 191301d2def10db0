// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Events of a process, each after what it tells of has happened.
const (
	eventRevised  = "Revised"
	eventRejected = "Rejected"
	eventServing  = "Serving"
)

// revised: a revision was created that had not been there.
func (r *Reconciler) revised(process *v1alpha1.PersonalizationProcess, revision *revision) {
	r.Events.Eventf(process, nil, corev1.EventTypeNormal, eventRevised, "Close", "Created %s", revision.name)
}

// changed tells of conditions that took another turn.
func (r *Reconciler) changed(process *v1alpha1.PersonalizationProcess, before, after []metav1.Condition) {
	if accepted := turned(v1alpha1.ConditionAccepted, before, after); accepted != nil && accepted.Status == metav1.ConditionFalse {
		r.Events.Eventf(process, nil, corev1.EventTypeWarning, eventRejected, "Close", "%s: %s", accepted.Reason, brief(accepted.Message))
	}
	if ready := turned(v1alpha1.ConditionReady, before, after); ready != nil && ready.Reason == v1alpha1.ReasonAllServing {
		r.Events.Eventf(process, nil, corev1.EventTypeNormal, eventServing, "Roll out", "%s", brief(ready.Message))
	}
}

// turned is the condition if its status or reason is another than before.
func turned(condition string, before, after []metav1.Condition) *metav1.Condition {
	was, is := meta.FindStatusCondition(before, condition), meta.FindStatusCondition(after, condition)
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return nil
	}
	return is
}

// brief keeps to the 1024 bytes that an event's note may have.
func brief(message string) string {
	const most = 900
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "… (see the condition)"
}

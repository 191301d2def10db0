// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// Events of an evaluator, each after what it tells of has happened.
const (
	eventRollout = "Rollout"
	eventServing = "Serving"
	eventFailing = "Failing"
)

// changed tells of a new assignment, and of Ready taking another turn.
func (r *Reconciler) changed(evaluator *v1alpha1.Evaluator, before, after *v1alpha1.EvaluatorStatus) {
	if after.Assignment != "" && before.Assignment != after.Assignment {
		r.Events.Eventf(evaluator, nil, corev1.EventTypeNormal, eventRollout, "Roll out", "Rolling out assignment %s", bundle.Digest(after.Assignment).Short())
	}
	was, is := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionReady), meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	if was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	switch {
	case is.Reason == v1alpha1.ReasonServing:
		r.Events.Eventf(evaluator, nil, corev1.EventTypeNormal, eventServing, "Roll out", "%s: %s", bundle.Digest(after.Assignment).Short(), is.Message)
	case is.Status == metav1.ConditionFalse:
		r.Events.Eventf(evaluator, nil, corev1.EventTypeWarning, eventFailing, "Roll out", "%s: %s", is.Reason, brief(is.Message))
	}
}

// brief keeps to the 1024 bytes that an event's note may have.
func brief(message string) string {
	const most = 900
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "… (see the condition)"
}

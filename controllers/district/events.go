// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Events of a district, each after what it tells of has happened.
const (
	eventPlaced    = "Placed"
	eventNotPlaced = "NotPlaced"
	eventSource    = "SourceUnreadable"
)

func (r *Reconciler) placed(district *v1alpha1.District, evaluator string) {
	r.Events.Eventf(district, nil, corev1.EventTypeNormal, eventPlaced, "Place", "Placed on evaluator %s", evaluator)
}

// changed tells of conditions that took a turn for the worse.
func (r *Reconciler) changed(district *v1alpha1.District, before, after []metav1.Condition) {
	for _, told := range []struct{ condition, reason string }{
		{v1alpha1.ConditionPlaced, eventNotPlaced}, {v1alpha1.ConditionSourceRead, eventSource},
	} {
		was, is := meta.FindStatusCondition(before, told.condition), meta.FindStatusCondition(after, told.condition)
		if is == nil || is.Status != metav1.ConditionFalse || was != nil && was.Status == is.Status && was.Reason == is.Reason {
			continue
		}
		r.Events.Eventf(district, nil, corev1.EventTypeWarning, told.reason, "Place", "%s: %s", is.Reason, brief(is.Message))
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

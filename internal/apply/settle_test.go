// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestSettle(t *testing.T) {
	roles := schema.GroupResource{Resource: "roles"}
	leaving := apierrors.NewForbidden(roles, "x", errors.New("the namespace is being terminated"))
	leaving.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	forbidden := apierrors.NewForbidden(roles, "x", errors.New("no such right"))
	for name, c := range map[string]struct {
		err   error
		fault bool
		again time.Duration
	}{
		"nothing":                        {},
		"somebody was faster":            {err: apierrors.NewConflict(roles, "x", nil), again: soon},
		"somebody created it before":     {err: fmt.Errorf("wrapped: %w", apierrors.NewAlreadyExists(roles, "x")), again: soon},
		"the namespace is being deleted": {err: errors.Join(nil, leaving)},
		"a right is missing":             {err: forbidden, fault: true},
		"a fault beside a lost race":     {err: errors.Join(forbidden, apierrors.NewConflict(roles, "x", nil)), fault: true},
		"what is not the API server's":   {err: errors.New("broken"), fault: true},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := Settle(c.err)
			if (err != nil) != c.fault || result.RequeueAfter != c.again {
				t.Errorf("got %v, %v", result, err)
			}
		})
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// soon is when to look again after somebody else was faster.
const soon = 50 * time.Millisecond

// Settle is what a reconcile returns for an error of its writes. Where somebody
// else was faster it is tried again soon, and in a namespace that is being
// deleted there is nothing left to do: neither is a fault.
func Settle(err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return ctrl.Result{RequeueAfter: soon}, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, err
}

// EnsureFinalizer puts a finalizer on an object. It is a merge patch, here and in
// ReleaseFinalizer: after a restore another field owner may own the finalizer.
func EnsureFinalizer(ctx context.Context, c client.Client, object client.Object, finalizer string, owner client.FieldOwner) error {
	return patchIf(ctx, c, object, owner, func() bool { return controllerutil.AddFinalizer(object, finalizer) })
}

// ReleaseFinalizer takes a finalizer off an object that is being deleted.
func ReleaseFinalizer(ctx context.Context, c client.Client, object client.Object, finalizer string, owner client.FieldOwner) error {
	return client.IgnoreNotFound(patchIf(ctx, c, object, owner, func() bool { return controllerutil.RemoveFinalizer(object, finalizer) }))
}

func patchIf(ctx context.Context, c client.Client, object client.Object, owner client.FieldOwner, change func() bool) error {
	before := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one
	if !change() {
		return nil
	}
	return c.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), owner)
}

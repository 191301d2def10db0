// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply writes objects by server-side apply, and writes nothing where
// nothing would change: a reconcile of a world that stands still costs the API
// server nothing.
package apply

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Configuration is a typed apply configuration.
type Configuration interface {
	runtime.ApplyConfiguration
	GetName() *string
	GetNamespace() *string
}

// Ensure applies want unless the field owner already owns exactly that on the
// live object, and says whether it did. extract is the Extract function of
// want's type; it needs the managed fields, so the cache must keep them for
// these kinds. A field that somebody else has overwritten is taken back.
func Ensure[Live client.Object, Want Configuration](
	ctx context.Context, c client.Client, owner client.FieldOwner, live Live, want Want, extract func(Live, string) (Want, error),
) (bool, error) {
	key := client.ObjectKey{Name: *want.GetName()}
	if namespace := want.GetNamespace(); namespace != nil {
		key.Namespace = *namespace
	}
	switch err := c.Get(ctx, key, live); {
	case apierrors.IsNotFound(err):
	case err != nil:
		return false, err
	default:
		owned, err := extract(live, string(owner))
		if err != nil {
			return false, fmt.Errorf("%T %s: what %s owns of it: %w", live, key, owner, err)
		}
		if equality.Semantic.DeepEqual(owned, want) {
			return false, nil
		}
	}
	return true, c.Apply(ctx, want, owner, client.ForceOwnership)
}

// Status applies the status of one of our own kinds as a whole, all but the
// fields that are left empty. The object's UID goes with it: an object of the
// same name that was created meanwhile is not touched, and none is created.
func Status[S any](ctx context.Context, c client.Client, owner client.FieldOwner, object client.Object, status *S) error {
	gvk, err := apiutil.GVKForObject(object, c.Scheme())
	if err != nil {
		return err
	}
	configuration := &statusConfiguration[S]{
		TypeMetaApplyConfiguration: *metav1.TypeMeta().WithKind(gvk.Kind).WithAPIVersion(gvk.GroupVersion().String()),
		ObjectMetaApplyConfiguration: metav1.ObjectMeta().
			WithName(object.GetName()).WithNamespace(object.GetNamespace()).WithUID(object.GetUID()),
		Status: status,
	}
	return c.Status().Apply(ctx, configuration, owner, client.ForceOwnership)
}

// statusConfiguration is the apply configuration of a status. The status is the
// API type itself: its optional fields vanish when they are empty.
type statusConfiguration[S any] struct {
	metav1.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`
	Status                               *S `json:"status,omitempty"`
}

func (*statusConfiguration[S]) IsApplyConfiguration() {}

func (s *statusConfiguration[S]) GetKind() *string       { return s.Kind }
func (s *statusConfiguration[S]) GetAPIVersion() *string { return s.APIVersion }

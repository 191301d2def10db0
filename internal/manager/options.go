// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager is what the manager's program and the controllers' tests have
// in common: the types they know, and how they read and write.
package manager

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// Scheme knows the types of Kubernetes and ours.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// Cache holds our own kinds, and of the cluster's only what the operator created
// itself: it must not grow with other people's pods and ConfigMaps. Of other
// people's claims it holds the names.
func Cache() cache.Options {
	ours := labels.SelectorFromSet(labels.Set{names.LabelManagedBy: names.ManagedBy})
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject:         map[client.Object]cache.ByObject{&corev1.Pod{}: {Label: ours}},
	}
	for _, object := range []client.Object{
		&corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&appsv1.Deployment{}, &policyv1.PodDisruptionBudget{}, &networkingv1.NetworkPolicy{},
		&rbacv1.Role{}, &rbacv1.RoleBinding{}, &rbacv1.ClusterRoleBinding{},
	} {
		// The managed fields say whether an apply would change anything.
		options.ByObject[object] = cache.ByObject{Label: ours, Transform: func(o any) (any, error) { return o, nil }}
	}
	// Rosters lie on other people's claims, of which we need to know that they exist.
	options.ByObject[&corev1.PersistentVolumeClaim{}] = cache.ByObject{Transform: func(o any) (any, error) {
		claim, ok := o.(*corev1.PersistentVolumeClaim)
		if !ok || claim.Labels[names.LabelManagedBy] == names.ManagedBy {
			return o, nil
		}
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
		}}, nil
	}}
	return options
}

// Client reads what it has written, however late the cache is.
func Client() client.Options {
	return client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// LeaseName is the Lease of the manager that leads, in the managers' namespace.
const LeaseName = "manager.juncture.dev"

// Check says on w what it finds of an installation, and fails if it cannot work:
// if the API server does not serve every kind, or no manager in the namespace
// leads. It returns when it knows, or when the context ends.
func Check(ctx context.Context, api kubernetes.Interface, namespace string, w io.Writer) error {
	return errors.Join(checkKinds(api, w), checkLeader(ctx, api, namespace, w))
}

// checkKinds compares what the API server serves with what this program knows.
func checkKinds(api kubernetes.Interface, w io.Writer) error {
	served, err := api.Discovery().ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("the API server does not serve %s: install the custom resource definitions (crds.enabled of the chart)", v1alpha1.GroupVersion)
	}
	if err != nil {
		return fmt.Errorf("ask the API server what it serves: %w", err)
	}
	missing := Kinds()
	for _, resource := range served.APIResources {
		missing = slices.DeleteFunc(missing, func(kind string) bool { return kind == resource.Kind })
	}
	if len(missing) > 0 {
		return fmt.Errorf("the API server serves %s without %s: the custom resource definitions are older than this program", v1alpha1.GroupVersion, strings.Join(missing, ", "))
	}
	fmt.Fprintf(w, "the API server serves the %d kinds of %s\n", len(Kinds()), v1alpha1.GroupVersion)
	return nil
}

// Kinds are those that have a list: each is a custom resource definition. Sorted.
func Kinds() []string {
	known := Scheme().KnownTypes(v1alpha1.GroupVersion)
	var kinds []string
	for kind := range known {
		if _, listed := known[kind+"List"]; listed {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// checkLeader waits until it sees the Lease renewed: its times are another
// machine's, so that only a change of them proves that somebody leads now.
func checkLeader(ctx context.Context, api kubernetes.Interface, namespace string, w io.Writer) error {
	const often = 500 * time.Millisecond
	var first *coordinationv1.Lease
	why := "no such Lease"
	err := wait.PollUntilContextCancel(ctx, often, true, func(ctx context.Context) (bool, error) {
		lease, err := api.CoordinationV1().Leases(namespace).Get(ctx, LeaseName, metav1.GetOptions{})
		if apierrors.IsForbidden(err) {
			return false, err
		}
		if err != nil {
			why = err.Error()
			return false, nil
		}
		if !held(lease) {
			why = "nobody holds it"
			return false, nil
		}
		if first == nil || *first.Spec.HolderIdentity != *lease.Spec.HolderIdentity {
			first, why = lease, "its holder does not renew it"
			return false, nil
		}
		if lease.Spec.RenewTime.Equal(first.Spec.RenewTime) {
			return false, nil
		}
		fmt.Fprintf(w, "%s leads in %s\n", *lease.Spec.HolderIdentity, namespace)
		return true, nil
	})
	switch {
	case wait.Interrupted(err):
		return fmt.Errorf("no manager leads: Lease %s of namespace %s: %s; look at the manager's pods and logs", LeaseName, namespace, why)
	case err != nil:
		return fmt.Errorf("read Lease %s of namespace %s: %w", LeaseName, namespace, err)
	}
	return nil
}

func held(lease *coordinationv1.Lease) bool {
	holder := lease.Spec.HolderIdentity
	return holder != nil && *holder != "" && lease.Spec.RenewTime != nil
}

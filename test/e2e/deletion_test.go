// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// deletion is what becomes of decisions when nobody decides any more.
func deletion() {
	It("removes the workloads and keeps the record, which answers again when the process comes back", func() {
		if living.sampled == nil {
			Skip("the network of the stories before did not come to be")
		}
		decided := living.clerk.csv("amherst", living.process)
		history := living.clerk.runs("amherst", living.process)
		record := living.clerk.expectWhole("amherst")
		revision := living.expectServing(living.process).Status.Revision
		var claims corev1.PersistentVolumeClaimList
		Expect(admin.List(ctx, &claims, living.ours()...)).To(Succeed())
		Expect(claims.Items).To(HaveLen(2), "one for each evaluator")

		for _, name := range []string{living.process, everyMinute} {
			process := &v1alpha1.PersonalizationProcess{ObjectMeta: metav1.ObjectMeta{Namespace: living.namespace, Name: name}}
			Expect(admin.Delete(ctx, process)).To(Succeed())
		}
		Eventually(living.workloads).Should(BeEmpty())
		var kept corev1.PersistentVolumeClaimList
		Expect(admin.List(ctx, &kept, living.ours()...)).To(Succeed())
		Expect(uids(kept.Items)).To(Equal(uids(claims.Items)))
		report := &v1alpha1.DecisionReport{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: living.namespace, Name: "amherst"}, report)).To(Succeed())
		Expect(report.Status.Record).NotTo(BeNil())
		Expect(report.Status.Record.Segments).To(BeNumerically(">=", len(history)))

		for _, object := range living.objects {
			if object.GetObjectKind().GroupVersionKind().Kind == "PersonalizationProcess" {
				declare(object)
			}
		}
		Expect(living.expectServing(living.process).Status.Revision).To(Equal(revision))
		Expect(living.clerk.csv("amherst", living.process)).To(Equal(decided))
		Expect(living.clerk.runs("amherst", living.process)).To(Equal(history))
		Expect(living.clerk.expectWhole("amherst").Head).To(Equal(record.Head))
	})
}

// ours selects what the operator created in the network.
func (n *network) ours() []client.ListOption {
	return []client.ListOption{client.InNamespace(n.namespace), client.MatchingLabels{names.LabelManagedBy: names.ManagedBy}}
}

// workloads names all that the operator created in the network to run evaluators.
func (n *network) workloads(g Gomega) []string {
	var found []string
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.ConfigMapList{}, &corev1.PodList{},
		&rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &policyv1.PodDisruptionBudgetList{}, &networkingv1.NetworkPolicyList{},
	} {
		g.Expect(admin.List(ctx, list, n.ours()...)).To(Succeed())
		found = append(found, namesOf(g, list)...)
	}
	bindings := &rbacv1.ClusterRoleBindingList{}
	g.Expect(admin.List(ctx, bindings, client.MatchingLabels{names.LabelNetwork: n.namespace})).To(Succeed())
	return append(found, namesOf(g, bindings)...)
}

func namesOf(g Gomega, list client.ObjectList) []string {
	var found []string
	objects, err := meta.ExtractList(list)
	g.Expect(err).NotTo(HaveOccurred())
	for _, object := range objects {
		accessor, err := meta.Accessor(object)
		g.Expect(err).NotTo(HaveOccurred())
		found = append(found, fmt.Sprintf("%T %s", object, accessor.GetName()))
	}
	return found
}

func uids(claims []corev1.PersistentVolumeClaim) map[string]types.UID {
	found := map[string]types.UID{}
	for i := range claims {
		found[claims[i].Name] = claims[i].UID
	}
	return found
}

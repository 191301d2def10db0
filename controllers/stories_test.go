// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// network creates a namespace for one story.
func network() string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "network-"}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	return namespace.Name
}

// declare creates objects, as kubectl would.
func declare(objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(k8s.Create(ctx, object)).To(Succeed())
	}
}

// now is the object as the API server has it.
func now[T client.Object](object T, namespace, name string) func(g Gomega) T {
	return func(g Gomega) T {
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)).To(Succeed())
		return object
	}
}

func reason(conditions []metav1.Condition, condition string) string {
	if c := meta.FindStatusCondition(conditions, condition); c != nil {
		return c.Reason
	}
	return ""
}

// expectProcess waits until Ready of the process has a reason, and returns it.
func expectProcess(namespace, name, ready string) *v1alpha1.PersonalizationProcess {
	GinkgoHelper()
	process := &v1alpha1.PersonalizationProcess{}
	Eventually(func(g Gomega) {
		now(process, namespace, name)(g)
		g.Expect(process.Status.ObservedGeneration).To(Equal(process.Generation))
		g.Expect(reason(process.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(ready), "%+v", process.Status)
	}).Should(Succeed())
	return process
}

var _ = Describe("A platform team that declares a process", func() {
	var namespace string

	BeforeEach(func() {
		namespace = network()
		declare(
			jtesting.MakeInformationModel(namespace, "k12"),
			jtesting.MakeRuleSet(namespace, "tutoring", "40.0").Obj(),
			jtesting.MakeDistrict(namespace, "amherst").Obj(),
			jtesting.MakeDistrict(namespace, "boston").Dedicated().Obj(),
			jtesting.MakeProcess(namespace, "tutoring").Obj(),
		)
	})

	It("gets a revision, evaluators and their workloads, and learns when all districts are served", func() {
		process := expectProcess(namespace, "tutoring", v1alpha1.ReasonAllServing)
		Expect(process.Status.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 2}))

		revision := &v1alpha1.ProcessRevision{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: process.Status.RevisionName}, revision)).To(Succeed())
		Expect(revision.Spec.Digest).To(Equal(process.Status.Revision))
		for _, name := range []string{"evaluator-shared-0", "evaluator-boston"} {
			Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &appsv1.Deployment{})).To(Succeed())
		}
		Expect(replicas.Trouble(namespace)).To(Succeed())
	})
})

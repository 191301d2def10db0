// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// Every write of a workload fails once: before it takes effect, and after, when
// only the answer is lost. Each fault has a network of its own; all go through the
// workload together. Whatever failed, the states that it comes to are those of
// an undisturbed network, and nothing is created or deleted more often.
var _ = Describe("A write that fails once", func() {
	It("changes nothing about where the network comes to", func() {
		undisturbed := network()
		states := workload([]string{undisturbed})[undisturbed]
		count := len(writes.Of(undisturbed))
		took := writes.Took(undisturbed)
		Expect(count).To(BeNumerically(">", 20), "the workload writes")

		faults := map[string]string{}
		var networks []string
		for nth := 1; nth <= count; nth++ {
			for _, applied := range []bool{false, true} {
				namespace := network()
				writes.Disturb(namespace, jtesting.Fault{Nth: nth, Applied: applied})
				faults[namespace] = fmt.Sprintf("write %d, applied: %t", nth, applied)
				networks = append(networks, namespace)
			}
		}
		for namespace, reached := range workload(networks) {
			what := faults[namespace]
			Expect(cmp.Diff(states, reached)).To(BeEmpty(), what)
			for write, times := range writes.Took(namespace) {
				if write.Verb == "create" || write.Verb == "delete" {
					write, expected := write, 0
					for other, n := range took {
						if strings.ReplaceAll(other.String(), undisturbed, namespace) == write.String() {
							expected = n
						}
					}
					Expect(times).To(BeNumerically("<=", max(expected, 1)), "%s: %s", what, write)
				}
			}
		}
		AddReportEntry("faults", fmt.Sprintf("%d writes, %d single faults", count, len(networks)))
	})
})

// workload takes networks through a life: declared, edited, its district gone,
// its process gone. It returns the state at each stage.
func workload(networks []string) map[string][]map[string]string {
	GinkgoHelper()
	reached := map[string][]map[string]string{}
	stage := func(act func(namespace string), done func(g Gomega, namespace string)) {
		GinkgoHelper()
		for _, namespace := range networks {
			act(namespace)
		}
		for _, namespace := range networks {
			Eventually(func(g Gomega) { done(g, namespace) }).WithTimeout(timeoutForAll).Should(Succeed(), namespace)
			reached[namespace] = append(reached[namespace], state(namespace))
		}
	}
	served := func(below string) func(Gomega, string) {
		return func(g Gomega, namespace string) {
			process := now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g)
			revision := &v1alpha1.ProcessRevision{}
			now(revision, namespace, process.Status.RevisionName)(g)
			g.Expect(revision.Spec.Bundle).To(ContainSubstring(below))
			g.Expect(reason(process.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing))
			settled(g, namespace)
		}
	}
	stage(func(namespace string) {
		declare(
			jtesting.MakeInformationModel(namespace, "k12"),
			jtesting.MakeRuleSet(namespace, "tutoring", "40.0").Obj(),
			jtesting.MakeDistrict(namespace, "amherst").Obj(),
			jtesting.MakeProcess(namespace, "tutoring").Obj(),
		)
	}, served("40.0"))
	stage(func(namespace string) { changeRules(namespace, "tutoring", "50.0") }, served("50.0"))
	stage(func(namespace string) {
		Expect(k8s.Delete(ctx, jtesting.MakeProcess(namespace, "tutoring").Obj())).To(Succeed())
	}, func(g Gomega, namespace string) {
		g.Expect(workloads(namespace)).To(BeEmpty())
		settled(g, namespace)
	})
	stage(func(namespace string) {
		Expect(k8s.Delete(ctx, jtesting.MakeDistrict(namespace, "amherst").Obj())).To(Succeed())
	}, func(g Gomega, namespace string) {
		g.Expect(exists(&v1alpha1.District{}, namespace, "amherst")).To(BeFalse())
		g.Expect(exists(&v1alpha1.Evaluator{}, namespace, "shared-0")).To(BeFalse())
	})
	return reached
}

// timeoutForAll is how long the slowest network may take: they all share the
// controllers' workers.
const timeoutForAll = 2 * time.Minute

// settled says that the entries of former replicas are gone, the ConfigMaps of
// former revisions too, and the statuses have caught up.
func settled(g Gomega, namespace string) {
	evaluator := now(&v1alpha1.Evaluator{}, namespace, "shared-0")(g)
	g.Expect(len(evaluator.Status.Replicas)).To(BeNumerically("<=", 1))
	g.Expect(evaluator.Status.ObservedGeneration).To(Equal(evaluator.Generation))
	var configs corev1.ConfigMapList
	g.Expect(k8s.List(ctx, &configs, client.InNamespace(namespace), client.HasLabels{"app.kubernetes.io/managed-by"})).To(Succeed())
	wanted := 0
	if evaluator.Status.Assignment != "" {
		wanted = 2 // the assignment and the revision
		g.Expect(evaluator.Status.Replicas).To(HaveExactElements(HaveField("Assignment", evaluator.Status.Assignment)))
		g.Expect(evaluator.Status.Serving).NotTo(BeEmpty())
	} else {
		g.Expect(reason(evaluator.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonNothingAssigned))
		g.Expect(evaluator.Status.Serving).To(BeEmpty())
	}
	g.Expect(configs.Items).To(HaveLen(wanted))
	district := now(&v1alpha1.District{}, namespace, "amherst")(g)
	g.Expect(district.Status.Serving).To(BeEquivalentTo(wanted / 2))
	g.Expect(district.Status.Processes).To(BeEquivalentTo(wanted / 2))
}

// state is what a network has come to, without what differs between networks.
func state(namespace string) map[string]string {
	GinkgoHelper()
	found := map[string]string{}
	note := func(what string, value any) {
		found[what] = strings.ReplaceAll(fmt.Sprintf("%+v", value), namespace, "NETWORK")
	}
	var processes v1alpha1.PersonalizationProcessList
	Expect(k8s.List(ctx, &processes, client.InNamespace(namespace))).To(Succeed())
	for _, p := range processes.Items {
		note("process "+p.Name, []any{p.Status.Revision, p.Status.Districts, reason(p.Status.Conditions, "Accepted"), reason(p.Status.Conditions, "Ready")})
	}
	var districts v1alpha1.DistrictList
	Expect(k8s.List(ctx, &districts, client.InNamespace(namespace))).To(Succeed())
	for _, d := range districts.Items {
		note("district "+d.Name, []any{d.Status.Evaluator, d.Status.Processes, d.Status.Serving, d.Finalizers, reason(d.Status.Conditions, "Placed"), reason(d.Status.Conditions, "Ready")})
	}
	var evaluators v1alpha1.EvaluatorList
	Expect(k8s.List(ctx, &evaluators, client.InNamespace(namespace))).To(Succeed())
	for _, e := range evaluators.Items {
		note("evaluator "+e.Name, []any{e.Spec, e.Status.Serving, len(e.Status.Replicas), e.Finalizers, reason(e.Status.Conditions, "Ready")})
	}
	var reports v1alpha1.DecisionReportList
	Expect(k8s.List(ctx, &reports, client.InNamespace(namespace))).To(Succeed())
	for _, r := range reports.Items {
		note("report "+r.Name, r.Spec)
	}
	var revisions v1alpha1.ProcessRevisionList
	Expect(k8s.List(ctx, &revisions, client.InNamespace(namespace))).To(Succeed())
	for _, r := range revisions.Items {
		note("revision "+r.Name, r.Spec)
	}
	var claims corev1.PersistentVolumeClaimList
	Expect(k8s.List(ctx, &claims, client.InNamespace(namespace))).To(Succeed())
	for _, c := range claims.Items {
		note("claim "+c.Name, c.OwnerReferences)
	}
	var roles rbacv1.RoleList
	Expect(k8s.List(ctx, &roles, client.InNamespace(namespace))).To(Succeed())
	for _, r := range roles.Items {
		note("role "+r.Name, r.Rules)
	}
	for _, w := range workloads(namespace) {
		if !strings.Contains(w, "-assignment-") { // its digest covers the namespace
			note("workload "+strings.ReplaceAll(w, namespace, "NETWORK"), "")
		}
	}
	return found
}

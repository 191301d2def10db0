// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/names"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// network creates a namespace for one story. It admits pods that are restricted,
// and no others.
func network() string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "network-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
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

// changeRules edits the limit of a rule set, as an author would.
func changeRules(namespace, name, below string) {
	GinkgoHelper()
	edit(&v1alpha1.RuleSet{}, namespace, name, func(rules *v1alpha1.RuleSet) {
		rules.Spec.Rules[0].When = jtesting.MakeRuleSet(namespace, name, below).Obj().Spec.Rules[0].When
	})
}

// edit changes an object, however often somebody else is faster.
func edit[T client.Object](object T, namespace, name string, change func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
			return err
		}
		change(object)
		return k8s.Update(ctx, object)
	}).Should(Succeed())
}

// placements is which evaluator each district is on, by the evaluators' specs.
func placements(namespace string) map[string]string {
	GinkgoHelper()
	var evaluators v1alpha1.EvaluatorList
	Expect(k8s.List(ctx, &evaluators, client.InNamespace(namespace))).To(Succeed())
	on := map[string]string{}
	for _, e := range evaluators.Items {
		for _, d := range e.Spec.Districts {
			Expect(on).NotTo(HaveKey(string(d.Name)), "on two evaluators")
			on[string(d.Name)] = e.Name
		}
	}
	return on
}

func exists(object client.Object, namespace, name string) bool {
	GinkgoHelper()
	err := k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err == nil
}

// workloads are the names of all objects of the namespace that the controllers
// create for evaluators, but the claims.
func workloads(namespace string) []string {
	GinkgoHelper()
	found := []string{}
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.ConfigMapList{}, &policyv1.PodDisruptionBudgetList{},
		&networkingv1.NetworkPolicyList{}, &rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBindingList{},
	} {
		selector := client.MatchingLabels{names.LabelManagedBy: names.ManagedBy}
		options := []client.ListOption{selector, client.InNamespace(namespace)}
		if _, cluster := list.(*rbacv1.ClusterRoleBindingList); cluster {
			options = []client.ListOption{client.MatchingLabels{names.LabelManagedBy: names.ManagedBy, names.LabelNetwork: namespace}}
		}
		Expect(k8s.List(ctx, list, options...)).To(Succeed())
		Expect(meta.EachListItem(list, func(o runtime.Object) error {
			found = append(found, fmt.Sprintf("%T %s", o, o.(client.Object).GetName()))
			return nil
		})).To(Succeed())
	}
	slices.Sort(found)
	return found
}

var _ = Describe("A platform team", func() {
	var namespace string

	BeforeEach(func() {
		namespace = network()
		declare(
			jtesting.MakeInformationModel(namespace, "k12"),
			jtesting.MakeRuleSet(namespace, "tutoring", "40.0").Obj(),
			jtesting.MakeDistrict(namespace, "amherst").Obj(),
			jtesting.MakeDistrict(namespace, "boston").Dedicated().Obj(),
		)
	})
	declareProcess := func() *v1alpha1.PersonalizationProcess {
		GinkgoHelper()
		declare(jtesting.MakeProcess(namespace, "tutoring").Obj())
		return expectProcess(namespace, "tutoring", v1alpha1.ReasonAllServing)
	}

	It("declares a process and gets a revision, evaluators and their workloads", func() {
		process := declareProcess()
		Expect(process.Status.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 2}))
		Expect(reason(process.Status.Conditions, v1alpha1.ConditionAccepted)).To(Equal(v1alpha1.ReasonAccepted))

		revision := &v1alpha1.ProcessRevision{}
		now(revision, namespace, process.Status.RevisionName)(Default)
		Expect(revision.Spec.Digest).To(Equal(process.Status.Revision))
		Expect(revision.OwnerReferences).To(BeEmpty(), "it outlives the process")

		Expect(placements(namespace)).To(Equal(map[string]string{"amherst": "shared-0", "boston": "boston"}))
		short := bundle.Digest(process.Status.Revision).Short()
		for _, evaluator := range []string{"shared-0", "boston"} {
			now(&appsv1.Deployment{}, namespace, "evaluator-"+evaluator)(Default)
			claim := now(&corev1.PersistentVolumeClaim{}, namespace, "juncture-record-"+evaluator)(Default)
			Expect(claim.OwnerReferences).To(BeEmpty(), "the record outlives the evaluator")
			now(&rbacv1.ClusterRoleBinding{}, "", "juncture:evaluator:"+namespace+":"+evaluator)(Default)
		}
		config := now(&corev1.ConfigMap{}, namespace, "juncture-revision-"+short)(Default)
		Expect(config.Data).To(Equal(map[string]string{"bundle.json": revision.Spec.Bundle}))
		Expect(config.Immutable).To(HaveValue(BeTrue()))

		role := now(&rbacv1.Role{}, namespace, "evaluator-boston")(Default)
		Expect(role.Rules).To(Equal([]rbacv1.PolicyRule{
			{APIGroups: []string{"juncture.dev"}, Resources: []string{"evaluators/status"}, ResourceNames: []string{"boston"}, Verbs: []string{"get", "patch"}},
			{APIGroups: []string{"juncture.dev"}, Resources: []string{"decisionreports/status"}, ResourceNames: []string{"boston"}, Verbs: []string{"get", "patch"}},
		}), "its own entry and its own districts' reports, and nothing else")

		report := now(&v1alpha1.DecisionReport{}, namespace, "amherst")(Default)
		Expect(report.Spec).To(Equal(v1alpha1.DecisionReportSpec{District: "amherst", Evaluator: "shared-0"}))
		Expect(report.OwnerReferences).To(BeEmpty(), "it outlives the district")
		Eventually(func(g Gomega) {
			district := now(&v1alpha1.District{}, namespace, "amherst")(g)
			g.Expect(reason(district.Status.Conditions, v1alpha1.ConditionPlaced)).To(Equal(v1alpha1.ReasonPlaced))
			g.Expect(reason(district.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing))
			g.Expect(district.Status.Serving).To(BeEquivalentTo(1))
		}).Should(Succeed())
		Expect(replicas.Trouble(namespace)).To(Succeed())
	})

	It("edits the rules and gets another revision everywhere, and the first again when it goes back", func() {
		first := declareProcess().Status
		changeRules(namespace, "tutoring", "50.0")
		var second v1alpha1.PersonalizationProcessStatus
		Eventually(func(g Gomega) {
			second = now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status
			g.Expect(second.Revision).NotTo(Equal(first.Revision))
			g.Expect(second.Districts.Serving).To(BeEquivalentTo(2))
		}).Should(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(exists(&corev1.ConfigMap{}, namespace, names.RevisionConfigMap(bundle.Digest(first.Revision)))).To(BeFalse(), "nobody mounts it any more")
			g.Expect(now(&v1alpha1.Evaluator{}, namespace, "shared-0")(g).Status.Replicas).To(HaveLen(1), "entries of pods that are gone are removed")
		}).Should(Succeed())
		Expect(exists(&v1alpha1.ProcessRevision{}, namespace, first.RevisionName)).To(BeTrue())

		changeRules(namespace, "tutoring", "40.0")
		Eventually(func(g Gomega) {
			again := now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status
			g.Expect(again.Revision).To(Equal(first.Revision))
			g.Expect(again.Districts.Serving).To(BeEquivalentTo(2))
		}).Should(Succeed())
		var revisions v1alpha1.ProcessRevisionList
		Expect(k8s.List(ctx, &revisions, client.InNamespace(namespace))).To(Succeed())
		Expect(revisions.Items).To(HaveLen(2))
	})

	It("sees how far a revision has come, never that it serves before every replica does", func() {
		first := declareProcess().Status
		replicas.Pause(namespace, true)
		changeRules(namespace, "tutoring", "50.0")
		process := expectProcess(namespace, "tutoring", v1alpha1.ReasonProgressing)
		Expect(process.Status.Revision).NotTo(Equal(first.Revision))
		Expect(process.Status.Districts.Serving).To(BeZero())
		replicas.Pause(namespace, false)
		expectProcess(namespace, "tutoring", v1alpha1.ReasonAllServing)
	})

	It("is told which object is missing, and it heals when that appears", func() {
		declare(jtesting.MakeProcess(namespace, "reading").Priority("seats").Obj())
		process := expectProcess(namespace, "reading", v1alpha1.ReasonNotAccepted)
		accepted := meta.FindStatusCondition(process.Status.Conditions, v1alpha1.ConditionAccepted)
		Expect(accepted.Reason).To(Equal(v1alpha1.ReasonReferenceNotFound))
		Expect(accepted.Message).To(And(ContainSubstring(`RuleSet "reading"`), ContainSubstring(`PriorityPolicy "seats"`)))
		declare(jtesting.MakeRuleSet(namespace, "reading", "30.0").Obj(), jtesting.MakePolicy(namespace, "seats", 0))
		expectProcess(namespace, "reading", v1alpha1.ReasonAllServing)
	})

	It("breaks the rules, is told where, and the districts keep the last revision", func() {
		before := declareProcess().Status
		edit(&v1alpha1.RuleSet{}, namespace, "tutoring", func(rules *v1alpha1.RuleSet) { rules.Spec.Rules[0].When = "student.sex == 'F'" })
		process := expectProcess(namespace, "tutoring", v1alpha1.ReasonNotAccepted)
		accepted := meta.FindStatusCondition(process.Status.Conditions, v1alpha1.ConditionAccepted)
		Expect(accepted.Reason).To(Equal(v1alpha1.ReasonRulesInvalid))
		Expect(accepted.Message).To(ContainSubstring("spec.rules[0].when"))
		Expect(process.Status.Revision).To(Equal(before.Revision))
		Expect(process.Status.Districts.Serving).To(BeEquivalentTo(2))
		Eventually(func(g Gomega) {
			var events eventsv1.EventList
			g.Expect(k8s.List(ctx, &events, client.InNamespace(namespace))).To(Succeed())
			told := map[string]int{}
			for _, e := range events.Items {
				told[e.Regarding.Kind+" "+e.Reason]++
			}
			g.Expect(told).To(And(
				HaveKeyWithValue("PersonalizationProcess Revised", 1), HaveKeyWithValue("PersonalizationProcess Rejected", 1),
				HaveKeyWithValue("District Placed", 2), HaveKey("Evaluator Rollout"), HaveKey("Evaluator Serving"),
			))
		}).Should(Succeed())
		changeRules(namespace, "tutoring", "40.0")
		expectProcess(namespace, "tutoring", v1alpha1.ReasonAllServing)
	})

	It("nests processes in a circle, and each of them names it", func() {
		declare(
			jtesting.MakeProcess(namespace, "a").Rules("tutoring").Mode(v1alpha1.ModeCatalogue).Within("b").Obj(),
			jtesting.MakeProcess(namespace, "b").Rules("tutoring").Mode(v1alpha1.ModeCatalogue).Within("c").Obj(),
			jtesting.MakeProcess(namespace, "c").Rules("tutoring").Mode(v1alpha1.ModeCatalogue).Within("a").Obj(),
		)
		for _, name := range []string{"a", "b", "c"} {
			Eventually(func(g Gomega) {
				process := now(&v1alpha1.PersonalizationProcess{}, namespace, name)(g)
				accepted := meta.FindStatusCondition(process.Status.Conditions, v1alpha1.ConditionAccepted)
				g.Expect(accepted).NotTo(BeNil())
				g.Expect(accepted.Reason).To(Equal(v1alpha1.ReasonCycleDetected))
				g.Expect(accepted.Message).To(ContainSubstring("a within b within c within a"))
			}).Should(Succeed())
		}
		edit(&v1alpha1.PersonalizationProcess{}, namespace, "c", func(c *v1alpha1.PersonalizationProcess) { c.Spec.Within = nil })
		for _, name := range []string{"a", "b", "c"} {
			expectProcess(namespace, name, v1alpha1.ReasonCatalogueOnly)
		}
		Expect(workloads(namespace)).To(BeEmpty(), "what is in the catalogue does not run")
	})

	It("has the same names in two networks, and neither touches the other", func() {
		first := declareProcess()
		other := network()
		declare(
			jtesting.MakeInformationModel(other, "k12"),
			jtesting.MakeRuleSet(other, "tutoring", "70.0").Obj(),
			jtesting.MakeDistrict(other, "amherst").Obj(),
			jtesting.MakeProcess(other, "tutoring").Obj(),
		)
		second := expectProcess(other, "tutoring", v1alpha1.ReasonAllServing)
		Expect(second.Status.Revision).NotTo(Equal(first.Status.Revision))
		Expect(second.Status.Districts.Selected).To(BeEquivalentTo(1))
		Expect(now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(Default).Status).To(Equal(first.Status))
		Expect(k8s.Delete(ctx, second)).To(Succeed())
		Eventually(func() []string { return workloads(other) }).Should(BeEmpty())
		Expect(now(&appsv1.Deployment{}, namespace, "evaluator-shared-0")(Default).DeletionTimestamp).To(BeNil())
	})

	It("cannot declare a negative capacity", func() {
		err := k8s.Create(ctx, jtesting.MakePolicy(namespace, "seats", -1))
		Expect(err).To(MatchError(ContainSubstring("spec.capacity.default")))
	})

	It("pins a district, which keeps its revision while the others move on", func() {
		first := declareProcess().Status
		edit(&v1alpha1.District{}, namespace, "boston", func(d *v1alpha1.District) {
			d.Spec.Pins = jtesting.MakeDistrict("", "").Pin("tutoring", first.Revision, "2100-01-01T00:00:00Z").Obj().Spec.Pins
		})
		changeRules(namespace, "tutoring", "50.0")
		var second v1alpha1.PersonalizationProcessStatus
		Eventually(func(g Gomega) {
			second = now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status
			g.Expect(second.Revision).NotTo(Equal(first.Revision))
			g.Expect(reason(second.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing))
			g.Expect(second.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 1}))
			g.Expect(now(&v1alpha1.Evaluator{}, namespace, "boston")(g).Status.Serving).To(HaveExactElements(HaveField("Revision", first.Revision)))
			g.Expect(reason(now(&v1alpha1.District{}, namespace, "boston")(g).Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonPinned))
		}).Should(Succeed())

		edit(&v1alpha1.District{}, namespace, "boston", func(d *v1alpha1.District) { d.Spec.Pins = nil })
		Eventually(func(g Gomega) {
			g.Expect(now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status.Districts.Serving).To(BeEquivalentTo(2))
		}).Should(Succeed())
	})

	It("pins a revision that does not exist: the process does not run there, and the district says so", func() {
		declareProcess()
		edit(&v1alpha1.District{}, namespace, "boston", func(d *v1alpha1.District) {
			d.Spec.Pins = jtesting.MakeDistrict("", "").Pin("tutoring", v1alpha1.Digest(bundle.DigestOf(nil)), "2100-01-01T00:00:00Z").Obj().Spec.Pins
		})
		Eventually(func(g Gomega) {
			g.Expect(reason(now(&v1alpha1.District{}, namespace, "boston")(g).Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonPinNotFound))
			g.Expect(now(&v1alpha1.Evaluator{}, namespace, "boston")(g).Status.Serving).To(BeEmpty())
		}).Should(Succeed())
	})

	It("suspends a process, whose decisions can still be read, and lets it go on", func() {
		declareProcess()
		edit(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring", func(p *v1alpha1.PersonalizationProcess) { p.Spec.Suspend = true })
		expectProcess(namespace, "tutoring", v1alpha1.ReasonSuspended)
		Eventually(func(g Gomega) {
			evaluator := now(&v1alpha1.Evaluator{}, namespace, "shared-0")(g)
			g.Expect(evaluator.Status.Serving).To(BeEmpty())
			g.Expect(reason(evaluator.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonNothingAssigned))
		}).Should(Succeed())
		now(&appsv1.Deployment{}, namespace, "evaluator-shared-0")(Default)
		edit(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring", func(p *v1alpha1.PersonalizationProcess) { p.Spec.Suspend = false })
		expectProcess(namespace, "tutoring", v1alpha1.ReasonAllServing)
	})

	It("suspends a district, which the evaluator is told", func() {
		declareProcess()
		edit(&v1alpha1.District{}, namespace, "amherst", func(d *v1alpha1.District) { d.Spec.Suspend = true })
		Eventually(func(g Gomega) {
			g.Expect(reason(now(&v1alpha1.District{}, namespace, "amherst")(g).Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonSuspended))
			config := &corev1.ConfigMapList{}
			g.Expect(k8s.List(ctx, config, client.InNamespace(namespace), client.MatchingLabels(names.EvaluatorLabels("shared-0")))).To(Succeed())
			g.Expect(config.Items).To(HaveExactElements(HaveField("Data", HaveKeyWithValue("assignment.json", ContainSubstring(`"suspend":true`)))))
		}).Should(Succeed())
	})

	It("adds districts, and none of those that were there moves", func() {
		declareProcess()
		before := placements(namespace)
		for i := range 6 {
			declare(jtesting.MakeDistrict(namespace, fmt.Sprintf("new-%d", i)).Obj())
		}
		Eventually(func() map[string]string { return placements(namespace) }).Should(HaveLen(8))
		after := placements(namespace)
		for name, evaluator := range before {
			Expect(after).To(HaveKeyWithValue(name, evaluator))
		}
		counts := map[string]int{}
		for _, evaluator := range after {
			counts[evaluator]++
		}
		Expect(counts).To(Equal(map[string]int{"shared-0": 4, "shared-1": 3, "boston": 1}))
		Eventually(func(g Gomega) {
			g.Expect(now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 8, Serving: 8}))
		}).Should(Succeed())
	})

	It("deletes a district and declares it again, and it comes back to its record", func() {
		declareProcess()
		district := now(&v1alpha1.District{}, namespace, "boston")(Default)
		Expect(k8s.Delete(ctx, district)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(exists(&v1alpha1.District{}, namespace, "boston")).To(BeFalse())
			g.Expect(exists(&v1alpha1.Evaluator{}, namespace, "boston")).To(BeFalse(), "an evaluator without districts goes")
			g.Expect(exists(&appsv1.Deployment{}, namespace, "evaluator-boston")).To(BeFalse())
			g.Expect(exists(&rbacv1.ClusterRoleBinding{}, "", "juncture:evaluator:"+namespace+":boston")).To(BeFalse())
		}).Should(Succeed())
		Expect(exists(&corev1.PersistentVolumeClaim{}, namespace, "juncture-record-boston")).To(BeTrue())
		Expect(exists(&v1alpha1.DecisionReport{}, namespace, "boston")).To(BeTrue())

		declare(jtesting.MakeDistrict(namespace, "boston").Obj()) // shared now, but its record is there
		Eventually(func() map[string]string { return placements(namespace) }).Should(HaveKeyWithValue("boston", "boston"))
	})

	It("asks for isolation of a district that has a record on a shared evaluator, and is told why not", func() {
		declareProcess()
		edit(&v1alpha1.District{}, namespace, "amherst", func(d *v1alpha1.District) { d.Spec.Isolation = v1alpha1.IsolationDedicated })
		Eventually(func(g Gomega) {
			district := now(&v1alpha1.District{}, namespace, "amherst")(g)
			placed := meta.FindStatusCondition(district.Status.Conditions, v1alpha1.ConditionPlaced)
			g.Expect(placed.Reason).To(Equal(v1alpha1.ReasonPlacementConflict))
			g.Expect(placed.Message).To(ContainSubstring("shared-0"))
			g.Expect(reason(district.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing), "it is served where it is")
		}).Should(Succeed())
		Expect(placements(namespace)).To(HaveKeyWithValue("amherst", "shared-0"))
	})

	It("names a claim that does not exist: the other districts go on, and it is mounted when it appears", func() {
		declareProcess()
		mounted := func(g Gomega) []string {
			var claims []string
			for _, v := range now(&appsv1.Deployment{}, namespace, "evaluator-shared-0")(g).Spec.Template.Spec.Volumes {
				if v.PersistentVolumeClaim != nil {
					claims = append(claims, v.PersistentVolumeClaim.ClaimName)
				}
			}
			return claims
		}
		Eventually(func(g Gomega) {
			g.Expect(mounted(g)).To(Equal([]string{"juncture-record-shared-0"}))
			evaluator := now(&v1alpha1.Evaluator{}, namespace, "shared-0")(g)
			g.Expect(meta.FindStatusCondition(evaluator.Status.Conditions, v1alpha1.ConditionReady).Message).To(ContainSubstring("amherst-roster"))
		}).Should(Succeed())
		declare(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "amherst-roster"}, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: apiresource.MustParse("1Gi")}},
		}})
		Eventually(mounted).Should(Equal([]string{"juncture-record-shared-0", "amherst-roster"}))
	})

	It("deletes the process: workloads go, records and reports stay", func() {
		process := declareProcess()
		Expect(k8s.Delete(ctx, process)).To(Succeed())
		Eventually(func() []string { return workloads(namespace) }).Should(BeEmpty())
		for _, evaluator := range []string{"shared-0", "boston"} {
			Expect(exists(&corev1.PersistentVolumeClaim{}, namespace, "juncture-record-"+evaluator)).To(BeTrue())
		}
		Expect(exists(&v1alpha1.ProcessRevision{}, namespace, process.Status.RevisionName)).To(BeTrue())
		Expect(exists(&v1alpha1.DecisionReport{}, namespace, "amherst")).To(BeTrue())
		Eventually(func(g Gomega) {
			evaluator := now(&v1alpha1.Evaluator{}, namespace, "shared-0")(g)
			g.Expect(reason(evaluator.Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonNothingAssigned))
			g.Expect(evaluator.Status.Replicas).To(BeEmpty())
		}).Should(Succeed())
	})

	It("finds put right what somebody changed or deleted", func() {
		process := declareProcess()
		edit(&appsv1.Deployment{}, namespace, "evaluator-boston", func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "other" })
		Expect(k8s.Delete(ctx, now(&networkingv1.NetworkPolicy{}, namespace, "evaluator-boston")(Default))).To(Succeed())
		Expect(k8s.Delete(ctx, now(&corev1.ConfigMap{}, namespace, names.RevisionConfigMap(bundle.Digest(process.Status.Revision)))(Default))).To(Succeed())
		Expect(k8s.Delete(ctx, now(&v1alpha1.ProcessRevision{}, namespace, process.Status.RevisionName)(Default))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(now(&appsv1.Deployment{}, namespace, "evaluator-boston")(g).Spec.Template.Spec.Containers[0].Image).To(Equal("evaluator:test"))
			now(&networkingv1.NetworkPolicy{}, namespace, "evaluator-boston")(g)
			now(&corev1.ConfigMap{}, namespace, names.RevisionConfigMap(bundle.Digest(process.Status.Revision)))(g)
			now(&v1alpha1.ProcessRevision{}, namespace, process.Status.RevisionName)(g)
		}).Should(Succeed())
	})

	It("changes rules while the manager is away, and finds them served after its restart", func() {
		first := declareProcess().Status
		running.stop()
		changeRules(namespace, "tutoring", "50.0")
		declare(jtesting.MakeDistrict(namespace, "concord").Obj())
		startManager()
		Eventually(func(g Gomega) {
			status := now(&v1alpha1.PersonalizationProcess{}, namespace, "tutoring")(g).Status
			g.Expect(status.Revision).NotTo(Equal(first.Revision))
			g.Expect(status.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 3, Serving: 3}))
		}).Should(Succeed())
	})

	It("leaves everything alone while nothing changes: no write in 20 reconciles and a restart", func() {
		declareProcess()
		Eventually(func(g Gomega) {
			g.Expect(reason(now(&v1alpha1.District{}, namespace, "boston")(g).Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing))
			g.Expect(reason(now(&v1alpha1.District{}, namespace, "amherst")(g).Status.Conditions, v1alpha1.ConditionReady)).To(Equal(v1alpha1.ReasonAllServing))
		}).Should(Succeed())
		before := writes.Of(namespace)
		again := func() {
			request := func(name string) ctrl.Request {
				return ctrl.Request{NamespacedName: client.ObjectKey{Namespace: namespace, Name: name}}
			}
			for range 20 {
				for _, step := range []func() (ctrl.Result, error){
					func() (ctrl.Result, error) { return running.process.Reconcile(ctx, request("tutoring")) },
					func() (ctrl.Result, error) { return running.district.Reconcile(ctx, request("amherst")) },
					func() (ctrl.Result, error) { return running.district.Reconcile(ctx, request("boston")) },
					func() (ctrl.Result, error) { return running.evaluator.Reconcile(ctx, request("shared-0")) },
					func() (ctrl.Result, error) { return running.evaluator.Reconcile(ctx, request("boston")) },
				} {
					result, err := step()
					Expect(err).NotTo(HaveOccurred())
					Expect(result).To(BeZero())
				}
			}
		}
		again()
		Expect(writes.Of(namespace)[len(before):]).To(BeEmpty())
		running.stop()
		startManager()
		again()
		Expect(writes.Of(namespace)[len(before):]).To(BeEmpty())
	})
})

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// badInput is what goes wrong in a network, and what goes on meanwhile.
func badInput() {
	BeforeEach(func() {
		if living.sampled == nil {
			Skip("the network of the stories before did not come to be")
		}
	})

	It("names a reference that is missing, and heals when it appears", func() {
		n := newNetwork("missing")
		declare[client.Object](
			jtesting.MakeInformationModel(n.namespace, "k12"),
			n.district("amherst", 10, nil),
			jtesting.MakeProcess(n.namespace, "tutoring").Mode(v1alpha1.ModeCatalogue).Obj(),
		)
		process := n.expectProcess("tutoring", v1alpha1.ConditionAccepted, "False "+v1alpha1.ReasonReferenceNotFound)
		Expect(condition(process.Status.Conditions, v1alpha1.ConditionAccepted)).To(ContainSubstring(`there is no RuleSet "tutoring"`))
		declare[client.Object](jtesting.MakeRuleSet(n.namespace, "tutoring", "40.0").Obj())
		n.expectProcess("tutoring", v1alpha1.ConditionAccepted, "True "+v1alpha1.ReasonAccepted)
	})

	It("keeps what it decided when a roster is broken, and the districts beside it go on", func() {
		before := living.clerk.csv("concord", living.process)
		sound := living.by["concord"].content
		living.place("concord.zip", sound[:len(sound)/2])

		district := living.expectDistrict("concord", v1alpha1.ConditionSourceRead, "False "+v1alpha1.ReasonSourceInvalid)
		Expect(condition(district.Status.Conditions, v1alpha1.ConditionReady)).To(HavePrefix("False " + v1alpha1.ReasonSourceUnreadable))
		Expect(living.clerk.csv("concord", living.process)).To(Equal(before))

		beside := living.clerk.start("amherst", "beside", asked{Process: living.process, At: living.at, Seed: seed})
		Expect(living.clerk.finished("amherst", beside.ID).State).To(Equal("Committed"))
		living.expectDistrict("amherst", v1alpha1.ConditionSourceRead, "True")

		living.place("concord.zip", sound)
		living.expectDistrict("concord", v1alpha1.ConditionSourceRead, "True "+v1alpha1.ReasonSourceRead)
		Expect(living.clerk.csv("concord", living.process)).To(Equal(before), "the same roster is nothing new")
	})

	It("goes on with the last good revision when a rule does not type-check, and says where", func() {
		good := living.expectServing(living.process)
		var was v1alpha1.Expression
		edit(living.network, "maths-tutoring", &v1alpha1.RuleSet{}, func(r *v1alpha1.RuleSet) {
			was = r.Spec.Rules[0].When
			r.Spec.Rules[0].When = "recent < 'forty'"
		})
		mend := func() {
			edit(living.network, "maths-tutoring", &v1alpha1.RuleSet{}, func(r *v1alpha1.RuleSet) { r.Spec.Rules[0].When = was })
		}
		DeferCleanup(mend) // whatever fails here: other stories go on with this network
		process := living.expectProcess(living.process, v1alpha1.ConditionAccepted, "False "+v1alpha1.ReasonRulesInvalid)
		Expect(condition(process.Status.Conditions, v1alpha1.ConditionAccepted)).To(ContainSubstring("RuleSet maths-tutoring spec.rules[0].when 1:8"))
		Expect(condition(process.Status.Conditions, v1alpha1.ConditionReady)).To(HavePrefix("False " + v1alpha1.ReasonNotAccepted))
		Expect(process.Status.Revision).To(Equal(good.Status.Revision))

		living.expectReplicas(good.Status.Revision)
		run := living.clerk.start("amherst", "meanwhile", asked{Process: living.process, At: living.at, Seed: seed})
		Expect(living.clerk.finished("amherst", run.ID).Revision).To(BeEquivalentTo(good.Status.Revision))

		mend()
		Expect(living.expectServing(living.process).Status.Revision).To(Equal(good.Status.Revision))
	})

	It("refuses a negative capacity before it is stored", func() {
		err := admin.Create(ctx, jtesting.MakePolicy(living.namespace, "negative", -1))
		Expect(err).To(MatchError(ContainSubstring("spec.capacity.default")))
		Expect(admin.Create(ctx, jtesting.MakePolicy(living.namespace, "none-left", 0))).To(Succeed(), "no seats at all is a policy")
	})

	It("names a cycle of processes on each of them", func() {
		n := newNetwork("cycle")
		declare[client.Object](
			jtesting.MakeInformationModel(n.namespace, "k12"),
			jtesting.MakeRuleSet(n.namespace, "tutoring", "40.0").Obj(),
			jtesting.MakeProcess(n.namespace, "inner").Rules("tutoring").Within("outer").Obj(),
			jtesting.MakeProcess(n.namespace, "outer").Rules("tutoring").Within("inner").Obj(),
		)
		for _, name := range []string{"inner", "outer"} {
			process := n.expectProcess(name, v1alpha1.ConditionAccepted, "False "+v1alpha1.ReasonCycleDetected)
			Expect(condition(process.Status.Conditions, v1alpha1.ConditionAccepted)).To(And(ContainSubstring("inner"), ContainSubstring("outer")))
		}
	})

	It("starts no run in a suspended district, and still answers about earlier ones", func() {
		before := living.clerk.csv("concord", living.process)
		edit(living.network, "concord", &v1alpha1.District{}, func(d *v1alpha1.District) { d.Spec.Suspend = true })
		living.expectDistrict("concord", v1alpha1.ConditionReady, "False "+v1alpha1.ReasonSuspended)
		living.clerk.refused(http.StatusConflict, http.MethodPost, "concord", "/runs", asked{Process: living.process, At: living.at})
		Expect(living.clerk.csv("concord", living.process)).To(Equal(before))
		edit(living.network, "concord", &v1alpha1.District{}, func(d *v1alpha1.District) { d.Spec.Suspend = false })
		living.expectDistrict("concord", v1alpha1.ConditionReady, "True")
	})

	It("starts no run of a suspended process", func() {
		edit(living.network, everyMinute, &v1alpha1.PersonalizationProcess{}, func(p *v1alpha1.PersonalizationProcess) { p.Spec.Suspend = true })
		living.expectProcess(everyMinute, v1alpha1.ConditionReady, "False "+v1alpha1.ReasonSuspended)
		Eventually(func(g Gomega) { // whatever was served before
			process := v1alpha1.ObjectName(everyMinute)
			evaluator := &v1alpha1.Evaluator{}
			g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: living.namespace, Name: "boston"}, evaluator)).To(Succeed())
			g.Expect(condition(evaluator.Status.Conditions, v1alpha1.ConditionReady)).To(HavePrefix("True "))
			for _, serving := range evaluator.Status.Serving {
				g.Expect(serving.Process).NotTo(Equal(process))
			}
		}).Should(Succeed())
		Expect(living.clerk.runs("boston", everyMinute)).NotTo(BeEmpty(), "earlier runs stay")
	})

	It("refuses a process of a name that revisions cannot carry", func() {
		long := jtesting.MakeProcess(living.namespace, "a-name-of-sixty-characters-is-more-than-a-process-may-have-xx").Obj()
		Expect(admin.Create(ctx, long)).To(MatchError(ContainSubstring("50 characters")))
	})
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// living is the network that several contexts go on with: amherst and concord share an evaluator, boston has its own.
var living struct {
	*sampled
	clerk *caller
	by    map[string]roster
}

// everyMinute is a second process of the living network, in the districts labelled so.
const everyMinute = "every-minute"

// aLivingNetwork is what happens after the first day.
func aLivingNetwork() {
	Context("step by step", Ordered, func() {
		It("decides about a new roster by itself", func() {
			living.by = map[string]roster{}
			var all []roster
			for _, name := range []string{"amherst", "boston", "concord"} {
				living.by[name] = generate(name, 300)
				all = append(all, living.by[name])
			}
			living.sampled = sampleNetwork("living", "", inTerm, all, "boston", decideByItself)
			living.clerk = living.network.clerk()
			declareEveryMinute()
			living.expectServing(living.process)

			for _, name := range []string{"amherst", "boston", "concord"} {
				runs := living.expectRuns(name, living.process, 1)
				Expect(runs[0].Trigger).To(HavePrefix("information/"))
				Expect(runs[0].Decisions).To(Equal(living.by[name].students))
			}
		})

		It("reports counts that single nobody out", func() {
			report := &v1alpha1.DecisionReport{}
			Eventually(func(g Gomega) {
				g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: living.namespace, Name: "amherst"}, report)).To(Succeed())
				g.Expect(report.Status.Processes).To(HaveLen(1))
				g.Expect(report.Status.Record).NotTo(BeNil())
				g.Expect(report.Status.Record.Head).NotTo(BeEmpty())
			}).Should(Succeed())
			process := report.Status.Processes[0]
			Expect(process.Total.Count).To(HaveValue(BeEquivalentTo(living.by["amherst"].students)))
			var states, rules []v1alpha1.ReportedCount
			for _, s := range process.States {
				states = append(states, s.ReportedCount)
			}
			for _, r := range process.Rules {
				rules = append(rules, r.ReportedCount)
			}
			for _, counts := range [][]v1alpha1.ReportedCount{states, rules} {
				Expect(counts).NotTo(BeEmpty())
				suppressed := 0
				for _, c := range counts {
					if c.Suppressed {
						suppressed++
						continue
					}
					Expect(*c.Count).To(Or(BeZero(), BeNumerically(">=", report.Status.MinimumCell)))
				}
				Expect(suppressed).NotTo(Equal(1), "one alone follows from the total")
			}
		})

		It("decides anew when the roster is replaced, and what was decided before is superseded", func() {
			before := living.clerk.csv("amherst", living.process)
			amherst := living.by["amherst"]
			lowered := amherst.lowered()
			living.place("amherst.zip", lowered.content)

			runs := living.expectRuns("amherst", living.process, 2)
			Expect(runs[0].Trigger).To(HavePrefix("information/"))
			Expect(runs[0].Trigger).NotTo(Equal(runs[1].Trigger))
			Expect(living.clerk.csv("amherst", living.process)).NotTo(Equal(before))

			for _, student := range lowered.people()[:5] {
				page := read[decisionPage](living.clerk, "amherst", "/decisions?history=true&process="+living.process+"&student="+student["sourcedId"])
				Expect(page.Decisions).To(HaveLen(2))
				by := map[string]string{}
				for _, d := range page.Decisions {
					by[d.Run] = d.Current
				}
				Expect(by).To(HaveKeyWithValue(runs[1].ID, "Superseded"))
				Expect(by).To(HaveKeyWithValue(runs[0].ID, Not(Equal("Superseded"))))
			}
			Expect(living.clerk.runs("concord", living.process)).To(HaveLen(1), "the roster of the district beside it is the same")
		})

		It("decides once on request, however often the request is repeated", func() {
			request := asked{Process: living.process, At: living.at, Seed: seed}
			first := living.clerk.start("concord", "once", request)
			again := living.clerk.start("concord", "once", request)
			Expect(again.ID).To(Equal(first.ID))
			done := living.clerk.finished("concord", first.ID)
			Expect(living.clerk.start("concord", "once", request).State).To(Equal("Committed"))
			Expect(done.Trigger).To(HavePrefix("request/"))
			Expect(living.clerk.runs("concord", living.process)).To(HaveLen(2))
		})

		It("serves an edited rule on every replica, and names it in the decisions in force", func() {
			first := living.expectServing(living.process)
			before := living.clerk.runs("amherst", living.process)
			edit(living.network, "maths-tutoring", &v1alpha1.RuleSet{}, func(r *v1alpha1.RuleSet) {
				r.Spec.Rules[0].When = v1alpha1.Expression(strings.Replace(string(r.Spec.Rules[0].When), "40.0", "45.0", 1))
			})
			second := living.expectServing(living.process, first.Status.Revision)
			living.expectReplicas(second.Status.Revision)
			for _, name := range []string{"amherst", "boston"} {
				// A new revision decides about the present roster by itself.
				Eventually(func(g Gomega) {
					page := read[decisionPage](living.clerk, name, "/decisions?limit=1000&process="+living.process)
					g.Expect(page.Decisions).To(HaveLen(living.by[name].students))
					for _, d := range page.Decisions {
						g.Expect(d.Revision).To(BeEquivalentTo(second.Status.Revision))
					}
				}).Should(Succeed())
			}

			edit(living.network, "maths-tutoring", &v1alpha1.RuleSet{}, func(r *v1alpha1.RuleSet) {
				r.Spec.Rules[0].When = v1alpha1.Expression(strings.Replace(string(r.Spec.Rules[0].When), "45.0", "40.0", 1))
			})
			third := living.expectServing(living.process, second.Status.Revision)
			Expect(third.Status.Revision).To(Equal(first.Status.Revision), "the same content is the same revision")
			Expect(third.Status.RevisionName).To(Equal(first.Status.RevisionName))
			living.expectReplicas(first.Status.Revision)
			Expect(living.expectRuns("amherst", living.process, len(before)+2)[0].Revision).To(BeEquivalentTo(first.Status.Revision))
		})

		It("explains a decision by replaying it", func() {
			page := read[decisionPage](living.clerk, "amherst", "/decisions?limit=1&process="+living.process)
			explained := read[struct {
				Record aDecision
				Replay struct{ Same bool }
				Rules  []struct{ ID string }
			}](living.clerk, "amherst", "/decisions/"+page.Decisions[0].ID+"/explanation")
			Expect(explained.Record.ID).To(Equal(page.Decisions[0].ID))
			Expect(explained.Replay.Same).To(BeTrue())
			Expect(explained.Rules).NotTo(BeEmpty())
		})

		It("decides on schedule", func() {
			var runs []aRun
			Eventually(func() []aRun {
				runs = living.clerk.runs("boston", everyMinute)
				return runs
			}).WithPolling(2 * time.Second).ShouldNot(BeEmpty())
			Expect(runs[0].Trigger).To(HavePrefix("schedule/"))
			Expect(runs[0].At.Second()).To(BeZero(), "the instant of evaluation is the scheduled one")
			Expect(living.clerk.finished("boston", runs[0].ID).Decisions).To(Equal(living.by["boston"].students))
		})

		It("describes its API", func() {
			got, err := living.clerk.ask(http.MethodGet, "amherst", "/openapi.json", nil, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(got.status).To(Equal(http.StatusOK))
			Expect(string(got.body)).To(ContainSubstring(`"/v1/districts/{district}/decisions"`))
		})
	})
}

// decideByItself makes the process of the sample run on new information, and drops the rule about who is not enrolled in a class: such
// runs are about the present day, on which the generated students are not.
func decideByItself(objects []*unstructured.Unstructured) {
	set(objects, "PersonalizationProcess", []any{
		map[string]any{"information": map[string]any{}}, map[string]any{"request": map[string]any{}},
	}, "spec", "triggers")
	rules := get(objects, "RuleSet", "spec", "rules")
	Expect(rules[0]).To(HaveKeyWithValue("id", "not-enrolled"))
	set(objects, "RuleSet", rules[1:], "spec", "rules")
	set(objects, "RuleSet", []any{}, "spec", "tests")
}

// declareEveryMinute declares a process that runs each minute in boston: it has all the time of the other stories to do so.
func declareEveryMinute() {
	GinkgoHelper()
	edit(living.network, "boston", &v1alpha1.District{}, func(d *v1alpha1.District) { d.Labels["minute"] = "yes" })
	process := &v1alpha1.PersonalizationProcess{}
	Expect(admin.Get(ctx, client.ObjectKey{Namespace: living.namespace, Name: living.process}, process)).To(Succeed())
	other := &v1alpha1.PersonalizationProcess{Spec: process.Spec}
	other.Namespace, other.Name = living.namespace, everyMinute
	other.Spec.Triggers = []v1alpha1.Trigger{{Schedule: &v1alpha1.ScheduleTrigger{Cron: "* * * * *"}}}
	other.Spec.Districts.Selector.MatchLabels = map[string]string{"minute": "yes"}
	Expect(admin.Create(ctx, other)).To(Succeed())
}

// expectRuns waits until a process ran so often in a district, and returns the runs, the newest first.
func (s *sampled) expectRuns(district, process string, count int) []aRun {
	GinkgoHelper()
	var runs []aRun
	Eventually(func(g Gomega) {
		runs = living.clerk.runs(district, process)
		g.Expect(runs).To(HaveLen(count))
		for _, r := range runs {
			g.Expect(r.State).To(Equal("Committed"))
		}
	}).Should(Succeed(), "runs of %s in %s", process, district)
	return runs
}

// expectReplicas expects that every replica of every evaluator says that it serves its evaluator's assignment, and that this
// holds the revision and no other one of the process.
func (s *sampled) expectReplicas(revision v1alpha1.Digest) {
	GinkgoHelper()
	var evaluators v1alpha1.EvaluatorList
	Expect(admin.List(ctx, &evaluators, client.InNamespace(s.namespace))).To(Succeed())
	Expect(evaluators.Items).NotTo(BeEmpty())
	districts := 0
	for _, e := range evaluators.Items {
		Expect(e.Status.Replicas).NotTo(BeEmpty(), e.Name)
		for _, replica := range e.Status.Replicas {
			Expect(replica.Ready).To(BeTrue(), "%s %s", e.Name, replica.Name)
			Expect(replica.Assignment).To(Equal(e.Status.Assignment), "%s %s", e.Name, replica.Name)
		}
		for _, serving := range e.Status.Serving {
			if string(serving.Process) == s.process {
				Expect(serving.Revision).To(Equal(revision), e.Name)
				districts += int(serving.Districts)
			}
		}
	}
	Expect(districts).To(Equal(len(s.rosters)))
}

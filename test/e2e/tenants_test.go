// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"encoding/json"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// tenants is what keeps districts and networks apart.
func tenants() {
	BeforeEach(func() {
		if living.sampled == nil {
			Skip("the network of the stories before did not come to be")
		}
	})

	It("shows a district's decisions to those alone who may see that district's", func() {
		mine := living.account("amherst-office",
			rbacv1.PolicyRule{
				APIGroups: []string{v1alpha1.GroupVersion.Group}, ResourceNames: []string{"amherst"},
				Resources: []string{"districts/decisions", "districts/explanations"}, Verbs: []string{"get", "list"},
			})
		page := read[decisionPage](mine, "amherst", "/decisions?limit=1")
		Expect(page.Decisions).To(HaveLen(1))
		id := page.Decisions[0].ID
		mine.get("amherst", "/decisions/"+id+"/explanation")

		// concord is served by the same evaluator, boston by another.
		for _, other := range []string{"concord", "boston"} {
			for _, path := range []string{"/decisions", "/decisions?format=csv", "/decisions/" + id, "/decisions/" + id + "/explanation", "/runs", "/tasks", "/record"} {
				got := mine.refused(http.StatusForbidden, http.MethodGet, other, path, nil)
				Expect(string(got.body)).NotTo(ContainSubstring(page.Decisions[0].Student))
			}
		}
		mine.refused(http.StatusForbidden, http.MethodPost, "amherst", "/runs", asked{Process: living.process})

		listed, err := mine.ask(http.MethodGet, "amherst", "/v1/districts", nil, nil)
		Expect(err).NotTo(HaveOccurred())
		var list struct{ Districts []struct{ Name string } }
		Expect(json.Unmarshal(listed.body, &list)).To(Succeed())
		Expect(list.Districts).To(HaveLen(1))
		Expect(list.Districts[0].Name).To(Equal("amherst"))
	})

	It("finds no decision of one district under the name of another", func() {
		page := read[decisionPage](living.clerk, "amherst", "/decisions?limit=1")
		for _, other := range []string{"concord", "boston"} {
			living.clerk.refused(http.StatusNotFound, http.MethodGet, other, "/decisions/"+page.Decisions[0].ID, nil)
			living.clerk.refused(http.StatusNotFound, http.MethodGet, other, "/decisions/"+page.Decisions[0].ID+"/explanation", nil)
		}
		student := page.Decisions[0].Student
		Expect(read[decisionPage](living.clerk, "concord", "/decisions?history=true&student="+student).Decisions).To(BeEmpty())
	})

	It("lets nobody in without a token of the cluster", func() {
		for _, token := range []string{"", "not-a-token"} {
			(&caller{living.network, token}).refused(http.StatusUnauthorized, http.MethodGet, "amherst", "/decisions", nil)
		}
		nobody := living.account("nobody")
		nobody.refused(http.StatusForbidden, http.MethodGet, "amherst", "/decisions", nil)
		viewer := living.account("viewer")
		living.bind("viewer", "view", "ClusterRole")
		viewer.refused(http.StatusForbidden, http.MethodGet, "amherst", "/decisions", nil)
	})

	It("lets an evaluator report for itself and its own districts alone", func() {
		bostons := living.tokenOf(names.Workload("boston"))
		asBoston, err := client.New(&rest.Config{
			Host: config.Host, BearerToken: bostons, TLSClientConfig: rest.TLSClientConfig{CAData: config.CAData, CAFile: config.CAFile},
		}, client.Options{Scheme: admin.Scheme(), Mapper: admin.RESTMapper()})
		Expect(err).NotTo(HaveOccurred())
		touch := func(object client.Object) error {
			return asBoston.Status().Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(`{"status":{}}`)))
		}
		named := func(object client.Object, name string) client.Object {
			object.SetNamespace(living.namespace)
			object.SetName(name)
			return object
		}
		amherst := living.expectDistrict("amherst", v1alpha1.ConditionPlaced, "True")
		Expect(touch(named(&v1alpha1.Evaluator{}, "boston"))).To(Succeed())
		Expect(touch(named(&v1alpha1.DecisionReport{}, "boston"))).To(Succeed())
		for what, err := range map[string]error{
			"another evaluator's status": touch(named(&v1alpha1.Evaluator{}, amherst.Status.Evaluator)),
			"another district's report":  touch(named(&v1alpha1.DecisionReport{}, "amherst")),
			"a district's status":        touch(named(&v1alpha1.District{}, "boston")),
			"a process":                  asBoston.Get(ctx, client.ObjectKey{Namespace: living.namespace, Name: living.process}, &v1alpha1.PersonalizationProcess{}),
		} {
			Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%s: %v", what, err)
		}
	})

	It("keeps two networks apart whose processes and districts have the same names", func() {
		made := generate("namesake", 40)
		made.name = "amherst"
		other := sampleNetwork("namesake", "", inTerm, []roster{made}, "")
		Expect(other.process).To(Equal(living.process))
		clerk := other.clerk()
		before := living.clerk.csv("amherst", living.process)
		mine := living.expectServing(living.process)

		its := other.expectServing(other.process)
		run := clerk.finished("amherst", clerk.start("amherst", "one", asked{Process: other.process, At: other.at, Seed: seed}).ID)
		Expect(run.Decisions).To(Equal(made.students))
		Expect(its.Status.Revision).NotTo(Equal(mine.Status.Revision), "its triggers are others")
		Expect(living.clerk.csv("amherst", living.process)).To(Equal(before))

		// A token of one network opens nothing in the other.
		(&caller{other.network, living.clerk.token}).refused(http.StatusForbidden, http.MethodGet, "amherst", "/decisions", nil)
		(&caller{living.network, clerk.token}).refused(http.StatusForbidden, http.MethodGet, "amherst", "/decisions", nil)
	})
}

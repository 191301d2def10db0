// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The release has the name that the documentation gives it: cluster roles and definitions have fixed names, so a cluster has
// one release. One that was there before is upgraded, and stays.
const (
	release          = "juncture"
	releaseNamespace = "juncture-system"
)

// install installs the chart with the images under test.
func install() {
	GinkgoHelper()
	for _, name := range []string{"JUNCTURE_MANAGER_IMAGE", "JUNCTURE_EVALUATOR_IMAGE"} {
		Expect(os.Getenv(name)).NotTo(BeEmpty(), "%s is not set: run make test-e2e", name)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: releaseNamespace, Labels: restricted()}}
	if err := admin.Create(ctx, namespace); !apierrors.IsAlreadyExists(err) {
		Expect(err).NotTo(HaveOccurred())
	}
	_, err := try("helm", "status", release, "--namespace", releaseNamespace)
	before := err == nil
	upgrade()
	DeferCleanup(func() {
		if kept() {
			return
		}
		removeNetworks() // while the manager is there to finish what it began
		if !before {
			run("helm", "uninstall", release, "--namespace", releaseNamespace, "--wait")
			Expect(admin.Delete(ctx, namespace)).To(Succeed())
			Eventually(gone(namespace)).Should(Succeed())
		}
	})
}

// upgrade installs the release, or upgrades it to the same values again.
func upgrade() {
	GinkgoHelper()
	arguments := []string{
		"upgrade", "--install", release, "charts/juncture", "--namespace", releaseNamespace, "--wait", "--timeout", "3m",
	}
	arguments = append(arguments, imageValues("image", os.Getenv("JUNCTURE_MANAGER_IMAGE"))...)
	arguments = append(arguments, imageValues("evaluator.image", os.Getenv("JUNCTURE_EVALUATOR_IMAGE"))...)
	run("helm", arguments...)
}

// imageValues are the chart's values for an image reference.
func imageValues(value, reference string) []string {
	GinkgoHelper()
	if repository, digest, ok := strings.Cut(reference, "@"); ok {
		return []string{"--set-string", value + ".repository=" + repository, "--set-string", value + ".digest=" + digest}
	}
	colon := strings.LastIndex(reference, ":")
	Expect(colon).To(BeNumerically(">", strings.LastIndex(reference, "/")), "image reference %q has neither a tag nor a digest", reference)
	return []string{"--set-string", value + ".repository=" + reference[:colon], "--set-string", value + ".tag=" + reference[colon+1:]}
}

// restricted are the labels of a namespace that lets in only pods which pass the strictest of the Pod Security Standards.
func restricted() map[string]string {
	return map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
}

// gone succeeds when the API server does not have the object any more.
func gone(object client.Object) func(Gomega) {
	return func(g Gomega) {
		err := admin.Get(ctx, client.ObjectKeyFromObject(object), object)
		g.Expect(apierrors.IsNotFound(err)).To(BeTrue(), "%T %s is still there: %v", object, client.ObjectKeyFromObject(object), err)
	}
}

// theChart is what people who install it may rely on.
func theChart() {
	It("passes its own test", func() {
		run("helm", "test", release, "--namespace", releaseNamespace, "--timeout", "2m")
	})

	It("changes no pod when it is upgraded with the same values", func() {
		before := managers()
		Expect(before).NotTo(BeEmpty())
		upgrade()
		Expect(managers()).To(Equal(before))
	})

	It("lets no one who may view, edit or administer a namespace see a decision", func() {
		for _, role := range []string{"view", "edit", "admin"} {
			// The aggregated roles are filled by the cluster a moment after the chart is installed.
			Eventually(func() string { return run("kubectl", "get", "clusterrole", role, "--output", "yaml") }).Should(ContainSubstring("juncture.dev"))
			Expect(run("kubectl", "get", "clusterrole", role, "--output", "yaml")).NotTo(ContainSubstring("districts/"))
		}
	})
}

// managers are the manager's pods with how often they were started.
func managers() map[string]int32 {
	GinkgoHelper()
	var pods corev1.PodList
	Expect(admin.List(ctx, &pods, client.InNamespace(releaseNamespace), client.MatchingLabels{"app.kubernetes.io/component": "manager"})).To(Succeed())
	found := map[string]int32{}
	for i := range pods.Items {
		for _, container := range pods.Items[i].Status.ContainerStatuses {
			found[string(pods.Items[i].UID)] += 1 + container.RestartCount
		}
	}
	return found
}

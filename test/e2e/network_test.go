// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// rostersClaim is the claim of a network that its districts' rosters lie on.
const rostersClaim = "rosters"

// labelled marks what the tests create in the cluster beside the release.
const labelled = "juncture.dev/e2e"

// network is a namespace with a volume of rosters.
type network struct {
	namespace string
	folder    string // of the volume, on this machine
}

// networks are those that were created, for the search at the end and for their removal.
var networks []*network

// newNetwork creates a namespace and the volume of its rosters.
func newNetwork(name string) *network {
	GinkgoHelper()
	labels := restricted()
	labels[labelled] = "true"
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-" + name + "-", Labels: labels}}
	Expect(admin.Create(ctx, namespace)).To(Succeed())
	n := &network{namespace: namespace.Name}
	networks = append(networks, n)

	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.namespace, Name: rostersClaim},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	Expect(admin.Create(ctx, claim)).To(Succeed())
	n.folder = folderOf(n.namespace, rostersClaim)
	return n
}

// folderOf is the folder of this machine that a claim's volume is.
func folderOf(namespace, name string) string {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{}
	Eventually(func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, claim)).To(Succeed())
		g.Expect(claim.Status.Phase).To(Equal(corev1.ClaimBound), "claim %s/%s: the tests need a default StorageClass that binds at once", namespace, name)
	}).Should(Succeed())
	volume := &corev1.PersistentVolume{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: claim.Spec.VolumeName}, volume)).To(Succeed())
	const need = "the tests put rosters into the folders of host-path volumes, so the cluster's nodes have to be this machine: CLUSTER=local make test-e2e"
	Expect(volume.Spec.HostPath).NotTo(BeNil(), need)
	folder := volume.Spec.HostPath.Path
	// The nodes of the local cluster see the folder of its kubeconfig as /run/juncture: see docs/local-cluster.md.
	if below, ok := strings.CutPrefix(folder, "/run/juncture/"); ok {
		folder = filepath.Join(filepath.Dir(os.Getenv("KUBECONFIG")), below)
	}
	Expect(folder).To(BeADirectory(), need)
	return folder
}

// removeNetworks deletes the namespaces, and waits until they are gone: the manager must still be there to take away what
// lies outside of them.
func removeNetworks() {
	GinkgoHelper()
	for _, n := range networks {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.namespace}}
		Expect(client.IgnoreNotFound(admin.Delete(ctx, namespace))).To(Succeed())
	}
	for _, n := range networks {
		Eventually(gone(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.namespace}})).WithTimeout(2 * aWhile).Should(Succeed())
	}
}

// place puts a roster where the network's evaluators read it. As people are told to, it is written beside the old one and
// renamed; it looks an hour old, because evaluators leave a file alone that may still be being written.
func (n *network) place(path string, content []byte) {
	GinkgoHelper()
	placed++
	at := filepath.Join(n.folder, path)
	Expect(os.WriteFile(at+".new", content, 0o644)).To(Succeed())
	modified := time.Now().Add(-time.Hour).Add(time.Duration(placed) * time.Second)
	Expect(os.Chtimes(at+".new", modified, modified)).To(Succeed())
	Expect(os.Rename(at+".new", at)).To(Succeed())
}

var placed int // files, so that each has another date

// sample reads the manifests of a folder of config/samples, for this network: without Namespace and Districts.
func (n *network) sample(folder string) []*unstructured.Unstructured {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join(root, "config/samples", folder, "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(files).NotTo(BeEmpty())
	var objects []*unstructured.Unstructured
	for _, file := range files {
		raw, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		for _, document := range strings.Split(string(raw), "\n---\n") {
			object := &unstructured.Unstructured{}
			Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed(), file)
			if object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group || object.GetKind() == "District" {
				continue
			}
			object.SetNamespace(n.namespace)
			objects = append(objects, object)
		}
	}
	return objects
}

// district is a District of the network whose roster is <name>.zip of its volume.
func (n *network) district(name string, enrolment int, labels map[string]string) *v1alpha1.District {
	return &v1alpha1.District{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "District"},
		ObjectMeta: metav1.ObjectMeta{Namespace: n.namespace, Name: name, Labels: labels},
		Spec: v1alpha1.DistrictSpec{
			Enrolment: int64(enrolment), TimeZone: "UTC", Isolation: v1alpha1.IsolationShared,
			Source: v1alpha1.DistrictSource{OneRosterCSV: &v1alpha1.OneRosterCSV{
				Volume:   &v1alpha1.RosterVolume{PersistentVolumeClaim: &v1alpha1.RosterClaim{ClaimName: rostersClaim}},
				Path:     name + ".zip",
				Interval: "10s", // the least there is
			}},
		},
	}
}

// set changes a field of one of the objects.
func set(objects []*unstructured.Unstructured, kind string, value any, fields ...string) {
	GinkgoHelper()
	at := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	Expect(at).To(BeNumerically(">=", 0), "the sample has no %s", kind)
	Expect(unstructured.SetNestedField(objects[at].Object, value, fields...)).To(Succeed())
}

// get is a list of one of the objects.
func get(objects []*unstructured.Unstructured, kind string, fields ...string) []any {
	GinkgoHelper()
	at := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	Expect(at).To(BeNumerically(">=", 0), "the sample has no %s", kind)
	list, found, err := unstructured.NestedSlice(objects[at].Object, fields...)
	Expect(err).NotTo(HaveOccurred())
	Expect(found).To(BeTrue(), "the %s of the sample has no %s", kind, strings.Join(fields, "."))
	return list
}

// declare creates objects, as kubectl would.
func declare[T client.Object](objects ...T) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(admin.Create(ctx, object.DeepCopyObject().(client.Object))).To(Succeed(), "%s %s", object.GetObjectKind().GroupVersionKind().Kind, object.GetName())
	}
}

// save writes the objects into a folder, as a platform team has them in Git.
func save[T client.Object](folder string, objects ...T) {
	GinkgoHelper()
	Expect(os.MkdirAll(folder, 0o755)).To(Succeed())
	for i, object := range objects {
		raw, err := yaml.Marshal(object)
		Expect(err).NotTo(HaveOccurred())
		name := fmt.Sprintf("%02d-%s-%s.yaml", i, strings.ToLower(object.GetObjectKind().GroupVersionKind().Kind), object.GetName())
		Expect(os.WriteFile(filepath.Join(folder, name), raw, 0o644)).To(Succeed())
	}
}

// edit changes an object, again if somebody else changed it meanwhile.
func edit[T client.Object](n *network, name string, object T, change func(T)) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: n.namespace, Name: name}, object)).To(Succeed())
		change(object)
		err := admin.Update(ctx, object)
		if err != nil && !apierrors.IsConflict(err) {
			StopTrying("the edit was refused").Wrap(err).Now()
		}
		g.Expect(err).NotTo(HaveOccurred())
	}).Should(Succeed())
}

// condition says how a condition of an object stands, in a form that is good to read where it is not as expected.
func condition(conditions []metav1.Condition, kind string) string {
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil {
		return "none"
	}
	return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
}

// expectProcess waits until the condition of a process begins with what is expected, and returns the process.
func (n *network) expectProcess(name, kind, begins string) *v1alpha1.PersonalizationProcess {
	GinkgoHelper()
	process := &v1alpha1.PersonalizationProcess{}
	Eventually(func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: n.namespace, Name: name}, process)).To(Succeed())
		g.Expect(process.Status.ObservedGeneration).To(Equal(process.Generation))
		g.Expect(condition(process.Status.Conditions, kind)).To(HavePrefix(begins))
	}).Should(Succeed(), "process %s/%s", n.namespace, name)
	return process
}

// expectServing waits until every district that the process selects is served by a revision other than those given.
func (n *network) expectServing(name string, not ...v1alpha1.Digest) *v1alpha1.PersonalizationProcess {
	GinkgoHelper()
	process := &v1alpha1.PersonalizationProcess{}
	Eventually(func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: n.namespace, Name: name}, process)).To(Succeed())
		g.Expect(process.Status.ObservedGeneration).To(Equal(process.Generation))
		g.Expect(not).NotTo(ContainElement(process.Status.Revision))
		g.Expect(condition(process.Status.Conditions, v1alpha1.ConditionReady)).To(HavePrefix("True " + v1alpha1.ReasonAllServing))
	}).Should(Succeed(), "process %s/%s", n.namespace, name)
	return process
}

// expectDistrict waits until the condition of a district begins with what is expected, and returns the district.
func (n *network) expectDistrict(name, kind, begins string) *v1alpha1.District {
	GinkgoHelper()
	district := &v1alpha1.District{}
	Eventually(func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: n.namespace, Name: name}, district)).To(Succeed())
		g.Expect(district.Status.ObservedGeneration).To(Equal(district.Generation))
		g.Expect(condition(district.Status.Conditions, kind)).To(HavePrefix(begins))
	}).Should(Succeed(), "district %s/%s", n.namespace, name)
	return district
}

// each calls a function for all elements at once, and returns when all have returned.
func each[T any](list []T, do func(i int, one T)) {
	GinkgoHelper()
	var all sync.WaitGroup
	for i, one := range list {
		all.Add(1)
		go func() {
			defer GinkgoRecover()
			defer all.Done()
			do(i, one)
		}()
	}
	all.Wait()
}

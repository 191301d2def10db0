// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package charts_test renders the chart with the helm program that hack/cluster/build.sh builds, and looks at what comes out.
package charts_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const namespace = "somewhere"

// helmProgram builds helm at its pinned version if need be: about half a minute, once.
var helmProgram = sync.OnceValues(func() (string, error) {
	if output, err := exec.Command("../hack/cluster/build.sh", "helm").CombinedOutput(); err != nil {
		return "", errors.New("hack/cluster/build.sh helm: " + string(output))
	}
	cache := os.Getenv("JUNCTURE_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache", "juncture")
	}
	return filepath.Join(cache, "bin", "helm"), nil
})

// helm runs it without the user's own settings.
func helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	program, err := helmProgram()
	if err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...)
	home := t.TempDir()
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	command.Stdout, command.Stderr = &out, &complaints
	err = command.Run()
	return out.String(), complaints.String(), err
}

// render gives the objects of the chart, by kind and name.
func render(t *testing.T, flags ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	out, complaints, err := helm(t, append([]string{"template", "juncture", "juncture", "--namespace", namespace}, flags...)...)
	if err != nil {
		t.Fatalf("helm template %v: %v\n%s", flags, err, complaints)
	}
	objects := map[string]*unstructured.Unstructured{}
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(out), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			objects[object.GetKind()+"/"+object.GetName()] = object
		}
	}
}

func as[T any](t *testing.T, object *unstructured.Unstructured) *T {
	t.Helper()
	if object == nil {
		t.Fatalf("the chart has no such object")
	}
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	return typed
}

// everything switches on all that is optional.
var everything = []string{
	"--set", "metrics.serviceMonitor.enabled=true,networkPolicy.enabled=true,priorityClassName=system-cluster-critical",
	"--set", "imagePullSecrets[0].name=registry,nodeSelector.disk=fast,serviceAccount.annotations.a=b,podAnnotations.a=b,podLabels.a=b",
	"--set", "evaluator.storage.className=fast,extraArgs[0]=--metrics-cert-dir=/certs",
	"--api-versions", "monitoring.coreos.com/v1/ServiceMonitor",
}

func TestLint(t *testing.T) {
	if out, complaints, err := helm(t, "lint", "--strict", "juncture"); err != nil {
		t.Errorf("helm lint: %v\n%s%s", err, out, complaints)
	}
}

// The definitions and roles are those of config/, whatever the templates do to their metadata.
func TestNothingDriftsFromConfig(t *testing.T) {
	objects := render(t)
	for folder, count := range map[string]int{"../config/crd/bases": 12, "../config/rbac": 13} {
		files, err := filepath.Glob(folder + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, name := range files {
			if filepath.Base(name) == "kustomization.yaml" {
				continue
			}
			for _, want := range read(t, name) {
				found++
				got := objects[want.GetKind()+"/"+want.GetName()]
				if got == nil {
					t.Errorf("%s: the chart lacks %s %s; run make generate", name, want.GetKind(), want.GetName())
					continue
				}
				for key, value := range want.GetLabels() {
					if got.GetLabels()[key] != value {
						t.Errorf("%s %s lost the label %s", want.GetKind(), want.GetName(), key)
					}
				}
				if diff := cmp.Diff(withoutMetadata(want), withoutMetadata(got)); diff != "" {
					t.Errorf("%s %s (-config +chart); run make generate:\n%s", want.GetKind(), want.GetName(), diff)
				}
			}
		}
		if found < count {
			t.Errorf("%s holds %d objects, expected %d at least", folder, found, count)
		}
	}
}

// What the manager is started with is what config/manager starts it with, beside what values say.
func TestDeploymentIsThatOfConfig(t *testing.T) {
	want := as[appsv1.Deployment](t, read(t, "../config/manager/deployment.yaml")[0])
	got := as[appsv1.Deployment](t, render(t)["Deployment/juncture-manager"])

	wantPod, gotPod := want.Spec.Template.Spec, got.Spec.Template.Spec
	for _, argument := range wantPod.Containers[0].Args {
		if !strings.HasPrefix(argument, "--evaluator-image=") && !slices.Contains(gotPod.Containers[0].Args, argument) {
			t.Errorf("the chart's manager is started without %s", argument)
		}
	}
	for _, pod := range []*corev1.PodSpec{&wantPod, &gotPod} {
		pod.Containers[0].Image, pod.Containers[0].ImagePullPolicy, pod.Containers[0].Args = "", "", nil
	}
	if diff := cmp.Diff(wantPod, gotPod); diff != "" {
		t.Errorf("pod (-config +chart):\n%s", diff)
	}
	if diff := cmp.Diff(want.Spec.Selector, got.Spec.Selector); diff != "" {
		t.Errorf("selector (-config +chart):\n%s", diff)
	}
}

// All in the release's namespace, and nothing refers to another.
func TestEverythingIsInTheNamespaceOfTheRelease(t *testing.T) {
	for name, object := range render(t, everything...) {
		if ns := object.GetNamespace(); ns != "" && ns != namespace {
			t.Errorf("%s is in %s", name, ns)
		}
		if subjects, found, _ := unstructured.NestedSlice(object.Object, "subjects"); found {
			for _, subject := range subjects {
				if got := subject.(map[string]any)["namespace"]; got != namespace {
					t.Errorf("%s binds somebody of %v", name, got)
				}
			}
		}
	}
}

func TestNoRoleHasAWildcard(t *testing.T) {
	roles := 0
	for name, object := range render(t, everything...) {
		var rules []rbacv1.PolicyRule
		switch object.GetKind() {
		case "ClusterRole":
			rules = as[rbacv1.ClusterRole](t, object).Rules
		case "Role":
			rules = as[rbacv1.Role](t, object).Rules
		default:
			continue
		}
		roles++
		for _, rule := range rules {
			for _, granted := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs) {
				if strings.Contains(granted, "*") {
					t.Errorf("%s grants %q", name, granted)
				}
			}
		}
	}
	if roles < 10 {
		t.Errorf("%d roles, expected 10 at least", roles)
	}
}

// Pod Security "restricted" admits every pod; each asks for what it needs and bounds its memory.
func TestPodsAreRestricted(t *testing.T) {
	objects := render(t, everything...)
	pods := map[string]corev1.PodSpec{
		"manager":   as[appsv1.Deployment](t, objects["Deployment/juncture-manager"]).Spec.Template.Spec,
		"helm test": as[corev1.Pod](t, objects["Pod/juncture-test"]).Spec,
	}
	for name, pod := range pods {
		if s := pod.SecurityContext; s == nil || !*s.RunAsNonRoot || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: pod security context %+v", name, s)
		}
		if len(pod.ImagePullSecrets) != 1 || pod.NodeSelector["disk"] != "fast" {
			t.Errorf("%s does not heed imagePullSecrets or nodeSelector", name)
		}
		for _, container := range pod.Containers {
			s := container.SecurityContext
			if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
				t.Errorf("%s: security context %+v", name, s)
			}
			if container.Resources.Requests.Cpu().IsZero() || container.Resources.Limits.Memory().IsZero() {
				t.Errorf("%s: resources %+v", name, container.Resources)
			}
			if container.Command != nil {
				t.Errorf("%s replaces the image's entrypoint, which images may call what they like", name)
			}
		}
	}
}

func TestValuesDo(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	manager := func(t *testing.T, objects map[string]*unstructured.Unstructured) *corev1.Container {
		t.Helper()
		return &as[appsv1.Deployment](t, objects["Deployment/juncture-manager"]).Spec.Template.Spec.Containers[0]
	}
	tests := map[string]struct {
		set   string
		check func(*testing.T, map[string]*unstructured.Unstructured) bool
	}{
		"a tag": {"image.repository=example.org/m,image.tag=v2", func(t *testing.T, o map[string]*unstructured.Unstructured) bool {
			return manager(t, o).Image == "example.org/m:v2"
		}},
		"a digest before a tag": {"evaluator.image.repository=example.org/e,evaluator.image.tag=v2,evaluator.image.digest=" + digest, func(t *testing.T, o map[string]*unstructured.Unstructured) bool {
			return slices.Contains(manager(t, o).Args, "--evaluator-image=example.org/e@"+digest)
		}},
		"definitions left out": {"crds.enabled=false", func(_ *testing.T, o map[string]*unstructured.Unstructured) bool {
			return o["CustomResourceDefinition/districts.juncture.dev"] == nil
		}},
		"definitions kept": {"crds.keep=true", func(_ *testing.T, o map[string]*unstructured.Unstructured) bool {
			return o["CustomResourceDefinition/districts.juncture.dev"].GetAnnotations()["helm.sh/resource-policy"] == "keep"
		}},
		"definitions not kept": {"crds.keep=false", func(_ *testing.T, o map[string]*unstructured.Unstructured) bool {
			return o["CustomResourceDefinition/districts.juncture.dev"].GetAnnotations()["helm.sh/resource-policy"] == ""
		}},
		"roles apart from the cluster's": {"rbac.aggregate=false", func(_ *testing.T, o map[string]*unstructured.Unstructured) bool {
			for name, object := range o {
				for label := range object.GetLabels() {
					if strings.Contains(label, "aggregate-to") && strings.HasPrefix(name, "ClusterRole/") {
						return false
					}
				}
			}
			return true
		}},
		"no budget for one": {"replicas=1", func(_ *testing.T, o map[string]*unstructured.Unstructured) bool {
			return o["PodDisruptionBudget/juncture-manager"] == nil
		}},
		"large numbers as they are": {"evaluator.packing.students=12345678", func(t *testing.T, o map[string]*unstructured.Unstructured) bool {
			return slices.Contains(manager(t, o).Args, "--evaluator-max-students=12345678")
		}},
		"other ports": {"metrics.port=9443,apiServerPorts={443,8443}", func(t *testing.T, o map[string]*unstructured.Unstructured) bool {
			args := manager(t, o).Args
			return slices.Contains(args, "--metrics-bind-address=:9443") && slices.Contains(args, "--api-server-ports=443,8443")
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if !test.check(t, render(t, "--set", test.set)) {
				t.Errorf("--set %s has not the effect it should have", test.set)
			}
		})
	}
}

// A value that nobody reads, or that cannot be meant, is refused where it is.
func TestSchemaRefuses(t *testing.T) {
	tests := map[string]struct{ set, says string }{
		"an unknown value":        {"replica=3", "replica"},
		"an unknown nested value": {"evaluator.image.tagg=x", "tagg"},
		"no manager":              {"replicas=0", "replicas"},
		"a number for words":      {"logLevel=verbose", "logLevel"},
		"a broken digest":         {"image.digest=sha256:123", "digest"},
		"a tag in the repository": {"image.repository=example.org/m:", "repository"},
		"too many districts":      {"evaluator.packing.districts=65", "districts"},
		"a size without unit":     {"evaluator.storage.size=10", "size"},
		"a port of the probes":    {"metrics.port=8081", "port"},
		"an argument of words":    {"extraArgs[0]=verbose", "extraArgs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, complaints, err := helm(t, "template", "juncture", "juncture", "--set", test.set)
			if err == nil {
				t.Fatalf("--set %s was accepted", test.set)
			}
			if !strings.Contains(complaints, test.says) {
				t.Errorf("the complaint does not name %s:\n%s", test.says, complaints)
			}
		})
	}
}

// read gives the objects of a manifest.
func read(t *testing.T, name string) []*unstructured.Unstructured {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var objects []*unstructured.Unstructured
	documents := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// withoutMetadata is the object without metadata and without the namespaces of subjects, both of which are the release's. A
// definition has to be one, too.
func withoutMetadata(object *unstructured.Unstructured) map[string]any {
	bare := object.DeepCopy().Object
	delete(bare, "metadata")
	if subjects, found, _ := unstructured.NestedSlice(bare, "subjects"); found {
		for _, subject := range subjects {
			delete(subject.(map[string]any), "namespace")
		}
		bare["subjects"] = subjects
	}
	return bare
}

func TestDefinitionsAreDefinitions(t *testing.T) {
	for name, object := range render(t) {
		if object.GetKind() == "CustomResourceDefinition" {
			if definition := as[apiextensionsv1.CustomResourceDefinition](t, object); len(definition.Spec.Versions) == 0 {
				t.Errorf("%s has no version", name)
			}
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// A release lives on a real API server: a newer chart brings newer definitions, a rollback takes them back, and when the
// release goes, definitions and what was declared stay, to be taken over by the next installation.
func TestDefinitionsLiveWithTheRelease(t *testing.T) {
	api, kubeconfig := startAPIServer(t)
	ctx := t.Context()
	do := func(args ...string) {
		t.Helper()
		if _, complaints, err := helm(t, append(args, "--kubeconfig", kubeconfig, "--namespace", namespace)...); err != nil {
			t.Fatalf("helm %v: %v\n%s", args, err, complaints)
		}
	}

	do("install", "juncture", "juncture", "--create-namespace")
	eventually(t, "the definitions are served", func() bool { return api.List(ctx, agents()) == nil })
	if accepts(t, api, "remarks") {
		t.Fatal("the field that the upgrade is to bring is there already")
	}
	declare(t, api)
	checkSize(t, api)

	do("upgrade", "juncture", newerChart(t))
	eventually(t, "the upgrade brings the new field", func() bool { return accepts(t, api, "remarks") })
	do("rollback", "juncture", "1")
	eventually(t, "the rollback takes it back", func() bool { return !accepts(t, api, "remarks") })

	do("uninstall", "juncture")
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := api.Get(ctx, client.ObjectKey{Name: "agents.juncture.dev"}, definition); err != nil || !definition.DeletionTimestamp.IsZero() {
		t.Errorf("after uninstalling, the definition: %v, deleted %v", err, definition.DeletionTimestamp)
	}
	if err := api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "counsellor"}, agent("counsellor")); err != nil {
		t.Errorf("after uninstalling, what was declared: %v", err)
	}
	do("install", "juncture", "juncture")
}

// eventually waits for what the API server does in its own time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const often, atMost = 100 * time.Millisecond, 30 * time.Second
	if err := wait.PollUntilContextTimeout(t.Context(), often, atMost, true, func(context.Context) (bool, error) { return holds(), nil }); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func startAPIServer(t *testing.T) (api client.Client, kubeconfig string) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`there is no API server to install on: run make test-unit, or export KUBEBUILDER_ASSETS="$(make -s envtest-assets)"`)
	}
	environment := &envtest.Environment{}
	config, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, environment.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	api, err = client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return api, kubeconfig
}

// newerChart is the chart of a later version, whose agents may have remarks.
func newerChart(t *testing.T) string {
	t.Helper()
	newer := filepath.Join(t.TempDir(), "juncture")
	if err := os.CopyFS(newer, os.DirFS("juncture")); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(newer, "Chart.yaml"), "version: 0.1.0", "version: 0.2.0")
	const kind = "              kind:\n"
	replace(t, filepath.Join(newer, "files/crds/juncture.dev_agents.yaml"), kind, "              remarks:\n                type: string\n"+kind)
	return newer
}

func replace(t *testing.T, name, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(name))
	if err == nil && !strings.Contains(string(text), old) {
		err = errors.New(name + " does not contain " + old)
	}
	if err == nil {
		err = os.WriteFile(name, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func agents() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("juncture.dev/v1alpha1")
	list.SetKind("AgentList")
	return list
}

func agent(name string) *unstructured.Unstructured {
	a := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"kind": "Person", "person": map[string]any{"role": name}}}}
	a.SetAPIVersion("juncture.dev/v1alpha1")
	a.SetKind("Agent")
	a.SetNamespace(namespace)
	a.SetName(name)
	return a
}

// accepts says whether the API server knows a field of an agent's spec.
func accepts(t *testing.T, api client.Client, field string) bool {
	t.Helper()
	a := agent("asked-about")
	if err := unstructured.SetNestedField(a.Object, "x", "spec", field); err != nil {
		t.Fatal(err)
	}
	err := api.Create(t.Context(), a, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	if err != nil && !strings.Contains(err.Error(), "unknown field") && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

func declare(t *testing.T, api client.Client) {
	t.Helper()
	eventually(t, "the API server serves the definitions", func() bool {
		err := api.Create(t.Context(), agent("counsellor"))
		return err == nil || apierrors.IsAlreadyExists(err)
	})
}

// checkSize leaves room below what a Secret may hold, where Helm keeps a release with the whole chart.
func checkSize(t *testing.T, api client.Client) {
	t.Helper()
	const most = 512 << 10
	secrets := &corev1.SecretList{}
	if err := api.List(t.Context(), secrets, client.InNamespace(namespace), client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	if len(secrets.Items) == 0 {
		t.Error("Helm keeps no release")
	}
	for i := range secrets.Items {
		if size := len(secrets.Items[i].Data["release"]); size > most {
			t.Errorf("the release takes %d bytes, more than %d; a Secret holds %d", size, most, 1<<20)
		}
	}
}

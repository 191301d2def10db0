// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/manifest"
)

// startServer gives a client of a real API server that has our definitions:
// that they install at all shows that their rules fit its cost budget. All tests
// share one; TestMain stops it.
func startServer(t *testing.T) client.Client {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`this test needs an API server: export KUBEBUILDER_ASSETS="$(make -s envtest-assets)", or run make test-unit`)
	}
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var server = &envtest.Environment{CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}

var shared = sync.OnceValues(func() (client.Client, error) {
	config, err := server.Start()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// TestServerAgrees holds the offline verdict to that of a real API server.
func TestServerAgrees(t *testing.T) {
	server := client.WithFieldValidation(startServer(t), metav1.FieldValidationStrict)
	for _, dir := range []string{"refused", "accepted"} {
		files, err := filepath.Glob("testdata/" + dir + "/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases in testdata/%s: %v", dir, err)
		}
		for _, file := range files {
			t.Run(dir+"/"+strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
				err := server.Create(context.Background(), inNamespace(t, file, "default"), client.DryRunAll)
				_, problems, readErr := manifest.Read([]string{file}, nil)
				if readErr != nil {
					t.Fatal(readErr)
				}
				if refused := dir == "refused"; (err != nil) != refused || (len(problems) > 0) != refused {
					t.Fatalf("want refused %v\nserver: %v\noffline: %v", refused, err, problems)
				}
				if status, ok := err.(apierrors.APIStatus); ok && apierrors.IsInvalid(err) {
					if diff := cmp.Diff(serverPaths(status), offlinePaths(problems)); diff != "" {
						t.Errorf("the server (-) and we (+) blame other fields:\n%s\nserver: %v", diff, err)
					}
				}
			})
		}
	}
}

// TestSamplesApply applies every sample.
func TestSamplesApply(t *testing.T) {
	server := client.WithFieldValidation(startServer(t), metav1.FieldValidationStrict)
	for _, dir := range []string{"../../config/samples", "../../config/samples/oulad", "../../config/samples/state"} {
		files, err := filepath.Glob(dir + "/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no samples in %s: %v", dir, err)
		}
		slices.SortFunc(files, func(a, b string) int { // the namespace first
			return strings.Compare(strings.Replace(a, "namespace", "a", 1), strings.Replace(b, "namespace", "a", 1))
		})
		for _, file := range files {
			if strings.HasSuffix(file, "kustomization.yaml") {
				continue
			}
			for _, object := range objects(t, file) {
				apply := client.ApplyConfigurationFromUnstructured(object)
				if err := server.Apply(context.Background(), apply, client.FieldOwner("test")); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
	if err := server.Get(context.Background(), client.ObjectKey{Name: "open-university"}, &corev1.Namespace{}); err != nil {
		t.Error(err)
	}
}

// TestRevisionIsImmutable: neither its content nor its name can be made another's.
func TestRevisionIsImmutable(t *testing.T) {
	server := startServer(t)
	ctx := context.Background()
	revision := &v1alpha1.ProcessRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p-aaaaaaaaaaaa"},
		Spec:       v1alpha1.ProcessRevisionSpec{Process: "p", Digest: v1alpha1.Digest("sha256-" + strings.Repeat("a", 64)), Bundle: strings.Repeat("x", 1<<20)},
	}
	if err := server.Create(ctx, revision); err != nil {
		t.Fatalf("a revision of the greatest size: %v", err)
	}
	revision.Spec.Bundle = "{}"
	if err := server.Update(ctx, revision); err == nil || !strings.Contains(err.Error(), "immutable") {
		t.Errorf("changed: %v", err)
	}
	larger := &v1alpha1.ProcessRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "q-aaaaaaaaaaaa"}, Spec: revision.Spec}
	larger.Spec.Process, larger.Spec.Bundle = "q", strings.Repeat("x", 1<<20+1)
	if err := server.Create(ctx, larger); err == nil {
		t.Error("a revision larger than that was taken")
	}
}

// TestReplicasReportForThemselves: each replica applies its own entry of an
// Evaluator's status, and none touches another's.
func TestReplicasReportForThemselves(t *testing.T) {
	server := startServer(t)
	ctx := context.Background()
	evaluator := &v1alpha1.Evaluator{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "e"}}
	if err := server.Create(ctx, evaluator); err != nil {
		t.Fatal(err)
	}
	report := func(replica string, ready bool) {
		t.Helper()
		status := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": v1alpha1.GroupVersion.String(), "kind": "Evaluator",
			"metadata": map[string]any{"namespace": "default", "name": "e"},
			"status":   map[string]any{"replicas": []any{map[string]any{"name": replica, "ready": ready}}},
		}}
		if err := server.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(status), client.FieldOwner(replica)); err != nil {
			t.Fatal(err)
		}
	}
	report("e-0", true)
	report("e-1", false)
	report("e-0", true)
	if err := server.Get(ctx, client.ObjectKeyFromObject(evaluator), evaluator); err != nil {
		t.Fatal(err)
	}
	want := []v1alpha1.EvaluatorReplica{{Name: "e-0", Ready: true}, {Name: "e-1"}}
	if diff := cmp.Diff(want, evaluator.Status.Replicas); diff != "" {
		t.Error(diff)
	}
}

// TestReportIsSuppressedOrNot: a count is a number or suppressed, never both
// and never neither.
func TestReportIsSuppressedOrNot(t *testing.T) {
	server := startServer(t)
	ctx := context.Background()
	report := &v1alpha1.DecisionReport{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "d"}, Spec: v1alpha1.DecisionReportSpec{District: "d"}}
	if err := server.Create(ctx, report); err != nil {
		t.Fatal(err)
	}
	ten := int64(10)
	for name, c := range map[string]struct {
		count v1alpha1.ReportedCount
		fits  bool
	}{
		"given":      {v1alpha1.ReportedCount{Count: &ten}, true},
		"suppressed": {v1alpha1.ReportedCount{Suppressed: true}, true},
		"both":       {v1alpha1.ReportedCount{Count: &ten, Suppressed: true}, false},
		"neither":    {v1alpha1.ReportedCount{}, false},
	} {
		changed := report.DeepCopy()
		changed.Status.Processes = []v1alpha1.ProcessReport{{
			Process: "p", Revision: v1alpha1.Digest("sha256-" + strings.Repeat("a", 64)), Total: v1alpha1.ReportedCount{Count: &ten},
			States: []v1alpha1.StateCount{{State: "Offered", ReportedCount: c.count}},
			Rules:  []v1alpha1.RuleCount{{Rule: "otherwise", ReportedCount: v1alpha1.ReportedCount{Suppressed: true}}},
		}}
		if err := server.Status().Update(ctx, changed); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		} else if err == nil {
			report.ResourceVersion = changed.ResourceVersion
		}
	}
}

func objects(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []*unstructured.Unstructured
	for part := range bytes.SplitSeq(text, []byte("\n---\n")) {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(part, &object.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found = append(found, object)
	}
	return found
}

func inNamespace(t *testing.T, file, namespace string) *unstructured.Unstructured {
	t.Helper()
	object := objects(t, file)[0]
	if object.GetNamespace() == "" {
		if err := unstructured.SetNestedField(object.Object, namespace, "metadata", "namespace"); err != nil {
			t.Fatal(err)
		}
	}
	return object
}

func serverPaths(status apierrors.APIStatus) []string {
	var paths []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Field == "<nil>" && strings.Contains(cause.Message, "some validation rules were not checked") {
			continue // a remark, not a fault
		}
		paths = append(paths, strings.TrimPrefix(cause.Field, "<nil>"))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func offlinePaths(problems []manifest.Problem) []string {
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

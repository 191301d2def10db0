// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/internal/manifest"
)

// startServer gives a client of a real API server that has our definitions:
// that they install at all shows that their rules fit its cost budget.
func startServer(t *testing.T) client.Client {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`this test needs an API server: export KUBEBUILDER_ASSETS="$(make -s envtest-assets)", or run make test-unit`)
	}
	server := &envtest.Environment{CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
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
				if status, ok := err.(apierrors.APIStatus); ok && apierrors.IsInvalid(err) { //nolint:errorlint // the server's answer is not wrapped.
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
	for _, dir := range []string{"../../config/samples", "../../config/samples/oulad"} {
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

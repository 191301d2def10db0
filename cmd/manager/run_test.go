// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/manager"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

// The program as a whole: it becomes ready, places a district, shows its metrics
// to nobody who may not see them, and stops when it is told to.
func TestRun(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`KUBEBUILDER_ASSETS is not set: export KUBEBUILDER_ASSETS="$(make -s envtest-assets)"`)
	}
	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer environment.Stop()
	user, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)

	probes, metrics := freeAddress(t), freeAddress(t)
	o, err := parseQuietly("--evaluator-image=evaluator:1", "--store-size=3Gi", "--health-probe-bind-address="+probes, "--metrics-bind-address="+metrics)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, o) }()

	k8s, err := client.New(config, client.Options{Scheme: manager.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	if err := k8s.Create(ctx, jtesting.MakeDistrict("default", "amherst").Obj()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready", func() error { return expectStatus("http://"+probes+"/readyz", http.StatusOK) })
	eventually(t, "closed metrics", func() error { return expectStatus("https://"+metrics+"/metrics", http.StatusUnauthorized) })
	eventually(t, "placed", func() error {
		evaluator := &v1alpha1.Evaluator{}
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "shared-0"}, evaluator); err != nil {
			return err
		}
		if evaluator.Spec.Store.Size != "3Gi" {
			return fmt.Errorf("size of the store: %s", evaluator.Spec.Store.Size)
		}
		return nil
	})
	stop()
	if err := <-done; err != nil {
		t.Errorf("it did not stop in peace: %v", err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func expectStatus(url string, want int) error {
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // made at start
	answer, err := insecure.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	return nil
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

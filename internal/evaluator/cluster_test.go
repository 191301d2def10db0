// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator"
	"github.com/juncture-dev/juncture/internal/evaluator/access"
	"github.com/juncture-dev/juncture/internal/evaluator/report"
	"github.com/juncture-dev/juncture/internal/testing/tenancy"
)

// cluster is a real API server with our definitions and roles.
type cluster struct {
	t      *testing.T
	admin  client.Client
	config *rest.Config
}

const network = "network" // namespace

func newCluster(t *testing.T) *cluster {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal(`this test needs an API server: export KUBEBUILDER_ASSETS="$(make -s envtest-assets)"`)
	}
	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := v1alpha1.AddToScheme(scheme.Scheme); err != nil {
		t.Fatal(err)
	}
	admin, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t, admin, config}
	c.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: network}})
	for _, file := range []string{"decisions.yaml", "evaluator_auth.yaml"} {
		c.roles(filepath.Join("../../config/rbac", file))
	}
	return c
}

func (c *cluster) create(o client.Object) {
	c.t.Helper()
	if err := c.admin.Create(context.Background(), o); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) roles(file string) {
	c.t.Helper()
	f, err := os.Open(file)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	documents := yaml.NewYAMLOrJSONDecoder(f, 4096)
	for {
		role := &rbacv1.ClusterRole{}
		if err := documents.Decode(role); err != nil {
			return
		}
		if role.Name != "" {
			c.create(role)
		}
	}
}

// account makes a service account and gives a token of it.
func (c *cluster) account(name string, audiences ...string) string {
	c.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: name}}
	if err := c.admin.Create(c.t.Context(), account); err != nil && !apierrors.IsAlreadyExists(err) {
		c.t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	if err := c.admin.SubResource("token").Create(c.t.Context(), account, request); err != nil {
		c.t.Fatal(err)
	}
	return request.Status.Token
}

func subject(name string) []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: network, Name: name}}
}

func (c *cluster) bind(name, kind, role string) {
	c.t.Helper()
	c.create(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: name + "-" + role}, Subjects: subject(name),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
	})
}

// asEvaluator is how an evaluator reaches the cluster: with the rights that the
// operator gives it, and no others.
func (c *cluster) asEvaluator(districts ...string) *rest.Config {
	c.t.Helper()
	c.create(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: "one"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"evaluators/status"}, ResourceNames: []string{"one"}, Verbs: []string{"get", "patch"}},
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"decisionreports/status"}, ResourceNames: districts, Verbs: []string{"get", "patch"}},
	}})
	token := c.account("evaluator")
	c.bind("evaluator", "Role", "one")
	c.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "evaluator"}, Subjects: subject("evaluator"),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "juncture-evaluator-auth"},
	})
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token
	return config
}

func (c *cluster) inCluster(config *rest.Config, o *evaluator.Options) {
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		c.t.Fatal(err)
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		c.t.Fatal(err)
	}
	digest, err := o.Assignment.Digest()
	if err != nil {
		c.t.Fatal(err)
	}
	o.Access = access.New(typed, network, nil, time.Now)
	o.Reporter = report.New(report.Options{
		Client: untyped, Namespace: network, Evaluator: "one", Pod: "one-0", Assignment: digest, Clock: clock.RealClock{}, Log: o.Log,
	})
}

// until looks until it is so; the test's own time limit bounds it.
func until[T client.Object](c *cluster, name string, object T, so func(T) bool) {
	c.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		reflect.ValueOf(object).Elem().SetZero() // what is gone is not decoded, so it would stay
		if err := c.admin.Get(context.Background(), client.ObjectKey{Namespace: network, Name: name}, object); err != nil {
			c.t.Fatal(err)
		}
		if so(object) {
			return
		}
		if time.Now().After(deadline) {
			form, _ := json.MarshalIndent(object, "", "  ")
			c.t.Fatalf("%T %s never came to be as it should: %s", object, name, form)
		}
	}
}

func TestInACluster(t *testing.T) {
	c := newCluster(t)
	one := &v1alpha1.Evaluator{ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: "one"}}
	c.create(one)
	// The operator has its part of the status before there is a replica. (With
	// nothing else in the status, an API server refuses to have the last entry
	// taken away: what is left would be null.)
	one.Status.ObservedGeneration = one.Generation
	if err := c.admin.Status().Update(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"boston", "lowell"} {
		c.create(&v1alpha1.DecisionReport{ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: name}, Spec: v1alpha1.DecisionReportSpec{District: v1alpha1.ObjectName(name), Evaluator: "one"}})
	}
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	var districts []assignment.District
	for _, name := range []string{"boston", "lowell"} {
		roster := filepath.Join(dir, "rosters", name)
		tenancy.Write(t, roster, tenancy.Pupils(name, "north", 100), tenancy.Old)
		districts = append(districts, tenancy.District(t, name, roster, process))
	}
	config := c.asEvaluator("boston", "lowell")
	s := serve(t, dir, districts, process, func(o *evaluator.Options) { c.inCluster(config, o) })

	t.Run("access is the cluster's RBAC", func(t *testing.T) { accessMatrix(t, c, s) })
	t.Run("counts are reported", func(t *testing.T) { reported(t, c, s) })
}

func accessMatrix(t *testing.T, c *cluster, s *server) {
	nobody, reader, runner := c.account("nobody"), c.account("reader"), c.account("runner")
	c.bind("reader", "ClusterRole", "juncture-decisions-reader")
	c.bind("runner", "ClusterRole", "juncture-decisions-runner")
	c.create(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: network, Name: "only-boston"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"districts/decisions"}, ResourceNames: []string{"boston"}, Verbs: []string{"get", "list"},
	}}})
	counsellor := c.account("counsellor")
	c.bind("counsellor", "Role", "only-boston")
	elsewhere := c.account("reader", "https://elsewhere.example")

	for _, call := range []struct {
		method, path string
		want         map[string]int
	}{
		{"GET", "/v1/districts/boston/decisions", map[string]int{nobody: 403, reader: 200, runner: 403, counsellor: 200, elsewhere: 401, "": 401, "x.y.z": 401}},
		{"GET", "/v1/districts/lowell/decisions", map[string]int{nobody: 403, reader: 200, runner: 403, counsellor: 403}},
		{"GET", "/v1/districts/boston/tasks", map[string]int{nobody: 403, reader: 200, runner: 403, counsellor: 403}},
		{"GET", "/v1/districts/boston/record", map[string]int{nobody: 403, reader: 200, runner: 403, counsellor: 403}},
		{"GET", "/v1/districts/boston/runs", map[string]int{nobody: 403, reader: 200, runner: 200, counsellor: 403}},
		{"GET", "/v1/districts/boston/decisions/" + strings.Repeat("0", 64) + "/explanation", map[string]int{nobody: 403, reader: 404, runner: 403, counsellor: 403}},
		{"POST", "/v1/districts/boston/runs", map[string]int{nobody: 403, reader: 403, counsellor: 403, runner: 202}},
	} {
		for token, want := range call.want {
			content := ""
			if call.method == "POST" {
				content = "{}"
			}
			if status, answer := s.call(call.method, call.path, token, content); status != want {
				t.Errorf("%s %s: %d, want %d: %s", call.method, call.path, status, want, answer)
			}
		}
	}
	if _, answer := s.call("GET", "/v1/districts", counsellor, ""); !strings.Contains(answer, "boston") || strings.Contains(answer, "lowell") {
		t.Errorf("the counsellor of boston sees %s", answer)
	}
}

func reported(t *testing.T, c *cluster, s *server) {
	until(c, "boston", &v1alpha1.DecisionReport{}, func(r *v1alpha1.DecisionReport) bool {
		return meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady) &&
			meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionSourceRead) &&
			meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionRecordWhole)
	})
	var boston v1alpha1.DecisionReport
	if err := c.admin.Get(t.Context(), client.ObjectKey{Namespace: network, Name: "boston"}, &boston); err != nil {
		t.Fatal(err)
	}
	report := boston.Status.Processes[0]
	if report.Total.Count == nil || *report.Total.Count != 100 {
		t.Errorf("total %+v", report.Total)
	}
	for _, state := range report.States {
		// Two are proposed: few. Confirmed are the 60 of whom nothing is asked.
		if hidden := state.Count == nil; hidden != (state.State == "Proposed" || state.State == "Confirmed") {
			t.Errorf("%s: %+v", state.State, state)
		}
	}
	for _, rule := range report.Rules {
		if rule.Count != nil {
			t.Errorf("rule %s shows what was hidden among the states: %d", rule.Rule, *rule.Count)
		}
	}
	until(c, "one", &v1alpha1.Evaluator{}, func(e *v1alpha1.Evaluator) bool {
		return len(e.Status.Replicas) == 1 && e.Status.Replicas[0].Ready && e.Status.Replicas[0].Name == "one-0" && e.Status.Replicas[0].Assignment != ""
	})
	form, err := json.Marshal(boston)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"boston-0", tenancy.Given, tenancy.Family} {
		if strings.Contains(string(form), secret) {
			t.Errorf("the report holds %q: %s", secret, form)
		}
	}
	version := boston.ResourceVersion
	s.call("GET", "/readyz", "", "")
	until(c, "boston", &boston, func(r *v1alpha1.DecisionReport) bool { return r.ResourceVersion == version })

	s.stop()
	until(c, "one", &v1alpha1.Evaluator{}, func(e *v1alpha1.Evaluator) bool { return len(e.Status.Replicas) == 0 })
	if strings.Contains(s.log.String(), `"level":"WARN"`) || strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("the log complains:\n%s", s.log)
	}
}

// Without its API server an evaluator decides on, and lets nobody in.
func TestWithoutACluster(t *testing.T) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnChange)
	tenancy.Write(t, filepath.Join(dir, "roster"), tenancy.Pupils("stu", "north", 30), tenancy.Old)
	district := tenancy.District(t, "boston", filepath.Join(dir, "roster"), process)
	c := &cluster{t: t}
	s := serve(t, dir, []assignment.District{district}, process, func(o *evaluator.Options) {
		c.inCluster(&rest.Config{Host: "https://127.0.0.1:1"}, o)
	})
	if status, answer := s.call("GET", "/v1/districts/boston/decisions", "some-token", ""); status != 503 {
		t.Errorf("%d %s", status, answer)
	}
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(s.log.String(), `"decided"`) {
		if time.Now().After(deadline) {
			t.Fatalf("it never decided:\n%s", s.log)
		}
	}
}

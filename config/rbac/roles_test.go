// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// What an evaluator asks about by SubjectAccessReview before it discloses, or starts, decisions about students.
var aboutStudents = []string{"districts/decisions", "districts/explanations", "districts/record", "districts/runs", "districts/tasks"}

// A cluster's own view, edit and admin roles, which are handed out for other reasons, disclose no student.
func TestAggregatedRolesDiscloseNoStudent(t *testing.T) {
	aggregated := 0
	for _, role := range roles(t) {
		if !isAggregated(role) {
			continue
		}
		aggregated++
		for _, resource := range resources(role) {
			if slices.Contains(aboutStudents, resource) {
				t.Errorf("%s is aggregated and grants %s", role.Name, resource)
			}
		}
	}
	if aggregated != 3 {
		t.Errorf("%d aggregated roles, want view, edit and admin", aggregated)
	}
}

// No role of ours, the manager's own included, could be used to gain more than it says: no wildcard, no right to hand
// out rights, no Secret of the whole cluster.
func TestNoRoleCanGrow(t *testing.T) {
	for _, role := range roles(t) {
		for _, rule := range role.Rules {
			for _, granted := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs) {
				if strings.Contains(granted, "*") {
					t.Errorf("%s grants %q", role.Name, granted)
				}
			}
			for _, verb := range rule.Verbs {
				if slices.Contains([]string{"escalate", "bind", "impersonate"}, verb) {
					t.Errorf("%s grants %s on %v", role.Name, verb, rule.Resources)
				}
			}
			if slices.Contains(rule.Resources, "secrets") {
				t.Errorf("%s reaches Secrets in every namespace", role.Name)
			}
		}
	}
}

func TestViewSeesEveryKind(t *testing.T) {
	definitions, err := filepath.Glob("../crd/bases/juncture.dev_*.yaml")
	if err != nil || len(definitions) == 0 {
		t.Fatalf("no CRDs found: %v", err)
	}
	var kinds []string
	for _, name := range definitions {
		kinds = append(kinds, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "juncture.dev_"), ".yaml"))
	}
	for _, role := range roles(t) {
		if role.Name != "juncture-view" {
			continue
		}
		if diff := cmp.Diff(kinds, resources(role)); diff != "" {
			t.Errorf("resources of juncture-view (-CRDs +role):\n%s", diff)
		}
		return
	}
	t.Error("there is no juncture-view")
}

// roles reads the ClusterRoles of this folder.
func roles(t *testing.T) []rbacv1.ClusterRole {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var found []rbacv1.ClusterRole
	for _, name := range files {
		found = append(found, rolesOf(t, name)...)
	}
	return found
}

func rolesOf(t *testing.T, name string) []rbacv1.ClusterRole {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()

	var found []rbacv1.ClusterRole
	documents := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		var role rbacv1.ClusterRole
		if err := documents.Decode(&role); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if role.Kind == "ClusterRole" {
			found = append(found, role)
		}
	}
}

func resources(role rbacv1.ClusterRole) []string {
	var all []string
	for _, rule := range role.Rules {
		all = append(all, rule.Resources...)
	}
	return all
}

func isAggregated(role rbacv1.ClusterRole) bool {
	for label := range role.Labels {
		if strings.HasPrefix(label, "rbac.authorization.k8s.io/aggregate-to-") {
			return true
		}
	}
	return false
}

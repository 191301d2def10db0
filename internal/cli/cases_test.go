// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/juncture-dev/juncture/internal/cli"
)

// object is a part of a manifest or of a bundle.
type object = map[string]any

// TestRuleCases runs the engine's cases as manifests: each student becomes a
// test of the rule set, and what must come out its expectation.
func TestRuleCases(t *testing.T) {
	const root = "../../engine/rule/testdata/cases"
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, folder := range folders {
		c := readCase(t, filepath.Join(root, folder.Name()))
		if c.refused() {
			continue // TestBadManifests and package manifest have those
		}
		t.Run(folder.Name(), func(t *testing.T) {
			manifests, tests := c.manifests(t)
			r := invokeAs(t, context.Background(), "juncture", manifests, "test", "-f", "-", "-v")
			if passed := strings.Count(r.out, "--- ok: "); r.code != cli.ExitDone || passed != tests {
				t.Errorf("exit code %d, %d of %d tests passed\n%s%s", r.code, passed, tests, r.out, r.err)
			}
			ran += tests
		})
	}
	if ran < 60 {
		t.Errorf("only %d students of the engine's cases were decided about", ran)
	}
}

// ruleCase is a case of package rule: see its testdata/README.md.
type ruleCase struct {
	bundle   object
	students struct {
		At       string
		Students []struct {
			ID     string
			Values object
			Faulty []string
		}
	}
	want struct {
		Diagnostics []struct{ Warning bool }
		Outcomes    []struct {
			Status string
			Rules  []string
			Reason string
			Result object
		}
	}
}

func readCase(t *testing.T, dir string) *ruleCase {
	t.Helper()
	c := &ruleCase{}
	for name, into := range map[string]any{"bundle.yaml": &c.bundle, "students.json": &c.students, "want.json": &c.want} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if name == "students.json" && os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = decode(content, into)
		}
		if err != nil {
			t.Fatal(name, err)
		}
	}
	return c
}

// decode reads YAML or JSON, numbers as they are written.
func decode(content []byte, into any) error {
	var read any
	if err := yaml.Unmarshal(content, &read); err != nil {
		return err
	}
	written, err := json.Marshal(read)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(written))
	d.UseNumber()
	return d.Decode(into)
}

func (c *ruleCase) refused() bool {
	for _, d := range c.want.Diagnostics {
		if !d.Warning {
			return true
		}
	}
	return false
}

// manifests are the case's resources, and how many tests they hold. The priority
// policy is left out, as tests of rules do not reach it.
func (c *ruleCase) manifests(t *testing.T) (string, int) {
	t.Helper()
	process, rules, model := c.bundle["process"].(object), c.bundle["rules"].(object), c.bundle["information"].(object)
	var names []any
	for _, a := range model["attributes"].([]any) {
		a := a.(object)
		names = append(names, a["name"])
		file := "users"
		if strings.HasSuffix(a["type"].(string), "List") {
			file = "results"
		}
		a["from"] = object{"oneRoster": object{"file": file, "field": "metadata." + a["name"].(string)}}
		if a["purposes"] == nil {
			a["purposes"] = []any{process["purpose"]}
		}
		if a["missing"] == "Default" {
			a["defaultReason"] = "The case says so."
		}
	}
	for _, r := range append(slices.Clone(rules["rules"].([]any)), rules["otherwise"]) {
		if r != nil {
			explain(r.(object))
		}
	}
	tests := c.tests()
	rules["tests"] = tests
	spec := object{
		"information": object{"model": model["name"], "attributes": names}, "rules": object{"ruleSet": rules["name"]},
		"result": object{"fields": process["result"]}, "triggers": []any{object{"request": object{}}},
		"agents": []any{object{"role": "Propose", "agent": "rules"}},
	}
	for _, same := range []string{"mode", "purpose", "juncture", "granularity", "guardrails"} {
		if process[same] != nil {
			spec[same] = process[same]
		}
	}
	all := []object{
		resource("InformationModel", model), resource("RuleSet", rules),
		resource("PersonalizationProcess", object{"name": process["name"]}, spec),
	}
	var text strings.Builder
	for _, o := range all {
		content, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n" + string(content) + "\n")
	}
	return text.String(), len(tests)
}

// explain gives a reason the text that a manifest must have.
func explain(rule object) {
	if reason, ok := rule["reason"].(object); ok && reason["text"] == nil {
		reason["text"] = object{"en": "None."}
	}
}

// resource is a manifest: a name, and a specification that may hold the name.
func resource(kind string, named object, spec ...object) object {
	name := named["name"]
	if len(spec) == 0 {
		delete(named, "name")
		spec = []object{named}
	}
	return object{
		"apiVersion": "juncture.dev/v1alpha1", "kind": kind,
		"metadata": object{"name": name, "namespace": "case"}, "spec": spec[0],
	}
}

// tests are the students as tests. A value that cannot be read has no place in
// them, and a test expects one rule.
func (c *ruleCase) tests() []any {
	tests := []any{}
	for i, s := range c.students.Students {
		want := c.want.Outcomes[i]
		if len(s.Faulty) > 0 {
			continue
		}
		expect := object{"state": want.Status}
		if len(want.Rules) == 1 {
			expect["rule"] = want.Rules[0]
		}
		if want.Reason != "" {
			expect["reason"] = want.Reason
		}
		for field, v := range want.Result {
			if v != nil {
				expect[field] = v
			}
		}
		values := s.Values
		if values == nil {
			values = object{}
		}
		tests = append(tests, object{"name": s.ID, "at": c.students.At, "student": values, "expect": expect})
	}
	return tests
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// routes are all that the API has: what is added here belongs into
// docs/evaluator-api.md, too.
var routes = []string{
	"GET /healthz",
	"GET /metrics",
	"GET /readyz",
	"GET /v1/districts",
	"GET /v1/districts/{district}/decisions",
	"GET /v1/districts/{district}/decisions/{decision}",
	"GET /v1/districts/{district}/decisions/{decision}/explanation",
	"GET /v1/districts/{district}/record",
	"GET /v1/districts/{district}/runs",
	"GET /v1/districts/{district}/runs/{run}",
	"GET /v1/districts/{district}/tasks",
	"GET /version",
	"POST /v1/districts/{district}/runs",
}

func TestTheDocumentIsCompleteAndSound(t *testing.T) {
	s, _, _ := one(t, 10)
	type operation struct {
		OperationID string
		Summary     string
		Security    []map[string][]string
		Parameters  []struct{ Name, In string }
		Responses   map[string]struct {
			Description string
			Content     map[string]struct{ Schema map[string]any }
		}
	}
	document := get[struct {
		OpenAPI    string
		Info       struct{ Title, Version string }
		Paths      map[string]map[string]operation
		Components struct {
			Schemas         map[string]any
			SecuritySchemes map[string]any
		}
	}](s, "GET", "/openapi.json", "")
	if document.OpenAPI != "3.1.0" || document.Info.Title == "" || document.Info.Version != "test" || document.Components.SecuritySchemes["token"] == nil {
		t.Errorf("got %+v", document.Info)
	}
	var found []string
	ids := map[string]bool{}
	placeholders := regexp.MustCompile(`\{(\w+)\}`)
	for path, methods := range document.Paths {
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			found = append(found, route)
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s: no operationId of its own, or no summary: %+v", route, op)
			}
			ids[op.OperationID] = true
			if strings.HasPrefix(path, "/v1/") != (len(op.Security) == 1) {
				t.Errorf("%s: security %v", route, op.Security)
			}
			good := false
			for status, response := range op.Responses {
				good = good || strings.HasPrefix(status, "2") && len(response.Content) > 0
				if response.Description == "" {
					t.Errorf("%s: %s is not described", route, status)
				}
			}
			if !good {
				t.Errorf("%s: no good answer is described: %v", route, slices.Collect(maps.Keys(op.Responses)))
			}
			for _, name := range placeholders.FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name[1] && p.In == "path" }) {
					t.Errorf("%s: %s is not described", route, name[1])
				}
			}
			if strings.HasPrefix(path, "/v1/") {
				for _, status := range []string{"401", "503"} {
					if _, ok := op.Responses[status].Content["application/problem+json"]; !ok {
						t.Errorf("%s: %s is not described as a problem", route, status)
					}
				}
			}
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(routes, found); diff != "" {
		t.Errorf("routes (-want +described):\n%s", diff)
	}

	form, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range regexp.MustCompile(`"\$ref":"([^"]+)"`).FindAllStringSubmatch(string(form), -1) {
		name, ok := strings.CutPrefix(ref[1], "#/components/schemas/")
		if !ok || document.Components.Schemas[name] == nil {
			t.Errorf("%s leads nowhere", ref[1])
		}
	}
	if status, yaml := s.call("GET", "/openapi.yaml", "", ""); status != 200 || !strings.Contains(yaml, "openapi: 3.1.0") {
		t.Errorf("/openapi.yaml: %d", status)
	}
}

// Answers hold what the document says of them: every member is described.
func TestAnswersAreAsDescribed(t *testing.T) {
	s, _, _ := one(t, 30)
	run := s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?student=stu-00003", "").Decisions[0].ID
	document := get[map[string]any](s, "GET", "/openapi.json", "")
	at := func(path ...string) map[string]any {
		node := document
		for _, p := range path {
			next, ok := node[p].(map[string]any)
			if !ok {
				t.Fatalf("%v: no %s", path, p)
			}
			node = next
		}
		return node
	}
	var check func(where string, value any, schema map[string]any)
	check = func(where string, value any, schema map[string]any) {
		if ref, ok := schema["$ref"].(string); ok {
			schema = at("components", "schemas", strings.TrimPrefix(ref, "#/components/schemas/"))
		}
		switch value := value.(type) {
		case map[string]any:
			properties, _ := schema["properties"].(map[string]any)
			for name, member := range value {
				if described, ok := properties[name].(map[string]any); ok {
					check(where+"."+name, member, described)
				} else if schema["additionalProperties"] == false || properties != nil {
					t.Errorf("%s.%s is not described", where, name)
				}
			}
			required, _ := schema["required"].([]any)
			for _, name := range required {
				if _, ok := value[fmt.Sprint(name)]; !ok {
					t.Errorf("%s.%s is required and not there", where, name)
				}
			}
		case []any:
			items, _ := schema["items"].(map[string]any)
			for i, member := range value {
				check(fmt.Sprintf("%s[%d]", where, i), member, items)
			}
		case nil:
		default:
			kinds := map[string]string{"string": "string", "float64": "number integer", "bool": "boolean"}
			if want, said := schema["type"]; said && !strings.Contains(fmt.Sprint(want), "null") && !strings.Contains(kinds[fmt.Sprintf("%T", value)], fmt.Sprint(want)) {
				t.Errorf("%s is %v, described as %v", where, value, want)
			}
		}
	}
	const district = "/v1/districts/{district}"
	for path, described := range map[string]string{
		"/v1/districts":                                         "/v1/districts",
		"/v1/districts/boston/decisions":                        district + "/decisions",
		"/v1/districts/boston/decisions/" + id:                  district + "/decisions/{decision}",
		"/v1/districts/boston/decisions/" + id + "/explanation": district + "/decisions/{decision}/explanation",
		"/v1/districts/boston/runs":                             district + "/runs",
		"/v1/districts/boston/runs/" + run.ID:                   district + "/runs/{run}",
		"/v1/districts/boston/tasks":                            district + "/tasks",
		"/v1/districts/boston/record":                           district + "/record",
		"/readyz":                                               "/readyz",
		"/version":                                              "/version",
	} {
		answer := get[map[string]any](s, "GET", path, "")
		schema := at("paths", described, "get", "responses", "200", "content", "application/json", "schema")
		check(described, answer, schema)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"io/fs"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/config/crd"
)

// TestBounds: every list, map and string has a bound, and every field says what
// it is. Label selectors and conditions are Kubernetes' own.
func TestBounds(t *testing.T) {
	files, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil || len(files) != 12 {
		t.Fatalf("%d definitions, %v", len(files), err)
	}
	for _, file := range files {
		text, err := crd.Bases.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, version := range definition.Spec.Versions {
			root := version.Schema.OpenAPIV3Schema
			for _, part := range []string{"spec", "status"} {
				if s, ok := root.Properties[part]; ok {
					check(t, definition.Spec.Names.Kind+"."+part, s)
				}
			}
		}
	}
}

func check(t *testing.T, path string, s apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	if strings.HasSuffix(path, ".selector") || strings.HasSuffix(path, ".conditions[]") {
		return
	}
	if s.Description == "" && !strings.HasSuffix(path, "[]") {
		t.Errorf("%s has no description", path)
	}
	switch {
	case s.Type == "string" && s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time":
		t.Errorf("%s is a string without a greatest length", path)
	case s.XIntOrString && s.MaxLength == nil:
		t.Errorf("%s is a string without a greatest length", path)
	case s.Type == "array" && s.MaxItems == nil:
		t.Errorf("%s is a list without a greatest size", path)
	case s.Type == "array" && s.XListType == nil:
		t.Errorf("%s is a list without a type: server-side apply would replace it as a whole without anybody having decided that", path)
	case s.AdditionalProperties != nil && s.MaxProperties == nil:
		t.Errorf("%s is a map without a greatest size", path)
	}
	for name, property := range s.Properties {
		check(t, path+"."+name, property)
	}
	if s.Items != nil && s.Items.Schema != nil {
		check(t, path+"[]", *s.Items.Schema)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		check(t, path+"[]", *s.AdditionalProperties.Schema)
	}
}

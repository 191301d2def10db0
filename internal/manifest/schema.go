// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/config/crd"
)

// kind is one of our kinds, as an API server knows it.
type kind struct {
	structural *schema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
	hasStatus  bool
}

// definitions are read once; compiling a kind waits until an object needs it.
var definitions = sync.OnceValues(func() (map[string]func() (*kind, error), error) {
	files, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil {
		return nil, err
	}
	kinds := map[string]func() (*kind, error){}
	for _, file := range files {
		text, err := crd.Bases.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &definition); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		kinds[definition.Spec.Names.Kind] = sync.OnceValues(func() (*kind, error) { return compile(&definition) })
	}
	return kinds, nil
})

func compile(definition *apiextensionsv1.CustomResourceDefinition) (*kind, error) {
	for _, version := range definition.Spec.Versions {
		if version.Name != v1alpha1.GroupVersion.Version {
			continue
		}
		var internal apiextensions.CustomResourceValidation
		if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(version.Schema, &internal, nil); err != nil {
			return nil, err
		}
		structural, err := schema.NewStructural(internal.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		return &kind{
			structural: structural,
			validator:  validator,
			rules:      cel.NewValidator(structural, true, celconfig.PerCallLimit),
			hasStatus:  version.Subresources != nil && version.Subresources.Status != nil,
		}, nil
	}
	return nil, fmt.Errorf("%s has no version %s", definition.Name, v1alpha1.GroupVersion.Version)
}

// kindNames lists our kinds, for messages.
func kindNames(kinds map[string]func() (*kind, error)) string {
	return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
}

// at is the schema of a field, nil if there is none of that path.
func (k *kind) at(path string) *schema.Structural {
	s := k.structural
	for _, step := range steps(path) {
		switch {
		case s.Items != nil:
			s = s.Items
		case s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil:
			s = s.AdditionalProperties.Structural
		default:
			property, ok := s.Properties[step]
			if !ok {
				return nil
			}
			s = &property
		}
	}
	return s
}

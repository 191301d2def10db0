// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		panic(err) // a mistake in our own registration
	}
	return s
}()

// decode does what an API server does with an object that is created: it
// decodes strictly, applies defaults and validates. The result has the object's
// type; it is nil if there are faults. The error is ours, not the manifest's.
func (k *kind) decode(value map[string]any, kindName string) (runtime.Object, field.ErrorList, []string, error) {
	meta, _, unknown, err := objectmeta.GetObjectMetaWithOptions(value, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, metadataFault(err), nil, nil
	}
	apiVersion := value["apiVersion"]
	unknown = append(unknown, pruning.PruneWithOptions(value, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(value, k.structural)
	defaulting.Default(value, k.structural)
	if k.hasStatus {
		delete(value, "status")
	}
	value["apiVersion"], value["kind"] = apiVersion, kindName

	faults := k.validate(value, meta)
	if len(faults) > 0 || len(unknown) > 0 {
		return nil, faults, unknown, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, nil, nil, err
	}
	resource, err := scheme.New(v1alpha1.GroupVersion.WithKind(kindName))
	if err != nil {
		return nil, nil, nil, err
	}
	if err := json.Unmarshal(text, resource); err != nil {
		return nil, nil, nil, fmt.Errorf("what the schema of %s allows does not fit its type: %w", kindName, err)
	}
	return resource, nil, nil, nil
}

func (k *kind) validate(value map[string]any, meta *metav1.ObjectMeta) field.ErrorList {
	if meta == nil {
		meta = &metav1.ObjectMeta{}
	}
	if meta.Namespace == "" {
		meta.Namespace = DefaultNamespace
	}
	faults := metavalidation.ValidateObjectMeta(meta, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	faults = append(faults, validation.ValidateCustomResource(nil, value, k.validator)...)
	faults = append(faults, listtype.ValidateListSetsAndMaps(nil, k.structural, value)...)
	if slices.ContainsFunc(faults, blocking) {
		return faults // CEL rules expect an object that fits the schema
	}
	broken, _ := k.rules.Validate(context.Background(), nil, k.structural, value, nil, celconfig.RuntimeCELCostBudget)
	return append(faults, broken...)
}

// blocking faults are those after which an API server does not look at CEL
// rules any more.
func blocking(fault *field.Error) bool {
	switch fault.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	}
	return false
}

func metadataFault(err error) field.ErrorList {
	return field.ErrorList{field.Invalid(field.NewPath("metadata"), field.OmitValueType{}, err.Error())}
}

// problems puts the faults of an object in words, each at its place.
func (k *kind) problems(o *Object, faults field.ErrorList, unknown []string) []Problem {
	var problems []Problem
	for _, path := range unknown {
		p := o.problem(path, fmt.Sprintf("there is no field %q", last(path)), "")
		if parent := k.at(strings.TrimSuffix(strings.TrimSuffix(path, last(path)), ".")); parent != nil && len(parent.Properties) > 0 {
			p.Mend = "the fields here are " + strings.Join(slices.Sorted(maps.Keys(parent.Properties)), ", ")
		}
		problems = append(problems, p)
	}
	for _, fault := range faults {
		path := fault.Field
		if path == "<nil>" {
			path = ""
		}
		message, mend := k.explain(fault, path)
		problems = append(problems, o.problem(path, message, mend))
	}
	return problems
}

// explain says what a fault is and how to mend it. Titles in our schemas say
// how a value is written, descriptions what the field is.
func (k *kind) explain(fault *field.Error, path string) (message, mend string) {
	message = strings.TrimPrefix(fault.Detail, path+" in body ")
	written, means := "", ""
	if s := k.at(path); s != nil {
		if s.Title != "" {
			written = "write " + s.Title
		}
		means, _, _ = strings.Cut(oneLine(s.Description), ". ")
		means = strings.TrimSuffix(means, ".")
	}
	switch fault.Type {
	case field.ErrorTypeRequired:
		if means != "" {
			means = ": " + means
		}
		return cmp.Or(message, "is missing"), cmp.Or(written, "add it"+means)
	case field.ErrorTypeNotSupported:
		return fmt.Sprintf("%q is not allowed here", fmt.Sprint(fault.BadValue)), "write one of " + strings.TrimPrefix(fault.Detail, "supported values: ")
	case field.ErrorTypeDuplicate:
		return "is listed twice", "remove one of the two"
	case field.ErrorTypeTypeInvalid:
		if want, is, ok := strings.Cut(message, `: "`); ok {
			message = want + ", and is: " + strings.TrimSuffix(is, `"`)
		}
		if written == "" && strings.HasPrefix(message, "must be of type string") {
			written = "put it in quotes if it is meant as text"
		}
		return message, written
	case field.ErrorTypeTooMany, field.ErrorTypeTooLong:
		return message, "shorten it"
	}
	if path == "metadata" {
		written = "labels and annotations are text: put their values in quotes"
	}
	return message, written
}

func (o *Object) problem(path, message, mend string) Problem {
	at := o.Position(cmp.Or(path, "metadata.name")) // the whole object is its name
	return Problem{File: at.File, Line: at.Line, Column: at.Column, Object: o.String(), Path: path, Message: oneLine(message), Mend: mend}
}

func last(path string) string {
	if parts := steps(path); len(parts) > 0 {
		return parts[len(parts)-1]
	}
	return path
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Names that expressions read. They are reserved in package bundle, so that no
// attribute, variable or field can hide one.
const (
	nameStudent  = "student"
	nameAt       = "at"
	nameDecision = "decision"
)

// Type names of the objects behind those names.
const (
	typeStudent  = "Student"
	typeDecision = "Decision"
	typeResult   = "Result"
)

// schema is the type provider of a bundle: an object type whose fields are
// exactly the declared attributes, and one for the decision that priority
// expressions read. There is nothing else in it, so nothing else can be read.
type schema struct {
	fields map[string]map[string]*types.FieldType // by type name
}

func newSchema(attributes []attribute, result []bundle.Field) *schema {
	s := &schema{fields: map[string]map[string]*types.FieldType{typeStudent: {}, typeDecision: {}, typeResult: {}}}
	for i := range attributes {
		s.fields[typeStudent][attributes[i].Name] = &types.FieldType{
			Type:    celType(attributes[i].Type),
			IsSet:   func(target any) bool { return target.(*reader).has(i) },
			GetFrom: func(target any) (any, error) { return target.(*reader).get(i) },
		}
	}
	s.fields[typeDecision] = map[string]*types.FieldType{
		"rule": {
			Type:    types.StringType,
			IsSet:   func(any) bool { return true },
			GetFrom: func(target any) (any, error) { return target.(*decisionView).rule(), nil },
		},
		"priority": {
			Type:    types.DoubleType,
			IsSet:   func(target any) bool { return target.(*decisionView).outcome.Priority != nil },
			GetFrom: func(target any) (any, error) { return target.(*decisionView).priority() },
		},
		"result": {
			Type:    types.NewObjectType(typeResult),
			IsSet:   func(any) bool { return true },
			GetFrom: func(target any) (any, error) { return target, nil },
		},
	}
	for i := range result {
		s.fields[typeResult][result[i].Name] = &types.FieldType{
			Type:    celType(result[i].Type),
			IsSet:   func(target any) bool { return target.(*decisionView).has(i) },
			GetFrom: func(target any) (any, error) { return target.(*decisionView).field(i) },
		}
	}
	return s
}

// EnumValue implements types.Provider: there are no enumerations.
func (s *schema) EnumValue(name string) ref.Val {
	return types.NewErr("no enumeration %s", name)
}

// FindIdent implements types.Provider: there are no named constants.
func (s *schema) FindIdent(string) (ref.Val, bool) { return nil, false }

// FindStructType implements types.Provider.
func (s *schema) FindStructType(name string) (*types.Type, bool) {
	if _, ok := s.fields[name]; !ok {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
}

// FindStructFieldNames implements types.Provider.
func (s *schema) FindStructFieldNames(string) ([]string, bool) { return nil, false }

// FindStructFieldType implements types.Provider. A student's undeclared
// attribute has already been reported with better words when the checker asks
// for it; an unknown type lets it go on and find the other faults.
func (s *schema) FindStructFieldType(structType, field string) (*types.FieldType, bool) {
	if f, ok := s.fields[structType][field]; ok {
		return f, true
	}
	if structType == typeStudent {
		return &types.FieldType{
			Type:    types.DynType,
			IsSet:   func(any) bool { return false },
			GetFrom: func(any) (any, error) { return nil, errors.New("no such attribute") },
		}, true
	}
	return nil, false
}

// NewValue implements types.Provider: rules cannot make objects.
func (s *schema) NewValue(structType string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s cannot be made by a rule", structType)
}

// celType is how rules see a type.
func celType(t bundle.Type) *cel.Type {
	if t.IsList() {
		return cel.ListType(celType(t.Element()))
	}
	switch t {
	case bundle.Boolean:
		return cel.BoolType
	case bundle.Integer:
		return cel.IntType
	case bundle.Number:
		return cel.DoubleType
	case bundle.String:
		return cel.StringType
	case bundle.Date:
		return cel.TimestampType
	}
	return cel.DynType // not a type: reported by bundle.Validate
}

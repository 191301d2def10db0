// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads the resources of juncture.dev from files, without a
// cluster, and gives the verdict that an API server would give: it decodes
// strictly, applies defaults, and checks schema and CEL rules with the API
// server's own code against the CustomResourceDefinitions of config/crd.
//
// Every fault is a Problem that says where, what and how to mend it. Objects of
// other groups are passed over.
package manifest

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// DefaultNamespace is the namespace of objects that name none.
const DefaultNamespace = "default"

// Set holds the objects of some manifests.
type Set struct {
	objects []*Object // by kind, namespace and name
}

// Object is one resource of juncture.dev as it stands in a file.
type Object struct {
	Kind      string
	Namespace string
	Name      string
	// Resource is a pointer to the type of package v1alpha1, with defaults
	// applied, or nil if the object has problems.
	Resource runtime.Object

	source *document
	root   node
}

// String is the object as people name it: RuleSet massachusetts/maths-tutoring.
func (o *Object) String() string { return fmt.Sprintf("%s %s/%s", o.Kind, o.Namespace, o.Name) }

// Objects are all objects of juncture.dev, faulty ones included, sorted by
// kind, namespace and name.
func (s *Set) Objects() []*Object { return slices.Clone(s.objects) }

// Of are the sound resources of one type, sorted by namespace and name.
func Of[T runtime.Object](s *Set) []T {
	var found []T
	for _, o := range s.objects {
		if resource, ok := o.Resource.(T); ok {
			found = append(found, resource)
		}
	}
	return found
}

// Find is one object, nil if the manifests do not hold it.
func (s *Set) Find(kind, namespace, name string) *Object {
	i, ok := slices.BinarySearchFunc(s.objects, &Object{Kind: kind, Namespace: namespace, Name: name}, compareObjects)
	if !ok {
		return nil
	}
	return s.objects[i]
}

func compareObjects(a, b *Object) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// FaultyError says that an object exists and has problems of its own.
type FaultyError struct {
	Object *Object
}

func (e *FaultyError) Error() string {
	return fmt.Sprintf("%s has problems of its own", e.Object)
}

// Lookup finds the objects of one namespace; it is a translate.Lookup. Where
// the object exists and has problems of its own, the error is a *FaultyError.
func (s *Set) Lookup(namespace string) Lookup { return Lookup{set: s, namespace: namespace} }

// Lookup finds the objects of one namespace.
type Lookup struct {
	set       *Set
	namespace string
}

// InformationModel finds an InformationModel.
func (l Lookup) InformationModel(name string) (*v1alpha1.InformationModel, error) {
	return lookUp[*v1alpha1.InformationModel](l, "InformationModel", name)
}

// RuleSet finds a RuleSet.
func (l Lookup) RuleSet(name string) (*v1alpha1.RuleSet, error) {
	return lookUp[*v1alpha1.RuleSet](l, "RuleSet", name)
}

// Agent finds an Agent.
func (l Lookup) Agent(name string) (*v1alpha1.Agent, error) {
	return lookUp[*v1alpha1.Agent](l, "Agent", name)
}

// PriorityPolicy finds a PriorityPolicy.
func (l Lookup) PriorityPolicy(name string) (*v1alpha1.PriorityPolicy, error) {
	return lookUp[*v1alpha1.PriorityPolicy](l, "PriorityPolicy", name)
}

func lookUp[T runtime.Object](l Lookup, kind, name string) (T, error) {
	var none T
	o := l.set.Find(kind, l.namespace, name)
	if o == nil {
		return none, nil
	}
	resource, ok := o.Resource.(T)
	if !ok {
		return none, &FaultyError{Object: o}
	}
	return resource, nil
}

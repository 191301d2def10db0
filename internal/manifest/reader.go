// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"slices"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// reader gathers objects and problems, file by file.
type reader struct {
	objects  []*Object
	problems []Problem
	err      error // of our own
}

func (r *reader) file(name string, text []byte) {
	for _, d := range split(name, text) {
		value, root, problems := d.parse()
		r.problems = append(r.problems, problems...)
		if value != nil {
			r.add(d, value, root)
		}
	}
}

// add takes an object in, or the items of a List one by one.
func (r *reader) add(d *document, value map[string]any, root node) {
	apiVersion, _ := value["apiVersion"].(string)
	kindName, _ := value["kind"].(string)
	at := &Object{source: d, root: root}
	switch gv, err := schema.ParseGroupVersion(apiVersion); {
	case apiVersion == "" || kindName == "":
		r.problems = append(r.problems, bare(at, "", "apiVersion or kind is missing", "begin with apiVersion: "+v1alpha1.GroupVersion.String()+" and kind"))
	case err != nil:
		r.problems = append(r.problems, bare(at, "apiVersion", err.Error(), "write apiVersion: "+v1alpha1.GroupVersion.String()))
	case kindName == "List" && gv.String() == "v1", gv.Group == v1alpha1.GroupVersion.Group && strings.HasSuffix(kindName, "List"):
		r.items(d, value, root)
	case gv.Group != v1alpha1.GroupVersion.Group:
		// Namespaces, ConfigMaps, Secrets: not ours to judge.
	case gv != v1alpha1.GroupVersion:
		r.problems = append(r.problems, bare(at, "apiVersion", fmt.Sprintf("there is no version %q", gv.Version), "write apiVersion: "+v1alpha1.GroupVersion.String()))
	default:
		r.object(at, kindName, value)
	}
}

func (r *reader) items(d *document, value map[string]any, root node) {
	items, _ := value["items"].([]any)
	_, list := member(root, "items")
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if !ok || list == nil || i >= len(resolve(list).Content) {
			r.problems = append(r.problems, bare(&Object{source: d, root: root}, fmt.Sprintf("items[%d]", i), "not an object", "remove it"))
			continue
		}
		r.add(d, fields, resolve(resolve(list).Content[i]))
	}
}

func (r *reader) object(o *Object, kindName string, value map[string]any) {
	kinds, err := definitions()
	if err != nil {
		r.err = err
		return
	}
	define, ok := kinds[kindName]
	if !ok {
		r.problems = append(r.problems, bare(o, "kind", fmt.Sprintf("there is no kind %q", kindName), "write one of "+kindNames(kinds)))
		return
	}
	k, err := define()
	if err != nil {
		r.err = err
		return
	}
	o.Kind, o.Namespace, o.Name = kindName, metadata(o.root, "namespace"), metadata(o.root, "name")
	if o.Namespace == "" {
		o.Namespace = DefaultNamespace
	}
	resource, faults, unknown, err := k.decode(value, kindName)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", o, err)
		return
	}
	o.Resource = resource
	if meta, ok := resource.(interface{ SetNamespace(string) }); ok {
		meta.SetNamespace(o.Namespace)
	}
	r.problems = append(r.problems, k.problems(o, faults, unknown)...)
	r.objects = append(r.objects, o)
}

// metadata is a text of metadata as it is written.
func metadata(root node, name string) string {
	if _, meta := member(root, "metadata"); meta != nil && resolve(meta).Kind == yaml3.MappingNode {
		if _, value := member(resolve(meta), name); value != nil {
			return resolve(value).Value
		}
	}
	return ""
}

// bare is a problem of an object that is not known by kind and name.
func bare(o *Object, path, message, mend string) Problem {
	at := o.Position(path)
	return Problem{File: at.File, Line: at.Line, Column: at.Column, Path: path, Message: message, Mend: mend}
}

// finish sorts, and tells objects that are there twice: which of the two would
// hold depends on the order of files, so neither does.
func (r *reader) finish() (*Set, []Problem, error) {
	if r.err != nil {
		return nil, nil, r.err
	}
	slices.SortStableFunc(r.objects, compareObjects)
	var once []*Object
	for _, o := range r.objects {
		if len(once) == 0 || compareObjects(once[len(once)-1], o) != 0 {
			once = append(once, o)
			continue
		}
		first := once[len(once)-1]
		first.Resource = nil
		at := first.Position("metadata.name")
		r.problems = append(r.problems, o.problem("metadata.name",
			fmt.Sprintf("the object is already in %s:%d", at.File, at.Line), "remove or rename one of the two"))
	}
	Sort(r.problems)
	return &Set{objects: once}, r.problems, nil
}

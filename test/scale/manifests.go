// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Manifests are the resources that a campaign decides by.
type Manifests struct {
	// Folder holds them, without districts.
	Folder string
	// Processes are the names of those that decide, sorted.
	Processes []string
}

// Processes writes n processes into a folder: those of the samples in the order
// of their names, and once more, each renamed, from the first on. A copy is a
// process of its own, with its own revision, rules and places.
func Processes(samples, folder string, n int) (Manifests, error) {
	m := Manifests{Folder: folder}
	files, err := filepath.Glob(filepath.Join(samples, "*.yaml"))
	if err != nil {
		return m, err
	}
	shared, processes := [][]byte{}, map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return m, err
		}
		switch name, err := processIn(text); {
		case err != nil:
			return m, fmt.Errorf("%s: %w", file, err)
		case name != "":
			processes[name] = text
		case filepath.Base(file) != "kustomization.yaml":
			shared = append(shared, text)
		}
	}
	if len(processes) == 0 {
		return m, fmt.Errorf("%s holds no process", samples)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return m, err
	}
	write := func(name string, text []byte) error {
		return os.WriteFile(filepath.Join(folder, name+".yaml"), text, 0o644)
	}
	if err := write("shared", bytes.Join(shared, []byte("---\n"))); err != nil {
		return m, err
	}
	names := sorted(processes)
	for i := range n {
		name, text := names[i%len(names)], processes[names[i%len(names)]]
		if again := i / len(names); again > 0 {
			copied := fmt.Sprintf("%s-%d", name, again+1)
			if text, err = renamed(text, name, copied); err != nil {
				return m, err
			}
			name = copied
		}
		m.Processes = append(m.Processes, name)
		if err := write(name, text); err != nil {
			return m, err
		}
	}
	slices.Sort(m.Processes)
	return m, nil
}

func sorted(m map[string][]byte) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// documents are the YAML documents of a file.
func documents(text []byte) (list []*yaml.Node, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		node := &yaml.Node{}
		switch err := decoder.Decode(node); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		}
		list = append(list, node.Content[0])
	}
}

const processKind = "PersonalizationProcess"

// processIn is the name of the process that a file declares, empty if none.
func processIn(text []byte) (string, error) {
	list, err := documents(text)
	if err != nil {
		return "", err
	}
	for _, object := range list {
		if kind := under(object, "kind"); kind != nil && kind.Value == processKind {
			return under(object, "metadata", "name").Value, nil
		}
	}
	return "", nil
}

// renamed gives a file's process, and all that the file declares with it, other
// names.
func renamed(text []byte, from, to string) ([]byte, error) {
	list, err := documents(text)
	if err != nil {
		return nil, err
	}
	suffix := to[len(from):]
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	for _, object := range list {
		for _, path := range [][]string{{"metadata", "name"}, {"spec", "rules", "ruleSet"}, {"spec", "priority", "policy"}} {
			if name := under(object, path...); name != nil {
				name.Value += suffix
			}
		}
		if err := encoder.Encode(object); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), encoder.Close()
}

// under follows keys into mappings; nil if there is no such scalar.
func under(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		node = member(node, key)
	}
	if node == nil || node.Kind != yaml.ScalarNode {
		return nil
	}
	return node
}

func member(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml3 "go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// document is one YAML or JSON document of a file.
type document struct {
	file   string
	offset int // lines of the file before the document
	text   []byte
}

// node is a place in a document's tree. It is kept beside the values because
// YAML 1.1, which Kubernetes reads, and the parser that knows positions differ
// in what a plain scalar means: values come from the one, places from the other.
type node = *yaml3.Node

// split divides a file at lines that begin with ---, as kubectl does.
func split(file string, text []byte) []*document {
	var documents []*document
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	start, startLine, line := 0, 0, 0
	flush := func(end int) {
		if part := text[start:end]; !blank(part) {
			documents = append(documents, &document{file: file, offset: startLine, text: part})
		}
	}
	for at := 0; at < len(text); line++ {
		next := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if bytes.HasPrefix(text[at:], []byte("---")) {
			flush(at)
			start, startLine = next, line+1
			if rest := bytes.TrimSpace(text[at+3 : next]); len(rest) > 0 && rest[0] != '#' && rest[0] != '-' {
				// Content may follow the marker on its line: keep the marker's place.
				start, startLine = at, line
			}
		}
		at = next
	}
	flush(len(text))
	return documents
}

// blank: nothing but white space and comments.
func blank(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("...")) {
			return false
		}
	}
	return true
}

// parse reads the document's value and its tree.
func (d *document) parse() (value map[string]any, root node, problems []Problem) {
	if !utf8.Valid(d.text) {
		return nil, nil, []Problem{{File: d.file, Line: d.offset + 1, Column: 1, Message: "not valid UTF-8", Mend: "save the file as UTF-8"}}
	}
	asJSON, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		return nil, nil, d.syntax(err)
	}
	var tree yaml3.Node
	if err := yaml3.Unmarshal(d.text, &tree); err != nil {
		return nil, nil, d.syntax(err)
	}
	var content any
	if err := utiljson.Unmarshal(asJSON, &content); err != nil {
		return nil, nil, d.syntax(err)
	}
	if content == nil || len(tree.Content) == 0 {
		return nil, nil, nil
	}
	value, ok := content.(map[string]any)
	if !ok {
		return nil, nil, []Problem{{File: d.file, Line: d.offset + 1, Column: 1, Message: "not an object", Mend: "begin with apiVersion, kind and metadata"}}
	}
	return value, tree.Content[0], nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntax tells the parser's errors, each at its line.
func (d *document) syntax(err error) []Problem {
	var problems []Problem
	for message := range strings.SplitSeq(err.Error(), "\n") {
		p := Problem{File: d.file, Line: d.offset + 1, Column: 1, Mend: "mend the YAML there; indentation is the usual cause"}
		if m := yamlLine.FindStringSubmatchIndex(message); m != nil {
			n, _ := strconv.Atoi(message[m[2]:m[3]]) // digits
			p.Line = d.offset + n
			message = message[m[1]:]
		}
		message = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(message, "error converting YAML to JSON: "), "yaml: "))
		if message == "unmarshal errors:" || message == "" {
			continue
		}
		if strings.HasSuffix(message, "already set in map") {
			p.Mend = "remove one of the two"
		}
		p.Message = message
		problems = append(problems, p)
	}
	return problems
}

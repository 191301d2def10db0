// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strconv"
	"strings"
	"unicode"

	yaml3 "go.yaml.in/yaml/v3"
)

// Position is a place in a file. Lines and columns count from 1, columns in
// characters.
type Position struct {
	File         string
	Line, Column int
}

// Position is where a field stands: its value if that is a scalar, else its
// key or its first line. Of a field that is not there it is the nearest one
// around it that is.
//
// A path is written as in messages of the API server and of package rule:
// spec.rules[2].when, with a map's key in the place of a name
// (spec.rules[2].then.support, metadata.labels[state]), and in brackets an
// index or the name of a list's entry (spec.attributes[recentScores]).
func (o *Object) Position(path string) Position {
	place, _ := o.find(path)
	return o.at(place)
}

// Within is the place of one character of a field's text: line and column count
// from 1 within the text as rules see it, whatever its style in the file. With
// line 0 it is Position.
func (o *Object) Within(path string, line, column int) Position {
	place, value := o.find(path)
	if line < 1 || value == nil || value.Kind != yaml3.ScalarNode {
		return o.at(place)
	}
	return o.source.within(value, line, column)
}

func (o *Object) at(n node) Position {
	if n == nil {
		return Position{File: o.source.file, Line: o.source.offset + 1, Column: 1}
	}
	return Position{File: o.source.file, Line: o.source.offset + n.Line, Column: n.Column}
}

// find is the place of a path and, if the path is there to its end, its value.
func (o *Object) find(path string) (place, value node) {
	place, value = o.root, o.root
	for _, step := range steps(path) {
		key, next := child(value, step)
		if next == nil {
			return place, nil
		}
		value = resolve(next)
		place = key
		if value.Kind == yaml3.ScalarNode {
			place = next
		}
	}
	return place, value
}

// steps divides a path into names, keys and indices.
func steps(path string) []string {
	var found []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return found
			}
			found = append(found, strings.Trim(path[1:end], `"'`))
			path = path[end+1:]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			found = append(found, path[:end])
			path = path[end:]
		}
	}
	return found
}

// child is an entry of a mapping or a list, and its key if it has one.
func child(parent node, step string) (key, value node) {
	switch parent.Kind {
	case yaml3.MappingNode:
		return member(parent, step)
	case yaml3.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil {
			if i < 0 || i >= len(parent.Content) {
				return nil, nil
			}
			return parent.Content[i], parent.Content[i]
		}
		for _, item := range parent.Content {
			if named(resolve(item), step) {
				return item, item
			}
		}
	}
	return nil, nil
}

// member looks a key up in a mapping; keys written there go before merged ones.
func member(mapping node, name string) (key, value node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Tag != "!!merge" {
			continue
		}
		merged := resolve(mapping.Content[i+1])
		sources := []node{merged}
		if merged.Kind == yaml3.SequenceNode {
			sources = merged.Content
		}
		for _, source := range sources {
			if source = resolve(source); source.Kind != yaml3.MappingNode {
				continue
			}
			if key, value := member(source, name); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// named: the entry of a list is that text, or an object of that name.
func named(item node, name string) bool {
	if item.Kind == yaml3.ScalarNode {
		return item.Value == name
	}
	if item.Kind != yaml3.MappingNode {
		return false
	}
	for _, key := range []string{"name", "id", "process", "type", "agent"} {
		if _, value := member(item, key); value != nil {
			return resolve(value).Value == name
		}
	}
	return false
}

func resolve(n node) node {
	for n.Kind == yaml3.AliasNode {
		n = n.Alias
	}
	return n
}

// within walks a scalar's text and its source side by side: white space goes
// with white space, an escape or a doubled quote with the character it means.
// That holds in all five styles of YAML, as they fold and indent nothing else.
func (d *document) within(scalar node, line, column int) Position {
	source := []rune(string(d.text))
	at := runeOffset(source, scalar.Line, scalar.Column)
	text := []rune(scalar.Value)
	target := runeOffset(text, line, column)

	switch {
	case scalar.Style&(yaml3.LiteralStyle|yaml3.FoldedStyle) != 0:
		at = after(source, at, '\n')
	case scalar.Style&(yaml3.DoubleQuotedStyle|yaml3.SingleQuotedStyle) != 0:
		at++
	}
	double, single := scalar.Style&yaml3.DoubleQuotedStyle != 0, scalar.Style&yaml3.SingleQuotedStyle != 0
	for i := 0; at < len(source); {
		textSpace, sourceSpace := i < len(text) && unicode.IsSpace(text[i]), unicode.IsSpace(source[at])
		escape := double && source[at] == '\\'
		switch {
		case escape && at+1 < len(source) && source[at+1] == '\n': // the line goes on
			at = skipSpace(source, at+1)
			continue
		case sourceSpace && !textSpace: // indentation
			at = skipSpace(source, at)
			continue
		}
		if i >= target {
			break
		}
		switch {
		case escape:
			at, i = at+escapeLength(source[at:]), i+1
		case textSpace && !sourceSpace:
			i++ // cannot be; go on rather than stand still
		case textSpace:
			if end := skipSpace(text, i); end <= target {
				at, i = skipSpace(source, at), end
			} else {
				i = target
			}
		case single && source[at] == '\'':
			at, i = at+2, i+1
		default:
			at, i = at+1, i+1
		}
	}
	return d.position(source, min(at, len(source)))
}

// runeOffset is the index of a line and column, both counted from 1.
func runeOffset(text []rune, line, column int) int {
	at := 0
	for ; line > 1 && at < len(text); line-- {
		at = after(text, at, '\n')
	}
	return min(at+column-1, len(text))
}

// after is the index behind the next stop at or after at.
func after(text []rune, at int, stop rune) int {
	for at < len(text) {
		at++
		if text[at-1] == stop {
			break
		}
	}
	return at
}

func skipSpace(text []rune, at int) int {
	for at < len(text) && unicode.IsSpace(text[at]) {
		at++
	}
	return at
}

// escapeLength is how many characters an escape of a double-quoted scalar has.
func escapeLength(source []rune) int {
	if len(source) < 2 {
		return len(source)
	}
	switch source[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

func (d *document) position(source []rune, at int) Position {
	p := Position{File: d.file, Line: d.offset + 1, Column: 1}
	for _, r := range source[:at] {
		p.Column++
		if r == '\n' {
			p.Line, p.Column = p.Line+1, 1
		}
	}
	return p
}

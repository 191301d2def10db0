// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

var (
	fence      = regexp.MustCompile("^\\s*(```|~~~)")
	inlineCode = regexp.MustCompile("`[^`]*`")
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	definition = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)`)
	heading    = regexp.MustCompile(`^#{1,6}\s+(.+?)\s*#*\s*$`)
	anchor     = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
	markup     = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// check returns how many links of the document stay within the repository, and a complaint for each that leads nowhere.
func check(repository fs.FS, document string) (links int, complaints []string) {
	text, err := fs.ReadFile(repository, document)
	if err != nil {
		return 0, []string{fmt.Sprintf("%s: %v", document, err)}
	}
	for number, line := range prose(string(text)) {
		for _, target := range targets(line) {
			if elsewhere(target) {
				continue
			}
			links++
			if problem := follow(repository, document, target); problem != "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: link to %s: %s", document, number, target, problem))
			}
		}
	}
	return links, complaints
}

// prose yields the lines outside code blocks, with their numbers from 1.
func prose(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		code := false
		for i, line := range strings.Split(text, "\n") {
			if fence.MatchString(line) {
				code = !code
				continue
			}
			if !code && !yield(i+1, strings.TrimSuffix(line, "\r")) {
				return
			}
		}
	}
}

func targets(line string) []string {
	var found []string
	bare := inlineCode.ReplaceAllString(line, "")
	for _, m := range inlineLink.FindAllStringSubmatch(bare, -1) {
		found = append(found, m[1])
	}
	if m := definition.FindStringSubmatch(bare); m != nil {
		found = append(found, m[1])
	}
	return found
}

// elsewhere says that a link has a scheme, such as https or mailto.
func elsewhere(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Scheme != ""
}

// follow says what is wrong with a link of a document, or nothing.
func follow(repository fs.FS, document, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "not a link: " + err.Error()
	}
	name := document
	if strings.HasPrefix(u.Path, "/") {
		name = path.Clean(strings.TrimPrefix(u.Path, "/"))
	} else if u.Path != "" {
		name = path.Join(path.Dir(document), u.Path)
	}
	if _, err := fs.Stat(repository, name); err != nil {
		return "there is no such file"
	}
	if u.Fragment == "" || path.Ext(name) != ".md" {
		return ""
	}
	text, err := fs.ReadFile(repository, name)
	if err != nil {
		return err.Error()
	}
	if !anchors(string(text))[u.Fragment] {
		return fmt.Sprintf("%s has no such heading", name)
	}
	return ""
}

// anchors is what a document's headings are called in links: lower case, punctuation dropped, blanks as hyphens, and a number
// for each repetition, as GitHub makes them.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	seen := map[string]int{}
	for _, line := range prose(text) {
		for _, m := range anchor.FindAllStringSubmatch(line, -1) {
			names[m[1]] = true
		}
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := slug(markup.ReplaceAllString(m[1], "$1"))
		if n := seen[name]; n > 0 {
			names[fmt.Sprintf("%s-%d", name, n)] = true
		} else {
			names[name] = true
		}
		seen[name]++
	}
	return names
}

func slug(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, title)
}

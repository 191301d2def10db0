// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strings"
)

// notice is something to know about a district, or about the whole.
type notice struct {
	district string // empty: the whole
	where    string // a path, or empty
	text     string // without the district's name, so that it can be the same of several
}

// about is the district's name, and where to look.
func (n notice) about() string {
	if n.where == "" {
		return n.district
	}
	return fmt.Sprintf("%s (%s)", n.district, n.where)
}

func (n notice) String() string {
	if n.district == "" {
		return n.text
	}
	return fmt.Sprintf("district %s: %s", n.about(), n.text)
}

// notices are many, in order.
type notices []notice

func (all *notices) add(district, where, text string) {
	*all = append(*all, notice{district, where, text})
}

// districtsNamed is how many districts are named that one notice is about.
const districtsNamed = 3

// write writes a line for each text, where it first comes: what is the same in
// a whole state is said once.
func (all notices) write(w io.Writer) {
	same := map[string][]notice{}
	for _, n := range all {
		same[n.text] = append(same[n.text], n)
	}
	for _, n := range all {
		group := same[n.text]
		delete(same, n.text)
		switch len(group) {
		case 0: // said already
		case 1:
			fmt.Fprintln(w, n)
		default:
			fmt.Fprintf(w, "districts %s: %s\n", names(group), n.text)
		}
	}
}

// names are the first few districts, and how many more there are.
func names(group []notice) string {
	var named []string
	for _, n := range group[:min(len(group), districtsNamed)] {
		named = append(named, n.about())
	}
	s := strings.Join(named, ", ")
	if more := len(group) - len(named); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

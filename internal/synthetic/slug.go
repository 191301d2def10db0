// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"strconv"
	"strings"
)

// maxSlug is the length of a DNS label, so that a slug can name a Kubernetes object.
const maxSlug = 63

// slugs gives every district a DNS label after its name. Those that would share one, or have none, get their identifier appended.
func slugs(districts []DistrictShape) []string {
	list := make([]string, len(districts))
	count := map[string]int{}
	for i, d := range districts {
		list[i] = slug(strings.TrimSuffix(d.Name, " (District)"))
		count[list[i]]++
	}
	taken := map[string]bool{}
	for i, d := range districts {
		if count[list[i]] > 1 || list[i] == "" {
			list[i] = withSuffix(list[i], slug(d.Identifier))
		}
		// Only identifiers that differ in case or punctuation alone, or a name that looks like another with its suffix, come here.
		for base, n := list[i], 2; taken[list[i]]; n++ {
			list[i] = withSuffix(base, strconv.Itoa(n))
		}
		taken[list[i]] = true
	}
	return list
}

func slug(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(name)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(cut(b.String(), maxSlug), "-")
}

func withSuffix(base, suffix string) string {
	return strings.Trim(cut(base, maxSlug-1-len(suffix))+"-"+suffix, "-")
}

func cut(s string, n int) string { return s[:max(0, min(len(s), n))] }

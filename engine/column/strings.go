// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/common/overloads"
)

// The functions of strings. They are those of cel-go, and of its strings
// extension as rules have it.

// textTests are the tests of a string by another.
var textTests = map[string]func(s, by string) bool{
	overloads.ContainsString: strings.Contains, overloads.StartsWithString: strings.HasPrefix, overloads.EndsWithString: strings.HasSuffix,
}

func testText(g *generator, t *term, args []*code, _ int) *code {
	test := textTests[t.call]
	if by := constantOf[string](t.args[1]); by != nil {
		return &code{cond: g.byDictionary(args[0].texts, func(s string) bool { return test(s, *by) })}
	}
	return &code{cond: func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		top := x.top
		a, ea := args[0].texts(x, sel)
		b, eb := args[1].texts(x, sel)
		e, n := x.either(ea, eb), 0
		for _, r := range x.valid(sel, e) {
			out[n] = r
			n += number(test(a.At(r), b.At(r)))
		}
		x.top = top
		return out[:n], e
	}}
}

// patternOf is the regular expression of a call of matches; nil if it is no such
// call, or the pattern is not known or faulty.
func patternOf(t *term) *regexp.Regexp {
	if t.call != overloads.Matches && t.call != overloads.MatchesString {
		return nil
	}
	s := constantOf[string](t.args[1])
	if s == nil {
		return nil
	}
	r, err := regexp.Compile(*s)
	if err != nil {
		return nil
	}
	return r
}

func matchText(g *generator, t *term, args []*code, _ int) *code {
	return &code{cond: g.byDictionary(args[0].texts, patternOf(t).MatchString)}
}

// textMaps are the functions from a string to a string. None makes a valid
// string longer.
var textMaps = map[string]func(string) string{
	"string_lower_ascii": func(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') },
	"string_upper_ascii": func(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') },
	"string_trim":        strings.TrimSpace,
}

func mapASCII(s string, from, to rune, shift rune) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r <= to {
			return r + shift
		}
		return r
	}, s)
}

// mapText keeps the codes of a column's strings, and changes the dictionary: two
// codes may then stand for the same string.
func mapText(g *generator, t *term, args []*code, depth int) *code {
	memo, buffer := g.memo(), g.take(&g.frame(depth).texts)
	of, to := args[0].texts, textMaps[t.call]
	return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
		top := x.top
		v, e := of(x, sel)
		if v.Codes != nil {
			v.Dict = x.m.mappedDict(memo, v.Dict, to)
			return v, e
		}
		out := x.texts[buffer]
		for _, r := range x.valid(sel, e) {
			out[r] = to(v.All[r])
		}
		x.top = top
		return Texts{All: out}, e
	}}
}

func (m *Machine) mappedDict(memo int, dict []string, to func(string) string) []string {
	k := &m.memos[memo]
	if !k.ready || !sameStrings(k.dict, dict) {
		all := make([]string, len(dict))
		for i, s := range dict {
			all[i] = to(s)
		}
		k.ready, k.dict, k.values = true, dict, all
	}
	return k.values.([]string) //nolint:forcetypeassert // a closure's memo is its own
}

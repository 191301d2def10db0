// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// writtenMap is a map written out of constants: a table that rules look strings
// up in. The keys are in ascending order, and the values are a slice in theirs.
type writtenMap struct {
	Keys   []string
	Values any
}

// The calls that stand for looking up in a written map, which is their term's
// value.
const (
	callLookup = "written_map[string]"
	callHasKey = "string in written_map"
)

// written is a map written out. Its keys and values must be constants.
func (l *tree) written(e ast.Expr, sc *scope) (*term, error) {
	typ := l.typeOf(e)
	if typ.Kind == None {
		return nil, refuse(e, "a map of other than strings to single values")
	}
	type entry struct {
		key   string
		value *term
	}
	var entries []entry
	for _, x := range e.AsMap().Entries() {
		x := x.AsMapEntry()
		key, err := l.lower(x.Key(), sc)
		if err != nil {
			return nil, err
		}
		value, err := l.lower(x.Value(), sc)
		if err != nil {
			return nil, err
		}
		if !key.constant() || !value.constant() || x.IsOptional() {
			return nil, refuse(e, "a map of computed keys or values")
		}
		entries = append(entries, entry{key.value.(string), value}) //nolint:forcetypeassert // checked by typeOf
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	m := writtenMap{}
	values := make([]*term, len(entries))
	for i, x := range entries {
		if i > 0 && x.key == entries[i-1].key {
			return nil, refuse(e, "a map with a key twice")
		}
		m.Keys, values[i] = append(m.Keys, x.key), x.value
	}
	m.Values, _ = listOf(typ.Elem, values)
	return l.constantTerm(e, typ, m), nil
}

// lookup is map[key] or key in map, of a written map.
func (l *tree) lookup(e ast.Expr, m writtenMap, elem Kind, key *term, function string) (*term, error) {
	if key.typ.Kind != String {
		return nil, refuse(e, "a key that is no string")
	}
	t := term{op: opCall, typ: Type{Kind: elem}, args: []*term{key}, call: callLookup, value: m, id: e.ID()}
	if function == operators.In {
		t.typ, t.call = Type{Kind: Bool}, callHasKey
	}
	return l.finish(e, t)
}

func hasWritten(g *generator, t *term, args []*code, _ int) *code {
	m := t.value.(writtenMap) //nolint:forcetypeassert // of such a call
	return &code{cond: g.byDictionary(args[0].texts, func(s string) bool {
		_, found := slices.BinarySearch(m.Keys, s)
		return found
	})}
}

func lookUpWritten(g *generator, t *term, args []*code, depth int) *code {
	m, key, f := t.value.(writtenMap), args[0].texts, g.frame(depth) //nolint:forcetypeassert // of such a call
	switch v := m.Values.(type) {
	case []bool:
		return &code{bools: ofText(g, key, boolBuffer(g.take(&f.bools)), valueUnder(m.Keys, v))}
	case []int64:
		return &code{ints: ofText(g, key, intBuffer(g.take(&f.ints)), valueUnder(m.Keys, v))}
	case []time.Duration:
		nanos := make([]int64, len(v))
		for i, d := range v {
			nanos[i] = int64(d)
		}
		return &code{ints: ofText(g, key, intBuffer(g.take(&f.ints)), valueUnder(m.Keys, nanos))}
	case []float64:
		return &code{floats: ofText(g, key, floatBuffer(g.take(&f.floats)), valueUnder(m.Keys, v)), finite: finiteList(v), scratch: true}
	case []Instant:
		return &code{times: ofText(g, key, timeBuffer(g.take(&f.times)), valueUnder(m.Keys, v))}
	}
	buffer, texts := g.take(&f.texts), m.Values.([]string) //nolint:forcetypeassert // the last kind that there is
	all := ofText(g, key, func(x *exec) []string { return x.texts[buffer] }, valueUnder(m.Keys, texts))
	return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
		v, e := all(x, sel)
		return Texts{All: v}, e
	}}
}

func valueUnder[T any](keys []string, values []T) func(string) (T, Cause) {
	return func(s string) (v T, cause Cause) {
		i, found := slices.BinarySearch(keys, s)
		if !found {
			return v, NoSuchKey
		}
		return values[i], NoCause
	}
}

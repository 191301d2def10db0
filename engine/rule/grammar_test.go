// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A generator of well-typed expressions. The grammar is data: see forms. A
// generated expression is a tree, so that one that fails can be cut down.

// kind is a CEL type: one letter for a scalar, L and a letter for a list, M and
// a letter for a map with string keys.
type kind string

const (
	kBool      kind = "b"
	kInt       kind = "i"
	kDouble    kind = "d"
	kString    kind = "s"
	kTimestamp kind = "t"
	kDuration  kind = "u"
)

var scalars = []kind{kBool, kInt, kDouble, kString, kTimestamp, kDuration}

func listOfKind(k kind) kind { return "L" + k }

func (k kind) isList() bool { return k[0] == 'L' }
func (k kind) isMap() bool  { return k[0] == 'M' }
func (k kind) element() kind {
	if k.isList() || k.isMap() {
		return k[1:]
	}
	return k
}

// forms are the productions: a group, and what it makes of what. {b} stands for
// an expression of that kind; @ for a new loop variable, of the element kind of
// the first part, and {b@} for an expression that may read it. E and F stand for
// each scalar kind in turn; {d!} for a constant, and {1} for the first part again.
// A form that is written twice is twice as likely.
var forms = map[kind][]string{
	kBool: {
		"core ({b} && {b})", "core ({b} && {b})", "core ({b} || {b})", "core ({b} || {b})", "core !{b}", "core ({b} && {b} && {b})", "core ({b} || {b} || {b})",
		"core ({i} < {i})", "core ({i} == {i})", "core ({d} < {d})", "core ({d} >= {d})", "core ({s} == {s})", "core ({t} < {t})",
		"equal ({E} == {E})", "equal ({E} != {E})", "order ({E} < {E})", "order ({E} <= {E})", "order ({E} > {E})", "order ({E} >= {E})",
		"choice ({b} ? {b} : {b})", "lists ({LE} == {LE})", "lists ({LE} != {LE})",
		"in ({E} in {LE})", "in ({E} in [{E}, {E}, {E}])", "in ({s} in ['a', 'b', 'ab'])", "in ({i} in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])", "in ({d} in [0.0, 1.0])",
		"loop {LE}.all(@, {b@})", "loop {LE}.exists(@, {b@})", "loop {Ld}.exists(@, {b@})", "loop {Ls}.all(@, {b@})", "one {LE}.exists_one(@, {b@})",
		"display [{E}, {E}, {E}].exists(@, {b@})", "display [{E}, {E}].all(@, {b@})", "display [{E}, {E}].exists_one(@, {b@})",
		"texts {s}.contains({s})", "texts {s}.startsWith({s})", "texts {s}.endsWith({s})", "texts {s}.matches('^a+b?$')", "texts matches({s}, '[0-9]')",
		"parse bool({s})", "sorted {LE}.isSorted()", "math math.isFinite({d})",
		"idiom ({E} >= {E!} && {1} < {E!})", "idiom ({E!} < {E} && {2} <= {E!})", "idiom ({d} > {d!} && {1} < {d!} && {1} != {d!})", "idiom ({i} >= {i!} && {b} && {1} <= {i!})",
		"idiom ({s} == {s!} || {1} == {s!} || {1} in [{s!}, {s!}])", "idiom ({s} == {s!} || {s} == {s!})", "idiom ({s} != {s!} && !({1} in [{s!}, {s!}]))", "idiom ({s}.startsWith({s!}) || {1}.endsWith({s!}) || {1} == {s!})",
		"idiom ({s!} in {Ls} || {s!} in {2} || {b})", "idiom ({i!} in {Li} && {i!} in {2})", "idiom {Ls}.exists(@, @ == {s!} || @ == {s!})", "idiom {Ls}.all(@, @ in [{s!}, {s!}])",
		"idiom {Ld}.all(@, @ < {d})", "idiom {Ld}.exists(@, {d} <= @)", "idiom {Ld}.exists(@, @ >= {d!} && @ < {d!})", "idiom {Li}.all(@, @ > {i!} && @ <= {i!})", "idiom {Lt}.exists(@, @ < {t})",
	},
	kInt: {
		"core ({i} + {i})", "core ({i} - {i})", "arith ({i} * {i})", "arith ({i} / {i})", "arith ({i} % {i})", "arith -({i})",
		"choice ({b} ? {i} : {i})", "index {Li}[{i}]", "size size({LE})", "size {LE}.size()", "size {s}.size()", "size size({s})",
		"convert int({d})", "parse int({s})", "convert int({t})", "convert int({u})",
		"time {t}.getFullYear()", "time {t}.getMonth()", "time {t}.getDayOfYear()", "time {t}.getDayOfMonth()", "time {t}.getDate()", "time {t}.getDayOfWeek()",
		"time {t}.getHours()", "time {t}.getMinutes()", "time {t}.getSeconds()", "time {t}.getMilliseconds()",
		"time {u}.getHours()", "time {u}.getMinutes()", "time {u}.getSeconds()", "time {u}.getMilliseconds()",
		"extreme {Li}.min()", "extreme {Li}.max()", "sum {Li}.sum()", "search {LE}.indexOf({E})", "search {LE}.lastIndexOf({E})",
		"math math.abs({i})", "math math.sign({i})", "greatest math.greatest({i}, {i})", "greatest math.least({i}, {i})",
		"greatest math.greatest({i}, {i}, {i})", "greatest math.least({i}, {i}, {i})", "greatest math.greatest({i}, {i}, {i}, {i})", "greatest math.least({i}, {i}, {i}, {i})",
		"filter {LE}.filter(@, {b@}).size()", "map {LE}.map(@, {i@}).sum()", "literal {'a': {i}, 'b': {i}}[{s}]", "idiom ({Li}[0] + {1}[1])",
	},
	kDouble: {
		"core ({d} + {d})", "core ({d} - {d})", "core ({d} * {d})", "arith ({d} / {d})", "arith -({d})", "choice ({b} ? {d} : {d})", "index {Ld}[{i}]",
		"number double({i})", "parse double({s})", "mean {Ld}.mean()", "mean {Li}.mean()", "mean {Ld}.last({i}).mean()", "mean {Ld}.first({i}).mean()",
		"sum {Ld}.sum()", "extreme {Ld}.min()", "extreme {Ld}.max()",
		"math math.abs({d})", "math math.sign({d})", "math math.ceil({d})", "math math.floor({d})", "math math.round({d})",
		"greatest math.greatest({d}, {d})", "greatest math.least({d}, {d})", "greatest math.greatest({d}, {d}, {d})", "greatest math.least({d}, {d}, {d}, {d})",
		"map {LE}.map(@, {d@}).sum()", "idiom ({Ld}[0] + {1}[1] + {1}[2])", "idiom ({Ld}[{i!}] + {1}[{i!}])", "idiom (({d} * {d!}) - {1})", "idiom ({Ld}[0] + {1}[1] + {1}[2]) / 3.0",
	},
	kString: {
		"choice ({b} ? {s} : {s})", "join ({s} + {s})", "texts {s}.lowerAscii()", "texts {s}.upperAscii()", "texts {s}.trim()",
		"convert string({b})", "convert string({i})", "convert string({d})", "convert string({t})", "convert string({u})",
		"index {Ls}[{i}]", "extreme {Ls}.min()", "extreme {Ls}.max()",
	},
	kTimestamp: {
		"choice ({b} ? {t} : {t})", "instant ({t} + {u})", "instant ({u} + {t})", "instant ({t} - {u})", "index {Lt}[{i}]", "extreme {Lt}.min()", "extreme {Lt}.max()",
		"convert timestamp({i})", "parse timestamp({s})",
	},
	kDuration: {
		"instant ({t} - {t})", "instant ({t} - {t})", "instant ({u} + {u})", "instant ({u} - {u})", "choice ({b} ? {u} : {u})",
		"parse duration({s})", "extreme {Lu}.min()", "extreme {Lu}.max()", "sum {Lu}.sum()", "index {Lu}[{i}]",
	},
	"LE": {
		"filter {LE}.filter(@, {b@})", "map {LF}.map(@, {E@})", "map {LF}.map(@, {b@}, {E@})", "part {LE}.first({i})", "part {LE}.last({i})",
		"part {LE}.last(2)", "join ({LE} + {LE})", "display [{E}, {E}]", "display [{E}]", "choice ({b} ? {LE} : {LE})",
	},
}

// mapForms read maps whose keys are fixed, which bundles have not.
var mapForms = map[kind][]string{
	kBool: {"core ('a' in {ME})", "core ('z' in {ME})", "core has({ME}.b)", "loop {ME}.exists(@, {b@})", "loop {ME}.all(@, {b@})", "loop {ME}.exists_one(@, {b@})", "in ({s} in {ME})", "in ({ME} == {ME})"},
	kInt:  {"size size({ME})", "size {ME}.size()"},
	"E":   {"core {ME}['a']", "core {ME}.b", "core {ME}['c']", "index {ME}['z']", "convert {ME}[{s}]"},
}

// hole is a part of a form that an expression stands in for.
type hole struct {
	kind     kind
	in       bool // in the scope of the loop's variable
	constant bool
	again    int // the place from 1 of the hole that this one repeats; 0 for none
}

// form is a production for certain kinds.
type form struct {
	group string
	plain []string // one more than holes; @ is the loop's variable
	holes []hole
	loops bool
	times bool // computes with instants or durations
}

// productions are the forms by kind: of each the variants for E and F.
var productions, mapProductions = parseForms(forms), parseForms(forms, mapForms)

func parseForms(grammars ...map[kind][]string) map[kind][][]form {
	parsed := map[kind][][]form{}
	for _, grammar := range grammars {
		for of, texts := range grammar {
			for _, text := range texts {
				if !strings.Contains(string(of), "E") {
					parsed[of] = append(parsed[of], variants(text, scalars))
					continue
				}
				for _, e := range scalars {
					k := kind(strings.ReplaceAll(string(of), "E", string(e)))
					parsed[k] = append(parsed[k], variants(text, []kind{e}))
				}
			}
		}
	}
	return parsed
}

// variants are a form with E as each of these kinds and F as each scalar kind.
func variants(text string, elements []kind) (all []form) {
	seen := map[string]bool{}
	for _, e := range elements {
		for _, f := range scalars {
			spelt := strings.NewReplacer("{E", "{"+string(e), "{LE", "{L"+string(e), "{ME", "{M"+string(e), "{LF", "{L"+string(f)).Replace(text)
			if !seen[spelt] {
				seen[spelt] = true
				all = append(all, parseForm(spelt))
			}
		}
	}
	return all
}

func parseForm(text string) form {
	group, text, _ := strings.Cut(text, " ")
	f := form{group: group, loops: strings.Contains(text, "@")}
	for {
		plain, rest, more := strings.Cut(text, "{")
		if more && strings.HasPrefix(rest, "'") { // a map written out
			head, tail, _ := strings.Cut(rest, "{")
			plain, rest = plain+"{"+head, tail
		}
		f.plain = append(f.plain, plain)
		if !more {
			return f
		}
		var inside string
		inside, text, _ = strings.Cut(rest, "}")
		name, in := strings.CutSuffix(inside, "@")
		name, constant := strings.CutSuffix(name, "!")
		again, _ := strconv.Atoi(name)
		f.holes = append(f.holes, hole{kind(name), in, constant, again})
		f.times = f.times || strings.ContainsAny(name[len(name)-1:], "tu")
	}
}

// groups of productions. Each program leaves some out, so that some programs
// are made of few things that meet often.
var groups = strings.Fields("equal order choice lists in loop one display texts convert sorted math arith index size time extreme sum search greatest filter map literal number mean join instant part parse times idiom")

// phrase is a generated expression.
type phrase struct {
	kind  kind
	plain []string
	of    []*phrase
	bound string // the loop's variable, if it has one
	open  bool   // reads a loop's variable from outside
}

func leaf(k kind, text string) *phrase { return &phrase{kind: k, plain: []string{text}} }

func (p *phrase) String() string {
	var b strings.Builder
	p.write(&b)
	return b.String()
}

func (p *phrase) write(b *strings.Builder) {
	for i, plain := range p.plain {
		b.WriteString(plain)
		if i < len(p.of) {
			p.of[i].write(b)
		}
	}
}

// chooser is where the generator's choices come from.
type chooser interface {
	// choose gives one of 0 to n-1. 0 is the simplest choice.
	choose(n int) int
}

// byBytes derives choices from bytes, for the fuzzer. Where they end all choices
// are 0, so that whatever is generated ends.
type byBytes struct{ rest []byte }

func (b *byBytes) choose(n int) int {
	v := 0
	for m := n - 1; m > 0; m >>= 8 {
		if len(b.rest) == 0 {
			return 0
		}
		v = v<<8 | int(b.rest[0])
		b.rest = b.rest[1:]
	}
	return v % n
}

// named is a name that expressions may read.
type named struct {
	kind kind
	text string
}

// grammar makes expressions.
type grammar struct {
	chooser
	productions map[kind][][]form
	off         map[string]bool // groups left out
	names       []named
	loops       []named
	variables   int                // loop variables named so far
	known       map[kind][]*phrase // closed ones, to be used again
	pool        pool
}

func newGrammar(c chooser, of map[kind][][]form) *grammar {
	g := &grammar{chooser: c, productions: of, off: map[string]bool{}, known: map[kind][]*phrase{}}
	g.pool = newPool(c)
	switch share := c.choose(4); share {
	case 0: // the core alone
		for _, group := range groups {
			g.off[group] = c.choose(8) > 0
		}
	case 1:
	default:
		for _, group := range groups {
			g.off[group] = c.choose(2) > 0
		}
	}
	for _, group := range []string{"parse", "literal", "map", "join"} { // they make most of what reads them slow
		g.off[group] = g.off[group] || c.choose(3) > 0
	}
	return g
}

// make makes an expression of a kind, at most depth forms deep.
func (g *grammar) make(k kind, depth int) *phrase {
	if depth <= 0 || g.choose(8) == 0 {
		return g.leaf(k)
	}
	if known := g.known[k]; len(known) > 0 && g.choose(6) == 0 {
		return known[g.choose(len(known))]
	}
	f := g.form(k)
	if f == nil {
		return g.leaf(k)
	}
	return g.by(f, k, depth)
}

// by makes an expression by a production.
func (g *grammar) by(f *form, k kind, depth int) *phrase {
	p := &phrase{kind: k, plain: slices.Clone(f.plain)}
	if f.loops {
		g.variables++
		p.bound = fmt.Sprintf("x%d", g.variables)
		for i := range p.plain {
			p.plain[i] = strings.ReplaceAll(p.plain[i], "@", p.bound)
		}
	}
	for i, h := range f.holes {
		switch {
		case h.again > 0:
			p.of = append(p.of, p.of[h.again-1])
			continue
		case h.constant:
			p.of = append(p.of, leaf(h.kind, g.pool.literal(g, h.kind)))
			continue
		}
		if h.kind.isMap() { // only columns are maps
			p.of = append(p.of, g.name(h.kind))
			if p.of[i] == nil {
				return g.leaf(k)
			}
			continue
		}
		if !h.in {
			p.of = append(p.of, g.make(h.kind, depth-1))
			continue
		}
		element := f.holes[0].kind.element()
		if f.holes[0].kind.isMap() {
			element = kString
		}
		if strings.HasPrefix(f.plain[0], "[") {
			element = f.holes[0].kind
		}
		g.loops = append(g.loops, named{element, p.bound})
		p.of = append(p.of, g.make(h.kind, depth-1))
		g.loops = g.loops[:len(g.loops)-1]
	}
	p.open = slices.ContainsFunc(p.of, func(q *phrase) bool { return q.open }) && len(g.loops) > 0
	if !p.open {
		g.known[k] = append(g.known[k], p)
	}
	return p
}

// form chooses a production; nil if all are left out.
func (g *grammar) form(k kind) *form {
	all := g.productions[k]
	for range 20 {
		of := all[g.choose(len(all))]
		if f := &of[g.choose(len(of))]; !g.off[f.group] && (!g.off["times"] || !f.times) {
			return f
		}
	}
	return nil
}

// leaf is a name or a constant.
func (g *grammar) leaf(k kind) *phrase {
	if g.choose(4) > 0 {
		if p := g.name(k); p != nil {
			return p
		}
	}
	if k == kBool {
		if attributes := g.attributes(); len(attributes) > 0 && g.choose(4) > 0 {
			return leaf(k, "has("+attributes[g.choose(len(attributes))].text+")")
		}
	}
	return leaf(k, g.pool.literal(g, k))
}

func (g *grammar) attributes() []named {
	return slices.DeleteFunc(slices.Clone(g.names), func(n named) bool { return !strings.Contains(n.text, ".") })
}

// name is a name of a kind in scope, loop variables first; nil if there is none.
func (g *grammar) name(k kind) *phrase {
	of := func(all []named) []named {
		return slices.DeleteFunc(slices.Clone(all), func(n named) bool { return n.kind != k })
	}
	if inner := of(g.loops); len(inner) > 0 && g.choose(3) > 0 {
		p := leaf(k, inner[len(inner)-1-g.choose(len(inner))].text)
		p.open = true
		return p
	}
	if outer := of(g.names); len(outer) > 0 {
		return leaf(k, outer[g.choose(len(outer))].text)
	}
	return nil
}

// pool is the values that a program and its data share, so that they meet.
type pool struct {
	ints      []int64
	doubles   []float64
	texts     []string
	days      []int64
	durations []time.Duration
}

var (
	extremeInts    = []int64{math.MinInt64, math.MaxInt64, math.MinInt64 + 1, math.MaxInt64 - 1, 1 << 53, 1<<53 + 1, -1 << 53, 1 << 31, -1 << 62, 3037000500}
	extremeDoubles = []float64{
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 1e308, 1e16, 9007199254740993, 9.3e18, math.MinInt64, math.MaxInt64,
		2.2250738585072014e-308, 0.1, 0.30000000000000004, 0.5, -1.5, 2.5,
	}
	someTexts = []string{
		"a", "b", "ab", "", "A", "aab", " a ", "é", "日本", "true", "false", "1", "-7", "2.5", "x1", "2026-03-01T10:00:00Z", "90m", "a\tb", "'", "\"\\", "ſ", "zzzzzzzz",
	}
	// Days: 1970, around it, before, far, and where CEL's instants end.
	someDays = []int64{0, 1, -1, 20_000, 20_454, 20_453, 19_782, -719_162, 2_932_896, 2_932_895, -700_000, 106_751, 106_752, -106_752, 11_016}
	// The last of them do not fit where they are added up.
	someDurations = []time.Duration{0, time.Second, 24 * time.Hour, -24 * time.Hour, 24*time.Hour - time.Second, 90 * time.Minute, time.Nanosecond, 1500 * time.Millisecond, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 200 * 365 * 24 * time.Hour}
)

func newPool(c chooser) pool {
	p := pool{ints: []int64{0, 1, 2, 3, -1}, doubles: []float64{0, 1, 2, 0.5}, texts: []string{"a", "b"}, days: []int64{20_454, 20_455}, durations: []time.Duration{0, time.Hour}}
	for range 1 + c.choose(3) {
		p.ints = append(p.ints, int64(c.choose(100)))
		p.doubles = append(p.doubles, float64(c.choose(1000))/10, extremeDoubles[c.choose(len(extremeDoubles))])
		p.texts = append(p.texts, someTexts[c.choose(len(someTexts))])
		p.days = append(p.days, someDays[c.choose(len(someDays))])
		p.durations = append(p.durations, someDurations[c.choose(len(someDurations))])
	}
	if c.choose(2) > 0 {
		p.ints = append(p.ints, extremeInts[c.choose(len(extremeInts))])
		p.doubles = append(p.doubles, extremeDoubles[c.choose(len(extremeDoubles))])
	}
	return p
}

func one[T any](c chooser, of []T) T { return of[c.choose(len(of))] }

// literal spells a constant.
func (p *pool) literal(g *grammar, k kind) string {
	switch k {
	case kBool:
		return one(g, []string{"true", "false"})
	case kInt:
		return strconv.FormatInt(one(g, p.ints), 10)
	case kDouble:
		return doubleLiteral(one(g, p.doubles))
	case kString:
		return strconv.Quote(one(g, p.texts))
	case kTimestamp:
		return fmt.Sprintf("timestamp('%s')", time.Unix(one(g, p.days)*86400, 0).UTC().Add(time.Duration(g.choose(2))*12*time.Hour).Format(time.RFC3339))
	case kDuration:
		return fmt.Sprintf("duration('%dns')", one(g, p.durations))
	}
	items := make([]string, 1+g.choose(3))
	for i := range items {
		items[i] = p.literal(g, k.element())
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func doubleLiteral(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

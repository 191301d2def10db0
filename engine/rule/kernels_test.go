// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// kernelExpressions are what rules can say, each evaluated over columns, and none
// row by row. The part before the first space is the type.
var kernelExpressions = []string{
	// conditions
	"bool student.flag", "bool !student.flag", "bool student.flag != student.other", "bool student.flag && student.other || !student.gap", "bool has(student.gap)", "bool has(student.gap) && student.gap",
	"bool student.flag < student.other", "bool student.flag ? student.other : student.gap", "bool student.i == student.j ? student.gap : !student.other",
	"bool student.i < 3 || student.gapInt > 2", "bool student.gapInt > 2 || student.i < 3", "bool student.gapInt > 2 && student.i < 3 && student.d > 0.5", "bool !(student.gapInt > 2)",
	"bool student.d < student.e", "bool student.d >= 0.0", "bool student.e == student.d", "bool -student.d > 1.0", "bool student.d / student.e < 1.0", "bool student.i / student.j > 1", "bool student.i % student.j == 0",
	"bool student.s < student.u", "bool student.s == 'abc'", "bool 'abc' <= student.s", "bool student.s in ['a', 'abc', '']", "bool student.i in [1, 2, 3]", "bool student.d in [0.0, 1.5]", "bool student.t in [timestamp('1969-12-31T00:00:00Z')]",
	"bool student.s == 'a' || student.s == 'abc' || student.s.startsWith('é')", "bool student.s != 'a' && student.s.size() > 1 && student.s.endsWith('c')", "bool student.gapText == 'a' || student.i > 0 || student.gapText == 'abc'",
	"bool (student.gapText == 'a' || student.gapText.contains('b')) && student.gapInt > 1",
	"bool student.t < at", "bool student.t == student.v", "bool at - student.t > duration('48h')", "bool duration('1h') < duration('2h') && student.flag", "bool student.i in student.is", "bool student.s in student.ss",
	"bool 'a' in student.ss || 'abc' in student.ss", "bool 'a' in student.ss && 'abc' in student.ss", "bool student.t in student.ts", "bool student.d in student.ds", "bool student.is == [1, 2]", "bool student.ss != student.gapTexts", "bool student.is == []", "bool [] != student.ds", "bool student.i in []",
	"bool [student.i, student.j] == student.is", "bool student.s in {'a': 1, 'abc': 2}", "int {'a': 1, 'abc': 2}[student.s]", "number {'a': 0.5, 'abc': 2.0, '': -1.0}[student.gapText]", "string {'a': 'x', 'abc': 'y'}[student.s]",
	"bool {'a': true, 'abc': false}[student.ss[0]]", "date {'a': timestamp('2020-01-01T00:00:00Z')}[student.s]", "int {'a': duration('1h')}[student.s].getHours()", "bool student.ss.exists(s, {'a': 1, 'b': 2}[s] > 1)", "bool student.i in [student.j, 1, student.gapInt]", "bool math.isFinite(student.d / 3.0)", "bool bool(student.s)",
	// macros
	"bool student.ds.exists(x, x < 0.5)", "bool student.ds.all(x, x < 0.5)", "bool student.is.exists(x, 1 <= x)", "bool student.is.all(x, x != 2)", "bool student.is.exists(x, x > student.gapInt)", "bool student.is.all(x, x < student.gapInt)",
	"bool student.ds.exists(x, x < student.d)", "bool student.ds.all(x, student.e >= x)", "bool student.is.exists(x, x == student.j)", "bool student.ss.exists(s, s.startsWith('a'))", "bool student.ss.all(s, s in ['a', 'abc'] || s == '')", "bool student.ss.exists(s, s == student.s)",
	"bool student.ss.exists(s, s.matches('^a.*c$'))", "bool student.is.exists_one(x, x == 1)", "bool student.is.exists_one(x, 6 / x == 1)", "bool student.is.exists_one(x, x > student.gapInt)", "bool student.is.exists(x, 6 / x == 1)", "bool student.is.all(x, 6 / x == 1)",
	"bool student.is.exists(a, student.is.exists(b, a + b == 3))", "bool student.is.exists(a, student.ds.exists(b, b > 0.5) && a > 1)", "bool student.is.all(a, student.is.all(b, student.is.exists(c, a + b >= c)))",
	"bool student.is.exists(a, [a, 2].exists(b, student.is.exists(c, c == a * b)))", "bool [student.i, student.j, student.gapInt].exists(x, x > 2)", "bool [student.i, student.j].all(x, x in student.is)", "bool ['a', 'abc'].exists(x, x in student.ss)", "bool ['a', 'b'].all(x, x != student.s)",
	"bool student.is.filter(x, x > 1).exists(y, y < 3)", "bool student.is.filter(x, x > 1).filter(y, y < student.gapInt).size() > 1", "bool student.is.map(x, x * 2).exists(y, y in student.is)", "bool student.ss.map(x, x.upperAscii()).exists(y, y == 'ABC')", "bool student.is.filter(x, 6 / x > student.gapInt).size() == 1",
	"bool student.is.map(x, x > 1, 6 / x).size() == 1", "bool student.is.exists(x, student.ss.size() > x) && student.is.all(x, student.ss.size() > x)", "bool student.ts.exists(x, x > at)", "bool student.ts.map(x, x.getFullYear()).exists(y, y < 1970)", "bool student.ts.filter(x, x < at).size() > 1",
	"bool student.gapInts.exists(x, x > 1)", "bool student.gapInts.all(x, x > 1) || student.flag", "bool student.emptyInts.all(x, x > 1)", "bool student.emptyTexts.exists(x, x == 'a')", "bool student.is.map(x, string(x)) == student.ss.map(s, s)",
	"bool student.is.exists(x, x < 2 && student.gap) || student.flag", "bool student.is.exists_one(x, student.gap || x == 1)",
	"bool ['a', 'abc'].all(x, x in student.ss)", "bool [1, 2].exists(x, x == student.i / student.j)", "bool {'a': 1, 'abc': 3}.exists(k, k == student.s && student.i > 2)", "bool [1, 2, 3].all(x, [x, 4].exists(y, y > student.gapInt))", "bool [1, 2].exists_one(x, x > student.gapInt)", "int [1, 2].map(x, x * student.i).sum()",
	"bool student.is.exists(a, [1, 2].exists(b, a == b && student.ds.exists(c, c > 0.5)))",
	// integers
	"int student.i + student.j * 2", "int student.i - 9223372036854775807", "int student.i * student.j * 4611686018427387904", "int -student.i", "int student.s.size()", "int size(student.ss)", "int student.is[0]", "int student.is[student.j]", "int student.is[student.is.size() - 1]", "int student.ds.size() + student.gapInts.size()",
	"int int(student.d)", "int int(student.d * 1e300)", "int int(student.s)", "int int(student.t)", "int int(at - student.t)", "int math.abs(student.i)", "int math.sign(student.j)", "int math.greatest(student.i, student.j, 2)", "int math.least(student.i, student.gapInt)", "int math.greatest(student.i, student.j, 2, student.is[0])",
	"int student.is.sum()", "int student.is.min()", "int student.is.max()", "int student.is.map(x, x * 4611686018427387904).sum()", "int student.is.indexOf(2)", "int student.is.lastIndexOf(student.j)", "int student.ss.indexOf(student.s)", "int student.ds.lastIndexOf(1.5)", "int student.is.first(2).sum()", "int student.is.last(student.j).size()", "int student.ss.first(student.i).size()",
	"int student.flag ? student.i : student.gapInt", "int (student.flag ? student.is : student.gapInts).size()", "int (student.flag ? [student.i] : student.is).sum()", "int (student.flag ? student.is.filter(x, x > 1) : [3, 4]).sum()", "int (student.is + student.gapInts).size()", "int (student.is + [student.i] + student.is).sum()", "int student.is.isSorted() ? 1 : 0",
	"int student.t.getFullYear()", "int student.t.getMonth()", "int student.t.getDayOfYear()", "int student.t.getDayOfMonth()", "int student.t.getDate()", "int student.t.getDayOfWeek()", "int at.getHours()", "int at.getMinutes()", "int at.getSeconds()", "int at.getMilliseconds()",
	"int (at - student.t).getHours()", "int (at - student.t).getMinutes()", "int (at - student.t).getSeconds()", "int (student.t - at).getMilliseconds()", "int duration(student.s).getSeconds()", "int duration('90m').getHours() + student.i", "int timestamp(student.i).getSeconds()", "int timestamp(student.u).getHours()",
	"int (student.t + duration('36h')).getHours()", "int (duration('-36h') + student.t).getDate()", "int (student.t - duration('1ns')).getFullYear()", "int [at - student.t, duration('1h')].sum().getHours()", "int [at - student.t, duration('1h')].max().getHours()", "int [student.t, at].min().getFullYear()",
	"int student.ss.exists(x, x == 'a') ? student.ss.filter(x, x != 'a').size() : student.ss.filter(x, x != 'a').size() + 10",
	// doubles
	"number student.d + student.e * 2.0 - 1.0", "number student.d / student.e", "number student.e / 0.25", "number 1.0 / student.e", "number -student.d", "number student.ds[0] + student.ds[1] * student.ds[2]", "number (student.ds[0] + student.ds[1]) / 2.0", "number student.ds.sum()", "number student.ds.mean()", "number student.is.mean()", "number student.ds.min()", "number student.ds.max()",
	"number student.ds.last(3).mean()", "number student.ds.filter(x, x > 0.5).sum()", "number student.ds.map(x, x * student.e).sum()", "number student.is.map(x, double(x)).mean()", "number double(student.i)", "number double(student.s)", "number math.abs(student.d)", "number math.ceil(student.d)", "number math.floor(student.d)", "number math.round(student.d)", "number math.sign(student.d)", "number math.greatest(student.d, student.e)", "number math.least(student.d, student.e, 0.5)",
	"number student.flag ? student.d : 0.5", "number student.gapNumber * 2.0", "number student.is.map(x, x == 0 ? student.gapNumber : double(x)).sum()", "number [student.d, student.e, student.gapNumber].mean()", "number [student.d, student.e].max()", "number [1.0, 2.0][student.i]",
	// strings
	"string student.s", "string student.s.lowerAscii()", "string student.s.upperAscii().trim()", "string student.gapText.trim()", "string string(student.i)", "string string(student.d / 3.0)", "string string(student.flag)", "string string(student.t)", "string string(at - student.t)", "string student.s + '-' + student.u", "string student.ss[0]", "string student.ss[student.j] + student.s",
	"string student.ss.min()", "string student.ss.max()", "string student.flag ? student.s : student.gapText", "string student.flag ? 'yes' : 'no'", "string student.ss.map(x, x + student.s)[0]", "string [student.s, student.u, 'b'].max()", "string student.ss.filter(x, x.matches('[a-c]+'))[0].upperAscii()", "string ['a', 'b', 'c'][student.j]", "string student.ss.last(1)[0]",
	"string student.ss.filter(x, x.lowerAscii() == student.s.lowerAscii()).first(1)[0]",
	// dates
	"date student.t", "date student.flag ? student.t : student.v", "date student.ts[0]", "date student.ts.max()", "date student.t + duration('24h')", "date [student.t, student.v][student.j]", "date timestamp('2024-02-29T00:00:00Z')", "date student.ts.map(x, x + duration('24h'))[1]", "date student.ts.filter(x, x < at)[0]",
}

func kernelBundle(expressions []string) *bundle.Bundle {
	attribute := func(t bundle.Type, missing bundle.Missing, def string, names ...string) (list []bundle.Attribute) {
		for _, name := range names {
			a := bundle.Attribute{Name: name, Type: t, Missing: missing, Default: []byte(def), MaxItems: map[bool]int{true: 5}[t.IsList()], MaxLength: map[bool]int{true: 32}[t.Element() == bundle.String]}
			if def == "" {
				a.Default = nil
			}
			list = append(list, a)
		}
		return list
	}
	plain := bundle.MissingUndetermined
	b := &bundle.Bundle{
		Format:  bundle.FormatV1,
		Process: bundle.Process{Name: "kernels", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support"},
		Rules:   bundle.RuleSet{Name: "kernels", HitPolicy: bundle.First},
	}
	b.Information.Name = "kernels"
	for _, list := range [][]bundle.Attribute{
		attribute(bundle.Boolean, bundle.MissingDefault, "true", "flag", "other"), attribute(bundle.Boolean, plain, "", "gap"),
		attribute(bundle.Integer, bundle.MissingDefault, "1", "i", "j"), attribute(bundle.Integer, plain, "", "gapInt"),
		attribute(bundle.Number, bundle.MissingDefault, "0.5", "d", "e"), attribute(bundle.Number, plain, "", "gapNumber"),
		attribute(bundle.String, bundle.MissingDefault, `"abc"`, "s", "u"), attribute(bundle.String, plain, "", "gapText"),
		attribute(bundle.Date, bundle.MissingDefault, `"2020-02-29"`, "t", "v"),
		attribute(bundle.IntegerList, bundle.MissingDefault, "[1,2]", "is"), attribute(bundle.IntegerList, plain, "", "gapInts"), attribute(bundle.IntegerList, bundle.MissingEmpty, "", "emptyInts"),
		attribute(bundle.NumberList, bundle.MissingDefault, "[0.5,1.5,2.5]", "ds"), attribute(bundle.StringList, bundle.MissingDefault, `["a","b"]`, "ss"), attribute(bundle.StringList, plain, "", "gapTexts"), attribute(bundle.StringList, bundle.MissingEmpty, "", "emptyTexts"),
		attribute(bundle.DateList, bundle.MissingDefault, `["2020-02-29"]`, "ts"),
	} {
		b.Information.Attributes = append(b.Information.Attributes, list...)
	}
	types := map[string]bundle.Type{"bool": bundle.Boolean, "int": bundle.Integer, "number": bundle.Number, "string": bundle.String, "date": bundle.Date}
	then := map[string]string{}
	for i, e := range expressions {
		kind, source, _ := strings.Cut(e, " ")
		name := fmt.Sprintf("f%d", i)
		b.Process.Result = append(b.Process.Result, bundle.Field{Name: name, Type: types[kind]})
		then[name] = source
	}
	b.Rules.Rules = []bundle.Rule{{ID: "only", When: "true", Then: then, Reason: bundle.Reason{Code: "only"}}}
	return b
}

// kernelPopulation has plain and extreme values, and gaps.
func kernelPopulation(b *bundle.Bundle, n int) *student.Population {
	d := draws(n)
	columns := make([]*student.Column, len(b.Information.Attributes))
	for j, a := range b.Information.Attributes {
		c := &student.Column{Attribute: a, Offsets: []uint32{0}}
		codes := map[string]uint32{}
		for range n {
			c.Presence = append(c.Presence, student.Present)
			if d.n(6) == 0 {
				c.Presence[len(c.Presence)-1] = []student.Presence{student.Absent, student.Faulty}[d.n(2)]
			}
			elements := 1
			if a.Type.IsList() {
				elements = d.n(5)
			}
			for range elements {
				kernelValue(c, a.Type.Element(), codes, &d)
			}
			c.Offsets = append(c.Offsets, c.Offsets[len(c.Offsets)-1]+uint32(elements))
		}
		columns[j] = c
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	return student.New("d", time.Date(2026, 3, 1, 10, 20, 30, 405e6, time.UTC), time.UTC, student.Origin{}, ids, make([]string, n), make([]string, n), columns)
}

func kernelValue(c *student.Column, t bundle.Type, codes map[string]uint32, d *draws) {
	switch t {
	case bundle.Boolean:
		c.Bools = append(c.Bools, d.p(0.5))
	case bundle.Integer:
		c.Ints = append(c.Ints, []int64{0, 1, 2, 3, -1, int64(d.n(4)), math.MaxInt64, math.MinInt64}[d.n(uint64(6+d.n(3)))])
	case bundle.Date:
		c.Ints = append(c.Ints, []int64{0, -1, -719162, 2932896, 19000, int64(d.n(40000)) - 20000}[d.n(6)])
	case bundle.Number:
		c.Floats = append(c.Floats, []float64{0, math.Copysign(0, -1), 0.5, 1.5, 2.5, -0.5, d.f(), 1e308, -1e308, 5e-324}[d.n(uint64(7+d.n(4)))])
	default:
		s := []string{"", "a", "b", "abc", "ABC", " é ", "\xffa", "12", "1.5", "true", "2020-02-29T23:59:59.5+01:00", "90m"}[d.n(12)]
		code, ok := codes[s]
		if !ok {
			code = uint32(len(c.Dict))
			codes[s] = code
			c.Dict = append(c.Dict, s)
		}
		c.Codes = append(c.Codes, code)
	}
}

func TestKernels(t *testing.T) {
	for _, e := range kernelExpressions {
		t.Run(e, func(t *testing.T) {
			b := kernelBundle([]string{e})
			p := compiled(t, b)
			if x := p.rules[0].then[0]; x.column.Foreign != nil {
				t.Errorf("evaluated row by row: %s", x.column.Foreign)
			}
			agree(t, p, kernelPopulation(b, 1100))
		})
	}
}

// All at once share subexpressions, buffers and frames.
func TestKernelsTogether(t *testing.T) {
	const fields = 30
	d := draws(7)
	for range 6 {
		var some []string
		for range fields {
			some = append(some, kernelExpressions[d.n(uint64(len(kernelExpressions)))])
		}
		b := kernelBundle(some)
		// Each expression is a rule's condition, so that others are evaluated where it
		// does not decide.
		for i, e := range some {
			kind, source, _ := strings.Cut(e, " ")
			if kind == "bool" {
				b.Rules.Rules = append(b.Rules.Rules, bundle.Rule{ID: fmt.Sprintf("r%d", i), When: source, Then: b.Rules.Rules[0].Then, Reason: bundle.Reason{Code: "c"}})
			}
		}
		b.Rules.Rules = append(b.Rules.Rules[1:], b.Rules.Rules[0])
		agree(t, compiled(t, b), kernelPopulation(b, 1100))
	}
}

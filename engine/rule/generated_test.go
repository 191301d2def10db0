// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

// Generated tables and populations.

// table is a generated rule set, its expressions as trees.
type table struct {
	attributes []bundle.Attribute
	fields     []bundle.Field
	policy     bundle.HitPolicy
	collect    string
	variables  []*phrase
	rules      []tableRow
	otherwise  *tableRow
}

type tableRow struct {
	when     *phrase
	then     []*phrase
	priority *phrase
	text     []*phrase
}

// bundle spells the table out.
func (t *table) bundle() *bundle.Bundle {
	b := &bundle.Bundle{
		Format:      bundle.FormatV1,
		Process:     bundle.Process{Name: "generated", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support", Result: t.fields},
		Information: bundle.Model{Name: "generated", Attributes: t.attributes},
		Rules:       bundle.RuleSet{Name: "generated", HitPolicy: t.policy, Collect: t.collect},
	}
	for i, v := range t.variables {
		b.Rules.Variables = append(b.Rules.Variables, bundle.Variable{Name: fmt.Sprintf("v%d", i), Expression: v.String()})
	}
	for i := range t.rules {
		r := &t.rules[i]
		then, priority, reason := t.spell(r, fmt.Sprintf("C%d", i%3))
		b.Rules.Rules = append(b.Rules.Rules, bundle.Rule{ID: fmt.Sprintf("r%d", i), When: r.when.String(), Then: then, Priority: priority, Reason: reason})
	}
	if t.otherwise != nil {
		then, priority, reason := t.spell(t.otherwise, "N")
		b.Rules.Otherwise = &bundle.Otherwise{Then: then, Priority: priority, Reason: reason}
	}
	return b
}

func (t *table) spell(r *tableRow, code string) (then map[string]string, priority string, reason bundle.Reason) {
	if len(r.then) > 0 {
		then = map[string]string{}
	}
	for i, x := range r.then {
		then[t.fields[i].Name] = x.String()
	}
	if r.priority != nil {
		priority = r.priority.String()
	}
	reason.Code = code
	for i, x := range r.text {
		if reason.Text == nil {
			reason.Text = map[string]string{}
		}
		language := []string{"en", "es"}[i%2]
		reason.Text[language] += " {{" + x.String() + "}}"
	}
	return then, priority, reason
}

// kindOf is how rules see a type.
func kindOf(t bundle.Type) kind {
	k := map[bundle.Type]kind{bundle.Boolean: kBool, bundle.Integer: kInt, bundle.Number: kDouble, bundle.String: kString, bundle.Date: kTimestamp}[t.Element()]
	if t.IsList() {
		return listOfKind(k)
	}
	return k
}

var (
	scalarTypes = []bundle.Type{bundle.Boolean, bundle.Integer, bundle.Number, bundle.String, bundle.Date}
	listTypes   = []bundle.Type{bundle.IntegerList, bundle.NumberList, bundle.StringList, bundle.DateList}
)

// makeTable generates a table.
func makeTable(g *grammar) *table {
	t := &table{policy: bundle.First}
	names := make([]int, 2+g.choose(10))
	for i := range names { // the order of declaration is not that of the names
		names[i] = (i*7 + 3) % 16
		t.attributes = append(t.attributes, makeAttribute(g, fmt.Sprintf("a%d", names[i])))
		a := &t.attributes[i]
		g.names = append(g.names, named{kindOf(a.Type), "student." + a.Name})
	}
	g.names = append(g.names, named{kTimestamp, "at"})
	t.choosePolicy(g)
	for i := range g.choose(5) {
		k := one(g, scalars)
		if g.choose(4) == 0 {
			k = listOfKind(k)
		}
		v := g.make(k, 1+g.choose(3))
		t.variables = append(t.variables, v)
		g.names = append(g.names, named{k, fmt.Sprintf("v%d", i)})
	}
	rules := 1 + g.choose(6)
	var key *named
	if g.choose(6) == 0 { // many rules, told apart by a key
		rules = 8 + g.choose(40)
		for i := range g.names {
			if k := g.names[i].kind; k == kString || k == kInt || k == kDouble {
				key = &g.names[i]
			}
		}
	}
	for range rules {
		r := tableRow{when: g.make(kBool, 1+g.choose(4))}
		if key != nil && g.choose(6) > 0 {
			r.when = keyed(g, key)
		}
		t.fill(g, &r, false)
		t.rules = append(t.rules, r)
	}
	if g.choose(3) > 0 {
		t.otherwise = &tableRow{}
		t.fill(g, t.otherwise, true)
	}
	return t
}

// keyed is a condition as those of large tables are: a key is equal to
// something or in a range, and more.
func keyed(g *grammar, key *named) *phrase {
	literal := func() *phrase { return leaf(key.kind, g.pool.literal(g, key.kind)) }
	is := &phrase{kind: kBool, plain: []string{key.text + " == ", ""}, of: []*phrase{literal()}}
	switch g.choose(4) {
	case 1:
		is = &phrase{kind: kBool, plain: []string{key.text + " >= ", " && " + key.text + " < ", ""}, of: []*phrase{literal(), literal()}}
	case 2:
		is = &phrase{kind: kBool, plain: []string{key.text + " in [", ", ", "]"}, of: []*phrase{literal(), literal()}}
	}
	if g.choose(2) == 0 {
		return is
	}
	return &phrase{kind: kBool, plain: []string{"", " && ", ""}, of: []*phrase{is, g.make(kBool, 1+g.choose(2))}}
}

func makeAttribute(g *grammar, name string) bundle.Attribute {
	a := bundle.Attribute{Name: name, Type: one(g, scalarTypes)}
	if g.choose(3) == 0 {
		a.Type = one(g, listTypes)
	}
	if a.Type.IsList() {
		a.MaxItems = one(g, []int{3, 1, 2, 5, 8, 5, 3, 0})
	}
	if a.Type.Element() == bundle.String {
		a.MaxLength = one(g, []int{8, 3, 20, 0})
	}
	switch g.choose(4) {
	case 1:
		a.Missing = bundle.MissingDefault
		a.Default = makeDefault(g, &a)
	case 2:
		if a.Type.IsList() {
			a.Missing = bundle.MissingEmpty
		}
	}
	return a
}

func makeDefault(g *grammar, a *bundle.Attribute) json.RawMessage {
	scalar := func() string {
		switch a.Type.Element() {
		case bundle.Boolean:
			return one(g, []string{"true", "false"})
		case bundle.Integer:
			return strconv.FormatInt(one(g, g.pool.ints), 10)
		case bundle.Number:
			return strconv.FormatFloat(one(g, g.pool.doubles), 'g', -1, 64)
		case bundle.Date:
			return `"` + student.Day(one(g, g.pool.days)).Format(time.DateOnly) + `"`
		}
		s := one(g, g.pool.texts)
		if len(s) > a.LengthLimit() {
			s = ""
		}
		return jsonText(s)
	}
	if !a.Type.IsList() {
		return json.RawMessage(scalar())
	}
	items := make([]string, g.choose(min(a.ItemLimit(), 4)+1))
	for i := range items {
		items[i] = scalar()
	}
	return json.RawMessage("[" + strings.Join(items, ",") + "]")
}

func jsonText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// choosePolicy chooses a hit policy and result fields that it can fill.
func (t *table) choosePolicy(g *grammar) {
	ranked := []string{"high", "mid", "low"}
	types := slices.Concat(scalarTypes, scalarTypes, listTypes)
	switch g.choose(12) {
	case 5:
		t.policy = bundle.Unique
	case 6:
		t.policy = bundle.Any
	case 7:
		t.policy = bundle.PriorityHit
		t.fields = append(t.fields, bundle.Field{Name: "f0", Type: bundle.String, Values: ranked})
	case 8:
		t.policy, types = bundle.RuleOrder, listTypes
	case 9:
		t.policy, t.collect, types = bundle.Collect, one(g, []string{bundle.CollectList, ""}), listTypes
	case 10:
		t.policy, t.collect, types = bundle.Collect, one(g, []string{bundle.CollectSum, bundle.CollectMinimum, bundle.CollectMaximum}), []bundle.Type{bundle.Integer, bundle.Number}
	case 11:
		t.policy, t.collect, types = bundle.Collect, bundle.CollectCount, []bundle.Type{bundle.Integer}
	}
	for i := range 1 + g.choose(3) {
		f := bundle.Field{Name: fmt.Sprintf("f%d", i+len(t.fields)), Type: one(g, types)}
		switch f.Type.Element() {
		case bundle.Integer, bundle.Number:
			if g.choose(3) == 0 {
				low, high := float64(-g.choose(3)), float64(1+g.choose(100))
				f.Minimum, f.Maximum = &low, &high
			}
		case bundle.String:
			if g.choose(3) == 0 {
				f.Values = []string{"high", "a", "low", "b"}
			}
		}
		t.fields = append(t.fields, f)
	}
}

// fill gives a row its results.
func (t *table) fill(g *grammar, r *tableRow, otherwise bool) {
	gathers := t.policy == bundle.RuleOrder || t.policy == bundle.Collect && (t.collect == bundle.CollectList || t.collect == "")
	if t.policy != bundle.Collect || t.collect != bundle.CollectCount || otherwise {
		for i := range t.fields {
			f := &t.fields[i]
			k := kindOf(f.Type)
			if gathers && !otherwise {
				k = k.element()
			}
			r.then = append(r.then, t.value(g, f, k))
		}
	}
	if g.choose(2) == 0 {
		r.priority = g.make(one(g, []kind{kDouble, kDouble, kInt}), g.choose(4))
	}
	for range max(g.choose(5)-2, 0) {
		k := one(g, scalars)
		r.text = append(r.text, g.make(k, g.choose(3)))
	}
}

// value is an expression for a result field: a constant that it allows, or
// anything.
func (t *table) value(g *grammar, f *bundle.Field, k kind) *phrase {
	if g.choose(2) == 0 {
		return g.make(k, g.choose(3))
	}
	var text string
	switch k.element() {
	case kInt:
		text = one(g, []string{"1", "0", "1"})
	case kDouble:
		text = one(g, []string{"1.0", "0.5"})
	case kString:
		text = "'" + one(g, append(slices.Clone(f.Values), "low")) + "'"
	case kTimestamp:
		text = one(g, []string{"timestamp('2026-01-01T00:00:00Z')", "timestamp('1969-12-31T00:00:00Z')"})
	default:
		text = one(g, []string{"true", "false"})
	}
	if k.isList() {
		text = one(g, []string{"[" + text + "]", "[" + text + ", " + text + "]", "[]"})
	}
	return leaf(k, text)
}

// makeRows chooses how many rows a population has: few, some, or several
// batches, of which the last is seldom full.
func makeRows(g *grammar) int {
	switch g.choose(10) {
	case 0, 1, 2:
		return 1 + g.choose(8)
	case 3:
		return column.Rows - 1 + g.choose(3)
	case 4:
		return column.Rows + g.choose(2*column.Rows)
	}
	return 1 + g.choose(120)
}

// makePopulation fills columns for a table. Rows are drawn apart from the
// table, so that a fuzzer's bytes go to what matters.
func makePopulation(g *grammar, attributes []bundle.Attribute, rows int) *student.Population {
	columns := make([]*student.Column, len(attributes))
	for i := range attributes {
		columns[i] = makeColumn(g, attributes[i], rows)
	}
	return populationOf(columns, rows)
}

// generatedAt is the instant of evaluation: not midnight, and with nanoseconds.
var generatedAt = time.Date(2026, 1, 1, 13, 14, 15, 123456789, time.UTC)

func populationOf(columns []*student.Column, rows int) *student.Population {
	ids := make([]string, rows)
	for i := range ids {
		ids[i] = fmt.Sprintf("%06d", i)
	}
	return student.New("generated", generatedAt, time.UTC, student.Origin{}, ids, make([]string, rows), make([]string, rows), columns)
}

func makeColumn(g *grammar, a bundle.Attribute, rows int) *student.Column {
	w := columnWriter{Column: &student.Column{Attribute: a}, codes: map[string]uint32{}}
	if a.Type.IsList() {
		w.Offsets = []uint32{0}
	}
	gaps := one(g, []int{0, 0, 2, 20, 200, 900}) // of 1,000
	wild := one(g, []int{0, 2, 30})
	limit := a.ItemLimit()
	for range rows {
		present := student.Present
		if gaps > 0 && g.choose(1000) < gaps {
			present = one(g, []student.Presence{student.Absent, student.Absent, student.Faulty})
		}
		n := 0
		if a.Type.IsList() && present == student.Present {
			switch n = g.choose(min(limit, 6) + 1); {
			case wild == 0:
			case limit <= 8 && g.choose(100) < wild:
				n = limit + g.choose(2)
			case limit > 8 && g.choose(1000) < wild:
				n = limit + g.choose(2)
			}
		}
		w.row(present, n, func() any { return g.pool.draw(g, &a, wild) })
	}
	return w.finish()
}

// draw is a value of an element of a column.
func (p *pool) draw(c chooser, a *bundle.Attribute, wild int) any {
	odd := wild > 0 && c.choose(100) < wild
	switch a.Type.Element() {
	case bundle.Boolean:
		return c.choose(2) == 0
	case bundle.Integer:
		if odd {
			return one(c, extremeInts)
		}
		return one(c, p.ints)
	case bundle.Number:
		if odd {
			return one(c, extremeDoubles)
		}
		return one(c, p.doubles)
	case bundle.Date:
		if odd {
			return one(c, someDays)
		}
		return one(c, p.days)
	}
	s := one(c, p.texts)
	switch limit := a.LengthLimit(); {
	case odd && c.choose(4) == 0:
		s = strings.Repeat("l", limit+c.choose(2))
	case odd:
		s = one(c, someTexts)
	case len(s) > limit:
		s = s[:0]
	}
	return s
}

// columnWriter appends values to a column.
type columnWriter struct {
	*student.Column
	codes map[string]uint32
}

// row appends a value: of a list, n elements. What stands for a value that is
// not there is nothing, or zero, as a source writes it.
func (w *columnWriter) row(p student.Presence, n int, draw func() any) {
	w.Presence = append(w.Presence, p)
	if !w.Attribute.Type.IsList() {
		if p != student.Present {
			w.zero()
			return
		}
		w.element(draw())
		return
	}
	for range n {
		w.element(draw())
	}
	w.Offsets = append(w.Offsets, uint32(max(len(w.Ints), len(w.Floats), len(w.Codes))))
}

func (w *columnWriter) zero() {
	switch w.Attribute.Type {
	case bundle.Boolean:
		w.Bools = append(w.Bools, false)
	case bundle.Integer, bundle.Date:
		w.Ints = append(w.Ints, 0)
	case bundle.Number:
		w.Floats = append(w.Floats, 0)
	default:
		w.Codes = append(w.Codes, 0)
	}
}

func (w *columnWriter) element(v any) {
	switch v := v.(type) {
	case bool:
		w.Bools = append(w.Bools, v)
	case int64:
		w.Ints = append(w.Ints, v)
	case float64:
		w.Floats = append(w.Floats, v)
	case string:
		code, known := w.codes[v]
		if !known {
			code = uint32(len(w.Dict))
			w.codes[v] = code
			w.Dict = append(w.Dict, v)
		}
		w.Codes = append(w.Codes, code)
	}
}

func (w *columnWriter) finish() *student.Column {
	if w.Attribute.Type == bundle.String && len(w.Dict) == 0 && len(w.Codes) > 0 {
		w.Dict = []string{""}
	}
	return w.Column
}

// rearranged is a population of these rows of another, in this order.
func rearranged(p *student.Population, rows []int) *student.Population {
	columns := make([]*student.Column, len(p.Columns()))
	for i, c := range p.Columns() {
		w := columnWriter{Column: &student.Column{Attribute: c.Attribute}, codes: map[string]uint32{}}
		if c.Type().IsList() {
			w.Offsets = []uint32{0}
		}
		for _, row := range rows {
			next, n := elementsOf(c, row)
			w.row(c.Presence[row], n, next)
		}
		columns[i] = w.finish()
	}
	return populationOf(columns, len(rows))
}

// elementsOf gives the elements of a row's value, one after another.
func elementsOf(c *student.Column, row int) (next func() any, n int) {
	at := uint32(row)
	n = 1
	if c.Type().IsList() {
		from, to := c.Range(row)
		at, n = from, int(to-from)
	}
	return func() any {
		at++
		switch c.Type().Element() {
		case bundle.Boolean:
			return c.Bools[at-1]
		case bundle.Integer, bundle.Date:
			return c.Ints[at-1]
		case bundle.Number:
			return c.Floats[at-1]
		}
		return c.Dict[c.Codes[at-1]]
	}, n
}

// sameBits compares doubles bit by bit, NaNs' payloads aside.
func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

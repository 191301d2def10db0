// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

// Package column is held to cel-go by itself too, with the kinds of columns that
// bundles have not: maps with fixed keys, durations, instants that are no dates,
// lists of booleans, doubles that are infinite or NaN; and with CEL's own
// division as well as the rules'. One machine evaluates several populations with
// different dictionaries, batch by batch, for any rows and in any order.

// TestKinds compares the values of generated expressions.
func TestKinds(t *testing.T) {
	var c kindCounts
	for i := uint64(0); c.evaluations < *evaluations || c.programs < min(150, *evaluations/400); i++ {
		random := newPCG(*differentialSeed, i|1<<62)
		w := newWorld(t, random, i%2 == 0)
		c.programs++
		for range 3 {
			w.fill(1 + random.choose(one(random, []int{3, 20, 20, 60, 60, 60, 1100, 2100})))
			if what := w.differs(&c); what != "" {
				t.Fatalf("seed %d, program %d: %s", *differentialSeed, i, what)
			}
		}
	}
	t.Log(&c)
	if c.failed*50 < c.evaluations || c.values*50 < c.evaluations {
		t.Errorf("too little variety: %v", &c)
	}
}

// TestForms evaluates every production by itself, its operands columns and
// constants, on values chosen to be at odds with each other.
func TestForms(t *testing.T) {
	var c kindCounts
	for turn := range uint64(3) {
		random := newPCG(*differentialSeed, turn|1<<61)
		w := &world{t: t, g: newGrammar(random, mapProductions)}
		w.g.pool = pool{
			ints: []int64{math.MinInt64, math.MaxInt64, -1, 0, 1, 2, 1 << 32, 3037000500, -3037000500}, doubles: []float64{0, 1, -1.5, math.MaxFloat64, 1e16, 0.1, math.MinInt64},
			texts: []string{"a", "", "ab", "1", "é"}, days: []int64{0, -1, 20_454, 2_932_896, -719_162}, durations: someDurations,
		}
		for _, k := range scalars {
			for range 3 {
				w.declare(k)
			}
			w.declare(listOfKind(k))
			w.declare(listOfKind(k))
			if k != kTimestamp {
				w.declare("M" + k)
			}
		}
		compiler := w.compiler(turn%2 == 0)
		for _, k := range slices.Sorted(maps.Keys(mapProductions)) {
			for _, variants := range mapProductions[k] {
				for i := range max(len(variants), 6) {
					clear(w.g.known)
					w.keep(compiler, w.g.by(&variants[i%len(variants)], k, 1))
				}
			}
		}
		w.compile(compiler)
		c.programs++
		w.fill(60)
		before := fmt.Sprintf("%v", w.plainData())
		w.m.Start(0, 60)
		for i, x := range w.columns {
			if x.Foreign != nil {
				c.foreign++
				continue
			}
			c.expressions++
			if what := w.one(i, 0, w.selection(60), &c); what != "" {
				t.Errorf("seed %d, turn %d: %s\n%s", *differentialSeed, turn, w.texts[i], what)
			}
		}
		if fmt.Sprintf("%v", w.plainData()) != before {
			t.Errorf("turn %d: evaluating changed the columns", turn)
		}
	}
	t.Log(&c)
}

// plainData are the columns but for maps.
func (w *world) plainData() (all []column.Column) {
	for i := range w.fields {
		if !w.fields[i].kind.isMap() {
			all = append(all, *w.fields[i].data)
		}
	}
	return all
}

type kindCounts struct{ programs, expressions, foreign, evaluations, values, failed, referred int }

func (c *kindCounts) String() string {
	return fmt.Sprintf("%d programs, expressions over columns %d, row by row %d; %d evaluations over columns: %d values, %d faults, %d left to the reference",
		c.programs, c.expressions, c.foreign, c.evaluations, c.values, c.failed, c.referred)
}

var mapKeys = []string{"a", "b", "c", "d e"}

// field is an input.
type field struct {
	column.Input
	kind   kind
	absent ref.Val // the default
	days   bool    // instants are whole days, the default too
	data   *column.Column
}

// world is a program and its columns.
type world struct {
	t        *testing.T
	g        *grammar
	fields   []field
	env      *cel.Env
	texts    []*phrase
	programs []cel.Program
	columns  []*column.Expression
	program  *column.Program
	m        *column.Machine
	single   *column.Single // for the present columns
	alone    []func() (ref.Val, column.Failure)
	data     []*column.Column
	rows     int

	// of the reference's present evaluation
	row    int
	missed []bool
}

func newWorld(t *testing.T, c chooser, strict bool) *world {
	w := &world{t: t, g: newGrammar(c, mapProductions)}
	for range 4 + c.choose(8) {
		k := one(c, scalars)
		switch c.choose(6) {
		case 0, 1:
			k = listOfKind(k)
		case 2:
			k = "M" + one(c, []kind{kBool, kInt, kDouble, kString, kDuration})
		}
		w.declare(k)
	}
	compiler := w.compiler(strict)
	for range 3 + c.choose(8) {
		w.add(compiler)
	}
	w.compile(compiler)
	return w
}

// declare adds an input.
func (w *world) declare(k kind) {
	f := w.field(fmt.Sprintf("f%d", len(w.fields)), k)
	w.fields = append(w.fields, f)
	w.g.names = append(w.g.names, named{k, "s." + f.Name})
}

// compiler begins the program, when all inputs are declared.
func (w *world) compiler(strict bool) *column.Compiler {
	w.fields = append(w.fields, field{kind: kTimestamp, Input: column.Input{Name: "at", Type: column.Type{Kind: column.Timestamp}, Once: true}})
	w.g.names = append(w.g.names, named{kTimestamp, "at"})
	w.missed = make([]bool, len(w.fields))
	base, err := baseEnv()
	if !strict {
		base, err = laxEnv()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.env, err = base.Extend(cel.CustomTypeProvider(w), cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.Variable("s", cel.ObjectType("S")), cel.Variable("at", cel.TimestampType))
	if err != nil {
		w.t.Fatal(err)
	}
	inputs := make([]column.Input, len(w.fields))
	for i := range inputs {
		inputs[i] = w.fields[i].Input
	}
	compiler, err := column.NewCompiler(inputs, w.resolve)
	if err != nil {
		w.t.Fatal(err)
	}
	compiler.StrictDivision = strict
	return compiler
}

func (w *world) compile(compiler *column.Compiler) {
	w.program = compiler.Compile()
	w.m = w.program.NewMachine()
}

// laxEnv is the rules' environment with CEL's own division.
func laxEnv() (*cel.Env, error) {
	options := []cel.EnvOption{cel.HomogeneousAggregateLiterals(), cel.DefaultUTCTimeZone(true), cel.EnableHiddenAccumulatorName(true)}
	for _, library := range [][]function{listFunctions(), mathFunctions(), stringFunctions()} {
		for _, f := range library {
			options = append(options, cel.Function(f.name, f.overloads...))
		}
	}
	return cel.NewEnv(options...)
}

var columnKinds = map[kind]column.Kind{kBool: column.Bool, kInt: column.Int, kDouble: column.Double, kString: column.String, kTimestamp: column.Timestamp, kDuration: column.Duration}

func (w *world) field(name string, k kind) field {
	g := w.g
	f := field{kind: k, Input: column.Input{Name: name, Type: column.Type{Kind: columnKinds[k.element()]}}}
	switch {
	case k.isList():
		f.Type = column.Type{Kind: column.List, Elem: f.Type.Kind}
		f.Items = one(g, []int{0, 2, 5})
	case k.isMap():
		f.Type = column.Type{Kind: column.Map, Elem: f.Type.Kind}
		f.Keys = mapKeys
	}
	if f.kind.element() == kString {
		f.Length = one(g, []int{0, 1, 4})
	}
	f.days = f.kind.element() == kTimestamp && g.choose(2) == 0
	if !f.kind.isMap() && g.choose(4) == 0 {
		w.fallback(&f)
	}
	return f
}

// fallback gives a field a default.
func (w *world) fallback(f *field) {
	n := 1
	if f.kind.isList() {
		n = w.g.choose(3)
		if f.Items > 0 {
			n = min(n, f.Items)
		}
	}
	values := make([]any, n)
	refs := make([]ref.Val, n)
	for i := range values {
		values[i] = w.draw(f)
		refs[i] = valueOf(values[i])
	}
	if !f.kind.isList() {
		f.Default, f.absent = values[0], refs[0]
		return
	}
	f.absent = types.NewRefValList(types.DefaultTypeAdapter, refs)
	switch f.kind.element() {
	case kBool:
		f.Default = slicesOf[bool](values)
	case kInt:
		f.Default = slicesOf[int64](values)
	case kDouble:
		f.Default = slicesOf[float64](values)
	case kString:
		f.Default = slicesOf[string](values)
	case kTimestamp:
		f.Default = slicesOf[column.Instant](values)
	default:
		f.Default = slicesOf[time.Duration](values)
	}
}

func slicesOf[T any](values []any) []T {
	typed := make([]T, len(values))
	for i, v := range values {
		typed[i] = v.(T)
	}
	return typed
}

// valueOf is an element as CEL has it.
func valueOf(v any) ref.Val {
	switch v := v.(type) {
	case column.Instant:
		return types.Timestamp{Time: v.Time()}
	case time.Duration:
		return types.Duration{Duration: v}
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

var oddDoubles = []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, 9.3e18, 1e16}

// draw is an element of a field: bool, int64, float64, string, Instant, Duration.
func (w *world) draw(f *field) any {
	p, odd := &w.g.pool, w.g.choose(12) == 0
	switch f.kind.element() {
	case kBool:
		return w.g.choose(2) == 0
	case kInt:
		if odd {
			return one(w.g, extremeInts)
		}
		return one(w.g, p.ints)
	case kDouble:
		if odd {
			return one(w.g, oddDoubles)
		}
		return one(w.g, p.doubles)
	case kString:
		if odd {
			return one(w.g, someTexts)
		}
		return one(w.g, p.texts)
	case kTimestamp:
		day := one(w.g, p.days)
		if odd {
			day = one(w.g, someDays)
		}
		if f.days {
			return column.Instant{Seconds: day * 86400}
		}
		return column.Instant{Seconds: day*86400 + int64(w.g.choose(2)*3600), Nanos: int32(w.g.choose(2) * w.g.choose(1_000_000_000))}
	}
	return one(w.g, p.durations)
}

// add adds an expression, every second one by a name that later ones may read.
func (w *world) add(compiler *column.Compiler) {
	k := one(w.g, scalars)
	if w.g.choose(4) == 0 {
		k = listOfKind(k)
	}
	for try := range 5 {
		text := w.g.make(k, 1+w.g.choose(4))
		if try == 4 {
			text = leaf(k, simplest[k][0])
		}
		if w.keep(compiler, text) {
			break
		}
	}
	if w.g.choose(2) == 0 {
		name := fmt.Sprintf("v%d", len(w.texts)-1)
		celTypes := map[kind]*cel.Type{kBool: cel.BoolType, kInt: cel.IntType, kDouble: cel.DoubleType, kString: cel.StringType, kTimestamp: cel.TimestampType, kDuration: cel.DurationType}
		typ := celTypes[k.element()]
		if k.isList() {
			typ = cel.ListType(typ)
		}
		var err error
		if w.env, err = w.env.Extend(cel.Variable(name, typ)); err != nil {
			w.t.Fatal(err)
		}
		w.g.names = append(w.g.names, named{k, name})
	}
}

// keep adds an expression; false if cel-go refuses it: an empty list of no type,
// or a constant part that always fails.
func (w *world) keep(compiler *column.Compiler, text *phrase) bool {
	parsed, issues := w.env.Compile(text.String())
	if issues.Err() != nil {
		return false
	}
	program, err := w.env.Program(parsed, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return false
	}
	w.texts, w.programs = append(w.texts, text), append(w.programs, program)
	w.columns = append(w.columns, compiler.Add(parsed.NativeRep()))
	return true
}

func (w *world) resolve(e ast.Expr) (column.Ref, bool) {
	name := ""
	switch e.Kind() {
	case ast.SelectKind:
		o := e.AsSelect().Operand()
		if o.Kind() != ast.IdentKind || o.AsIdent() != "s" {
			return column.Ref{}, false
		}
		name = e.AsSelect().FieldName()
	case ast.IdentKind:
		name = e.AsIdent()
		var n int
		if _, err := fmt.Sscanf(name, "v%d", &n); err == nil {
			return column.Ref{Expression: w.columns[n]}, true
		}
	}
	i := slices.IndexFunc(w.fields, func(f field) bool { return f.Name == name })
	return column.Ref{Input: i}, i >= 0
}

// fill draws new columns, with dictionaries of their own, and binds them.
func (w *world) fill(rows int) {
	w.rows = rows
	columns := make([]*column.Column, len(w.fields))
	for i := range w.fields {
		f := &w.fields[i]
		if f.Once {
			f.data = &column.Column{Whole: true, Times: []column.Instant{w.draw(f).(column.Instant)}}
		} else {
			f.data = w.column(f, f.kind, rows)
		}
		columns[i] = f.data
	}
	w.data, w.single = columns, nil
	if err := w.m.Bind(columns, rows); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) column(f *field, k kind, rows int) *column.Column {
	c := &column.Column{}
	if k.isMap() {
		for range f.Keys {
			c.Members = append(c.Members, w.column(f, k.element(), rows))
		}
	}
	if w.g.choose(2) == 0 || k.isMap() && w.g.choose(2) == 0 {
		gaps := one(w.g, []int{2, 10, 60})
		for range rows {
			p := student.Present
			if w.g.choose(100) < gaps {
				p = one(w.g, []student.Presence{student.Absent, student.Faulty})
			}
			c.Presence = append(c.Presence, p)
		}
	}
	if k.isMap() {
		return c
	}
	c.Days = f.days
	codes := map[string]uint32{}
	if k.element() == kString { // strings that no row has; often as many each time, in another order
		unused := slices.Clone(someTexts)
		for i := range unused {
			j := w.g.choose(len(unused))
			unused[i], unused[j] = unused[j], unused[i]
		}
		if w.g.choose(3) == 0 {
			unused = unused[:w.g.choose(3)]
		}
		for _, s := range unused {
			code(c, codes, s)
		}
	}
	if k.isList() {
		c.Offsets = append(c.Offsets, 0)
	}
	for row := range rows {
		n := 1
		if k.isList() {
			n = w.g.choose(5)
			if f.Items > 0 {
				n = w.g.choose(f.Items + 1)
				if w.g.choose(50) == 0 {
					n++
				}
			}
			if c.Presence != nil && c.Presence[row] != student.Present {
				n = 0
			}
		}
		for range n {
			switch v := w.draw(f).(type) {
			case bool:
				c.Bools = append(c.Bools, v)
			case int64:
				c.Ints = append(c.Ints, v)
			case float64:
				c.Floats = append(c.Floats, v)
			case string:
				c.Codes = append(c.Codes, code(c, codes, v))
			case time.Duration:
				c.Ints = append(c.Ints, int64(v))
			case column.Instant:
				if c.Days {
					c.Ints = append(c.Ints, v.Seconds/86400)
				} else {
					c.Times = append(c.Times, v)
				}
			}
		}
		if k.isList() {
			c.Offsets = append(c.Offsets, uint32(max(len(c.Bools), len(c.Ints), len(c.Floats), len(c.Codes), len(c.Times))))
		}
	}
	return c
}

func code(c *column.Column, codes map[string]uint32, s string) uint32 {
	n, known := codes[s]
	if !known {
		n = uint32(len(c.Dict))
		codes[s] = n
		c.Dict = append(c.Dict, s)
	}
	return n
}

// differs evaluates all rows in batches, and says what differs.
func (w *world) differs(c *kindCounts) string {
	random := w.g.chooser
	for base := 0; base < w.rows; {
		n := min(w.rows-base, 1+random.choose(one(random, []int{column.Rows, 50, 4 * column.Rows})), column.Rows)
		w.m.Start(base, n)
		for range 2 * len(w.columns) {
			i := random.choose(len(w.columns))
			if w.columns[i].Foreign != nil {
				c.foreign++
				continue
			}
			c.expressions++
			if what := w.one(i, base, w.selection(n), c); what != "" {
				return fmt.Sprintf("%s\n%s\nbatch from row %d, %d rows\n%s", w.texts[i], what, base, n, w.describe())
			}
		}
		base += n
	}
	return ""
}

func (w *world) selection(n int) []uint16 {
	share := one(w.g, []int{100, 100, 50, 5})
	var sel []uint16
	for r := range n {
		if share == 100 || w.g.choose(100) < share {
			sel = append(sel, uint16(r))
		}
	}
	return sel
}

func (w *world) describe() string {
	var b strings.Builder
	for i := range w.fields {
		f := &w.fields[i]
		fmt.Fprintf(&b, "%s %s default %v items %d length %d\n", f.Name, f.kind, f.Default, f.Items, f.Length)
	}
	for i, text := range w.texts {
		fmt.Fprintf(&b, "v%d = %s\n", i, text)
	}
	return b.String()
}

// one compares an expression's values for some rows of the batch.
func (w *world) one(i, base int, sel []uint16, c *kindCounts) (what string) {
	defer func() {
		if r := recover(); r != nil {
			what = fmt.Sprint("panic: ", r)
		}
	}()
	x := w.columns[i]
	before := slices.Clone(sel)
	value, faults := w.values(x, sel)
	if !slices.Equal(before, sel) {
		return "the selection was changed"
	}
	if !slices.IsSortedFunc(faults, func(a, b column.RowFault) int { return int(a.Row) - int(b.Row) }) {
		return "faults are not in order of row"
	}
	for _, r := range sel {
		c.evaluations++
		want, err := w.reference(i, base+int(r))
		if w.g.choose(4) == 0 {
			if what := w.singly(i, base+int(r), want, err); what != "" {
				return what
			}
		}
		k := slices.IndexFunc(faults, func(f column.RowFault) bool { return f.Row == r })
		var got string
		switch {
		case k < 0:
			c.values++
			if err != nil {
				return fmt.Sprintf("row %d has a value, and should have failed: %v", base+int(r), err)
			}
			if have := value(r); !sameRef(have, want) {
				return fmt.Sprintf("row %d is %v, and should be %v", base+int(r), have, want)
			}
			continue
		case w.m.Fault(faults[k].ID).Cause == column.NoCause:
			c.referred++
			continue
		case err == nil:
			return fmt.Sprintf("row %d failed (%+v), and should be %v", base+int(r), w.m.Fault(faults[k].ID), want)
		}
		c.failed++
		if got = w.spell(w.m.Fault(faults[k].ID)); got != w.spellError(err) && !w.anyOrder(i) { // cel-go goes over a map's keys in any order
			return fmt.Sprintf("row %d failed by %s, and should have by %s: %v", base+int(r), got, w.spellError(err), err)
		}
	}
	return ""
}

// anyOrder reports whether an expression, or one that it reads, goes over the
// keys of a map.
func (w *world) anyOrder(i int) bool {
	if overKeys(w.texts[i]) {
		return true
	}
	spelt := w.texts[i].String()
	for k := range i {
		if regexp.MustCompile(fmt.Sprintf(`\bv%d\b`, k)).MatchString(spelt) && w.anyOrder(k) {
			return true
		}
	}
	return false
}

func overKeys(p *phrase) bool {
	return p.bound != "" && p.of[0].kind.isMap() || slices.ContainsFunc(p.of, overKeys)
}

// singly compares an expression's value for a row, evaluated for it alone.
func (w *world) singly(i, row int, want ref.Val, err error) string {
	if w.single == nil {
		single, err := w.program.NewSingle(w.data, w.rows, false)
		if err != nil {
			return err.Error()
		}
		w.single, w.alone = single, make([]func() (ref.Val, column.Failure), len(w.columns))
	}
	if w.alone[i] == nil {
		w.alone[i] = w.ready(w.columns[i])
	}
	w.single.Begin(row)
	have, failure := w.alone[i]()
	switch {
	case failure == 0 && err != nil:
		return fmt.Sprintf("row %d alone has a value, and should have failed: %v", row, err)
	case failure == 0 && have != nil && !sameRef(have, want):
		return fmt.Sprintf("row %d alone is %v, and should be %v", row, have, want)
	case failure == 0 || w.single.Fault(failure).Cause == column.NoCause:
		return ""
	case err == nil:
		return fmt.Sprintf("row %d alone failed (%+v), and should be %v", row, w.single.Fault(failure), want)
	}
	if got := w.spell(w.single.Fault(failure)); got != w.spellError(err) && !w.anyOrder(i) {
		return fmt.Sprintf("row %d alone failed by %s, and should have by %s: %v", row, got, w.spellError(err), err)
	}
	return ""
}

// ready makes an expression ready for one row; of a list, its faults alone.
func (w *world) ready(x *column.Expression) func() (ref.Val, column.Failure) {
	s := w.single
	switch x.Type().Kind {
	case column.Bool:
		c := s.Condition(x)
		return func() (ref.Val, column.Failure) { is, f := s.Holds(&c); return types.Bool(is), f }
	case column.Int:
		v := s.Ints(x)
		return func() (ref.Val, column.Failure) { n, f := v.Of(s); return types.Int(n), f }
	case column.Duration:
		v := s.Ints(x)
		return func() (ref.Val, column.Failure) {
			n, f := v.Of(s)
			return types.Duration{Duration: time.Duration(n)}, f
		}
	case column.Double:
		v := s.Doubles(x)
		return func() (ref.Val, column.Failure) { n, f := v.Of(s); return types.Double(n), f }
	case column.String:
		v := s.Texts(x)
		return func() (ref.Val, column.Failure) { text, f := v.Of(s); return types.String(text), f }
	case column.Timestamp:
		v := s.Times(x)
		return func() (ref.Val, column.Failure) { at, f := v.Of(s); return types.Timestamp{Time: at.Time()}, f }
	}
	c := s.Faults(x)
	return func() (ref.Val, column.Failure) { _, f := s.Holds(&c); return nil, f }
}

// values evaluates over columns.
func (w *world) values(x *column.Expression, sel []uint16) (func(r uint16) ref.Val, []column.RowFault) {
	switch x.Type().Kind {
	case column.Bool:
		if w.g.choose(2) == 0 {
			v, faults := w.m.Bools(x, sel)
			return func(r uint16) ref.Val { return types.Bool(v[r]) }, faults
		}
		out := make([]uint16, len(sel))
		hits, faults := w.m.Filter(x, sel, out)
		for _, f := range faults {
			if _, also := slices.BinarySearch(hits, f.Row); also {
				w.t.Fatalf("row %d fails and is among the hits too", f.Row)
			}
		}
		return func(r uint16) ref.Val { _, is := slices.BinarySearch(hits, r); return types.Bool(is) }, faults
	case column.Int:
		v, faults := w.m.Ints(x, sel)
		return func(r uint16) ref.Val { return types.Int(v[r]) }, faults
	case column.Duration:
		v, faults := w.m.Ints(x, sel)
		return func(r uint16) ref.Val { return types.Duration{Duration: time.Duration(v[r])} }, faults
	case column.Double:
		v, faults := w.m.Doubles(x, sel)
		return func(r uint16) ref.Val { return types.Double(v[r]) }, faults
	case column.String:
		v, faults := w.m.Texts(x, sel)
		return func(r uint16) ref.Val { return types.String(v.At(r)) }, faults
	case column.Timestamp:
		v, faults := w.m.Times(x, sel)
		return func(r uint16) ref.Val { return types.Timestamp{Time: v[r].Time()} }, faults
	}
	l, faults := w.m.Lists(x, sel)
	return func(r uint16) ref.Val {
		var list []ref.Val
		for i := l.From[r]; i < l.To[r]; i++ {
			list = append(list, elementOfList(&l, x.Type().Elem, i))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, list)
	}, faults
}

func elementOfList(l *column.Lists, k column.Kind, i uint32) ref.Val {
	switch k {
	case column.Bool:
		return types.Bool(l.Bools[i])
	case column.Int:
		return types.Int(l.Ints[i])
	case column.Duration:
		return types.Duration{Duration: time.Duration(l.Ints[i])}
	case column.Double:
		return types.Double(l.Floats[i])
	case column.String:
		if l.Texts.Codes != nil {
			return types.String(l.Texts.Dict[l.Texts.Codes[i]])
		}
		return types.String(l.Texts.All[i])
	}
	if l.Days {
		return types.Timestamp{Time: student.Day(l.Ints[i])}
	}
	return types.Timestamp{Time: l.Times[i].Time()}
}

// sameRef compares values bit by bit, NaNs' payloads aside.
func sameRef(a, b ref.Val) bool {
	if x, ok := a.(types.Double); ok {
		y, ok := b.(types.Double)
		return ok && sameBits(float64(x), float64(y))
	}
	x, ok := a.(traits.Lister)
	if !ok {
		return a.Equal(b) == types.True
	}
	y, ok := b.(traits.Lister)
	if !ok || x.Size() != y.Size() {
		return false
	}
	for i := types.Int(0); i < x.Size().(types.Int); i++ {
		if !sameRef(x.Get(i), y.Get(i)) {
			return false
		}
	}
	return true
}

// The reference: cel-go reading one row.

func (w *world) reference(i, row int) (ref.Val, error) {
	w.row = row
	clear(w.missed)
	return w.evaluate(i)
}

func (w *world) evaluate(i int) (ref.Val, error) {
	v, _, err := w.programs[i].Eval(worldNames{w})
	return v, err
}

type worldNames struct{ w *world }

func (n worldNames) ResolveName(name string) (any, bool) {
	switch name {
	case "s":
		return n.w, true
	case "at":
		return types.Timestamp{Time: n.w.fields[len(n.w.fields)-1].data.Times[0].Time()}, true
	}
	var i int
	if _, err := fmt.Sscanf(name, "v%d", &i); err != nil {
		return nil, false
	}
	v, err := n.w.evaluate(i)
	if err != nil {
		return types.WrapErr(err), true
	}
	return v, true
}

func (n worldNames) Parent() interpreter.Activation { return nil }

// get reads a field as the rules' reader does.
func (w *world) get(i int) (any, error) {
	f := &w.fields[i]
	if c := f.data; c.Presence != nil && c.Presence[w.row] != student.Present {
		if c.Presence[w.row] == student.Absent && f.absent != nil {
			return f.absent, nil
		}
		w.missed[i] = true
		return nil, &missingError{f.Name}
	}
	if f.kind.isMap() {
		m := map[string]ref.Val{}
		for k, key := range f.Keys {
			if member := f.data.Members[k]; member.Presence == nil || member.Presence[w.row] == student.Present {
				m[key] = w.element(member, f.kind.element(), uint32(w.row))
			}
		}
		return types.DefaultTypeAdapter.NativeToValue(m), nil
	}
	if !f.kind.isList() {
		v := w.element(f.data, f.kind, uint32(w.row))
		if s, ok := v.(types.String); ok && f.Length > 0 && len(s) > f.Length {
			return nil, &boundError{f.Name, "maxLength"}
		}
		return v, nil
	}
	from, to := f.data.Offsets[w.row], f.data.Offsets[w.row+1]
	if f.Items > 0 && int(to-from) > f.Items {
		return nil, &boundError{f.Name, "maxItems"}
	}
	list := make([]ref.Val, 0, to-from)
	for k := from; k < to; k++ {
		v := w.element(f.data, f.kind.element(), k)
		if s, ok := v.(types.String); ok && f.Length > 0 && len(s) > f.Length {
			return nil, &boundError{f.Name, "maxLength"}
		}
		list = append(list, v)
	}
	return types.NewRefValList(types.DefaultTypeAdapter, list), nil
}

func (w *world) element(c *column.Column, k kind, i uint32) ref.Val {
	switch k {
	case kBool:
		return types.Bool(c.Bools[i])
	case kInt:
		return types.Int(c.Ints[i])
	case kDouble:
		return types.Double(c.Floats[i])
	case kString:
		return types.String(c.Dict[c.Codes[i]])
	case kDuration:
		return types.Duration{Duration: time.Duration(c.Ints[i])}
	}
	if c.Days {
		return types.Timestamp{Time: student.Day(c.Ints[i])}
	}
	return types.Timestamp{Time: c.Times[i].Time()}
}

func (w *world) has(i int) bool {
	c := w.fields[i].data
	return c.Presence == nil || c.Presence[w.row] == student.Present
}

// spell says a fault in the words of spellError.
func (w *world) spell(f column.Fault) string {
	missed := make([]bool, len(w.fields))
	f.Missed.Each(func(i int) { missed[i] = true })
	words := map[column.Cause]string{
		column.DivisionByZero: "division by zero", column.ModulusByZero: "modulus by zero", column.IntegerOverflow: "integer overflow",
		column.TimestampOverflow: "timestamp out of range", column.IndexOutOfBounds: "index out of bounds",
		column.NoSuchKey: "no such key", column.MeanOfEmpty: "mean of an empty list", column.MinOfEmpty: "minimum of an empty list",
		column.MaxOfEmpty: "maximum of an empty list", column.FirstNegative: "first with a negative count", column.LastNegative: "last with a negative count",
		column.NotConvertible: "value cannot be converted", column.Missing: "missing",
	}[f.Cause]
	switch f.Cause {
	case column.TooManyItems:
		words = (&boundError{w.fields[f.Input].Name, "maxItems"}).Error()
	case column.TooLong:
		words = (&boundError{w.fields[f.Input].Name, "maxLength"}).Error()
	}
	return fmt.Sprintf("%q %v", words, missed)
}

func (w *world) spellError(err error) string {
	words := causeOf(err)
	var missing *missingError
	if errors.As(err, &missing) {
		words = "missing"
	}
	return fmt.Sprintf("%q %v", words, w.missed)
}

// The type provider of the object s.

func (w *world) EnumValue(name string) ref.Val                { return types.NewErr("no enumeration %s", name) }
func (w *world) FindIdent(string) (ref.Val, bool)             { return nil, false }
func (w *world) NewValue(string, map[string]ref.Val) ref.Val  { return types.NewErr("cannot be made") }
func (w *world) FindStructFieldNames(string) ([]string, bool) { return nil, false }
func (w *world) FindStructType(name string) (*types.Type, bool) {
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), name == "S"
}

func (w *world) FindStructFieldType(_, name string) (*types.FieldType, bool) {
	i := slices.IndexFunc(w.fields, func(f field) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	celTypes := map[kind]*cel.Type{kBool: cel.BoolType, kInt: cel.IntType, kDouble: cel.DoubleType, kString: cel.StringType, kTimestamp: cel.TimestampType, kDuration: cel.DurationType}
	k := w.fields[i].kind
	typ := celTypes[k.element()]
	switch {
	case k.isList():
		typ = cel.ListType(typ)
	case k.isMap():
		typ = cel.MapType(cel.StringType, typ)
	}
	return &types.FieldType{
		Type:    typ,
		IsSet:   func(any) bool { return w.has(i) },
		GetFrom: func(any) (any, error) { return w.get(i) },
	}, true
}

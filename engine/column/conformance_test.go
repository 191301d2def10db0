// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
	"cel.dev/expr/conformance/proto2"
	"cel.dev/expr/conformance/proto3"
	conformance "cel.dev/expr/conformance/test"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

var update = flag.Bool("update", false, "write the summary of conformance anew: read every change of it before it is committed")

// The cases of the CEL specification, evaluated by cel-go and over columns: as
// they are, with one row; with columns in the place of their variables, where
// rows with the case's values stand among others; and with columns in the place
// of their literals too, so that what is folded or compared with a constant is
// also computed. Not one may differ. What is evaluated and what falls back is
// written down in testdata/conformance.txt.
func TestConformance(t *testing.T) {
	found, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "cel.dev/expr").Output()
	if err != nil {
		t.Fatalf("looking for the module cel.dev/expr: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(found)), "tests/simple/testdata/*.textproto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", found, err)
	}
	s := &summary{counts: map[string]int{}}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases := new(conformance.SimpleTestFile)
		if err := prototext.Unmarshal(text, cases); err != nil {
			s.counts["not applicable: file not readable: "+filepath.Base(file)]++
			continue
		}
		for _, section := range cases.GetSection() {
			for _, c := range section.GetTest() {
				t.Run(strings.Join([]string{cases.GetName(), section.GetName(), c.GetName()}, "/"), func(t *testing.T) { s.run(t, c) })
			}
		}
	}
	s.compare(t)
}

// summary counts what became of the cases.
type summary struct{ counts map[string]int }

func (s *summary) compare(t *testing.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# The cases of the CEL specification over columns. Written by go test -update.\n")
	names := make([]string, 0, len(s.counts))
	for name := range s.counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%5d %s\n", s.counts[name], name)
	}
	t.Log(b.String())
	const golden = "testdata/conformance.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// variable is a column of a case.
type variable struct {
	name  string
	typ   *cel.Type
	value ref.Val // the case's
}

var base = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(cel.OptionalTypes(), ext.Strings(), ext.Math(), ext.Encoders(), ext.Bindings(), cel.DefaultUTCTimeZone(true),
		cel.Types(&proto2.TestAllTypes{}, &proto3.TestAllTypes{}))
})

func environment(c *conformance.SimpleTest, variables []variable) (*cel.Env, error) {
	env, err := base()
	if err != nil {
		return nil, err
	}
	options := []cel.EnvOption{cel.Container(c.GetContainer())}
	for _, v := range variables {
		options = append(options, cel.Variable(v.name, v.typ))
	}
	return env.Extend(options...)
}

func (s *summary) run(t *testing.T, c *conformance.SimpleTest) {
	skip := func(why string) { s.counts["not applicable: "+why]++ }
	if c.GetDisableCheck() {
		skip("not type-checked")
		return
	}
	var variables []variable
	for _, d := range c.GetTypeEnv() {
		if d.GetIdent() == nil {
			skip("declares a function")
			return
		}
		typ, err := types.ProtoAsType(d.GetIdent().GetType())
		if err != nil {
			skip("type of a variable")
			return
		}
		v := variable{name: d.GetName(), typ: typ}
		if bound := c.GetBindings()[d.GetName()]; bound != nil {
			if v.value, err = cel.ProtoAsValue(types.DefaultTypeAdapter, bound.GetValue()); err != nil {
				skip("value of a variable")
				return
			}
		}
		variables = append(variables, v)
	}
	env, err := environment(c, variables)
	if err != nil {
		skip("environment: " + err.Error())
		return
	}
	parsed, issues := env.Parse(c.GetExpr())
	if issues.Err() != nil {
		skip("does not parse")
		return
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		skip("does not type-check")
		return
	}
	s.counts["cases"]++
	s.counts[evaluate(t, env, checked, variables)]++
	s.runLifted(t, c, parsed, variables)
}

// runLifted runs a case with columns in the place of its literals.
func (s *summary) runLifted(t *testing.T, c *conformance.SimpleTest, parsed *cel.Ast, variables []variable) {
	lifter := lifter{variables: slices.Clone(variables)}
	lifter.visit(parsed.NativeRep().Expr())
	if len(lifter.variables) == len(variables) {
		return
	}
	env, err := environment(c, lifter.variables)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := cel.AstToParsedExpr(parsed)
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := env.Check(cel.ParsedExprToAst(plain))
	if issues.Err() != nil {
		s.counts["columns for literals: not applicable: does not type-check"]++
		return
	}
	s.counts["columns for literals: cases"]++
	s.counts["columns for literals: "+evaluate(t, env, checked, lifter.variables)]++
}

// lifter puts variables in the place of literals, but in what macros are made of.
type lifter struct{ variables []variable }

func (l *lifter) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Bool, types.Int, types.Double, types.String:
			name := fmt.Sprintf("literal_%d", len(l.variables))
			l.variables = append(l.variables, variable{name, v.Type().(*cel.Type), v})
			e.SetKindCase(ast.NewExprFactory().NewIdent(e.ID(), name))
		}
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			l.visit(e.AsCall().Target())
		}
		for _, a := range e.AsCall().Args() {
			l.visit(a)
		}
	case ast.ListKind:
		for _, a := range e.AsList().Elements() {
			l.visit(a)
		}
	case ast.ComprehensionKind:
		l.visit(e.AsComprehension().IterRange())
		l.visitStep(e.AsComprehension().LoopStep())
	}
}

// visitStep lifts the literals of what a macro's author wrote, and not those that
// the macro adds.
func (l *lifter) visitStep(step ast.Expr) {
	if step.Kind() != ast.CallKind {
		return // of a macro that is not the standard's
	}
	args := step.AsCall().Args()
	switch step.AsCall().FunctionName() {
	case operators.Conditional: // exists_one and filter
		l.visit(args[0])
		if added := args[1].AsCall().Args(); len(added) == 2 && added[1].Kind() == ast.ListKind {
			l.visit(added[1])
		}
	case operators.LogicalAnd, operators.LogicalOr, operators.Add: // the accumulator and a condition or list
		l.visit(args[1])
	}
}

// evaluate holds the columns to cel-go, and says how it went.
func evaluate(t *testing.T, env *cel.Env, checked *cel.Ast, variables []variable) string {
	t.Helper()
	var inputs []column.Input
	number := map[string]int{}
	for _, v := range variables {
		if typ, ok := inputType(v.typ); ok && v.value != nil {
			number[v.name] = len(inputs)
			inputs = append(inputs, column.Input{Name: v.name, Type: typ, Keys: keysOf(v.value)})
		}
	}
	compiler, err := column.NewCompiler(inputs, func(e ast.Expr) (column.Ref, bool) {
		if r := checked.NativeRep().ReferenceMap()[e.ID()]; r != nil && r.Value == nil {
			i, ok := number[r.Name]
			return column.Ref{Input: i}, ok
		}
		return column.Ref{}, false
	})
	if err != nil {
		t.Fatal(err)
	}
	x := compiler.Add(checked.NativeRep())
	if x.Foreign != nil {
		return "fallen back: " + x.Foreign.What
	}
	if x.Type().Kind == column.Map {
		return "not applicable: a map as the value, which only other expressions can read"
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return "not applicable: cannot be planned by cel-go"
	}
	machine := compiler.Compile().NewMachine()
	for _, rows := range []int{1, 7, 1500} {
		population := populate(inputs, variables, rows)
		columns := make([]*column.Column, len(inputs))
		for i := range inputs {
			columns[i] = population.column(i)
		}
		if err := machine.Bind(columns, rows); err != nil {
			t.Fatal(err)
		}
		for base := 0; base < rows; base += column.Rows {
			n := min(column.Rows, rows-base)
			machine.Start(base, n)
			got := results(machine, x, n)
			for r := range n {
				want, _, err := program.Eval(population.activation(base+r, variables))
				if problem := differs(want, err, got[r]); problem != "" {
					t.Fatalf("row %d of %d: %s", base+r, rows, problem)
				}
			}
		}
	}
	return "passed"
}

// result is a row's value over columns, or its fault.
type result struct {
	value any
	fault bool
}

func results(m *column.Machine, x *column.Expression, n int) []result {
	out := make([]result, n)
	set := func(value func(r uint16) any, faults []column.RowFault) {
		for _, f := range faults {
			out[f.Row].fault = true
		}
		for r := range out {
			if !out[r].fault {
				out[r].value = value(uint16(r))
			}
		}
	}
	sel := column.All(n)
	switch x.Type().Kind {
	case column.Bool:
		v, e := m.Bools(x, sel)
		set(func(r uint16) any { return v[r] }, e)
		yes, _ := m.Filter(x, sel, make([]uint16, n))
		for r := range out {
			if b, ok := out[r].value.(bool); ok && b != slices.Contains(yes, uint16(r)) {
				out[r].value = "neither true nor false"
			}
		}
	case column.Int, column.Duration:
		v, e := m.Ints(x, sel)
		set(func(r uint16) any { return v[r] }, e)
	case column.Double:
		v, e := m.Doubles(x, sel)
		set(func(r uint16) any { return v[r] }, e)
	case column.String:
		v, e := m.Texts(x, sel)
		set(func(r uint16) any { return v.At(r) }, e)
	case column.Timestamp:
		v, e := m.Times(x, sel)
		set(func(r uint16) any { return v[r] }, e)
	default:
		v, e := m.Lists(x, sel)
		set(func(r uint16) any { return elementsOf(v, x.Type().Elem, r) }, e)
	}
	return out
}

func elementsOf(l column.Lists, kind column.Kind, r uint16) []any {
	list := []any{}
	for i := l.From[r]; i < l.To[r]; i++ {
		switch {
		case kind == column.Bool:
			list = append(list, l.Bools[i])
		case kind == column.Int || kind == column.Duration:
			list = append(list, l.Ints[i])
		case kind == column.Double:
			list = append(list, l.Floats[i])
		case kind == column.String && l.Texts.Codes != nil:
			list = append(list, l.Texts.Dict[l.Texts.Codes[i]])
		case kind == column.String:
			list = append(list, l.Texts.All[i])
		default:
			list = append(list, l.Times[i])
		}
	}
	return list
}

// differs says how a row's value differs from cel-go's; "" if it does not.
func differs(want ref.Val, err error, got result) string {
	if err != nil || types.IsUnknownOrError(want) {
		if got.fault {
			return ""
		}
		return fmt.Sprintf("%v over columns where cel-go fails: %v", got.value, errors.Join(err))
	}
	if got.fault {
		return fmt.Sprintf("a fault where cel-go gives %v", want)
	}
	if w := plain(want); !same(w, got.value) {
		return fmt.Sprintf("%#v over columns, %#v by cel-go", got.value, w)
	}
	return ""
}

func plain(v ref.Val) any {
	switch v := v.(type) {
	case types.Bool:
		return bool(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Timestamp:
		return column.InstantOf(v.Time)
	case types.Duration:
		return int64(v.Duration)
	case traits.Lister:
		list := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			list = append(list, plain(it.Next()))
		}
		return list
	}
	return v
}

// same holds doubles to each other bit by bit, but for NaNs.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a != a && b != b || math.Float64bits(a) == math.Float64bits(b))
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	}
	return a == b
}

func inputType(t *cel.Type) (column.Type, bool) {
	kinds := map[types.Kind]column.Kind{
		types.BoolKind: column.Bool, types.IntKind: column.Int, types.DoubleKind: column.Double, types.StringKind: column.String,
		types.TimestampKind: column.Timestamp, types.DurationKind: column.Duration,
	}
	if k, ok := kinds[t.Kind()]; ok && !t.IsAssignableType(cel.NullType) {
		return column.Type{Kind: k}, true
	}
	switch t.Kind() {
	case types.ListKind:
		k, ok := kinds[t.Parameters()[0].Kind()]
		return column.Type{Kind: column.List, Elem: k}, ok
	case types.MapKind:
		k, ok := kinds[t.Parameters()[1].Kind()]
		return column.Type{Kind: column.Map, Elem: k}, ok && t.Parameters()[0].Kind() == types.StringKind
	}
	return column.Type{}, false
}

// keysOf are a map's keys in ascending order.
func keysOf(v ref.Val) []string {
	m, ok := v.(traits.Mapper)
	if !ok {
		return nil
	}
	var keys []string
	for it := m.Iterator(); it.HasNext() == types.True; {
		if key, ok := it.Next().(types.String); ok {
			keys = append(keys, string(key))
		}
	}
	slices.Sort(keys)
	return keys
}

// table is the values of the columns, by input and row; nil where there is none.
type table struct {
	inputs []column.Input
	rows   [][]ref.Val
}

// populate makes rows of which every third has the case's values, the others
// random and extreme ones, or none.
func populate(inputs []column.Input, variables []variable, rows int) *table {
	p := &table{inputs: inputs, rows: make([][]ref.Val, len(inputs))}
	state := uint64(rows)
	random := func(n int) int {
		state = state*6364136223846793005 + 1442695040888963407
		return int(state>>33) % n
	}
	for i := range inputs {
		at := slices.IndexFunc(variables, func(v variable) bool { return v.name == inputs[i].Name })
		value := variables[at].value
		for r := range rows {
			v := value
			if r%3 != 0 {
				v = scrambled(inputs[i].Type, value, random)
			}
			p.rows[i] = append(p.rows[i], v)
		}
	}
	return p
}

func scrambled(t column.Type, value ref.Val, random func(int) int) ref.Val {
	if random(8) == 0 {
		return nil
	}
	switch t.Kind {
	case column.List:
		list := make([]ref.Val, random(4))
		for i := range list {
			list[i] = scalar(t.Elem, random)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, list)
	case column.Map:
		return value
	}
	return scalar(t.Kind, random)
}

func scalar(k column.Kind, random func(int) int) ref.Val {
	pick := func(all ...ref.Val) ref.Val { return all[random(len(all))] }
	switch k {
	case column.Bool:
		return types.Bool(random(2) == 0)
	case column.Int:
		return pick(types.Int(0), types.Int(1), types.Int(-1), types.Int(7), types.Int(math.MaxInt64), types.Int(math.MinInt64), types.Int(random(1000)))
	case column.Double:
		return pick(types.Double(0), types.Double(math.Copysign(0, -1)), types.Double(1.5), types.Double(math.Inf(1)), types.Double(math.Inf(-1)), types.Double(math.NaN()), types.Double(1e300))
	case column.String:
		return pick(types.String(""), types.String("a"), types.String("abc"), types.String("é😁"), types.String("\xff!"), types.String("2020-02-29T23:59:60Z"), types.String("12"), types.String("true"))
	case column.Duration:
		return pick(types.Duration{}, types.Duration{Duration: math.MinInt64}, types.Duration{Duration: math.MaxInt64}, types.Duration{Duration: -1500 * time.Millisecond})
	}
	return pick(types.Timestamp{Time: time.Unix(0, 0).UTC()}, types.Timestamp{Time: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		types.Timestamp{Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)}, types.Timestamp{Time: time.Date(1969, 12, 31, 23, 59, 59, 5, time.UTC)})
}

// activation gives a row to cel-go. A value that is missing is not there.
func (p *table) activation(row int, variables []variable) map[string]any {
	all := map[string]any{}
	for _, v := range variables {
		if v.value != nil {
			all[v.name] = v.value
		}
	}
	for i := range p.inputs {
		delete(all, p.inputs[i].Name)
		if v := p.rows[i][row]; v != nil {
			all[p.inputs[i].Name] = v
		}
	}
	return all
}

// column is an input's column. Rows without a value have what no reader may look
// at.
func (p *table) column(i int) *column.Column {
	in := &p.inputs[i]
	c := &column.Column{}
	codes := map[string]uint32{}
	switch in.Type.Kind {
	case column.List:
		c.Offsets = []uint32{0}
	case column.Map:
		return p.mapColumn(i)
	}
	n := uint32(0)
	for _, v := range p.rows[i] {
		presence := student.Present
		if v == nil {
			presence = student.Absent
		}
		c.Presence = append(c.Presence, presence)
		if list, ok := v.(traits.Lister); ok {
			for it := list.Iterator(); it.HasNext() == types.True; n++ {
				push(c, in.Type.Elem, it.Next(), codes)
			}
		} else if in.Type.Kind != column.List {
			push(c, in.Type.Kind, v, codes)
		}
		if c.Offsets != nil {
			c.Offsets = append(c.Offsets, n)
		}
	}
	return c
}

func (p *table) mapColumn(i int) *column.Column {
	in := &p.inputs[i]
	c := &column.Column{}
	for _, key := range in.Keys {
		members := &table{inputs: []column.Input{{Type: column.Type{Kind: in.Type.Elem}}}, rows: make([][]ref.Val, 1)}
		for _, v := range p.rows[i] {
			var member ref.Val
			if m, ok := v.(traits.Mapper); ok {
				if found, there := m.Find(types.String(key)); there {
					member = found
				}
			}
			members.rows[0] = append(members.rows[0], member)
		}
		c.Members = append(c.Members, members.column(0))
	}
	for _, v := range p.rows[i] {
		presence := student.Present
		if v == nil {
			presence = student.Absent
		}
		c.Presence = append(c.Presence, presence)
	}
	return c
}

func push(c *column.Column, kind column.Kind, v ref.Val, codes map[string]uint32) {
	if v == nil {
		v = map[column.Kind]ref.Val{
			column.Bool: types.True, column.Int: types.Int(1), column.Double: types.Double(1), column.String: types.String(""),
			column.Timestamp: types.Timestamp{Time: time.Unix(1, 1)}, column.Duration: types.Duration{Duration: 1},
		}[kind]
	}
	switch v := v.(type) {
	case types.Bool:
		c.Bools = append(c.Bools, bool(v))
	case types.Int:
		c.Ints = append(c.Ints, int64(v))
	case types.Duration:
		c.Ints = append(c.Ints, int64(v.Duration))
	case types.Double:
		c.Floats = append(c.Floats, float64(v))
	case types.Timestamp:
		c.Times = append(c.Times, column.InstantOf(v.Time))
	case types.String:
		code, known := codes[string(v)]
		if !known {
			code = uint32(len(c.Dict))
			codes[string(v)] = code
			c.Dict = append(c.Dict, string(v))
		}
		c.Codes = append(c.Codes, code)
	}
}

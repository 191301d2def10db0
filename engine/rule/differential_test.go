// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/student"
)

// What DecideRows gives over columns is held to what Decide gives through
// cel-go, for generated tables on generated populations.

var (
	differentialSeed = flag.Uint64("seed", 1, "of the generated programs")
	shrinkTries      = flag.Int("shrink", 3000, "how many smaller programs to try where a difference is found")
	evaluations      = flag.Int("evaluations", 60_000, "how many decisions, or values, to compare at least")
)

// pcg is a chooser of pseudo-random numbers.
type pcg struct{ *rand.Rand }

func newPCG(seed, stream uint64) pcg { return pcg{rand.New(rand.NewPCG(seed, stream))} }

func (r pcg) choose(n int) int { return r.IntN(n) }

func TestDifferential(t *testing.T) {
	var c counts
	for i := uint64(0); c.evaluations < *evaluations || c.programs < min(150, *evaluations/400); i++ {
		program := newGrammar(newPCG(*differentialSeed, i), productions)
		tbl := makeTable(program)
		p, err := tbl.compile(&c)
		if err != nil {
			t.Fatalf("seed %d, program %d: %v", *differentialSeed, i, err)
		}
		c.program(p)
		rows := newPCG(*differentialSeed, i|1<<63)
		for range 3 {
			values := &grammar{chooser: rows, pool: program.pool}
			population := makePopulation(values, tbl.attributes, makeRows(values))
			c.population(p, population.Len())
			if found := differ(p, population, rows, &c); found != nil {
				t.Fatalf("seed %d, program %d: %v\n\n%s", *differentialSeed, i, found, shrunk(tbl, population, found))
			}
		}
	}
	t.Log(c.String())
	c.expectVariety(t)
}

// difference is a row about which the two ways differ.
type difference struct {
	how  string
	row  int
	what string
	p    *student.Population // in which it shows
}

func (d *difference) String() string { return fmt.Sprintf("%s, row %d: %s", d.how, d.row, d.what) }

// differ compares all rows, in several ways.
func differ(p *Program, population *student.Population, random chooser, c *counts) (found *difference) {
	defer func() {
		if r := recover(); r != nil {
			found = &difference{how: "panic", what: fmt.Sprint(r), p: population}
		}
	}()
	n := population.Len()
	e, err := p.Bind(population)
	if err != nil {
		panic(err)
	}
	want := make([]Outcome, n)
	for row := range want {
		want[row] = e.Decide(row)
		c.outcome(&want[row])
	}
	identity := make([]int, n)
	for i := range identity {
		identity[i] = i
	}
	whole := [][2]int{{0, n}}
	if d := compare(p, e, "all rows", population, whole, want, identity, true); d != nil {
		return d
	}
	// Ranges of any size, in any order; a fresh evaluator.
	other, err := p.Bind(population)
	if err != nil {
		panic(err)
	}
	if d := compare(p, other, "ranges", population, ranges(random, n), want, identity, false); d != nil {
		return d
	}
	// The same evaluator again: nothing is left of the last time.
	if d := compare(p, other, "again", population, whole, want, identity, true); d != nil {
		return d
	}
	// One student after another, in any order, by one evaluator.
	single, err := p.Bind(population)
	if err != nil {
		panic(err)
	}
	var decided Single
	for row := range n {
		if random.choose(4) == 0 {
			row = random.choose(n)
		}
		single.DecideRow(row, &decided)
		if what := unlike(&want[row], single.Outcome(&decided)); what != "" {
			return &difference{how: "a single row", row: row, what: what, p: population}
		}
	}
	// A few students one by one, their values set for each.
	values, err := p.NewValues(population.At)
	if err != nil {
		panic(err)
	}
	for range min(n, 20) {
		row := random.choose(n)
		if values.know(population, row) != nil {
			continue // beyond its bounds: a source lets no such value through
		}
		values.Decide(&decided)
		if what := unlike(&want[row], values.Evaluator().Outcome(&decided)); what != "" {
			return &difference{how: "one by one", row: row, what: what, p: population}
		}
	}
	// Other students beside a student change nothing for the student.
	moved := make([]int, 1+random.choose(n+n/2+1))
	for i := range moved {
		moved[i] = random.choose(n)
	}
	mixed := rearranged(population, moved)
	e, err = p.Bind(mixed)
	if err != nil {
		panic(err)
	}
	return compare(p, e, "rows moved and doubled", mixed, [][2]int{{0, len(moved)}}, want, moved, true)
}

// ranges cover [0, n) in pieces, shuffled.
func ranges(random chooser, n int) (all [][2]int) {
	for from := 0; from < n; {
		to := min(n, from+1+random.choose(one(random, []int{3, 200, 1024, 2500})))
		if n > 200 && to-from < 10 {
			to = min(n, from+100)
		}
		all = append(all, [2]int{from, to})
		from = to
	}
	for i := range all {
		j := random.choose(len(all))
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// compare decides ranges of rows over columns and holds row i to want[of[i]].
func compare(p *Program, e *Evaluator, how string, population *student.Population, parts [][2]int, want []Outcome, of []int, finish bool) *difference {
	out := p.NewOutcomes(population.Len())
	for _, r := range parts {
		if err := e.DecideRows(r[0], r[1], out); err != nil {
			return &difference{how: how, row: r[0], what: err.Error(), p: population}
		}
	}
	if finish {
		out.Finish()
	}
	for row := range of {
		if what := unlike(&want[of[row]], out.Row(row)); what != "" {
			return &difference{how: how, row: row, what: what, p: population}
		}
	}
	return nil
}

// unlike says in what an outcome is not the one wanted; it is empty if they are
// the same, doubles bit by bit.
func unlike(want *Outcome, have Outcome) string {
	switch {
	case have.Status != want.Status:
		return fmt.Sprintf("status %s (%s%v), want %s (%s%v)", have.Status, have.Failure, have.Missing, want.Status, want.Failure, want.Missing)
	case !slices.Equal(have.Rules, want.Rules):
		return fmt.Sprintf("rules %q, want %q", have.Rules, want.Rules)
	case have.Otherwise != want.Otherwise:
		return fmt.Sprintf("otherwise %v, want %v", have.Otherwise, want.Otherwise)
	case have.Reason.Code != want.Reason.Code:
		return fmt.Sprintf("reason code %q, want %q", have.Reason.Code, want.Reason.Code)
	case !slices.Equal(have.Missing, want.Missing):
		return fmt.Sprintf("missing %q, want %q", have.Missing, want.Missing)
	case have.Failure != want.Failure:
		return fmt.Sprintf("failure %q, want %q", have.Failure, want.Failure)
	case (have.Priority == nil) != (want.Priority == nil):
		return fmt.Sprintf("priority %v, want %v", have.Priority, want.Priority)
	case want.Priority != nil && !sameBits(*have.Priority, *want.Priority):
		return fmt.Sprintf("priority %v, want %v", *have.Priority, *want.Priority)
	case len(have.Result) != len(want.Result):
		return fmt.Sprintf("%d result fields, want %d", len(have.Result), len(want.Result))
	}
	for i, v := range have.Result {
		if w := want.Result[i]; v.Field != w.Field || !sameValue(v.V, w.V) {
			return fmt.Sprintf("result %s %#v, want %s %#v", v.Field, v.V, w.Field, w.V)
		}
	}
	return ""
}

// sameValue compares values of result fields.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case bool:
		return a == b
	case int64:
		return a == b
	case string:
		return a == b
	case float64:
		b, ok := b.(float64)
		return ok && sameBits(a, b)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case []float64:
		b, ok := b.([]float64)
		return ok && slices.EqualFunc(a, b, sameBits)
	case []int64:
		b, ok := b.([]int64)
		return ok && slices.Equal(a, b)
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case []time.Time:
		b, ok := b.([]time.Time)
		return ok && slices.EqualFunc(a, b, time.Time.Equal)
	}
	return reflect.DeepEqual(a, b)
}

// counts say what a campaign looked at.
type counts struct {
	programs, evaluations        int
	dispatched                   int // programs whose rules are looked up by keys
	expressions, foreign         int
	overColumns                  int // evaluations of tables no expression of which is foreign
	refused                      map[string]int
	policies, statuses, failures map[string]int
	reasons                      map[string]int
}

func (c *counts) add(to *map[string]int, what string) {
	if *to == nil {
		*to = map[string]int{}
	}
	(*to)[what]++
}

// compile compiles a table. Expressions that the compiler refuses, as constants
// that always fail or loops that are too dear, give way to constants.
func (t *table) compile(c *counts) (*Program, error) {
	for range 8 {
		p, err := Compile(t.bundle())
		var found Diagnostics
		if !errors.As(err, &found) {
			return p, err
		}
		for _, d := range found.Faults() {
			c.add(&c.refused, d.Code)
			if !t.simplify(d.Path) {
				return nil, err
			}
		}
	}
	return nil, errors.New("refused again and again")
}

// simplify puts a constant in the place of the expression at a path; of a path
// that is no expression's, of all conditions.
func (t *table) simplify(path string) (found bool) {
	prefix := func(p string) bool { return strings.HasPrefix(path, p) }
	row := func(r *tableRow, at string) {
		if !prefix(at) {
			return
		}
		found = true
		switch part, _, _ := strings.Cut(path[len(at):], "."); part {
		case "when":
			r.when = leaf(kBool, "true")
		case "priority":
			r.priority = nil
		case "reason":
			r.text = nil
		default: // then
			for i := range t.fields {
				if path == at+"then."+t.fields[i].Name {
					r.then[i] = leaf(r.then[i].kind, allowedConstant(r.then[i].kind))
				}
			}
		}
	}
	for i, v := range t.variables {
		if path == fmt.Sprintf("spec.variables[%d].expression", i) {
			t.variables[i] = leaf(v.kind, simplest[v.kind][0])
			return true
		}
	}
	for i := range t.rules {
		row(&t.rules[i], fmt.Sprintf("spec.rules[%d].", i))
	}
	if t.otherwise != nil {
		row(t.otherwise, "spec.otherwise.")
	}
	if path == "spec.rules" { // dear together
		for i := range t.rules {
			t.rules[i].when = leaf(kBool, []string{"true", "false"}[i%2])
		}
		found = true
	}
	return found
}

// allowedConstant is a constant that every field of a kind allows.
func allowedConstant(k kind) string {
	text := map[kind]string{kBool: "true", kInt: "1", kDouble: "1.0", kString: "'low'", kTimestamp: "timestamp('2026-01-01T00:00:00Z')"}[k.element()]
	if k.isList() {
		return "[" + text + "]"
	}
	return text
}

func (c *counts) program(p *Program) {
	c.programs++
	if p.dispatch != nil {
		c.dispatched++
	}
	r := &p.bundle.Rules
	c.add(&c.policies, strings.TrimSpace(string(r.HitPolicy)+" "+r.Collect))
	for _, x := range p.expressions() {
		if x.constant != nil {
			continue
		}
		c.expressions++
		if f := x.column.Foreign; f != nil {
			c.foreign++
			c.add(&c.reasons, f.What)
		}
	}
}

// population counts a population that a program decides about: an evaluation is
// one table on one row.
func (c *counts) population(p *Program, rows int) {
	c.evaluations += rows
	if !slices.ContainsFunc(p.expressions(), func(x *expression) bool { return x.constant == nil && x.column.Foreign != nil }) {
		c.overColumns += rows
	}
}

// expressions are all of a program's table.
func (p *Program) expressions() (all []*expression) {
	for i := range p.variables {
		all = append(all, &p.variables[i].expression)
	}
	rows := p.rules
	if p.otherwise != nil {
		rows = append(slices.Clip(rows), *p.otherwise)
	}
	for _, r := range rows {
		all = append(append(append(all, r.when, r.priority), r.then...), r.needs...)
	}
	return slices.DeleteFunc(all, func(x *expression) bool { return x == nil })
}

var namesInFailures = regexp.MustCompile(`^rule [a-z]+\d*, |variable v\d+: |attribute a\d+ |r\d+|f\d+`)

func (c *counts) outcome(o *Outcome) {
	c.add(&c.statuses, string(o.Status))
	if o.Status == Failed {
		c.add(&c.failures, namesInFailures.ReplaceAllString(o.Failure, ""))
	}
}

func (c *counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d programs (%d dispatched on keys, %d expressions refused and replaced), %d evaluations of a table on a row; expressions %d, of them row by row %d (%.1f %%); evaluations of tables wholly over columns %.1f %%\n",
		c.programs, c.dispatched, sumOf(c.refused), c.evaluations, c.expressions, c.foreign, percent(c.foreign, c.expressions), percent(c.overColumns, c.evaluations))
	for name, of := range map[string]map[string]int{"refused": c.refused, "hit policies": c.policies, "statuses": c.statuses, "failures": c.failures, "row by row": c.reasons} {
		fmt.Fprintf(&b, "%s:\n", name)
		for _, key := range slices.SortedFunc(maps.Keys(of), func(x, y string) int { return of[y] - of[x] }) {
			fmt.Fprintf(&b, "  %9d %s\n", of[key], key)
		}
	}
	return b.String()
}

func sumOf(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(max(of, 1)) }

// expectVariety holds a run to have met what it is meant to try: a generator
// that stopped making errors would find no difference in them.
func (c *counts) expectVariety(t *testing.T) {
	for _, status := range []Status{Decided, Undetermined, Failed} {
		if percent(c.statuses[string(status)], c.evaluations) < 3 {
			t.Errorf("of %d outcomes only %d are %s", c.evaluations, c.statuses[string(status)], status)
		}
	}
	if c.evaluations < 1_000_000 {
		return // a short run need not meet everything
	}
	for _, policy := range []string{"First", "Unique", "Any", "Priority", "RuleOrder", "Collect List", "Collect", "Collect Sum", "Collect Minimum", "Collect Maximum", "Collect Count"} {
		if c.policies[policy] == 0 {
			t.Errorf("no table of hit policy %s", policy)
		}
	}
	for _, cause := range []string{"division by zero", "modulus by zero", "integer overflow", "index out of bounds", "exceeds its maxItems", "exceeds its maxLength", "mean of an empty list", "value cannot be converted"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c.failures)), func(f string) bool { return strings.HasSuffix(f, cause) }) {
			t.Errorf("no failure: %s", cause)
		}
	}
	if c.dispatched == 0 {
		t.Error("no table is dispatched on keys")
	}
	if c.overColumns == 0 || c.foreign == 0 {
		t.Errorf("%d evaluations over columns, %d expressions row by row", c.overColumns, c.foreign)
	}
}

// Goroutines share programs and outcomes, each with an evaluator of its own and
// rows of its own; the race detector looks on where it is on.
func TestDecideRowsAtOnce(t *testing.T) {
	for i := range uint64(20) {
		g := newGrammar(newPCG(*differentialSeed+1, i), productions)
		tbl := makeTable(g)
		p, err := tbl.compile(&counts{})
		if err != nil {
			t.Fatal(err)
		}
		values := &grammar{chooser: newPCG(i, 1), pool: g.pool}
		population := makePopulation(values, tbl.attributes, 1500)
		together := p.NewOutcomes(population.Len())
		var wait sync.WaitGroup
		for k := range 4 {
			wait.Go(func() {
				if d := differ(p, population, newPCG(i, uint64(k)), &counts{}); d != nil {
					t.Errorf("program %d: %v", i, d)
				}
				e, err := p.Bind(population)
				if err == nil {
					err = e.DecideRows(k*375, (k+1)*375, together)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		e, err := p.Bind(population)
		if err != nil {
			t.Fatal(err)
		}
		for row := range population.Len() {
			want := e.Decide(row)
			if what := unlike(&want, together.Row(row)); what != "" {
				t.Fatalf("program %d, row %d: %s", i, row, what)
			}
		}
	}
}

// FuzzDifferential derives the table from bytes and the population from a seed.
func FuzzDifferential(f *testing.F) {
	for i := range uint64(8) {
		random, seed := rand.New(rand.NewPCG(i, 0)), make([]byte, 64+128*i)
		for j := range seed {
			seed[j] = byte(random.IntN(256))
		}
		f.Add(seed, i)
	}
	f.Fuzz(func(t *testing.T, choices []byte, seed uint64) {
		program := newGrammar(&byBytes{choices}, productions)
		tbl := makeTable(program)
		p, err := tbl.compile(&counts{})
		if err != nil {
			t.Fatal(err)
		}
		rows := newPCG(seed, 0)
		values := &grammar{chooser: rows, pool: program.pool}
		population := makePopulation(values, tbl.attributes, makeRows(values))
		if found := differ(p, population, rows, &counts{}); found != nil {
			t.Fatalf("%v\n\n%s", found, shrunk(tbl, population, found))
		}
	})
}

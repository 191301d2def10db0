// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// Outcomes are what the rules say about the students of a population, in
// columns: see decision.Batch, whose members of the same names these become.
//
// Several goroutines may enter outcomes at once, each by DecideRows of an
// Evaluator of its own and for rows of its own; each row once. When all have
// ended, Finish makes the numbers of outcomes final. They do not depend on who
// decided which rows.
type Outcomes struct {
	Outcome  []uint32
	Outcomes []decision.Outcome
	Status   []Status // by number of the outcome
	// Otherwise tells the outcomes where no rule hit.
	Otherwise []bool
	// Priority is NaN where the rule computes none; nil if no rule does.
	Priority []float64
	Computed []*decision.Values

	p *Program
	// others are the outcomes that are not fixed, as they come: their numbers
	// follow those of the fixed ones. Finish makes them final.
	mu       sync.Mutex
	others   []*shared
	byKey    map[string]uint32
	finished bool
}

// shared is an outcome that several students may have, but for the values of
// computed fields.
type shared struct {
	decision.Outcome
	status    Status
	otherwise bool
}

// fix makes the outcomes of the rows that hit alone, in table order, where the
// hit policy makes the result of one row. Numbers are those of the rows.
func (p *Program) fix() {
	p.byRule = make(map[string]int, len(p.rules))
	for i := range p.rules {
		p.byRule[p.rules[i].id] = i
		alone := p.alone(&p.rules[i])
		p.computes |= alone.Computed
		if !p.bundle.Rules.HitPolicy.Collects() {
			p.fixed = append(p.fixed, alone)
		}
	}
	if p.otherwise != nil {
		p.fixed = append(p.fixed, p.alone(p.otherwise))
		p.computes |= p.fixed[len(p.fixed)-1].Computed
	}
}

// alone is the outcome of a row that hits alone.
func (p *Program) alone(r *row) shared {
	o := shared{status: Decided, otherwise: r == p.otherwise}
	o.Rules, o.Code, o.Result = []string{r.id}, r.code, make([]any, len(p.bundle.Process.Result))
	for i, x := range r.then {
		if x.native != nil {
			o.Result[i] = x.native
		} else {
			o.Computed |= 1 << i
		}
	}
	return o
}

// prioritises reports whether some row computes a priority.
func (p *Program) prioritises() bool {
	for i := range p.rules {
		if p.rules[i].priority != nil {
			return true
		}
	}
	return p.otherwise != nil && p.otherwise.priority != nil
}

// NewOutcomes makes room for the outcomes of n students.
func (p *Program) NewOutcomes(n int) *Outcomes {
	fields := p.bundle.Process.Result
	o := &Outcomes{p: p, Outcome: make([]uint32, n), byKey: map[string]uint32{}, Computed: make([]*decision.Values, len(fields))}
	if p.prioritises() {
		o.Priority = make([]float64, n)
	}
	for i := range fields {
		if p.computes&(1<<i) != 0 {
			o.Computed[i] = valuesOf(fields[i].Type, n)
		}
	}
	return o
}

func valuesOf(t bundle.Type, n int) *decision.Values {
	switch t {
	case bundle.Boolean:
		return &decision.Values{Bools: make([]bool, n)}
	case bundle.Integer:
		return &decision.Values{Ints: make([]int64, n)}
	case bundle.Date:
		return &decision.Values{Ints: make([]int64, n), Dates: true}
	case bundle.Number:
		return &decision.Values{Floats: make([]float64, n)}
	case bundle.String:
		return &decision.Values{Texts: make([]string, n)}
	}
	return &decision.Values{Lists: make([]any, n)}
}

// setValue enters a result's value into its column.
func setValue(c *decision.Values, row int, value any) {
	switch v := value.(type) {
	case bool:
		c.Bools[row] = v
	case int64:
		c.Ints[row] = v
	case float64:
		c.Floats[row] = v
	case string:
		c.Texts[row] = v
	case time.Time:
		c.Ints[row] = v.Unix() / 86400
	default:
		c.Lists[row] = v
	}
}

// number is the number of an outcome that is not fixed, by what makes it what it
// is.
func (o *Outcomes) number(key string, of func() *shared) uint32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, known := o.byKey[key]
	if !known {
		n = uint32(len(o.p.fixed) + len(o.others))
		o.others = append(o.others, of())
		o.byKey[key] = n
	}
	return n
}

// of is an outcome by its number.
func (o *Outcomes) of(number uint32) *shared {
	if o.finished {
		return &shared{o.Outcomes[number], o.Status[number], o.Otherwise[number]}
	}
	if int(number) < len(o.p.fixed) {
		return &o.p.fixed[number]
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.others[int(number)-len(o.p.fixed)]
}

// Row is a row's outcome, as Decide gives it. The row must have been decided.
func (o *Outcomes) Row(row int) Outcome {
	of := o.of(o.Outcome[row])
	one := Outcome{
		Status: of.status, Rules: of.Rules, Otherwise: of.otherwise, Reason: decision.Reason{Code: of.Code},
		Missing: of.Missing, Failure: of.Failure,
	}
	if of.Result != nil {
		one.Result = make([]decision.Value, len(of.Result))
		for f := range of.Result {
			one.Result[f] = decision.Value{Field: o.p.bundle.Process.Result[f].Name, V: of.Result[f]}
			if of.Computed&(1<<f) != 0 {
				one.Result[f].V = o.Computed[f].At(row)
			}
		}
	}
	if o.Priority != nil && !math.IsNaN(o.Priority[row]) {
		one.Priority = &o.Priority[row]
	}
	return one
}

// Replace enters that a row is Undetermined or Failed, whatever the rules said.
func (o *Outcomes) Replace(row int, by Outcome) {
	o.Outcome[row] = o.number(keyOf(&by), func() *shared { return undecided(&by) })
	if o.Priority != nil {
		o.Priority[row] = math.NaN()
	}
}

// undecided is an outcome without a result.
func undecided(o *Outcome) *shared {
	return &shared{Outcome: decision.Outcome{Missing: o.Missing, Failure: o.Failure}, status: o.Status}
}

// keyOf spells an outcome without a result.
func keyOf(o *Outcome) string { return fmt.Sprintf("%s %q %q", o.Status, o.Missing, o.Failure) }

// Finish numbers the outcomes: those of rules that hit alone in table order,
// then the others by the first student who has them. Outcomes that nobody has
// are left out. It is called once, when all rows have been decided.
func (o *Outcomes) Finish() {
	first := slices.Repeat([]uint32{math.MaxUint32}, len(o.p.fixed)+len(o.others))
	for row, n := range o.Outcome {
		first[n] = min(first[n], uint32(row))
	}
	var order []uint32
	for n, row := range first {
		if row != math.MaxUint32 {
			order = append(order, uint32(n))
		}
	}
	others := order[sort.Search(len(order), func(i int) bool { return int(order[i]) >= len(o.p.fixed) }):]
	slices.SortFunc(others, func(a, b uint32) int { return cmp.Compare(first[a], first[b]) })
	final, same := first, true // from here on the new numbers
	var computed uint64
	for n, old := range order {
		of := o.of(old)
		o.Outcomes, o.Status, o.Otherwise = append(o.Outcomes, of.Outcome), append(o.Status, of.status), append(o.Otherwise, of.otherwise)
		computed |= of.Computed
		final[old] = uint32(n)
		same = same && int(old) == n
	}
	if !same {
		for row, n := range o.Outcome {
			o.Outcome[row] = final[n]
		}
	}
	for f := range o.Computed {
		if computed&(1<<f) == 0 {
			o.Computed[f] = nil
		}
	}
	o.others, o.byKey, o.finished = nil, nil, true
}

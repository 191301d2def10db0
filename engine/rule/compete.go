// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/common/ast"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/student"
)

// Needs are what the decisions about a population need of a capacity, and what
// orders them, in columns. Several goroutines may enter needs at once, each by
// Compete for rows of its own.
type Needs struct {
	// Units is how many units of the resource each student needs: 0 for none, and
	// for students about whom the rules, or the policy, could not decide.
	Units []int64
	keys  []float64 // by row, each key after another
	order int       // the number of keys
}

// NewNeeds makes room for what n students need.
func (p *Program) NewNeeds(n int) *Needs {
	return &Needs{Units: make([]int64, n), keys: make([]float64, n*len(p.order)), order: len(p.order)}
}

// Keys are the values of the published order's expressions for a row that needs
// units: see Evaluator.OrderKeys. They are a part of what all rows share.
func (n *Needs) Keys(row int) []float64 {
	return n.keys[row*n.order : (row+1)*n.order : (row+1)*n.order]
}

// Unmet is the outcome where the rules could decide and an expression of the
// priority policy has no value: what the student needs is not known.
func Unmet(err error) Outcome {
	var unmet *ExpressionError
	if errors.As(err, &unmet) && len(unmet.Missing) > 0 {
		return Outcome{Status: Undetermined, Missing: unmet.Missing}
	}
	return Outcome{Status: Failed, Failure: "priority policy, " + err.Error()}
}

// policy is the priority policy's expressions over columns. Their inputs are
// those of the rules and, behind them, what a decision shows of itself: its rule,
// its priority, and the fields of its result.
type policy struct {
	columns *column.Program
	rules   []string   // what decision.rule may be
	texts   [][]string // by field: what a String may be; nil if rules compute it
	reads   uint64     // the fields that some expression reads
}

// compilePolicy compiles the priority policy for evaluation over columns.
func (p *Program) compilePolicy() error {
	if p.bundle.Priority == nil || p.consumes == nil && len(p.order) == 0 {
		return nil
	}
	p.policy.rules = append(p.RuleIDs(), bundle.OtherwiseID)
	inputs := append(p.inputs(),
		column.Input{Name: "decision.rule", Type: column.Type{Kind: column.String}, Batch: true},
		column.Input{Name: "decision.priority", Type: column.Type{Kind: column.Double}, Finite: true, Batch: true})
	for f := range p.bundle.Process.Result {
		field := &p.bundle.Process.Result[f]
		inputs = append(inputs, column.Input{Name: "decision.result." + field.Name, Type: columnType(field.Type), Finite: true, Batch: true})
		p.policy.texts = append(p.policy.texts, p.constantTexts(f))
	}
	c, err := newColumnCompiler(inputs, p.resolveInPolicy)
	if err != nil {
		return err
	}
	if p.consumes != nil {
		p.consumes.column = c.Add(p.consumes.checked)
	}
	for i := range p.order {
		p.order[i].column = c.Add(p.order[i].checked)
	}
	p.policy.columns = c.Compile()
	return nil
}

// constantTexts are what the rules give for a String field; nil if some rule
// computes it.
func (p *Program) constantTexts(f int) []string {
	if p.bundle.Process.Result[f].Type != bundle.String || p.computes&(1<<f) != 0 {
		return nil
	}
	texts := []string{""}
	for i := range p.fixed {
		if s, ok := p.fixed[i].Result[f].(string); ok {
			texts = append(texts, s)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// resolveInPolicy is what a name in the priority policy stands for.
func (p *Program) resolveInPolicy(e ast.Expr) (column.Ref, bool) {
	if e.Kind() != ast.SelectKind {
		return p.resolve(e)
	}
	s := e.AsSelect()
	first := len(p.attributes) + 1
	switch of := s.Operand(); {
	case of.Kind() == ast.IdentKind && of.AsIdent() == nameDecision:
		switch s.FieldName() {
		case "rule":
			return column.Ref{Input: first}, true
		case "priority":
			return column.Ref{Input: first + 1}, true
		}
		return column.Ref{}, false
	case of.Kind() == ast.SelectKind && of.AsSelect().FieldName() == "result" && of.AsSelect().Operand().Kind() == ast.IdentKind && of.AsSelect().Operand().AsIdent() == nameDecision:
		f := slices.IndexFunc(p.bundle.Process.Result, func(f bundle.Field) bool { return f.Name == s.FieldName() })
		if f < 0 || p.bundle.Process.Result[f].Type.IsList() || p.bundle.Process.Result[f].Type == bundle.String && p.policy.texts[f] == nil {
			return column.Ref{}, false
		}
		p.policy.reads |= 1 << f
		return column.Ref{Input: first + 2 + f}, true
	}
	return p.resolve(e)
}

// competition computes what decisions need, batch by batch.
type competition struct {
	*Evaluator
	m     *column.Machine
	out   *Outcomes
	needs *Needs
	from  int

	// The decisions of a batch, by row, as the expressions read them.
	rule     []uint32
	priority column.Column
	results  []*column.Column
	views    []view // by number of the outcome

	sel, selected [column.Rows]uint16
}

// view is what all decisions of an outcome show.
type view struct {
	known, decided, otherwise bool
	of                        *shared
	rule                      uint32
}

// Compete enters what the decisions about the students in rows [from, to) need,
// which DecideRows must have decided before. Where an expression of the priority
// policy has no value, the student's outcome becomes Unmet. It gives what Units
// and OrderKeys give, the latter where units are needed.
func (e *Evaluator) Compete(from, to int, out *Outcomes, needs *Needs) error {
	if from < 0 || to < from || to > e.rows || e.rows != len(out.Outcome) || e.rows != len(needs.Units) {
		return fmt.Errorf("rule: rows %d to %d of a population of %d", from, to, e.rows)
	}
	if e.competition == nil {
		c := &competition{Evaluator: e}
		if err := c.bind(); err != nil {
			return err
		}
		e.competition = c
	}
	c := e.competition
	if c.out != out {
		c.out, c.views = out, nil
	}
	c.needs = needs
	for ; from < to; from += column.Rows {
		c.batch(from, min(column.Rows, to-from))
	}
	return nil
}

// bind makes the columns of a batch's decisions.
func (c *competition) bind() error {
	if c.p.policy.columns == nil {
		return nil
	}
	c.rule = make([]uint32, column.Rows)
	c.priority = column.Column{Floats: make([]float64, column.Rows), Presence: make([]student.Presence, column.Rows)}
	columns := append(c.columns(), &column.Column{Whole: true, Codes: c.rule, Dict: c.p.policy.rules}, &c.priority)
	for f := range c.p.bundle.Process.Result {
		var of *column.Column
		if c.p.policy.reads&(1<<f) != 0 {
			of = c.resultColumn(f)
		}
		c.results = append(c.results, of)
		columns = append(columns, of)
	}
	c.m = c.p.policy.columns.NewMachine()
	return c.m.Bind(columns, c.rows)
}

func (c *competition) resultColumn(f int) *column.Column {
	of := &column.Column{Whole: true}
	switch c.p.bundle.Process.Result[f].Type {
	case bundle.Boolean:
		of.Bools = make([]bool, column.Rows)
	case bundle.Integer:
		of.Ints = make([]int64, column.Rows)
	case bundle.Date:
		of.Ints, of.Days = make([]int64, column.Rows), true
	case bundle.Number:
		of.Floats = make([]float64, column.Rows)
	default:
		of.Codes, of.Dict = make([]uint32, column.Rows), c.p.policy.texts[f]
	}
	return of
}

func (c *competition) batch(from, n int) {
	c.from = from
	decided := c.sel[:0]
	for row := range n {
		c.needs.Units[from+row] = 0
		if c.view(c.out.Outcome[from+row]).decided {
			decided = append(decided, uint16(row))
		}
	}
	if c.m != nil {
		c.show(decided)
		c.m.Start(from, n)
	}
	c.order(c.units(decided))
}

// view is what an outcome shows.
func (c *competition) view(number uint32) *view {
	for int(number) >= len(c.views) {
		c.views = append(c.views, view{})
	}
	v := &c.views[number]
	if !v.known {
		of := c.out.of(number)
		*v = view{known: true, decided: of.status == Decided, otherwise: of.otherwise, of: of}
		if i, ok := c.p.byRule[first(of.Rules)]; ok {
			v.rule = uint32(i)
		} else {
			v.rule = uint32(len(c.p.rules))
		}
	}
	return v
}

// first is the first of some rules' ids.
func first(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// show fills the columns of the batch's decisions.
func (c *competition) show(rows []uint16) {
	for _, row := range rows {
		c.rule[row] = c.views[c.out.Outcome[c.from+int(row)]].rule
	}
	for _, row := range rows {
		c.priority.Presence[row] = student.Absent
		if c.out.Priority == nil {
			continue
		}
		if p := c.out.Priority[c.from+int(row)]; !math.IsNaN(p) {
			c.priority.Presence[row], c.priority.Floats[row] = student.Present, p
		}
	}
	for f, to := range c.results {
		if to != nil {
			c.showResult(f, to, rows)
		}
	}
}

func (c *competition) showResult(f int, to *column.Column, rows []uint16) {
	for _, row := range rows {
		at := c.from + int(row)
		of := c.views[c.out.Outcome[at]].of
		value := of.Result[f]
		if of.Computed&(1<<f) != 0 {
			value = c.out.Computed[f].At(at)
		}
		switch v := value.(type) {
		case bool:
			to.Bools[row] = v
		case int64:
			to.Ints[row] = v
		case float64:
			to.Floats[row] = v
		case time.Time:
			to.Ints[row] = v.Unix() / 86400
		case string:
			i, _ := slices.BinarySearch(to.Dict, v)
			to.Codes[row] = uint32(i)
		}
	}
}

// units enters the units that decisions need, and gives the rows that need some.
func (c *competition) units(rows []uint16) []uint16 {
	x := c.p.consumes
	switch {
	case x == nil:
		for _, row := range rows {
			at := c.from + int(row)
			if !c.views[c.out.Outcome[at]].otherwise {
				c.needs.Units[at] = 1
			}
		}
	case x.column.Foreign != nil:
		rows = c.where(rows, c.referUnits)
	default:
		v, faults := c.m.Ints(x.column, rows)
		rows = c.where(rows, func(row uint16) bool {
			if len(faults) > 0 && faults[0].Row == row {
				faults = faults[1:]
				return c.referUnits(row)
			}
			if v[row] < 0 {
				return c.referUnits(row)
			}
			c.needs.Units[c.from+int(row)] = v[row]
			return true
		})
	}
	needing := c.selected[:0]
	for _, row := range rows {
		if c.needs.Units[c.from+int(row)] > 0 {
			needing = append(needing, row)
		}
	}
	return needing
}

// where keeps the rows that a function is true of, in place.
func (c *competition) where(rows []uint16, is func(row uint16) bool) []uint16 {
	n := 0
	for _, row := range rows {
		if is(row) {
			rows[n] = row
			n++
		}
	}
	return rows[:n]
}

// referUnits asks the reference what a decision needs, and reports whether it
// knows.
func (c *competition) referUnits(row uint16) bool {
	at := c.from + int(row)
	units, err := c.Units(at, c.out.Row(at))
	if err != nil {
		c.unmet(at, err)
		return false
	}
	c.needs.Units[at] = units
	return true
}

// referKeys asks the reference for the keys of a row, and reports whether it
// knows them.
func (c *competition) referKeys(row uint16) bool {
	at := c.from + int(row)
	keys, err := c.OrderKeys(at, c.out.Row(at))
	if err != nil {
		c.unmet(at, err)
		return false
	}
	copy(c.needs.Keys(at), keys)
	return true
}

func (c *competition) unmet(row int, err error) {
	c.needs.Units[row] = 0
	c.out.Replace(row, Unmet(err))
}

// order enters the keys of rows. What the reference says of a row, it says of
// all its keys.
func (c *competition) order(rows []uint16) {
	for i := range c.p.order {
		x := c.p.order[i].column
		if x.Foreign != nil {
			c.where(rows, c.referKeys)
			return
		}
	}
	for i := range c.p.order {
		rows = c.key(i, c.p.order[i].column, rows)
	}
}

// key enters one key, and gives the rows for which the others are still sought.
func (c *competition) key(i int, x *column.Expression, rows []uint16) []uint16 {
	var value func(row uint16) (float64, bool)
	var faults []column.RowFault
	switch x.Type().Kind {
	case column.Double:
		var v []float64
		v, faults = c.m.Doubles(x, rows)
		value = func(row uint16) (float64, bool) { return v[row], !infinite(v[row]) }
	case column.Int:
		var v []int64
		v, faults = c.m.Ints(x, rows)
		value = func(row uint16) (float64, bool) { return float64(v[row]), v[row] <= 1<<53 && v[row] >= -1<<53 }
	case column.Bool:
		var v []bool
		v, faults = c.m.Bools(x, rows)
		value = func(row uint16) (float64, bool) {
			if v[row] {
				return 1, true
			}
			return 0, true
		}
	default:
		var v []column.Instant
		v, faults = c.m.Times(x, rows)
		value = func(row uint16) (float64, bool) { return days(v[row].Time()), true }
	}
	return c.where(rows, func(row uint16) bool {
		fails := len(faults) > 0 && faults[0].Row == row
		if fails {
			faults = faults[1:]
		} else if v, ok := value(row); ok {
			c.needs.Keys(c.from + int(row))[i] = v
			return true
		}
		c.referKeys(row)
		return false
	})
}

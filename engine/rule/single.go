// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"math"
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// Single is what the rules say about one student, in a form that is used again
// for the next one: see Evaluator.DecideRow.
type Single struct {
	Status Status
	// Rule is the place in the table of the rule that decided, from 0, and the
	// number of rules where it was otherwise: its number in Outcomes. It is -1
	// where no rule decided, or several did.
	Rule int
	// Priority is NaN where the rule computes none.
	Priority float64

	row      *row     // the rule that decided; nil if whole has the outcome
	computed []scalar // by result field; those that the rule computes
	whole    Outcome
}

// scalar is a computed value: the member of its field's type counts.
type scalar struct {
	truth  bool
	whole  int64 // days since 1970-01-01, of a date
	number float64
	text   string
}

// DecideRow applies the table to one student and enters what it says. It gives
// what Decide gives. Under the hit policies First and Unique it does so much
// sooner, and allocates nothing where the student is decided; under the others it
// asks Decide. It panics if there is no such row, as indexing a slice does.
//
// The first call prepares the rules for the population, which takes about as
// long as deciding about twenty students by Decide.
func (e *Evaluator) DecideRow(row int, out *Single) {
	if e.single == nil {
		e.single = e.newSingle(false)
	}
	e.single.decide(row, out)
}

// single decides row by row.
type single struct {
	*Evaluator
	s         *column.Single // nil if the hit policy is decided by the reference
	at        *column.Column // the instant of evaluation
	rules     []singleRow
	router    *column.SingleRouter // nil if every rule is looked at
	unrouted  []int                // the rules that are looked at all the same
	otherwise *singleRow
	stops     map[stop]Outcome
	unique    bool       // the hit policy is Unique, else First
	hit       *singleRow // of Unique: the rule that hit
}

// stop is an obstacle's place, and what it is.
type stop struct {
	failure column.Failure
	rule    string
	field   string
}

// singleRow is a row of the table, made ready.
type singleRow struct {
	row       *row
	number    int
	foreign   bool             // the condition is evaluated by the reference
	when      column.Condition // the zero one holds
	rest      column.Condition // what of it is left to look at where it was routed
	reference bool             // some result is
	fields    []singleField
	priority  singlePriority
	needs     []column.Condition
}

type singleField struct {
	i      int
	field  *bundle.Field
	truth  column.Condition
	whole  column.Value[int64]
	number column.Value[float64]
	text   column.Value[string]
	time   column.Value[column.Instant]
}

type singlePriority struct {
	fixed  float64 // NaN if there is none
	whole  *column.Value[int64]
	number *column.Value[float64]
}

func (e *Evaluator) newSingle(mutable bool) *single {
	d := &single{Evaluator: e, stops: map[stop]Outcome{}}
	switch e.p.bundle.Rules.HitPolicy {
	case bundle.First:
	case bundle.Unique:
		d.unique = true
	default:
		return d
	}
	columns := e.columns()
	s, err := e.p.columns.NewSingle(columns, e.rows, mutable)
	if err != nil {
		return d // Bind held the columns to the same: the reference decides
	}
	d.s, d.at = s, columns[len(columns)-1]
	if e.p.dispatch != nil {
		d.router = s.Router(e.p.dispatch)
	}
	for i := range e.p.rules {
		d.rules = append(d.rules, d.ready(&e.p.rules[i], i))
		if d.router != nil && !e.p.dispatch.Routed(i) {
			d.unrouted = append(d.unrouted, i)
		}
	}
	if e.p.otherwise != nil {
		otherwise := d.ready(e.p.otherwise, len(e.p.rules))
		d.otherwise = &otherwise
	}
	return d
}

// ready prepares a row of the table.
func (d *single) ready(r *row, number int) singleRow {
	out := singleRow{row: r, number: number}
	if r.when != nil {
		d.readyCondition(&out)
	}
	for i, x := range r.then {
		if x == nil || x.native != nil {
			continue
		}
		f := singleField{i: i, field: &d.p.bundle.Process.Result[i]}
		if x.column.Foreign != nil || !d.readyField(&f, x.column) {
			out.reference = true
			return out
		}
		out.fields = append(out.fields, f)
	}
	out.priority.fixed = math.NaN()
	if x := r.priority; x != nil && !d.readyPriority(&out.priority, x) {
		out.reference = true
	}
	for _, x := range r.needs {
		if x.column.Foreign != nil {
			out.reference = true
			return out
		}
		out.needs = append(out.needs, d.s.Faults(x.column))
	}
	return out
}

func (d *single) readyCondition(r *singleRow) {
	x := r.row.when
	if is, _ := x.truth(); is {
		return
	}
	if r.foreign = x.column.Foreign != nil; r.foreign {
		return
	}
	r.when = d.s.Condition(x.column)
	if d.router != nil && d.p.dispatch.Routed(r.number) {
		if rest := d.p.dispatch.Rest(r.number); rest != nil {
			r.rest = d.s.Condition(rest)
		}
	}
}

func (d *single) readyField(f *singleField, x *column.Expression) bool {
	switch f.field.Type {
	case bundle.Boolean:
		f.truth = d.s.Condition(x)
	case bundle.Integer:
		f.whole = d.s.Ints(x)
	case bundle.Number:
		f.number = d.s.Doubles(x)
	case bundle.String:
		f.text = d.s.Texts(x)
	case bundle.Date:
		f.time = d.s.Times(x)
	default:
		return false
	}
	return true
}

func (d *single) readyPriority(p *singlePriority, x *expression) bool {
	switch {
	case x.constant != nil:
		v, err := numberOf(x.constant)
		p.fixed = v
		return err == nil
	case x.column.Foreign != nil:
		return false
	case x.column.Type().Kind == column.Double:
		v := d.s.Doubles(x.column)
		p.number = &v
	default:
		v := d.s.Ints(x.column)
		p.whole = &v
	}
	return true
}

func (d *single) decide(row int, out *Single) {
	if d.s == nil {
		d.refer(row, out)
		return
	}
	if len(out.computed) < len(d.p.bundle.Process.Result) {
		out.computed = make([]scalar, len(d.p.bundle.Process.Result))
	}
	d.s.Begin(row)
	d.hit = nil
	if d.router != nil {
		d.route(row, out)
		return
	}
	for i := range d.rules {
		if r := &d.rules[i]; d.try(row, r, &r.when, out) {
			return
		}
	}
	d.end(row, out)
}

// route tries the rules that are possible for a row, and those that are not
// routed, in table order.
func (d *single) route(row int, out *Single) {
	doubtful := d.router.Route(d.s)
	routed, others := d.router.Next(), d.unrouted
	for {
		if len(others) > 0 && others[0] < routed {
			r := &d.rules[others[0]]
			if others = others[1:]; d.try(row, r, &r.when, out) {
				return
			}
			continue
		}
		if routed == len(d.rules) {
			break
		}
		r := &d.rules[routed]
		when := &r.rest
		if doubtful {
			when = &r.when
		}
		if d.try(row, r, when, out) {
			return
		}
		routed = d.router.Next()
	}
	d.end(row, out)
}

// try decides by a rule, if its condition has no value, or if it holds and no
// other rule is to be looked at.
func (d *single) try(row int, r *singleRow, when *column.Condition, out *Single) (done bool) {
	if r.foreign {
		is, ok := d.holdsByReference(row, r)
		if !ok {
			d.refer(row, out)
			return true
		}
		return is && d.take(row, r, out)
	}
	is, f := d.s.Holds(when)
	if f != 0 {
		d.stop(row, f, r, "when", out)
		return true
	}
	return is && d.take(row, r, out)
}

// take notes that a rule hits.
func (d *single) take(row int, r *singleRow, out *Single) (done bool) {
	switch {
	case !d.unique:
		d.complete(row, r, out)
	case d.hit == nil:
		d.hit = r
		return false
	default: // a second one: a failure
		d.refer(row, out)
	}
	return true
}

// end decides where no rule is left to look at.
func (d *single) end(row int, out *Single) {
	switch {
	case d.hit != nil:
		d.complete(row, d.hit, out)
	case d.otherwise != nil:
		d.complete(row, d.otherwise, out)
	default:
		d.refer(row, out)
	}
}

// holdsByReference evaluates a condition by the reference; not ok if it has no
// value.
func (d *single) holdsByReference(row int, r *singleRow) (is, ok bool) {
	d.begin(row)
	v, stop := d.value(r.row.when)
	return v == types.True, stop == nil
}

// complete enters what a rule gives.
func (d *single) complete(row int, r *singleRow, out *Single) {
	if r.reference {
		d.refer(row, out)
		return
	}
	for i := range r.fields {
		f := &r.fields[i]
		if failure, ok := d.field(f, &out.computed[f.i]); failure != 0 {
			d.stop(row, failure, r, "then."+f.field.Name, out)
			return
		} else if !ok {
			d.refer(row, out)
			return
		}
	}
	priority := r.priority.fixed
	if r.priority.number != nil || r.priority.whole != nil {
		var failure column.Failure
		if priority, failure = r.priority.of(d.s); failure != 0 {
			d.stop(row, failure, r, "priority", out)
			return
		}
		if priority-priority != 0 { // infinite, or not a number
			d.refer(row, out)
			return
		}
	}
	for i := range r.needs {
		if _, failure := d.s.Holds(&r.needs[i]); failure != 0 {
			d.stop(row, failure, r, "reason.text", out)
			return
		}
	}
	out.Status, out.Rule, out.Priority, out.row = Decided, r.number, priority, r.row
}

// of is the priority: NaN if it is an integer that a double cannot hold.
func (p *singlePriority) of(s *column.Single) (float64, column.Failure) {
	if p.number != nil {
		return p.number.Of(s)
	}
	v, failure := p.whole.Of(s)
	if v > 1<<53 || v < -1<<53 {
		return math.NaN(), failure
	}
	return float64(v), failure
}

// field computes a result field; not ok if the field cannot hold the value.
func (d *single) field(f *singleField, to *scalar) (failure column.Failure, ok bool) {
	switch f.field.Type {
	case bundle.Boolean:
		to.truth, failure = d.s.Holds(&f.truth)
		return failure, true
	case bundle.Integer:
		to.whole, failure = f.whole.Of(d.s)
		return failure, failure != 0 || withinInteger(f.field, to.whole) == nil
	case bundle.Number:
		to.number, failure = f.number.Of(d.s)
		v, low, high := to.number, f.field.Minimum, f.field.Maximum
		return failure, v-v == 0 && (low == nil || v >= *low) && (high == nil || v <= *high)
	case bundle.String:
		to.text, failure = f.text.Of(d.s)
		return failure, len(to.text) <= MaxStringSize && (len(f.field.Values) == 0 || slices.Contains(f.field.Values, to.text))
	default: // Date
		var at column.Instant
		at, failure = f.time.Of(d.s)
		to.whole = at.Seconds / secondsOfDay
		return failure, at.Nanos == 0 && at.Seconds%secondsOfDay == 0
	}
}

const secondsOfDay = 24 * 60 * 60

// stop enters that an expression has no value.
func (d *single) stop(row int, failure column.Failure, r *singleRow, field string, out *Single) {
	at := stop{failure, r.row.id, field}
	o, known := d.stops[at]
	if !known {
		because, ok := d.obstacleOf(d.s.Fault(failure))
		if !ok {
			d.refer(row, out)
			return
		}
		o = stopped(&because, r.row.id, field)
		d.stops[at] = o
	}
	out.enter(o)
}

// refer decides by the reference.
func (d *single) refer(at int, out *Single) {
	o := d.Evaluator.decide(at, nil)
	out.enter(o)
	if o.Priority != nil {
		out.Priority = *o.Priority
	}
	switch {
	case o.Status != Decided || len(o.Rules) != 1:
	case o.Otherwise:
		out.Rule = len(d.p.rules)
	default:
		out.Rule = slices.IndexFunc(d.p.rules, func(r row) bool { return r.id == o.Rules[0] })
	}
}

func (out *Single) enter(o Outcome) {
	out.Status, out.Rule, out.Priority, out.row, out.whole = o.Status, -1, math.NaN(), nil, o
}

// Outcome is the outcome as Decide gives it. It stays as it is when the Single
// is used again.
func (e *Evaluator) Outcome(one *Single) Outcome {
	if one.row == nil {
		return one.whole
	}
	o := Outcome{
		Status: Decided, Rules: []string{one.row.id}, Otherwise: one.row == e.p.otherwise,
		Reason: decision.Reason{Code: one.row.code}, Result: make([]decision.Value, len(e.p.bundle.Process.Result)),
	}
	for i := range o.Result {
		o.Result[i] = decision.Value{Field: e.p.bundle.Process.Result[i].Name, V: one.value(e.p, i)}
	}
	if !math.IsNaN(one.Priority) {
		priority := one.Priority
		o.Priority = &priority
	}
	return o
}

// value is a result field's value.
func (out *Single) value(p *Program, i int) any {
	if x := out.row.then[i]; x.native != nil {
		return x.native
	}
	v := &out.computed[i]
	switch p.bundle.Process.Result[i].Type {
	case bundle.Boolean:
		return v.truth
	case bundle.Integer:
		return v.whole
	case bundle.Number:
		return v.number
	case bundle.String:
		return v.text
	default:
		return student.Day(v.whole)
	}
}

// columns are the population's columns by the number of their input.
func (e *Evaluator) columns() []*column.Column {
	columns := make([]*column.Column, len(e.student.columns)+1)
	for i, c := range e.student.columns {
		if c != nil {
			columns[i] = columnOf(c)
		}
	}
	columns[len(columns)-1] = &column.Column{Whole: true, Times: []column.Instant{column.InstantOf(e.at.Time)}}
	return columns
}

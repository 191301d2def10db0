// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

// Explanation is how one decision came about: a replay of one student against
// the revision and what was known then. It holds student data.
//
// Its JSON form is stable: members may be added, and none changes its meaning.
type Explanation struct {
	Record export.Record `json:"record"`
	// Replay says whether deciding again gave what the record says.
	Replay Replay `json:"replay"`
	// Reason is the text of the reason by language, with the student's values.
	Reason map[string]string `json:"reason,omitempty"`
	// Rules are the rules of the table, in order.
	Rules []RuleStep `json:"rules"`
	// Variables are the table's named expressions that were asked for.
	Variables []Variable `json:"variables,omitempty"`
	// Values are what was read of the student, by attribute.
	Values []Value `json:"values,omitempty"`
	// Place is why the student has the place or the rank; nil where the process
	// has no capacity, or the decision did not need part of it.
	Place *Place `json:"place,omitempty"`
}

// Replay compares a record with deciding again.
type Replay struct {
	// Same: everything compared is the same.
	Same bool `json:"same"`
	// Differs names the members of the record that are not.
	Differs []string `json:"differs,omitempty"`
}

// RuleStep is what became of one rule.
type RuleStep struct {
	ID        string         `json:"id"`
	State     rule.RuleState `json:"state"`
	Decided   bool           `json:"decided"` // the decision is this rule's
	When      string         `json:"when,omitempty"`
	Authority string         `json:"authority,omitempty"`
	Reads     []string       `json:"reads,omitempty"`
	Missing   []string       `json:"missing,omitempty"`
	Failure   string         `json:"failure,omitempty"`
	// Incomplete is the field that could not be told of a rule that applies, such
	// as reason.text: Missing and Failure are of it, else of the condition.
	Incomplete string `json:"incomplete,omitempty"`
}

// Variable is one named expression and its value for the student.
type Variable struct {
	Name       string   `json:"name"`
	Expression string   `json:"expression"`
	Value      any      `json:"value"` // null where it has none
	Missing    []string `json:"missing,omitempty"`
	Failure    string   `json:"failure,omitempty"`
}

// Value is what was known of one attribute, and where it came from.
type Value struct {
	Attribute string         `json:"attribute"`
	Type      bundle.Type    `json:"type"`
	Presence  string         `json:"presence"` // Present, Absent, Faulty
	Value     any            `json:"value"`    // null unless Present
	Missing   bundle.Missing `json:"missing,omitempty"`
	From      bundle.From    `json:"from"`
	// Rows are the row numbers of the file that the value came from; 1 is the
	// header.
	Rows []uint32 `json:"rows,omitempty"`
	// Newest is the date of the newest fact in the value, 2006-01-02.
	Newest string `json:"newest,omitempty"`
}

// Place is a decision's standing in the competition for a capacity, as recorded,
// with the keys and the ticket computed again. Others count only as numbers.
type Place struct {
	Resource string `json:"resource"`
	Per      string `json:"per"`
	Group    string `json:"group"`
	Capacity int64  `json:"capacity"` // what the group has altogether
	Units    int64  `json:"units"`    // what the student needs of it
	Code     string `json:"code"`     // Placed, NoPlaceFree, …
	Meaning  string `json:"meaning"`
	Rank     int    `json:"rank,omitempty"`
	Ahead    int    `json:"ahead"` // how many come before
	Waiting  int    `json:"waiting,omitempty"`
	Keys     []Key  `json:"keys,omitempty"`
	// Ticket is the student's lottery ticket in hexadecimal; empty where the
	// seed is not known.
	Ticket string `json:"ticket,omitempty"`
}

// Key is one key of the published order with the student's value.
type Key struct {
	Expression string         `json:"expression,omitempty"` // empty for the lottery
	Direction  string         `json:"direction"`            // Ascending, Descending, Lottery
	Value      *export.Number `json:"value,omitempty"`
}

// Explain replays one student and tells how the recorded decision came about.
// The population must be what the run read, the row the record's student, and
// the seed the run's (nil where it is not known: then the ticket is left out).
// It fails if the record is not about this revision, district, student and
// instant. A record that replaying does not give is no error: see Replay.
//
// Rank, waiting position and placement are the record's, as they depend on all
// students; DecideAll on the same population gives them again.
func (p *Program) Explain(pop *student.Population, row int, record decision.Record, seed []byte) (Explanation, error) {
	if err := checkRow(pop, row); err != nil {
		return Explanation{}, err
	}
	if err := p.checkRecord(pop, row, &record); err != nil {
		return Explanation{}, err
	}
	d, err := p.decider(pop, &Run{ID: record.Run})
	if err != nil {
		return Explanation{}, err
	}
	replayed, candidate := d.evaluate(row)
	trace := d.evaluator.Trace(row)

	e := Explanation{Record: export.NewRecord(&record), Replay: compare(&record, &replayed, candidate.Units)}
	if decided(replayed.State) {
		if e.Reason, err = d.evaluator.ReasonText(row, trace.Outcome); err != nil {
			return Explanation{}, err
		}
	}
	e.Rules = p.ruleSteps(&trace, replayed.Rules)
	e.Variables = p.variables(&trace)
	e.Values = values(pop, row, union(trace.Reads, replayed.Missing))
	e.Place = p.place(&record, &candidate, seed)
	return e, nil
}

// checkRecord refuses a record that is about something else.
func (p *Program) checkRecord(pop *student.Population, row int, r *decision.Record) error {
	var other string
	switch {
	case r.Revision != p.digest.String():
		other = "revision"
	case r.District != pop.District:
		other = "district"
	case r.Student != pop.IDs[row]:
		other = "student"
	case !r.At.Equal(pop.At):
		other = "instant"
	default:
		return nil
	}
	return fmt.Errorf("engine: the record is of another %s than the one to explain it with", other)
}

func (p *Program) ruleSteps(trace *rule.Trace, decided []string) []RuleStep {
	steps := make([]RuleStep, 0, len(trace.Rules)+1)
	for i, t := range trace.Rules {
		source := &p.bundle.Rules.Rules[i]
		steps = append(steps, RuleStep{
			ID: t.ID, State: t.State, Decided: slices.Contains(decided, t.ID),
			When: source.When, Authority: source.Authority,
			Reads: t.Reads, Missing: t.Missing, Failure: t.Failure,
		})
	}
	if p.bundle.Rules.Otherwise != nil {
		state := rule.NotReached
		if trace.Outcome.Otherwise {
			state = rule.Matched
		}
		steps = append(steps, RuleStep{ID: bundle.OtherwiseID, State: state, Decided: slices.Contains(decided, bundle.OtherwiseID)})
	}
	if stop := trace.Incomplete; stop != nil {
		i := slices.IndexFunc(steps, func(s RuleStep) bool { return s.ID == stop.ID })
		steps[i].State, steps[i].Incomplete, steps[i].Missing, steps[i].Failure = rule.Matched, stop.Field, stop.Missing, stop.Failure
	}
	return steps
}

func (p *Program) variables(trace *rule.Trace) []Variable {
	var variables []Variable
	for i, t := range trace.Variables {
		if t.Evaluated {
			variables = append(variables, Variable{
				Name: t.Name, Expression: p.bundle.Rules.Variables[i].Expression,
				Value: export.JSONValue(t.Value), Missing: t.Missing, Failure: t.Failure,
			})
		}
	}
	return variables
}

var presences = map[student.Presence]string{student.Absent: "Absent", student.Present: "Present", student.Faulty: "Faulty"}

func values(pop *student.Population, row int, names []string) []Value {
	var list []Value
	for _, name := range names {
		c := pop.Column(name)
		if c == nil {
			continue
		}
		v, presence := c.Any(row)
		value := Value{
			Attribute: name, Type: c.Type(), Presence: presences[presence], Value: export.JSONValue(v),
			Missing: c.Attribute.Missing, From: c.Attribute.From,
		}
		if c.RowOffsets != nil {
			value.Rows = c.Rows[c.RowOffsets[row]:c.RowOffsets[row+1]]
		}
		if c.Newest != nil && c.Newest[row] != math.MinInt32 {
			value.Newest = student.Day(int64(c.Newest[row])).Format(time.DateOnly)
		}
		list = append(list, value)
	}
	return list
}

func (p *Program) place(r *decision.Record, candidate *allocate.Candidate, seed []byte) *Place {
	if p.capacity == nil || r.Placement == "" {
		return nil
	}
	place := &Place{
		Resource: p.capacity.Resource, Per: string(p.capacity.Per), Group: r.Group, Units: r.Units,
		Code: r.Placement, Meaning: allocate.Meaning(r.Placement), Rank: r.Rank, Ahead: max(0, r.Rank-1), Waiting: r.Waiting,
	}
	if r.Group != "" {
		place.Capacity = p.amount(r)
	}
	place.Keys = keys(p.bundle.Priority.Order, candidate.Keys)
	if seed, err := allocate.Seed(p.bundle.Priority, seed); err == nil && r.Rank > 0 {
		place.Ticket = allocate.Draw(seed, r.Process, r.District, r.Student).String()
	}
	return place
}

// amount is the capacity of the group that a decision competed in.
func (p *Program) amount(r *decision.Record) int64 {
	switch p.capacity.Per {
	case bundle.PerSchool:
		return allocate.Amount(p.capacity, r.District, r.Group, "")
	case bundle.PerClass:
		return allocate.Amount(p.capacity, r.District, r.School, r.Group)
	}
	return allocate.Amount(p.capacity, r.District, "", "")
}

// keys are the published order with the student's values; nil where the
// student was not ranked.
func keys(order []bundle.Order, values []float64) []Key {
	if values == nil {
		return nil
	}
	list := make([]Key, 0, len(order)+1)
	lottery := false
	for _, o := range order {
		switch {
		case o.Lottery != nil:
			lottery = true
			list = append(list, Key{Direction: "Lottery"})
		case len(values) > 0:
			direction := "Ascending"
			if o.Descending {
				direction = "Descending"
			}
			value := export.Number(values[0])
			list, values = append(list, Key{Expression: o.Expression, Direction: direction, Value: &value}), values[1:]
		}
	}
	if !lottery {
		list = append(list, Key{Direction: "Lottery"}) // the last ties are always broken by lot
	}
	return list
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

// decider evaluates students one by one. It belongs to one goroutine.
type decider struct {
	p         *Program
	pop       *student.Population
	run       *Run
	evaluator *rule.Evaluator
}

func (p *Program) decider(pop *student.Population, run *Run) (*decider, error) {
	if err := p.checkColumns(pop); err != nil {
		return nil, err
	}
	evaluator, err := p.rules.Bind(pop)
	if err != nil {
		return nil, err
	}
	return &decider{p: p, pop: pop, run: run, evaluator: evaluator}, nil
}

// checkColumns refuses a population in which another process's attribute bears
// the name of one that this process declares: what it reads would be something
// else than declared. A column without a source was given its values directly.
func (p *Program) checkColumns(pop *student.Population) error {
	for _, declared := range p.bundle.Information.Attributes {
		c := pop.Column(declared.Name)
		if c == nil || c.Attribute.From.OneRoster == nil || declared.From.OneRoster == nil {
			continue
		}
		if !reflect.DeepEqual(howRead(c.Attribute), howRead(declared)) {
			return fmt.Errorf("engine: attribute %s of the population was read otherwise than process %s declares it; decide on population.View(bundle.Information)", declared.Name, p.bundle.Process.Name)
		}
	}
	return nil
}

// howRead is an attribute without what does not determine its values.
func howRead(a bundle.Attribute) bundle.Attribute {
	return bundle.Attribute{Type: a.Type, From: a.From, MaxItems: a.MaxItems, MaxLength: a.MaxLength, Minimum: a.Minimum, Maximum: a.Maximum}
}

func checkRow(pop *student.Population, row int) error {
	if row < 0 || row >= pop.Len() {
		return fmt.Errorf("engine: row %d of a population of %d", row, pop.Len())
	}
	return nil
}

// evaluate is what the rules say about one student, and what the student needs
// of the capacity. The record's state is Undetermined, Failed, or Confirmed
// until the allocation and the process's steps say more.
func (d *decider) evaluate(row int) (decision.Record, allocate.Candidate) {
	r := d.record(row)
	c := allocate.Candidate{Student: r.Student, School: r.School, Class: r.Class}
	outcome := d.evaluator.Decide(row)
	var err error
	if outcome.Status == rule.Decided && d.p.capacity != nil {
		err = d.compete(row, outcome, &c)
	}
	enter(&r, outcome, err)
	return r, c
}

// enter fills in the outcome of the rules, and of the policy's expressions if
// they stood in its way.
func enter(r *decision.Record, o rule.Outcome, policy error) {
	status, missing, failure := o.Status, o.Missing, o.Failure
	var unmet *rule.ExpressionError
	switch {
	case errors.As(policy, &unmet) && len(unmet.Missing) > 0:
		status, missing = rule.Undetermined, unmet.Missing
	case policy != nil:
		status, failure = rule.Failed, "priority policy, "+policy.Error()
	}
	switch status {
	case rule.Undetermined:
		r.State, r.Reason.Code, r.Missing = decision.Undetermined, decision.CodeMissing, missing
	case rule.Decided:
		r.State, r.Rules, r.Reason, r.Result, r.Priority = decision.Confirmed, o.Rules, o.Reason, o.Result, o.Priority
	default:
		r.State, r.Reason.Code, r.Failure = decision.Failed, decision.CodeFailed, failure
	}
}

// record is what a student's record holds whatever is decided.
func (d *decider) record(row int) decision.Record {
	id, process := d.pop.IDs[row], &d.p.bundle.Process
	r := decision.Record{
		ID:       decision.ID(d.p.digest.String(), decision.StudentKey(d.pop.District, id), d.run.Trigger),
		District: d.pop.District,
		School:   d.pop.Schools[row],
		Class:    d.pop.Classes[row],
		Student:  id,
		Process:  process.Name,
		Revision: d.p.digest.String(),
		Run:      d.run.ID,
		At:       d.pop.At,
	}
	// A run that is done again finds its own decisions in force.
	if previous := d.run.Previous[id]; previous != r.ID {
		r.Supersedes = previous
	}
	if process.ValidFor > 0 {
		r.Expires = r.At.Add(time.Duration(process.ValidFor) * time.Second)
	}
	return r
}

// compete makes a candidate of a decided student.
func (d *decider) compete(row int, outcome rule.Outcome, c *allocate.Candidate) error {
	units, err := d.evaluator.Units(row, outcome)
	if err != nil || units == 0 {
		return err
	}
	if c.Keys, err = d.evaluator.OrderKeys(row, outcome); err != nil {
		return err
	}
	c.Units = units
	d.recognise(c)
	return nil
}

// recognise finds the seat that a candidate holds already. It counts as held
// only in the group where it was given: who moved to another school competes
// there. But if the roster suddenly names no school at all, the seat says where
// the student is: a gap in the roster displaces nobody.
func (d *decider) recognise(c *allocate.Candidate) {
	seat, held := d.run.Held[c.Student]
	if !held {
		return
	}
	per := d.p.capacity.Per
	if d.p.bundle.Priority.KeepSeated && allocate.Group(per, d.pop.District, c.School, c.Class) == "" {
		switch per {
		case bundle.PerSchool:
			c.School = seat.Group
		case bundle.PerClass:
			c.Class = seat.Group
		}
	}
	_, c.Held = d.p.seatedIn(seat, d.pop.District, c.School, c.Class)
}

// seatedIn is the group in which a seat counts, and whether the student is there
// now. A seat outlives a revision that counts the capacity per something else:
// it was given for the district, school or class that the student is in, and
// counts in the present group of that student.
func (p *Program) seatedIn(seat decision.Seat, district, school, class string) (group string, there bool) {
	now := allocate.Group(p.capacity.Per, district, school, class)
	switch {
	case p.capacity.Per == bundle.PerDistrict: // nobody leaves it: the seats are of one district
		return now, true
	case now != "" && (seat.Group == district || seat.Group == school || seat.Group == class):
		return now, true
	}
	return seat.Group, false
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

// assembly makes a batch: rules first, then places, then the states in which
// decisions begin. All is in columns; what is the same for every decision of an
// outcome is found out once.
type assembly struct {
	p        *Program
	pop      *student.Population
	run      *Run
	outcomes *rule.Outcomes

	// Where the process has a capacity: what each student needs of it.
	needs      *rule.Needs
	candidates []allocate.Candidate

	b     *decision.Batch
	tasks []decision.Task

	failing sync.Mutex
	result  *Result
}

// decider is one goroutine's part of the rules; nil where there is none, which
// the result says.
func (a *assembly) decider() *decider {
	d, err := a.p.decider(a.pop, a.run)
	a.fail(err)
	return d
}

// fail keeps the first error.
func (a *assembly) fail(err error) {
	if err == nil {
		return
	}
	a.failing.Lock()
	defer a.failing.Unlock()
	if a.result.Err == nil {
		a.result.Err = err
	}
}

// decide applies the rules to rows [from, to).
func (a *assembly) decide(d *decider, from, to int) {
	if d == nil {
		return
	}
	if err := d.evaluator.DecideRows(from, to, a.outcomes); err != nil {
		a.fail(err)
		return
	}
	if a.candidates == nil {
		return
	}
	a.fail(d.evaluator.Compete(from, to, a.outcomes, a.needs))
	for row := from; row < to; row++ {
		a.candidates[row] = a.candidate(d, row)
	}
}

// candidate is a student with what the decision about that student needs.
func (a *assembly) candidate(d *decider, row int) allocate.Candidate {
	c := allocate.Candidate{Student: a.pop.IDs[row], School: a.pop.Schools[row], Class: a.pop.Classes[row], Units: a.needs.Units[row]}
	if c.Units > 0 {
		c.Keys = a.needs.Keys(row)
		d.recognise(&c)
	}
	return c
}

// batch puts the parts together.
func (a *assembly) batch() (*Batch, error) {
	pop, process := a.pop, &a.p.bundle.Process
	a.b = &decision.Batch{
		District: pop.District, Process: process.Name, Revision: a.p.digest.String(), Run: a.run.ID, Trigger: a.run.Trigger, At: pop.At,
		Fields:   make([]string, len(process.Result)),
		Students: pop.IDs, Schools: pop.Schools, Classes: pop.Classes,
		State: make([]uint8, pop.Len()),
	}
	for i := range process.Result {
		a.b.Fields[i] = process.Result[i].Name
	}
	if process.ValidFor > 0 {
		a.b.Expires = pop.At.Add(time.Duration(process.ValidFor) * time.Second)
	}
	if err := a.supersede(); err != nil {
		return nil, err
	}
	o := a.outcomes
	o.Finish()
	for n, status := range o.Status { // what no rule gives a reason for has one all the same
		switch status {
		case rule.Undetermined:
			o.Outcomes[n].Code = decision.CodeMissing
		case rule.Failed:
			o.Outcomes[n].Code = decision.CodeFailed
		}
	}
	a.b.Outcome, a.b.Outcomes, a.b.Priority, a.b.Computed = o.Outcome, o.Outcomes, o.Priority, o.Computed
	if a.p.capacity != nil {
		if err := a.allocate(); err != nil {
			return nil, err
		}
	}
	a.begin()
	return &Batch{Decisions: a.b, Tasks: a.tasks, Counts: a.count()}, nil
}

// supersede names the runs whose decisions were in force before.
func (a *assembly) supersede() error {
	if len(a.run.Previous) == 0 {
		return nil
	}
	own := decision.RunPart(a.b.Revision, a.b.Trigger)
	numbers := map[string]uint16{own: 0} // a run that is done again finds its own decisions in force
	a.b.Supersedes = make([]uint16, len(a.b.Students))
	for i, id := range a.b.Students {
		before, _, ok := decision.SplitID(a.run.Previous[id])
		if !ok {
			continue
		}
		n, known := numbers[before]
		if !known {
			if len(a.b.Superseded) == math.MaxUint16 {
				return errors.New("engine: the decisions in force before are of more than 65,535 runs")
			}
			a.b.Superseded = append(a.b.Superseded, before)
			n = uint16(len(a.b.Superseded))
			numbers[before] = n
		}
		a.b.Supersedes[i] = n
	}
	if len(a.b.Superseded) == 0 {
		a.b.Supersedes = nil
	}
	return nil
}

// allocate gives those who need part of the capacity their places.
func (a *assembly) allocate() error {
	b := a.b
	b.Places = make([]decision.Allotment, len(b.Students))
	taken := map[string]int64{}
	for i, id := range b.Students {
		seat, held := a.run.Held[id]
		if held && a.outcomes.Status[b.Outcome[i]] != rule.Decided && a.p.bundle.Priority.KeepSeated {
			group, _ := a.p.seatedIn(seat, b.District, b.Schools[i], b.Classes[i])
			b.Places[i] = decision.Allotment{Group: group, Units: seat.Units, Placement: allocate.Kept}
			taken[group] = seat.Units + min(taken[group], math.MaxInt64-seat.Units)
		}
	}
	if len(b.Students) == 0 {
		return nil
	}
	placements, err := allocate.Allocate(a.p.bundle.Priority, allocate.Arguments{
		Process: b.Process, District: b.District, Seed: a.run.Seed, Taken: taken,
	}, a.candidates)
	if err != nil {
		return err
	}
	for i, placed := range placements {
		if placed.Outcome == allocate.None {
			continue
		}
		b.Places[i] = decision.Allotment{Group: placed.Group, Units: a.candidates[i].Units, Rank: placed.Rank, Waiting: placed.Waiting, Placement: placed.Reason}
		b.State[i] = allotted[placed.Outcome]
	}
	return nil
}

// allotted is the state that an outcome of the allocation means, before the
// process's steps are looked at.
var allotted = map[allocate.Outcome]uint8{
	allocate.Seated:    numberOf(decision.Confirmed),
	allocate.Waiting:   numberOf(decision.Waitlisted),
	allocate.NotPlaced: numberOf(decision.NotPlaced),
}

func numberOf(s decision.State) uint8 {
	n, _ := decision.StateNumber(s)
	return n
}

// beginning is how a decision begins: in which state, and what then waits for a
// person.
type beginning struct {
	state uint8
	step  *bundle.Step
}

// begin puts each evaluated and allotted decision into its first state and opens
// the tasks. A decision's beginning follows from its outcome and, where it
// competes, from what it was allotted.
func (a *assembly) begin() {
	type situation struct {
		outcome  uint32
		competes bool
		allotted uint8
	}
	known := map[situation]beginning{}
	uniform := make([]beginning, len(a.b.Outcomes))
	for n := range uniform {
		uniform[n] = a.beginning(uint32(n), false, 0)
	}
	for i, n := range a.b.Outcome {
		start := uniform[n]
		if a.b.Places != nil && a.b.Places[i].Units > 0 && a.outcomes.Status[n] == rule.Decided {
			s := situation{n, true, a.b.State[i]}
			var ok bool
			if start, ok = known[s]; !ok {
				start = a.beginning(n, true, a.b.State[i])
				known[s] = start
			}
		}
		a.b.State[i] = start.state
		if start.step != nil {
			a.tasks = append(a.tasks, decision.Open(a.b.Record(i), *start.step))
		}
	}
}

func (a *assembly) beginning(outcome uint32, competes bool, allotment uint8) beginning {
	s := decision.Situation{Mode: a.p.bundle.Process.Mode, Steps: a.p.steps, Limited: a.p.capacity != nil}
	switch a.outcomes.Status[outcome] {
	case rule.Undetermined:
		s.Evaluated = decision.Undetermined
	case rule.Failed:
		s.Evaluated = decision.Failed
	default:
		s.Selected, s.Competes = !a.outcomes.Otherwise[outcome], competes
		s.Allotted, _ = decision.StateOf(allotment)
	}
	state, step := decision.Begin(s)
	return beginning{numberOf(state), step}
}

// count counts the decisions.
func (a *assembly) count() Counts {
	c := Counts{Decisions: a.b.Len(), States: map[decision.State]int{}, Rules: map[string]int{}}
	byOutcome := make([]int, len(a.b.Outcomes))
	var byState [256]int
	for i, n := range a.b.Outcome {
		byOutcome[n]++
		byState[a.b.State[i]]++
	}
	for n, count := range byState {
		if count > 0 {
			state, _ := decision.StateOf(uint8(n))
			c.States[state] = count
		}
	}
	for n, count := range byOutcome {
		for _, id := range a.b.Outcomes[n].Rules {
			c.Rules[id] += count
		}
	}
	return c
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package juncture runs the tables with the engine of this repository. It is
// the one place of this module that knows the engine.
package juncture

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Rows is the engine deciding about one student after another.
var Rows = peer.Kind{Name: "Juncture, row by row", Module: "github.com/juncture-dev/juncture", Form: "rule.Evaluator.Decide", Share: 0.5, Open: openRows}

type rows struct {
	evaluator *rule.Evaluator
	number    map[string]int // of a rule, by its id
	from, to  int
	out       peer.Decisions
}

func openRows(w *peer.Work) (peer.Engine, error) {
	program, err := rule.Compile(Bundle(w.Table))
	if err != nil {
		return nil, err
	}
	evaluator, err := program.Bind(Population(w.Columns))
	if err != nil {
		return nil, err
	}
	e := &rows{evaluator: evaluator, number: map[string]int{}}
	for i, id := range program.RuleIDs() {
		e.number[id] = i
	}
	return e, nil
}

func (e *rows) Prepare(from, to int) error {
	e.from, e.to = from, to
	e.out.Resize(to - from)
	return nil
}

func (e *rows) Decide() error {
	for i := range e.out.Rule {
		o := e.evaluator.Decide(e.from + i)
		if o.Status != rule.Decided {
			return fmt.Errorf("student %d: %s %s", e.from+i, o.Status, o.Failure)
		}
		e.out.Rule[i], e.out.Priority[i] = uint16(e.number[o.Rules[0]]), *o.Priority
	}
	return nil
}

// One decides about one student.
func (e *rows) One(i int) (int, float64) {
	o := e.evaluator.Decide(e.from + i)
	if o.Status != rule.Decided {
		return -1, 0
	}
	return e.number[o.Rules[0]], *o.Priority
}

func (e *rows) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *rows) Close() error                       { return nil }

// Bundle is a table as a bundle.
func Bundle(t reference.Table) *bundle.Bundle {
	b := &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: t.Name, Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{{Name: "decision", Type: bundle.String}, {Name: "seats", Type: bundle.Integer}},
		},
		Information: bundle.Model{Name: "reference", Attributes: attributes},
		Rules:       bundle.RuleSet{Name: t.Name, HitPolicy: bundle.First},
	}
	for i, r := range t.Rules {
		b.Rules.Rules = append(b.Rules.Rules, bundle.Rule{
			ID: "R" + strconv.Itoa(i+1), When: spelled(r.When), Priority: spelled(r.Priority),
			Then:   map[string]string{"decision": strconv.Quote(r.Decision), "seats": strconv.Itoa(r.Seats)},
			Reason: bundle.Reason{Code: r.Reason},
		})
	}
	return b
}

var attributes = func() []bundle.Attribute {
	var list []bundle.Attribute
	add := func(t bundle.Type, names ...string) {
		for _, name := range names {
			a := bundle.Attribute{Name: name, Type: t}
			if t.IsList() {
				a.MaxItems = reference.RecentScores
			}
			if t.Element() == bundle.String {
				a.MaxLength = 16
			}
			list = append(list, a)
		}
	}
	add(bundle.Boolean, "consent", "ell", "iep", "frl")
	add(bundle.Integer, "grade", "daysSince")
	add(bundle.String, "district", "school", "homeLanguage")
	add(bundle.Number, "reading", "math", "science", "growth", "risk", "attendance", "priorHours")
	add(bundle.Number, reference.Skills...)
	add(bundle.NumberList, "recent")
	add(bundle.StringList, "interests")
	return list
}()

// Population has the columns of attributes.
func Population(c *reference.Columns) *student.Population {
	n := c.Len()
	present := make([]student.Presence, n)
	for i := range present {
		present[i] = student.Present
	}
	every := make([]uint32, n+1)
	for i := range every {
		every[i] = uint32(i * reference.RecentScores)
	}
	text := func(t *reference.Texts) student.Column { return student.Column{Codes: t.Codes, Dict: t.Dict} }
	values := map[string]student.Column{
		"consent": {Bools: c.Consent}, "ell": {Bools: c.ELL}, "iep": {Bools: c.IEP}, "frl": {Bools: c.FRL},
		"grade": {Ints: c.Grade}, "daysSince": {Ints: c.DaysSince},
		"district": text(&c.District), "school": text(&c.School), "homeLanguage": text(&c.HomeLanguage),
		"reading": {Floats: c.Reading}, "math": {Floats: c.Math}, "science": {Floats: c.Science}, "growth": {Floats: c.Growth},
		"risk": {Floats: c.Risk}, "attendance": {Floats: c.Attendance}, "priorHours": {Floats: c.PriorHours},
		"recent":    {Floats: c.Recent, Offsets: every},
		"interests": {Codes: c.Interests.Codes, Dict: c.Interests.Dict, Offsets: c.InterestsFrom},
	}
	for j, skill := range reference.Skills {
		values[skill] = student.Column{Floats: c.Mastery[j]}
	}
	columns := make([]*student.Column, len(attributes))
	for j, a := range attributes {
		column := values[a.Name]
		column.Attribute, column.Presence = a, present
		columns[j] = &column
	}
	return student.New("reference", time.Unix(0, 0), time.UTC, student.Origin{}, c.ID, make([]string, n), make([]string, n), columns)
}

// spelled is an expression of a table as rules are written. A bundle has no
// maps: the skills are attributes, and all of them a list.
func spelled(expression string) string {
	return field.ReplaceAllString(spelling.Replace(expression), "student.")
}

var spelling = func() *strings.Replacer {
	pairs := []string{
		`s.mastery.exists(k, s.mastery[k]`, skillList + `.exists(k, k`,
		`s.mastery.all(k, s.mastery[k]`, skillList + `.all(k, k`,
	}
	for _, skill := range reference.Skills {
		pairs = append(pairs, `s.mastery["`+skill+`"]`, "student."+skill)
	}
	return strings.NewReplacer(pairs...)
}()

var field = regexp.MustCompile(`\bs\.`)

var skillList = "[student." + strings.Join(reference.Skills, ", student.") + "]"

// Processes decides by n tables about each slice of students, one after
// another. The decisions are those of the table itself, the limits of the others are
// moved.
func Processes(n int) peer.Kind {
	return peer.Kind{Name: Rows.Name, Module: Rows.Module, Form: Rows.Form + ", process after process", Share: Rows.Share / float64(n), Open: func(w *peer.Work) (peer.Engine, error) {
		e := &processes{}
		for k := range n {
			variant := *w
			variant.Table = w.Table.Variant(k)
			one, err := Rows.Open(&variant)
			if err != nil {
				return nil, err
			}
			e.each = append(e.each, one)
		}
		return e, nil
	}}
}

type processes struct{ each []peer.Engine }

func (e *processes) Prepare(from, to int) error {
	for _, one := range e.each {
		if err := one.Prepare(from, to); err != nil {
			return err
		}
	}
	return nil
}

func (e *processes) Decide() error {
	for _, one := range e.each {
		if err := one.Decide(); err != nil {
			return err
		}
	}
	return nil
}

func (e *processes) Decisions() (peer.Decisions, error) { return e.each[0].Decisions() }
func (e *processes) Close() error                       { return nil }

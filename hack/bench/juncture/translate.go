// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package juncture

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Bundle is a table as a bundle.
func Bundle(t reference.Table) *bundle.Bundle {
	b := &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: t.Name, Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{{Name: "decision", Type: bundle.String}, {Name: "seats", Type: bundle.Integer}},
		},
		Information: model,
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

// model declares what tables read of a student.
var model = bundle.Model{Name: "reference", Attributes: attributes}

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

// Population is the students from … to-1 in the columns of the attributes.
func Population(c *reference.Columns, from, to int) *student.Population {
	n := to - from
	scores := make([]uint32, n+1)
	for i := range scores {
		scores[i] = uint32(i * reference.RecentScores)
	}
	text := func(t *reference.Texts) student.Column { return student.Column{Codes: t.Codes[from:to], Dict: t.Dict} }
	number := func(floats []float64) student.Column { return student.Column{Floats: floats[from:to]} }
	values := map[string]student.Column{
		"consent": {Bools: c.Consent[from:to]}, "ell": {Bools: c.ELL[from:to]}, "iep": {Bools: c.IEP[from:to]}, "frl": {Bools: c.FRL[from:to]},
		"grade": {Ints: c.Grade[from:to]}, "daysSince": {Ints: c.DaysSince[from:to]},
		"district": text(&c.District), "school": text(&c.School), "homeLanguage": text(&c.HomeLanguage),
		"reading": number(c.Reading), "math": number(c.Math), "science": number(c.Science), "growth": number(c.Growth),
		"risk": number(c.Risk), "attendance": number(c.Attendance), "priorHours": number(c.PriorHours),
		"recent":    {Floats: c.Recent[from*reference.RecentScores : to*reference.RecentScores], Offsets: scores},
		"interests": {Codes: c.Interests.Codes, Dict: c.Interests.Dict, Offsets: c.InterestsFrom[from : to+1]},
	}
	for j, skill := range reference.Skills {
		values[skill] = number(c.Mastery[j])
	}
	present := slices.Repeat([]student.Presence{student.Present}, n)
	columns := make([]*student.Column, len(attributes))
	for j, a := range attributes {
		column := values[a.Name]
		column.Attribute, column.Presence = a, present
		columns[j] = &column
	}
	return student.New("reference", time.Unix(0, 0), time.UTC, student.Origin{}, c.ID[from:to], make([]string, n), make([]string, n), columns)
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

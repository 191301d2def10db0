// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/student"
)

// feed is an attribute that takes the results of a line item, for sure or
// perhaps.
type feed struct {
	attribute *planned
	belongs   match
}

// feeds say which attributes the results of each line item go to.
type feeds struct {
	lineItems *side // nil if no attribute asks for the line item
	of        [][]feed
	unknown   []feed // of a result whose line item is not known
}

// readLineItems finds which attributes each line item feeds.
func (r *reader) readLineItems() error {
	r.feeds = &feeds{}
	var byItem, byClass, byCategory bool
	for _, p := range r.plan[results] {
		f := feed{p, yes}
		if p.filtered() {
			f.belongs = unsure
		}
		if p.unavailable {
			continue
		}
		byItem = byItem || p.filtered()
		byClass = byClass || p.byClass()
		byCategory = byCategory || p.from.Where.Category != ""
		r.feeds.unknown = append(r.feeds.unknown, f)
	}
	if !byItem {
		return nil
	}
	items, err := r.readSide(lineItems, "classSourcedId", "categorySourcedId")
	if err != nil {
		return err
	}
	var kinds *side
	var classOf, kindOf []uint32
	if byClass {
		classOf = r.link(items, "classSourcedId", r.classes, faultUnknownClass)
	}
	if byCategory {
		if kinds, err = r.readSide(categories, "title"); err != nil {
			return err
		}
		kindOf = r.link(items, "categorySourcedId", kinds, faultUnknownCategory)
	}
	r.feeds.lineItems = items
	r.feeds.of = make([][]feed, items.len())
	for n := range r.feeds.of {
		for _, f := range r.feeds.unknown {
			p := f.attribute
			f.belongs = yes
			if p.from.Where.Category != "" {
				f.belongs = both(f.belongs, matchText(p.from.Where.Category, kinds, kindOf[n], "title"))
			}
			if p.byClass() {
				f.belongs = both(f.belongs, r.matchClass(p, classOf[n]))
			}
			if f.belongs != no {
				r.feeds.of[n] = append(r.feeds.of[n], f)
			}
		}
	}
	return nil
}

// resultColumns are the places of the columns that this file reads.
type resultColumns struct {
	id, status, item, student, date int
}

// readResults finds the attributes drawn from results.csv.
func (r *reader) readResults() error {
	r.results = intern.New(r.seed)
	if len(r.plan[results]) == 0 || !r.manifest.bulk[results] {
		return nil
	}
	t, err := r.open(csvName(results), required[results])
	if err != nil {
		return err
	}
	for _, p := range r.plan[results] {
		r.place(t, p)
	}
	c := resultColumns{t.column("sourcedId"), t.column("status"), t.column("lineItemSourcedId"), t.column("studentSourcedId"), t.column("scoreDate")}
	var prints []uint64
	for t.next() {
		standing := statusOf(t.field(c.status))
		if standing == deleted {
			continue
		}
		number, known := r.roster.find(t.field(c.student))
		switch {
		case !known:
			r.problems.add(t.name, t.row, "studentSourcedId", faultUnknownStudent)
			continue
		case number < 0:
			continue
		case t.ragged:
			r.problems.add(t.name, t.row, "", faultRagged)
			r.damage(results, number, t.row)
			continue
		case len(t.field(c.id)) == 0:
			r.problems.add(t.name, t.row, "sourcedId", faultNoID)
			r.damage(results, number, t.row)
			continue
		}
		id, isNew := r.results.Add(t.field(c.id))
		if isNew {
			prints = append(prints, t.fingerprint())
		} else if !r.duplicate(t, prints[id]) {
			continue
		} else {
			for _, p := range r.plan[results] {
				p.builder.Suspect(id)
			}
		}
		r.readResult(t, c, student.Fact{Student: number, Tie: id, Row: t.row}, standing)
	}
	return t.finish()
}

// readResult gives one result to the attributes that its line item feeds.
func (r *reader) readResult(t *rows, c resultColumns, f student.Fact, standing status) {
	if standing == unclear {
		r.problems.add(t.name, t.row, "status", faultStatus)
	}
	scored, dated := r.date(t, c.date, "scoreDate", student.Undated)
	if scored > r.today {
		return
	}
	to, dangling := r.feeds.unknown, false
	if items := r.feeds.lineItems; items != nil {
		if n := items.find(t.field(c.item)); n != none {
			to = r.feeds.of[n]
		} else {
			dangling = items.dangles(t.field(c.item))
		}
	}
	for _, feed := range to {
		p := feed.attribute
		field := t.field(p.field)
		if len(field) == 0 || p.unavailable {
			continue // not submitted, exempt: no fact
		}
		ok := dated
		f.Day = scored
		if ok && p.order != c.date {
			f.Day, ok = r.date(t, p.order, p.from.OrderBy, student.Undated)
		}
		if !ok {
			p.builder.Damage(f.Student, f.Row)
			continue
		}
		if f.Day > r.today || !p.keeps(f.Day) {
			continue
		}
		if feed.belongs == unsure && dangling {
			r.problems.add(t.name, t.row, "lineItemSourcedId", faultUnknownLineItem)
		}
		if feed.belongs == unsure || standing == unclear {
			p.builder.Faulty(f)
			continue
		}
		if bad := p.feed(f, field, r.zone); bad != (fault{}) {
			r.problems.add(t.name, t.row, p.from.Field, bad)
		}
	}
}

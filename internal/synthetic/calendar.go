// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"strconv"
	"time"
)

// A day counts from the first day of the school year, which is 0. Days before the year are negative.
type day = int16

// calendar is one school year: 28 August to 19 June, in two semesters of two grading periods each.
type calendar struct {
	start time.Time
	// end is the day after the last.
	end      day
	dates    []string
	sessions []session
	months   []month
	items    []item
}

// session is an academic session; its end is exclusive, as in OneRoster.
type session struct {
	id, title, kind, parent string
	start, end              day
}

// month is a month of attendance.
type month struct {
	name        string
	first, last day
	// schoolDays is how many days school is held.
	schoolDays int
	period     string
}

// item is a piece of work that every class of a subject gets.
type item struct {
	code, title, category string
	due                   day
}

const (
	categoryTest       = "test"
	categoryQuiz       = "quiz"
	categoryHomework   = "homework"
	categoryAttendance = "attendance"
)

// newCalendar lays out the school year that begins in August of the given year.
func newCalendar(year int) *calendar {
	c := &calendar{start: time.Date(year, time.August, 28, 0, 0, 0, 0, time.UTC)}
	c.end = c.on(time.June, 20)
	for d := range c.end + 1 {
		c.dates = append(c.dates, c.start.AddDate(0, 0, int(d)).Format(time.DateOnly))
	}
	c.sessions = []session{
		{"year-" + strconv.Itoa(year), strconv.Itoa(year) + "-" + strconv.Itoa(year+1), "schoolYear", "", 0, c.end},
		{"semester-1", "Semester 1", "semester", "", 0, c.on(time.January, 26)},
		{"semester-2", "Semester 2", "semester", "", c.on(time.January, 26), c.end},
		{"period-1", "Grading period 1", "gradingPeriod", "semester-1", 0, c.on(time.November, 7)},
		{"period-2", "Grading period 2", "gradingPeriod", "semester-1", c.on(time.November, 7), c.on(time.January, 26)},
		{"period-3", "Grading period 3", "gradingPeriod", "semester-2", c.on(time.January, 26), c.on(time.April, 6)},
		{"period-4", "Grading period 4", "gradingPeriod", "semester-2", c.on(time.April, 6), c.end},
	}
	c.sessions[1].parent, c.sessions[2].parent = c.sessions[0].id, c.sessions[0].id
	c.layMonths()
	c.layItems()
	return c
}

func (c *calendar) layMonths() {
	days := []struct {
		month      time.Month
		schoolDays int
	}{
		{time.September, 22}, {time.October, 22}, {time.November, 17}, {time.December, 15}, {time.January, 20},
		{time.February, 15}, {time.March, 21}, {time.April, 17}, {time.May, 21}, {time.June, 12},
	}
	for _, m := range days {
		first := c.on(m.month, 1)
		last := min(c.on(m.month+1, 1), c.end) - 1
		c.months = append(c.months, month{m.month.String(), first, last, m.schoolDays, c.periodOf(last)})
	}
}

func (c *calendar) layItems() {
	work := []struct {
		code, title, category string
		month                 time.Month
		day                   int
	}{
		{"Q1", "Quiz 1", categoryQuiz, time.September, 18},
		{"H1", "Homework 1", categoryHomework, time.October, 9},
		{"T1", "Test 1", categoryTest, time.October, 30},
		{"H2", "Homework 2", categoryHomework, time.November, 20},
		{"T2", "Test 2", categoryTest, time.January, 15},
		{"Q2", "Quiz 2", categoryQuiz, time.February, 12},
		{"H3", "Homework 3", categoryHomework, time.March, 5},
		{"T3", "Test 3", categoryTest, time.March, 26},
		{"Q3", "Quiz 3", categoryQuiz, time.April, 30},
		{"T4", "Test 4", categoryTest, time.June, 4},
	}
	for _, w := range work {
		c.items = append(c.items, item{code: w.code, title: w.title, category: w.category, due: c.on(w.month, w.day)})
	}
}

// on is the day of a month in the school year; August belongs to its beginning, July (as the end of June) to its end.
func (c *calendar) on(m time.Month, dayOfMonth int) day {
	year := c.start.Year()
	if m < time.August || m > time.December {
		year++
	}
	if m > time.December {
		m -= 12
	}
	return day(time.Date(year, m, dayOfMonth, 0, 0, 0, 0, time.UTC).Sub(c.start) / (24 * time.Hour))
}

// date is a day as YYYY-MM-DD.
func (c *calendar) date(d day) string {
	if d >= 0 && int(d) < len(c.dates) {
		return c.dates[d]
	}
	return c.start.AddDate(0, 0, int(d)).Format(time.DateOnly)
}

// schoolDay is the first weekday from d on that is within the year.
func (c *calendar) schoolDay(d day) day {
	d = min(d, c.end-1)
	next := d
	switch c.weekday(d) {
	case time.Saturday:
		next += 2
	case time.Sunday:
		next++
	}
	if next >= c.end {
		next -= 3
	}
	return next
}

func (c *calendar) weekday(d day) time.Weekday {
	return (c.start.Weekday() + time.Weekday(d)) % 7
}

// periodOf is the grading period that the day is in.
func (c *calendar) periodOf(d day) string {
	for _, s := range c.sessions {
		if s.kind == "gradingPeriod" && d >= s.start && d < s.end {
			return s.id
		}
	}
	return ""
}

// fraction is how much of the year has passed on a day, 0 to 1.
func (c *calendar) fraction(d day) float64 { return float64(d) / float64(c.end) }

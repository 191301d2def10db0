// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// Check says whether an attribute can be drawn from OneRoster at all, and how to
// mend it if not. It is nil for every attribute that Read can fill; whether a
// district's export has the file and the column is seen only when reading.
func Check(a bundle.Attribute) error {
	if a.From.OneRoster == nil {
		return checkError(a, "from", "names no OneRoster file", "set from.oneRoster")
	}
	for _, check := range []func(bundle.Attribute, bundle.OneRoster) error{
		checkField, checkType, checkSelection, checkNumberOfFacts, checkAggregate, checkContent, checkWhere, checkOrder, checkBounds,
	} {
		if err := check(a, *a.From.OneRoster); err != nil {
			return err
		}
	}
	return nil
}

func checkError(a bundle.Attribute, field, what, mend string) error {
	return fmt.Errorf("attribute %q: %s: %s: %s", a.Name, field, what, mend)
}

func checkField(a bundle.Attribute, from bundle.OneRoster) error {
	known, ok := columns[from.File]
	if !ok {
		return checkError(a, "from.oneRoster.file", fmt.Sprintf("attributes cannot be drawn from %q", from.File),
			"use one of "+strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
	}
	if from.Field == "" {
		return checkError(a, "from.oneRoster.field", "is empty", "name a column of "+csvName(from.File))
	}
	if _, standard := known[from.Field]; standard {
		return nil
	}
	for _, column := range slices.Sorted(maps.Keys(known)) {
		if strings.EqualFold(column, from.Field) {
			return checkError(a, "from.oneRoster.field", "the standard spells it otherwise", "write "+column)
		}
	}
	return nil
}

func checkType(a bundle.Attribute, _ bundle.OneRoster) error {
	switch a.Type {
	case bundle.Boolean, bundle.Integer, bundle.Number, bundle.String, bundle.Date,
		bundle.IntegerList, bundle.NumberList, bundle.StringList, bundle.DateList:
		return nil
	}
	return checkError(a, "type", fmt.Sprintf("%q is no type", a.Type), "use Boolean, Integer, Number, String, Date or a list of one of the last four")
}

func checkSelection(a bundle.Attribute, from bundle.OneRoster) error {
	switch {
	case from.First < 0 || from.Last < 0:
		return checkError(a, "from.oneRoster", "first and last cannot be negative", "name how many facts to keep")
	case from.First > 0 && from.Last > 0:
		return checkError(a, "from.oneRoster", "has both first and last", "keep one of them")
	case max(from.First, from.Last) > student.MaxItems(a) && a.Type.IsList():
		return checkError(a, "from.oneRoster", fmt.Sprintf("keeps more facts than a list may have (%d)", student.MaxItems(a)), "keep fewer")
	}
	return nil
}

// checkNumberOfFacts compares how many facts there may be with how many the
// type holds.
func checkNumberOfFacts(a bundle.Attribute, from bundle.OneRoster) error {
	selects := from.First != 0 || from.Last != 0
	if oneRow(from.File) {
		if selects || from.Aggregate != "" || from.OrderBy != "" || from.Where != (bundle.Where{}) {
			return checkError(a, "from.oneRoster", "a student has only one row in "+csvName(from.File), "leave out where, orderBy, aggregate, first and last")
		}
		if c, known := contentOf(from.File, from.Field); a.Type.IsList() && known && c != textList && c != gradeList {
			return checkError(a, "type", from.Field+" holds one value", "use type "+string(a.Type.Element()))
		}
		return nil
	}
	switch {
	case a.Type.IsList() && from.Aggregate != "":
		return checkError(a, "from.oneRoster.aggregate", "makes one value, not a list", "leave it out or use a type that is not a list")
	case !a.Type.IsList() && from.Aggregate == "":
		mend := "set aggregate: Latest"
		if selects {
			mend += ", or use type " + string(a.Type) + "List"
		}
		return checkError(a, "from.oneRoster.aggregate", "a student may have several rows in "+csvName(from.File), mend)
	}
	return nil
}

// oneRow reports whether a file has one row a student.
func oneRow(file string) bool { return file == users || file == demographics }

func checkAggregate(a bundle.Attribute, from bundle.OneRoster) error {
	var allowed []bundle.Type
	switch from.Aggregate {
	case "", bundle.Latest, bundle.Earliest:
		return nil
	case bundle.Mean:
		allowed = []bundle.Type{bundle.Number}
	case bundle.Minimum, bundle.Maximum:
		allowed = []bundle.Type{bundle.Number, bundle.Integer, bundle.Date}
	case bundle.Sum:
		allowed = []bundle.Type{bundle.Number, bundle.Integer}
	case bundle.Count, bundle.DaysSince:
		allowed = []bundle.Type{bundle.Integer}
	default:
		return checkError(a, "from.oneRoster.aggregate", fmt.Sprintf("%q is no aggregate", from.Aggregate),
			"use Latest, First, Mean, Minimum, Maximum, Sum, Count or DaysSince")
	}
	if !slices.Contains(allowed, a.Type) {
		return checkError(a, "type", fmt.Sprintf("%s does not give %s", from.Aggregate, a.Type), fmt.Sprintf("use type %s", allowed[0]))
	}
	return nil
}

// checkContent compares what the standard has a column hold with the type.
func checkContent(a bundle.Attribute, from bundle.OneRoster) error {
	c, _ := contentOf(from.File, from.Field)
	if c == secret {
		return checkError(a, "from.oneRoster.field", "a password is not information about a student", "draw from another column")
	}
	if from.Aggregate == bundle.Count || from.Aggregate == bundle.DaysSince {
		return nil
	}
	fits := true
	switch a.Type.Element() {
	case bundle.Boolean:
		fits = c == truth || c == anything
	case bundle.Integer, bundle.Number:
		fits = c == number || c == anything || c == gradeList
	case bundle.Date:
		fits = c == date || c == anything
	}
	if !fits {
		return checkError(a, "type", fmt.Sprintf("%s of %s holds %s, which are not %s", from.Field, csvName(from.File), c, a.Type.Element()), "use another type or field")
	}
	return nil
}

func checkWhere(a bundle.Attribute, from bundle.OneRoster) error {
	w := from.Where
	if w.Category != "" && from.File != results {
		return checkError(a, "from.oneRoster.where.category", "only results have a category", "leave it out")
	}
	if w.WithinDays < 0 {
		return checkError(a, "from.oneRoster.where.withinDays", "is negative", "use a number of days")
	}
	for _, d := range []struct{ name, text string }{{"from", w.From}, {"until", w.Until}} {
		if _, ok := parseDay(d.text, time.UTC); d.text != "" && (!ok || len(d.text) != len(time.DateOnly)) {
			return checkError(a, "from.oneRoster.where."+d.name, "is not a date", "write YYYY-MM-DD")
		}
	}
	if w.From != "" && w.Until != "" && w.From >= w.Until {
		return checkError(a, "from.oneRoster.where", "until is not after from, so that no fact is kept", "correct the dates")
	}
	return nil
}

func checkOrder(a bundle.Attribute, from bundle.OneRoster) error {
	if from.OrderBy == "" {
		return nil
	}
	if c, known := contentOf(from.File, from.OrderBy); known && c != date {
		return checkError(a, "from.oneRoster.orderBy", from.OrderBy+" is no date", "order by a date column, by default "+defaultOrder(from.File))
	}
	return nil
}

// defaultOrder is the date column that orders a file's facts. Classes, courses
// and orgs have none: the enrollment that leads to them gives the date.
func defaultOrder(file string) string {
	switch file {
	case results:
		return "scoreDate"
	case academicSessions:
		return "startDate"
	}
	return "beginDate"
}

func checkBounds(a bundle.Attribute, _ bundle.OneRoster) error {
	numeric := a.Type.Element() == bundle.Integer || a.Type.Element() == bundle.Number
	switch {
	case (a.Minimum != nil || a.Maximum != nil) && !numeric:
		return checkError(a, "minimum", "only numbers have bounds", "leave out minimum and maximum")
	case a.Minimum != nil && a.Maximum != nil && *a.Minimum > *a.Maximum:
		return checkError(a, "minimum", "is above maximum", "correct one of them")
	case a.MaxItems < 0 || a.MaxItems > bundle.MaxListItems:
		return checkError(a, "maxItems", "is out of range", fmt.Sprintf("use 1 to %d", bundle.MaxListItems))
	case a.MaxLength < 0 || a.MaxLength > bundle.MaxStringLength:
		return checkError(a, "maxLength", "is out of range", fmt.Sprintf("use 1 to %d", bundle.MaxStringLength))
	}
	return nil
}

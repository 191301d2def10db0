// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/rule"
)

// defaultLanguage is taken where a reason has no text in the language asked for.
const defaultLanguage = "en"

// WriteText writes the explanation for people to read. The reason is given in
// the language asked for (BCP 47), else in English, else in the first there is.
// Control characters in values are replaced.
func (e *Explanation) WriteText(w io.Writer, language string) error {
	t := &textWriter{}
	t.decision(e, language)
	t.rules(e)
	t.variables(e)
	t.values(e)
	t.place(e.Place)
	_, err := io.WriteString(w, t.String())
	return err
}

// textWriter builds the text; a strings.Builder never fails to write.
type textWriter struct{ strings.Builder }

func (t *textWriter) line(format string, args ...any) {
	t.WriteString(strings.Map(printable, fmt.Sprintf(format, args...)))
	t.WriteByte('\n')
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// columns aligns rows below a heading; without rows it writes nothing.
func (t *textWriter) columns(heading string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t.line("")
	t.line("%s", heading)
	table := tabwriter.NewWriter(t, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = strings.Map(printable, row[i])
		}
		fmt.Fprintln(table, "  "+strings.Join(row, "\t"))
	}
	_ = table.Flush() // into a strings.Builder, which never fails
}

func (t *textWriter) decision(e *Explanation, language string) {
	r := &e.Record
	t.line("Decision %s", r.ID)
	t.line("  student   %s, school %s, district %s", r.Student, or(r.School, "unknown"), r.District)
	t.line("  process   %s, revision %s", r.Process, r.Revision)
	t.line("  at        %s", r.At)
	t.line("  state     %s", r.State)
	t.line("  reason    %s", r.Reason.Code)
	if text := pick(e.Reason, language); text != "" {
		t.line("            %s", text)
	}
	for _, v := range r.Result {
		t.line("  result    %s = %s", v.Field, or(export.Text(v.V), "none"))
	}
	if r.Priority != nil {
		t.line("  priority  %s", export.Text(float64(*r.Priority)))
	}
	if len(r.Missing) > 0 {
		t.line("  missing   %s", strings.Join(r.Missing, ", "))
	}
	if r.Failure != "" {
		t.line("  failure   %s", r.Failure)
	}
	if r.Expires != "" {
		t.line("  expires   %s", r.Expires)
	}
	if e.Replay.Same {
		t.line("  replay    deciding again gives the same")
	} else {
		t.line("  replay    DECIDING AGAIN GIVES ANOTHER %s", strings.Join(e.Replay.Differs, ", "))
	}
}

func pick(texts map[string]string, language string) string {
	for _, l := range []string{language, defaultLanguage} {
		if text, ok := texts[l]; ok {
			return text
		}
	}
	for _, l := range slices.Sorted(maps.Keys(texts)) {
		return texts[l]
	}
	return ""
}

var ruleStates = map[rule.RuleState]string{
	rule.Matched: "applies", rule.NotMatched: "does not apply", rule.NotReached: "not reached",
}

func (t *textWriter) rules(e *Explanation) {
	var rows [][]string
	for _, r := range e.Rules {
		mark, state := " ", ruleStates[r.State]
		switch {
		case r.Decided:
			mark, state = ">", "decides"
		case r.Incomplete != "" && len(r.Missing) > 0:
			mark, state = "!", "applies, "+r.Incomplete+" cannot be told: missing "+strings.Join(r.Missing, ", ")
		case r.Incomplete != "":
			mark, state = "!", "applies, "+r.Incomplete+" cannot be told: "+r.Failure
		case r.State == rule.RuleMissing:
			mark, state = "!", "cannot be told: missing "+strings.Join(r.Missing, ", ")
		case r.State == rule.RuleFailed:
			mark, state = "!", "cannot be told: "+r.Failure
		}
		condition := oneLine(r.When)
		if r.ID == bundle.OtherwiseID && r.When == "" {
			condition = "(where no rule applies)"
		}
		if r.Decided && r.Authority != "" {
			condition += "   authority: " + r.Authority
		}
		rows = append(rows, []string{mark, r.ID, state, condition})
	}
	t.columns("Rules, in order", rows)
}

func (t *textWriter) variables(e *Explanation) {
	var rows [][]string
	for _, v := range e.Variables {
		value := "= " + plain(v.Value)
		switch {
		case len(v.Missing) > 0:
			value = "missing " + strings.Join(v.Missing, ", ")
		case v.Failure != "":
			value = "failed: " + v.Failure
		}
		rows = append(rows, []string{v.Name, value, oneLine(v.Expression)})
	}
	t.columns("Named values", rows)
}

func (t *textWriter) values(e *Explanation) {
	var rows [][]string
	for _, v := range e.Values {
		value := "= " + plain(v.Value)
		switch v.Presence {
		case "Absent":
			value = "no value" + map[bundle.Missing]string{bundle.MissingEmpty: ", read as an empty list", bundle.MissingDefault: ", the declared default counts"}[v.Missing]
		case "Faulty":
			value = "a value that cannot be read"
		}
		rows = append(rows, []string{v.Attribute, value, source(&v)})
	}
	t.columns("What was read of the student", rows)
}

// source says where a value came from, as far as it is known.
func source(v *Value) string {
	var parts []string
	if f := v.From.OneRoster; f != nil {
		parts = append(parts, selection(f))
	}
	if len(v.Rows) > 0 {
		parts = append(parts, rowNumbers(v.Rows))
	}
	if v.Newest != "" {
		parts = append(parts, "newest "+v.Newest)
	}
	return strings.Join(parts, "; ")
}

func selection(f *bundle.OneRoster) string {
	s := f.File + ".csv " + f.Field
	for _, filter := range []struct{ name, value string }{
		{"category", f.Where.Category}, {"course", f.Where.Course}, {"class", f.Where.Class},
		{"from", f.Where.From}, {"until", f.Where.Until},
	} {
		if filter.value != "" {
			s += ", " + filter.name + " " + filter.value
		}
	}
	for _, filter := range []struct {
		text string
		n    int
	}{{"within %d days", f.Where.WithinDays}, {"first %d", f.First}, {"last %d", f.Last}} {
		if filter.n > 0 {
			s += ", " + fmt.Sprintf(filter.text, filter.n)
		}
	}
	if f.Aggregate != "" {
		s += ", " + string(f.Aggregate)
	}
	return s
}

const rowsShown = 12

func rowNumbers(rows []uint32) string {
	var shown []string
	for _, r := range rows[:min(len(rows), rowsShown)] {
		shown = append(shown, strconv.FormatUint(uint64(r), 10))
	}
	s := "rows "
	if len(rows) == 1 {
		s = "row "
	}
	s += strings.Join(shown, ", ")
	if more := len(rows) - len(shown); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func (t *textWriter) place(p *Place) {
	if p == nil {
		return
	}
	per := strings.ToLower(p.Per)
	capacity := fmt.Sprintf("%d %s of %s %s; the student needs %d", p.Capacity, p.Resource, per, p.Group, p.Units)
	if p.Group == "" {
		capacity = fmt.Sprintf("not known without the student's %s, which the roster does not name; the student needs %d of %s", per, p.Units, p.Resource)
	}
	rows := [][]string{
		{"capacity", capacity},
		{"outcome", p.Code + ": " + p.Meaning},
	}
	if p.Rank > 0 {
		rows = append(rows, []string{"rank", fmt.Sprintf("%d (%d before)", p.Rank, p.Ahead)})
	}
	if p.Waiting > 0 {
		rows = append(rows, []string{"waiting", fmt.Sprintf("position %d", p.Waiting)})
	}
	for i, k := range p.Keys {
		label := "order"
		if i > 0 {
			label = "then"
		}
		if k.Value == nil {
			rows = append(rows, []string{label, "lottery, ticket " + or(p.Ticket, "not known without the run's seed")})
			continue
		}
		rows = append(rows, []string{label, fmt.Sprintf("%s %s = %s", oneLine(k.Expression), strings.ToLower(k.Direction), export.Text(float64(*k.Value)))})
	}
	t.columns("Place", rows)
}

// plain is a value of the JSON form as text.
func plain(v any) string {
	if v == nil {
		return "none"
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// oneLine is an expression without its line breaks.
func oneLine(expression string) string { return strings.Join(strings.Fields(expression), " ") }

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

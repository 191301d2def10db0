// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/source/table"
	"github.com/juncture-dev/juncture/engine/student"
)

func ref[T any](v T) *T { return &v }

// all has an attribute of every type, some with bounds.
var all = bundle.Model{Name: "all", Attributes: []bundle.Attribute{
	{Name: "birth", Type: bundle.Date},
	{Name: "days", Type: bundle.DateList},
	{Name: "flag", Type: bundle.Boolean},
	{Name: "grade", Type: bundle.Integer, Minimum: ref(-2.0), Maximum: ref(13.0)},
	{Name: "langs", Type: bundle.StringList, MaxItems: 3, MaxLength: 8},
	{Name: "levels", Type: bundle.IntegerList, MaxItems: 4},
	{Name: "name", Type: bundle.String, MaxLength: 8},
	{Name: "score", Type: bundle.Number, Minimum: ref(0.0), Maximum: ref(100.0)},
	{Name: "scores", Type: bundle.NumberList, Minimum: ref(0.0)},
}}

// student is what a table says of one, in a form for people.
type outcome struct {
	ID, School, Class string
	Values            []string // "-": absent, "!": faulty
}

type reading struct {
	Students []outcome
	Problems []string
	Counts   map[string]int
	Err      string
}

// read reads a whole table and gives its row groups as one.
func read(t testing.TB, in io.Reader, o table.Options) reading {
	t.Helper()
	s, err := table.Open(in, o)
	if err != nil {
		return reading{Err: err.Error()}
	}
	got := reading{Counts: map[string]int{}}
	for {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			if _, again := s.Next(); again != err { //nolint:errorlint // the very same
				t.Errorf("after %v comes %v", err, again)
			}
			got.Err = err.Error()
			return got
		}
		for _, c := range p.Columns() {
			if c.Whole != !slices.ContainsFunc(c.Presence, func(p student.Presence) bool { return p != student.Present }) {
				t.Errorf("column %s: whole is %v", c.Name(), c.Whole)
			}
		}
		for i, id := range p.IDs {
			got.Students = append(got.Students, outcome{strings.Clone(id), p.Schools[i], p.Classes[i], values(p, i)})
		}
		for _, problem := range p.Problems {
			got.Problems = append(got.Problems, problem.Error())
		}
		for _, c := range p.ProblemCounts {
			got.Counts[c.Column+": "+c.Fault] += c.Count
		}
	}
}

func values(p *student.Population, i int) []string {
	var all []string
	for _, c := range p.Columns() {
		v, presence := c.Any(i)
		switch presence {
		case student.Absent:
			all = append(all, "-")
		case student.Faulty:
			all = append(all, "!")
		default:
			all = append(all, export.Text(v))
		}
	}
	return all
}

func TestRead(t *testing.T) {
	const header = "id,school,class,birth,days,flag,grade,langs,levels,name,score,scores\n"
	for name, c := range map[string]struct {
		text string
		want reading
	}{
		"every type": {
			header + "a,S1,C1,2010-02-03,2025-09-01;2025-09-02,true,7,en;es,1;2,Ann,95.5,1;2.5\nb,S1,,2010-02-03T23:30:00-05:00,,FALSE,-2,,,,0,\n",
			reading{Students: []outcome{
				{"a", "S1", "C1", []string{"2010-02-03", "2025-09-01;2025-09-02", "true", "7", "en;es", "1;2", "Ann", "95.5", "1;2.5"}},
				{"b", "S1", "", []string{"2010-02-04", "-", "false", "-2", "-", "-", "-", "0", "-"}},
			}},
		},
		"columns in another order, and unknown ones": {
			"x,score,id\n1,2,a\n", reading{Students: []outcome{{"a", "", "", []string{"-", "-", "-", "-", "-", "-", "-", "2", "-"}}}},
		},
		"quotes, line ends and a byte order mark": {
			"\xef\xbb\xbf\"id\",\"name\"\r\n\"a\",\"x,\"\"y\"\"\"\r\n\r\n\"b\",\"p\r\nq\"\r\n", reading{Students: []outcome{
				{"a", "", "", []string{"-", "-", "-", "-", "-", "-", `x,"y"`, "-", "-"}},
				{"b", "", "", []string{"-", "-", "-", "-", "-", "-", "p\nq", "-", "-"}},
			}},
		},
		"blanks around numbers, dates and truth values": {
			"id,birth,flag,grade,levels,score\na, 2010-02-03 , true ,\t7, 1 ; 2 , 5 \n", reading{Students: []outcome{
				{"a", "", "", []string{"2010-02-03", "-", "true", "7", "-", "1;2", "-", "5", "-"}},
			}},
		},
		"texts are as they are": {
			"id,name,langs\na, x ,a; b;\n", reading{Students: []outcome{{"a", "", "", []string{"-", "-", "-", "-", "a; b;", "-", " x ", "-", "-"}}}},
		},
		"only a header": {"id,score\n", reading{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, strings.NewReader(c.text), table.Options{Model: all})
			got.Problems, got.Counts = nil, nil // those of absent columns
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFaulty: what cannot be read is Faulty and reported, and nothing else is.
func TestFaulty(t *testing.T) {
	for name, c := range map[string]struct {
		attribute bundle.Attribute
		field     string
		fault     string
	}{
		"a word for a number":       {bundle.Attribute{Type: bundle.Number}, "ten", "not a number"},
		"not a number":              {bundle.Attribute{Type: bundle.Number}, "NaN", "not a number"},
		"beyond doubles":            {bundle.Attribute{Type: bundle.Number}, "1e400", "not a number"},
		"a fraction for an integer": {bundle.Attribute{Type: bundle.Integer}, "7.5", "not an integer"},
		"beyond 64 bits":            {bundle.Attribute{Type: bundle.Integer}, "9223372036854775808", "not an integer"},
		"below":                     {bundle.Attribute{Type: bundle.Integer, Minimum: ref(0.0)}, "-1", student.FaultBelowMinimum},
		"above":                     {bundle.Attribute{Type: bundle.Number, Maximum: ref(100.0)}, "100.5", student.FaultAboveMaximum},
		"truth":                     {bundle.Attribute{Type: bundle.Boolean}, "yes", "neither true nor false"},
		"date":                      {bundle.Attribute{Type: bundle.Date}, "2025-02-29", "not a date"},
		"long":                      {bundle.Attribute{Type: bundle.String, MaxLength: 3}, "four", student.FaultTooLong},
		"not UTF-8":                 {bundle.Attribute{Type: bundle.String}, "\xff", student.FaultNotUTF8},
		"an element":                {bundle.Attribute{Type: bundle.NumberList}, "1;2;x;4", "not a number"},
		"an empty element":          {bundle.Attribute{Type: bundle.IntegerList}, "1;;2", "not a number"},
		"an element below":          {bundle.Attribute{Type: bundle.NumberList, Minimum: ref(0.0)}, "1;-2", student.FaultBelowMinimum},
		"too many elements":         {bundle.Attribute{Type: bundle.StringList, MaxItems: 2}, "a;b;c", "more elements than the attribute's maxItems"},
	} {
		t.Run(name, func(t *testing.T) {
			good := map[bundle.Type]string{bundle.Number: "1", bundle.Integer: "1", bundle.Boolean: "true", bundle.Date: "2025-01-01", bundle.String: "x"}[c.attribute.Type.Element()]
			c.attribute.Name = "it"
			got := read(t, strings.NewReader("id,it\na,"+good+"\nb,"+c.field+"\nc,"+good+"\n"), table.Options{Model: bundle.Model{Attributes: []bundle.Attribute{c.attribute}}})
			for i, want := range []string{good, "!", good} {
				if got.Students[i].Values[0] != want {
					t.Errorf("student %d has %s, want %s", i, got.Students[i].Values[0], want)
				}
			}
			if len(got.Problems) != 1 || !strings.HasPrefix(got.Problems[0], "table: row 3: column it: "+c.fault) || strings.Contains(got.Problems[0], c.field) {
				t.Errorf("problems %q, want one of row 3 and column it that says %q without the value", got.Problems, c.fault)
			}
		})
	}
}

func TestFaultyRows(t *testing.T) {
	got := read(t, strings.NewReader("id,score,grade\n,1,1\na,1,2\n\xff,1,1\nb,1\nc,1,2,3\nd,4,5\n"), table.Options{
		Model: bundle.Model{Attributes: []bundle.Attribute{{Name: "grade", Type: bundle.Integer}, {Name: "score", Type: bundle.Number}, {Name: "zest", Type: bundle.String}}},
	})
	want := reading{
		Students: []outcome{{ID: "a", Values: []string{"2", "1", "-"}}, {ID: "b", Values: []string{"!", "!", "-"}}, {ID: "c", Values: []string{"!", "!", "-"}}, {ID: "d", Values: []string{"5", "4", "-"}}},
		Problems: []string{
			"table: column zest: the file lacks this column, so that the attribute is absent: export it, or leave the attribute out of the model",
			"table: row 2: column id: the id is empty: give the row an id",
			"table: row 4: column id: the id is not valid UTF-8: export as UTF-8",
			"table: row 5: the row has another number of fields than the header: enclose fields that hold a comma in quotes",
			"table: row 6: the row has another number of fields than the header: enclose fields that hold a comma in quotes",
		},
		Counts: map[string]int{
			"id: the id is empty": 1, "id: the id is not valid UTF-8": 1, ": the row has another number of fields than the header": 2,
			"zest: the file lacks this column, so that the attribute is absent": 1,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	score := bundle.Model{Attributes: []bundle.Attribute{{Name: "score", Type: bundle.Number}}}
	for name, c := range map[string]struct {
		text    string
		options table.Options
		want    string
	}{
		"empty":           {"", table.Options{}, "table: table: is empty, it lacks even the header: begin with a row of column names"},
		"UTF-16":          {"\xff\xfei\x00d\x00", table.Options{}, "table: table: is written in UTF-16: save it as UTF-8"},
		"no id":           {"ID,score\n", table.Options{Name: "t.csv"}, "table: t.csv: row 1: column id: is missing: name the column of the students' ids exactly so"},
		"a column twice":  {"id,score,score\n", table.Options{}, "table: table: row 1: column score: is there twice: give each column its own name"},
		"columns":         {"id,a,b\n", table.Options{Limits: table.Limits{Columns: 2}}, "table: table: row 1: has more than 2 columns: export fewer columns"},
		"descending":      {"id\nb\nsecret-a\na\n", table.Options{}, "table: table: row 4: column id: is not after the id of the row before: sort the rows by id in byte order (LC_ALL=C sort), and let each student have one row"},
		"twice":           {"id\na\na\n", table.Options{Rows: 1}, "table: table: row 3: column id: is not after the id of the row before: sort the rows by id in byte order (LC_ALL=C sort), and let each student have one row"},
		"stray quote":     {"id\na\n\n\"b\"c\n", table.Options{}, "table: table: row 3: line 4: quotes are not as RFC 4180 has them: enclose a field with quotes, commas or line ends in quotes and double each quote within"},
		"open quote":      {"id\na\n\"b", table.Options{}, "table: table: row 3: line 3: quotes are not as RFC 4180 has them: enclose a field with quotes, commas or line ends in quotes and double each quote within"},
		"a long row":      {"id\na\n" + strings.Repeat("b", 100), table.Options{Limits: table.Limits{Record: 99}}, "table: table: row 3: is longer than 99 bytes: look for a quote that is never closed or a line that never ends"},
		"drawn":           {"id\n", table.Options{Model: bundle.Model{Attributes: []bundle.Attribute{{Name: "x", Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{}}}}}}, `table: attribute "x": from: is drawn from another source: a table holds final values; leave out from`},
		"no type":         {"id\n", table.Options{Model: bundle.Model{Attributes: []bundle.Attribute{{Name: "x", Type: "Money"}}}}, `table: attribute "x": type: "Money" is no type: use Boolean, Integer, Number, String, Date or a list of one of the last four`},
		"attribute twice": {"id\n", table.Options{Model: bundle.Model{Attributes: []bundle.Attribute{{Name: "x", Type: "Number"}, {Name: "x", Type: "Date"}}}}, `table: attribute "x": name: is there twice: give each attribute its own name`},
	} {
		t.Run(name, func(t *testing.T) {
			if c.options.Model.Attributes == nil {
				c.options.Model = score
			}
			if got := read(t, strings.NewReader(c.text), c.options); got.Err != c.want {
				t.Errorf("error\n%s\nwant\n%s", got.Err, c.want)
			}
		})
	}
	cut := errors.New("cable cut")
	s, err := table.Open(io.MultiReader(strings.NewReader("id\na\nb"), iotest.ErrReader(cut)), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Next(); p != nil || !errors.Is(err, cut) {
		t.Errorf("a broken input gives %v, %v", p, err)
	}
}

// TestStream: neither the size of row groups nor the reuse of buffers nor the
// input's reads change what is read, and a population that is kept stays as it is.
func TestStream(t *testing.T) {
	text, model := wide(3000)
	text = strings.Replace(text, ",true,", ",perhaps,", 3)
	want := read(t, strings.NewReader(text), table.Options{Model: model})
	if len(want.Students) != 3000 || len(want.Problems) != 3 {
		t.Fatalf("%d students, problems %v, error %s", len(want.Students), want.Problems, want.Err)
	}
	for _, rows := range []int{1, 7, 1000, 1024, 1025, 2999, 3000, 3001} {
		for _, reuse := range []bool{false, true} {
			got := read(t, iotest.HalfReader(strings.NewReader(text)), table.Options{Model: model, Rows: rows, Reuse: reuse})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("row groups of %d, reuse %t (-want +got):\n%s", rows, reuse, diff)
			}
		}
	}

	s, err := table.Open(strings.NewReader(text), table.Options{Model: model, Rows: 100, Provenance: true})
	if err != nil {
		t.Fatal(err)
	}
	var kept []*student.Population
	for p, err := s.Next(); err == nil; p, err = s.Next() {
		kept = append(kept, p)
	}
	for g, p := range kept {
		for i, id := range p.IDs {
			n := 100*g + i
			if got := (outcome{id, p.Schools[i], p.Classes[i], values(p, i)}); !cmp.Equal(got, want.Students[n]) {
				t.Fatalf("student %d changed to %v, was %v", n, got, want.Students[n])
			}
			c := p.Columns()[0]
			if rows := c.Rows[c.RowOffsets[i]:c.RowOffsets[i+1]]; !slices.Equal(rows, []uint32{uint32(n + 2)}) {
				t.Fatalf("student %d is of rows %v, want %d", n, rows, n+2)
			}
		}
	}
}

// TestDictionary: a group's dictionary holds its own texts in order of
// appearance, however many texts other groups had.
func TestDictionary(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,name\n")
	for i := range 60_000 {
		fmt.Fprintf(&text, "%06d,%s\n", i, []string{"x", fmt.Sprint(i), ""}[i%3])
	}
	model := bundle.Model{Attributes: []bundle.Attribute{{Name: "name", Type: bundle.String}}}
	s, err := table.Open(strings.NewReader(text.String()), table.Options{Model: model, Rows: 3000})
	if err != nil {
		t.Fatal(err)
	}
	for g := 0; ; g++ {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		want := []string{"x"}
		for i := 3000 * g; i < 3000*(g+1); i++ {
			if i%3 == 1 {
				want = append(want, fmt.Sprint(i))
			}
		}
		if diff := cmp.Diff(want, p.Columns()[0].Dict); diff != "" {
			t.Fatalf("group %d (-want +got):\n%s", g, diff)
		}
	}
}

// TestProblemsAreBounded: all are counted, the first are kept, over all groups.
func TestProblemsAreBounded(t *testing.T) {
	text := "id,score\n"
	for i := range 100 {
		text += fmt.Sprintf("%03d,x\n", i)
	}
	got := read(t, strings.NewReader(text), table.Options{Model: bundle.Model{Attributes: []bundle.Attribute{{Name: "score", Type: bundle.Number}}}, Rows: 9, Limits: table.Limits{Problems: 10}})
	if len(got.Problems) != 10 || got.Counts["score: not a number"] != 100 {
		t.Errorf("%d kept, %d counted", len(got.Problems), got.Counts["score: not a number"])
	}
}

// TestViewTellsAttributesApart: attributes of one type are told apart by name.
func TestViewTellsAttributesApart(t *testing.T) {
	model := bundle.Model{Attributes: []bundle.Attribute{{Name: "a", Type: bundle.Number}, {Name: "b", Type: bundle.Number}}}
	s, err := table.Open(strings.NewReader("id,a,b\nx,1,2\n"), table.Options{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if a := p.View(model).Column("a").Floats[0]; a != 1 {
		t.Errorf("a is %v", a)
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	few, model := wide(1000)
	many, _ := wide(9000)
	allocs := func(text string) float64 {
		return testing.AllocsPerRun(3, func() {
			s, err := table.Open(strings.NewReader(text), table.Options{Model: model, Rows: 1000, Reuse: true})
			for p := (*student.Population)(nil); err == nil; p, err = s.Next() {
				_ = p
			}
		})
	}
	if perGroup := (allocs(many) - allocs(few)) / 8; perGroup > 200 {
		t.Errorf("%v allocations for a further group of 1,000 rows", perGroup)
	}
}

// FuzzTable reads anything: no panic, the same in row groups of any size and
// reads of any length, and what encoding/csv and strconv make of it.
func FuzzTable(f *testing.F) {
	f.Add([]byte("id,school,class,birth,days,flag,grade,langs,levels,name,score,scores\na,S1,C1,2010-02-03,2025-09-01;2025-09-02,true,7,en;es,1;2,Ann,95.5,1;2.5\nb,S1,,2010-02-03T23:30:00Z,,FALSE,-2,,,,0,\n"), uint8(1))
	f.Add([]byte("id,name,score\n\"a\",\"x\"\"y\",1e2\nb\nc,,,\n,,\nd,\"\r\n\", 5\n"), uint8(2))
	f.Add([]byte("\xef\xbb\xbfid,langs\n1,;;;\n2,a;b;c;d\n10,x\n"), uint8(3))
	f.Fuzz(func(t *testing.T, text []byte, rows uint8) {
		against(t, string(text), int(rows)+1)
	})
}

// TestAgainstLibrary reads generated tables full of faults.
func TestAgainstLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	fields := []string{"", "", "1", "7", "-3", "95.5", "101", "-0", "1e2", "x", "true", "False", "2024-02-29", "2025-02-29", "2025-01-01T23:00:00Z", "en;es", "a;b;c;d", "1;2;3", "1;;2", "1;2.5", `"a,b"`, `"x""y"`, "\"p\r\nq\"", " 5 ", "\xff", "verylongname", ";", "\u00a07"}
	for range 3000 {
		var text strings.Builder
		columns := []string{"id", "school", "class", "birth", "days", "flag", "grade", "langs", "levels", "name", "score", "scores", "other"}
		random.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
		if i := slices.Index(columns, "id"); random.IntN(20) > 0 {
			columns = columns[:max(i+1, random.IntN(len(columns)+1))]
		}
		text.WriteString(strings.Join(columns, ",") + "\n")
		for row := range random.IntN(12) {
			for i, name := range columns {
				if i > 0 {
					text.WriteString(",")
				}
				if name == "id" {
					fmt.Fprintf(&text, "%02d", row+random.IntN(40)/39)
				} else {
					text.WriteString(fields[random.IntN(len(fields))])
				}
			}
			text.WriteString([]string{"\n", "\n", "\n", "\r\n", ",\n", "\n\n"}[random.IntN(6)])
		}
		against(t, text.String(), random.IntN(5)+1)
	}
}

func against(t *testing.T, text string, rows int) {
	t.Helper()
	options := table.Options{Model: all, Rows: rows, Reuse: true, Limits: table.Limits{Record: 1 << 12, Columns: 64, Problems: 1 << 20}}
	got := read(t, iotest.OneByteReader(strings.NewReader(text)), options)
	options.Rows, options.Reuse = 1<<20, false
	// In one group, an error comes before any student.
	whole := read(t, strings.NewReader(text), options)
	if got.Err != whole.Err {
		t.Fatalf("%q: error %q in small groups, %q in one", text, got.Err, whole.Err)
	}
	if got.Err != "" {
		return
	}
	if diff := cmp.Diff(whole.Students, got.Students, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%q (-one group +small groups):\n%s", text, diff)
	}
	if diff := cmp.Diff(library(t, text), got.Students, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%q (-encoding/csv +table):\n%s", text, diff)
	}
}

// library is what encoding/csv, strconv and package time make of a table that
// can be read.
func library(t *testing.T, text string) (all []outcome) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%q: encoding/csv: %v", text, err)
		}
		ragged := len(record) != len(header)
		field := func(name string) (string, bool) {
			i := slices.Index(header, name)
			if i < 0 || i >= len(record) {
				return "", i >= 0
			}
			return record[i], true
		}
		one := outcome{Values: []string{}}
		if one.ID, _ = field("id"); one.ID == "" || !utf8.ValidString(one.ID) {
			continue
		}
		if !ragged {
			one.School, _ = field("school")
			one.Class, _ = field("class")
			for _, place := range []*string{&one.School, &one.Class} {
				if !utf8.ValidString(*place) {
					*place = ""
				}
			}
		}
		for _, a := range allAttributes {
			text, there := field(a.Name)
			switch {
			case there && ragged:
				one.Values = append(one.Values, "!")
			case text == "":
				one.Values = append(one.Values, "-")
			default:
				one.Values = append(one.Values, libraryValue(a, text))
			}
		}
		all = append(all, one)
	}
}

var allAttributes = all.Attributes

func libraryValue(a bundle.Attribute, text string) string {
	elements := []string{text}
	if a.Type.IsList() {
		elements = strings.Split(text, ";")
	}
	if len(elements) > student.MaxItems(a) {
		return "!"
	}
	for i, e := range elements {
		switch trimmed := strings.TrimSpace(e); a.Type.Element() {
		case bundle.String:
			if len(e) > student.MaxLength(a) || !utf8.ValidString(e) {
				return "!"
			}
		case bundle.Boolean:
			if !strings.EqualFold(trimmed, "true") && !strings.EqualFold(trimmed, "false") {
				return "!"
			}
			elements[i] = strconv.FormatBool(strings.EqualFold(trimmed, "true"))
		case bundle.Date:
			at, err := time.Parse(time.DateOnly, trimmed)
			if err != nil {
				at, err = time.Parse(time.RFC3339, trimmed)
			}
			if err != nil || at.Year() < 1 || len(trimmed) > 10 && (at.Year() < 2 || at.Year() > 9998) {
				return "!"
			}
			elements[i] = at.UTC().Format(time.DateOnly)
		default:
			v, err := strconv.ParseFloat(trimmed, 64)
			if err != nil || strings.Trim(trimmed, "0123456789.+-eE") != "" || a.Minimum != nil && v < *a.Minimum || a.Maximum != nil && v > *a.Maximum {
				return "!"
			}
			elements[i] = strconv.FormatFloat(v, 'g', -1, 64)
			if a.Type.Element() == bundle.Integer {
				n, err := strconv.ParseInt(trimmed, 10, 64)
				if err != nil {
					if v != float64(int64(v)) || v > 1<<53 || v < -1<<53 {
						return "!"
					}
					n = int64(v)
				}
				elements[i] = strconv.FormatInt(n, 10)
			}
		}
	}
	return strings.Join(elements, ";")
}

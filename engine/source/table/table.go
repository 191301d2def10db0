// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package table reads students from a flat CSV file, one row a student, as a
// stream of populations: one row group after another, in memory that does not
// grow with the file. docs/table-source.md says what the file looks like.
//
// A table holds final values: nothing is selected or aggregated, so that its
// attributes declare no from. Whoever wants values drawn from rosters and
// results reads them by package oneroster.
package table

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/csv"
	"github.com/juncture-dev/juncture/engine/student"
)

// Kind is the Origin.Kind of populations that this package reads.
const Kind = "table-csv"

// Options say what to read of a table.
type Options struct {
	// Name is what errors and problems call the file. Default "table".
	Name string
	// District is the name that the populations bear.
	District string
	// At is the instant of evaluation that the populations bear.
	At time.Time
	// Zone is the district's time zone: it says which day a date with a time is.
	// Nil means UTC.
	Zone *time.Location
	// Digest identifies the content, if the caller knows it beforehand; it
	// becomes the populations' Origin.Digest. A stream's own digest is known only
	// at its end: whoever needs that hashes what Open reads.
	Digest string
	// Model declares the attributes to read. Each is the column whose header is
	// the attribute's name.
	Model bundle.Model
	// ID, School and Class are the headers of these columns. Default "id",
	// "school" and "class"; only the first must be there.
	ID, School, Class string
	// Rows is the most students of a population: the row group's size. Default 65,536.
	Rows int
	// Reuse allows to use a population's columns again: it is then valid only
	// until the next call of Next, and must not be held, nor columns of it. Without
	// it each population keeps what it has.
	Reuse bool
	// Provenance records for each value the row of the file.
	Provenance bool
	// Limits bound the cost. The zero value means the defaults.
	Limits Limits
}

// Limits bound what a table may cost, whatever it holds. A zero member means the
// default.
type Limits struct {
	// Record is the most bytes of one row. Default 1 MiB.
	Record int
	// Columns is the most columns. Default 1,024.
	Columns int
	// Problems is the most problems kept of the whole file; all are counted.
	// Default 1,000.
	Problems int
}

func (o *Options) setDefaults() {
	o.Name, o.ID, o.School, o.Class = cmp.Or(o.Name, "table"), cmp.Or(o.ID, "id"), cmp.Or(o.School, "school"), cmp.Or(o.Class, "class")
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	orElse := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	orElse(&o.Rows, 1<<16)
	orElse(&o.Limits.Record, 1<<20)
	orElse(&o.Limits.Columns, 1024)
	orElse(&o.Limits.Problems, 1000)
}

// Source is an open table.
type Source struct {
	options Options
	csv     *csv.Reader
	err     error // of Next

	width             int // columns of the header
	id, school, class int // their places; −1: the table lacks the column
	columns           []column
	absent            []string // attributes that the table has no column for
	row               int      // the last one read; 1 is the header

	// The row group that is being read.
	room      int // rows that the columns have room for
	ids       []byte
	ends      []int
	rows      []uint32
	schools   []string
	classes   []string
	places    *dictionary // schools and classes
	problems  []student.Problem
	counts    map[kind]int
	kept      int
	last      []byte // the greatest id of the groups before
	idStrings []string
}

// Open begins to read a table: it reads the header. The error is an *Error, or
// says what is wrong with the model.
func Open(in io.Reader, o Options) (*Source, error) {
	o.setDefaults()
	s := &Source{options: o, counts: map[kind]int{}}
	if err := checkModel(o.Model); err != nil {
		return nil, err
	}
	in, err := csv.SkipMark(in)
	if err != nil {
		return nil, s.readError(err)
	}
	s.csv = csv.NewReader(in)
	s.csv.MaxRecord = o.Limits.Record
	if err := s.readHeader(); err != nil {
		return nil, err
	}
	return s, nil
}

func checkModel(m bundle.Model) error {
	seen := map[string]bool{}
	for _, a := range m.Attributes {
		switch a.Type.Element() {
		case bundle.Boolean, bundle.Integer, bundle.Number, bundle.String, bundle.Date:
		default:
			return fmt.Errorf("table: attribute %q: type: %q is no type: use Boolean, Integer, Number, String, Date or a list of one of the last four", a.Name, a.Type)
		}
		if a.From != (bundle.From{}) {
			return fmt.Errorf("table: attribute %q: from: is drawn from another source: a table holds final values; leave out from", a.Name)
		}
		if seen[a.Name] {
			return fmt.Errorf("table: attribute %q: name: is there twice: give each attribute its own name", a.Name)
		}
		seen[a.Name] = true
	}
	return nil
}

func (s *Source) readHeader() error {
	if !s.csv.Next() {
		if err := s.csv.Err(); err != nil {
			return s.readError(err)
		}
		return &Error{File: s.options.Name, Fault: "is empty, it lacks even the header", Mend: "begin with a row of column names"}
	}
	s.width = s.csv.Len()
	if s.width > s.options.Limits.Columns {
		return s.refuse("", "has more than "+strconv.Itoa(s.options.Limits.Columns)+" columns", "export fewer columns")
	}
	header := map[string]int{}
	for i := range s.width {
		name := string(s.csv.Field(i))
		if _, twice := header[name]; twice && name != "" {
			return s.refuse(printable(name), "is there twice", "give each column its own name")
		}
		header[name] = i
	}
	place := func(name string) int {
		if i, ok := header[name]; ok {
			return i
		}
		return -1
	}
	s.id, s.school, s.class = place(s.options.ID), place(s.options.School), place(s.options.Class)
	if s.id < 0 {
		return s.refuse(s.options.ID, "is missing", "name the column of the students' ids exactly so")
	}
	seed := maphash.MakeSeed()
	s.places = newDictionary(seed)
	for _, a := range s.options.Model.Attributes {
		c := newColumn(a, place(a.Name), seed)
		if c.place < 0 {
			s.absent = append(s.absent, a.Name)
		}
		s.columns = append(s.columns, c)
	}
	s.row = 1
	return nil
}

// printable keeps what comes out of a file from spoiling a log line.
func printable(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Trim(strconv.QuoteToASCII(s), `"`)
}

// Next reads the next row group. At the end of the table it is io.EOF; any
// other error is an *Error and means that the table cannot be trusted any
// further: no students of the row group in which it lies are given.
//
// Single faulty values are no error: see Population.Problems, which like the
// counts are those of the row group.
func (s *Source) Next() (*student.Population, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.begin()
	for len(s.ends) < s.options.Rows && s.csv.Next() {
		if err := s.readRow(); err != nil {
			s.err = err
			return nil, err
		}
	}
	if err := s.csv.Err(); err != nil {
		s.err = s.readError(err)
		return nil, s.err
	}
	if len(s.ends) == 0 && len(s.problems) == 0 && len(s.counts) == 0 {
		s.err = io.EOF
		return nil, s.err
	}
	return s.population(), nil
}

func (s *Source) begin() {
	s.ids, s.ends = s.ids[:0], s.ends[:0]
	if !s.options.Reuse {
		s.rows = make([]uint32, 0, cap(s.rows))
		s.schools, s.classes = make([]string, 0, cap(s.schools)), make([]string, 0, cap(s.classes))
		s.idStrings = nil
	}
	s.rows, s.schools, s.classes = s.rows[:0], s.schools[:0], s.classes[:0]
	s.problems = nil
	clear(s.counts)
	s.places.begin(true)
	// The group before tells how many rows to foresee: a short table costs little.
	s.room = max(s.room, min(fewRows, s.options.Rows))
	for i := range s.columns {
		s.columns[i].begin(s.room, s.options.Reuse)
	}
}

// fewRows is the room that columns begin with.
const fewRows = 1 << 10

// grow gives the columns more room.
func (s *Source) grow() {
	s.room = min(2*s.room, s.options.Rows)
	for i := range s.columns {
		s.columns[i].reserve(s.room)
	}
}

// readRow reads the row that the csv reader stands on.
func (s *Source) readRow() error {
	if s.row == student.MaxRow {
		return &Error{File: s.options.Name, Fault: "has more than 2,147,483,647 rows", Mend: "provide several tables"}
	}
	record := s.csv.Record()
	var id []byte
	if s.id < record.Len() {
		id = record.Field(s.id)
	}
	if len(id) == 0 || !utf8.Valid(id) {
		s.row++
		s.problem(s.row, s.options.ID, badID(id))
		return nil
	}
	if bytes.Compare(id, s.last) <= 0 {
		return s.refuse(s.options.ID, "is not after the id of the row before", "sort the rows by id in byte order (LC_ALL=C sort), and let each student have one row")
	}
	s.row++
	n := len(s.ends)
	if n == s.room {
		s.grow()
	}
	begin := len(s.ids)
	s.ids = append(s.ids, id...)
	s.last = s.ids[begin:]
	s.ends = append(s.ends, len(s.ids))
	if s.options.Provenance {
		s.rows = append(s.rows, uint32(s.row))
	}
	if record.Len() != s.width {
		s.ragged(n)
		return nil
	}
	s.schools = append(s.schools, s.place(s.school, s.options.School))
	s.classes = append(s.classes, s.place(s.class, s.options.Class))
	for i := range s.columns {
		c := &s.columns[i]
		if c.place < 0 {
			c.missing(n, student.Absent)
			continue
		}
		field := record.Field(c.place)
		if len(field) == 0 {
			c.missing(n, student.Absent)
			continue
		}
		if bad := c.value(n, field, s.options.Zone); bad != fine {
			s.problem(s.row, c.attribute.Name, bad)
		}
	}
	return nil
}

func badID(id []byte) fault {
	if len(id) == 0 {
		return faultNoID
	}
	return faultIDNotUTF8
}

// ragged is a row of which it cannot be said which field belongs to which column.
func (s *Source) ragged(n int) {
	s.problem(s.row, "", faultRagged)
	s.schools = append(s.schools, "")
	s.classes = append(s.classes, "")
	for i := range s.columns {
		if c := &s.columns[i]; c.place < 0 {
			c.missing(n, student.Absent)
		} else {
			c.missing(n, student.Faulty)
		}
	}
}

// place is the text of the school or class.
func (s *Source) place(column int, name string) string {
	if column < 0 {
		return ""
	}
	field := s.csv.Field(column)
	if len(field) == 0 {
		return ""
	}
	t, ok := s.places.text(field)
	if !ok {
		s.problem(s.row, name, faultNotUTF8)
	}
	return t
}

// population makes a population of the row group.
func (s *Source) population() *student.Population {
	s.last = slices.Clone(s.last) // the ids' memory is used again
	all := string(s.ids)
	ids := slices.Grow(s.idStrings[:0], len(s.ends))
	from := 0
	for _, end := range s.ends {
		ids = append(ids, all[from:end])
		from = end
	}
	s.idStrings = ids
	columns := make([]*student.Column, len(s.columns))
	for i := range s.columns {
		columns[i] = s.columns[i].end(len(ids))
	}
	if s.options.Provenance {
		s.trace(columns)
	}
	p := student.New(s.options.District, s.options.At, s.options.Zone, student.Origin{Kind: Kind, Digest: s.options.Digest}, ids, s.schools, s.classes, columns)
	p.Problems = s.problems
	for _, name := range s.absent {
		// Each group says it: each lacks the attribute.
		p.Problems = append([]student.Problem{{File: s.options.Name, Column: name, Fault: faults[faultColumnAbsent].what, Mend: faults[faultColumnAbsent].mend}}, p.Problems...)
		s.counts[kind{name, faultColumnAbsent}]++
	}
	p.ProblemCounts = s.problemCounts()
	return p
}

// trace gives each value the row that it stands in. A row is a student, so that
// all columns share this.
func (s *Source) trace(columns []*student.Column) {
	offsets := make([]uint32, len(s.rows)+1)
	for i := range offsets {
		offsets[i] = uint32(i)
	}
	for _, c := range columns {
		c.Rows, c.RowOffsets = s.rows, offsets
	}
}

func (s *Source) problemCounts() []student.ProblemCount {
	var counts []student.ProblemCount
	for k, n := range s.counts {
		counts = append(counts, student.ProblemCount{File: s.options.Name, Column: k.column, Fault: faults[k.fault].what, Mend: faults[k.fault].mend, Count: n})
	}
	slices.SortFunc(counts, func(a, b student.ProblemCount) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Fault, b.Fault))
	})
	return counts
}

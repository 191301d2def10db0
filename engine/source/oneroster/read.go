// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"context"
	"hash/maphash"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/source/intern"
	"github.com/juncture-dev/juncture/engine/student"
)

// Kind is the Origin.Kind of populations that this package reads.
const Kind = "oneroster-csv"

// Options say what to read of an export.
type Options struct {
	// District is the name that the population bears.
	District string
	// At is the instant of evaluation: nothing dated after it is seen.
	At time.Time
	// Zone is the district's time zone. It says which calendar day At is. Nil
	// means UTC.
	Zone *time.Location
	// Plan says which attributes to read. Each must pass Check. Nil reads the
	// students alone.
	Plan *student.Plan
	// Limits bound the cost. The zero value means the defaults.
	Limits Limits
	// Progress, if not nil, is told now and then how many uncompressed bytes
	// of how many have been read; at last with both equal.
	Progress func(bytesDone, bytesTotal int64)
}

// Read reads the export at path, a zip or a folder.
//
// An error means that the export as a whole cannot be trusted; it is an *Error,
// an error of Check, or the context's. Single faulty rows are no error: see
// Population.Problems.
func Read(ctx context.Context, path string, o Options) (*student.Population, error) {
	a, err := openArchive(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return read(ctx, a, o)
}

// ReadZip reads a zip of size bytes.
func ReadZip(ctx context.Context, in io.ReaderAt, size int64, o Options) (*student.Population, error) {
	a, err := zipArchive(in, size)
	if err != nil {
		return nil, err
	}
	return read(ctx, a, o)
}

// ReadFS reads a folder of CSV files.
func ReadFS(ctx context.Context, folder fs.FS, o Options) (*student.Population, error) {
	a, err := folderArchive(folder)
	if err != nil {
		return nil, err
	}
	return read(ctx, a, o)
}

// reader is the state of reading one export.
type reader struct {
	archive  *archive
	zone     *time.Location
	today    int32
	seed     maphash.Seed
	meter    *meter
	sums     digests
	problems *problems
	manifest manifest

	all  []*planned
	plan map[string][]*planned // by file

	// The files that lead from one to another.
	sessions, orgs, courses, classes *side
	classSpan                        []span
	termsOf                          [][]uint32 // class → academic sessions
	courseOf                         []uint32   // class → course
	feeds                            *feeds     // line item → attributes

	roles       *roleTable // 1.2 only
	roster      *roster
	enrollments *reached
	results     *intern.Table
}

func read(ctx context.Context, a *archive, o Options) (*student.Population, error) {
	limits := o.Limits.withDefaults()
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	r := &reader{
		archive: a, zone: o.Zone, today: day(o.At, o.Zone), seed: maphash.MakeSeed(),
		meter: &meter{ctx: ctx, limits: limits, expected: a.size(), progress: o.Progress},
		sums:  digests{}, problems: newProblems(limits.Problems), plan: map[string][]*planned{},
	}
	for _, attribute := range o.Plan.Attributes() {
		if err := Check(attribute); err != nil {
			return nil, err
		}
		p := newPlanned(attribute, r.today)
		r.all = append(r.all, p)
		r.plan[p.from.File] = append(r.plan[p.from.File], p)
	}
	// Small files first, so that each row of the large ones finds at once where
	// it belongs and nothing has to be kept for later.
	for _, step := range []func() error{
		r.readManifest, r.checkAvailable,
		r.readSessionsAndOrgs, r.readCoursesAndClasses, r.readLineItems,
		r.readRoles, r.readUsers, r.readEnrollments, r.readDemographics, r.readResults,
		r.readRest,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.population(o), nil
}

func (r *reader) open(name string, required []string) (*rows, error) {
	return openRows(r.archive, name, required, r.meter, r.sums, r.seed)
}

// checkAvailable finds the attributes that need a file which the export lacks.
func (r *reader) checkAvailable() error {
	for _, p := range r.all {
		for _, file := range p.needs() {
			if !r.manifest.bulk[file] {
				p.unavailable = true
				r.problems.once(csvName(file), "", faultFileAbsent)
			}
		}
	}
	return nil
}

// place finds an attribute's columns in an open file.
func (r *reader) place(t *rows, p *planned) {
	p.field, p.order = t.column(p.from.Field), -1
	if p.field < 0 {
		p.unavailable = true
		r.problems.once(t.name, p.from.Field, faultColumnAbsent)
	}
	if order := p.orderColumn(); order != "" {
		if p.order = t.column(order); p.order < 0 {
			p.unavailable = true
			r.problems.once(t.name, order, faultColumnAbsent)
		}
	}
}

func (r *reader) readSessionsAndOrgs() (err error) {
	if r.sessions, err = r.readSide(academicSessions, "startDate", "endDate"); err != nil {
		return err
	}
	r.orgs, err = r.readSide(orgs, "type")
	return err
}

func (r *reader) readCoursesAndClasses() (err error) {
	needed := slices.ContainsFunc(r.all, func(p *planned) bool { return slices.Contains(p.needs(), courses) })
	r.courses = &side{ids: intern.New(r.seed)}
	if needed {
		if r.courses, err = r.readSide(courses, "title", "courseCode"); err != nil {
			return err
		}
	}
	if r.classes, err = r.readSide(classes, "title", "classCode", "courseSourcedId", "termSourcedIds"); err != nil {
		return err
	}
	r.classSpan, r.termsOf = r.classSpans(r.classes, r.sessions)
	if needed && r.manifest.bulk[courses] {
		r.courseOf = r.link(r.classes, "courseSourcedId", r.courses, faultUnknownCourse)
	} else {
		r.courseOf = make([]uint32, r.classes.len())
	}
	return nil
}

// readRest reads what nobody needs, as the digest covers it too.
func (r *reader) readRest() error {
	for _, name := range r.archive.names() {
		if _, done := r.sums[name]; done {
			continue
		}
		if err := r.sums.drain(r.archive, name, r.meter); err != nil {
			return err
		}
	}
	r.meter.tell(true)
	return nil
}

// population makes columns of all that was read.
func (r *reader) population(o Options) *student.Population {
	ids, order := r.roster.sorted()
	schools, classes := r.schoolsAndClasses(order)
	columns := r.columns(len(ids), order)
	origin := student.Origin{Kind: Kind, Digest: r.sums.digest(r.archive)}
	pop := student.New(o.District, o.At, o.Zone, origin, ids, schools, classes, columns)
	r.problems.report(pop)
	return pop
}

// columns makes the attributes' columns, several at once. What they find wrong is
// reported in the attributes' order, whatever is done first.
func (r *reader) columns(students int, order []int32) []*student.Column {
	type fault struct {
		row  uint32
		what string
	}
	columns, faults := make([]*student.Column, len(r.all)), make([][]fault, len(r.all))
	var work errgroup.Group
	work.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	for i, p := range r.all {
		work.Go(func() error {
			columns[i] = p.builder.Column(student.Layout{
				Len: students, Rows: order, Today: r.today,
				Compare: r.compare(p), Provenance: true, Dated: !oneRow(p.from.File), Unavailable: p.unavailable,
				Fault: func(row uint32, what string) { faults[i] = append(faults[i], fault{row, what}) },
			})
			return nil
		})
	}
	_ = work.Wait() // none fails
	for i, p := range r.all {
		for _, f := range faults[i] {
			r.problems.add(csvName(p.from.File), f.row, p.from.Field, asFault(f.what))
		}
	}
	return columns
}

// compare orders an attribute's facts of one day by the sourcedId of their rows.
func (r *reader) compare(p *planned) func(a, b uint32) int {
	switch p.from.File {
	case results:
		return r.results.Compare
	case enrollments:
		return r.enrollments.ids.Compare
	case classes:
		return r.classes.ids.Compare
	case courses:
		return r.courses.ids.Compare
	case orgs:
		return r.orgs.ids.Compare
	case academicSessions:
		return r.sessions.ids.Compare
	}
	return nil
}

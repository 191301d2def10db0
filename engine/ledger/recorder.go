// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// Record implements Store.
func (l *Ledger) Record(ctx context.Context, runs ...Recorded) (Recorder, error) {
	return l.record(ctx, runs)
}

func (l *Ledger) record(ctx context.Context, runs []Recorded) (r *recording, err error) {
	if l.write == nil {
		return nil, ErrReadOnly
	}
	select {
	case l.recording <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r = &recording{l: l, wanted: map[[16]byte]bool{}, earlier: map[string]*earlier{}, open: true}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	for _, one := range runs {
		if err := r.begin(ctx, one); err != nil {
			return r, err
		}
	}
	return r, nil
}

// recording is runs on their way into the record.
type recording struct {
	l    *Ledger
	open bool
	runs []*recordedRun

	// Of the reading; nil until the first part.
	population *student.Population // the newest part
	reading    Hash
	size       int
	last       string // student; of no meaning where size is 0
	ended      bool   // a part was the last that has students
	snapshot   *snapshotWriter
	files      [2]*stagedFile // snapshot and segment
	segment    *segmentWriter

	keys    *keyMerge // nil if no run has leaves
	earlier map[string]*earlier
	wanted  map[[16]byte]bool // students whom a part's tasks are about
	met     [][16]byte        // those of them who are in the part
	workers []*recordWorker
	err     error // of an Append: nothing more can be appended
}

// recordedRun is one of them.
type recordedRun struct {
	Run
	again     bool // it was committed before
	dropped   bool
	bundle    *bundle.Bundle
	canonical []byte // bundle
	mode      bundle.Mode
	proof     Proof
	fields    []string
	kinds     []valueKind // of the fields, as far as known
	standing  standing    // of the process, before this run
	before    *Run        // whose decisions it supersedes, nil for none
	earlier   *earlier    // the students of that run

	header segmentRun
	roots  []Hash // of groups
	states [256]int
	tasks  []decision.Task
	places []Place
}

func (r *recording) begin(ctx context.Context, one Recorded) error {
	run, err := r.l.run(ctx, one.Run)
	if err != nil {
		return err
	}
	k := &recordedRun{Run: run, bundle: one.Bundle, canonical: one.Canonical, proof: cmp.Or(one.Proof, r.l.proof)}
	if run.State == RunCommitted {
		k.again = true
		r.runs = append(r.runs, k)
		return nil
	}
	if err := r.check(k); err != nil {
		return fmt.Errorf("run %s: %w", run.ID, err)
	}
	if k.standing, err = r.l.standing(ctx, run.Process); err != nil {
		return err
	}
	k.header = segmentRun{
		Process: run.Process, Revision: run.Revision, Run: run.ID, Trigger: run.Trigger, At: run.At.UTC(), Fields: k.fields, Proof: k.proof,
	}
	if k.before = k.standing.upTo(k.mode); k.before != nil {
		k.header.Supersedes = decision.RunPart(k.before.Revision, k.before.Trigger)
		if k.earlier, err = r.studentsOf(k.before); err != nil {
			return err
		}
	}
	r.runs = append(r.runs, k)
	return nil
}

// check holds a run's bundle to how the run was begun.
func (r *recording) check(k *recordedRun) (err error) {
	if k.proof != ProofPerDecision && k.proof != ProofPerRun {
		return refuse("proof %q is not known, only %q and %q", k.proof, ProofPerDecision, ProofPerRun)
	}
	if k.bundle == nil {
		return refuse("a commit needs the bundle and the population")
	}
	if k.canonical == nil {
		if k.canonical, err = k.bundle.Canonical(); err != nil {
			return refuse("%w", err)
		}
	}
	if len(k.canonical) > bundle.MaxSize {
		return refuse("the bundle's canonical form has %d bytes, at most are %d", len(k.canonical), bundle.MaxSize)
	}
	if digest := string(bundle.DigestOf(k.canonical)); digest != k.Revision || k.bundle.Process.Name != k.Process {
		return refuse("the bundle is %s of process %s, the run was begun with %s of %s", digest, k.bundle.Process.Name, k.Revision, k.Process)
	}
	k.mode, k.fields = k.bundle.Process.Mode, []string{}
	for _, f := range k.bundle.Process.Result {
		k.fields = append(k.fields, f.Name)
	}
	if k.kinds = make([]valueKind, len(k.fields)); len(k.fields) > 64 {
		return refuse("the process has %d result fields, at most 64 can be recorded", len(k.fields))
	}
	for _, other := range r.runs {
		if other.Process == k.Process {
			return refuse("two runs of one process in one recording")
		}
		if !other.again && !other.At.Equal(k.At) {
			return refuse("the runs of one recording are of different instants")
		}
	}
	return nil
}

// earlier is the students of an earlier run, walked through in step with those of
// the recording. Runs that were decided on one reading share one.
type earlier struct {
	l        *Ledger
	snapshot *snapshotFile
	group    int
	ids      []string
	at       int
	// in says of each student of the newest part whether that run decided about
	// the student, too.
	in []bool
}

func (r *recording) studentsOf(run *Run) (*earlier, error) {
	if e := r.earlier[run.Snapshot]; e != nil {
		return e, nil
	}
	s, err := r.l.openSnapshot(run.Snapshot)
	if err != nil {
		return nil, err
	}
	e := &earlier{l: r.l, snapshot: s}
	r.earlier[run.Snapshot] = e
	return e, nil
}

// follow finds the students of a part, who come after all those before.
func (e *earlier) follow(students []string) (err error) {
	e.in = slices.Grow(e.in[:0], len(students))[:len(students)]
	for i, s := range students {
		for {
			for e.at < len(e.ids) && e.ids[e.at] < s {
				e.at++
			}
			if e.at < len(e.ids) || e.group == e.snapshot.groups() {
				break
			}
			if e.ids, err = e.snapshot.students(e.group); err != nil {
				return e.snapshot.fault(err)
			}
			e.group, e.at = e.group+1, 0
		}
		e.in[i] = e.at < len(e.ids) && e.ids[e.at] == s
	}
	return nil
}

// Append implements Recorder.
func (r *recording) Append(ctx context.Context, part *student.Population, runs []Decisions) error {
	if r.err == nil {
		r.err = r.append(ctx, part, runs)
	}
	return r.err
}

func (r *recording) append(ctx context.Context, part *student.Population, runs []Decisions) error {
	switch {
	case !r.open:
		return refuse("the recording has ended")
	case part == nil:
		return refuse("a commit needs the bundle and the population")
	case len(runs) != len(r.runs):
		return refuse("decisions of %d runs, recorded are %d", len(runs), len(r.runs))
	}
	if err := r.checkPart(part); err != nil {
		return err
	}
	if r.snapshot == nil {
		if err := r.start(part); err != nil {
			return err
		}
	}
	for _, e := range r.earlier {
		if err := e.follow(part.IDs); err != nil {
			return err
		}
	}
	batches := make([]*encodedBatch, len(runs))
	for i, k := range r.runs {
		if k.again || k.dropped {
			continue
		}
		if runs[i].Batch == nil {
			k.dropped, k.header.Dropped = true, true
			continue
		}
		var err error
		if batches[i], err = k.take(part, runs[i].Batch); err != nil {
			return fmt.Errorf("run %s: %w", k.ID, err)
		}
		if err := r.takeTasks(k, runs[i].Tasks); err != nil {
			return fmt.Errorf("run %s: %w", k.ID, err)
		}
	}
	keys, err := r.keysOf(ctx, part)
	if err != nil {
		return err
	}
	if err := r.writeGroups(ctx, part, batches, keys); err != nil {
		return err
	}
	if len(r.met) != len(r.wanted) {
		return refuse("a task is about no decision of its run and part")
	}
	clear(r.wanted)
	r.met = r.met[:0]
	if n := part.Len(); n > 0 {
		r.last, r.ended = part.IDs[n-1], n%GroupRows != 0
	}
	r.population, r.size = part, r.size+part.Len()
	return nil
}

// checkPart holds a part to the runs and to the parts before.
func (r *recording) checkPart(p *student.Population) error {
	if r.ended && p.Len() > 0 {
		return refuse("a part before the last has a number of students that is no multiple of %d", GroupRows)
	}
	if p.Len() > math.MaxInt32-r.size {
		return refuse("more than %d students", math.MaxInt32)
	}
	if len(p.Schools) != p.Len() || len(p.Classes) != p.Len() {
		return refuse("the population has %d students, %d schools and %d classes", p.Len(), len(p.Schools), len(p.Classes))
	}
	for _, k := range r.runs {
		if k.again || k.dropped {
			continue
		}
		if p.District != r.l.district || !p.At.Equal(k.At) {
			return refuse("the population is of district %s at %s, the run of %s at %s", p.District, formatTime(p.At), r.l.district, formatTime(k.At))
		}
		for _, a := range k.bundle.Information.Attributes {
			if !holds(p, a) {
				return refuse("the population has no column for the declared attribute %q", a.Name)
			}
		}
	}
	last, from := r.last, 0
	if r.size == 0 && p.Len() > 0 {
		last, from = p.IDs[0], 1
	}
	for i := from; i < p.Len(); i++ {
		if p.IDs[i] <= last {
			return refuse("the population's row %d is not in ascending order of student", r.size+i)
		}
		last = p.IDs[i]
	}
	if r.population == nil {
		return nil
	}
	return r.sameColumns(p)
}

// sameColumns: all parts are of one reading.
func (r *recording) sameColumns(p *student.Population) error {
	h, err := headerOf(p)
	if err != nil {
		return refuse("%w", err)
	}
	reading, err := readingOf(&h)
	if err != nil {
		return refuse("%w", err)
	}
	if reading != r.reading {
		return refuse("the part's columns, district, instant or zone are not those of the parts before")
	}
	return nil
}

// start begins the files.
func (r *recording) start(p *student.Population) (err error) {
	h, err := headerOf(p)
	if err != nil {
		return refuse("%w", err)
	}
	if r.reading, err = readingOf(&h); err != nil {
		return refuse("%w", err)
	}
	r.l.writing.Lock()
	r.l.active = r
	r.l.writing.Unlock()
	for i, dir := range [2]string{snapshotDir, segmentDir} {
		if r.files[i], err = r.l.stage(dir, r.name()); err != nil {
			return err
		}
	}
	if r.snapshot, err = newSnapshotWriter(r.files[0], p); err != nil {
		return err
	}
	r.segment = newSegmentWriter(r.files[1], r.l.district)
	for _, k := range r.runs {
		if !k.again && k.proof == ProofPerDecision {
			r.keys = newKeyMerge(r.l.read, r.l.entropy, filepath.Join(r.l.dir, segmentDir))
		}
	}
	return nil
}

// name is what the files are named by until they have their own: the first run
// that is recorded.
func (r *recording) name() string {
	for _, k := range r.runs {
		if !k.again {
			return k.ID
		}
	}
	return ""
}

// take checks a batch against its run and the part, and fills in what it
// supersedes.
func (k *recordedRun) take(p *student.Population, b *decision.Batch) (*encodedBatch, error) {
	for _, check := range []func(*student.Population, *decision.Batch) error{k.sameRun, k.sameStudents, rightLengths, known} {
		if err := check(p, b); err != nil {
			return nil, err
		}
	}
	if err := k.supersede(b); err != nil {
		return nil, err
	}
	forms, kinds, err := outcomeForms(b)
	if err != nil {
		return nil, refuse("%w", err)
	}
	if err := k.sameKinds(b, kinds); err != nil {
		return nil, err
	}
	return &encodedBatch{Batch: b, forms: forms, kinds: kinds, leaves: k.proof == ProofPerDecision}, nil
}

// sameRun: what a batch's decisions share is what the run was begun with.
func (k *recordedRun) sameRun(p *student.Population, b *decision.Batch) error {
	if b.District != p.District || b.Process != k.Process || b.Revision != k.Revision || b.Run != k.ID || b.Trigger != k.Trigger || !b.At.Equal(k.At) {
		return refuse("the decisions are of another district, process, revision, run, trigger instance or instant")
	}
	if !slices.Equal(b.Fields, k.fields) {
		return refuse("the decisions' result fields are not those of the process")
	}
	if k.roots == nil {
		k.header.Expires = b.Expires.UTC()
	}
	if !b.Expires.Equal(k.header.Expires) {
		return refuse("the decisions expire at another instant than those before")
	}
	if err := checkInstant(b.Expires); err != nil {
		return refuse("when the decisions expire: %w", err)
	}
	return nil
}

func rightLengths(p *student.Population, b *decision.Batch) error {
	n := p.Len()
	if len(b.Outcome) != n || len(b.State) != n || b.Priority != nil && len(b.Priority) != n ||
		b.Places != nil && len(b.Places) != n || b.Supersedes != nil && len(b.Supersedes) != n {
		return refuse("there are %d decisions, or parts of them, about %d students", len(b.Outcome), n)
	}
	return nil
}

// known: every number of an outcome or a state is of one.
func known(_ *student.Population, b *decision.Batch) error {
	for i := range b.Outcome {
		if int(b.Outcome[i]) >= len(b.Outcomes) {
			return refuse("decision %d has the outcome %d, of %d", i, b.Outcome[i], len(b.Outcomes))
		}
		if _, known := decision.StateOf(b.State[i]); !known {
			return refuse("decision %d has the unknown state %d", i, b.State[i])
		}
	}
	return nil
}

// sameStudents: a batch shares its students with the population, most often the
// very slice.
func (k *recordedRun) sameStudents(p *student.Population, b *decision.Batch) error {
	for _, pair := range [][2][]string{{p.IDs, b.Students}, {p.Schools, b.Schools}, {p.Classes, b.Classes}} {
		if len(pair[0]) != len(pair[1]) {
			return refuse("there are %d decisions about %d students", len(pair[1]), len(pair[0]))
		}
		if len(pair[0]) > 0 && &pair[0][0] == &pair[1][0] {
			continue
		}
		for i := range pair[0] {
			if pair[0][i] != pair[1][i] {
				return refuse("decision %d is not about the population's student, school and class in this row", i)
			}
		}
	}
	return nil
}

// supersede fills in which decisions are superseded, or holds what is there to
// it.
func (k *recordedRun) supersede(b *decision.Batch) error {
	given, names := b.Supersedes, b.Superseded
	b.Supersedes, b.Superseded = nil, nil
	if k.earlier != nil {
		b.Superseded = []string{k.header.Supersedes}
		b.Supersedes = make([]uint16, len(k.earlier.in))
		for i, in := range k.earlier.in {
			if in {
				b.Supersedes[i] = 1
			}
		}
	}
	for i, n := range given {
		if n == 0 {
			continue
		}
		if int(n) > len(names) || b.Supersedes == nil || b.Supersedes[i] == 0 || names[n-1] != b.Superseded[0] {
			return refuse("decision %d supersedes one that is not in force", i)
		}
	}
	return nil
}

// sameKinds: a result field's values are of one kind in the whole run.
func (k *recordedRun) sameKinds(b *decision.Batch, computed []valueKind) error {
	meet := func(f int, kind valueKind) error {
		if kind != kindNone && k.kinds[f] != kindNone && k.kinds[f] != kind {
			return refuse("result field %q holds values of two types", k.fields[f])
		}
		k.kinds[f] = max(k.kinds[f], kind)
		return nil
	}
	for i := range b.Outcomes {
		for f, v := range b.Outcomes[i].Result {
			kind := computed[f]
			if b.Outcomes[i].Computed&(1<<f) == 0 {
				kind, _ = kindOf(v) // it was looked at before
			} else if kind == listOf {
				continue // no decision of the part has one
			}
			if err := meet(f, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeTasks checks a part's tasks. Whether their students are of the part shows
// when its groups are encoded.
func (r *recording) takeTasks(k *recordedRun, tasks []decision.Task) error {
	run := decision.RunPart(k.Revision, k.Trigger)
	for i := range tasks {
		t := &tasks[i]
		of, who, ok := decision.SplitID(t.Decision)
		part, err := partOf(who)
		if !ok || err != nil || of != run || t.Process != k.Process || t.State != decision.TaskOpen || t.ID == "" {
			return refuse("task %d is not an open one about a decision of this run, or has no id", i)
		}
		for _, at := range [2]time.Time{t.Opened, t.Due} {
			if err := checkInstant(at); err != nil {
				return refuse("task %d: %w", i, err)
			}
		}
		r.wanted[part] = true
	}
	k.tasks = append(k.tasks, tasks...)
	return nil
}

// keysOf are the keys of a part's students; none if no run has leaves.
func (r *recording) keysOf(ctx context.Context, p *student.Population) ([]Key, error) {
	if r.keys == nil {
		return nil, nil
	}
	return r.keys.of(ctx, p.IDs, make([]Key, 0, p.Len()))
}

// Close implements Recorder.
func (r *recording) Close() error {
	if !r.open {
		return nil
	}
	r.open = false
	var errs []error
	for _, e := range r.earlier {
		errs = append(errs, e.snapshot.Close())
	}
	errs = append(errs, r.keys.Close())
	for _, f := range r.files {
		if f != nil {
			errs = append(errs, f.discard())
		}
	}
	r.l.writing.Lock()
	r.l.active = nil
	r.l.writing.Unlock()
	<-r.l.recording
	return errors.Join(errs...)
}

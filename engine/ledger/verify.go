// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// VerifyAll verifies every district of a store folder, reading only. A district
// that cannot be opened is a fault of its report.
func VerifyAll(ctx context.Context, store string, progress func(Progress)) ([]Report, error) {
	districts, err := Districts(store)
	if err != nil {
		return nil, err
	}
	reports := make([]Report, len(districts))
	for i, d := range districts {
		if reports[i], err = VerifyDistrict(ctx, store, d, progress); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

// VerifyDistrict verifies one district of a store folder, reading only.
func VerifyDistrict(ctx context.Context, store, district string, progress func(Progress)) (r Report, err error) {
	l, err := Open(store, Options{District: district, ReadOnly: true})
	if err != nil {
		return Report{District: district, Faults: []Fault{{File: liveFile, What: err.Error()}}}, ctx.Err()
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return l.Verify(ctx, progress)
}

// Verify implements Store.
func (l *Ledger) Verify(ctx context.Context, progress func(Progress)) (Report, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	v := &verification{Ledger: l, ctx: ctx, report: Report{District: l.district},
		before: map[string]*standing{}, orders: map[int64]held{}, held: map[string][]Place{}, keyed: map[string]bool{}, spoilt: map[string]bool{}}
	// Files before rows: a file that a writer adds meanwhile is not looked for,
	// and the row of one listed is there when the rows are read.
	files, err := l.allFiles()
	if err != nil {
		return v.report, err
	}
	tx, err := l.read.BeginTx(ctx, nil) // one state of the database throughout
	if err != nil {
		return v.report, liveError(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	v.tx = tx

	v.integrity()
	v.schema()
	v.chain()
	v.loadKeys()
	progress(Progress{l.district, 0, len(v.runs)})
	for i, r := range v.runs {
		if err := ctx.Err(); err != nil {
			return v.report, err
		}
		v.run(r)
		progress(Progress{l.district, i + 1, len(v.runs)})
	}
	v.places()
	v.outbox()
	v.marks()
	v.seals()
	v.unusedKeys()
	v.unknownFiles(files, v.pending())
	return v.report, ctx.Err()
}

// verification is one Verify under way. Its methods add the faults they find.
type verification struct {
	*Ledger
	ctx    context.Context
	tx     querier
	report Report
	runs   []*verifiedRun       // whose entry could be read, in order
	after  map[string]*standing // by process, with all runs
	before map[string]*standing // by process, as far as runs were looked at
	orders map[int64]held       // of whole runs in before, by sequence
	held   map[string][]Place   // by process, of its newest live run if that is whole
	keys   *keyring
	keyed  map[string]bool // students with a decision
	spoilt map[string]bool // students whose key was found wrong
}

// verifiedRun is a run whose entry could be read.
type verifiedRun struct {
	Run
	entry Entry
	whole bool // its files are
}

func (v *verification) fault(file, table, row, run, what string) {
	v.report.Faults = append(v.report.Faults, Fault{file, table, row, run, what})
}

// rows reads a table; what keeps it from doing so is a fault.
func rows[T any](v *verification, table string, one func(scan func(...any) error) (T, error), query string, args ...any) []T {
	out, err := selectRows(v.ctx, v.tx, one, query, args...)
	if err != nil {
		v.fault(liveFile, table, "", "", err.Error())
	}
	return out
}

// integrity asks SQLite about the database's structure and references.
func (v *verification) integrity() {
	for _, said := range rows(v, "", scanText, `PRAGMA integrity_check`) {
		if said != "ok" {
			v.fault(liveFile, "", "", "", "integrity check: "+said)
		}
	}
	type dangling struct{ table, parent string }
	for _, d := range rows(v, "", func(scan func(...any) error) (dangling, error) {
		var d dangling
		var row, id any
		err := scan(&d.table, &row, &d.parent, &id)
		return d, err
	}, `PRAGMA foreign_key_check`) {
		v.fault(liveFile, d.table, "", "", "a row refers to a row of table "+d.parent+" that is not there")
	}
}

// schema compares the database's tables, indexes and triggers with those of a
// fresh one: a trigger would change what a later commit stores.
func (v *verification) schema() {
	fresh, err := freshSchema(v.district)
	if err != nil {
		v.fault(liveFile, "", "", "", err.Error())
		return
	}
	for _, o := range rows(v, "", scanObject, objects) {
		if fresh[o[0]] != o[1] {
			v.fault(liveFile, "", "", "", "the schema of "+o[0]+" is not the one that this version makes")
		}
		delete(fresh, o[0])
	}
	for name := range fresh {
		v.fault(liveFile, "", "", "", name+" is missing")
	}
}

// chain reads the entries and checks how they follow one another.
func (v *verification) chain() {
	type row struct {
		sequence     int64
		run, process string
		form, hash   []byte
	}
	entries := rows(v, "runs", func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.sequence, &r.run, &r.process, &r.form, &r.hash)
		return r, err
	}, `SELECT sequence, run, process, entry, hash FROM runs ORDER BY sequence`)
	var previous Hash
	var readable []Run
	for i, r := range entries {
		say := func(what string) { v.fault(liveFile, "runs", strconv.FormatInt(r.sequence, 10), r.run, what) }
		sum := Hash(sha256.Sum256(r.form))
		if string(r.hash) != string(sum[:]) {
			say("the entry does not have its hash")
		}
		e, err := entryOf(r.form)
		if err != nil {
			say("the entry cannot be read: " + err.Error())
			previous = sum
			continue
		}
		if r.sequence != int64(i)+1 || e.Previous != previous.String() {
			say("the entry does not follow the one before: entries were taken out, added or altered")
		}
		if e.Sequence != r.sequence || e.Run != r.run || e.Process != r.process || e.District != v.district {
			say("the row's columns are not those of its entry")
		}
		if e.Run != RunID(v.district, e.Process, e.Revision, e.Trigger) {
			say("the run's id is not that of its process, revision and trigger instance")
		}
		run, err := e.run(sum)
		if err != nil {
			say("the entry cannot be read: " + err.Error())
		} else {
			readable = append(readable, run)
			v.runs = append(v.runs, &verifiedRun{Run: run, entry: e})
		}
		previous = sum
	}
	v.after = standingsOf(readable)
	v.report.Runs, v.report.Head = len(entries), previous
}

func (v *verification) loadKeys() {
	var err error
	if v.keys, err = loadKeys(v.ctx, v.tx); err != nil {
		v.fault(liveFile, "student_keys", "", "", err.Error())
		v.keys = &keyring{}
	}
}

// run checks a run's files, then what is in them against one another, against
// the entry and against the live rows of the run.
func (v *verification) run(r *verifiedRun) {
	before := v.before[r.Process]
	if before == nil {
		before = &standing{}
		v.before[r.Process] = before
	}
	defer func() {
		if replaced := before[weight(r.Mode)]; replaced != nil {
			delete(v.orders, replaced.Sequence) // no longer needed
		}
		before[weight(r.Mode)] = &r.Run
	}()
	files := filesOf(r.Run)
	segment := v.file(r, files[0], r.Segment)
	snapshot := v.file(r, files[1], r.Snapshot)
	revision := v.file(r, files[2], r.Revision)
	if !segment || !snapshot || !revision {
		v.report.Decisions += r.entry.Counts.Decisions
		return
	}
	p, b, err := v.Snapshot(v.ctx, r.ID)
	if err != nil {
		v.fault(files[1], "", "", r.ID, err.Error())
		return
	}
	s, err := v.openSegment(r.Run)
	if err != nil {
		v.fault(files[0], "", "", r.ID, err.Error())
		return
	}
	c := &contents{verification: v, run: r, place: files[0], segment: s.segment, population: p, bundle: b, earlier: before.upTo(r.Mode)}
	if err := errors.Join(c.check(), s.Close()); err != nil {
		v.fault(files[0], "", "", r.ID, err.Error())
		return
	}
	r.whole = true
	v.orders[r.Sequence] = c.order
	if live := v.after[r.Process][weight(bundle.ModeLive)]; live != nil && live.ID == r.ID {
		v.held[r.Process] = c.places
	}
}

// file compares a file's digest with what the run's entry says.
func (v *verification) file(r *verifiedRun, place, digest string) bool {
	f, err := os.Open(filepath.Join(v.dir, place))
	if errors.Is(err, os.ErrNotExist) {
		v.fault(place, "", "", r.ID, "the file is missing")
		return false
	}
	if err != nil {
		v.fault(place, "", "", r.ID, err.Error())
		return false
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		v.fault(place, "", "", r.ID, err.Error())
		return false
	}
	if got := digestName(Hash(h.Sum(nil))); got != digest {
		v.fault(place, "", "", r.ID, fmt.Sprintf("the file was altered: its digest is %s, recorded is %s", got, digest))
		return false
	}
	v.verified.Store(place, true)
	return true
}

// contents is what is in a run's files, being checked.
type contents struct {
	*verification
	run        *verifiedRun
	place      string // of the segment
	segment    *segment
	population *student.Population
	bundle     *bundle.Bundle
	earlier    *Run // whose decisions this run superseded, or nil
	records    []decision.Record
	order      held
	places     []Place
}

func (c *contents) say(row int, what string) {
	at := ""
	if row >= 0 {
		at = strconv.Itoa(row)
	}
	c.fault(c.place, "", at, c.run.ID, what)
}

func (c *contents) check() error {
	h := &c.segment.SegmentHeader
	if h.District != c.district || h.Process != c.run.Process || h.Revision != c.run.Revision || h.Run != c.run.ID || h.Trigger != c.run.Trigger ||
		!h.At.Equal(c.run.At) || h.Snapshot != c.run.Snapshot || h.Root != c.run.Root.String() {
		c.say(-1, "the file's description is not of its run")
	}
	for g := range c.segment.groups() {
		records, err := c.segment.records(g, 0, int(c.segment.file.RowGroups()[g].NumRows()))
		if err != nil {
			return err
		}
		c.records = append(c.records, records...)
	}
	c.report.Decisions += len(c.records)
	if err := c.leaves(); err != nil {
		return err
	}
	c.follow()
	if mode := c.bundle.Process.Mode; c.run.Mode != mode && c.run.Mode != "" {
		c.say(-1, "the entry's mode is not that of the revision")
	}
	c.places = placesOf(c.bundle.Process.Mode, c.records)
	tasks := c.tasks()
	want := countsOf(c.population.Len(), c.records, c.places, tasks)
	if fmt.Sprint(want) != fmt.Sprint(c.run.Counts) {
		c.say(-1, "the entry's counts are not those of the run's decisions")
	}
	return nil
}

// leaves recomputes each leaf from record, key and inputs, then the root.
func (c *contents) leaves() error {
	commitments, err := c.segment.commitments()
	if err != nil {
		return err
	}
	inputs, err := c.segment.hashes("inputs")
	if err != nil {
		return err
	}
	if got, err := root(commitments); err != nil || got != c.run.Root {
		c.say(-1, "the leaves do not give the recorded root")
	}
	var mac hmacWriter
	for i := range c.records {
		r := &c.records[i]
		c.keyed[r.Student] = true
		row, known := populationIndex(c.population, r.Student)
		if !known {
			c.say(i, "the decision is about a student who is not in the snapshot")
			continue
		}
		key, keyed := c.keys.of(r.Student)
		if !keyed {
			if !c.spoilt[r.Student] {
				c.spoilt[r.Student] = true
				c.fault(liveFile, "student_keys", "", c.run.ID, fmt.Sprintf("the key of the student of %s row %d is missing", c.place, i))
			}
			continue
		}
		var got leaf
		if err := mac.leaf(&got, c.population, row, r, &key); err != nil {
			return err
		}
		read := got.Inputs == inputs[i]
		got.Inputs = inputs[i]
		if err := mac.commitment(&got, r, &key); err != nil {
			return err
		}
		c.judge(i, r.Student, read, got.Commitment == commitments[i])
	}
	return nil
}

// judge says what is wrong with a row whose leaf cannot be computed again. What
// spoils both commitments is the key they share; that is said once a student.
func (c *contents) judge(row int, student string, inputs, commitment bool) {
	switch {
	case !inputs && !commitment:
		if !c.spoilt[student] {
			c.spoilt[student] = true
			c.fault(liveFile, "student_keys", "", c.run.ID, fmt.Sprintf("the key of the student of %s row %d does not give the recorded leaf", c.place, row))
		}
	case !inputs:
		c.say(row, "what the snapshot knows of the student is not what was recorded")
	case !commitment:
		c.say(row, "the leaf does not commit to this decision")
	}
}

// follow checks order, ids and what each decision supersedes.
func (c *contents) follow() {
	for i := range c.records {
		r := &c.records[i]
		if i > 0 && c.records[i-1].Student >= r.Student {
			c.say(i, "the decisions are not in ascending order of student")
		}
		if r.ID != decision.ID(c.run.Revision, decision.StudentKey(c.district, r.Student), c.run.Trigger) {
			c.say(i, "the decision's id is not that of its revision, student and trigger instance")
		}
		c.order.students = append(c.order.students, r.Student)
		c.order.ids = append(c.order.ids, r.ID)
	}
	var before held
	if c.earlier != nil {
		var whole bool
		if before, whole = c.orders[c.earlier.Sequence]; !whole {
			return
		}
	}
	for i, earlier := range before.under(c.records) {
		if c.records[i].Supersedes != earlier {
			c.say(i, "the decision does not supersede the one that was in force")
		}
	}
}

// tasks compares the run's rows of table tasks with the entry and with the
// decisions, and returns how many there are.
func (c *contents) tasks() int {
	type row struct {
		run  string
		task decision.Task
	}
	found := rows(c.verification, "tasks", func(scan func(...any) error) (row, error) {
		run, t, err := scanTask(scan)
		return row{run, t}, err
	}, `SELECT `+taskColumns+` FROM tasks WHERE run = ? ORDER BY id`, c.run.ID)
	tasks := make([]decision.Task, len(found))
	for i := range found {
		tasks[i] = found[i].task
	}
	if taskDigest(tasks).String() != c.run.entry.Tasks {
		c.fault(liveFile, "tasks", "", c.run.ID, "the run's tasks are not those that its entry commits to")
	}
	state := decision.TaskOpen
	if c.after[c.run.Process].superseded(&c.run.Run) {
		state = decision.TaskWithdrawn
	}
	for i := range tasks {
		if tasks[i].Process != c.run.Process || tasks[i].State != state {
			c.fault(liveFile, "tasks", strconv.Itoa(i), c.run.ID, fmt.Sprintf("the task should be %s and of process %s (the run's rows counted from 0 in order of id)", state, c.run.Process))
		}
	}
	return len(tasks)
}

// places compares table seats with the newest live run of each process.
func (v *verification) places() {
	type row struct {
		process string
		Place
	}
	got := map[string][]Place{}
	for _, r := range rows(v, "seats", func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.process, &r.Student, &r.Decision, &r.Group, &r.Units, &r.Waiting)
		return r, err
	}, `SELECT process, student, decision, grp, units, waiting FROM seats ORDER BY process, student`) {
		got[r.process] = append(got[r.process], r.Place)
	}
	for _, process := range sortedKeys(v.after) {
		live := v.after[process][weight(bundle.ModeLive)]
		if live == nil {
			continue // it has no places to give
		}
		found := got[process]
		delete(got, process)
		want, whole := v.held[process]
		if !whole {
			continue
		}
		if len(found) != len(want) {
			v.fault(liveFile, "seats", process, live.ID, fmt.Sprintf("%d places are held or waited for, by the run's decisions %d", len(found), len(want)))
			continue
		}
		for i := range found {
			if found[i] != want[i] {
				v.fault(liveFile, "seats", process+"/"+strconv.Itoa(i), live.ID, "the place is not the one that the run's decision has")
			}
		}
	}
	for _, process := range sortedKeys(got) {
		v.fault(liveFile, "seats", process, "", "places of a process that has no live run")
	}
}

// outbox: every run is there once, as nothing is reported outwards yet.
func (v *verification) outbox() {
	waiting := map[string]bool{}
	for _, run := range rows(v, "outbox", scanText, `SELECT run FROM outbox`) {
		waiting[run] = true
	}
	for _, r := range v.runs {
		if !waiting[r.ID] {
			v.fault(liveFile, "outbox", r.ID, r.ID, "the run's row is missing")
		}
	}
}

func (v *verification) marks() {
	type row struct {
		process, trigger, fired string
		sum                     []byte
	}
	for _, m := range rows(v, "marks", func(scan func(...any) error) (row, error) {
		var m row
		err := scan(&m.process, &m.trigger, &m.fired, &m.sum)
		return m, err
	}, `SELECT process, trigger, fired, checksum FROM marks ORDER BY process, trigger`) {
		if string(m.sum) != string(checksum(m.process, m.trigger, m.fired)) {
			v.fault(liveFile, "marks", m.process+"/"+m.trigger, "", "the row does not have its checksum")
		}
	}
}

// seals: no row of the tables with checksums was taken out or added.
func (v *verification) seals() {
	type row struct {
		name   string
		digest []byte
	}
	recorded := map[string][]byte{}
	for _, r := range rows(v, "seals", func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.name, &r.digest)
		return r, err
	}, `SELECT name, digest FROM seals`) {
		recorded[r.name] = r.digest
	}
	for _, table := range []string{"marks", "pending"} {
		want, err := sealOf(v.ctx, v.tx, table)
		if err != nil {
			v.fault(liveFile, table, "", "", err.Error())
		}
		got, sealed := recorded[table]
		delete(recorded, table)
		if unused := !sealed && string(want) == string(checksum()); !unused && string(got) != string(want) {
			v.fault(liveFile, table, "", "", "rows were taken out, added or altered: they do not give the table's seal (table seals)")
		}
	}
	for _, name := range sortedKeys(recorded) {
		v.fault(liveFile, "seals", name, "", "the seal is of no table")
	}
}

// pending checks the runs begun, and returns their ids.
func (v *verification) pending() map[string]bool {
	begun := map[string]bool{}
	for _, r := range rows(v, "pending", func(scan func(...any) error) (error, error) {
		r, err := scanPending(scan)
		begun[r.ID] = true
		if errors.Is(err, ErrNotWhole) {
			return err, nil
		}
		return nil, err
	}, `SELECT `+pendingColumns+` FROM pending ORDER BY run`) {
		if r != nil {
			v.fault(liveFile, "pending", "", "", r.Error())
		}
	}
	for _, r := range v.runs {
		if begun[r.ID] {
			v.fault(liveFile, "pending", r.ID, r.ID, "a committed run is also pending")
		}
	}
	return begun
}

// unusedKeys: a key is made with a student's first decision and never before.
func (v *verification) unusedKeys() {
	for _, r := range v.runs {
		if !r.whole {
			return // its students are not known
		}
	}
	for i, s := range v.keys.students {
		if !v.keyed[s] {
			v.fault(liveFile, "student_keys", strconv.Itoa(i), "", "the key is of no student who has a decision (rows counted from 0 in order of student)")
		}
	}
}

// unknownFiles: whatever is in the folder belongs to a run. What an interrupted
// commit left is only noted: the next start removes it.
func (v *verification) unknownFiles(files []string, begun map[string]bool) {
	known := map[string]bool{lockFile: true, liveFile: true}
	for _, suffix := range sqliteFiles {
		known[liveFile+suffix] = true
	}
	for _, r := range v.runs {
		for _, place := range filesOf(r.Run) {
			known[place] = true
		}
	}
	left := map[string]bool{}
	for run := range begun {
		left[segmentPlace(run)] = true
	}
	for _, place := range files {
		switch {
		case known[place]:
		case left[place], filepath.Ext(place) == temporary, len(begun) > 0 && contentAddressed.MatchString(place):
			v.report.Notes = append(v.report.Notes, Fault{File: place, What: "left by a commit that is under way or was interrupted; the next start for writing removes it"})
		case v.gone(place):
			// It was of a run that was given up after the files were listed.
		default:
			v.fault(place, "", "", "", "the file belongs to no run of this record")
		}
	}
}

func (v *verification) gone(place string) bool {
	_, err := os.Stat(filepath.Join(v.dir, place))
	return errors.Is(err, os.ErrNotExist)
}

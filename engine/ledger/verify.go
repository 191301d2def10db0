// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
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
		before: map[string]*standing{}, held: map[string][]Place{}, spoilt: map[string]bool{}, damaged: map[string]bool{}, bundles: map[string]*bundle.Bundle{}}
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
	v.revisions()
	v.loadKeys()
	progress(Progress{l.district, 0, len(v.runs)})
	for done := 0; done < len(v.runs); {
		if err := ctx.Err(); err != nil {
			return v.report, err
		}
		together := v.runs[done : done+1]
		for next := done + 1; next < len(v.runs) && v.runs[next].Recording == together[0].Recording; next++ {
			together = v.runs[done : next+1]
		}
		v.recorded(together)
		done += len(together)
		progress(Progress{l.district, done, len(v.runs)})
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
	ctx     context.Context
	tx      querier
	report  Report
	runs    []*verifiedRun            // whose entry could be read, in order
	after   map[string]*standing      // by process, with all runs
	before  map[string]*standing      // by process, as far as runs were looked at
	held    map[string][]Place        // by process, of its newest live run if that is whole
	bundles map[string]*bundle.Bundle // by digest, those that are whole
	damaged map[string]bool           // files that are not what was recorded
	keys    *keyIndex
	spoilt  map[string]bool // students whose key was found wrong
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
	fresh, err := freshSchema()
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
	for _, name := range sortedKeys(fresh) {
		v.fault(liveFile, "", "", "", name+" is missing")
	}
}

// chain reads the entries and checks how they follow one another.
func (v *verification) chain() {
	type row struct {
		sequence                 int64
		run, process, mode, part string
		form, hash               []byte
	}
	entries := rows(v, "runs", func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.sequence, &r.run, &r.process, &r.mode, &r.part, &r.form, &r.hash)
		return r, err
	}, `SELECT sequence, run, process, mode, part, entry, hash FROM runs ORDER BY sequence`)
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
		if e.Sequence != r.sequence || e.Run != r.run || e.Process != r.process || string(e.Mode) != r.mode || decision.RunPart(e.Revision, e.Trigger) != r.part || e.District != v.district {
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

// revisions: each bundle has its digest, and is of a run.
func (v *verification) revisions() {
	type row struct{ digest, form string }
	unused := map[string]bool{}
	for _, r := range rows(v, "revisions", func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.digest, &r.form)
		return r, err
	}, `SELECT digest, bundle FROM revisions ORDER BY digest`) {
		unused[r.digest] = true
		b, err := bundle.Parse([]byte(r.form))
		switch {
		case string(bundle.DigestOf([]byte(r.form))) != r.digest:
			v.fault(liveFile, "revisions", r.digest, "", "the bundle does not have its digest")
		case err != nil:
			v.fault(liveFile, "revisions", r.digest, "", err.Error())
		default:
			v.bundles[r.digest] = b
		}
	}
	for _, r := range v.runs {
		if _, there := unused[r.Revision]; !there {
			v.fault(liveFile, "revisions", r.Revision, r.ID, "the bundle of the run is missing")
		}
		unused[r.Revision] = false
	}
	for _, digest := range sortedKeys(unused) {
		if unused[digest] {
			v.fault(liveFile, "revisions", digest, "", "the bundle is of no run")
		}
	}
}

func (v *verification) loadKeys() {
	var err error
	if v.keys, err = indexKeys(v.ctx, v.tx); err != nil {
		v.fault(liveFile, "student_keys", "", "", err.Error())
		v.keys = &keyIndex{}
	}
}

// tasks compares the run's rows of table tasks with the entry and with the
// decisions, and returns how many there are.
func (v *verification) tasks(r *verifiedRun) int {
	type row struct {
		run  string
		task decision.Task
	}
	found := rows(v, "tasks", func(scan func(...any) error) (row, error) {
		run, t, err := scanTask(scan)
		return row{run, t}, err
	}, `SELECT `+taskColumns+` FROM tasks WHERE run = ? ORDER BY id`, r.ID)
	tasks := make([]decision.Task, len(found))
	for i := range found {
		tasks[i] = found[i].task
	}
	if taskDigest(tasks).String() != r.entry.Tasks {
		v.fault(liveFile, "tasks", "", r.ID, "the run's tasks are not those that its entry commits to")
	}
	state := decision.TaskOpen
	if v.after[r.Process].superseded(&r.Run) {
		state = decision.TaskWithdrawn
	}
	for i := range tasks {
		if tasks[i].Process != r.Process || tasks[i].State != state {
			v.fault(liveFile, "tasks", strconv.Itoa(i), r.ID, fmt.Sprintf("the task should be %s and of process %s (the run's rows counted from 0 in order of id)", state, r.Process))
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
	row := 0
	for _, block := range v.keys.used {
		for _, used := range block {
			if !used {
				v.fault(liveFile, "student_keys", strconv.Itoa(row), "", "the key is of no student who has a decision with a leaf (keys counted from 0 in order of student)")
			}
			row++
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

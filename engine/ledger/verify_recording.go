// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
	"github.com/juncture-dev/juncture/engine/student"
)

// recorded checks runs that were recorded together: their two files, then what is
// in them against one another, against the entries and against the live rows.
func (v *verification) recorded(runs []*verifiedRun) {
	c := &recordedContents{verification: v, runs: runs}
	defer func() {
		for _, r := range runs {
			if v.before[r.Process] == nil {
				v.before[r.Process] = &standing{}
			}
			v.before[r.Process][weight(r.Mode)] = &r.Run
			if !r.whole {
				v.report.Decisions += r.entry.Counts.Decisions
			}
		}
	}()
	defer c.close()
	if !c.open() {
		return
	}
	results, err := c.groups()
	if err != nil {
		c.blame(err)
		return
	}
	for i, r := range runs {
		v.finish(c, i, r, results)
	}
}

// recordedContents is what is in the two files of a recording.
type recordedContents struct {
	*verification
	runs     []*verifiedRun
	index    []int // of each run in the segment
	snapshot *snapshotFile
	segment  *segmentFile
	earlier  []*snapshotFile // of each run: what the run superseded had read; nil for none, or where that is damaged
	unknown  []bool          // of each run: what it superseded cannot be told
}

func (c *recordedContents) close() {
	for _, f := range c.earlier {
		if f != nil {
			_ = f.Close() // it was read only
		}
	}
	if c.snapshot != nil {
		_ = c.snapshot.Close()
	}
	if c.segment != nil {
		_ = c.segment.Close()
	}
}

// open opens the files, as far as they are what was recorded, and reports whether
// both are.
func (c *recordedContents) open() bool {
	first := c.runs[0]
	snapshot, err := c.openSnapshot(first.Snapshot)
	if err != nil {
		c.damage(snapshotPlace(first.Snapshot), first.ID, err)
	} else {
		c.snapshot = snapshot
	}
	segment, err := c.openSegment(&first.Run)
	if err != nil {
		c.damage(segmentPlace(first.Recording), first.ID, err)
	} else {
		c.segment = segment
	}
	if c.snapshot == nil || c.segment == nil {
		c.checkBytes()
		return false
	}
	fits := c.fits()
	c.supersedes()
	return fits
}

// fits holds the files' descriptions to the entries and to one another.
func (c *recordedContents) fits() bool {
	say := func(r *verifiedRun, what string) { c.fault(c.segment.place, "", "", r.ID, what) }
	h := &c.snapshot.snapshotHeader
	for _, r := range c.runs {
		i, err := c.segment.index(r.ID)
		if err != nil || c.segment.District != c.district || c.segment.Snapshot != r.Snapshot || c.segment.Size != h.Size ||
			r.Segment != c.runs[0].Segment || r.Snapshot != c.runs[0].Snapshot {
			say(r, "the segment is not of this run, its district and its snapshot")
			return false
		}
		got := c.segment.Runs[i]
		if got.Process != r.Process || got.Revision != r.Revision || got.Trigger != r.Trigger || !got.At.Equal(r.At) || got.Proof != r.Proof {
			say(r, "the file's description is not of its run")
		}
		if h.District != c.district || !h.At.Equal(r.At) {
			c.fault(c.snapshot.place, "", "", r.ID, "the snapshot is of another district or instant")
		}
		c.index = append(c.index, i)
		if b := c.bundles[r.Revision]; b != nil {
			c.declared(r, b, &got)
		}
	}
	kept := 0
	for i := range c.segment.Runs {
		if !c.segment.Runs[i].Dropped {
			kept++
		}
	}
	if kept != len(c.runs) {
		say(c.runs[0], fmt.Sprintf("the segment holds %d runs, the chain %d of them", kept, len(c.runs)))
	}
	return true
}

// declared holds a run to what its bundle says.
func (c *recordedContents) declared(r *verifiedRun, b *bundle.Bundle, got *segmentRun) {
	if b.Process.Mode != r.Mode {
		c.fault(c.segment.place, "", "", r.ID, "the entry's mode is not that of the revision")
	}
	fields := []string{}
	for _, f := range b.Process.Result {
		fields = append(fields, f.Name)
	}
	if !slices.Equal(fields, got.Fields) {
		c.fault(c.segment.place, "", "", r.ID, "the result fields are not those of the revision")
	}
	for _, a := range b.Information.Attributes {
		if !slices.ContainsFunc(c.snapshot.Columns, func(s snapshotColumn) bool { return student.SameValues(s.Attribute, a) }) {
			c.fault(c.snapshot.place, "", "", r.ID, fmt.Sprintf("the snapshot has no column for the declared attribute %q", a.Name))
		}
	}
}

// supersedes finds what the runs superseded had read, and holds the segment's
// description to it.
func (c *recordedContents) supersedes() {
	c.earlier, c.unknown = make([]*snapshotFile, len(c.runs)), make([]bool, len(c.runs))
	for i, r := range c.runs {
		var before *Run
		if s := c.before[r.Process]; s != nil {
			before = s.upTo(r.Mode)
		}
		want := ""
		if before != nil {
			want = decision.RunPart(before.Revision, before.Trigger)
		}
		if j, err := c.segment.index(r.ID); err == nil && c.segment.Runs[j].Supersedes != want {
			c.fault(c.segment.place, "", "", r.ID, "the decisions do not supersede those that were in force")
			c.unknown[i] = true
		}
		if before == nil {
			continue
		}
		if c.damaged[snapshotPlace(before.Snapshot)] {
			c.unknown[i] = true
			continue
		}
		f, err := c.openSnapshot(before.Snapshot)
		if err != nil {
			c.unknown[i] = true // it was said before
			continue
		}
		c.earlier[i] = f
	}
}

// damage says once what is wrong with a file.
func (c *recordedContents) damage(place, run string, err error) {
	if c.damaged[place] {
		return
	}
	c.damaged[place] = true
	what := "the file was altered: " + err.Error()
	if errors.Is(err, os.ErrNotExist) {
		what = "the file is missing"
	}
	c.fault(place, "", "", run, what)
}

// blame finds which file an error in reading contents is about.
func (c *recordedContents) blame(err error) {
	if c.ctx.Err() != nil {
		return
	}
	if !c.checkBytes() {
		return
	}
	// Both files are what was recorded, and cannot be read all the same.
	c.fault(c.segment.place, "", "", c.runs[0].ID, err.Error())
}

// checkBytes compares all chunks of the files that could be opened with their
// digests, and reports whether all are right.
func (c *recordedContents) checkBytes() bool {
	whole := c.snapshot != nil && c.segment != nil
	if c.snapshot != nil {
		whole = c.checkChunks(c.snapshot.place, c.snapshot.file, func(int) func([]byte) columns.Digest { return nil }) && whole
	}
	if c.segment != nil {
		whole = c.checkChunks(c.segment.place, c.segment.file, func(chunk int) func([]byte) columns.Digest {
			if chunk%chunksPerRun == chunkLeaves {
				return groupRoot
			}
			return nil
		}) && whole
	}
	return whole
}

func (c *recordedContents) checkChunks(place string, f *columns.File, sum func(chunk int) func([]byte) columns.Digest) bool {
	var buffer []byte
	for i := range f.Chunks() {
		b, err := f.Read(i, buffer, sum(i))
		if err != nil {
			c.damage(place, c.runs[0].ID, err)
			return false
		}
		buffer = b
	}
	return true
}

// groupResult is what was found in a group of rows.
type groupResult struct {
	faults []Fault
	keys   []keyFault
	states [][256]int // by run
	places [][]Place  // by run
}

// keyFault is a student whose leaves the key does not give.
type keyFault struct {
	row     int
	student string
	missing bool
}

// groups checks all groups of rows, on all cores.
func (c *recordedContents) groups() ([]groupResult, error) {
	results := make([]groupResult, c.snapshot.groups())
	g, ctx := errgroup.WithContext(c.ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(results)) {
		g.Go(func() error {
			w := &verifyWorker{recordedContents: c, ctx: ctx, digest: newStudentDigest(c.district), leaves: make([]leafWriter, len(c.runs))}
			for i := int(next.Add(1)) - 1; i < len(results); i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := w.group(i, &results[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return results, g.Wait()
}

// verifyWorker checks groups, one after another.
type verifyWorker struct {
	*recordedContents
	ctx     context.Context
	digest  *studentDigest
	commit  committer
	persons []Hash
	keyed   []bool
	leaves  []leafWriter
	hashes  []Hash
}

func (w *verifyWorker) group(g int, out *groupResult) error {
	p, err := w.snapshot.population(g, g+1, nil)
	if err != nil {
		return err
	}
	if err := w.students(g, p, out); err != nil {
		return err
	}
	out.states, out.places = make([][256]int, len(w.runs)), make([][]Place, len(w.runs))
	batches := make([]*decision.Batch, len(w.runs))
	forms := make([][][]byte, len(w.runs))
	for i := range w.runs {
		if batches[i], forms[i], err = w.decisions(g, i, p, out); err != nil {
			return err
		}
	}
	for i := range w.segment.Runs { // the chunks of no run are what was written, too
		if w.segment.Runs[i].Dropped {
			for _, chunk := range []int{chunkDecisions, chunkLeaves} {
				if _, err := w.segment.file.Read(w.segment.chunk(g, i, chunk), nil, []func([]byte) columns.Digest{nil, groupRoot}[chunk]); err != nil {
					return err
				}
			}
		}
	}
	if err := w.know(g, p, out); err != nil {
		return err
	}
	return w.compare(g, p, batches, forms, out)
}

func (w *verifyWorker) say(out *groupResult, place string, row int, run, what string) {
	out.faults = append(out.faults, Fault{File: place, Row: strconv.Itoa(row), Run: run, What: what})
}

// students checks order and parts of ids.
func (w *verifyWorker) students(g int, p *student.Population, out *groupResult) error {
	d, err := w.snapshot.chunk(g, chunkParts)
	if err != nil {
		return err
	}
	parts := columns.Ints[uint32](d, nil, p.Len())
	if err := d.End(); err != nil {
		return err
	}
	if w.snapshot.firsts[g] != p.IDs[0] || g+1 < len(w.snapshot.firsts) && w.snapshot.firsts[g+1] <= p.IDs[p.Len()-1] {
		w.say(out, w.snapshot.place, g*GroupRows, w.runs[0].ID, "the index of students is not that of the rows")
	}
	for i, id := range p.IDs {
		part := w.digest.of(id)
		if i > 0 && p.IDs[i-1] >= id {
			w.say(out, w.snapshot.place, g*GroupRows+i, w.runs[0].ID, "the students are not in ascending order")
		}
		if parts[i] != binary.BigEndian.Uint32(part[:]) {
			w.say(out, w.snapshot.place, g*GroupRows+i, w.runs[0].ID, "the student's part of decisions' ids is another")
		}
	}
	return nil
}

// decisions reads a run's decisions and checks what they supersede.
func (w *verifyWorker) decisions(g, i int, p *student.Population, out *groupResult) (*decision.Batch, [][]byte, error) {
	chunk, err := w.segment.file.Read(w.segment.chunk(g, w.index[i], chunkDecisions), nil, nil)
	if err != nil {
		return nil, nil, err
	}
	b := w.segment.batch(w.index[i])
	forms, err := decodeDecisions(chunk, &b, p.Len())
	if err != nil {
		return nil, nil, fmt.Errorf("row group %d of run %s: %w", g, w.runs[i].ID, err)
	}
	b.Students, b.Schools, b.Classes = p.IDs, p.Schools, p.Classes
	for _, s := range b.State {
		out.states[i][s]++
	}
	out.places[i] = placesOf(nil, w.runs[i].Mode, &b, p.IDs, 0, p.Len())
	if w.unknown[i] {
		return &b, forms, nil
	}
	in := make([]bool, p.Len())
	if w.earlier[i] != nil {
		e := earlier{snapshot: w.earlier[i], group: max(0, w.earlier[i].groupOf(p.IDs[0]))}
		if err := e.follow(p.IDs); err != nil {
			return &b, forms, nil //nolint:nilerr // the earlier run's own snapshot is at fault: that is said there
		}
		in = e.in
	}
	for row := range in {
		if in[row] != (b.Supersedes != nil && b.Supersedes[row] > 0) {
			w.say(out, w.segment.place, g*GroupRows+row, w.runs[i].ID, "the decision does not supersede the one that was in force")
		}
	}
	return &b, forms, nil
}

// know computes the commitments to the students of a group, if any run has
// leaves.
func (w *verifyWorker) know(g int, p *student.Population, out *groupResult) error {
	w.persons, w.keyed = w.persons[:0], w.keyed[:0]
	if !slices.ContainsFunc(w.runs, func(r *verifiedRun) bool { return r.Proof == ProofPerDecision }) {
		return nil
	}
	return w.keys.each(w.ctx, p.IDs, func(row int, key *Key) {
		w.keyed = append(w.keyed, key != nil)
		if key == nil {
			w.persons = append(w.persons, Hash{})
			out.keys = append(out.keys, keyFault{g*GroupRows + row, p.IDs[row], true})
			return
		}
		information := w.commit.information(key, &w.snapshot.reading, p, row)
		w.persons = append(w.persons, w.commit.person(&information, p.IDs[row], p.Schools[row], p.Classes[row]))
	})
}

// compare computes each leaf from the decision and the student and compares it
// with the recorded one. What spoils all leaves of a student is the key they
// share; what spoils some is said of those.
func (w *verifyWorker) compare(g int, p *student.Population, batches []*decision.Batch, forms [][][]byte, out *groupResult) error {
	wrong := map[int][]int{} // runs by row
	proved := 0
	for i, r := range w.runs {
		if r.Proof != ProofPerDecision {
			empty := func(b []byte) columns.Digest { return groupRoot(b) }
			if _, err := w.segment.file.Read(w.segment.chunk(g, w.index[i], chunkLeaves), nil, empty); err != nil {
				return err
			}
			continue
		}
		proved++
		recorded, err := w.segment.leaves(g, w.index[i])
		if err != nil {
			return err
		}
		w.leaves[i].context = contextOf(batches[i])
		w.hashes = w.leaves[i].leaves(w.hashes[:0], batches[i], forms[i], w.persons, 0, p.Len())
		for row := range w.hashes {
			if w.hashes[row] != recorded[row] && w.keyed[row] {
				wrong[row] = append(wrong[row], i)
			}
		}
	}
	for row := range p.Len() {
		runs, bad := wrong[row]
		switch {
		case !bad:
		case len(runs) == proved:
			out.keys = append(out.keys, keyFault{row: g*GroupRows + row, student: p.IDs[row]})
		default:
			for _, i := range runs {
				w.say(out, w.segment.place, g*GroupRows+row, w.runs[i].ID, "the leaf does not commit to this decision")
			}
		}
	}
	return nil
}

// finish checks a run as a whole, once its groups were.
func (v *verification) finish(c *recordedContents, i int, r *verifiedRun, results []groupResult) {
	var states [256]int
	var places []Place
	for g := range results {
		if i == 0 { // faults are of all runs together
			v.report.Faults = append(v.report.Faults, results[g].faults...)
			v.keyFaults(c, results[g].keys)
		}
		for s, n := range results[g].states[i] {
			states[s] += n
		}
		places = append(places, results[g].places[i]...)
	}
	if r.Proof == ProofPerDecision && rootOf(c.segment.groupRoots(c.index[i])) != r.Root {
		v.fault(c.segment.place, "", "", r.ID, "the leaves do not give the recorded root")
	}
	want := countsOf(c.segment.Size, &states, places, v.tasks(r))
	if !reflect.DeepEqual(want, r.Counts) {
		v.fault(c.segment.place, "", "", r.ID, "the entry's counts are not those of the run's decisions")
	}
	v.report.Decisions += c.segment.Size
	r.whole = true
	if live := v.after[r.Process][weight(bundle.ModeLive)]; live != nil && live.ID == r.ID {
		v.held[r.Process] = places
	}
}

// keyFaults says what is wrong with a student's key, once.
func (v *verification) keyFaults(c *recordedContents, found []keyFault) {
	for _, k := range found {
		if v.spoilt[k.student] {
			continue
		}
		v.spoilt[k.student] = true
		what := "does not give the recorded leaf"
		if k.missing {
			what = "is missing"
		}
		v.fault(liveFile, "student_keys", "", c.runs[0].ID, fmt.Sprintf("the key of the student of %s row %d %s", c.segment.place, k.row, what))
	}
}

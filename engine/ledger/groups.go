// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
	"github.com/juncture-dev/juncture/engine/student"
)

// segmentWriter writes a segment's groups in order.
type segmentWriter struct {
	segmentHeader
	out *columns.Writer
}

func newSegmentWriter(w io.Writer, district string) *segmentWriter {
	return &segmentWriter{segmentHeader{Format: SegmentFormat, District: district}, columns.NewWriter(w)}
}

func (s *segmentWriter) append(chunks []encodedChunk) error {
	for _, c := range chunks {
		if err := s.out.Append(c.bytes, c.digest); err != nil {
			return err
		}
	}
	return nil
}

func (s *segmentWriter) close() (Hash, error) {
	header, err := encodeHeader(&s.segmentHeader)
	if err != nil {
		return Hash{}, err
	}
	return s.out.Close(header)
}

// recordedGroup is a group of rows, encoded.
type recordedGroup struct {
	snapshot, segment encodedGroup
	places            [][]Place  // by run
	states            [][256]int // by run
	met               [][16]byte // of the students whom tasks are about
}

// recordWorker encodes groups; each core has one.
type recordWorker struct {
	snapshot *groupEncoder
	segment  segmentEncoder
	commit   committer
	leaves   []leafWriter // by run
	persons  []Hash
	hashes   []Hash
}

// writeGroups encodes a part's groups on all cores and writes them in order. The
// groups under way are as many as there are buffers, so that memory does not
// depend on the part's size.
func (r *recording) writeGroups(ctx context.Context, p *student.Population, batches []*encodedBatch, keys []Key) error {
	groups := groupsOf(p.Len())
	if groups == 0 {
		return nil
	}
	workers := min(runtime.GOMAXPROCS(0), groups)
	for len(r.workers) < workers {
		r.workers = append(r.workers, &recordWorker{snapshot: newGroupEncoder(r.l.district), leaves: make([]leafWriter, len(r.runs))})
	}
	for _, w := range r.workers {
		for i, b := range batches {
			if b != nil && b.leaves {
				w.leaves[i].context = contextOf(b.Batch)
			}
		}
	}
	free := make(chan *recordedGroup, 2*workers)
	for range cap(free) {
		free <- &recordedGroup{places: make([][]Place, len(r.runs)), states: make([][256]int, len(r.runs))}
	}
	type result struct {
		group *recordedGroup
		err   error
	}
	done := make([]chan result, groups)
	for i := range done {
		done[i] = make(chan result, 1)
	}
	ctx, cancel := context.WithCancel(ctx)
	var next atomic.Int64
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel() // before waiting: nobody is left to free a buffer
	for _, w := range r.workers[:workers] {
		wait.Go(func() {
			for {
				// The buffer first: who has the lowest number always has one.
				var g *recordedGroup
				select {
				case g = <-free:
				case <-ctx.Done():
					return
				}
				i := int(next.Add(1)) - 1
				if i >= groups {
					return
				}
				err := w.encode(g, r, p, batches, keys, i*GroupRows, min((i+1)*GroupRows, p.Len()))
				done[i] <- result{g, err}
			}
		})
	}
	for i := range done {
		select {
		case one := <-done[i]:
			if one.err == nil {
				one.err = r.writeGroup(p.IDs[i*GroupRows], one.group)
			}
			if one.err != nil {
				return one.err
			}
			free <- one.group
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// writeGroup writes an encoded group and takes over what it counted.
func (r *recording) writeGroup(first string, g *recordedGroup) error {
	if err := r.snapshot.append(first, g.snapshot.all()); err != nil {
		return err
	}
	chunks := g.segment.all()
	if err := r.segment.append(chunks); err != nil {
		return err
	}
	at := 0
	for i, k := range r.runs {
		if k.again {
			continue
		}
		k.roots = append(k.roots, Hash(chunks[at+chunkLeaves].digest))
		at += chunksPerRun
		for s, n := range g.states[i] {
			k.states[s] += n
		}
		k.places = append(k.places, g.places[i]...)
	}
	r.met = append(r.met, g.met...) // the workers read r.wanted
	return nil
}

// encode encodes the rows [from, to) of a part: the students once, and each
// run's decisions about them.
func (w *recordWorker) encode(g *recordedGroup, r *recording, p *student.Population, batches []*encodedBatch, keys []Key, from, to int) error {
	g.snapshot.reset()
	g.segment.reset()
	g.met = g.met[:0]
	clear(g.states)
	if err := w.snapshot.snapshot(&g.snapshot, p, from, to); err != nil {
		return refuse("%w", err)
	}
	if len(r.wanted) > 0 {
		for _, who := range w.snapshot.students {
			if _, wanted := r.wanted[who]; wanted {
				g.met = append(g.met, who)
			}
		}
	}
	if keys != nil {
		w.persons = w.persons[:0]
		for row := from; row < to; row++ {
			information := w.commit.information(&keys[row], &r.reading, p, row)
			w.persons = append(w.persons, w.commit.person(&information, p.IDs[row], p.Schools[row], p.Classes[row]))
		}
	}
	for i, k := range r.runs {
		g.places[i] = g.places[i][:0]
		if k.again {
			continue
		}
		b := batches[i]
		if b == nil { // given up
			g.segment.end()
			g.segment.endWith(rootOf(nil))
			continue
		}
		var err error
		if g.segment.bytes, err = w.segment.decisions(g.segment.bytes, b, from, to); err != nil {
			return refuse("run %s: %w", k.ID, err)
		}
		g.segment.end()
		w.leavesOf(g, &w.leaves[i], b, from, to)
		for _, state := range b.State[from:to] {
			g.states[i][state]++
		}
		g.places[i] = placesOf(g.places[i], k.mode, b.Batch, p.IDs, from, to)
	}
	return nil
}

// leavesOf encodes the leaf hashes of the rows, none for a run without.
func (w *recordWorker) leavesOf(g *recordedGroup, leaves *leafWriter, b *encodedBatch, from, to int) {
	w.hashes = w.hashes[:0]
	if b.leaves {
		w.hashes = leaves.leaves(w.hashes, b.Batch, b.forms, w.persons, from, to)
	}
	for i := range w.hashes {
		g.segment.bytes = append(g.segment.bytes, w.hashes[i][:]...)
	}
	g.segment.endWith(rootOf(w.hashes))
}

// placesOf appends the seats held and waited for, in order of student. Only live
// processes take any.
func placesOf(dst []Place, mode bundle.Mode, b *decision.Batch, students []string, from, to int) []Place {
	if mode != bundle.ModeLive || b.Places == nil {
		return dst
	}
	run := ""
	for row := from; row < to; row++ {
		a := &b.Places[row]
		state, _ := decision.StateOf(b.State[row])
		held := a.Units > 0 && state.Holding() != decision.HoldsNone
		if !held && a.Waiting <= 0 {
			continue
		}
		if run == "" {
			run = decision.RunPart(b.Revision, b.Trigger)
		}
		place := Place{
			Seat: decision.Seat{Group: a.Group, Units: a.Units}, Student: students[row],
			Decision: run + decision.StudentPart(b.District, students[row]),
		}
		if !held {
			place.Waiting = a.Waiting
		}
		dst = append(dst, place)
	}
	return dst
}

// partOf is a student's part of a decision's id as bytes.
func partOf(text string) (part [16]byte, err error) {
	if len(text) != 2*len(part) {
		return part, errors.New("it is no part of an id")
	}
	_, err = hex.Decode(part[:], []byte(text))
	return part, err
}

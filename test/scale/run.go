// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What decisions depend on beside manifests and packages.
const (
	At          = "2026-04-10T10:00:00Z" // three tests in each subject, and seven months of attendance
	LotterySeed = "5eed5eed5eed5eed"
)

// Counts are how many decisions there are by process and state.
type Counts map[string]map[string]int

// Decisions is how many there are in all.
func (c Counts) Decisions() (n int) {
	for _, states := range c {
		for _, count := range states {
			n += count
		}
	}
	return n
}

// Of is how many decisions a process made.
func (c Counts) Of(process string) (n int) {
	for _, count := range c[process] {
		n += count
	}
	return n
}

func (c Counts) add(process, state string, n int) {
	if c[process] == nil {
		c[process] = map[string]int{}
	}
	c[process][state] += n
}

func (j *Juncture) decide(ctx context.Context, out io.Writer, s State, m Manifests, workers int, more ...string) (Usage, error) {
	args := []string{"run", "-f", m.Folder, "-f", filepath.Join(s.Folder, "districts.yaml"), "--at", At, "--seed", LotterySeed, "--workers", strconv.Itoa(workers)}
	return j.Run(ctx, out, append(args, more...)...)
}

// Record decides about all students, records it in a store, and counts.
func (j *Juncture) Record(ctx context.Context, s State, m Manifests, workers int, store string) (Counts, Usage, error) {
	var out bytes.Buffer
	usage, err := j.decide(ctx, &out, s, m, workers, "--store", store, "-o", "counts")
	if err != nil {
		return nil, usage, err
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, usage, errors.Join(errors.New("juncture run -o counts wrote no table"), err)
	}
	counts := Counts{}
	for _, row := range rows[1:] { // process, state, decisions
		n, err := strconv.Atoi(row[2])
		if err != nil {
			return nil, usage, err
		}
		counts.add(row[0], row[1], n)
	}
	return counts, usage, nil
}

// Export is what a run wrote, but for the rows themselves.
type Export struct {
	Digest string
	Counts Counts
	// Sample are decisions drawn by their ids alone, so that every run draws the same.
	Sample []Row
	Bytes  int64
}

// Row is one decision of an export.
type Row struct {
	District, Student, Process, Rule, State string

	draw uint64
}

// Export decides about all students, records it if a store is named, and reads
// the decisions as they come.
func (j *Juncture) Export(ctx context.Context, s State, m Manifests, workers int, store string, sample int) (Export, Usage, error) {
	var more []string
	if store != "" {
		more = []string{"--store", store}
	}
	reader, writer := io.Pipe()
	type read struct {
		Export
		err error
	}
	done := make(chan read, 1)
	go func() {
		e, err := readExport(reader, sample)
		reader.CloseWithError(err) // nil ends the run's writing no less
		done <- read{e, err}
	}()
	usage, err := j.decide(ctx, writer, s, m, workers, append(more, "-o", "csv")...)
	writer.Close()
	r := <-done
	return r.Export, usage, errors.Join(err, r.err)
}

func readExport(in io.Reader, sample int) (Export, error) {
	e := Export{Counts: Counts{}}
	digest := sha256.New()
	counted := &countingReader{in: io.TeeReader(in, digest)}
	rows := csv.NewReader(counted)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return e, fmt.Errorf("the export has no header: %w", err)
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return e, err
		}
		at := func(name string) string { return row[column[name]] }
		e.Counts.add(at("process"), at("state"), 1)
		draw := drawn(at("district"), at("student"), at("process"))
		if len(e.Sample) == sample && (sample == 0 || draw >= e.Sample[sample-1].draw) {
			continue
		}
		// The reader uses the row's memory again.
		one := Row{strings.Clone(at("district")), strings.Clone(at("student")), strings.Clone(at("process")), strings.Clone(at("rule")), strings.Clone(at("state")), draw}
		i, _ := slices.BinarySearchFunc(e.Sample, one, func(a, b Row) int { return cmp.Compare(a.draw, b.draw) })
		e.Sample = slices.Insert(e.Sample, i, one)[:min(sample, len(e.Sample)+1)]
	}
	e.Digest, e.Bytes = fmt.Sprintf("%x", digest.Sum(nil)), counted.n
	return e, nil
}

func drawn(ids ...string) uint64 {
	h := fnv.New64a()
	for _, id := range ids {
		h.Write([]byte(id))
		h.Write([]byte{0})
	}
	// FNV's high bits barely depend on the last bytes: spread them (Steele et al.,
	// "Fast splittable pseudorandom number generators", 2014).
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

type countingReader struct {
	in io.Reader
	n  int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// Verdict is what verify says of a store.
type Verdict struct {
	Districts, Runs, Decisions int
	// Heads are the heads of the districts' records.
	Heads map[string]string
	// Bytes of all files of the store.
	Bytes int64
}

// Verify recomputes the record. A record that is not whole is an error.
func (j *Juncture) Verify(ctx context.Context, store string) (Verdict, Usage, error) {
	v := Verdict{Heads: map[string]string{}}
	var out bytes.Buffer
	usage, err := j.Run(ctx, &out, "verify", "--store", store, "-o", "json")
	if err != nil {
		return v, usage, err
	}
	var reports []struct {
		District, Head  string
		Whole           bool
		Runs, Decisions int
	}
	if err := json.Unmarshal(out.Bytes(), &reports); err != nil {
		return v, usage, err
	}
	for _, r := range reports {
		if !r.Whole {
			return v, usage, fmt.Errorf("the record of %s is not whole", r.District)
		}
		v.Districts, v.Runs, v.Decisions = v.Districts+1, v.Runs+r.Runs, v.Decisions+r.Decisions
		v.Heads[r.District] = r.Head
	}
	v.Bytes, err = size(store)
	return v, usage, err
}

func size(folder string) (n int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// Explained decides one sampled decision again by itself, twice: from the record,
// where its proof is checked, and from manifests and package. Both must give the
// exported decision, and the same record to the last field.
func (j *Juncture) Explained(ctx context.Context, s State, m Manifests, store string, r Row) error {
	var records []json.RawMessage
	for _, from := range [][]string{
		{"--store", store},
		{"-f", m.Folder, "-f", filepath.Join(s.Folder, "districts.yaml"), "--at", At, "--seed", LotterySeed},
	} {
		var out bytes.Buffer
		args := append([]string{"explain", "--district", r.District, "--student", r.Student, "--process", r.Process, "-o", "json"}, from...)
		if _, err := j.Run(ctx, &out, args...); err != nil { // also where deciding again gives something else
			return err
		}
		var e struct{ Record json.RawMessage }
		var told struct {
			State string
			Rules []string
		}
		if err := errors.Join(json.Unmarshal(out.Bytes(), &e), json.Unmarshal(e.Record, &told)); err != nil {
			return err
		}
		if told.State != r.State || strings.Join(told.Rules, ";") != r.Rule {
			return fmt.Errorf("a decision of process %s in district %s is %s by %v when it is decided alone, and was exported as %s by %s",
				r.Process, r.District, told.State, told.Rules, r.State, r.Rule)
		}
		records = append(records, e.Record)
	}
	if !bytes.Equal(records[0], records[1]) {
		return fmt.Errorf("a decision of process %s in district %s is not recorded as it is decided alone", r.Process, r.District)
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ledgertest holds what every ledger.Store must pass, and the made-up
// districts that the tests of stores decide about.
package ledgertest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/student"
)

// Epoch is the instant of a District's first run.
var Epoch = time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC)

// District is a made-up district. The same seed gives the same district, the
// same information and the same decisions.
type District struct {
	Name     string
	Seed     uint64
	Students int
	Mode     bundle.Mode // of its processes; empty means Live
}

// bundle is the revision that the nth run of a process runs.
func (d District) bundle(process string, n int) *bundle.Bundle {
	b := Bundle(process, n/3)
	if d.Mode != "" {
		b.Process.Mode = d.Mode
	}
	return b
}

// Entropy is a source of students' keys for tests: not random at all.
func Entropy(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	for i := range key {
		key[i] = byte(seed >> (8 * (i % 8)))
	}
	return rand.NewChaCha8(key)
}

func (d District) random(parts ...uint64) *rand.Rand {
	at := d.Seed
	for _, p := range parts {
		at = at*1_000_003 + p + 1
	}
	return rand.New(rand.NewPCG(at, at^0x9e3779b97f4a7c15)) //nolint:gosec // repeatable on purpose
}

// Bundle is the revision of a process of the district: it has a field of every
// type, and attributes of every type. Other revisions of the same process have
// another number.
func Bundle(process string, revision int) *bundle.Bundle {
	b := &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: process, Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{
				{Name: "support", Type: bundle.String}, {Name: "minutes", Type: bundle.Integer}, {Name: "share", Type: bundle.Number},
				{Name: "eligible", Type: bundle.Boolean}, {Name: "from", Type: bundle.Date}, {Name: "topics", Type: bundle.StringList},
				{Name: "days", Type: bundle.DateList}, {Name: "never", Type: bundle.Integer},
			},
		},
		Rules: bundle.RuleSet{Name: process, HitPolicy: bundle.First, Rules: []bundle.Rule{
			{ID: "far-behind", When: fmt.Sprintf("student.score < %d.0", 40+revision), Then: map[string]string{"minutes": "250"}, Reason: bundle.Reason{Code: "FAR_BEHIND"}},
		}},
	}
	for _, t := range Types {
		b.Information.Attributes = append(b.Information.Attributes, bundle.Attribute{
			Name: "a" + string(t), Type: t, From: bundle.From{OneRoster: &bundle.OneRoster{File: "users", Field: string(t)}},
		})
	}
	return b
}

// Types are all types an attribute can have, in order of name.
var Types = []bundle.Type{
	bundle.Boolean, bundle.Date, bundle.DateList, bundle.Integer, bundle.IntegerList, bundle.Number, bundle.NumberList, bundle.String, bundle.StringList,
}

// Population is what is known of the district's students at its nth run. A few
// students come and go from run to run.
func (d District) Population(n int) *student.Population {
	r := d.random(1, uint64(n))
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		zone = time.UTC
	}
	var ids, schools, classes []string
	for i := range d.Students {
		if r.IntN(20) == 0 {
			continue
		}
		ids = append(ids, fmt.Sprintf("student-%08d", i))
		schools = append(schools, fmt.Sprintf("school-%d", i/300))
		classes = append(classes, []string{"", "class-a", "class-b"}[r.IntN(3)])
	}
	var columns []*student.Column
	for _, a := range Bundle("any", 0).Information.Attributes {
		columns = append(columns, Column(r, a, len(ids)))
	}
	origin := student.Origin{Kind: "oneroster-csv", Digest: fmt.Sprintf("sha256-%064x", n)}
	return student.New(d.Name, d.at(n), zone, origin, ids, schools, classes, columns)
}

func (d District) at(n int) time.Time { return Epoch.Add(time.Duration(n)*24*time.Hour + 123456789) }

// Column is a random column: values of every kind of oddity, absent and faulty
// ones, with provenance or without.
func Column(r *rand.Rand, a bundle.Attribute, rows int) *student.Column {
	c := &student.Column{Attribute: a, Presence: make([]student.Presence, rows)}
	if a.Type.Element() == bundle.String {
		c.Dict = []string{"", "maths", "Deutsch, \"Mündlich\"\n", "\x00"}
	}
	if a.Type.IsList() {
		c.Offsets = []uint32{0}
	}
	recorded := r.IntN(3) > 0
	if recorded {
		c.RowOffsets, c.Rows = []uint32{0}, []uint32{}
		c.Newest = make([]int32, rows)
	}
	for i := range rows {
		c.Presence[i] = []student.Presence{student.Present, student.Present, student.Present, student.Absent, student.Faulty}[r.IntN(5)]
		if !a.Type.IsList() {
			appendValue(r, c)
		} else {
			for range r.IntN(4) {
				appendValue(r, c)
			}
			c.Offsets = append(c.Offsets, uint32(max(len(c.Bools), len(c.Ints), len(c.Floats), len(c.Codes))))
		}
		if recorded {
			for range r.IntN(3) {
				c.Rows = append(c.Rows, r.Uint32())
			}
			c.RowOffsets = append(c.RowOffsets, uint32(len(c.Rows)))
			c.Newest[i] = []int32{math.MinInt32, 0, 20_000}[r.IntN(3)]
		}
	}
	return c
}

func appendValue(r *rand.Rand, c *student.Column) {
	switch c.Type().Element() {
	case bundle.Boolean:
		c.Bools = append(c.Bools, r.IntN(2) == 0)
	case bundle.Integer, bundle.Date:
		c.Ints = append(c.Ints, []int64{0, 1, -1, math.MaxInt64, math.MinInt64, r.Int64()}[r.IntN(6)])
	case bundle.Number:
		c.Floats = append(c.Floats, []float64{0, math.Copysign(0, -1), math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64, r.NormFloat64()}[r.IntN(6)])
	default:
		c.Codes = append(c.Codes, uint32(r.IntN(len(c.Dict))))
	}
}

// Start begins the nth run of a process.
func (d District) Start(process string, n int) ledger.RunStart {
	digest, err := d.bundle(process, n).Digest()
	if err != nil {
		panic(err) // the bundle is ours
	}
	return ledger.RunStart{
		Process: process, Revision: string(digest), Trigger: fmt.Sprintf("schedule/%d", n), At: d.at(n),
		Seed: []byte{byte(n), 0, 255}, Engine: "test",
	}
}

// Commit is the outcome of the nth run of a process.
func (d District) Commit(run ledger.Run, n int) ledger.RunCommit {
	return d.CommitOf(run, n, d.Population(n))
}

// CommitOf is the outcome of the nth run of a process over a population.
func (d District) CommitOf(run ledger.Run, n int, p *student.Population) ledger.RunCommit {
	c := ledger.RunCommit{Run: run.ID, Bundle: d.bundle(run.Process, n), Population: p}
	r := d.random(2, uint64(n))
	waiting := 0
	for i := range c.Population.IDs {
		record := d.record(r, run, c.Population, i)
		if record.State == decision.Waitlisted {
			waiting++
			record.Waiting = waiting
		}
		c.Records = append(c.Records, record)
		if record.State == decision.Proposed {
			c.Tasks = append(c.Tasks, decision.Open(record, bundle.Step{Role: bundle.RoleConfirm, Agent: "counsellor", Within: 3600, Otherwise: "Lapse"}))
		}
	}
	return c
}

func (d District) record(r *rand.Rand, run ledger.Run, p *student.Population, i int) decision.Record {
	record := decision.Record{
		ID:       decision.ID(run.Revision, decision.StudentKey(d.Name, p.IDs[i]), run.Trigger),
		District: d.Name, School: p.Schools[i], Class: p.Classes[i], Student: p.IDs[i],
		Process: run.Process, Revision: run.Revision, Run: run.ID, At: run.At, Expires: run.At.Add(90 * 24 * time.Hour),
	}
	switch r.IntN(8) {
	case 0:
		record.State, record.Missing, record.Reason.Code = decision.Undetermined, []string{"aNumber", "aString"}, "MISSING_INFORMATION"
		return record
	case 1:
		record.State, record.Failure, record.Reason.Code = decision.Failed, "rule far-behind: division by zero", "RULE_FAILED"
		return record
	case 2:
		record.State, record.Placement = decision.Waitlisted, "NoPlaceFree"
	case 3, 4:
		record.State, record.Placement = decision.Proposed, "Placed"
	default:
		record.State = decision.Confirmed
	}
	record.Rules = []string{"far-behind"}
	record.Reason = decision.Reason{Code: "FAR_BEHIND"}
	if record.State != decision.Confirmed {
		record.Group, record.Units, record.Rank = record.School, int64(1+r.IntN(2)), i+1
		priority := 100 * r.Float64()
		record.Priority = &priority
	}
	record.Result = []decision.Value{
		{Field: "support", V: "tutoring"}, {Field: "minutes", V: int64(r.IntN(250))}, {Field: "share", V: r.Float64()}, {Field: "eligible", V: r.IntN(2) == 0},
		{Field: "from", V: time.Date(2026, 9, 1+r.IntN(28), 0, 0, 0, 0, time.UTC)}, {Field: "topics", V: []string{"fractions", "algebra"}[:r.IntN(3)]},
		{Field: "days", V: []time.Time{time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)}}, {Field: "never"},
	}
	if r.IntN(4) == 0 {
		record.Result[0].V, record.Result[5].V = nil, nil
	}
	return record
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/engine/student"
)

// TestOddIdsAreKeptApart: a roster names students, schools and classes as it
// likes, and none may be taken for another or keep a district from deciding.
func TestOddIdsAreKeptApart(t *testing.T) {
	ids := []string{"\x00", "\x00\x00", " ", "' OR 1=1 --", "a", "a\x00", "a\x00b", "a\x00c", "a\nb", "a\r\nb", "é", "e\u0301"}
	ids = append(ids, strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20)+"y", "学生", "\U0001F600", "\uFFFD")
	d := ledgertest.District{Name: "springfield", Seed: 31}
	l := open(t, t.TempDir(), d.Name)
	var last []decision.Record
	for n := range 2 {
		run := must[ledger.Run](t)(l.BeginRun(ctx, d.Start("tutoring", n)))
		c := d.CommitOf(run, n, oddlyNamed(run, ids))
		for i := range c.Records {
			r := &c.Records[i]
			r.State, r.Group, r.Units, r.Waiting = decision.Confirmed, r.School, 1, 0
		}
		c.Tasks = nil
		must[ledger.Receipt](t)(l.CommitRun(ctx, c))
		last = c.Records
	}
	got := map[string]string{}
	for d, err := range l.Decisions(ctx, ledger.Query{InForceOnly: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got[d.Student] = d.ID
		if one := must[[]string](t)(decisionsOf(l, d.Student)); len(one) != 2 {
			t.Errorf("%.20q has %d decisions, made were 2", d.Student, len(one))
		}
	}
	want := map[string]string{}
	for _, r := range last {
		want[r.Student] = r.ID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions in force (-made +read):\n%.2000s", diff)
	}
	held := must[map[string]decision.Seat](t)(l.Held(ctx, "tutoring"))
	for _, r := range last {
		if held[r.Student] != (decision.Seat{Group: r.School, Units: 1}) {
			t.Errorf("%.20q holds %.60v", r.Student, held[r.Student])
		}
	}
	ledgertest.Whole(t, l)
}

func oddlyNamed(run ledger.Run, ids []string) *student.Population {
	sorted := append([]string(nil), ids...)
	slices.Sort(sorted)
	return student.New("springfield", run.At, nil, student.Origin{Kind: "test"}, sorted, sorted, make([]string, len(sorted)), oddColumns(len(sorted)))
}

func oddColumns(rows int) []*student.Column {
	var columns []*student.Column
	for _, a := range ledgertest.Bundle("any", 0).Information.Attributes {
		c := &student.Column{Attribute: a, Presence: make([]student.Presence, rows)}
		switch {
		case a.Type.IsList():
			c.Offsets = make([]uint32, rows+1)
		case a.Type == bundle.Boolean:
			c.Bools = make([]bool, rows)
		case a.Type == bundle.Number:
			c.Floats = make([]float64, rows)
		case a.Type == bundle.String:
			c.Codes, c.Dict = make([]uint32, rows), []string{""}
		default:
			c.Ints = make([]int64, rows)
		}
		columns = append(columns, c)
	}
	return columns
}

func decisionsOf(l *ledger.Ledger, student string) (ids []string, err error) {
	for d, err := range l.Decisions(ctx, ledger.Query{Student: student}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, d.ID)
	}
	return ids, nil
}

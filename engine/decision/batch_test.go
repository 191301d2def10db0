// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/decision"
)

func number(t *testing.T, s decision.State) uint8 {
	t.Helper()
	n, ok := decision.StateNumber(s)
	if back, known := decision.StateOf(n); !ok || !known || back != s {
		t.Fatalf("state %s has number %d, which is state %s", s, n, back)
	}
	return n
}

func batchOfThree(t *testing.T) *decision.Batch {
	t.Helper()
	return &decision.Batch{
		District: "boston", Process: "tutoring", Revision: "sha256-ab", Run: "r1", Trigger: "request/1",
		At: time.Unix(86400, 0).UTC(), Expires: time.Unix(2*86400, 0).UTC(), Fields: []string{"level", "minutes", "on"},
		Students: []string{"a", "b", "c"}, Schools: []string{"n", "n", "s"}, Classes: []string{"", "", ""},
		Outcome: []uint32{0, 1, 0},
		Outcomes: []decision.Outcome{
			{Rules: []string{"weak"}, Code: "WEAK", Result: []any{"high", nil, nil}, Computed: 0b110},
			{Code: decision.CodeMissing, Missing: []string{"math"}},
		},
		State:      []uint8{number(t, decision.Confirmed), number(t, decision.Undetermined), number(t, decision.Waitlisted)},
		Priority:   []float64{1.5, math.NaN(), 2},
		Computed:   []*decision.Values{nil, {Ints: []int64{30, 0, 45}}, {Ints: []int64{1, 0, 2}, Dates: true}},
		Places:     []decision.Allotment{{Group: "n", Units: 1, Rank: 1, Placement: "Placed"}, {}, {Group: "s", Units: 1, Rank: 1, Waiting: 1, Placement: "NoPlaceFree"}},
		Supersedes: []uint16{0, 1, 1}, Superseded: []string{decision.RunPart("sha256-aa", "request/0")},
	}
}

func TestABatchGivesRecords(t *testing.T) {
	b := batchOfThree(t)
	priority := 2.0
	want := decision.Record{
		ID:       decision.ID("sha256-ab", decision.StudentKey("boston", "c"), "request/1"),
		District: "boston", School: "s", Student: "c", Process: "tutoring", Revision: "sha256-ab", Run: "r1",
		At: b.At, Expires: b.Expires, Rules: []string{"weak"}, State: decision.Waitlisted, Reason: decision.Reason{Code: "WEAK"},
		Result:   []decision.Value{{Field: "level", V: "high"}, {Field: "minutes", V: int64(45)}, {Field: "on", V: time.Unix(2*86400, 0).UTC()}},
		Priority: &priority, Group: "s", Units: 1, Rank: 1, Waiting: 1, Placement: "NoPlaceFree",
		Supersedes: decision.ID("sha256-aa", decision.StudentKey("boston", "c"), "request/0"),
	}
	if diff := cmp.Diff(want, b.Record(2)); diff != "" {
		t.Errorf("record 2 (-want +got):\n%s", diff)
	}
	undetermined := b.Record(1)
	if undetermined.Result != nil || undetermined.Priority != nil || undetermined.State != decision.Undetermined || undetermined.Missing[0] != "math" {
		t.Errorf("record 1 is %+v", undetermined)
	}
}

func TestAPartOfABatchHasTheSameRecords(t *testing.T) {
	b := batchOfThree(t)
	part := b.Slice(1, 3)
	if part.Len() != 2 {
		t.Fatalf("the part has %d records", part.Len())
	}
	for i := range part.Len() {
		if diff := cmp.Diff(b.Record(i+1), part.Record(i)); diff != "" {
			t.Errorf("record %d (-whole +part):\n%s", i, diff)
		}
	}
}

func TestEveryStateHasANumber(t *testing.T) {
	for _, s := range decision.States() {
		number(t, s)
	}
	if _, ok := decision.StateNumber("Elsewhere"); ok {
		t.Error("a word that is no state has a number")
	}
}

func TestAnIDHasTwoHalves(t *testing.T) {
	id := decision.ID("sha256-ab", decision.StudentKey("boston", "s-01"), "request/1")
	run, who, ok := decision.SplitID(id)
	if !ok || run != decision.RunPart("sha256-ab", "request/1") || who != decision.StudentPart("boston", "s-01") {
		t.Errorf("%s splits into %s and %s (%v)", id, run, who, ok)
	}
	if _, _, ok := decision.SplitID(id[1:]); ok {
		t.Error("half a byte too few is split all the same")
	}
}

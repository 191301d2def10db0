// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger/columns"
)

// oneField is a batch of decisions that compute one field.
func oneField(v *decision.Values, rows int) *decision.Batch {
	return &decision.Batch{
		Fields: []string{"field"}, Outcome: make([]uint32, rows), State: make([]uint8, rows),
		Outcomes: []decision.Outcome{{Result: []any{nil}, Computed: 1}}, Computed: []*decision.Values{v},
	}
}

// TestWhatCannotBeReadIsNotWritten: each limit that reading has is one that
// writing has, too, and what is at the limit is read.
func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	half := make([]bool, columns.MaxValues/2)
	text := strings.Repeat("x", columns.MaxValues-8) // the other bytes of the form are 8
	for name, c := range map[string]struct {
		batch *decision.Batch
		says  string // empty: it is written and read
	}{
		"the last date":        {oneField(&decision.Values{Ints: []int64{math.MaxInt32}, Dates: true}, 1), ""},
		"a date after it":      {oneField(&decision.Values{Ints: []int64{math.MaxInt32 + 1}, Dates: true}, 1), "2^31 days"},
		"a date long before":   {oneField(&decision.Values{Ints: []int64{math.MinInt32 - 1}, Dates: true}, 1), "2^31 days"},
		"long lists":           {oneField(&decision.Values{Lists: []any{half, half}}, 2), ""},
		"longer lists":         {oneField(&decision.Values{Lists: []any{half, half, []bool{true}}}, 3), "list elements"},
		"a long outcome":       {&decision.Batch{Outcome: []uint32{0}, State: []uint8{0}, Outcomes: []decision.Outcome{{Failure: text}}}, ""},
		"a longer outcome":     {&decision.Batch{Outcome: []uint32{0}, State: []uint8{0}, Outcomes: []decision.Outcome{{Failure: text + "x"}}}, "outcome 0 takes"},
		"the second is so":     {&decision.Batch{Outcome: []uint32{0}, State: []uint8{0}, Outcomes: []decision.Outcome{{}, {Failure: text + "x"}}}, "outcome 1 takes"},
		"more lists than rows": {oneField(&decision.Values{Lists: []any{half, half}}, 1), "2 values for 1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.batch
			forms, kinds, err := outcomeForms(b)
			var chunk []byte
			if err == nil {
				var e segmentEncoder
				chunk, err = e.decisions(nil, &encodedBatch{Batch: b, forms: forms, kinds: kinds}, 0, len(b.Outcome))
			}
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("it is written: %v", err)
				}
				return
			}
			if err == nil {
				_, err = decodeDecisions(chunk, frame(b), len(b.Outcome))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestALongDescriptionIsNotWritten(t *testing.T) {
	if _, err := columns.NewWriter(io.Discard).Close(make([]byte, columns.MaxValues+1)); err == nil {
		t.Error("it is written")
	}
}

// TestLeavesOfOneGroupSayNothingOfTheNext: a writer that goes from batch to batch,
// whose outcomes have the same numbers and mean something else, gives the leaves
// of a new one, even where its turns begin anew.
func TestLeavesOfOneGroupSayNothingOfTheNext(t *testing.T) {
	persons := []Hash{{1}, {2}, {3}}
	batch := func(code string) (*decision.Batch, [][]byte) {
		b := &decision.Batch{Outcome: []uint32{0, 1, 0}, State: make([]uint8, 3), Outcomes: []decision.Outcome{{Code: code}, {Code: code + "2"}}}
		forms, _, err := outcomeForms(b)
		if err != nil {
			t.Fatal(err)
		}
		return b, forms
	}
	kept := leafWriter{}
	for turn, code := range []string{"a", "b", "c", "a"} {
		b, forms := batch(code)
		if turn == 2 {
			kept.now = math.MaxUint32 // the next turn is as the first one was
		}
		var fresh leafWriter
		want := fresh.leaves(nil, b, forms, persons, 0, 3)
		if got := kept.leaves(nil, b, forms, persons, 0, 3); !slices.Equal(got, want) {
			t.Errorf("turn %d: other leaves", turn)
		}
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/decision"
)

// shared is what all records of batchOfThree share.
func shared(b *decision.Batch) decision.Batch {
	return decision.Batch{District: b.District, Process: b.Process, Revision: b.Revision, Run: b.Run, Trigger: b.Trigger, At: b.At, Fields: b.Fields}
}

func recordsOf(b *decision.Batch) []decision.Record {
	records := make([]decision.Record, b.Len())
	for i := range records {
		records[i] = b.Record(i)
	}
	return records
}

func TestGatheredRecordsAreTheSame(t *testing.T) {
	b := batchOfThree(t)
	got, err := decision.Gather(shared(b), recordsOf(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(recordsOf(b), recordsOf(got)); diff != "" {
		t.Errorf("records (-given +gathered):\n%s", diff)
	}
	if len(got.Outcomes) != 3 {
		t.Errorf("%d outcomes", len(got.Outcomes))
	}
	again := append(recordsOf(b)[:1], recordsOf(b)[0])
	if got, err = decision.Gather(shared(b), again); err != nil || len(got.Outcomes) != 1 {
		t.Errorf("the same outcome twice: %v, %v", got.Outcomes, err)
	}
	if none, err := decision.Gather(shared(b), nil); err != nil || none.Len() != 0 {
		t.Errorf("no records: %v", err)
	}
}

func TestRecordsThatDoNotFitAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(r *decision.Record){
		"another run":             func(r *decision.Record) { r.Run = "r2" },
		"another instant":         func(r *decision.Record) { r.At = r.At.Add(1) },
		"another expiry":          func(r *decision.Record) { r.Expires = time.Time{} },
		"an id made up":           func(r *decision.Record) { r.ID = "x" },
		"another student's id":    func(r *decision.Record) { r.Student = "z" },
		"an unknown state":        func(r *decision.Record) { r.State = "Great" },
		"a reason's text":         func(r *decision.Record) { r.Reason.Text = map[string]string{"en": "z"} },
		"an undeclared field":     func(r *decision.Record) { r.Result[0].Field = "secret" },
		"fields in another order": func(r *decision.Record) { r.Result[0], r.Result[1] = r.Result[1], r.Result[0] },
		"a value of no type":      func(r *decision.Record) { r.Result[0].V = struct{}{} },
		"supersedes another's":    func(r *decision.Record) { r.Supersedes = r.Supersedes[:32] + decision.StudentPart("boston", "a") },
		"supersedes no decision":  func(r *decision.Record) { r.Supersedes = "before" },
	} {
		b := batchOfThree(t)
		records := recordsOf(b)
		spoil(&records[2])
		_, err := decision.Gather(shared(b), records)
		if err == nil || !strings.Contains(err.Error(), "record 2 ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

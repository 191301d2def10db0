// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
)

// compare holds a record against what deciding again gave. What depends on
// other students (rank, waiting list) or on the run is not compared; neither is
// the reason's text, which follows from what is. An empty list and no value are
// alike, as a record's stored form does not tell them apart.
func compare(recorded, replayed *decision.Record, units int64) Replay {
	var differs []string
	check := func(member string, same bool) {
		if !same {
			differs = append(differs, member)
		}
	}
	check("school", recorded.School == replayed.School)
	check("class", recorded.Class == replayed.Class)
	check("process", recorded.Process == replayed.Process)
	check("state", outcomeOf(recorded) == outcomeOf(replayed))
	check("rules", slices.Equal(recorded.Rules, replayed.Rules))
	check("reason", recorded.Reason.Code == replayed.Reason.Code)
	check("priority", reflect.DeepEqual(recorded.Priority, replayed.Priority))
	check("missing", slices.Equal(recorded.Missing, replayed.Missing))
	check("failure", recorded.Failure == replayed.Failure)
	check("units", !decided(recorded.State) || recorded.Units == units)
	check("expires", recorded.Expires.Equal(replayed.Expires))
	for _, field := range fieldsOf(recorded, replayed) {
		check("result."+field, sameValue(valueOf(recorded, field), valueOf(replayed, field)))
	}
	return Replay{Same: len(differs) == 0, Differs: differs}
}

// outcomeOf is a record's state as far as the rules decide it.
func outcomeOf(r *decision.Record) decision.State {
	if decided(r.State) {
		return decision.Confirmed
	}
	return r.State
}

// fieldsOf are the result fields of either record, in order of appearance.
func fieldsOf(records ...*decision.Record) []string {
	var fields []string
	for _, r := range records {
		for _, v := range r.Result {
			if !slices.Contains(fields, v.Field) {
				fields = append(fields, v.Field)
			}
		}
	}
	return fields
}

func valueOf(r *decision.Record, field string) any {
	for _, v := range r.Result {
		if v.Field == field {
			return v.V
		}
	}
	return nil
}

// sameValue compares by the JSON form: two spellings of one instant are one.
func sameValue(a, b any) bool {
	if empty(a) || empty(b) {
		return empty(a) && empty(b)
	}
	x, errX := json.Marshal(export.JSONValue(a))
	y, errY := json.Marshal(export.JSONValue(b))
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func empty(v any) bool {
	if v == nil {
		return true
	}
	list := reflect.ValueOf(v)
	return list.Kind() == reflect.Slice && list.Len() == 0
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/decision"
)

// recordFormat opens the canonical form of a decision record. A change of the
// form is a change of this name.
const recordFormat = "juncture.dev/decision/v1\x00"

// valueKind marks a result value in the canonical form and in a segment's
// schema. A list has listOf added to the kind of its elements.
type valueKind byte

const (
	kindNone   valueKind = 0
	kindBool   valueKind = 1
	kindInt    valueKind = 2
	kindFloat  valueKind = 3
	kindString valueKind = 4
	kindDate   valueKind = 5
	listOf     valueKind = 16
)

// CanonicalRecord appends the canonical form of a decision record to dst: the
// bytes that the record's Merkle leaf commits to. docs/record.md describes it.
//
// A nil and an empty list are the same, and so are a result field without a
// value and a field left out. It fails on a value that decision.Value does not
// allow.
func CanonicalRecord(dst []byte, r *decision.Record) ([]byte, error) {
	dst = append(dst, recordFormat...)
	for _, s := range [...]string{r.ID, r.District, r.School, r.Class, r.Student, r.Process, r.Revision, r.Run} {
		dst = appendString(dst, s)
	}
	dst = appendTime(dst, r.At)
	dst = appendStrings(dst, r.Rules)
	dst = appendString(dst, string(r.State))
	dst = appendReason(dst, r.Reason)
	dst, err := appendResult(dst, r.Result)
	if err != nil {
		return nil, err
	}
	if r.Priority == nil {
		dst = append(dst, 0)
	} else {
		dst = appendFloat(append(dst, 1), *r.Priority)
	}
	dst = appendString(dst, r.Group)
	dst = binary.AppendVarint(dst, r.Units)
	dst = binary.AppendVarint(dst, int64(r.Rank))
	dst = binary.AppendVarint(dst, int64(r.Waiting))
	dst = appendString(dst, r.Placement)
	dst = appendStrings(dst, r.Missing)
	dst = appendString(dst, r.Failure)
	dst = appendString(dst, r.Supersedes)
	return appendTime(dst, r.Expires), nil
}

func appendReason(dst []byte, r decision.Reason) []byte {
	dst = appendString(dst, r.Code)
	dst = binary.AppendUvarint(dst, uint64(len(r.Text)))
	languages := make([]string, 0, 4)
	for language := range r.Text {
		languages = append(languages, language)
	}
	slices.Sort(languages)
	for _, language := range languages {
		dst = appendString(dst, language)
		dst = appendString(dst, r.Text[language])
	}
	return dst
}

func appendResult(dst []byte, result []decision.Value) ([]byte, error) {
	if len(result) == 0 {
		return append(dst, 0), nil
	}
	held := 0
	for _, v := range result {
		if v.V != nil {
			held++
		}
	}
	dst = binary.AppendUvarint(append(dst, 1), uint64(held))
	for _, v := range result {
		if v.V == nil {
			continue
		}
		kind, err := kindOf(v.V)
		if err != nil {
			return nil, fmt.Errorf("result field %q: %w", v.Field, err)
		}
		dst = append(appendString(dst, v.Field), byte(kind))
		dst = appendValue(dst, v.V)
	}
	return dst, nil
}

// kindOf is the kind of a result value, or an error where decision.Value does
// not allow it.
func kindOf(v any) (valueKind, error) {
	switch v := v.(type) {
	case nil:
		return kindNone, nil
	case bool:
		return kindBool, nil
	case int64:
		return kindInt, nil
	case float64:
		return kindFloat, nil
	case string:
		return kindString, nil
	case time.Time:
		return kindDate, checkDate(v)
	case []bool:
		return listOf + kindBool, nil
	case []int64:
		return listOf + kindInt, nil
	case []float64:
		return listOf + kindFloat, nil
	case []string:
		return listOf + kindString, nil
	case []time.Time:
		for _, t := range v {
			if err := checkDate(t); err != nil {
				return kindNone, err
			}
		}
		return listOf + kindDate, nil
	}
	return kindNone, fmt.Errorf("a value of Go type %T cannot be recorded", v)
}

// checkDate: a date is midnight UTC of a day that fits in 32 bits.
func checkDate(t time.Time) error {
	seconds := t.Unix()
	if seconds%86400 != 0 || t.Nanosecond() != 0 {
		return fmt.Errorf("a date must be midnight UTC")
	}
	if d := seconds / 86400; d < math.MinInt32 || d > math.MaxInt32 {
		return fmt.Errorf("a date must be within 2^31 days of 1970-01-01")
	}
	return nil
}

func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return appendBool(dst, v)
	case int64:
		return binary.AppendVarint(dst, v)
	case float64:
		return appendFloat(dst, v)
	case string:
		return appendString(dst, v)
	case time.Time:
		return binary.AppendVarint(dst, days(v))
	case []bool:
		return appendList(dst, v, appendBool)
	case []int64:
		return appendList(dst, v, binary.AppendVarint)
	case []float64:
		return appendList(dst, v, appendFloat)
	case []string:
		return appendStrings(dst, v)
	case []time.Time:
		return appendList(dst, v, func(dst []byte, t time.Time) []byte { return binary.AppendVarint(dst, days(t)) })
	}
	return dst
}

// days since 1970-01-01 of a date.
func days(t time.Time) int64 { return t.Unix() / 86400 }

func appendList[T any](dst []byte, list []T, one func([]byte, T) []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, v := range list {
		dst = one(dst, v)
	}
	return dst
}

func appendStrings(dst []byte, list []string) []byte {
	return appendList(dst, list, appendString)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f))
}

// appendTime appends 0 for the zero time, else 1, the seconds since 1970 and
// the nanoseconds within the second.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(append(dst, 1), t.Unix())
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}

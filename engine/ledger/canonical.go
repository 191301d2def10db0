// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/juncture-dev/juncture/engine/ledger/columns"
)

// The canonical forms' spelling is described in docs/record.md.

// valueKind marks a result value in the canonical forms and in a segment. A list
// has listOf added to the kind of its elements.
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

// appendLengthOf appends a number of bytes or of elements.
func appendLengthOf(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func parseBool(d *columns.Decoder) bool {
	b := d.Byte()
	if b > 1 {
		d.Fail(errors.New("a Boolean is neither 0 nor 1"))
	}
	return b == 1
}

func parseFloat(d *columns.Decoder) float64 {
	if b := d.Bytes(8); len(b) == 8 {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

func parseDate(d *columns.Decoder) time.Time {
	day := d.Varint()
	checkDays(d, []int64{day})
	return dateOf(day)
}

func sum256(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }

// dayOf is the day of a date.
func dayOf(v any) (int64, bool) {
	date, ok := v.(time.Time)
	return days(date), ok
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text reads the numbers, dates and truth values of the files that
// districts export. All sources of rows read through it, so that the same text
// is the same value wherever it stands.
//
// Each function has a fast way for the forms that nearly all fields have and
// leaves the rest to strconv and time. The fast ways are exact: a number is the
// double nearest to the decimal text, as strconv gives it. Blanks around a
// value, as Unicode has them, are ignored. Nothing allocates but the reading of
// texts longer than any common value.
package text

import (
	"bytes"
	"math"
	"strconv"
)

// exact is the greatest integer up to which doubles hold all integers.
const exact = 1 << 53

// tens are the powers of ten that doubles hold exactly.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Number reads decimal digits with an optional sign, point and exponent; not
// the further forms of Go (NaN, hexadecimal, underscores). It is false for
// anything else, and for numbers beyond the range of doubles.
func Number(b []byte) (float64, bool) {
	// Where the digits make an integer of at most 2^53 and the point divides it
	// by a power of ten that is a double, IEEE division rounds correctly (W. D.
	// Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990).
	if len(b) == 0 || len(b) > 16 {
		return number(b)
	}
	i := 0
	if b[0] == '-' || b[0] == '+' {
		i = 1
	}
	var mantissa uint64
	digits, point := 0, -1
	for ; i < len(b); i++ {
		c := b[i]
		if d := c - '0'; d <= 9 {
			mantissa = 10*mantissa + uint64(d)
			digits++
			continue
		}
		if c != '.' || point >= 0 {
			return number(b)
		}
		point = digits
	}
	if digits == 0 || mantissa > exact {
		return number(b)
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= tens[digits-point]
	}
	if b[0] == '-' {
		v = -v
	}
	return v, true
}

func number(b []byte) (float64, bool) {
	b = bytes.TrimSpace(b)
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil
}

// Integer reads decimal digits with an optional sign. It also reads 79.0 and
// 7.9e1, as exports hold scores that are floats, up to 2^53.
func Integer(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return integer(b)
	}
	i := 0
	if b[0] == '-' || b[0] == '+' {
		i = 1
	}
	if i == len(b) {
		return 0, false
	}
	var v int64
	for ; i < len(b); i++ {
		d := b[i] - '0'
		if d > 9 {
			return integer(b)
		}
		v = 10*v + int64(d)
	}
	if b[0] == '-' {
		v = -v
	}
	return v, true
}

func integer(b []byte) (int64, bool) {
	if v, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil {
		return v, true
	}
	v, ok := Number(b)
	if !ok || v != math.Trunc(v) || v > exact || v < -exact {
		return 0, false
	}
	return int64(v), true
}

// Boolean reads true and false in any capitals: spreadsheets write TRUE.
func Boolean(b []byte) (value, ok bool) {
	switch string(b) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	b = bytes.TrimSpace(b)
	switch {
	case bytes.EqualFold(b, []byte("true")):
		return true, true
	case bytes.EqualFold(b, []byte("false")):
		return false, true
	}
	return false, false
}

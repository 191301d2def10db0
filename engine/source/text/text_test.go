// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

var samples = []string{
	"", " ", "0", "-0", "+0", "7", "-7", "+7", "07", "95.5", "-95.5", ".5", "5.", ".", "-", "+", "-.", "--5", "1.2.3", "5-", " 5 ", "\u00a05", "\t5\r\n", "5 5", "1_000", "0x1p4", "NaN", "Inf", "-inf",
	"1e3", "1E3", "1e", "1e+3", "e3", "1e308", "1e309", "-1e309", "4.9e-324", "1e-400", "79.0", "79.5", "7.9e1", "0.1", "0.3", "2.675", "123456789012345", "9007199254740992", "9007199254740993", "9007199254740993.0",
	"900719925474099.3", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1234567890123456", "0.0000000000000001", ".000000000000001", "000000000000000000000000000000000000000001",
	"１", "1,5", "1;5", "5\x00", "\xff",
	"true", "false", "TRUE", "False", " true ", "tru", "truee", "falſe", "TRUE\u2003", "1", "yes",
	"2025-09-30", "2025-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "0001-01-01", "0000-01-01", "9999-12-31", "2025-13-01", "2025-00-01", "2025-01-00", "2025-04-31", "2025-1-01", "2025/01/01", "20250101", " 2025-09-30", "2025-09-30 ", "202a-09-30",
	"2025-09-30T23:59:59Z", "2025-09-30T00:00:00.000Z", "2025-09-30T00:00:00+14:00", "2025-09-30T25:00:00Z", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "9998-12-31T23:59:59-12:00", "2025-09-30T", "-025-09-30", "2025-09-3０",
}

// TestReadsAsTheLibrary holds samples and many random texts against strconv and
// package time.
func TestReadsAsTheLibrary(t *testing.T) {
	for _, s := range samples {
		compare(t, s)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, alphabet := range []string{"0123456789", "0123456789.", "019.-+eE ", "0123-", "trueTRUE"} {
		for range 40_000 {
			b := make([]byte, random.IntN(24))
			for i := range b {
				b[i] = alphabet[random.IntN(len(alphabet))]
			}
			compare(t, string(b))
		}
	}
	for range 100_000 {
		compare(t, strconv.FormatFloat(math.Float64frombits(random.Uint64()), 'g', -1, 64))
		compare(t, strconv.FormatFloat(float64(random.IntN(1e9))/1e4, 'f', -1, 64))
	}
	for year := range 10001 {
		for _, day := range []string{"01-01", "02-28", "02-29", "03-01", "12-31"} {
			compare(t, fmt.Sprintf("%04d-%s", year, day))
		}
	}
}

// FuzzText finds no text that strconv or package time reads otherwise.
func FuzzText(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	f.Fuzz(compare)
}

var boston = time.FixedZone("Boston", -5*3600)

func compare(t *testing.T, s string) {
	t.Helper()
	b := []byte(s)
	wantNumber, wantOK := referenceNumber(s)
	if got, ok := Number(b); ok != wantOK || math.Float64bits(got) != math.Float64bits(wantNumber) {
		t.Errorf("Number(%q) = %v, %v; strconv says %v, %v", s, got, ok, wantNumber, wantOK)
	}
	wantInteger, wantOK := referenceInteger(s)
	if got, ok := Integer(b); ok != wantOK || got != wantInteger {
		t.Errorf("Integer(%q) = %v, %v; strconv says %v, %v", s, got, ok, wantInteger, wantOK)
	}
	trimmed := strings.TrimSpace(s)
	wantTrue, wantFalse := strings.EqualFold(trimmed, "true"), strings.EqualFold(trimmed, "false")
	if got, ok := Boolean(b); ok != (wantTrue || wantFalse) || got != wantTrue {
		t.Errorf("Boolean(%q) = %v, %v", s, got, ok)
	}
	wantDay, wantOK := referenceDay(trimmed)
	if got, ok := Day(b, boston); ok != wantOK || got != wantDay {
		t.Errorf("Day(%q) = %v, %v; package time says %v, %v", s, got, ok, wantDay, wantOK)
	}
	if string(b) != s {
		t.Errorf("%q was changed to %q", s, b)
	}
}

func referenceNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if strings.Trim(s, "0123456789.-+eE") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return v, false
	}
	return v, true
}

func referenceInteger(s string) (int64, bool) {
	if v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil {
		return v, true
	}
	v, ok := referenceNumber(s)
	if !ok || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, false
	}
	return int64(v), true
}

func referenceDay(s string) (int32, bool) {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil || at.Year() == 0 {
		if at, err = time.Parse(time.RFC3339, s); err != nil || at.Year() < 2 || at.Year() > 9998 {
			return 0, false
		}
		at = at.In(boston)
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int32(at.Unix() / 86400), true
}

func TestNumber(t *testing.T) {
	for s, want := range map[string]float64{"0": 0, "79": 79, " 79.50 ": 79.5, "-1.5e2": -150, "+.5": 0.5, "007": 7} {
		if got, ok := Number([]byte(s)); !ok || got != want {
			t.Errorf("%q is %v (%v), want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", " ", "abc", "1,5", "1 000", "85%", "NaN", "inf", "-Infinity", "0x10", "1_000", "1e999", "1e", "--1", "1.2.3", "٣"} {
		if got, ok := Number([]byte(s)); ok {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

func TestInteger(t *testing.T) {
	for s, want := range map[string]int64{"79": 79, "79.0": 79, "-3": -3, "3e2": 300, "9223372036854775807": 1<<63 - 1} {
		if got, ok := Integer([]byte(s)); !ok || got != want {
			t.Errorf("%q is %v (%v), want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"79.5", "9223372036854775808", "1e300", "x", ""} {
		if got, ok := Integer([]byte(s)); ok {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

func BenchmarkText(b *testing.B) {
	for _, c := range []struct {
		name       string
		this, that func() bool
	}{
		{"score", func() bool { _, ok := Number([]byte("95.5")); return ok }, func() bool { _, err := strconv.ParseFloat("95.5", 64); return err == nil }},
		{"integer", func() bool { _, ok := Integer([]byte("104312")); return ok }, func() bool { _, err := strconv.ParseInt("104312", 10, 64); return err == nil }},
		{"date", func() bool { _, ok := Day([]byte("2025-09-30"), time.UTC); return ok }, func() bool { _, err := time.Parse(time.DateOnly, "2025-09-30"); return err == nil }},
	} {
		for name, read := range map[string]func() bool{"this": c.this, "library": c.that} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !read() {
						b.Fatal("cannot be read")
					}
				}
			})
		}
	}
}

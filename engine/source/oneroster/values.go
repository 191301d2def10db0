// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// feed reads a column's text as facts of an attribute and adds them. Empty text
// is no fact. The fault of what cannot be read is returned; the fact is then in
// the builder as faulty.
func (p *planned) feed(f student.Fact, text string, zone *time.Location) (problem fault) {
	if text == "" {
		return fault{}
	}
	if !p.isList {
		return p.feedOne(f, text, zone)
	}
	for len(text) > 0 {
		element, rest, _ := strings.Cut(text, ",")
		text = rest
		if element = strings.TrimSpace(element); element == "" {
			continue
		}
		if bad := p.feedOne(f, element, zone); bad != (fault{}) {
			problem = bad
		}
		if p.firstOnly {
			break
		}
	}
	return problem
}

func (p *planned) feedOne(f student.Fact, text string, zone *time.Location) fault {
	b := p.builder
	switch p.reads {
	case bundle.Integer:
		if p.grades {
			return p.feedGrade(f, text)
		}
		if v, ok := parseInteger(text); ok {
			return asFault(b.Integer(f, v))
		}
		b.Faulty(f)
		if _, ok := parseNumber(text); ok {
			return faultNotInteger
		}
		return faultNotNumber
	case bundle.Number:
		if p.grades {
			return p.feedGrade(f, text)
		}
		v, ok := parseNumber(text)
		if !ok {
			b.Faulty(f)
			return faultNotNumber
		}
		if p.counted {
			b.Present(f)
			return fault{}
		}
		return asFault(b.Number(f, v))
	case bundle.Date:
		v, ok := parseDay(text, zone)
		if !ok {
			b.Faulty(f)
			return faultNotDate
		}
		if p.counted {
			b.Present(f)
			return fault{}
		}
		return asFault(b.Integer(f, int64(v)))
	case bundle.Boolean:
		v, ok := parseBoolean(text)
		if !ok {
			b.Faulty(f)
			return faultNotBoolean
		}
		b.Boolean(f, v)
		return fault{}
	}
	if p.counted {
		b.Present(f)
		return fault{}
	}
	return asFault(b.Text(f, text))
}

func (p *planned) feedGrade(f student.Fact, text string) fault {
	level, numbered, known := gradeLevel(text)
	switch {
	case !known:
		p.builder.Faulty(f)
		return faultNotGrade
	case !numbered:
		return fault{}
	case p.reads == bundle.Number:
		return asFault(p.builder.Number(f, float64(level)))
	}
	return asFault(p.builder.Integer(f, level))
}

func asFault(what string) fault {
	if what == "" {
		return fault{}
	}
	return fault{what, mends[what]}
}

// parseNumber reads decimal digits with an optional sign, point and exponent;
// not the further forms of Go (NaN, hexadecimal, underscores).
func parseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// parseInteger also reads 79.0: OneRoster's scores are floats.
func parseInteger(text string) (int64, bool) {
	if v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return v, true
	}
	const exact = 1 << 53
	v, ok := parseNumber(text)
	if !ok || v != math.Trunc(v) || v > exact || v < -exact {
		return 0, false
	}
	return int64(v), true
}

// parseBoolean takes any capitals: spreadsheets write TRUE.
func parseBoolean(text string) (value, ok bool) {
	text = strings.TrimSpace(text)
	switch {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	}
	return false, false
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"bytes"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/text"
	"github.com/juncture-dev/juncture/engine/student"
)

// feed reads a column's text as facts of an attribute and adds them. Empty text
// is no fact. The fault of what cannot be read is returned; the fact is then in
// the builder as faulty.
func (p *planned) feed(f student.Fact, field []byte, zone *time.Location) (problem fault) {
	if len(field) == 0 {
		return fault{}
	}
	if !p.isList {
		return p.feedOne(f, field, zone)
	}
	for len(field) > 0 {
		element, rest, _ := bytes.Cut(field, []byte{','})
		field = rest
		if element = bytes.TrimSpace(element); len(element) == 0 {
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

func (p *planned) feedOne(f student.Fact, field []byte, zone *time.Location) fault {
	b := p.builder
	switch p.reads {
	case bundle.Integer:
		if p.grades {
			return p.feedGrade(f, field)
		}
		if v, ok := text.Integer(field); ok {
			return asFault(b.Integer(f, v))
		}
		b.Faulty(f)
		if _, ok := text.Number(field); ok {
			return faultNotInteger
		}
		return faultNotNumber
	case bundle.Number:
		if p.grades {
			return p.feedGrade(f, field)
		}
		v, ok := text.Number(field)
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
		v, ok := text.Day(field, zone)
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
		v, ok := text.Boolean(field)
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
	return asFault(b.Bytes(f, field))
}

func (p *planned) feedGrade(f student.Fact, field []byte) fault {
	level, numbered, known := gradeLevel(field)
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

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Gather puts records into a batch, in their order. shared says what they all
// share: District, Process, Revision, Run, Trigger, At and Fields.
//
// It fails on a record of another run, on one that does not have the id of its
// revision, student and trigger instance, on records that expire at different
// instants, and on a reason's text, which a batch does not hold. The errors name
// records by their place and no student. Result values share their slices with
// the records.
func Gather(shared Batch, records []Record) (*Batch, error) {
	b := shared
	n := len(records)
	g := gathering{Batch: &b, runPart: RunPart(b.Revision, b.Trigger), numbers: map[string]uint32{}, runs: map[string]uint16{}}
	if n > 0 {
		b.Expires = records[0].Expires
	}
	b.Students, b.Schools, b.Classes = make([]string, n), make([]string, n), make([]string, n)
	b.Outcome, b.State = make([]uint32, n), make([]uint8, n)
	for i := range records {
		if err := g.add(i, n, &records[i]); err != nil {
			return nil, fmt.Errorf("record %d %w", i, err)
		}
	}
	return &b, nil
}

type gathering struct {
	*Batch
	runPart string
	numbers map[string]uint32 // of outcomes, by their key
	runs    map[string]uint16 // of superseded runs, plus one
	key     []byte
}

func (g *gathering) add(i, n int, r *Record) error {
	if r.District != g.District || r.Process != g.Process || r.Revision != g.Revision || r.Run != g.Run || !r.At.Equal(g.At) {
		return errors.New("is of another district, process, revision, run or instant")
	}
	if !r.Expires.Equal(g.Expires) {
		return errors.New("does not expire when the records before it do")
	}
	if len(r.Reason.Text) > 0 {
		return errors.New("has the text of its reason: records of a run hold the code only")
	}
	who := StudentPart(r.District, r.Student)
	if r.ID != g.runPart+who {
		return errors.New("does not have the id of its revision, student and trigger instance")
	}
	g.Students[i], g.Schools[i], g.Classes[i] = r.Student, r.School, r.Class
	var known bool
	if g.State[i], known = StateNumber(r.State); !known {
		return fmt.Errorf("has the unknown state %q", r.State)
	}
	if r.Priority != nil && !math.IsNaN(*r.Priority) {
		if g.Priority == nil {
			g.Priority = slices.Repeat([]float64{math.NaN()}, n)
		}
		g.Priority[i] = *r.Priority
	}
	if p := (Allotment{r.Group, r.Units, r.Rank, r.Waiting, r.Placement}); p != (Allotment{}) {
		if g.Places == nil {
			g.Places = make([]Allotment, n)
		}
		g.Places[i] = p
	}
	if err := g.supersede(i, n, r, who); err != nil {
		return err
	}
	return g.outcome(i, r)
}

func (g *gathering) supersede(i, n int, r *Record, who string) error {
	if r.Supersedes == "" {
		return nil
	}
	run, student, ok := SplitID(r.Supersedes)
	if !ok || student != who {
		return errors.New("supersedes what is no decision about its student")
	}
	if g.Supersedes == nil {
		g.Supersedes = make([]uint16, n)
	}
	if g.runs[run] == 0 {
		if len(g.Superseded) == math.MaxUint16 {
			return errors.New("is of too many that supersede different runs")
		}
		g.Superseded = append(g.Superseded, run)
		g.runs[run] = uint16(len(g.Superseded))
	}
	g.Supersedes[i] = g.runs[run]
	return nil
}

// outcome gives what the rules said its number.
func (g *gathering) outcome(i int, r *Record) error {
	o := Outcome{Rules: r.Rules, Code: r.Reason.Code, Missing: r.Missing, Failure: r.Failure}
	if len(r.Result) > 0 {
		o.Result = make([]any, len(g.Fields))
	}
	at := 0
	for _, v := range r.Result {
		for at < len(g.Fields) && g.Fields[at] != v.Field {
			at++
		}
		if at == len(g.Fields) {
			return fmt.Errorf("has the result field %q, which the process does not declare, or not in this order", v.Field)
		}
		o.Result[at] = v.V
		at++
	}
	g.key = appendTexts(g.key[:0], o.Rules)
	g.key = appendTexts(g.key, []string{o.Code, o.Failure})
	g.key = appendTexts(g.key, o.Missing)
	for f, v := range o.Result {
		var ok bool
		if g.key, ok = appendAny(g.key, v); !ok {
			return fmt.Errorf("has in result field %q a value of Go type %T, which cannot be recorded", g.Fields[f], v)
		}
	}
	number, known := g.numbers[string(g.key)]
	if !known {
		number = uint32(len(g.Outcomes))
		g.Outcomes = append(g.Outcomes, o)
		g.numbers[string(g.key)] = number
	}
	g.Outcome[i] = number
	return nil
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(texts)))
	for _, t := range texts {
		dst = append(binary.AppendUvarint(dst, uint64(len(t))), t...)
	}
	return dst
}

// appendAny appends a form of a value that no other value has; false if
// Value.V may not hold it.
func appendAny(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		return append(dst, 0), true
	case bool:
		if v {
			return append(dst, 1, 1), true
		}
		return append(dst, 1, 0), true
	case int64:
		return binary.AppendVarint(append(dst, 2), v), true
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 3), math.Float64bits(v)), true
	case string:
		return appendTexts(append(dst, 4), []string{v}), true
	case time.Time:
		dst = binary.AppendVarint(append(dst, 5), v.Unix())
		return binary.AppendVarint(dst, int64(v.Nanosecond())), true
	case []bool:
		return appendEach(dst, 6, v)
	case []int64:
		return appendEach(dst, 7, v)
	case []float64:
		return appendEach(dst, 8, v)
	case []string:
		return appendEach(dst, 9, v)
	case []time.Time:
		return appendEach(dst, 10, v)
	}
	return dst, false
}

func appendEach[T any](dst []byte, kind byte, list []T) ([]byte, bool) {
	dst = binary.AppendUvarint(append(dst, kind), uint64(len(list)))
	for _, v := range list {
		dst, _ = appendAny(dst, v)
	}
	return dst, true
}

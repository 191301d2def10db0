// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package byhand runs the tables that are written in Go.
package byhand

import (
	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Structs is the yardstick.
var Structs = peer.Kind{Name: "Go over structs", Form: "by hand; skills in a map", Open: func(w *peer.Work) (peer.Engine, error) {
	return &structs{w: w}, nil
}}

type structs struct {
	w        *peer.Work
	students []reference.Student
	out      peer.Decisions
}

func (e *structs) Prepare(from, to int) error {
	e.students = e.w.Rows(from, to)
	e.out.Resize(len(e.students))
	return nil
}

func (e *structs) Decide() error {
	byHand := e.w.ByHand
	for i := range e.students {
		rule, priority := byHand(&e.students[i])
		e.out.Rule[i], e.out.Priority[i] = uint16(rule), priority
	}
	return nil
}

func (e *structs) One(i int) (int, float64)           { return e.w.ByHand(&e.students[i]) }
func (e *structs) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *structs) Close() error                       { return nil }

// Columns is the reference table over columns.
var Columns = peer.Kind{Name: "Go over columns", Table: reference.Reference.Name, Form: "by hand; one row after another", Open: func(w *peer.Work) (peer.Engine, error) {
	return &columns{decide: reference.ByColumns(w.Columns)}, nil
}}

type columns struct {
	decide   func(from, to int, rule []uint16, priority []float64)
	from, to int
	out      peer.Decisions
}

func (e *columns) Prepare(from, to int) error {
	e.from, e.to = from, to
	e.out.Resize(to - from)
	return nil
}

func (e *columns) Decide() error {
	e.decide(e.from, e.to, e.out.Rule, e.out.Priority)
	return nil
}

func (e *columns) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *columns) Close() error                       { return nil }

// Repeated decides n times about the students: what n processes over the same
// students cost at least.
func Repeated(n int) peer.Kind {
	return peer.Kind{Name: Structs.Name, Form: Structs.Form + ", the table once a process", Open: func(w *peer.Work) (peer.Engine, error) {
		return &repeated{structs{w: w}, n}, nil
	}}
}

type repeated struct {
	structs
	times int
}

func (e *repeated) Decide() error {
	for range e.times {
		if err := e.structs.Decide(); err != nil {
			return err
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package starlark runs the reference table with go.starlark.net.
package starlark

import (
	_ "embed"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

//go:embed reference.star
var script string

// Best is one call a student; a student is a value of its own whose attributes
// are the struct's fields, lists and skills Starlark values already.
var Best = peer.Kind{Name: "Starlark", Module: "go.starlark.net", Table: reference.Reference.Name, Form: "one call a student, own value type", Open: open}

type engine struct {
	w        *peer.Work
	decide   *starlark.Function
	thread   *starlark.Thread
	students []student
	out      peer.Decisions
}

func open(w *peer.Work) (peer.Engine, error) {
	e := &engine{w: w, thread: &starlark.Thread{Name: "reference"}}
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{}, e.thread, "reference.star", script, nil)
	if err != nil {
		return nil, err
	}
	globals.Freeze()
	e.decide = globals["decide"].(*starlark.Function)
	return e, nil
}

func (e *engine) Prepare(from, to int) error {
	rows := e.w.Rows(from, to)
	e.students = make([]student, len(rows))
	for i := range rows {
		e.students[i] = valueOf(&rows[i])
	}
	e.out.Resize(len(rows))
	return nil
}

func (e *engine) Decide() error {
	arguments := make(starlark.Tuple, 1)
	for i := range e.students {
		arguments[0] = &e.students[i]
		v, err := starlark.Call(e.thread, e.decide, arguments, nil)
		if err != nil {
			return fmt.Errorf("student %d: %w", i, err)
		}
		decision := v.(starlark.Tuple)
		rule, _ := decision[0].(starlark.Int).Int64()
		e.out.Rule[i], e.out.Priority[i] = uint16(rule), float64(decision[1].(starlark.Float))
	}
	return nil
}

func (e *engine) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *engine) Close() error                       { return nil }

// student is a struct as Starlark sees it.
type student struct {
	*reference.Student
	mastery           *starlark.Dict
	recent, interests *starlark.List
}

func valueOf(s *reference.Student) student {
	v := student{Student: s, mastery: starlark.NewDict(len(s.Mastery))}
	for _, skill := range reference.Skills {
		// A string is always a key.
		_ = v.mastery.SetKey(starlark.String(skill), starlark.Float(s.Mastery[skill]))
	}
	var recent, interests []starlark.Value
	for _, x := range s.Recent {
		recent = append(recent, starlark.Float(x))
	}
	for _, i := range s.Interests {
		interests = append(interests, starlark.String(i))
	}
	v.recent, v.interests = starlark.NewList(recent), starlark.NewList(interests)
	return v
}

// Attr implements starlark.HasAttrs.
func (s *student) Attr(name string) (starlark.Value, error) {
	switch name {
	case "grade":
		return starlark.MakeInt64(s.Grade), nil
	case "daysSince":
		return starlark.MakeInt64(s.DaysSince), nil
	case "district":
		return starlark.String(s.District), nil
	case "homeLanguage":
		return starlark.String(s.HomeLanguage), nil
	case "reading":
		return starlark.Float(s.Reading), nil
	case "math":
		return starlark.Float(s.Math), nil
	case "science":
		return starlark.Float(s.Science), nil
	case "growth":
		return starlark.Float(s.Growth), nil
	case "risk":
		return starlark.Float(s.Risk), nil
	case "attendance":
		return starlark.Float(s.Attendance), nil
	case "priorHours":
		return starlark.Float(s.PriorHours), nil
	case "ell":
		return starlark.Bool(s.ELL), nil
	case "iep":
		return starlark.Bool(s.IEP), nil
	case "consent":
		return starlark.Bool(s.Consent), nil
	case "mastery":
		return s.mastery, nil
	case "recent":
		return s.recent, nil
	case "interests":
		return s.interests, nil
	}
	return nil, nil
}

// AttrNames implements starlark.HasAttrs.
func (s *student) AttrNames() []string { return nil }

// String, Type, Freeze, Truth and Hash implement starlark.Value.
func (s *student) String() string        { return "student" }
func (s *student) Type() string          { return "student" }
func (s *student) Freeze()               {}
func (s *student) Truth() starlark.Bool  { return true }
func (s *student) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: student") }

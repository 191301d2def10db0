// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package celgo

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// The variables, one a field.
var (
	names = [...]string{
		"id", "district", "school", "homeLanguage", "grade", "daysSince",
		"reading", "math", "science", "growth", "risk", "attendance", "priorHours",
		"ell", "iep", "frl", "consent", "mastery", "recent", "interests",
	}
	fieldTypes = [...]*cel.Type{
		cel.StringType, cel.StringType, cel.StringType, cel.StringType, cel.IntType, cel.IntType,
		cel.DoubleType, cel.DoubleType, cel.DoubleType, cel.DoubleType, cel.DoubleType, cel.DoubleType, cel.DoubleType,
		cel.BoolType, cel.BoolType, cel.BoolType, cel.BoolType,
		cel.MapType(cel.StringType, cel.DoubleType), cel.ListType(cel.DoubleType), cel.ListType(cel.StringType),
	}
)

const fields = len(names)

// fieldOf is a field's Go value.
func fieldOf(s *reference.Student, name string) any { //nolint:gocyclo // one case a field
	switch name {
	case "id":
		return s.ID
	case "district":
		return s.District
	case "school":
		return s.School
	case "homeLanguage":
		return s.HomeLanguage
	case "grade":
		return s.Grade
	case "daysSince":
		return s.DaysSince
	case "reading":
		return s.Reading
	case "math":
		return s.Math
	case "science":
		return s.Science
	case "growth":
		return s.Growth
	case "risk":
		return s.Risk
	case "attendance":
		return s.Attendance
	case "priorHours":
		return s.PriorHours
	case "ell":
		return s.ELL
	case "iep":
		return s.IEP
	case "frl":
		return s.FRL
	case "consent":
		return s.Consent
	case "mastery":
		return s.Mastery
	case "recent":
		return s.Recent
	case "interests":
		return s.Interests
	}
	return nil
}

// index is a field's place in names.
var index = func() map[string]int {
	places := map[string]int{}
	for i, name := range names {
		places[name] = i
	}
	return places
}()

func valuesOf(s *reference.Student) *[fields]ref.Val {
	var values [fields]ref.Val
	for i, name := range names {
		values[i] = types.DefaultTypeAdapter.NativeToValue(fieldOf(s, name))
	}
	return &values
}

func mapOf(s *reference.Student) map[string]any {
	m := make(map[string]any, fields)
	for _, name := range names {
		m[name] = fieldOf(s, name)
	}
	return m
}

// nativeStudent is a student whose fields bear the names that rules use.
type nativeStudent struct {
	ID           string             `cel:"id"`
	District     string             `cel:"district"`
	School       string             `cel:"school"`
	HomeLanguage string             `cel:"homeLanguage"`
	Grade        int64              `cel:"grade"`
	DaysSince    int64              `cel:"daysSince"`
	Reading      float64            `cel:"reading"`
	Math         float64            `cel:"math"`
	Science      float64            `cel:"science"`
	Growth       float64            `cel:"growth"`
	Risk         float64            `cel:"risk"`
	Attendance   float64            `cel:"attendance"`
	PriorHours   float64            `cel:"priorHours"`
	ELL          bool               `cel:"ell"`
	IEP          bool               `cel:"iep"`
	FRL          bool               `cel:"frl"`
	Consent      bool               `cel:"consent"`
	Mastery      map[string]float64 `cel:"mastery"`
	Recent       []float64          `cel:"recent"`
	Interests    []string           `cel:"interests"`
}

// activation resolves the variables for one student of the engine's.
type activation struct {
	e   *engine
	row int
}

// ResolveName implements interpreter.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	switch a.e.style {
	case variables:
		return fieldOf(&a.e.rows[a.row], name), true
	case converted:
		return a.e.values[a.row][index[name]], true
	case native:
		return a.e.natives[a.row], true
	default:
		return a.e.maps[a.row], true
	}
}

// Parent implements interpreter.Activation.
func (a *activation) Parent() interpreter.Activation { return nil }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package exprlang runs the tables with expr-lang/expr over a typed struct.
package exprlang

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// Best is expr over the struct itself: one program for the number of the rule,
// one for each priority, and one virtual machine used again and again.
var Best = peer.Kind{
	Name: "expr", Module: "github.com/expr-lang/expr",
	Form: "typed struct, one ternary for the rule, then its priority, one VM",
	Open: open,
}

type engine struct {
	w        *peer.Work
	which    *vm.Program
	priority []*vm.Program
	machine  vm.VM
	rows     []reference.Student
	out      peer.Decisions
}

// environment has the fields under the names that rules use.
type environment struct {
	ID           string             `expr:"id"`
	District     string             `expr:"district"`
	School       string             `expr:"school"`
	HomeLanguage string             `expr:"homeLanguage"`
	Grade        int64              `expr:"grade"`
	DaysSince    int64              `expr:"daysSince"`
	Reading      float64            `expr:"reading"`
	Math         float64            `expr:"math"`
	Science      float64            `expr:"science"`
	Growth       float64            `expr:"growth"`
	Risk         float64            `expr:"risk"`
	Attendance   float64            `expr:"attendance"`
	PriorHours   float64            `expr:"priorHours"`
	ELL          bool               `expr:"ell"`
	IEP          bool               `expr:"iep"`
	FRL          bool               `expr:"frl"`
	Consent      bool               `expr:"consent"`
	Mastery      map[string]float64 `expr:"mastery"`
	Recent       []float64          `expr:"recent"`
	Interests    []string           `expr:"interests"`
}

// spelling turns CEL into expr's language, which is near to it.
var spelling = []struct {
	cel  *regexp.Regexp
	expr string
}{
	{regexp.MustCompile(`s\.mastery\.exists\(k, s\.mastery\[k\] (<|<=|>|>=) ([\d.]+)\)`), `any(values(mastery), # $1 $2)`},
	{regexp.MustCompile(`s\.mastery\.all\(k, s\.mastery\[k\] (<|<=|>|>=) ([\d.]+)\)`), `all(values(mastery), # $1 $2)`},
	{regexp.MustCompile(`s\.(\w+)\.exists\((\w), \w ([^()]*)\)`), `any($1, # $3)`},
	{regexp.MustCompile(`s\.(\w+)\.all\((\w), \w ([^()]*)\)`), `all($1, # $3)`},
	{regexp.MustCompile(`s\.(\w+)\.exists_one\((\w), \w ([^()]*)\)`), `one($1, # $3)`},
	{regexp.MustCompile(`s\.(\w+)\.startsWith\(("\w+")\)`), `$1 startsWith $2`},
	{regexp.MustCompile(`s\.(\w+)\.endsWith\(("\w+")\)`), `$1 endsWith $2`},
	{regexp.MustCompile(`\bsize\(`), `len(`},
	{regexp.MustCompile(`\bdouble\(`), `float(`},
	{regexp.MustCompile(`s\.daysSince / 7`), `int(floor(s.daysSince / 7))`}, // expr divides integers to a float
	{regexp.MustCompile(`\bs\.(\w+)`), `$1`},
}

func open(w *peer.Work) (peer.Engine, error) {
	e := &engine{w: w}
	program := func(expression string) (*vm.Program, error) {
		for _, s := range spelling {
			expression = s.cel.ReplaceAllString(expression, s.expr)
		}
		p, err := expr.Compile(expression, expr.Env(&environment{}), expr.MaxNodes(0))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", expression, err)
		}
		return p, nil
	}
	var which strings.Builder
	last := len(w.Table.Rules) - 1
	for i, r := range w.Table.Rules {
		p, err := program(r.Priority)
		if err != nil {
			return nil, err
		}
		e.priority = append(e.priority, p)
		if i < last {
			fmt.Fprintf(&which, "(%s) ? %d : ", r.When, i)
		}
	}
	var err error
	e.which, err = program(which.String() + strconv.Itoa(last))
	return e, err
}

func (e *engine) Prepare(from, to int) error {
	e.rows = e.w.Rows(from, to)
	e.out.Resize(len(e.rows))
	return nil
}

func (e *engine) Decide() error {
	for i := range e.rows {
		rule, priority, err := e.one(i)
		if err != nil {
			return fmt.Errorf("student %d: %w", i, err)
		}
		e.out.Rule[i], e.out.Priority[i] = uint16(rule), priority
	}
	return nil
}

func (e *engine) one(i int) (int, float64, error) {
	s := (*environment)(&e.rows[i])
	v, err := e.machine.Run(e.which, s)
	if err != nil {
		return 0, 0, err
	}
	rule := v.(int)
	if v, err = e.machine.Run(e.priority[rule], s); err != nil {
		return 0, 0, err
	}
	if n, ok := v.(int); ok { // 0.0 is folded to an integer
		return rule, float64(n), nil
	}
	return rule, v.(float64), nil
}

// One decides about one student.
func (e *engine) One(i int) (int, float64) {
	rule, priority, err := e.one(i)
	if err != nil {
		return -1, 0
	}
	return rule, priority
}

func (e *engine) Decisions() (peer.Decisions, error) { return e.out, nil }
func (e *engine) Close() error                       { return nil }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/student"
)

// Whatever is written as an expression: no panic, no unbounded work, and
// diagnostics that name the field. What compiles decides about a student with
// nothing and about one with everything.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		"true", "student.list.exists(x, x > 1.0)", "has(student.n) && student.n / 0 == 1", "student.text.matches('^a+$')", "v0 > 1.0",
		"student.words.map(w, w + w).size() > 2", "[1, 2].last(student.n)[0] == 2", "{'a': 1}[student.text] == 1", "at.getHours() > 2",
		"student", "student.none", "1u", "b''", "null", "Student{}", "math.abs(-1) == 1", "\"", "((((", "student.list[0] == student.list[1]", "'\\x'", "`a`",
		"timestamp('x') > at", "lists.range(9)", "student.?n.orValue(1)", "x.y.z", "[student].exists(s, s.n > 1)", "decision.priority > 1.0", "//", "1 ? 2 : 3",
	} {
		f.Add(seed, "Value {{"+seed+"}}.")
	}
	f.Fuzz(func(t *testing.T, when, text string) {
		b := hostileBundle(when, "student.list.sum()")
		b.Rules.Rules[0].Reason.Text = map[string]string{"en": text}
		p, err := Compile(b)
		if err != nil {
			var found Diagnostics
			if !errors.As(err, &found) {
				t.Fatalf("not diagnostics: %v", err)
			}
			for _, d := range found {
				if d.Code == "" || d.Message == "" || !strings.HasPrefix(d.Path, "spec.") {
					t.Fatalf("incomplete: %+v", d)
				}
				if (d.Line == 0) != (d.Column == 0) || d.Line < 0 || d.Column < 0 {
					t.Fatalf("no place: %+v", d)
				}
			}
			return
		}
		absent := dearest(b.Information.Attributes)
		for _, c := range absent.Columns() {
			c.Presence[0] = student.Absent
		}
		for _, population := range []*student.Population{dearest(b.Information.Attributes), absent} {
			e, err := p.Bind(population)
			if err != nil {
				t.Fatal(err)
			}
			o := e.Decide(0)
			if o.Status == Decided {
				if _, err := e.ReasonText(0, o); err != nil {
					t.Fatalf("decided, but the reason has no text: %v", err)
				}
			}
			if strings.Contains(o.Failure, "evaluation error") {
				t.Fatalf("a failure without a known cause: %+v", o)
			}
		}
	})
}

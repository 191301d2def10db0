// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
)

// RowByRow are warnings of the expressions that are evaluated student by student
// through cel-go, and not over columns, and why. The decisions are the same; a
// population's take longer. Of expressions that only read such a variable, none
// is told.
func (p *Program) RowByRow() Diagnostics {
	var found Diagnostics
	add := func(at place, x *expression) {
		if d, ok := rowByRow(at, x); ok {
			found = append(found, d)
		}
	}
	rules := func(path string, args ...any) place {
		return place{bundle.ObjectRuleSet, p.bundle.Rules.Name, fmt.Sprintf(path, args...)}
	}
	for i := range p.variables {
		add(rules("spec.variables[%d].expression", i), &p.variables[i].expression)
	}
	row := func(at place, r *row) {
		add(at.in(".when"), r.when)
		for i, x := range r.then {
			add(at.in(".then."+p.bundle.Process.Result[i].Name), x)
		}
		add(at.in(".priority"), r.priority)
		for _, x := range r.needs {
			if d, ok := rowByRow(at.in(".reason.text"), x); ok {
				d.Line, d.Column = 0, 0 // known within the placeholder only
				found = append(found, d)
			}
		}
	}
	for i := range p.rules {
		row(rules("spec.rules[%d]", i), &p.rules[i])
	}
	if p.otherwise != nil {
		row(rules("spec.otherwise"), p.otherwise)
	}
	found.sort()
	return found
}

func rowByRow(at place, x *expression) (Diagnostic, bool) {
	if x == nil || x.constant != nil || x.column == nil || x.column.Foreign == nil || x.column.Foreign.What == column.ReadsForeign {
		return Diagnostic{}, false
	}
	d := at.diagnostic(CodeRowByRow, "", "evaluated student by student, which takes longer: %s", x.column.Foreign.What)
	d.Warning = true
	if location := x.checked.SourceInfo().GetStartLocation(x.column.Foreign.ID); location.Line() > 0 {
		d.Line, d.Column = location.Line(), location.Column()+1
	}
	return d, true
}

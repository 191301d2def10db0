// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
)

// Diagnose puts what package rule found in a bundle at its place in the files
// that the bundle was closed from: the expression's own line and column. The
// namespace is the process's.
func (s *Set) Diagnose(namespace string, diagnostics rule.Diagnostics) []Problem {
	problems := make([]Problem, 0, len(diagnostics))
	for _, d := range diagnostics {
		problems = append(problems, s.place(namespace, d))
	}
	return problems
}

// DiagnoseFaults does the same with faults of structure, such as those of
// package translate.
func (s *Set) DiagnoseFaults(namespace string, faults []bundle.Fault) []Problem {
	problems := make([]Problem, 0, len(faults))
	for _, f := range faults {
		problems = append(problems, s.place(namespace, rule.Diagnostic{
			Object: f.Object, Name: f.Name, Path: f.Path, Code: f.Code, Message: f.Message, Mend: f.Mend,
		}))
	}
	return problems
}

func (s *Set) place(namespace string, d rule.Diagnostic) Problem {
	p := Problem{Object: d.Object + " " + namespace + "/" + d.Name, Path: d.Path, Message: d.Message, Mend: d.Mend, Warning: d.Warning}
	if o := s.Find(d.Object, namespace, d.Name); o != nil {
		at := o.Within(d.Path, d.Line, d.Column)
		p.File, p.Line, p.Column = at.File, at.Line, at.Column
	}
	return p
}

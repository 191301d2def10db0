// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// ReasonText renders the reason of a decided outcome in every language that its
// rules have, with the student's values filled in. Of several rules the texts
// are joined by a space, in table order. It is nil where the rules have no text.
// The outcome must be this row's. The texts hold student data.
func (e *Evaluator) ReasonText(row int, o Outcome) (map[string]string, error) {
	if o.Status != Decided {
		return nil, errNotDecided
	}
	e.begin(row)
	var joined map[string]string
	for _, id := range o.Rules {
		r := e.p.row(id)
		if r == nil {
			continue // a collecting table without otherwise
		}
		for i := range r.texts {
			s, err := e.render(r, &r.texts[i])
			if err != nil {
				return nil, err
			}
			if joined == nil {
				joined = map[string]string{}
			}
			if before, ok := joined[r.texts[i].language]; ok {
				s = before + " " + s
			}
			joined[r.texts[i].language] = s
		}
	}
	return joined, nil
}

func (p *Program) row(id string) *row {
	if id == bundle.OtherwiseID {
		return p.otherwise
	}
	if i := slices.IndexFunc(p.rules, func(r row) bool { return r.id == id }); i >= 0 {
		return &p.rules[i]
	}
	return nil
}

func (e *Evaluator) render(r *row, t *text) (string, error) {
	var b strings.Builder
	for i, x := range t.values {
		b.WriteString(t.plain[i])
		v, stop := e.value(x)
		if stop != nil {
			return "", fmt.Errorf("rule %s, reason.text.%s: %s", r.id, t.language, stop)
		}
		format(&b, v)
	}
	b.WriteString(t.plain[len(t.plain)-1])
	return b.String(), nil
}

func (o *obstacle) String() string {
	if o.missing != nil {
		return "missing " + strings.Join(o.missing, ", ")
	}
	return o.cause
}

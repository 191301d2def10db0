// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import "fmt"

// Tolerance is how far a priority may be off where an engine calculates
// otherwise than in IEEE doubles.
const Tolerance = 1e-9

// Agree decides about students from … to-1 and counts the decisions in which
// the engine differs from what is written by hand. Rule and priority must be
// equal, the priority to the last bit; but within tolerance where the engine
// calculates otherwise than in IEEE doubles. The error names the first one that
// differs.
func Agree(w *Work, e Engine, from, to int, tolerance float64) (unlike int, first error, err error) {
	if err := e.Prepare(from, to); err != nil {
		return 0, nil, err
	}
	if err := e.Decide(); err != nil {
		return 0, nil, err
	}
	d, err := e.Decisions()
	if err != nil {
		return 0, nil, err
	}
	if len(d.Rule) != to-from || len(d.Priority) != to-from {
		return 0, nil, fmt.Errorf("%d rules and %d priorities for %d students", len(d.Rule), len(d.Priority), to-from)
	}
	rows := w.Rows(from, to)
	for i := range rows {
		rule, priority := w.ByHand(&rows[i])
		if rule == int(d.Rule[i]) && abs(priority-d.Priority[i]) <= tolerance {
			continue
		}
		unlike++
		if first == nil {
			first = fmt.Errorf("student %d: rule %d with %v, by hand rule %d with %v", from+i, d.Rule[i], d.Priority[i], rule, priority)
		}
	}
	return unlike, first, nil
}

func abs(x float64) float64 { return max(x, -x) }

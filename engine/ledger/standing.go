// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import "github.com/juncture-dev/juncture/engine/bundle"

// standing is the newest run of a process in each mode, by weight; nil where
// there is none.
//
// A run supersedes what was decided in its own mode or a lesser one, never what
// was decided in a greater one: who tries out a change of rules in shadow mode
// must not take away a place that a live run gave.
type standing [3]*Run

// weight orders modes by what their decisions may do. A run whose mode is not
// known weighs most: nothing but a live run supersedes it.
func weight(m bundle.Mode) int {
	switch m {
	case bundle.ModeShadow:
		return 0
	case bundle.ModeAdvisory:
		return 1
	}
	return 2
}

// standingsOf are the standings of all processes of these runs, which are in
// order of commit.
func standingsOf(runs []Run) map[string]*standing {
	all := map[string]*standing{}
	for _, r := range runs {
		s := all[r.Process]
		if s == nil {
			s = &standing{}
			all[r.Process] = s
		}
		s[weight(r.Mode)] = &r
	}
	return all
}

// upTo is the run whose decisions are in force among those of a mode and the
// lesser ones: the newest in the greatest of these modes. It is nil if there is
// none. It is what a run in that mode supersedes.
func (s *standing) upTo(m bundle.Mode) *Run {
	for w := weight(m); w >= 0; w-- {
		if s[w] != nil {
			return s[w]
		}
	}
	return nil
}

// inForce reports whether a run's decisions are the ones that count.
func (s *standing) inForce(r *Run) bool {
	newest := s.upTo(bundle.ModeLive)
	return newest != nil && newest.ID == r.ID
}

// superseded reports whether another run's decisions stand for this one's.
func (s *standing) superseded(r *Run) bool {
	for _, newer := range s[weight(r.Mode):] {
		if newer != nil && newer.Sequence > r.Sequence {
			return true
		}
	}
	return false
}

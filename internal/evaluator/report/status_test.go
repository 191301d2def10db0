// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

var instant = time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC)

func ran(states map[decision.State]int, rules map[string]int) tenant.ProcessState {
	total := 0
	for _, n := range states {
		total += n
	}
	return tenant.ProcessState{Name: "tutoring", Rules: rules, Last: &ledger.Run{
		ID: "r", RunStart: ledger.RunStart{Revision: "sha256-x", At: instant}, Sequence: 1, Counts: ledger.Counts{Decisions: total, States: states},
	}}
}

// shown is a report in one line: counts, or ? where suppressed.
func shown(p v1alpha1.ProcessReport) string {
	one := func(c v1alpha1.ReportedCount) string {
		if c.Count == nil {
			return "?"
		}
		return fmt.Sprint(*c.Count)
	}
	parts := []string{"total=" + one(p.Total)}
	for _, s := range p.States {
		if text := one(s.ReportedCount); text != "0" {
			parts = append(parts, s.State+"="+text)
		}
	}
	for _, r := range p.Rules {
		parts = append(parts, r.Rule+"="+one(r.ReportedCount))
	}
	return strings.Join(parts, " ")
}

func TestWhatCountsAreShown(t *testing.T) {
	type states = map[decision.State]int
	type rules = map[string]int
	for name, c := range map[string]struct {
		states states
		rules  rules
		want   string
	}{
		"many of each": {states{decision.Proposed: 20, decision.Confirmed: 80}, rules{"low": 20, "otherwise": 80},
			"total=100 Proposed=20 Confirmed=80 low=20 otherwise=80"},
		"few proposed: Confirmed is hidden with them, and rules that would give it away": {states{decision.Proposed: 3, decision.Confirmed: 97}, rules{"low": 40, "otherwise": 60},
			"total=100 Proposed=? Confirmed=? low=? otherwise=?"},
		"few by a rule, many by state": {states{decision.Confirmed: 100}, rules{"low": 4, "otherwise": 96},
			"total=100 Confirmed=100 low=? otherwise=?"},
		"few undetermined": {states{decision.Undetermined: 4, decision.Confirmed: 96}, rules{"otherwise": 96},
			"total=100 Undetermined=? Confirmed=? otherwise=?"},
		"all but a few by a rule that others hit, too": {states{decision.Confirmed: 100}, rules{"a": 97, "b": 50},
			"total=100 Confirmed=100 a=? b=?"},
		"a district of few students": {states{decision.Confirmed: 7}, rules{"otherwise": 7},
			"total=? Offered=? Proposed=? Waitlisted=? NotPlaced=? Failed=? Undetermined=? Confirmed=? otherwise=?"},
		"nobody": {states{}, rules{}, "total=0"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shown(process(ran(c.states, c.rules))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	healthy := tenant.State{
		Open: tenant.Open, Source: tenant.SourceState{Looked: true}, Record: tenant.RecordState{Checked: instant},
		Processes: []tenant.ProcessState{ran(map[decision.State]int{decision.Confirmed: 20}, nil)},
	}
	for name, c := range map[string]struct {
		change func(*tenant.State)
		want   string
	}{
		"all is well":               {func(*tenant.State) {}, "Ready=True/Reported RecordWhole=True/RecordWhole SourceRead=True/SourceRead"},
		"nothing has run":           {func(s *tenant.State) { s.Processes[0].Last = nil }, "Ready=Unknown/NoRuns RecordWhole=True/RecordWhole SourceRead=True/SourceRead"},
		"a run failed":              {func(s *tenant.State) { s.Processes[0].Error = "process tutoring: x" }, "Ready=False/RunFailed RecordWhole=True/RecordWhole SourceRead=True/SourceRead"},
		"nobody has looked":         {func(s *tenant.State) { s.Source.Looked = false }, "Ready=True/Reported RecordWhole=True/RecordWhole SourceRead=Unknown/SourceAwaited"},
		"the roster is torn":        {func(s *tenant.State) { s.Source.Reason = source.Invalid }, "Ready=True/Reported RecordWhole=True/RecordWhole SourceRead=False/SourceInvalid"},
		"no credentials":            {func(s *tenant.State) { s.Source.Reason = source.CredentialsNotFound }, "Ready=True/Reported RecordWhole=True/RecordWhole SourceRead=False/CredentialsNotFound"},
		"the record is damaged":     {func(s *tenant.State) { s.Record.Damage = "x" }, "Ready=True/Reported RecordWhole=False/RecordDamaged SourceRead=True/SourceRead"},
		"the record was not read":   {func(s *tenant.State) { s.Record.Checked = time.Time{} }, "Ready=True/Reported RecordWhole=Unknown/RecordUnchecked SourceRead=True/SourceRead"},
		"the record cannot be read": {func(s *tenant.State) { s.Open = tenant.Failing }, "Ready=False/RunFailed RecordWhole=True/RecordWhole SourceRead=True/SourceRead"},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy
			s.Processes = []tenant.ProcessState{healthy.Processes[0]}
			c.change(&s)
			var got []string
			for _, one := range status(s, v1alpha1.DecisionReportStatus{}, 3, metav1.NewTime(instant)).Conditions {
				got = append(got, fmt.Sprintf("%s=%s/%s", one.Type, one.Status, one.Reason))
				if one.ObservedGeneration != 3 || one.Message == "" && one.Reason == "SourceRead" {
					t.Errorf("%+v", one)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
		})
	}
}

// A restart learns what was known before from the report itself, so that
// nothing flaps.
func TestARestartChangesNothing(t *testing.T) {
	s := tenant.State{
		Open: tenant.Open, Record: tenant.RecordState{Checked: instant, Runs: 1},
		Source:    tenant.SourceState{Looked: true, Digest: "sha256-y", Read: instant, Problems: []tenant.FileCount{{File: "users.csv", Count: 3}}},
		Processes: []tenant.ProcessState{ran(map[decision.State]int{decision.Confirmed: 20}, map[string]int{"otherwise": 20})},
	}
	before := status(s, v1alpha1.DecisionReportStatus{}, 1, metav1.NewTime(instant))
	s.Record.Checked = time.Time{}
	s.Source.Problems, s.Source.Read = nil, instant.Add(time.Hour)
	after := status(s, before, 1, metav1.NewTime(instant.Add(time.Hour)))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the report changed (-before +after):\n%s", diff)
	}
}

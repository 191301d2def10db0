// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report tells the cluster how an evaluator stands: which assignment a
// replica serves, and what its districts decided, as counts from which no
// student can be singled out (docs/decisions/0004).
//
// Loss of the API server stops reports and nothing else.
package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/fairness"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// Limits of the API's lists.
const (
	maxProblems = 32
	maxRules    = 257
)

// order is the states that a decision can begin in, those that readers can best
// do without last: suppression takes from there. Confirmed is last because it
// also holds everybody who needs nothing, and so is large and says little. The
// order is fixed: one that followed the counts would tell of them.
var order = []decision.State{
	decision.Offered, decision.Proposed, decision.Waitlisted, decision.NotPlaced, decision.Failed, decision.Undetermined, decision.Confirmed,
}

// known reports whether a district stands so that it can be reported on.
func known(s tenant.State) bool {
	return s.Open == tenant.Failing || s.Open == tenant.Open && (s.Source.Looked || s.Suspended)
}

// status is what a district's report says. What is not known anew since the
// start (whether the record is whole) is taken from the report before; times in
// conditions change with their status only.
func status(s tenant.State, before v1alpha1.DecisionReportStatus, generation int64, now metav1.Time) v1alpha1.DecisionReportStatus {
	out := v1alpha1.DecisionReportStatus{MinimumCell: fairness.MinimumCell, Conditions: slices.Clone(before.Conditions)}
	for _, p := range s.Processes {
		if p.Last != nil {
			out.Processes = append(out.Processes, process(p))
		}
	}
	out.Source = sourceReport(s.Source, before.Source)
	out.Record = record(s, before.Record)
	for _, c := range conditions(s, out.Source) {
		if c.Reason == v1alpha1.ReasonRecordUnchecked && meta.FindStatusCondition(before.Conditions, c.Type) != nil {
			continue
		}
		c.ObservedGeneration, c.LastTransitionTime = generation, now
		meta.SetStatusCondition(&out.Conditions, c)
	}
	slices.SortFunc(out.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// process is the report on one process's last run.
func process(p tenant.ProcessState) v1alpha1.ProcessReport {
	at := metav1.NewTime(p.Last.At)
	report := v1alpha1.ProcessReport{
		Process: v1alpha1.ObjectName(p.Name), Revision: v1alpha1.Digest(p.Last.Revision), Run: p.Last.ID, At: &at,
	}
	cells := make([]int64, len(order))
	for i, state := range order {
		cells[i] = int64(p.Last.Counts.States[state])
	}
	shown := fairness.Suppress(cells, fairness.MinimumCell)
	report.Total = count(int64(p.Last.Counts.Decisions), shown.Total)
	for i, state := range order {
		report.States = append(report.States, v1alpha1.StateCount{State: string(state), ReportedCount: count(cells[i], shown.Cells[i])})
	}
	all := shown.Total && !slices.Contains(shown.Cells, false) && rulesMayBeShown(p.Last.Counts, p.Rules)
	for _, id := range slices.Sorted(maps.Keys(p.Rules)) {
		if len(report.Rules) < maxRules {
			report.Rules = append(report.Rules, v1alpha1.RuleCount{Rule: id, ReportedCount: count(int64(p.Rules[id]), all)})
		}
	}
	return report
}

// rulesMayBeShown: the counts by rule are about the same students as those by
// state, so that a count hidden in the one could be computed from the other.
// They are therefore shown all or not at all: all if nothing is hidden among the
// states, and neither a rule nor its contrary, nor those whom no rule decided
// about, are few.
func rulesMayBeShown(counts ledger.Counts, rules map[string]int) bool {
	few := func(n int) bool { return n > 0 && n < fairness.MinimumCell }
	for _, n := range rules {
		if few(n) || few(counts.Decisions-n) {
			return false
		}
	}
	return !few(counts.States[decision.Undetermined] + counts.States[decision.Failed])
}

func count(n int64, shown bool) v1alpha1.ReportedCount {
	if !shown {
		return v1alpha1.ReportedCount{Suppressed: true}
	}
	return v1alpha1.ReportedCount{Count: &n}
}

func sourceReport(s tenant.SourceState, before *v1alpha1.SourceReport) *v1alpha1.SourceReport {
	if s.Digest == "" {
		return before
	}
	read := metav1.NewTime(s.Read)
	if before != nil && string(before.Digest) == s.Digest && before.Read != nil {
		read = *before.Read // a restart reads nothing new
	}
	report := &v1alpha1.SourceReport{Digest: v1alpha1.Digest(s.Digest), Read: &read}
	for _, p := range s.Problems {
		if len(report.Problems) < maxProblems {
			report.Problems = append(report.Problems, v1alpha1.FileProblems{File: p.File, Count: p.Count})
		}
	}
	if s.Problems == nil && before != nil && before.Digest == report.Digest {
		report.Problems = before.Problems // counted when the roster is decided on
	}
	return report
}

func record(s tenant.State, before *v1alpha1.RecordReport) *v1alpha1.RecordReport {
	if s.Open != tenant.Open {
		return before
	}
	report := &v1alpha1.RecordReport{Segments: int64(s.Record.Runs)}
	if s.Record.Runs > 0 {
		report.Head = v1alpha1.Digest("sha256-" + s.Record.Head.String())
	}
	switch {
	case !s.Record.Checked.IsZero():
		checked := metav1.NewTime(s.Record.Checked)
		report.Checked = &checked
	case before != nil:
		report.Checked = before.Checked
	}
	return report
}

// conditions are those of a district's report, without times.
func conditions(s tenant.State, report *v1alpha1.SourceReport) []metav1.Condition {
	return []metav1.Condition{ready(s), sourceRead(s.Source, report), recordWhole(s)}
}

func condition(of string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: of, Status: status, Reason: reason, Message: message}
}

func ready(s tenant.State) metav1.Condition {
	if s.Open == tenant.Failing {
		return condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRunFailed, "the record cannot be opened: "+s.OpenError)
	}
	runs := 0
	var failed []string
	for _, p := range s.Processes {
		if p.Last != nil {
			runs++
		}
		if p.Error != "" {
			failed = append(failed, p.Error)
		}
	}
	switch {
	case len(failed) > 0:
		return condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRunFailed, strings.Join(failed, "; "))
	case runs == 0:
		return condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonNoRuns, "no process has run yet")
	}
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReported, fmt.Sprintf("%d of %d processes have run", runs, len(s.Processes)))
}

// reasons are those of SourceRead.
var reasons = map[source.Reason]string{
	source.NotFound:            v1alpha1.ReasonSourceNotFound,
	source.Refused:             v1alpha1.ReasonSourceRefused,
	source.Unreachable:         v1alpha1.ReasonSourceUnreachable,
	source.Invalid:             v1alpha1.ReasonSourceInvalid,
	source.CredentialsNotFound: v1alpha1.ReasonCredentialsNotFound,
}

func sourceRead(s tenant.SourceState, report *v1alpha1.SourceReport) metav1.Condition {
	switch {
	case !s.Looked:
		return condition(v1alpha1.ConditionSourceRead, metav1.ConditionUnknown, v1alpha1.ReasonSourceAwaited, "nobody has looked yet")
	case s.Reason != "":
		return condition(v1alpha1.ConditionSourceRead, metav1.ConditionFalse, reasons[s.Reason], s.Message)
	}
	var problems int64
	if report != nil {
		for _, p := range report.Problems {
			problems += p.Count
		}
	}
	return condition(v1alpha1.ConditionSourceRead, metav1.ConditionTrue, v1alpha1.ReasonSourceRead, fmt.Sprintf("the roster was read; %d faults in its rows", problems))
}

func recordWhole(s tenant.State) metav1.Condition {
	switch {
	case s.Record.Damage != "":
		return condition(v1alpha1.ConditionRecordWhole, metav1.ConditionFalse, v1alpha1.ReasonRecordDamaged, s.Record.Damage)
	case s.Record.Checked.IsZero():
		return condition(v1alpha1.ConditionRecordWhole, metav1.ConditionUnknown, v1alpha1.ReasonRecordUnchecked, "the record has not been read from end to end yet")
	}
	return condition(v1alpha1.ConditionRecordWhole, metav1.ConditionTrue, v1alpha1.ReasonRecordWhole, "the record is whole")
}

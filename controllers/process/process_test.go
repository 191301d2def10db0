// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func digest(letter string) v1alpha1.Digest { return v1alpha1.Digest(bundle.DigestOf([]byte(letter))) }

// objects that a process refers to.
type objects struct {
	model  *v1alpha1.InformationModel
	rules  *v1alpha1.RuleSet
	broken error
}

func (o objects) InformationModel(string) (*v1alpha1.InformationModel, error) {
	return o.model, o.broken
}
func (o objects) RuleSet(string) (*v1alpha1.RuleSet, error)             { return o.rules, o.broken }
func (objects) Agent(string) (*v1alpha1.Agent, error)                   { return nil, nil }
func (objects) PriorityPolicy(string) (*v1alpha1.PriorityPolicy, error) { return nil, nil }

func TestCloseProcess(t *testing.T) {
	maths := jtesting.MakeProcess("n", "maths").Obj()
	model, rules := jtesting.MakeInformationModel("n", "k12"), jtesting.MakeRuleSet("n", "maths", "40.0")
	never := func(string, v1alpha1.Digest) bool { return false }
	large := rules.Obj()
	large.Spec.Rules[0].Authority = strings.Repeat("x", bundle.MaxSize)
	down := errors.New("the cache is not synced")

	cases := map[string]struct {
		process  *v1alpha1.PersonalizationProcess
		siblings []v1alpha1.PersonalizationProcess
		objects  objects
		reason   string // of the refusal
		says     string
		err      error
	}{
		"accepted":                  {process: maths, objects: objects{model: model, rules: rules.Obj()}},
		"no rules":                  {process: maths, objects: objects{model: model}, reason: v1alpha1.ReasonReferenceNotFound, says: `RuleSet "maths"`},
		"rules that do not compile": {process: maths, objects: objects{model: model, rules: rules.When("student.mathsScores.last(1) <").Obj()}, reason: v1alpha1.ReasonRulesInvalid, says: "spec.rules[0].when"},
		"reads what it does not declare": {
			process: maths, objects: objects{model: model, rules: rules.When("student.sex == 'F'").Obj()}, reason: v1alpha1.ReasonRulesInvalid, says: "sex",
		},
		"too large": {process: maths, objects: objects{model: model, rules: large}, reason: v1alpha1.ReasonRevisionTooLarge, says: "1048576"},
		"in a circle": {
			process: jtesting.MakeProcess("n", "maths").Within("plan").Obj(), objects: objects{model: model, rules: rules.Obj()},
			siblings: []v1alpha1.PersonalizationProcess{*jtesting.MakeProcess("n", "maths").Within("plan").Obj(), *jtesting.MakeProcess("n", "plan").Within("maths").Obj()},
			reason:   v1alpha1.ReasonCycleDetected, says: "maths within plan within maths",
		},
		"nobody knows": {process: maths, objects: objects{broken: down}, err: down},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			revision, refusal, err := closeProcess(c.process, c.siblings, c.objects, never)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			switch {
			case c.err != nil:
			case c.reason == "":
				if refusal != nil {
					t.Fatalf("refused: %+v", refusal)
				}
				if v1alpha1.Digest(bundle.DigestOf([]byte(revision.bundle))) != revision.digest || revision.name != "maths-"+bundle.Digest(revision.digest).Short() {
					t.Errorf("%s does not name its content", revision.name)
				}
			case refusal == nil || refusal.reason != c.reason || !strings.Contains(refusal.message, c.says):
				t.Errorf("%+v, want %s with %q", refusal, c.reason, c.says)
			}
		})
	}
}

func TestSummaryIsBounded(t *testing.T) {
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("%d%s", i, strings.Repeat("é", 2000)))
	}
	for _, lines := range [][]string{many, many[:3], many[:1], {"short"}, nil} {
		text := summary(lines)
		if len(text) > maxMessage || !utf8.ValidString(text) {
			t.Errorf("%d faults: %d bytes, valid: %t", len(lines), len(text), utf8.ValidString(text))
		}
	}
	if got := summary([]string{"a", "b", "c", "d", "e"}); got != "a; b; c; and 2 more: juncture vet lists them all" {
		t.Error(got)
	}
}

func TestStatus(t *testing.T) {
	a, b := &revision{digest: digest("a"), name: "maths-a"}, &revision{digest: digest("b"), name: "maths-b"}
	districts := func(list ...*jtesting.District) []v1alpha1.District {
		var out []v1alpha1.District
		for _, d := range list {
			out = append(out, *d.Obj())
		}
		return out
	}
	boston, amherst := jtesting.MakeDistrict("n", "boston"), jtesting.MakeDistrict("n", "amherst")
	maths := func() *jtesting.Process { return jtesting.MakeProcess("n", "maths") }
	serving := func(digest v1alpha1.Digest, count int32) *jtesting.Evaluator {
		return jtesting.MakeEvaluator("n", "shared-0").Holding("boston", 1).Holding("amherst", 1).Serving("maths", digest, count)
	}
	cases := map[string]struct {
		process   *jtesting.Process
		selected  []v1alpha1.District
		evaluator *jtesting.Evaluator
		revision  *revision
		refusal   *refusal

		counts   v1alpha1.ProcessDistrictCounts
		current  v1alpha1.Digest
		ready    metav1.ConditionStatus
		reason   string
		says     string
		accepted metav1.ConditionStatus
	}{
		"all served": {
			process: maths(), selected: districts(boston, amherst), evaluator: serving(digest("a"), 2), revision: a,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 2}, current: digest("a"), ready: "True", reason: v1alpha1.ReasonAllServing, accepted: "True",
		},
		"some": {
			process: maths(), selected: districts(boston, amherst), evaluator: serving(digest("a"), 1), revision: a,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 1}, current: digest("a"), ready: "Unknown", reason: v1alpha1.ReasonProgressing, says: "1 of 2", accepted: "True",
		},
		"an earlier revision is served": {
			process: maths().Revision(digest("a")), selected: districts(boston), evaluator: serving(digest("a"), 1), revision: b,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 1}, current: digest("b"), ready: "Unknown", reason: v1alpha1.ReasonProgressing, accepted: "True",
		},
		"an evaluator still serves a district that is no longer selected": {
			process: maths(), selected: districts(boston), evaluator: serving(digest("a"), 2), revision: a,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 1, Serving: 1}, current: digest("a"), ready: "True", reason: v1alpha1.ReasonAllServing, accepted: "True",
		},
		"an evaluator cannot serve": {
			process: maths(), selected: districts(boston), revision: a,
			evaluator: jtesting.MakeEvaluator("n", "shared-0").Holding("boston", 1).Ready("False", v1alpha1.ReasonReplicasFailing),
			counts:    v1alpha1.ProcessDistrictCounts{Selected: 1}, current: digest("a"), ready: "False", reason: v1alpha1.ReasonEvaluatorsUnavailable, says: "shared-0", accepted: "True",
		},
		"an evaluator of other districts cannot serve": {
			process: maths(), selected: districts(boston), revision: a,
			evaluator: jtesting.MakeEvaluator("n", "shared-0").Holding("concord", 1).Ready("False", v1alpha1.ReasonReplicasFailing),
			counts:    v1alpha1.ProcessDistrictCounts{Selected: 1}, current: digest("a"), ready: "Unknown", reason: v1alpha1.ReasonProgressing, accepted: "True",
		},
		"a pin holds one": {
			process: maths(), selected: districts(jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T13:00:00Z"), amherst), evaluator: serving(digest("b"), 1), revision: b,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 1}, current: digest("b"), ready: "True", reason: v1alpha1.ReasonAllServing, says: "1 hold another revision by a pin", accepted: "True",
		},
		"the pin has expired": {
			process: maths(), selected: districts(jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T11:00:00Z"), amherst), evaluator: serving(digest("b"), 1), revision: b,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 2, Serving: 1}, current: digest("b"), ready: "Unknown", reason: v1alpha1.ReasonProgressing, accepted: "True",
		},
		"refused: the last revision stays": {
			process: maths().Revision(digest("a")), selected: districts(boston), evaluator: serving(digest("a"), 1), refusal: &refusal{v1alpha1.ReasonRulesInvalid, "no"},
			counts: v1alpha1.ProcessDistrictCounts{Selected: 1, Serving: 1}, current: digest("a"), ready: "False", reason: v1alpha1.ReasonNotAccepted, accepted: "False",
		},
		"suspended": {
			process: maths().Suspended(), selected: districts(boston), evaluator: serving(digest("b"), 0), revision: a,
			counts: v1alpha1.ProcessDistrictCounts{Selected: 1}, current: digest("a"), ready: "False", reason: v1alpha1.ReasonSuspended, accepted: "True",
		},
		"nothing selected": {
			process: maths(), evaluator: serving(digest("b"), 0), revision: a, current: digest("a"), ready: "False", reason: v1alpha1.ReasonNoDistricts, accepted: "True",
		},
		"catalogue": {
			process: maths().Mode(v1alpha1.ModeCatalogue), selected: districts(boston), evaluator: serving(digest("b"), 0), revision: a,
			current: digest("a"), ready: "True", reason: v1alpha1.ReasonCatalogueOnly, accepted: "True",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := &observation{
				process: c.process.Obj(), selected: c.selected, districts: c.selected, evaluators: []v1alpha1.Evaluator{*c.evaluator.Obj()},
				now: noon, revision: c.revision, refusal: c.refusal,
			}
			status := o.status()
			if diff := cmp.Diff(c.counts, status.Districts); diff != "" {
				t.Errorf("districts (-want +got):\n%s", diff)
			}
			ready, accepted := meta.FindStatusCondition(status.Conditions, "Ready"), meta.FindStatusCondition(status.Conditions, "Accepted")
			if ready.Status != c.ready || ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) || accepted.Status != c.accepted || status.Revision != c.current {
				t.Errorf("Ready %s %s %q, Accepted %s, revision %s; want %s %s %q, %s, %s",
					ready.Status, ready.Reason, ready.Message, accepted.Status, status.Revision, c.ready, c.reason, c.says, c.accepted, c.current)
			}
			o.process.Status = status
			if diff := cmp.Diff(status, o.status()); diff != "" {
				t.Errorf("a second look changes it:\n%s", diff)
			}
		})
	}
}

func TestForgettable(t *testing.T) {
	o := &observation{process: jtesting.MakeProcess("n", "maths").Revision(digest("current")).Obj()}
	letters := []string{"current", "served", "pinned", "reported", "old-1", "old-2"}
	for i := range KeptRevisions {
		letters = append(letters, fmt.Sprintf("new-%d", i))
	}
	for i, letter := range letters { // from the oldest to the newest
		o.revisions = append(o.revisions, v1alpha1.ProcessRevision{
			ObjectMeta: metav1.ObjectMeta{Name: letter, CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(i) * time.Minute))},
			Spec:       v1alpha1.ProcessRevisionSpec{Digest: digest(letter)},
		})
	}
	o.evaluators = []v1alpha1.Evaluator{*jtesting.MakeEvaluator("n", "e").Serving("maths", digest("served"), 1).Serving("reading", digest("old-2"), 1).Obj()}
	o.districts = []v1alpha1.District{*jtesting.MakeDistrict("n", "d").Pin("maths", digest("pinned"), "2000-01-01T00:00:00Z").Obj()}
	reports := []v1alpha1.DecisionReport{{Status: v1alpha1.DecisionReportStatus{Processes: []v1alpha1.ProcessReport{{Process: "maths", Revision: digest("reported")}}}}}
	var got []string
	for _, r := range o.forgettable(reports) {
		got = append(got, r.Name)
	}
	if diff := cmp.Diff([]string{"old-2", "old-1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/translate"
)

// observation is what was found about a district in one reconcile.
type observation struct {
	district   *v1alpha1.District
	evaluators []v1alpha1.Evaluator               // of the namespace
	processes  []*v1alpha1.PersonalizationProcess // that select the district, by name
	decisions  *v1alpha1.DecisionReport           // nil before the district was placed for the first time
	missing    map[v1alpha1.Digest]bool           // revisions that pins name and that do not exist
	now        time.Time

	placement placement
}

func byName(a, b *v1alpha1.PersonalizationProcess) int { return cmp.Compare(a.Name, b.Name) }

// remembered is the evaluator that holds the district's record.
func (o *observation) remembered() string {
	if o.decisions == nil {
		return ""
	}
	return string(o.decisions.Spec.Evaluator)
}

// nextExpiry is how long until a pin that holds expires; 0 for never.
func (o *observation) nextExpiry() time.Duration {
	var next time.Duration
	for _, process := range o.processes {
		if _, left := translate.PinOf(o.district, process.Name, o.now); left > 0 && (next == 0 || left < next) {
			next = left
		}
	}
	return next
}

// progress is which processes the district is served by.
type progress struct {
	total, serving int32
	waiting        []string // names of processes that it is not served by yet
	pinned         []string // names of processes that a pin holds
	broken         []string // pins that name a revision that does not exist
}

// status is what the observation amounts to.
func (o *observation) status() v1alpha1.DistrictStatus {
	p := o.progress()
	status := v1alpha1.DistrictStatus{
		ObservedGeneration: o.district.Generation,
		Evaluator:          o.placement.evaluator,
		Processes:          p.total,
		Serving:            p.serving,
		Conditions:         slices.Clone(o.district.Status.Conditions),
	}
	o.setPlaced(&status)
	o.setSourceRead(&status)
	o.setReady(&status, p)
	return status
}

func (o *observation) setPlaced(status *v1alpha1.DistrictStatus) {
	placed := func(value metav1.ConditionStatus, reason, message string) {
		o.set(status, v1alpha1.ConditionPlaced, value, reason, message)
	}
	switch to := o.placement; {
	case o.district.Spec.Store != nil:
		placed(metav1.ConditionFalse, v1alpha1.ReasonStoreUnsupported, "spec.store: this version keeps decisions on the evaluator's volume only: remove it")
	case to.conflict != "":
		placed(metav1.ConditionFalse, v1alpha1.ReasonPlacementConflict, to.conflict)
	case to.evaluator == "":
		placed(metav1.ConditionUnknown, v1alpha1.ReasonAwaitingPlacement, "The evaluator that holds its record is being removed; it is created anew then")
	default:
		placed(metav1.ConditionTrue, v1alpha1.ReasonPlaced, "Placed on evaluator "+to.evaluator)
	}
}

// setSourceRead repeats what the district's evaluator says, where people look
// first.
func (o *observation) setSourceRead(status *v1alpha1.DistrictStatus) {
	if o.decisions != nil {
		if read := meta.FindStatusCondition(o.decisions.Status.Conditions, v1alpha1.ConditionSourceRead); read != nil {
			o.set(status, read.Type, read.Status, read.Reason, read.Message)
			return
		}
	}
	o.set(status, v1alpha1.ConditionSourceRead, metav1.ConditionUnknown, v1alpha1.ReasonSourceAwaited, "Nobody has looked at the source yet")
}

func (o *observation) setReady(status *v1alpha1.DistrictStatus, p progress) {
	ready := func(value metav1.ConditionStatus, reason, message string) {
		o.set(status, v1alpha1.ConditionReady, value, reason, message)
	}
	evaluator := o.evaluator()
	count := fmt.Sprintf("%d of %d processes are served as wanted", p.serving, p.total)
	switch {
	case o.placement.evaluator == "":
		ready(metav1.ConditionUnknown, v1alpha1.ReasonNotPlaced, "See the condition Placed")
	case o.district.Spec.Suspend:
		ready(metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspend is set: no run starts")
	case meta.IsStatusConditionFalse(status.Conditions, v1alpha1.ConditionSourceRead):
		ready(metav1.ConditionFalse, v1alpha1.ReasonSourceUnreadable, "See the condition SourceRead; earlier decisions stand")
	case evaluator != nil && meta.IsStatusConditionFalse(evaluator.Status.Conditions, v1alpha1.ConditionReady):
		ready(metav1.ConditionFalse, v1alpha1.ReasonEvaluatorsUnavailable, fmt.Sprintf("%s; evaluator %s: see its condition Ready", count, evaluator.Name))
	case len(p.broken) > 0:
		ready(metav1.ConditionFalse, v1alpha1.ReasonPinNotFound, "No such revision, so the process does not run here: "+strings.Join(p.broken, ", "))
	case p.total == 0:
		ready(metav1.ConditionTrue, v1alpha1.ReasonNoProcesses, "No process that runs selects the district")
	case p.serving < p.total:
		ready(metav1.ConditionUnknown, v1alpha1.ReasonProgressing, count+"; waiting for "+strings.Join(p.waiting, ", "))
	case len(p.pinned) > 0:
		ready(metav1.ConditionTrue, v1alpha1.ReasonPinned, count+"; held by a pin: "+strings.Join(p.pinned, ", "))
	default:
		ready(metav1.ConditionTrue, v1alpha1.ReasonAllServing, count)
	}
}

func (o *observation) set(status *v1alpha1.DistrictStatus, condition string, value metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: condition, Status: value, Reason: reason, Message: shorten(message),
		ObservedGeneration: o.district.Generation, LastTransitionTime: metav1.NewTime(o.now.Truncate(time.Second)),
	})
}

// progress compares what is wanted with what the evaluator says that all of its
// replicas serve.
func (o *observation) progress() progress {
	var p progress
	evaluator := o.evaluator()
	for _, process := range o.processes {
		if process.Spec.Suspend || process.Spec.Mode == v1alpha1.ModeCatalogue {
			continue
		}
		p.total++
		wanted, pinned := translate.Wanted(process, o.district, o.now)
		if pinned {
			p.pinned = append(p.pinned, process.Name)
		}
		switch {
		case pinned && o.missing[wanted]:
			p.broken = append(p.broken, process.Name+" at "+string(wanted))
		case wanted != "" && serves(evaluator, process.Name, wanted):
			p.serving++
		default:
			p.waiting = append(p.waiting, process.Name)
		}
	}
	return p
}

// evaluator that the district is on, once it is.
func (o *observation) evaluator() *v1alpha1.Evaluator {
	e := named(o.placement.evaluator, o.evaluators)
	if e == nil || !holds(e, o.district.Name) {
		return nil
	}
	return e
}

// serves says whether all replicas of the evaluator serve its whole assignment,
// as it is now, and that holds the revision.
func serves(e *v1alpha1.Evaluator, process string, revision v1alpha1.Digest) bool {
	if e == nil || e.Status.ObservedGeneration != e.Generation || !meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionReady) {
		return false
	}
	return slices.ContainsFunc(e.Status.Serving, func(s v1alpha1.ServedRevision) bool {
		return string(s.Process) == process && s.Revision == revision
	})
}

// shorten keeps a message to what a reader can take in.
func shorten(text string) string {
	const most = 1024
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

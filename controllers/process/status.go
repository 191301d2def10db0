// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/translate"
)

// observation is what was found about a process in one reconcile.
type observation struct {
	process    *v1alpha1.PersonalizationProcess
	districts  []v1alpha1.District // of the namespace
	selected   []v1alpha1.District // of them, by the process
	evaluators []v1alpha1.Evaluator
	revisions  []v1alpha1.ProcessRevision // of the process
	now        time.Time

	revision *revision // what the process amounts to now, or
	refusal  *refusal  // why it does not
}

// status is what the observation amounts to.
func (o *observation) status() v1alpha1.PersonalizationProcessStatus {
	before := &o.process.Status
	status := v1alpha1.PersonalizationProcessStatus{
		ObservedGeneration: o.process.Generation,
		Revision:           before.Revision, // districts keep the last one that was accepted
		RevisionName:       before.RevisionName,
		Conditions:         slices.Clone(before.Conditions),
	}
	if o.refusal == nil {
		status.Revision, status.RevisionName = o.revision.digest, o.revision.name
	}
	runs := o.process.Spec.Mode != v1alpha1.ModeCatalogue
	if runs {
		status.Districts.Selected = int32(len(o.selected))
		status.Districts.Serving = min(o.serving(status.Revision), status.Districts.Selected)
	}
	o.setAccepted(&status)
	o.setReady(&status, runs)
	return status
}

func (o *observation) setAccepted(status *v1alpha1.PersonalizationProcessStatus) {
	if o.refusal != nil {
		o.set(status, v1alpha1.ConditionAccepted, metav1.ConditionFalse, o.refusal.reason, o.refusal.message)
		return
	}
	o.set(status, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "The process and all it refers to amount to "+o.revision.name)
}

func (o *observation) setReady(status *v1alpha1.PersonalizationProcessStatus, runs bool) {
	ready := func(value metav1.ConditionStatus, reason, message string) {
		o.set(status, v1alpha1.ConditionReady, value, reason, message)
	}
	selected, serving := status.Districts.Selected, status.Districts.Serving
	held := o.held(status.Revision)
	progress := fmt.Sprintf("%d of %d districts are served by %s", serving, selected, status.RevisionName)
	if held > 0 {
		progress += fmt.Sprintf("; %d hold another revision by a pin", held)
	}
	failing := o.failing()
	switch {
	case o.refusal != nil && status.Revision != "":
		ready(metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "See the condition Accepted; districts keep "+status.RevisionName)
	case o.refusal != nil:
		ready(metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "See the condition Accepted")
	case !runs:
		ready(metav1.ConditionTrue, v1alpha1.ReasonCatalogueOnly, "The process is there to be read, tested and compared; it does not run")
	case o.process.Spec.Suspend:
		ready(metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspend is set: no run starts")
	case selected == 0:
		ready(metav1.ConditionFalse, v1alpha1.ReasonNoDistricts, "No district of the namespace is selected: look at spec.districts.selector and at the districts' labels")
	case serving+held >= selected:
		ready(metav1.ConditionTrue, v1alpha1.ReasonAllServing, progress)
	case len(failing) > 0:
		ready(metav1.ConditionFalse, v1alpha1.ReasonEvaluatorsUnavailable, progress+"; not available: "+first(failing, maxFaults))
	default:
		ready(metav1.ConditionUnknown, v1alpha1.ReasonProgressing, progress)
	}
}

func (o *observation) set(status *v1alpha1.PersonalizationProcessStatus, condition string, value metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: condition, Status: value, Reason: reason, Message: message, ObservedGeneration: o.process.Generation, LastTransitionTime: metav1.NewTime(o.now.Truncate(time.Second)),
	})
}

// serving is how many districts are served by a revision on every replica of
// their evaluator: the sum of what evaluators count, so that it costs the same
// however many districts there are.
func (o *observation) serving(revision v1alpha1.Digest) int32 {
	var total int32
	for i := range o.evaluators {
		for _, served := range o.evaluators[i].Status.Serving {
			if string(served.Process) == o.process.Name && served.Revision == revision {
				total += served.Districts
			}
		}
	}
	return total
}

// held is how many selected districts keep another revision on purpose.
func (o *observation) held(revision v1alpha1.Digest) int32 {
	var held int32
	for i := range o.selected {
		if pinned, _ := translate.PinOf(&o.selected[i], o.process.Name, o.now); pinned != "" && pinned != revision {
			held++
		}
	}
	return held
}

// failing names the evaluators of selected districts that cannot serve.
func (o *observation) failing() []string {
	selected := make(map[v1alpha1.ObjectName]bool, len(o.selected))
	for i := range o.selected {
		selected[v1alpha1.ObjectName(o.selected[i].Name)] = true
	}
	var failing []string
	for i := range o.evaluators {
		e := &o.evaluators[i]
		serves := slices.ContainsFunc(e.Spec.Districts, func(d v1alpha1.PlacedDistrict) bool { return selected[d.Name] })
		if serves && meta.IsStatusConditionFalse(e.Status.Conditions, v1alpha1.ConditionReady) {
			failing = append(failing, e.Name)
		}
	}
	slices.Sort(failing)
	return failing
}

// first is the first names of a list, and how many more there are.
func first(list []string, count int) string {
	text := strings.Join(list[:min(len(list), count)], ", ")
	if more := len(list) - count; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

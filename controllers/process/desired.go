// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/internal/names"
	"github.com/juncture-dev/juncture/internal/translate"
)

const (
	// KeptRevisions is how many revisions of a process are kept although nothing names them.
	KeptRevisions = 10
	// Bounds of a condition's message: what a reader can take in, and no more.
	maxFaults  = 3
	maxMessage = 2048
)

// revision is what a process, with all it refers to, amounts to.
type revision struct {
	digest v1alpha1.Digest
	name   string // of the ProcessRevision
	bundle string // canonical
}

// refusal is why a process amounts to no revision.
type refusal struct{ reason, message string }

// closeProcess closes a process and compiles it, unless compiled knows that this
// engine has done so before. The error is the lookup's own and says nothing
// about the process.
func closeProcess(
	process *v1alpha1.PersonalizationProcess, siblings []v1alpha1.PersonalizationProcess, lookup translate.Lookup, compiled func(name string, digest v1alpha1.Digest) bool,
) (*revision, *refusal, error) {
	for _, cycle := range translate.Cycles(siblings) {
		if slices.Contains(cycle.Processes, process.Name) {
			return nil, refuse(cycle), nil
		}
	}
	closed, err := translate.Close(process, lookup)
	if err != nil {
		if refusal := refuse(err); refusal != nil {
			return nil, refusal, nil
		}
		return nil, nil, err
	}
	canonical, err := closed.Canonical()
	switch {
	case errors.Is(err, bundle.ErrTooLarge):
		return nil, &refusal{v1alpha1.ReasonRevisionTooLarge, shorten(err.Error())}, nil
	case err != nil:
		return nil, &refusal{v1alpha1.ReasonInvalid, shorten(err.Error())}, nil
	}
	digest := v1alpha1.Digest(bundle.DigestOf(canonical))
	r := &revision{digest: digest, name: names.Revision(process.Name, digest), bundle: string(canonical)}
	if compiled(r.name, digest) {
		return r, nil, nil
	}
	if _, err := engine.Compile(closed); err != nil {
		return nil, refuseRules(err), nil
	}
	return r, nil, nil
}

// refuse is the refusal that an error of translate calls for; nil for errors
// that say nothing about the process.
func refuse(err error) *refusal {
	reason := translate.Reason(err)
	if reason == "" {
		return nil
	}
	var lines []string
	for _, f := range translate.Faults(err) {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s (%s)", f.Object, f.Name, f.Path, f.Message, f.Mend))
	}
	if len(lines) == 0 { // a selector has no faults
		lines = []string{err.Error()}
	}
	return &refusal{reason, summary(lines)}
}

// refuseRules is the refusal of what does not compile.
func refuseRules(err error) *refusal {
	var found rule.Diagnostics
	if !errors.As(err, &found) {
		return &refusal{v1alpha1.ReasonRulesInvalid, shorten(err.Error())}
	}
	var lines []string
	for _, d := range found.Faults() {
		lines = append(lines, d.String())
	}
	return &refusal{v1alpha1.ReasonRulesInvalid, summary(lines)}
}

// summary is the first faults on one line, and how many more there are.
func summary(lines []string) string {
	text := strings.Join(lines[:min(len(lines), maxFaults)], "; ")
	if more := len(lines) - maxFaults; more > 0 {
		text = fmt.Sprintf("%s; and %d more: juncture vet lists them all", shorten(text), more)
	}
	return shorten(text)
}

// shorten cuts a text at the end of a character.
func shorten(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	const mark = "…"
	return strings.ToValidUTF8(text[:maxMessage-len(mark)], "") + mark
}

// compiled says whether this engine has compiled that revision before.
func (o *observation) compiled(name string, digest v1alpha1.Digest) bool {
	return slices.ContainsFunc(o.revisions, func(r v1alpha1.ProcessRevision) bool {
		return r.Name == name && r.Spec.Digest == digest && r.Spec.Engine == engine.Version
	})
}

// forgettable are the revisions that are neither current, nor served, nor
// pinned, nor named by a report, nor among the newest.
func (o *observation) forgettable(reports []v1alpha1.DecisionReport) []*v1alpha1.ProcessRevision {
	name := v1alpha1.ObjectName(o.process.Name)
	needed := map[v1alpha1.Digest]bool{o.process.Status.Revision: true}
	if o.revision != nil {
		needed[o.revision.digest] = true
	}
	for i := range o.evaluators {
		for _, served := range o.evaluators[i].Status.Serving {
			needed[served.Revision] = needed[served.Revision] || served.Process == name
		}
	}
	for i := range o.districts {
		for _, pin := range o.districts[i].Spec.Pins { // an expired pin can be renewed
			needed[pin.Revision] = needed[pin.Revision] || pin.Process == name
		}
	}
	for i := range reports {
		for _, decided := range reports[i].Status.Processes {
			needed[decided.Revision] = needed[decided.Revision] || decided.Process == name
		}
	}

	newestFirst := make([]*v1alpha1.ProcessRevision, len(o.revisions))
	for i := range o.revisions {
		newestFirst[i] = &o.revisions[i]
	}
	slices.SortFunc(newestFirst, func(a, b *v1alpha1.ProcessRevision) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	var forgettable []*v1alpha1.ProcessRevision
	for i, revision := range newestFirst {
		if i >= KeptRevisions && !needed[revision.Spec.Digest] {
			forgettable = append(forgettable, revision)
		}
	}
	return forgettable
}

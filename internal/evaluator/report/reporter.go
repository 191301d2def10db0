// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/evaluator"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// FieldManager owns the status of DecisionReports. A replica's own entry of the
// Evaluator's status has a manager of its own, FieldManager/<pod>.
const FieldManager = "juncture-evaluator"

// maxManager is how long a field manager's name may be.
const maxManager = 128

// Times between reports.
const (
	resync     = 10 * time.Minute // everything is written again, to heal what others changed
	firstRetry = time.Second
	lastRetry  = time.Minute
	goodbye    = 5 * time.Second // for the last report
)

var (
	evaluators = v1alpha1.GroupVersion.WithResource("evaluators")
	reports    = v1alpha1.GroupVersion.WithResource("decisionreports")
)

// Options of a Reporter.
type Options struct {
	Client     dynamic.Interface
	Namespace  string
	Evaluator  string
	Pod        string // empty: the replica has no entry of its own
	Assignment string // digest
	Clock      clock.Clock
	Log        *slog.Logger
}

// Reporter reports by server-side apply. It implements evaluator.Reporter.
type Reporter struct {
	Options
	changed chan struct{} // holds one

	replica   string // as applied last; of the loop alone
	districts map[string]*district
	failing   bool
}

// district is what is known of one DecisionReport.
type district struct {
	known      bool // it was read once
	generation int64
	status     v1alpha1.DecisionReportStatus
	applied    string
}

var _ evaluator.Reporter = (*Reporter)(nil)

// New makes a Reporter.
func New(o Options) *Reporter {
	return &Reporter{Options: o, changed: make(chan struct{}, 1), districts: map[string]*district{}}
}

// Changed implements evaluator.Reporter.
func (r *Reporter) Changed() {
	select {
	case r.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// Run implements evaluator.Reporter.
func (r *Reporter) Run(ctx context.Context, now func() evaluator.Standing) {
	retry := time.Duration(0)
	again := r.Clock.Now().Add(resync)
	for ctx.Err() == nil {
		wait := resync
		if err := r.report(ctx, now()); err != nil && ctx.Err() == nil {
			retry = min(max(firstRetry, 2*retry), lastRetry)
			wait = retry
			r.complain(err)
		} else {
			retry, r.failing = 0, false
		}
		timer := r.Clock.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-r.wake(retry):
		case <-timer.C():
		}
		timer.Stop()
		if !r.Clock.Now().Before(again) {
			again = r.Clock.Now().Add(resync)
			r.forget()
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := r.report(last, now()); err != nil {
		r.complain(err)
	}
}

// wake is when something changed; never while the API server has to be spared.
func (r *Reporter) wake(retry time.Duration) <-chan struct{} {
	if retry > 0 {
		return nil
	}
	return r.changed
}

func (r *Reporter) forget() {
	r.replica = ""
	for _, d := range r.districts {
		d.applied, d.known = "", false
	}
}

func (r *Reporter) complain(err error) {
	if !r.failing {
		r.Log.Warn("the cluster could not be told how the evaluator stands; it goes on deciding and tries again", "error", err)
	}
	r.failing = true
}

// report writes what changed.
func (r *Reporter) report(ctx context.Context, s evaluator.Standing) error {
	errs := []error{r.reportReplica(ctx, s)}
	for _, one := range s.Districts {
		if known(one) {
			errs = append(errs, r.reportDistrict(ctx, one))
		}
	}
	return errors.Join(errs...)
}

// reportReplica applies the replica's own entry, or takes it away at the end.
func (r *Reporter) reportReplica(ctx context.Context, s evaluator.Standing) error {
	if r.Pod == "" {
		return nil
	}
	status := v1alpha1.EvaluatorStatus{}
	if !s.Stopping {
		since := metav1.NewTime(s.Since.Truncate(time.Second))
		status.Replicas = []v1alpha1.EvaluatorReplica{{
			Name: r.Pod, Assignment: v1alpha1.Digest(r.Assignment), Ready: allOpen(s.Districts), Since: &since,
		}}
	}
	form, err := formOf(status)
	if err != nil || form == r.replica {
		return err
	}
	manager := FieldManager + "/" + r.Pod
	if len(manager) > maxManager {
		manager = FieldManager + "/" + bundle.DigestOf([]byte(r.Pod)).Short()
	}
	if _, err := r.apply(ctx, evaluators, "Evaluator", r.Evaluator, manager, form); err != nil {
		return err
	}
	r.replica = form
	return nil
}

func allOpen(districts []tenant.State) bool {
	for _, d := range districts {
		if d.Open != tenant.Open {
			return false
		}
	}
	return true
}

func (r *Reporter) reportDistrict(ctx context.Context, s tenant.State) error {
	d := r.districts[s.Name]
	if d == nil {
		d = &district{}
		r.districts[s.Name] = d
	}
	if !d.known {
		found, err := r.Client.Resource(reports).Namespace(r.Namespace).Get(ctx, s.Name, metav1.GetOptions{}, "status")
		if err != nil {
			return err
		}
		if err := d.take(found); err != nil {
			return err
		}
	}
	form, err := formOf(status(s, d.status, d.generation, metav1.NewTime(r.Clock.Now().Truncate(time.Second))))
	if err != nil || form == d.applied {
		return err
	}
	found, err := r.apply(ctx, reports, "DecisionReport", s.Name, FieldManager, form)
	if apierrors.IsNotFound(err) {
		d.known = false
	}
	if err != nil {
		return err
	}
	d.applied = form
	return d.take(found)
}

func (d *district) take(found *unstructured.Unstructured) error {
	var report v1alpha1.DecisionReport
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found.Object, &report); err != nil {
		return err
	}
	d.known, d.generation, d.status = true, report.Generation, report.Status
	return nil
}

// formOf is a status as JSON, to be compared and sent.
func formOf(status any) (string, error) {
	form, err := json.Marshal(status)
	return string(form), err
}

func (r *Reporter) apply(ctx context.Context, resource schema.GroupVersionResource, kind, name, manager, status string) (*unstructured.Unstructured, error) {
	var content map[string]any
	if err := json.Unmarshal([]byte(status), &content); err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": r.Namespace},
		"status":   content,
	}}
	return r.Client.Resource(resource).Namespace(r.Namespace).ApplyStatus(ctx, name, object, metav1.ApplyOptions{FieldManager: manager, Force: true})
}

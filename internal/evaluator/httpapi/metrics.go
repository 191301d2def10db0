// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/juncture-dev/juncture/engine/fairness"
	"github.com/juncture-dev/juncture/internal/evaluator/tenant"
)

// metrics are for operators: anybody in the cluster may read them, so that no
// count of them is about fewer than fairness.MinimumCell students, and none is
// by state or rule.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(districts []*tenant.District) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "juncture_evaluator_request_seconds", Help: "Time to answer HTTP requests.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"route", "code"}),
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), states(districts))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// states collects how the districts stand.
type states []*tenant.District

var (
	byDistrict = []string{"district"}
	byProcess  = []string{"district", "process"}

	openDesc      = prometheus.NewDesc("juncture_evaluator_district_open", "1 if the district's record is open.", byDistrict, nil)
	sourceDesc    = prometheus.NewDesc("juncture_evaluator_source_read", "1 if the last look at the roster gave one to decide on.", byDistrict, nil)
	problemsDesc  = prometheus.NewDesc("juncture_evaluator_source_problems", "Faulty rows of the roster last decided on.", byDistrict, nil)
	runsDesc      = prometheus.NewDesc("juncture_evaluator_record_runs", "Runs in the record.", byDistrict, nil)
	damageDesc    = prometheus.NewDesc("juncture_evaluator_record_damaged", "1 if the last check found the record damaged.", byDistrict, nil)
	checkedDesc   = prometheus.NewDesc("juncture_evaluator_record_checked_timestamp_seconds", "When the record was last checked.", byDistrict, nil)
	failingDesc   = prometheus.NewDesc("juncture_evaluator_run_failing", "1 if the newest attempt to run the process failed.", byProcess, nil)
	lastRunDesc   = prometheus.NewDesc("juncture_evaluator_last_run_instant_seconds", "Instant of evaluation of the newest run.", byProcess, nil)
	decisionsDesc = prometheus.NewDesc("juncture_evaluator_decisions", "Decisions in force; absent where they are few.", byProcess, nil)
)

// Describe implements prometheus.Collector.
func (s states) Describe(c chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, c) }

// Collect implements prometheus.Collector.
func (s states) Collect(c chan<- prometheus.Metric) {
	for _, d := range s {
		now := d.State()
		gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
			c <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, append([]string{now.Name}, labels...)...)
		}
		gauge(openDesc, flag(now.Open == tenant.Open))
		gauge(sourceDesc, flag(now.Source.Looked && now.Source.Reason == ""))
		gauge(runsDesc, float64(now.Record.Runs))
		gauge(damageDesc, flag(now.Record.Damage != ""))
		var problems int64
		for _, p := range now.Source.Problems {
			problems += p.Count
		}
		gauge(problemsDesc, float64(problems))
		if !now.Record.Checked.IsZero() {
			gauge(checkedDesc, float64(now.Record.Checked.Unix()))
		}
		for _, p := range now.Processes {
			gauge(failingDesc, flag(p.Error != ""), p.Name)
			if p.Last == nil {
				continue
			}
			gauge(lastRunDesc, float64(p.Last.At.Unix()), p.Name)
			if p.Last.Counts.Decisions >= fairness.MinimumCell {
				gauge(decisionsDesc, float64(p.Last.Counts.Decisions), p.Name)
			}
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

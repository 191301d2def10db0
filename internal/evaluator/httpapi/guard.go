// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// maxAtOnce bounds the requests that are answered at once. Probes and metrics
// do not count.
const maxAtOnce = 128

// Server is an HTTP server with limits that keep slow and greedy callers from
// harming others.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // a state's largest district as CSV over a slow line
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// guarded answers with next, within limits, and notes what was answered: route
// and status, never path or query, which hold ids.
func (a *API) guarded(next *http.ServeMux) http.Handler {
	places := make(chan struct{}, maxAtOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, route := next.Handler(r)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if strings.Contains(route, "/v1/") {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
			default:
				w.Header().Set("Retry-After", "1")
				problem(w, http.StatusServiceUnavailable, "too many requests at once")
				return
			}
		}
		if r.Method == http.MethodGet {
			// There is no body to wait for, and reading one must not be what ends a
			// long answer.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		}
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		began := a.Clock.Now()
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares so
					panic(p)
				}
				a.Log.Error("a request failed in an unforeseen way", "route", route, "stack", string(debug.Stack()))
				problem(answer, http.StatusInternalServerError, "the request failed; the evaluator's log says where")
			}
			a.metrics.requests.WithLabelValues(route, strconv.Itoa(answer.status)).Observe(a.Clock.Since(began).Seconds())
			if strings.Contains(route, "/v1/") {
				a.Log.Info("request", "route", route, "status", answer.status, "took", a.Clock.Since(began).Round(time.Microsecond).String())
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// problem writes an RFC 9457 problem.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"title":` + strconv.Quote(http.StatusText(status)) + `,"status":` + strconv.Itoa(status) + `,"detail":` + strconv.Quote(detail) + `}`))
}

// answer notes the status.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package httpapi is the evaluator's HTTP API: a district's decisions, one
// decision explained, runs, tasks and the state of the record. The document of
// it is served at /openapi.json; docs/evaluator-api.md is for people.
//
// Every request about a district is let through by the cluster's RBAC alone.
// Answers hold student data; log lines and metrics hold none, so neither paths
// with ids nor queries are logged.
package httpapi

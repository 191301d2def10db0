// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scale runs whole commands on a whole state: generated OneRoster
// packages of all its districts, the processes of config/samples/state, juncture
// run with a record, juncture verify. It measures each command as a process of
// its own, and checks what came out: that all adds up, that the number of workers
// changes no byte, and that single decisions, decided again, are the recorded ones.
//
// `make campaign-state` measures; a short form of its checks runs with all tests.
package scale

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cerbos runs the reference table with the Cerbos engine, embedded in a
// program of its own: Cerbos and the Open Policy Agent need versions of
// github.com/gobwas/glob that exclude each other.
package cerbos

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
	"github.com/juncture-dev/juncture/hack/bench/remote"
)

const module = "github.com/cerbos/cerbos"

// Best is one policy with one rule, whose output is the decision: of all forms
// the one with the least bookkeeping.
var Best = peer.Kind{
	Name: "Cerbos", Module: module, Share: 0.1, Table: reference.Reference.Name,
	Form: "embedded, in a process of its own; one rule whose output is one ternary; batches",
	Open: open,
}

// engine removes its program when it is closed.
type engine struct {
	peer.Engine
	folder  string
	version string
}

func open(w *peer.Work) (peer.Engine, error) {
	if w.Seed != reference.Seed {
		return nil, fmt.Errorf("the engine's program makes the students of seed %d, not of %d", reference.Seed, w.Seed)
	}
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/juncture-dev/juncture/hack/bench").Output()
	if err != nil {
		return nil, &peer.Unavailable{Engine: "Cerbos", Why: "its program is built from source, and hack/bench is not the working directory"}
	}
	folder, err := os.MkdirTemp("", "cerbos")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(folder, "engine")
	build := exec.Command("go", "build", "-o", program, ".") //nolint:gosec // a folder of its own
	build.Dir = filepath.Join(strings.TrimSpace(string(module)), "cerbos", "engine")
	if out, err := build.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return nil, fmt.Errorf("building the engine's program: %w: %s", err, out)
	}
	e, err := remote.Start(program)
	return &engine{e, folder, version(program)}, err
}

// CPU implements peer.Elsewhere.
func (e *engine) CPU() (int64, error) { return e.Engine.(peer.Elsewhere).CPU() }

// Version implements peer.Versioned.
func (e *engine) Version() string { return e.version }

func (e *engine) Close() error {
	defer os.RemoveAll(e.folder)
	return e.Engine.Close()
}

// version is the one that the program was built with.
func version(program string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err.Error()
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}

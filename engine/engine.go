// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"sync"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/rule"
)

// Version names the behaviour of this engine. It changes whenever the same
// bundle and the same information could give another decision, and belongs into
// the record of every run.
const Version = "juncture-engine/1"

// Program is one revision of a process, ready to decide. It is immutable and
// safe for concurrent use.
type Program struct {
	bundle    *bundle.Bundle
	rules     *rule.Program
	canonical []byte // of the bundle
	digest    bundle.Digest
	steps     []bundle.Step // those that people take
	capacity  *bundle.Capacity

	deciders sync.Pool // *single: see Decide
}

// Compile checks a bundle and makes a program of it. The error of a bundle that
// cannot be run is rule.Diagnostics with all faults found, each with its place
// and how to mend it; among them what this engine cannot run yet. The bundle
// must not be changed afterwards.
func Compile(b *bundle.Bundle) (*Program, error) {
	rules, err := rule.Compile(b)
	var found rule.Diagnostics
	if err != nil && !errors.As(err, &found) {
		return nil, err
	}
	if found = append(found, unsupported(b, err == nil)...); len(found.Faults()) > 0 {
		return nil, found
	}
	canonical, err := b.Canonical()
	if err != nil {
		return nil, err
	}
	p := &Program{bundle: b, rules: rules, canonical: canonical, digest: bundle.DigestOf(canonical), steps: decision.PeoplesSteps(b)}
	if b.Priority != nil {
		p.capacity = b.Priority.Capacity
	}
	return p, nil
}

// Digest names the revision: every record of the program's decisions holds it.
func (p *Program) Digest() bundle.Digest { return p.digest }

// Bundle is what the program was compiled from. It must not be changed.
func (p *Program) Bundle() *bundle.Bundle { return p.bundle }

// Canonical is the bundle's canonical form, which has the digest. It must not be
// changed.
func (p *Program) Canonical() []byte { return p.canonical }

// Rules is the compiled decision table: its warnings, its cost, the attributes
// it reads.
func (p *Program) Rules() *rule.Program { return p.rules }

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peertest tests engines.
package peertest

import (
	"errors"
	"sync"
	"testing"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

// students is how many decisions are compared.
const students = 20_000

var works = sync.OnceValue(func() []*peer.Work {
	return []*peer.Work{
		peer.NewWork(reference.Reference, reference.Seed, reference.ByHand, students, students),
		peer.NewWork(reference.Second, reference.SecondSeed, reference.SecondByHand, students, students),
		peer.NewWork(reference.Keyed(113), reference.Seed, reference.KeyedByHand(113), students, students),
	}
})

// Agrees fails the test where an engine decides otherwise than what is written
// by hand, for any table that it has a form of.
func Agrees(t *testing.T, kind peer.Kind) {
	t.Helper()
	for _, w := range works() {
		if !kind.Takes(w.Table) {
			continue
		}
		t.Run(kind.Name+"/"+w.Table.Name, func(t *testing.T) { agrees(t, kind, w) })
	}
}

func agrees(t *testing.T, kind peer.Kind, w *peer.Work) {
	e, err := kind.Open(w)
	var unavailable *peer.Unavailable
	if errors.As(err, &unavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	part := w.Len()
	if kind.Share > 0 && testing.Short() {
		part = max(1, int(float64(part)*kind.Share))
	}
	tolerance := 0.0
	if kind.Unlike > 0 {
		tolerance = peer.Tolerance
	}
	unlike, first, err := peer.Agree(w, e, 0, part, tolerance)
	if err != nil {
		t.Fatal(err)
	}
	if unlike > kind.Unlike {
		t.Errorf("%d of %d decisions differ; %v", unlike, part, first)
	} else if unlike > 0 {
		t.Logf("%d of %d decisions differ, which its arithmetic excuses; %v", unlike, part, first)
	}
}

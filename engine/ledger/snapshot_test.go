// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/engine/student"
)

func TestSnapshotRebuildsWhatRulesSee(t *testing.T) {
	for seed := range uint64(40) {
		d := ledgertest.District{Name: "springfield", Seed: seed, Students: int(seed * seed)}
		p := d.Population(int(seed))
		file, seal := encode(t, p)
		if again, _ := encode(t, p); !bytes.Equal(file, again) {
			t.Fatal("the same population gives other bytes")
		}
		got, err := ledger.DecodeSnapshot(bytes.NewReader(file), int64(len(file)), seal)
		if err != nil {
			t.Fatal(err)
		}
		if got.Len() != p.Len() || got.District != p.District || !got.At.Equal(p.At) || got.Zone.String() != p.Zone.String() || got.Source != p.Source || len(got.Columns()) != len(p.Columns()) {
			t.Fatalf("seed %d: the frame differs", seed)
		}
		for i := range p.IDs {
			if !bytes.Equal(ledger.CanonicalInformation(nil, p, i), ledger.CanonicalInformation(nil, got, i)) {
				t.Fatalf("seed %d: row %d differs", seed, i)
			}
		}
		if again, _ := encode(t, got); !bytes.Equal(file, again) {
			t.Fatalf("seed %d: what was decoded is encoded otherwise", seed)
		}
	}
}

func TestSnapshotOfManyRowGroups(t *testing.T) {
	const rows = 1<<17 + 3
	r := rand.New(rand.NewPCG(1, 1))
	ids, schools := make([]string, rows), make([]string, rows)
	column := &student.Column{
		Attribute: bundle.Attribute{Name: "scores", Type: bundle.NumberList}, Presence: make([]student.Presence, rows), Offsets: make([]uint32, 1, rows+1),
	}
	for i := range rows {
		ids[i] = string([]byte{byte(i >> 16), byte(i >> 8), byte(i)})
		column.Presence[i] = student.Presence(r.IntN(3))
		for range r.IntN(4) {
			column.Floats = append(column.Floats, r.Float64())
		}
		column.Offsets = append(column.Offsets, uint32(len(column.Floats)))
	}
	p := student.New("springfield", ledgertest.Epoch, time.UTC, student.Origin{}, ids, schools, schools, []*student.Column{column})
	file, seal := encode(t, p)
	got, err := ledger.DecodeSnapshot(bytes.NewReader(file), int64(len(file)), seal)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ids {
		if !bytes.Equal(ledger.CanonicalInformation(nil, p, i), ledger.CanonicalInformation(nil, got, i)) {
			t.Fatalf("row %d differs", i)
		}
	}
}

func TestSnapshotNeedsANamedZone(t *testing.T) {
	for _, zone := range []*time.Location{time.FixedZone("Springfield", 3600)} {
		p := student.New("springfield", ledgertest.Epoch, zone, student.Origin{}, nil, nil, nil, nil)
		if _, err := ledger.EncodeSnapshot(&bytes.Buffer{}, p); err == nil {
			t.Errorf("zone %s is taken", zone)
		}
	}
}

func encode(t *testing.T, p *student.Population) ([]byte, ledger.Hash) {
	t.Helper()
	var file bytes.Buffer
	seal, err := ledger.EncodeSnapshot(&file, p)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), seal
}

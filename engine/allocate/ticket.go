// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Ticket is a student's number in a lottery: the smaller (compared byte by
// byte) comes first.
type Ticket [sha256.Size]byte

func (t Ticket) String() string { return hex.EncodeToString(t[:]) }

// Draw is the ticket of one student: HMAC-SHA256 under the seed of process,
// district and student, each as a netstring. Anybody who knows the seed can
// recompute it (docs/lottery.md), nobody can choose it, and a student has one
// ticket in a process however often an application is repeated.
func Draw(seed []byte, process, district, student string) Ticket {
	return newDrum(seed, process, district).draw(student)
}

// drum draws the tickets of one process and district.
type drum struct {
	mac    hash.Hash
	prefix []byte
	buffer []byte
	sum    Ticket // here and not in draw, where it would escape once a student
}

func newDrum(seed []byte, process, district string) *drum {
	return &drum{
		mac:    hmac.New(sha256.New, seed),
		prefix: appendNetstring(appendNetstring(nil, process), district),
	}
}

func (d *drum) draw(student string) Ticket {
	d.mac.Reset()
	d.buffer = appendNetstring(append(d.buffer[:0], d.prefix...), student)
	d.mac.Write(d.buffer)
	d.mac.Sum(d.sum[:0])
	return d.sum
}

// appendNetstring frames s by its length in bytes
// (https://cr.yp.to/proto/netstrings.txt), so that no two triples of process,
// district and student share an encoding.
func appendNetstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

// Seed is the seed of the policy's lottery: the one published with the policy
// if there is one, else the run's.
func Seed(p *bundle.Priority, run []byte) ([]byte, error) {
	for i, o := range p.Order {
		if o.Lottery == nil || o.Lottery.Seed == "" {
			continue
		}
		seed, err := hex.DecodeString(o.Lottery.Seed)
		if err != nil {
			return nil, &PolicyError{Policy: p.Name, Field: field("order", i, "lottery.seed"), Fault: "is not hexadecimal", Mend: "write an even number of the digits 0-9 and a-f"}
		}
		return seed, nil
	}
	if len(run) == 0 {
		return nil, &PolicyError{Policy: p.Name, Field: "order", Fault: "needs a seed for its lottery, and neither the policy publishes one nor was the run given one", Mend: "give the run a seed, or publish one in an order entry's lottery.seed"}
	}
	return run, nil
}

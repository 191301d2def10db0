// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"math/bits"
)

// Cause is why an evaluation has no value.
type Cause uint8

// The causes. They are CEL's errors, and the two of reading a column.
const (
	NoCause Cause = iota
	// Missing: the row has no value in the column read. See Fault.Missed.
	Missing
	// TooManyItems, TooLong: a value is beyond Input.Items or Input.Length.
	TooManyItems
	TooLong
	DivisionByZero
	ModulusByZero
	IntegerOverflow
	TimestampOverflow
	IndexOutOfBounds
	NoSuchKey
	MeanOfEmpty
	MinOfEmpty
	MaxOfEmpty
	FirstNegative
	LastNegative
	NotConvertible
	InvalidArgument
	// External: of a value computed elsewhere; Fault.Detail is the caller's.
	External
)

// Fault is why an expression has no value for a row.
type Fault struct {
	Cause Cause
	// Input is the column that the cause is about: Missing, TooManyItems, TooLong.
	Input int
	// Detail tells External faults apart.
	Detail int
	// Missed are the inputs that were read and had no value, in ascending order:
	// of the whole evaluation, those included whose error did not decide.
	Missed Set
}

// Set is a set of inputs.
type Set [MaxInputs / 64]uint64

// MaxInputs is the most inputs of a program.
const MaxInputs = 512

func (s *Set) add(i int) { s[i/64] |= 1 << (i % 64) }
func (s *Set) union(other *Set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Each calls f for each member, in ascending order.
func (s *Set) Each(f func(input int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			f(w*64 + bits.TrailingZeros64(word))
		}
	}
}

// RowFault is the fault of one row of a batch. Lists of them are in ascending
// order of row.
type RowFault struct {
	Row uint16
	ID  uint16 // the fault's number in the machine: see Machine.Fault
}

// faults numbers the distinct faults that a machine met. There are few: what
// can be missing or fail is in the program and not in the data.
type faults struct {
	all      []Fault
	numbers  map[Fault]uint16
	combined map[[2]uint16]uint16
}

// maxFaults bounds the numbers. Beyond it, all faults are the last one, which
// stands for "ask the reference".
const maxFaults = 1 << 15

// unknown is the number of the fault that only the reference can name.
const unknown = 0

func newFaults() faults {
	return faults{all: make([]Fault, 1, 16), numbers: map[Fault]uint16{}, combined: map[[2]uint16]uint16{}}
}

func (f *faults) number(fault Fault) uint16 {
	if n, ok := f.numbers[fault]; ok {
		return n
	}
	if len(f.all) == maxFaults {
		return unknown
	}
	n := uint16(len(f.all))
	f.all = append(f.all, fault)
	f.numbers[fault] = n
	return n
}

// first is the fault of an evaluation that met a and then b: a decides, and all
// that was missed counts.
func (f *faults) first(a, b uint16) uint16 {
	switch {
	case a == unknown || b == unknown:
		return unknown
	case a == b || f.all[b].Missed == Set{}:
		return a
	}
	if n, ok := f.combined[[2]uint16{a, b}]; ok {
		return n
	}
	fault := f.all[a]
	fault.Missed.union(&f.all[b].Missed)
	n := f.number(fault)
	f.combined[[2]uint16{a, b}] = n
	return n
}

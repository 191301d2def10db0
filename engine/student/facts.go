// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package student

import (
	"encoding/binary"
	"math"
)

// facts keeps entries in the order in which they come, each as what differs
// from the one before: a state has hundreds of millions, and what is not in
// order yet has to wait until the file ends. An entry is 24 bytes; one of a
// list of results takes about 8.
//
// An entry is a byte of flags, then what the flags say is there: student, day,
// tie and row as signed differences, and the value.
type facts struct {
	chunks [][]byte
	open   []byte // the last chunk
	n      int
	counts []uint32 // by student
	last   entry
}

const (
	chunkSize  = 1 << 16
	firstChunk = 1 << 9 // most attributes of most districts have few facts

	// longest is more than an entry can take: a flag, four numbers of at most 5
	// bytes and a value of at most 10.
	longest = 32
)

const (
	studentDiffers = 1 << iota
	dayDiffers
	tieDiffers // from the one after the last entry's
	rowDiffers // likewise
	isFaulty
	valueSmall   // the bits follow as an unsigned varint
	valueDecimal // a double that is a number of hundredths, which follows as a signed varint
	valueWhole   // the bits follow as they are
)

// small are the values that are shorter as a varint.
const small = 1 << 35

// add appends an entry. Doubles, if isDouble says that they are, are mostly
// scores and grades with few decimals.
func (f *facts) add(e entry, isDouble bool) {
	if cap(f.open)-len(f.open) < longest {
		f.nextChunk()
	}
	at := len(f.open)
	out := append(f.open, 0)
	var flags byte
	if e.Student != f.last.Student {
		flags |= studentDiffers
		out = appendVarint(out, int64(e.Student)-int64(f.last.Student))
	}
	if e.Day != f.last.Day {
		flags |= dayDiffers
		out = appendVarint(out, int64(e.Day)-int64(f.last.Day))
	}
	if e.Tie != f.last.Tie+1 {
		flags |= tieDiffers
		out = appendVarint(out, int64(e.Tie)-int64(f.last.Tie))
	}
	if e.faulty() {
		flags |= isFaulty
	}
	e.Row &^= faultyRow
	if e.Row != f.last.Row+1 {
		flags |= rowDiffers
		out = appendVarint(out, int64(e.Row)-int64(f.last.Row))
	}
	if e.bits != 0 {
		if hundredths, is := decimal(e.bits); isDouble && is {
			flags |= valueDecimal
			out = appendVarint(out, hundredths)
		} else if e.bits < small {
			flags |= valueSmall
			out = binary.AppendUvarint(out, e.bits)
		} else {
			flags |= valueWhole
			out = binary.LittleEndian.AppendUint64(out, e.bits)
		}
	}
	out[at] = flags
	f.open = out
	f.last = e
	f.n++
	if int(e.Student) >= len(f.counts) {
		f.counts = append(f.counts, make([]uint32, int(e.Student)+1-len(f.counts))...)
	}
	f.counts[e.Student]++
}

func appendVarint(out []byte, v int64) []byte {
	if u := uint64(v<<1) ^ uint64(v>>63); u < 0x80 { // nearly always
		return append(out, byte(u))
	}
	return binary.AppendVarint(out, v)
}

// decimal is a double as hundredths, if that gives the very same double back.
func decimal(bits uint64) (hundredths int64, is bool) {
	v := math.Float64frombits(bits)
	if !(v > -1e9 && v < 1e9) {
		return 0, false
	}
	hundredths = int64(v*100 + math.Copysign(0.5, v))
	return hundredths, math.Float64bits(float64(hundredths)/100) == bits
}

func (f *facts) nextChunk() {
	size := firstChunk
	if len(f.chunks) > 0 {
		f.chunks[len(f.chunks)-1] = f.open
		size = min(2*cap(f.open), chunkSize)
	}
	f.open = make([]byte, 0, size)
	f.chunks = append(f.chunks, f.open)
}

// each gives all entries in order.
func (f *facts) each(do func(entry)) {
	if len(f.chunks) > 0 {
		f.chunks[len(f.chunks)-1] = f.open
	}
	var e entry
	var by int64
	for _, in := range f.chunks {
		for len(in) > 0 {
			flags := in[0]
			in = in[1:]
			if flags&studentDiffers != 0 {
				by, in = varint(in)
				e.Student += int32(by)
			}
			if flags&dayDiffers != 0 {
				by, in = varint(in)
				e.Day += int32(by)
			}
			if e.Tie++; flags&tieDiffers != 0 {
				by, in = varint(in)
				e.Tie += uint32(by - 1)
			}
			if e.Row++; flags&rowDiffers != 0 {
				by, in = varint(in)
				e.Row += uint32(by - 1)
			}
			e.bits = 0
			switch {
			case flags&valueDecimal != 0:
				by, in = varint(in)
				e.bits = math.Float64bits(float64(by) / 100)
			case flags&valueSmall != 0:
				v, n := binary.Uvarint(in)
				e.bits, in = v, in[n:]
			case flags&valueWhole != 0:
				e.bits, in = binary.LittleEndian.Uint64(in), in[8:]
			}
			given := e
			if flags&isFaulty != 0 {
				given.Row |= faultyRow
			}
			do(given)
		}
	}
}

// varint is the number at the begin of in, and what follows.
func varint(in []byte) (int64, []byte) {
	if b := in[0]; b < 0x80 { // nearly always
		return int64(b>>1) ^ -int64(b&1), in[1:]
	}
	v, n := binary.Varint(in)
	return v, in[n:]
}

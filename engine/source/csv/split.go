// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package csv

import (
	"encoding/binary"
	"math/bits"
)

// blockSize is the number of bytes whose commas make one mask.
const blockSize = 64

// split takes apart the record of n bytes at the buffer's current place, which
// holds no quote and no line end.
func (r *Reader) split(n int) {
	r.quoted, r.gap = false, 1
	r.data = r.buf[r.record : r.record+n]
	ends := r.ends
	k := 0
	for from := 0; from < n; from += blockSize {
		mask := places((*[blockSize]byte)(r.buf[r.record+from:]), ',')
		if left := n - from; left < blockSize {
			mask &= 1<<left - 1 // what follows the record, and the padding
		}
		if k+blockSize+1 > len(ends) {
			ends = append(ends, make([]uint32, len(ends))...)
			r.ends = ends
		}
		for mask != 0 {
			ends[k] = uint32(from + bits.TrailingZeros64(mask))
			mask &= mask - 1
			k++
		}
	}
	ends[k] = uint32(n)
	r.fields = k + 1
}

// splitQuoted takes apart the line of n bytes at the buffer's current place if
// each of its fields is in quotes and none holds a quote. Else it is false, and
// the line is as it was.
//
// The line must begin and end with a quote; between fields is a comma between
// two quotes. If that accounts for every quote of the line, the line is of that
// kind, and no line end is within quotes.
func (r *Reader) splitQuoted(n int) bool {
	line := r.buf[r.record : r.record+n]
	if n < 2 || line[0] != '"' || line[n-1] != '"' {
		return false
	}
	ends := r.ends
	k, quotes, last := 0, 0, 0
	var quotesBefore, commasBefore uint64
	for from := 0; from < n; from += blockSize {
		block := (*[blockSize]byte)(r.buf[r.record+from:])
		q, c := places(block, '"'), places(block, ',')
		if left := n - from; left < blockSize {
			q &= 1<<left - 1
		}
		quotes += bits.OnesCount64(q)
		// Bit i of mask: bytes i−2 to i are quote, comma, quote.
		mask := q & (c<<1 | commasBefore>>63) & (q<<2 | quotesBefore>>62)
		quotesBefore, commasBefore = q, c
		if k+blockSize+1 > len(ends) {
			ends = append(ends, make([]uint32, len(ends))...)
			r.ends = ends
		}
		for mask != 0 {
			at := from + bits.TrailingZeros64(mask)
			mask &= mask - 1
			if at < last+3 || at == n-1 {
				continue // its first quote ended the gap before, or began the line; or its last one ends the line
			}
			last = at
			ends[k] = uint32(at - 3) // counted from behind the first quote
			k++
		}
	}
	if quotes != 2*(k+1) {
		return false
	}
	ends[k] = uint32(n - 2)
	r.quoted, r.gap, r.fields, r.data = true, 3, k+1, line[1:n-1]
	return true
}

// places has bit i set where byte i of the block is b.
func places(block *[blockSize]byte, b byte) uint64 {
	all := uint64(b) * ones
	return placesOf(block, 0, all) | placesOf(block, 1, all)<<8 | placesOf(block, 2, all)<<16 | placesOf(block, 3, all)<<24 |
		placesOf(block, 4, all)<<32 | placesOf(block, 5, all)<<40 | placesOf(block, 6, all)<<48 | placesOf(block, 7, all)<<56
}

const (
	ones = 0x0101010101010101
	low7 = 0x7f * ones
)

// placesOf is the mask of the block's word w. A byte is the one looked for if
// it is zero after the exclusive or; no borrow or carry runs from one byte to
// the next, so that a neighbour is not mistaken for it. The multiplication
// gathers the eight top bits in the top byte.
func placesOf(block *[blockSize]byte, w int, all uint64) uint64 {
	x := binary.LittleEndian.Uint64(block[8*w:]) ^ all
	zero := ^((x&low7 + low7) | x | low7)
	return zero >> 7 * 0x0102040810204080 >> 56
}

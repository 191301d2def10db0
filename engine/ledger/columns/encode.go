// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"encoding/binary"
	"math"
)

// Integer is what AppendInts and Ints take: whatever fits in an int64.
type Integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int | ~uint8 | ~uint16 | ~uint32
}

// AppendInts appends integers: the width of one in bytes (0, 1, 2, 4 or 8), the
// least of them as varint, and each one's distance from the least, little-endian
// in that width. Width 0 means that all are the same.
func AppendInts[T Integer](dst []byte, values []T) []byte {
	if len(values) == 0 {
		return append(dst, 0, 0)
	}
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	width := widthOf(uint64(int64(most)) - uint64(int64(least)))
	dst = binary.AppendVarint(append(dst, byte(width)), int64(least))
	from := len(dst)
	dst = grow(dst, width*len(values))
	out := dst[from:]
	switch width {
	case 1:
		for i, v := range values {
			out[i] = byte(v - least)
		}
	case 2:
		for i, v := range values {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(v-least))
		}
	case 4:
		for i, v := range values {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(int64(v)-int64(least)))
		}
	case 8:
		for i, v := range values {
			binary.LittleEndian.PutUint64(out[8*i:], uint64(int64(v))-uint64(int64(least)))
		}
	}
	return dst
}

func widthOf(distance uint64) int {
	switch {
	case distance == 0:
		return 0
	case distance <= math.MaxUint8:
		return 1
	case distance <= math.MaxUint16:
		return 2
	case distance <= math.MaxUint32:
		return 4
	}
	return 8
}

// grow makes dst n bytes longer; what they hold is not defined.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) < n {
		larger := make([]byte, len(dst), max(2*cap(dst), len(dst)+n))
		copy(larger, dst)
		dst = larger
	}
	return dst[:len(dst)+n]
}

// AppendBools appends Booleans as the integers 0 and 1.
func AppendBools(dst []byte, values []bool) []byte {
	if len(values) == 0 {
		return append(dst, 0, 0)
	}
	from := len(dst)
	dst = append(dst, 1, 0) // width 1, least 0
	dst = grow(dst, len(values))
	ones := 0
	for i, v := range values {
		b := byte(0)
		if v {
			b = 1
			ones++
		}
		dst[from+2+i] = b
	}
	switch ones {
	case 0:
		return append(dst[:from], 0, 0)
	case len(values):
		return append(dst[:from], 0, 2) // varint of 1
	}
	return dst
}

// How a column of numbers is kept.
const (
	floatsRaw   = 0 // 8 bytes each
	floatsCoded = 1 // the distinct ones, and which of them each is
)

// AppendFloats appends numbers: as their 8 bytes (IEEE 754, little-endian), or,
// where few of them differ, the distinct ones and each one's number among them.
// Numbers that differ in any bit are distinct: -0 is not 0.
func AppendFloats(dst []byte, values []float64) []byte {
	if coded, ok := appendCodedFloats(dst, values); ok {
		return coded
	}
	dst = append(dst, floatsRaw)
	from := len(dst)
	dst = grow(dst, 8*len(values))
	out := dst[from:]
	for i, v := range values {
		binary.LittleEndian.PutUint64(out[8*i:], math.Float64bits(v))
	}
	return dst
}

// maxDistinct is how many numbers may be distinct where they are coded: as many
// as a byte tells apart.
const maxDistinct = 256

// appendCodedFloats gives up, with dst as it was, as soon as there are too many
// distinct numbers for coding them to pay.
func appendCodedFloats(dst []byte, values []float64) ([]byte, bool) {
	const slots = 1 << 10
	var table [slots]uint16 // number in distinct plus one, open addressing
	var distinct [maxDistinct]uint64
	n := 0
	most := min(maxDistinct, len(values)/2+1)
	var codes [maxCoded]uint8
	if len(values) > len(codes) {
		return dst, false
	}
	for i, v := range values {
		bits := math.Float64bits(v)
		slot := (bits * 0x9e3779b97f4a7c15) >> (64 - 10)
		for table[slot] != 0 && distinct[table[slot]-1] != bits {
			slot = (slot + 1) % slots
		}
		if table[slot] == 0 {
			if n == most {
				return dst, false
			}
			distinct[n] = bits
			n++
			table[slot] = uint16(n)
		}
		codes[i] = uint8(table[slot] - 1)
	}
	dst = binary.AppendUvarint(append(dst, floatsCoded), uint64(n))
	for _, bits := range distinct[:n] {
		dst = binary.LittleEndian.AppendUint64(dst, bits)
	}
	return AppendInts(dst, codes[:len(values)]), true
}

// maxCoded is how many numbers are coded at most at once.
const maxCoded = 1 << 14

// AppendTexts appends texts: their lengths in bytes, as integers, and then their
// bytes.
func AppendTexts(dst []byte, values []string) []byte {
	var few [512]uint32
	lengths := few[:0]
	if len(values) > len(few) {
		lengths = make([]uint32, 0, len(values))
	}
	for _, v := range values {
		lengths = append(lengths, uint32(len(v)))
	}
	dst = AppendInts(dst, lengths)
	for _, v := range values {
		dst = append(dst, v...)
	}
	return dst
}

// A Coder appends texts that repeat: the distinct ones in order of first
// appearance, and which of them each is. It keeps room between calls and must not
// be used by two goroutines at once. The zero value is ready.
type Coder struct {
	numbers  map[string]uint32
	distinct []string
	codes    []uint32

	// seen[c] is the number given to code c of a dictionary, valid if turn[c] is
	// the current turn: so nothing need be cleared.
	seen []uint32
	turn []uint32
	now  uint32
}

// AppendTexts appends texts that repeat.
func (c *Coder) AppendTexts(dst []byte, values []string) []byte {
	if c.numbers == nil {
		c.numbers = map[string]uint32{}
	}
	clear(c.numbers)
	c.distinct, c.codes = c.distinct[:0], c.codes[:0]
	var last string // neighbours often are the same
	var number uint32
	for i, v := range values {
		if i == 0 || v != last {
			known := false
			if number, known = c.numbers[v]; !known {
				number = uint32(len(c.distinct))
				c.distinct = append(c.distinct, v)
				c.numbers[v] = number
			}
			last = v
		}
		c.codes = append(c.codes, number)
	}
	return c.append(dst)
}

// AppendCodes appends texts given by their codes in a dictionary: the same bytes
// as AppendTexts gives for the texts, if the dictionary has none twice.
func (c *Coder) AppendCodes(dst []byte, codes []uint32, dictionary []string) []byte {
	if len(c.seen) < len(dictionary) {
		c.seen, c.turn = make([]uint32, len(dictionary)), make([]uint32, len(dictionary))
		c.now = 0
	}
	if c.now++; c.now == 0 { // 2^32 turns have gone by
		clear(c.turn)
		c.now = 1
	}
	c.distinct, c.codes = c.distinct[:0], c.codes[:0]
	for _, code := range codes {
		if c.turn[code] != c.now {
			c.turn[code], c.seen[code] = c.now, uint32(len(c.distinct))
			c.distinct = append(c.distinct, dictionary[code])
		}
		c.codes = append(c.codes, c.seen[code])
	}
	return c.append(dst)
}

func (c *Coder) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.distinct)))
	dst = AppendTexts(dst, c.distinct)
	return AppendInts(dst, c.codes)
}

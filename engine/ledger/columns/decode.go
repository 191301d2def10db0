// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// MaxValues is how many values one column of one chunk may have: a chunk of a
// few bytes must not claim more than a reader has room for, as equal values take
// no bytes at all.
const MaxValues = 1 << 24

// Decoder reads what the Append functions wrote, in the same order. The first
// error sticks: everything read after it is empty. The zero value reads nothing.
type Decoder struct {
	rest []byte
	err  error
}

// NewDecoder reads a chunk. What it returns does not share the chunk's bytes.
func NewDecoder(chunk []byte) *Decoder { return &Decoder{rest: chunk} }

// Err is the first error, nil for none.
func (d *Decoder) Err() error { return d.err }

// Fail records an error that whoever reads has found.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

// End fails unless everything was read.
func (d *Decoder) End() error {
	if d.err == nil && len(d.rest) > 0 {
		d.Fail(fmt.Errorf("%d bytes are left over", len(d.rest)))
	}
	return d.err
}

var errShort = errors.New("the chunk ends too early")

// Bytes reads n bytes, which share the chunk's.
func (d *Decoder) Bytes(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.rest) {
		d.Fail(errShort)
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	if b := d.Bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// Uvarint reads an unsigned number.
func (d *Decoder) Uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if d.err != nil || n <= 0 {
		d.Fail(errShort)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Varint reads a number.
func (d *Decoder) Varint() int64 {
	v, n := binary.Varint(d.rest)
	if d.err != nil || n <= 0 {
		d.Fail(errShort)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Count reads the number of something, each at least size bytes long in what
// follows.
func (d *Decoder) Count(size int) int {
	n := d.Uvarint()
	if n > MaxValues || n*uint64(size) > uint64(len(d.rest)) {
		d.Fail(errShort)
		return 0
	}
	return int(n)
}

// Text reads a length in bytes as uvarint, and a text.
func (d *Decoder) Text() string { return string(d.Bytes(d.Count(1))) }

// Ints reads n integers, appended to dst.
func Ints[T Integer](d *Decoder, dst []T, n int) []T { return IntsIn(d, dst, n, 0, n) }

// IntsIn reads n integers and appends those in [from, to) to dst.
func IntsIn[T Integer](d *Decoder, dst []T, n, from, to int) []T {
	width, least := int(d.Byte()), d.Varint()
	switch {
	case d.err != nil:
		return dst
	case n < 0 || n > MaxValues || from < 0 || from > to || to > n:
		d.Fail(fmt.Errorf("%d values in one chunk, at most are %d", n, MaxValues))
		return dst
	case width > 8 || width&(width-1) != 0:
		d.Fail(fmt.Errorf("numbers of %d bytes", width))
		return dst
	case int64(T(least)) != least:
		d.Fail(errNotFit)
		return dst
	}
	b := d.Bytes(width * n)
	if d.err != nil {
		return dst
	}
	if width == 0 {
		dst = slices.Grow(dst, to-from)
		for range to - from {
			dst = append(dst, T(least))
		}
		return dst
	}
	dst = appendWide(d, slices.Grow(dst, to-from), b[width*from:width*to], width, least)
	if d.err != nil {
		return dst
	}
	return checked(d, dst, to-from, least)
}

// appendWide appends numbers of 1 to 8 bytes.
func appendWide[T Integer](d *Decoder, dst []T, b []byte, width int, least int64) []T {
	switch width {
	case 1:
		for _, v := range b {
			dst = append(dst, T(least+int64(v)))
		}
	case 2:
		for ; len(b) > 0; b = b[2:] {
			dst = append(dst, T(least+int64(binary.LittleEndian.Uint16(b))))
		}
	case 4:
		for ; len(b) > 0; b = b[4:] {
			dst = append(dst, T(least+int64(binary.LittleEndian.Uint32(b))))
		}
	default:
		for ; len(b) > 0; b = b[8:] {
			v := int64(uint64(least) + binary.LittleEndian.Uint64(b))
			if int64(T(v)) != v {
				d.Fail(errNotFit)
				return dst
			}
			dst = append(dst, T(v))
		}
	}
	return dst
}

var errNotFit = errors.New("a number does not fit its column")

// checked fails if one of the last n numbers is less than the least: it went
// beyond what its type holds.
func checked[T Integer](d *Decoder, dst []T, n int, least int64) []T {
	for _, v := range dst[len(dst)-n:] {
		if int64(v) < least {
			d.Fail(errNotFit)
			return dst
		}
	}
	return dst
}

// Bools reads n Booleans, appended to dst.
func Bools(d *Decoder, dst []bool, n int) []bool { return BoolsIn(d, dst, n, 0, n) }

// BoolsIn reads n Booleans and appends those in [from, to) to dst.
func BoolsIn(d *Decoder, dst []bool, n, from, to int) []bool {
	for _, v := range IntsIn[uint8](d, nil, n, from, to) {
		if v > 1 {
			d.Fail(errors.New("a Boolean is neither 0 nor 1"))
			return dst
		}
		dst = append(dst, v == 1)
	}
	return dst
}

// Floats reads n numbers, appended to dst.
func Floats(d *Decoder, dst []float64, n int) []float64 { return FloatsIn(d, dst, n, 0, n) }

// FloatsIn reads n numbers and appends those in [from, to) to dst.
func FloatsIn(d *Decoder, dst []float64, n, from, to int) []float64 {
	if n < 0 || n > MaxValues || from < 0 || from > to || to > n {
		d.Fail(errShort)
		return dst
	}
	switch d.Byte() {
	case floatsRaw:
		b := d.Bytes(8 * n)
		if d.err != nil {
			return dst
		}
		dst = slices.Grow(dst, to-from)
		for b = b[8*from : 8*to]; len(b) > 0; b = b[8:] {
			dst = append(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case floatsCoded:
		distinct := d.Bytes(8 * d.Count(8))
		codes := IntsIn[uint8](d, nil, n, from, to)
		dst = slices.Grow(dst, len(codes))
		for _, code := range codes {
			if 8*int(code) >= len(distinct) {
				d.Fail(errors.New("the code of a number is of none"))
				return dst
			}
			dst = append(dst, math.Float64frombits(binary.LittleEndian.Uint64(distinct[8*int(code):])))
		}
	default:
		d.Fail(errors.New("numbers in an unknown encoding"))
	}
	return dst
}

// Texts reads n texts, appended to dst. They share one string.
func Texts(d *Decoder, dst []string, n int) []string {
	lengths := Ints[uint32](d, nil, n)
	total := 0
	for _, l := range lengths {
		total += int(l)
	}
	all := string(d.Bytes(total))
	if d.err != nil {
		return dst
	}
	dst = slices.Grow(dst, n)
	for _, l := range lengths {
		dst = append(dst, all[:l])
		all = all[l:]
	}
	return dst
}

// CodedTexts reads n texts that repeat: each one's code, appended to codes, and
// the dictionary.
func CodedTexts(d *Decoder, codes []uint32, n int) ([]uint32, []string) {
	return CodedTextsIn(d, codes, n, 0, n)
}

// CodedTextsIn reads n texts that repeat and appends the codes of those in
// [from, to).
func CodedTextsIn(d *Decoder, codes []uint32, n, from, to int) ([]uint32, []string) {
	dictionary := Texts(d, nil, int(min(d.Uvarint(), MaxValues+1)))
	before := len(codes)
	codes = IntsIn(d, codes, n, from, to)
	if d.err != nil {
		return codes[:before], nil
	}
	for _, code := range codes[before:] {
		if int(code) >= len(dictionary) {
			d.Fail(errors.New("the code of a text is of none"))
			return codes[:before], nil
		}
	}
	return codes, dictionary
}

// RepeatedTexts reads n texts that repeat, appended to dst.
func RepeatedTexts(d *Decoder, dst []string, n int) []string {
	codes, dictionary := CodedTexts(d, nil, n)
	dst = slices.Grow(dst, len(codes))
	for _, code := range codes {
		dst = append(dst, dictionary[code])
	}
	return dst
}

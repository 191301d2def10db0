// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
)

// key is what all randomness of one district derives from.
type key struct{ hi, lo uint64 }

// newKey derives the key of one district, or of another named part, from the seed.
func newKey(seed []byte, part, identifier string) key {
	h := sha256.New()
	var n [8]byte
	for _, field := range [][]byte{[]byte("juncture synthetic 1"), seed, []byte(part), []byte(identifier)} {
		binary.BigEndian.PutUint64(n[:], uint64(len(field)))
		h.Write(n[:])
		h.Write(field)
	}
	sum := h.Sum(nil)
	return key{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
}

// A purpose names what a stream is for: drawing more for one purpose changes nothing of another.
type purpose uint64

const (
	forStudents purpose = iota + 1
	forStudentIDs
	forTeachers
	forTeacherIDs
	forClasses
	forItems
	forScores
	forShape
)

// stream opens the n-th stream for a purpose.
func (k key) stream(p purpose, n int) *stream {
	s := &stream{}
	s.Seed(k.hi^mix(uint64(p)), k.lo^mix(uint64(n)+uint64(p)<<48))
	return s
}

// opaque is the n-th of a sequence of 64-bit identifiers in which none comes twice: mix is a bijection.
func (k key) opaque(p purpose, n int) uint64 {
	return mix(k.hi ^ mix(uint64(p)) + uint64(n)*0x9E3779B97F4A7C15)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// stream is a reproducible sequence of variates.
type stream struct{ rand.PCG }

// float is uniform in [0, 1).
func (s *stream) float() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// below is uniform in 0 to n-1. Its bias is below n/2⁶⁴.
func (s *stream) below(n int) int {
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

func (s *stream) chance(p float64) bool { return s.float() < p }

// normal is near standard normal: the sum of twelve uniform 16-bit integers (Irwin-Hall), within ±6. Being a sum of integers, it is the same
// on every processor.
func (s *stream) normal() float64 {
	total := -12 * 0xFFFF / 2
	for range 3 {
		x := s.Uint64()
		total += int(x&0xFFFF) + int(x>>16&0xFFFF) + int(x>>32&0xFFFF) + int(x>>48)
	}
	return float64(total) / 65536
}

// pick draws an index in proportion to the weights.
func (s *stream) pick(weights []float64) int {
	x := float64(s.float() * sum(weights))
	for i, w := range weights {
		if x < w {
			return i
		}
		x -= w
	}
	return len(weights) - 1
}

func shuffle[T any](s *stream, xs []T) {
	for i := len(xs) - 1; i > 0; i-- {
		j := s.below(i + 1)
		xs[i], xs[j] = xs[j], xs[i]
	}
}

// phiSteps is the number of table steps per unit of phi's argument.
const phiSteps = 32

// phiTable is the standard normal distribution function from -6 to 6, cut to twelve decimals so that the last bits of a
// platform's mathematical library do not matter.
var phiTable = func() [12*phiSteps + 1]float64 {
	var t [12*phiSteps + 1]float64
	for i := range t {
		z := float64(i)/phiSteps - 6
		t[i] = math.Round(math.Erfc(-z/math.Sqrt2)/2*1e12) / 1e12
	}
	return t
}()

// phi is the standard normal distribution function, to 4 decimals.
func phi(z float64) float64 {
	x := float64((z + 6) * phiSteps)
	i := int(x)
	switch {
	case x <= 0:
		return phiTable[0]
	case i >= len(phiTable)-1:
		return phiTable[len(phiTable)-1]
	}
	return phiTable[i] + float64((x-float64(i))*(phiTable[i+1]-phiTable[i]))
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"math/bits"
)

// SingleRouter dispatches single rows: it finds the conditions that can hold for
// the present row, one after another. See Dispatch.
type SingleRouter struct {
	d    *Dispatch
	keys []singleValue[uint16] // the row's classes

	masks  [8][]uint64
	filled uint64 // the words of conditions that were not looked through yet
	word   uint64
	at     int // the word's place
}

// Router makes a router for single rows; nil if a key has no closure.
func (s *Single) Router(d *Dispatch) *SingleRouter {
	r := &SingleRouter{d: d}
	for _, k := range d.keys {
		of := s.classOf(k)
		if of == nil {
			return nil
		}
		r.keys = append(r.keys, of)
	}
	return r
}

// classOf is the class of the present row's value of a key.
func (s *Single) classOf(k *key) singleValue[uint16] {
	c := s.code(k.term)
	if c == nil {
		return nil
	}
	switch k.term.typ.Kind {
	case Bool:
		return mappedSingly(c.bools, func(v bool) uint16 { return k.class(int64(number(v))) })
	case Int, Duration:
		return mappedSingly(c.ints, k.class)
	case Double:
		return mappedSingly(c.floats, func(v float64) uint16 {
			if v != v {
				return k.unknown
			}
			return k.class(placeOf(v))
		})
	case Timestamp:
		return mappedSingly(c.times, func(v Instant) uint16 { return k.class(place(k.scale.times, v, Instant.compare)) })
	case String:
		return ofTextSingly(s, c, func(text string) (uint16, Cause) {
			return k.class(place(k.scale.texts, text, cmp.Compare[string])), NoCause
		})
	}
	return nil
}

// Route turns to the present row of s. It reports whether some key has no value:
// then Rest does not do, and the conditions as a whole are to be looked at.
func (r *SingleRouter) Route(s *Single) (doubtful bool) {
	words := r.d.words
	r.filled = ^uint64(0)
	for i, of := range r.keys {
		k := r.d.keys[i]
		class, f := of(s)
		if f != 0 {
			class = k.unknown
		}
		doubtful = doubtful || class == k.unknown
		r.filled &= k.filled[class]
		r.masks[i] = k.masks[int(class)*words : int(class)*words+words]
	}
	r.word = 0
	return doubtful
}

// Next is the next condition that is possible, in order; the number of all
// conditions if there is none. Those that are not Routed are not among them.
func (r *SingleRouter) Next() int {
	for r.word == 0 {
		if r.filled == 0 {
			return len(r.d.bit)
		}
		r.at = bits.TrailingZeros64(r.filled)
		r.filled &= r.filled - 1
		r.word = ^uint64(0)
		for _, m := range r.masks[:len(r.keys)] {
			r.word &= m[r.at]
		}
	}
	bit := bits.TrailingZeros64(r.word)
	r.word &= r.word - 1
	return r.d.routed[r.at*64+bit]
}

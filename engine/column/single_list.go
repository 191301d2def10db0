// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import "unicode/utf8"

// singleSize is the number of a list's elements, or of a string's code points.
func singleSize(a *singleCode) *singleCode {
	if texts := a.texts; texts != nil {
		return &singleCode{sure: a.sure, ints: func(s *Single) (int64, Failure) {
			text, f := texts(s)
			return int64(utf8.RuneCountInString(text)), f
		}}
	}
	lists := a.lists
	if lists == nil {
		return nil
	}
	return &singleCode{sure: a.sure, ints: func(s *Single) (int64, Failure) {
		_, from, to, f := lists(s)
		return int64(to - from), f
	}}
}

// aggregate is a function of a whole list; nil if the call is none.
func (s *Single) aggregate(t *term, args []*singleCode) *singleCode {
	if len(t.args) != 1 || t.args[0].typ.Kind != List {
		return nil
	}
	list, kind := args[0].lists, t.args[0].typ.Elem
	switch t.call {
	case "list_" + kind.String() + "_sum":
		if kind == Double {
			return &singleCode{floats: aggregateSingly(list, sumOfFloats)}
		}
		return &singleCode{ints: aggregateSingly(list, sumOfInts)}
	case "list_" + kind.String() + "_mean":
		return &singleCode{floats: aggregateSingly(list, meanOf(kind))}
	case "list_" + kind.String() + "_isSorted":
		return &singleCode{bools: aggregateSingly(list, sortedOf(kind))}
	case "list_" + kind.String() + "_min":
		return extremeElement(kind, list, extremePlace(kind, 1, MinOfEmpty))
	case "list_" + kind.String() + "_max":
		return extremeElement(kind, list, extremePlace(kind, -1, MaxOfEmpty))
	}
	return nil
}

func extremeElement(kind Kind, list singleList, place func(l *elements, from, to uint32) (uint32, Cause)) *singleCode {
	switch kind {
	case Bool:
		return &singleCode{bools: aggregateSingly(list, elementBy(place, func(l *elements, i uint32) bool { return l.Bools[i] }))}
	case Int, Duration:
		return &singleCode{ints: aggregateSingly(list, elementBy(place, func(l *elements, i uint32) int64 { return l.Ints[i] }))}
	case Double:
		return &singleCode{floats: aggregateSingly(list, elementBy(place, func(l *elements, i uint32) float64 { return l.Floats[i] }))}
	case Timestamp:
		return &singleCode{times: aggregateSingly(list, elementBy(place, (*elements).instant))}
	case String:
		return &singleCode{texts: aggregateSingly(list, elementBy(place, textOf))}
	}
	return nil
}

// aggregateSingly computes one value of a list.
func aggregateSingly[T any](list singleList, of func(l *elements, from, to uint32) (T, Cause)) singleValue[T] {
	return func(s *Single) (none T, f Failure) {
		in, from, to, f := list(s)
		if f != 0 {
			return none, f
		}
		v, cause := of(in, from, to)
		if cause != NoCause {
			return none, s.fail(Fault{Cause: cause})
		}
		return v, 0
	}
}

// index is list[i].
func (s *Single) index(t *term, args []*singleCode) *singleCode {
	l, i, outside := args[0].lists, args[1].ints, s.fail(Fault{Cause: IndexOutOfBounds})
	switch t.typ.Kind {
	case Bool:
		return &singleCode{bools: indexed(l, i, outside, func(l *elements, i uint32) bool { return l.Bools[i] })}
	case Int, Duration:
		return &singleCode{ints: indexed(l, i, outside, func(l *elements, i uint32) int64 { return l.Ints[i] })}
	case Double:
		if cells, c := args[0].listCells, constantOf[int64](t.args[1]); cells != nil && cells.presence == nil && c != nil {
			return &singleCode{floats: cells.indexedFloat(*c, outside)}
		}
		return &singleCode{floats: indexed(l, i, outside, func(l *elements, i uint32) float64 { return l.Floats[i] })}
	case Timestamp:
		return &singleCode{times: indexed(l, i, outside, (*elements).instant)}
	case String:
		return &singleCode{texts: indexed(l, i, outside, textOf)}
	}
	return nil
}

// indexedFloat is the element at a constant place.
func (l *listCells) indexedFloat(at int64, outside Failure) singleValue[float64] {
	floats, offsets, items, tooMany := l.in.Floats, l.offsets, l.items, l.tooMany
	return func(s *Single) (float64, Failure) {
		from, to := offsets[s.row], offsets[s.row+1]
		switch {
		case items > 0 && to-from >= items:
			return 0, tooMany
		case uint64(at) >= uint64(to-from):
			return 0, outside
		}
		return floats[from+uint32(at)], 0
	}
}

func indexed[T any](l singleList, i singleValue[int64], outside Failure, element func(l *elements, i uint32) T) singleValue[T] {
	return func(s *Single) (none T, f Failure) {
		in, from, to, f := l(s)
		if f != 0 {
			return none, f
		}
		at, f := i(s)
		if f != 0 {
			return none, f
		}
		if uint64(at) >= uint64(to-from) {
			return none, outside
		}
		return element(in, from+uint32(at)), 0
	}
}

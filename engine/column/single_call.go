// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"time"

	"cel.dev/cel-go/common/overloads"
)

// call is a function of the library, computed by the functions that the batches'
// kernels use; nil if only a Machine has it.
func (s *Single) call(t *term, args []*singleCode) *singleCode {
	a := args[0]
	if test, ok := textTests[t.call]; ok {
		return s.testByText(t, args, test)
	}
	if pattern := patternOf(t); pattern != nil {
		return s.testText(t.args[0], a, pattern.MatchString)
	}
	if to, ok := textMaps[t.call]; ok {
		return mapTextSingly(a, to)
	}
	if to, ok := doubleMaps[t.call]; ok {
		return &singleCode{sure: a.sure, floats: mappedSingly(a.floats, to)}
	}
	if part, ok := timeParts[t.call]; ok {
		return &singleCode{sure: a.sure, ints: mappedSingly(a.times, func(at Instant) int64 { return int64(part(at.Time())) })}
	}
	if part, ok := durationParts[t.call]; ok {
		return &singleCode{sure: a.sure, ints: mappedSingly(a.ints, func(d int64) int64 { return part(time.Duration(d)) })}
	}
	if greatest, ok := extremes[t.call]; ok {
		return extremeSingly(args, greatest)
	}
	if c := s.aggregate(t, args); c != nil {
		return c
	}
	return s.convert(t, args)
}

// convert is a conversion, or a function of lists.
func (s *Single) convert(t *term, args []*singleCode) *singleCode {
	a := args[0]
	switch t.call {
	case overloads.IntToDouble:
		return &singleCode{sure: a.sure, floats: mappedSingly(a.ints, func(i int64) float64 { return float64(i) })}
	case overloads.TimestampToInt:
		return &singleCode{sure: a.sure, ints: mappedSingly(a.times, func(at Instant) int64 { return at.Seconds })}
	case overloads.DurationToInt:
		return a
	case "math_is_finite_double":
		return &singleCode{sure: a.sure, bools: mappedSingly(a.floats, func(d float64) bool { return d-d == 0 })}
	case "math_abs_int":
		return &singleCode{ints: partialSingly(a.ints, magnitudeOf)}
	case "math_sign_int":
		return &singleCode{sure: a.sure, ints: mappedSingly(a.ints, signOf)}
	case overloads.DoubleToInt:
		return &singleCode{ints: partialSingly(a.floats, doubleToInt)}
	case overloads.IntToTimestamp:
		return &singleCode{times: partialSingly(a.ints, intToTimestamp)}
	case overloads.StringToBool:
		return &singleCode{bools: ofTextSingly(s, a, parseBool)}
	case overloads.StringToInt:
		return &singleCode{ints: ofTextSingly(s, a, parseInt)}
	case overloads.StringToDouble:
		return &singleCode{floats: ofTextSingly(s, a, parseDouble)}
	case overloads.StringToTimestamp:
		return &singleCode{times: ofTextSingly(s, a, parseTime)}
	case overloads.StringToDuration:
		return &singleCode{ints: ofTextSingly(s, a, parseDuration)}
	case "list_a_first_int":
		return listPartSingly(args, s.fail(Fault{Cause: FirstNegative}), true)
	case "list_a_last_int":
		return listPartSingly(args, s.fail(Fault{Cause: LastNegative}), false)
	}
	return nil
}

func mappedSingly[A, B any](v singleValue[A], to func(A) B) singleValue[B] {
	return func(s *Single) (b B, f Failure) {
		a, f := v(s)
		if f != 0 {
			return b, f
		}
		return to(a), 0
	}
}

func partialSingly[A, B any](v singleValue[A], to func(A) (B, Cause)) singleValue[B] {
	return func(s *Single) (b B, f Failure) {
		a, f := v(s)
		if f != 0 {
			return b, f
		}
		b, cause := to(a)
		if cause != NoCause {
			return b, s.fail(Fault{Cause: cause})
		}
		return b, 0
	}
}

// ofTextSingly is a function of a string: of a column that stays as it is, it is
// computed once for each string in the dictionary.
func ofTextSingly[T any](s *Single, v *singleCode, to func(string) (T, Cause)) singleValue[T] {
	c := v.codeCells
	if c == nil || c.presence != nil || c.long != nil || c.through != nil || s.mutable {
		return partialSingly(v.texts, to)
	}
	n, codes, dict := len(c.column.Dict), c.values, c.column.Dict
	table := &textTable[T]{done: make([]bool, n), values: make([]T, n), causes: make([]Cause, n)}
	return func(s *Single) (T, Failure) {
		x, cause := table.at(codes[s.row], dict, to)
		if cause != NoCause {
			return x, s.fail(Fault{Cause: cause})
		}
		return x, 0
	}
}

// testByText is the test of a string by another.
func (s *Single) testByText(t *term, args []*singleCode, test func(text, by string) bool) *singleCode {
	if by := constantOf[string](t.args[1]); by != nil {
		return s.testText(t.args[0], args[0], func(text string) bool { return test(text, *by) })
	}
	a, b := args[0].texts, args[1].texts
	return &singleCode{sure: args[0].sure && args[1].sure, bools: func(s *Single) (bool, Failure) {
		x, f := a(s)
		if f != 0 {
			return false, f
		}
		y, f := b(s)
		return f == 0 && test(x, y), f
	}}
}

// mapTextSingly makes a string of a string: what tests it looks through.
func mapTextSingly(a *singleCode, to func(string) string) *singleCode {
	out := &singleCode{sure: a.sure, texts: mappedSingly(a.texts, to)}
	if a.codeCells != nil {
		through := *a.codeCells
		through.through = to
		if before := a.codeCells.through; before != nil {
			through.through = func(text string) string { return to(before(text)) }
		}
		out.codeCells = &through
	}
	return out
}

func singleJoin(a, b *singleCode) *singleCode {
	left, right := a.texts, b.texts
	return &singleCode{sure: a.sure && b.sure, texts: func(s *Single) (string, Failure) {
		x, f := left(s)
		if f != 0 {
			return "", f
		}
		y, f := right(s)
		if f != 0 {
			return "", f
		}
		return x + y, 0
	}}
}

// extremeSingly is math.greatest and math.least: the argument that no later one
// replaces.
func extremeSingly(args []*singleCode, greatest bool) *singleCode {
	out := &singleCode{sure: true}
	var ints []singleValue[int64]
	var floats []singleValue[float64]
	for _, a := range args {
		out.sure = out.sure && a.sure
		if a.ints != nil {
			ints = append(ints, a.ints)
		} else {
			floats = append(floats, a.floats)
		}
	}
	if ints != nil {
		out.ints = extremeOfSingly(ints, greatest)
	} else {
		out.floats = extremeOfSingly(floats, greatest)
	}
	return out
}

func extremeOfSingly[T ordered](all []singleValue[T], greatest bool) singleValue[T] {
	return func(s *Single) (best T, f Failure) {
		for i, of := range all {
			v, f := of(s)
			if f != 0 {
				return v, f
			}
			if i == 0 || greatest && v > best || !greatest && v < best {
				best = v
			}
		}
		return best, 0
	}
}

// listPartSingly is first(n) and last(n): a view of the list.
func listPartSingly(args []*singleCode, negative Failure, first bool) *singleCode {
	list, count := args[0].lists, args[1].ints
	return &singleCode{lists: func(s *Single) (*elements, uint32, uint32, Failure) {
		in, from, to, f := list(s)
		if f != 0 {
			return nil, 0, 0, f
		}
		n, f := count(s)
		if f != 0 {
			return nil, 0, 0, f
		}
		if n < 0 {
			return nil, 0, 0, negative
		}
		some := uint32(min(n, int64(to-from)))
		if first {
			return in, from, from + some, 0
		}
		return in, to - some, to, 0
	}}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// singleAnd is &&: a later false absorbs an error.
func singleAnd(args []*singleCode) *singleCode {
	c := &singleCode{sure: true}
	var joined []*singleCode // the conjuncts, in order, spans of one column joined
	for _, a := range args {
		c.sure = c.sure && a.sure
		if !joinSpan(joined, a) {
			joined = append(joined, a)
		}
	}
	for _, a := range joined {
		c.conjunction = append(c.conjunction, a.bools)
	}
	all := c.conjunction
	switch {
	case len(all) == 1:
		c.bools = all[0]
	case len(all) == 2:
		first, second := all[0], all[1]
		c.bools = func(s *Single) (bool, Failure) {
			is, f := first(s)
			switch {
			case f != 0:
				return s.conjoinAfter(f, all[1:])
			case !is:
				return false, 0
			}
			return second(s)
		}
	default:
		c.bools = func(s *Single) (bool, Failure) {
			for i, of := range all {
				is, f := of(s)
				if f != 0 {
					return s.conjoinAfter(f, all[i+1:])
				}
				if !is {
					return false, 0
				}
			}
			return true, 0
		}
	}
	return c
}

// joinSpan makes a span part of one of the same column before it. Where the
// column has no value both fail alike, so that one failure stands for both.
func joinSpan(before []*singleCode, a *singleCode) bool {
	for i, b := range before {
		if r := b.intRange.joined(a.intRange); r != nil {
			before[i] = &singleCode{sure: a.sure, intRange: r, bools: r.condition()}
			return true
		}
		if r := b.floatRange.joined(a.floatRange); r != nil {
			before[i] = &singleCode{sure: a.sure, floatRange: r, bools: r.condition()}
			return true
		}
	}
	return false
}

// conjoinAfter goes on with a conjunction after an error: a false decides still.
func (s *Single) conjoinAfter(f Failure, rest []singleValue[bool]) (bool, Failure) {
	for _, of := range rest {
		is, next := of(s)
		switch {
		case next != 0:
			f = s.first(f, next)
		case !is:
			s.absorbed = true
			return false, 0
		}
	}
	return false, f
}

// disjunction is ||: a later true absorbs an error.
func (s *Single) disjunction(args []*singleCode) *singleCode {
	c := &singleCode{sure: true}
	var joined []*singleCode
	for _, a := range args {
		c.sure = c.sure && a.sure
		if !s.joinSome(joined, a) {
			joined = append(joined, a)
		}
	}
	if len(joined) == 1 {
		c.bools, c.some = joined[0].bools, joined[0].some
		return c
	}
	var any []singleValue[bool]
	for _, a := range joined {
		any = append(any, a.bools)
	}
	c.bools = func(s *Single) (bool, Failure) {
		var failed Failure
		for _, of := range any {
			is, f := of(s)
			switch {
			case f != 0 && failed != 0:
				failed = s.first(failed, f)
			case f != 0:
				failed = f
			case is:
				if failed != 0 {
					s.absorbed = true
				}
				return true, 0
			}
		}
		return false, failed
	}
	return c
}

// joinSome makes a look through a list part of one through the same list before
// it: 'a' in list || 'b' in list. Where the list has no value both fail alike.
func (s *Single) joinSome(before []*singleCode, a *singleCode) bool {
	if a.some == nil {
		return false
	}
	for i, b := range before {
		if b.some == nil || b.some.list != a.some.list || b.some.element != a.some.element {
			continue
		}
		left, right := b.some.test, a.some.test
		either := func(text string) bool { return left(text) || right(text) }
		if a.some.element != nil {
			before[i] = s.testText(a.some.element, nil, either)
		} else {
			before[i] = s.some(a.some.list, a.some.cells, a.sure, either)
		}
		return true
	}
	return false
}

func singleNot(a *singleCode) *singleCode {
	if c := a.boolCells; c != nil && c.presence == nil {
		values := c.values
		return &singleCode{sure: true, bools: func(s *Single) (bool, Failure) { return !values[s.row], 0 }}
	}
	of := a.bools
	return &singleCode{sure: a.sure, bools: func(s *Single) (bool, Failure) {
		is, f := of(s)
		return !is, f
	}}
}

// singleGuard is a condition that is looked at where values have no fault.
func singleGuard(args []*singleCode) *singleCode {
	last := args[len(args)-1]
	var unsure []singleValue[bool]
	for _, a := range args[:len(args)-1] {
		if !a.sure {
			unsure = append(unsure, a.faults())
		}
	}
	if len(unsure) == 0 {
		return last
	}
	return &singleCode{bools: func(s *Single) (bool, Failure) {
		for _, of := range unsure {
			if _, f := of(s); f != 0 {
				return false, f
			}
		}
		return last.bools(s)
	}}
}

// singleIf is c ? a : b.
func singleIf(args []*singleCode) *singleCode {
	c, a, b := args[0], args[1], args[2]
	out := &singleCode{sure: c.sure && a.sure && b.sure}
	switch {
	case a.bools != nil:
		out.bools = chosenSingly(c.bools, a.bools, b.bools)
	case a.ints != nil:
		out.ints = chosenSingly(c.bools, a.ints, b.ints)
	case a.floats != nil:
		out.floats = chosenSingly(c.bools, a.floats, b.floats)
	case a.times != nil:
		out.times = chosenSingly(c.bools, a.times, b.times)
	case a.texts != nil:
		out.texts = chosenSingly(c.bools, a.texts, b.texts)
	default:
		return nil
	}
	return out
}

func chosenSingly[T any](c singleValue[bool], a, b singleValue[T]) singleValue[T] {
	return func(s *Single) (T, Failure) {
		is, f := c(s)
		if f != 0 {
			var none T
			return none, f
		}
		if is {
			return a(s)
		}
		return b(s)
	}
}

// loop is exists or all over a list.
func (s *Single) loop(t *term, args []*singleCode) *singleCode {
	from, body := args[0], args[1]
	want := t.kind == loopExists
	switch t.kind {
	case loopExists, loopAll:
	case loopExistsOne:
		return &singleCode{sure: from.sure && body.sure, bools: oneElementSingly(from.lists, body.bools, t.index)}
	default: // lists are made in batches
		return nil
	}
	if some := body.some; some != nil && some.element != nil && some.element.index == t.index && want && from.listCells != nil && from.listCells.oneDict {
		return s.some(t.args[0], from.listCells, from.sure, some.test)
	}
	if e := body.element; e != nil && e.depth == t.index {
		return &singleCode{sure: from.sure, bools: e.among(from, want)}
	}
	list, of, depth := from.lists, body.bools, t.index
	return &singleCode{sure: from.sure && body.sure, bools: func(s *Single) (bool, Failure) {
		in, first, end, f := list(s)
		if f != 0 {
			return false, f
		}
		// What is evaluated may itself be part of a loop at this depth.
		around := s.loops[depth]
		is, f := s.anyElement(in, first, end, of, depth, want)
		s.loops[depth] = around
		return is, f
	}}
}

// among is whether some element lies in the span, for want = true, or every one.
func (e *elementSpan) among(from *singleCode, want bool) singleValue[bool] {
	low, high, list := e.low, e.high, from.lists
	return func(s *Single) (bool, Failure) {
		in, from, to, f := list(s)
		if f != 0 {
			return false, f
		}
		for _, v := range in.Floats[from:to] {
			if (low <= v && v <= high) == want {
				return want, 0
			}
		}
		return !want, 0
	}
}

// anyElement is whether the condition is want for some element, as want: the
// first element that decides ends the matter, and absorbs the errors before it.
func (s *Single) anyElement(in *elements, from, to uint32, of singleValue[bool], depth int, want bool) (bool, Failure) {
	var failed Failure
	e := &s.loops[depth]
	for i := from; i < to; i++ {
		e.in, e.at = in, i
		is, f := of(s)
		switch {
		case f != 0 && failed != 0:
			failed = s.first(failed, f)
		case f != 0:
			failed = f
		case is == want:
			if failed != 0 {
				s.absorbed = true
			}
			return want, 0
		}
	}
	return !want, failed
}

// oneElementSingly is exists_one. In CEL the condition is evaluated after an
// error too, and its last error is the outcome.
func oneElementSingly(list singleList, of singleValue[bool], depth int) singleValue[bool] {
	return func(s *Single) (bool, Failure) {
		in, from, to, f := list(s)
		if f != 0 {
			return false, f
		}
		var failed Failure
		count, around := 0, s.loops[depth]
		e := &s.loops[depth]
		for i := from; i < to; i++ {
			e.in, e.at = in, i
			is, f := of(s)
			switch {
			case f != 0 && failed != 0:
				failed = s.first(f, failed)
			case f != 0:
				failed = f
			case is:
				count++
			}
		}
		*e = around
		return count == 1, failed
	}
}

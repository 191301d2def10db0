// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// arithmetic is +, -, *, /, % and the sign, by the functions that the batches'
// kernels use.
func (s *Single) arithmetic(t *term, args []*singleCode) *singleCode {
	left, right := t.args[0].typ.Kind, None
	if len(args) == 2 {
		right = t.args[1].typ.Kind
	}
	switch {
	case t.typ.Kind == Double:
		return s.doubles(t, args)
	case left == Timestamp || right == Timestamp:
		return s.timeArithmetic(t, args)
	case t.typ.Kind == Duration:
		return s.integers(t, args, IntegerOverflow)
	case t.typ.Kind == Int:
		return s.integers(t, args, IntegerOverflow)
	}
	return nil
}

func (s *Single) doubles(t *term, args []*singleCode) *singleCode {
	out := &singleCode{sure: args[0].sure}
	a := args[0].floats
	if t.op == opNegate {
		out.floats = func(s *Single) (float64, Failure) { v, f := a(s); return -v, f }
		return out
	}
	out.sure = out.sure && args[1].sure
	c := constantOf[float64](t.args[1])
	if t.op == opDivide && s.p.strictDivision && (c == nil || *c == 0) {
		out.sure = false
		out.floats = dividedStrictly(a, args[1].floats, s.fail(Fault{Cause: DivisionByZero}))
		return out
	}
	switch {
	case c != nil:
		out.floats = withRight(t.op, args[0], *c)
	case constantOf[float64](t.args[0]) != nil:
		out.floats = withLeft(t.op, *constantOf[float64](t.args[0]), args[1].floats)
	default:
		out.floats = ofBoth(t.op, args[0], args[1])
	}
	return out
}

// withRight computes with a constant on the right.
func withRight(how op, left *singleCode, c float64) singleValue[float64] {
	if cells := left.floatCells; cells != nil && cells.presence == nil {
		v := cells.values
		switch how {
		case opAdd:
			return func(s *Single) (float64, Failure) { return v[s.row] + c, 0 }
		case opSubtract:
			return func(s *Single) (float64, Failure) { return v[s.row] - c, 0 }
		case opMultiply:
			return func(s *Single) (float64, Failure) { return v[s.row] * c, 0 }
		}
		return func(s *Single) (float64, Failure) { return v[s.row] / c, 0 }
	}
	a := left.floats
	switch how {
	case opAdd:
		return func(s *Single) (float64, Failure) { x, f := a(s); return x + c, f }
	case opSubtract:
		return func(s *Single) (float64, Failure) { x, f := a(s); return x - c, f }
	case opMultiply:
		return func(s *Single) (float64, Failure) { x, f := a(s); return x * c, f }
	}
	return func(s *Single) (float64, Failure) { x, f := a(s); return x / c, f }
}

// withLeft computes with a constant on the left.
func withLeft(how op, c float64, b singleValue[float64]) singleValue[float64] {
	switch how {
	case opAdd:
		return func(s *Single) (float64, Failure) { y, f := b(s); return c + y, f }
	case opSubtract:
		return func(s *Single) (float64, Failure) { y, f := b(s); return c - y, f }
	case opMultiply:
		return func(s *Single) (float64, Failure) { y, f := b(s); return c * y, f }
	}
	return func(s *Single) (float64, Failure) { y, f := b(s); return c / y, f }
}

func ofBoth(how op, left, right *singleCode) singleValue[float64] {
	a, b := left.floats, right.floats
	if cells := right.floatCells; cells != nil && cells.presence == nil && left.sure {
		v := cells.values
		switch how {
		case opAdd:
			return func(s *Single) (float64, Failure) { x, _ := a(s); return x + v[s.row], 0 }
		case opSubtract:
			return func(s *Single) (float64, Failure) { x, _ := a(s); return x - v[s.row], 0 }
		}
	}
	compute := [...]func(a, b singleValue[float64]) singleValue[float64]{added, subtracted, multiplied, divided}
	return compute[how-opAdd](a, b)
}

func added(a, b singleValue[float64]) singleValue[float64] {
	return func(s *Single) (float64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		return x + y, f
	}
}

func subtracted(a, b singleValue[float64]) singleValue[float64] {
	return func(s *Single) (float64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		return x - y, f
	}
}

func multiplied(a, b singleValue[float64]) singleValue[float64] {
	return func(s *Single) (float64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		return x * y, f
	}
}

func divided(a, b singleValue[float64]) singleValue[float64] {
	return func(s *Single) (float64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		return x / y, f
	}
}

func dividedStrictly(a, b singleValue[float64], byZero Failure) singleValue[float64] {
	return func(s *Single) (float64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		if f == 0 && y == 0 {
			f = byZero
		}
		return x / y, f
	}
}

func (s *Single) integers(t *term, args []*singleCode, overflow Cause) *singleCode {
	compute, how, a := integerOf(t.op), t.op, args[0].ints
	b := always(int64(0))
	if len(args) == 2 {
		b = args[1].ints
	}
	return &singleCode{ints: func(s *Single) (int64, Failure) {
		x, f := a(s)
		if f != 0 {
			return 0, f
		}
		y, f := b(s)
		if f != 0 {
			return 0, f
		}
		v, ok := compute(x, y)
		if !ok {
			return 0, s.fail(Fault{Cause: integerCause(how, y, overflow)})
		}
		return v, 0
	}}
}

// timeArithmetic is timestamp ± duration and timestamp - timestamp.
func (s *Single) timeArithmetic(t *term, args []*singleCode) *singleCode {
	if t.typ.Kind == Duration {
		a, b, tooLong := args[0].times, args[1].times, s.fail(Fault{Cause: IntegerOverflow})
		return &singleCode{ints: func(s *Single) (int64, Failure) {
			x, f := a(s)
			if f != 0 {
				return 0, f
			}
			y, f := b(s)
			if f != 0 {
				return 0, f
			}
			d, ok := between(y, x)
			if !ok {
				f = tooLong
			}
			return d, f
		}}
	}
	outside, overflow, sign := s.fail(Fault{Cause: TimestampOverflow}), s.fail(Fault{Cause: IntegerOverflow}), int64(1)
	if t.op == opSubtract {
		sign = -1
	}
	moved := func(when Instant, by int64) (Instant, Failure) {
		v, cause := when.plus(by, sign)
		switch cause {
		case NoCause:
			return v, 0
		case IntegerOverflow:
			return v, overflow
		}
		return v, outside
	}
	if args[0].times == nil { // duration + timestamp
		by, when := args[0].ints, args[1].times
		return &singleCode{times: func(s *Single) (Instant, Failure) {
			d, f := by(s)
			if f != 0 {
				return Instant{}, f
			}
			x, f := when(s)
			if f != 0 {
				return Instant{}, f
			}
			return moved(x, d)
		}}
	}
	when, by := args[0].times, args[1].ints
	return &singleCode{times: func(s *Single) (Instant, Failure) {
		x, f := when(s)
		if f != 0 {
			return Instant{}, f
		}
		d, f := by(s)
		if f != 0 {
			return Instant{}, f
		}
		return moved(x, d)
	}}
}

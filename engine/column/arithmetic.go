// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"math"
	"math/bits"
	"time"
)

// arithmetic is +, -, *, /, % and the sign. Doubles are IEEE 754 and integers
// have 64 bits: what does not fit is a fault.
func (g *generator) arithmetic(t *term, depth int) *code {
	if c := g.elementSum(t, depth); c != nil {
		return c
	}
	args := make([]*code, len(t.args))
	for i, a := range t.args {
		args[i] = g.code(a, depth)
	}
	left, right := t.args[0].typ.Kind, None
	if len(args) == 2 {
		right = t.args[1].typ.Kind
	}
	switch {
	case t.typ.Kind == Double:
		return g.doubles(t, args, depth)
	case left == Timestamp || right == Timestamp:
		return g.timeArithmetic(t, args, depth)
	}
	return g.integers(t, args, depth) // durations too, whose overflow has the same name
}

// doubles is arithmetic of doubles.
func (g *generator) doubles(t *term, args []*code, depth int) *code {
	f := g.frame(depth)
	out := &code{scratch: true, finite: maybeNaN}
	into, fresh := destination(args)
	buffer := 0
	if fresh {
		buffer = g.take(&f.floats)
	}
	if t.op == opNegate {
		a := args[0].floats
		out.finite = args[0].finite
		out.floats = func(x *exec, sel []uint16) ([]float64, []RowFault) {
			v, e := a(x, sel)
			to := v
			if fresh {
				to = x.floats[buffer]
			}
			for _, r := range sel {
				to[r] = -v[r]
			}
			return to, e
		}
		return out
	}
	out.finite = g.finiteness(t, args)
	a, b := args[0].floats, args[1].floats
	ca, cb := constantOf[float64](t.args[0]), constantOf[float64](t.args[1])
	checkZero := t.op == opDivide && g.strictDivision && (cb == nil || *cb == 0)
	how := t.op
	out.floats = func(x *exec, sel []uint16) ([]float64, []RowFault) {
		va, e := a(x, sel)
		vb, eb := b(x, sel)
		if len(eb) > 0 {
			e = x.either(e, eb)
		}
		if checkZero {
			e = x.either(e, x.zeroes(vb, sel, DivisionByZero))
		}
		var to []float64
		if fresh {
			to = x.floats[buffer]
		} else if into == 0 {
			to = va
		} else {
			to = vb
		}
		switch {
		case cb != nil:
			doubleWithRight(how, va, *cb, to, sel)
		case ca != nil:
			doubleWithLeft(how, *ca, vb, to, sel)
		default:
			doubleOf(how, va, vb, to, sel)
		}
		return to, e
	}
	return out
}

// finiteness is that of a double's arithmetic. One operation on finite numbers
// may give an infinity; a NaN takes two infinities, or one and a zero, or two
// zeroes.
func (g *generator) finiteness(t *term, args []*code) finiteness {
	a, b := args[0].finite, args[1].finite
	nonZero := func(t *term) bool { c := constantOf[float64](t); return c != nil && *c != 0 }
	switch {
	case max(a, b) == maybeNaN || min(a, b) == maybeInf:
		return maybeNaN
	case t.op == opDivide && !g.strictDivision && !nonZero(t.args[1]):
		return maybeNaN
	case t.op == opMultiply && max(a, b) == maybeInf && !nonZero(t.args[0]) && !nonZero(t.args[1]):
		return maybeNaN
	}
	return maybeInf
}

// destination is the operand whose buffer the result may overwrite, or fresh if
// there is none.
func destination(args []*code) (operand int, fresh bool) {
	for i, a := range args {
		if a.scratch {
			return i, false
		}
	}
	return 0, true
}

func doubleOf(how op, a, b, to []float64, sel []uint16) {
	switch how {
	case opAdd:
		for _, r := range sel {
			to[r] = a[r] + b[r]
		}
	case opSubtract:
		for _, r := range sel {
			to[r] = a[r] - b[r]
		}
	case opMultiply:
		for _, r := range sel {
			to[r] = a[r] * b[r]
		}
	default:
		for _, r := range sel {
			to[r] = a[r] / b[r]
		}
	}
}

func doubleWithRight(how op, a []float64, b float64, to []float64, sel []uint16) {
	switch how {
	case opAdd:
		for _, r := range sel {
			to[r] = a[r] + b
		}
	case opSubtract:
		for _, r := range sel {
			to[r] = a[r] - b
		}
	case opMultiply:
		for _, r := range sel {
			to[r] = a[r] * b
		}
	default:
		for _, r := range sel {
			to[r] = a[r] / b
		}
	}
}

func doubleWithLeft(how op, a float64, b, to []float64, sel []uint16) {
	switch how {
	case opAdd:
		for _, r := range sel {
			to[r] = a + b[r]
		}
	case opSubtract:
		for _, r := range sel {
			to[r] = a - b[r]
		}
	case opMultiply:
		for _, r := range sel {
			to[r] = a * b[r]
		}
	default:
		for _, r := range sel {
			to[r] = a / b[r]
		}
	}
}

// zeroes are the faults of dividing by zero.
func (x *exec) zeroes(v []float64, sel []uint16, cause Cause) []RowFault {
	n := 0
	for _, r := range sel {
		n |= number(v[r] == 0)
	}
	if n == 0 {
		return nil
	}
	id := x.m.faults.number(Fault{Cause: cause})
	start := len(x.arena)
	for _, r := range sel {
		if v[r] == 0 {
			x.arena = append(x.arena, RowFault{r, id})
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// integers is arithmetic of 64-bit integers.
func (g *generator) integers(t *term, args []*code, depth int) *code {
	f := g.frame(depth)
	buffer, compute := g.take(&f.ints), integerOf(t.op)
	a := args[0].ints
	b := a
	if len(args) == 2 {
		b = args[1].ints
	}
	return &code{ints: func(x *exec, sel []uint16) ([]int64, []RowFault) {
		va, e := a(x, sel)
		vb := va
		if len(args) == 2 {
			var eb []RowFault
			vb, eb = b(x, sel)
			e = x.either(e, eb)
		}
		to := x.ints[buffer]
		start, failed := len(x.arena), false
		for _, r := range sel {
			v, ok := compute(va[r], vb[r])
			to[r] = v
			if !ok {
				failed = true
				x.arena = append(x.arena, RowFault{r, x.m.faults.number(Fault{Cause: integerCause(t.op, vb[r], IntegerOverflow)})})
			}
		}
		if failed {
			e = x.either(e, x.arena[start:len(x.arena):len(x.arena)])
		}
		return to, e
	}}
}

func integerCause(how op, divisor int64, overflow Cause) Cause {
	switch {
	case how == opDivide && divisor == 0:
		return DivisionByZero
	case how == opModulo && divisor == 0:
		return ModulusByZero
	}
	return overflow
}

// integerOf computes, and says whether the result fits.
func integerOf(how op) func(a, b int64) (int64, bool) {
	switch how {
	case opAdd:
		return func(a, b int64) (int64, bool) { s := a + b; return s, (a^s)&(b^s) >= 0 }
	case opSubtract:
		return func(a, b int64) (int64, bool) { d := a - b; return d, (a^b)&(a^d) >= 0 }
	case opMultiply:
		return multiply
	case opDivide:
		return func(a, b int64) (int64, bool) {
			if b == 0 || a == math.MinInt64 && b == -1 {
				return 0, false
			}
			return a / b, true
		}
	case opModulo:
		return func(a, b int64) (int64, bool) {
			if b == 0 || a == math.MinInt64 && b == -1 {
				return 0, false
			}
			return a % b, true
		}
	}
	return func(a, _ int64) (int64, bool) { return -a, a != math.MinInt64 } // negation
}

func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	negative := a < 0 != (b < 0)
	switch {
	case high != 0:
		return 0, false
	case negative:
		return -int64(low), low <= 1<<63
	}
	return int64(low), low < 1<<63
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// timeArithmetic is timestamp ± duration and timestamp - timestamp.
func (g *generator) timeArithmetic(t *term, args []*code, depth int) *code {
	f := g.frame(depth)
	if t.typ.Kind == Duration {
		buffer := g.take(&f.ints)
		return &code{ints: func(x *exec, sel []uint16) ([]int64, []RowFault) {
			va, ea := args[0].times(x, sel)
			vb, eb := args[1].times(x, sel)
			to := x.ints[buffer]
			late := x.failing(sel, Fault{Cause: IntegerOverflow}, func(r uint16) (ok bool) {
				to[r], ok = between(vb[r], va[r])
				return ok
			})
			return to, x.either(x.either(ea, eb), late)
		}}
	}
	buffer, sign := g.take(&f.times), int64(1)
	if t.op == opSubtract {
		sign = -1
	}
	when, by := args[0].times, args[1].ints
	swapped := when == nil
	if swapped {
		when, by = args[1].times, args[0].ints
	}
	return &code{times: func(x *exec, sel []uint16) ([]Instant, []RowFault) {
		var v []Instant
		var d []int64
		var ea, eb []RowFault
		if swapped {
			d, ea = by(x, sel)
			v, eb = when(x, sel)
		} else {
			v, ea = when(x, sel)
			d, eb = by(x, sel)
		}
		to := x.times[buffer]
		e, start := x.either(ea, eb), len(x.arena)
		for _, r := range sel {
			var cause Cause
			if to[r], cause = v[r].plus(d[r], sign); cause != NoCause {
				x.fault(r, cause)
			}
		}
		return to, x.also(e, start)
	}}
}

// failing are the faults of the rows where compute says that it failed.
func (x *exec) failing(sel []uint16, fault Fault, compute func(row uint16) (ok bool)) []RowFault {
	start := len(x.arena)
	for _, r := range sel {
		if !compute(r) {
			x.arena = append(x.arena, RowFault{r, x.m.faults.number(fault)})
		}
	}
	if len(x.arena) == start {
		return nil
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// The instants that CEL knows: the years 1 to 9999.
var (
	firstSecond = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

const second = int64(time.Second)

// plus moves an instant by a duration in nanoseconds, sign times. What is
// subtracted is negated first, as in cel-go, which may overflow.
func (t Instant) plus(d, sign int64) (Instant, Cause) {
	if sign < 0 && d == math.MinInt64 {
		return Instant{}, IntegerOverflow
	}
	seconds, nanos := d/second, d%second
	moved := Instant{t.Seconds + sign*seconds, t.Nanos + int32(sign*nanos)}
	if moved.Nanos < 0 {
		moved = Instant{moved.Seconds - 1, moved.Nanos + int32(second)}
	} else if moved.Nanos >= int32(second) {
		moved = Instant{moved.Seconds + 1, moved.Nanos - int32(second)}
	}
	if moved.Seconds < firstSecond || moved.Seconds > lastSecond {
		return Instant{}, TimestampOverflow
	}
	return moved, NoCause
}

// between is the duration from one instant to another, in nanoseconds.
func between(from, to Instant) (int64, bool) {
	s, ok := multiply(to.Seconds-from.Seconds, second)
	if !ok {
		return 0, false
	}
	d := s + int64(to.Nanos-from.Nanos)
	return d, (s^d)&(int64(to.Nanos-from.Nanos)^d) >= 0
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// division is CEL's but for one thing: a double divided by zero fails, as an
// integer does. An infinity or NaN would make comparisons true or false that
// nobody meant, and so decide about a student unnoticed.
func division() []function {
	return []function{{name: operators.Divide, overloads: []cel.FunctionOpt{
		quotient(overloads.DivideInt64, cel.IntType, func(a, b types.Int) ref.Val { return a.Divide(b) }),
		quotient(overloads.DivideDouble, cel.DoubleType, func(a, b types.Double) ref.Val {
			if b == 0 {
				return types.NewErr("division by zero")
			}
			return a / b
		}),
	}}}
}

func quotient[T ref.Val](id string, t *cel.Type, op func(a, b T) ref.Val) cel.FunctionOpt {
	return cel.Overload(id, []*cel.Type{t, t}, t, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
		x, ok := a.(T)
		if !ok {
			return types.MaybeNoSuchOverloadErr(a)
		}
		y, ok := b.(T)
		if !ok {
			return types.MaybeNoSuchOverloadErr(b)
		}
		return op(x, y)
	}))
}

// mathFunctions are those of cel-go's math extension that rules may use, under
// their names; greatest and least take two to four values of one type. For the
// extreme of a list there are min and max.
func mathFunctions() []function {
	return []function{
		{name: "math.abs", overloads: []cel.FunctionOpt{
			number("math_abs_int", cel.IntType, func(v types.Int) ref.Val {
				if v == math.MinInt64 {
					return types.NewErr("integer overflow")
				}
				return max(v, -v)
			}),
			number("math_abs_double", cel.DoubleType, func(v types.Double) ref.Val { return types.Double(math.Abs(float64(v))) }),
		}},
		{name: "math.sign", overloads: []cel.FunctionOpt{
			number("math_sign_int", cel.IntType, func(v types.Int) ref.Val { return types.Int(sign(v)) }),
			number("math_sign_double", cel.DoubleType, func(v types.Double) ref.Val {
				if math.IsNaN(float64(v)) {
					return v
				}
				return types.Double(sign(v))
			}),
		}},
		{name: "math.ceil", overloads: []cel.FunctionOpt{rounding("math_ceil_double", math.Ceil)}},
		{name: "math.floor", overloads: []cel.FunctionOpt{rounding("math_floor_double", math.Floor)}},
		{name: "math.round", overloads: []cel.FunctionOpt{rounding("math_round_double", math.Round)}},
		{name: "math.isFinite", overloads: []cel.FunctionOpt{
			cel.Overload("math_is_finite_double", []*cel.Type{cel.DoubleType}, cel.BoolType, cel.UnaryBinding(func(v ref.Val) ref.Val {
				d, ok := v.(types.Double)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return types.Bool(!math.IsNaN(float64(d)) && !math.IsInf(float64(d), 0))
			})),
		}},
		choice("math.greatest", types.IntNegOne),
		choice("math.least", types.IntOne),
	}
}

func sign[T types.Int | types.Double](v T) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

func number[T ref.Val](id string, t *cel.Type, op func(T) ref.Val) cel.FunctionOpt {
	return cel.Overload(id, []*cel.Type{t}, t, cel.UnaryBinding(func(v ref.Val) ref.Val {
		n, ok := v.(T)
		if !ok {
			return types.MaybeNoSuchOverloadErr(v)
		}
		return op(n)
	}))
}

func rounding(id string, op func(float64) float64) cel.FunctionOpt {
	return number(id, cel.DoubleType, func(v types.Double) ref.Val { return types.Double(op(float64(v))) })
}

// choice declares name(a, b), name(a, b, c) and name(a, b, c, d), which give
// the value that no other one replaces.
func choice(name string, replace ref.Val) function {
	f := function{name: name}
	for _, e := range []elementType{intElement, doubleElement} {
		for n := 2; n <= 4; n++ {
			arguments := make([]*cel.Type, n)
			for i := range arguments {
				arguments[i] = e.typ
			}
			id := fmt.Sprintf("%s_%s_%d", strings.ReplaceAll(name, ".", "_"), e.name, n)
			op := func(values ...ref.Val) ref.Val {
				return extreme(types.NewRefValList(types.DefaultTypeAdapter, values), name, replace)
			}
			binding := cel.FunctionBinding(op)
			if n == 2 {
				binding = cel.BinaryBinding(func(a, b ref.Val) ref.Val { return op(a, b) })
			}
			f.overloads = append(f.overloads, cel.Overload(id, arguments, e.typ, binding))
		}
	}
	return f
}

// stringFunctions are those of cel-go's strings extension that cannot make a
// string longer.
func stringFunctions() []function {
	return []function{
		transform("lowerAscii", "string_lower_ascii", func(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }),
		transform("upperAscii", "string_upper_ascii", func(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }),
		transform("trim", "string_trim", strings.TrimSpace),
	}
}

func transform(name, id string, op func(string) string) function {
	return function{
		name: name,
		overloads: []cel.FunctionOpt{cel.MemberOverload(id, []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				s, ok := v.(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return types.String(op(string(s)))
			}))},
		costs: []cost.OverloadModel{cost.MemberOverload(id,
			cost.EvalCost(cost.Sum(cost.Const(1), cost.StringScan(cost.Target()), cost.StringScan(cost.Target()))),
			cost.ResultSize(cost.AtMost(cost.Target())))},
	}
}

func mapASCII(s string, from, to rune, shift rune) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r <= to {
			return r + shift
		}
		return r
	}, s)
}

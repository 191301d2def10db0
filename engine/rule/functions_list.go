// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// elementType is an element type that a list function has an overload for.
type elementType struct {
	name string
	typ  *cel.Type
	zero ref.Val // the sum of no elements; nil where there is none
}

var (
	intElement       = elementType{"int", cel.IntType, types.IntZero}
	doubleElement    = elementType{"double", cel.DoubleType, types.Double(0)}
	durationElement  = elementType{"duration", cel.DurationType, types.Duration{}}
	boolElement      = elementType{"bool", cel.BoolType, nil}
	stringElement    = elementType{"string", cel.StringType, nil}
	timestampElement = elementType{"timestamp", cel.TimestampType, nil}

	summable   = []elementType{intElement, doubleElement, durationElement}
	comparable = []elementType{intElement, doubleElement, durationElement, boolElement, stringElement, timestampElement}
)

// listFunctions are those of Kubernetes' CEL lists library under their names
// and with their behaviour (isSorted, sum, min, max, indexOf, lastIndexOf), and
// mean, first and last beside them.
func listFunctions() []function {
	a := cel.TypeParamType("A")
	return []function{
		perElement("isSorted", comparable, func(elementType) (*cel.Type, unary) { return cel.BoolType, isSorted }),
		perElement("sum", summable, func(e elementType) (*cel.Type, unary) {
			return e.typ, func(list traits.Lister) ref.Val { return sum(list, e.zero) }
		}),
		perElement("min", comparable, func(e elementType) (*cel.Type, unary) {
			return e.typ, func(list traits.Lister) ref.Val { return extreme(list, "min", types.IntOne) }
		}),
		perElement("max", comparable, func(e elementType) (*cel.Type, unary) {
			return e.typ, func(list traits.Lister) ref.Val { return extreme(list, "max", types.IntNegOne) }
		}),
		perElement("mean", []elementType{intElement, doubleElement}, func(elementType) (*cel.Type, unary) { return cel.DoubleType, mean }),
		search("indexOf", "list_a_index_of_int", a, func(list traits.Lister, item ref.Val) ref.Val {
			for i, n := types.Int(0), list.Size().(types.Int); i < n; i++ {
				if list.Get(i).Equal(item) == types.True {
					return i
				}
			}
			return types.IntNegOne
		}),
		search("lastIndexOf", "list_a_last_index_of_int", a, func(list traits.Lister, item ref.Val) ref.Val {
			for i := list.Size().(types.Int) - 1; i >= 0; i-- {
				if list.Get(i).Equal(item) == types.True {
					return i
				}
			}
			return types.IntNegOne
		}),
		part("first", a, func(_, n int) (from, to int) { return 0, n }),
		part("last", a, func(size, n int) (from, to int) { return size - n, size }),
	}
}

type unary func(traits.Lister) ref.Val

// perElement declares list.name() for several element types. It costs one unit
// an element, and a tenth of the length more where elements are strings.
func perElement(name string, elements []elementType, of func(elementType) (*cel.Type, unary)) function {
	f := function{name: name}
	for _, e := range elements {
		result, op := of(e)
		id := "list_" + e.name + "_" + name
		f.overloads = append(f.overloads, cel.MemberOverload(id, []*cel.Type{cel.ListType(e.typ)}, result,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				list, ok := v.(traits.Lister)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return op(list)
			})))
		work := cost.Sum(cost.Const(1), cost.Length(cost.Target()))
		var size []cost.OverloadModelOption
		if e == stringElement {
			work = cost.Sum(cost.Const(1), cost.Length(cost.Target()), cost.StringScan(cost.Mul(cost.Length(cost.Target()), cost.TargetElem())))
			if result == cel.StringType {
				size = append(size, cost.ResultSize(cost.AtMost(cost.TargetElem())))
			}
		}
		f.costs = append(f.costs, cost.MemberOverload(id, append(size, cost.EvalCost(work))...))
	}
	return f
}

func search(name, id string, a *cel.Type, op func(traits.Lister, ref.Val) ref.Val) function {
	return function{
		name: name,
		overloads: []cel.FunctionOpt{cel.MemberOverload(id, []*cel.Type{cel.ListType(a), a}, cel.IntType,
			cel.BinaryBinding(func(v, item ref.Val) ref.Val {
				list, ok := v.(traits.Lister)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return op(list, item)
			}))},
		costs: []cost.OverloadModel{cost.MemberOverload(id, cost.EvalCost(cost.Sum(
			cost.Const(1), cost.Length(cost.Target()),
			cost.StringScan(cost.Mul(cost.Length(cost.Target()), cost.AtLeastOneQuantity(cost.Min(cost.TargetElem(), cost.Arg(0))))))))},
	}
}

// part declares list.name(n): n elements of one end in their order, all where
// there are fewer.
func part(name string, a *cel.Type, bounds func(size, n int) (from, to int)) function {
	id := "list_a_" + name + "_int"
	return function{
		name: name,
		overloads: []cel.FunctionOpt{cel.MemberOverload(id, []*cel.Type{cel.ListType(a), cel.IntType}, cel.ListType(a),
			cel.BinaryBinding(func(v, count ref.Val) ref.Val {
				list, ok := v.(traits.Lister)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				n, ok := count.(types.Int)
				if !ok {
					return types.MaybeNoSuchOverloadErr(count)
				}
				if n < 0 {
					return types.NewErr("%s called with a negative count", name)
				}
				size := list.Size().(types.Int)
				from, to := bounds(int(size), int(min(n, size)))
				return slice(list, from, to)
			}))},
		costs: []cost.OverloadModel{cost.MemberOverload(id,
			cost.EvalCost(cost.Sum(cost.Const(cost.CallCost+cost.ListCreateBaseCost), cost.Length(cost.Target()))),
			cost.ResultSize(cost.List(cost.AtMost(cost.Min(cost.Length(cost.Target()), cost.IntArg(0, bundle.MaxListItems))), cost.TargetElem())),
		)},
	}
}

// slice is the part of a list from one index up to another. Where the list
// wraps a Go slice, as every column's list does, nothing is copied.
func slice(list traits.Lister, from, to int) ref.Val {
	adapter := types.DefaultTypeAdapter
	switch native := list.Value().(type) {
	case []float64:
		return types.NewDynamicList(adapter, native[from:to])
	case []int64:
		return types.NewDynamicList(adapter, native[from:to])
	case []string:
		return types.NewStringList(adapter, native[from:to])
	case []ref.Val:
		return types.NewRefValList(adapter, native[from:to])
	}
	part := make([]ref.Val, 0, to-from)
	for i := from; i < to; i++ {
		part = append(part, list.Get(types.Int(i)))
	}
	return types.NewRefValList(adapter, part)
}

func isSorted(list traits.Lister) ref.Val {
	var previous traits.Comparer
	for it := list.Iterator(); it.HasNext() == types.True; {
		next := it.Next()
		if previous != nil && previous.Compare(next) == types.IntOne {
			return types.False
		}
		c, ok := next.(traits.Comparer)
		if !ok {
			return types.MaybeNoSuchOverloadErr(next)
		}
		previous = c
	}
	return types.True
}

// sum adds in order: doubles are not associative.
func sum(list traits.Lister, zero ref.Val) ref.Val {
	if numbers, ok := list.Value().([]float64); ok {
		return types.Double(total(numbers))
	}
	result := zero
	for it := list.Iterator(); it.HasNext() == types.True; {
		adder, ok := result.(traits.Adder)
		if !ok {
			return types.MaybeNoSuchOverloadErr(result) // an overflow, say
		}
		result = adder.Add(it.Next())
	}
	return result
}

func total(numbers []float64) float64 {
	t := 0.0
	for _, n := range numbers {
		t += n
	}
	return t
}

func extreme(list traits.Lister, name string, replace ref.Val) ref.Val {
	var best ref.Val
	for it := list.Iterator(); it.HasNext() == types.True; {
		next := it.Next()
		if best == nil {
			best = next
			continue
		}
		c, ok := best.(traits.Comparer)
		if !ok {
			return types.MaybeNoSuchOverloadErr(best)
		}
		if c.Compare(next) == replace {
			best = next
		}
	}
	if best == nil {
		return types.NewErr("%s called on empty list", name)
	}
	return best
}

// mean is the arithmetic mean, summed in order, as a double.
func mean(list traits.Lister) ref.Val {
	n := list.Size().(types.Int)
	if n == 0 {
		return types.NewErr("mean called on empty list")
	}
	if numbers, ok := list.Value().([]float64); ok {
		return types.Double(total(numbers) / float64(n))
	}
	t := 0.0
	for it := list.Iterator(); it.HasNext() == types.True; {
		switch v := it.Next().(type) {
		case types.Double:
			t += float64(v)
		case types.Int:
			t += float64(v)
		default:
			return types.MaybeNoSuchOverloadErr(v)
		}
	}
	return types.Double(t / float64(n))
}

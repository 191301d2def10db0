// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// sizes tells the cost model how large what an expression reads may be: the
// attributes by the model's bounds, the variables by what they were computed
// from.
type sizes struct {
	attributes map[string]*attribute
	variables  map[string]cost.SizeEstimate

	// measured, if set, receives the size of the argument of size(): that is
	// how the size of an expression's value is found.
	measured *cost.SizeEstimate
}

// EstimateSize implements cost.Estimator. A path begins with a name: student.x,
// decision.result.x or a variable, and may go on with @items.
func (s *sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	path := node.Path()
	if len(path) == 0 {
		return nil
	}
	var size cost.SizeEstimate
	switch path[0] {
	case nameStudent:
		if len(path) < 2 {
			return nil
		}
		a := s.attributes[path[1]]
		if a == nil {
			return nil
		}
		size, path = attributeSize(a), path[2:]
	case nameDecision:
		size, path = largest(node.Type()), nil
	default:
		known, ok := s.variables[path[0]]
		if !ok {
			return nil
		}
		size, path = known, path[1:]
	}
	for range path {
		if size.Elem == nil {
			return nil
		}
		size = *size.Elem
	}
	return &size
}

// EstimateCallCost implements cost.Estimator: functions carry their own cost.
func (s *sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	if s.measured != nil && function == "size" && len(args) == 1 {
		*s.measured = cost.EstimateSize(s, args[0])
	}
	return nil
}

func attributeSize(a *attribute) cost.SizeEstimate {
	element := cost.FixedSizeEstimate(1)
	if a.Type.Element() == bundle.String {
		element = cost.RangedSizeEstimate(0, uint64(a.LengthLimit()))
	}
	if !a.Type.IsList() {
		return element
	}
	return cost.ListSizeEstimate(cost.RangedSizeEstimate(0, uint64(a.ItemLimit())), element)
}

// largest is the size of the largest value of a type that an expression may
// yield; larger ones fail while evaluating.
func largest(t *cel.Type) cost.SizeEstimate {
	switch t.Kind() {
	case types.StringKind:
		return cost.RangedSizeEstimate(0, MaxStringSize)
	case types.ListKind, types.MapKind:
		element := largest(t.Parameters()[len(t.Parameters())-1])
		size := cost.ListSizeEstimate(cost.RangedSizeEstimate(0, bundle.MaxListItems), element)
		if t.Kind() == types.MapKind {
			key := largest(t.Parameters()[0])
			size.Key = &key
		}
		return size
	}
	return cost.FixedSizeEstimate(1)
}

// sizeOf estimates the size of an expression's value, so that an expression
// that reads it as a variable can be estimated. The cost model tells sizes only
// of arguments: so it is asked for the cost of size(expression).
func (x *inspection) sizeOf(checked *cel.Ast) cost.SizeEstimate {
	bound := largest(checked.OutputType())
	if k := checked.OutputType().Kind(); k != types.StringKind && k != types.ListKind {
		return bound
	}
	parsed, issues := x.scope.env.Parse("size(" + x.source + "\n)")
	if issues.Err() != nil {
		return bound
	}
	wrapped, issues := x.scope.env.Check(parsed)
	if issues.Err() != nil {
		return bound
	}
	found := cost.UnknownSizeEstimate()
	s := &sizes{attributes: x.c.byName, variables: x.c.variableSizes, measured: &found}
	if _, err := x.scope.env.EstimateCost(wrapped, s); err != nil {
		return bound
	}
	return within(found, bound)
}

// within cuts an estimate to a bound that holds whatever is estimated.
func within(size, bound cost.SizeEstimate) cost.SizeEstimate {
	size.Max = min(size.Max, bound.Max)
	size.Min = min(size.Min, size.Max)
	if bound.Elem != nil {
		element := *bound.Elem
		if size.Elem != nil {
			element = within(*size.Elem, element)
		}
		size.Elem = &element
	}
	if bound.Key != nil && size.Key == nil {
		size.Key = bound.Key
	}
	return size
}

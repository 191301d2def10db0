// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	celenv "cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// standardFunctions is the allow-list of CEL's standard library: each function
// with the overloads that rules may use. Left out on purpose: dyn and type
// (they defeat type checking), bytes and unsigned integers (no attribute has
// them), comparisons of an int with a double (say which is meant), and the time
// accessors that take a zone (the answer would depend on the machine's time
// zone database). Division is division's.
var standardFunctions = map[string][]string{
	operators.Conditional:       {overloads.Conditional},
	operators.LogicalAnd:        {overloads.LogicalAnd},
	operators.LogicalOr:         {overloads.LogicalOr},
	operators.LogicalNot:        {overloads.LogicalNot},
	operators.NotStrictlyFalse:  {overloads.NotStrictlyFalse},
	operators.Equals:            {overloads.Equals},
	operators.NotEquals:         {overloads.NotEquals},
	operators.Add:               {overloads.AddDouble, overloads.AddInt64, overloads.AddString, overloads.AddList, overloads.AddDurationDuration, overloads.AddDurationTimestamp, overloads.AddTimestampDuration},
	operators.Subtract:          {overloads.SubtractDouble, overloads.SubtractInt64, overloads.SubtractDurationDuration, overloads.SubtractTimestampDuration, overloads.SubtractTimestampTimestamp},
	operators.Multiply:          {overloads.MultiplyDouble, overloads.MultiplyInt64},
	operators.Modulo:            {overloads.ModuloInt64},
	operators.Negate:            {overloads.NegateDouble, overloads.NegateInt64},
	operators.Less:              {overloads.LessBool, overloads.LessInt64, overloads.LessDouble, overloads.LessString, overloads.LessTimestamp, overloads.LessDuration},
	operators.LessEquals:        {overloads.LessEqualsBool, overloads.LessEqualsInt64, overloads.LessEqualsDouble, overloads.LessEqualsString, overloads.LessEqualsTimestamp, overloads.LessEqualsDuration},
	operators.Greater:           {overloads.GreaterBool, overloads.GreaterInt64, overloads.GreaterDouble, overloads.GreaterString, overloads.GreaterTimestamp, overloads.GreaterDuration},
	operators.GreaterEquals:     {overloads.GreaterEqualsBool, overloads.GreaterEqualsInt64, overloads.GreaterEqualsDouble, overloads.GreaterEqualsString, overloads.GreaterEqualsTimestamp, overloads.GreaterEqualsDuration},
	operators.Index:             {overloads.IndexList, overloads.IndexMap},
	operators.In:                {overloads.InList, overloads.InMap},
	overloads.Size:              {overloads.SizeList, overloads.SizeListInst, overloads.SizeMap, overloads.SizeMapInst, overloads.SizeString, overloads.SizeStringInst},
	overloads.Contains:          {overloads.ContainsString},
	overloads.StartsWith:        {overloads.StartsWithString},
	overloads.EndsWith:          {overloads.EndsWithString},
	overloads.Matches:           {overloads.Matches, overloads.MatchesString},
	overloads.TypeConvertBool:   {overloads.StringToBool},
	overloads.TypeConvertInt:    {overloads.DoubleToInt, overloads.StringToInt, overloads.TimestampToInt, overloads.DurationToInt},
	overloads.TypeConvertDouble: {overloads.IntToDouble, overloads.StringToDouble},
	overloads.TypeConvertString: {overloads.BoolToString, overloads.IntToString, overloads.DoubleToString, overloads.TimestampToString, overloads.DurationToString},
	overloads.TypeConvertTimestamp: {
		overloads.IntToTimestamp, overloads.StringToTimestamp,
	},
	overloads.TypeConvertDuration: {overloads.StringToDuration},
	overloads.TimeGetFullYear:     {overloads.TimestampToYear},
	overloads.TimeGetMonth:        {overloads.TimestampToMonth},
	overloads.TimeGetDayOfYear:    {overloads.TimestampToDayOfYear},
	overloads.TimeGetDayOfMonth:   {overloads.TimestampToDayOfMonthZeroBased},
	overloads.TimeGetDate:         {overloads.TimestampToDayOfMonthOneBased},
	overloads.TimeGetDayOfWeek:    {overloads.TimestampToDayOfWeek},
	overloads.TimeGetHours:        {overloads.TimestampToHours, overloads.DurationToHours},
	overloads.TimeGetMinutes:      {overloads.TimestampToMinutes, overloads.DurationToMinutes},
	overloads.TimeGetSeconds:      {overloads.TimestampToSeconds, overloads.DurationToSeconds},
	overloads.TimeGetMilliseconds: {overloads.TimestampToMilliseconds, overloads.DurationToMilliseconds},
}

// macros are the macros that rules may use.
var macros = []string{operators.Has, operators.All, operators.Exists, operators.ExistsOne, operators.Map, operators.Filter}

// baseEnv is the environment of every expression without its names. It is built
// once, as it is the same for all bundles and immutable.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	subset := celenv.NewLibrarySubset()
	subset.IncludeMacros = macros
	for name, ids := range standardFunctions {
		f := &celenv.Function{Name: name}
		for _, id := range ids {
			f.Overloads = append(f.Overloads, &celenv.Overload{ID: id})
		}
		subset.IncludeFunctions = append(subset.IncludeFunctions, f)
	}
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(subset)),
		cel.HomogeneousAggregateLiterals(),
		cel.DefaultUTCTimeZone(true),
		cel.EnableHiddenAccumulatorName(true), // macros' own variables cannot be named by a rule
		cel.ParserExpressionSizeLimit(MaxExpressionLength),
		cel.ExpressionNodeLimit(MaxExpressionNodes),
		cel.ParserRecursionLimit(MaxExpressionDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.RegexProgramSizeLimit(MaxPatternProgram),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
	}
	var models []cost.OverloadModel
	for _, library := range [][]function{division(), listFunctions(), mathFunctions(), stringFunctions()} {
		for _, f := range library {
			options = append(options, cel.Function(f.name, f.overloads...))
			models = append(models, f.costs...)
		}
	}
	options = append(options, cel.CostModel(models...))
	return cel.NewCustomEnv(options...)
})

// function is one of our own functions with the cost of each overload.
type function struct {
	name      string
	overloads []cel.FunctionOpt
	costs     []cost.OverloadModel
}

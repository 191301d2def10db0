// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Conversions. Those of strings are left to cel-go's own, once for each string of
// a dictionary.

// parsing converts strings to a type.
func parsing[T any](to ref.Type, native func(ref.Val) (T, bool)) func(s string) (T, Cause) {
	return func(s string) (T, Cause) {
		if v, ok := native(types.String(s).ConvertToType(to)); ok {
			return v, NoCause
		}
		var none T
		return none, NotConvertible
	}
}

var (
	parseBool   = parsing(types.BoolType, func(v ref.Val) (bool, bool) { b, ok := v.(types.Bool); return bool(b), ok })
	parseInt    = parsing(types.IntType, func(v ref.Val) (int64, bool) { i, ok := v.(types.Int); return int64(i), ok })
	parseDouble = parsing(types.DoubleType, func(v ref.Val) (float64, bool) { d, ok := v.(types.Double); return float64(d), ok })
	parseTime   = parsing(types.TimestampType, func(v ref.Val) (Instant, bool) {
		t, ok := v.(types.Timestamp)
		return InstantOf(t.Time), ok
	})
	parseDuration = parsing(types.DurationType, func(v ref.Val) (int64, bool) { d, ok := v.(types.Duration); return int64(d.Duration), ok })
)

// fold is a conversion of a constant, done once; false if it is not constant or
// fails. Instants in another zone than UTC are left, as their text tells the zone.
func fold(t *term) (any, bool) {
	s := constantOf[string](t.args[0])
	if s == nil {
		return nil, false
	}
	switch t.call {
	case overloads.StringToTimestamp:
		v, ok := types.String(*s).ConvertToType(types.TimestampType).(types.Timestamp)
		if !ok {
			return nil, false
		}
		_, offset := v.Zone()
		return InstantOf(v.Time), offset == 0
	case overloads.StringToDuration:
		v, ok := types.String(*s).ConvertToType(types.DurationType).(types.Duration)
		return v.Duration, ok
	}
	return nil, false
}

// zoned reports whether a value may hold an instant in another zone than UTC. Its
// text would tell; nothing else does.
func zoned(t *term) bool {
	switch {
	case t.op == opCall && t.call == overloads.StringToTimestamp:
		return true
	case t.op == opElement && t.typ.Kind == Timestamp:
		return !t.finite
	}
	for _, a := range t.args {
		if zoned(a) {
			return true
		}
	}
	return false
}

func convert(g *generator, t *term, args []*code, depth int) *code {
	a, f := args[0], g.frame(depth)
	switch t.call {
	case overloads.StringToBool:
		return &code{bools: ofText(g, a.texts, boolBuffer(g.take(&f.bools)), parseBool)}
	case overloads.StringToInt:
		return &code{ints: ofText(g, a.texts, intBuffer(g.take(&f.ints)), parseInt)}
	case overloads.StringToDouble:
		return &code{floats: ofText(g, a.texts, floatBuffer(g.take(&f.floats)), parseDouble), finite: maybeNaN, scratch: true}
	case overloads.StringToTimestamp:
		return &code{times: ofText(g, a.texts, timeBuffer(g.take(&f.times)), parseTime)}
	case overloads.StringToDuration:
		return &code{ints: ofText(g, a.texts, intBuffer(g.take(&f.ints)), parseDuration)}
	case overloads.DoubleToInt:
		return &code{ints: partial(a.floats, intBuffer(g.take(&f.ints)), doubleToInt)}
	case overloads.IntToDouble:
		return &code{floats: mapped(a.ints, floatBuffer(g.take(&f.floats)), func(i int64) float64 { return float64(i) }), scratch: true}
	case overloads.TimestampToInt:
		return &code{ints: mapped(a.times, intBuffer(g.take(&f.ints)), func(t Instant) int64 { return t.Seconds })}
	case overloads.DurationToInt:
		return a
	case overloads.IntToTimestamp:
		return &code{times: partial(a.ints, timeBuffer(g.take(&f.times)), intToTimestamp)}
	}
	out := &code{}
	switch buffer := g.take(&f.texts); t.call {
	case overloads.BoolToString:
		out.texts = spelled(a.bools, buffer, strconv.FormatBool)
	case overloads.IntToString:
		out.texts = spelled(a.ints, buffer, func(i int64) string { return strconv.FormatInt(i, 10) })
	case overloads.DoubleToString:
		out.texts = spelled(a.floats, buffer, func(d float64) string { return fmt.Sprintf("%g", d) })
	case overloads.TimestampToString:
		out.texts = spelled(a.times, buffer, func(t Instant) string { return t.Time().Format(time.RFC3339Nano) })
	default: // overloads.DurationToString
		out.texts = spelled(a.ints, buffer, func(d int64) string {
			return strconv.FormatFloat(time.Duration(d).Seconds(), 'f', -1, 64) + "s"
		})
	}
	return out
}

// doubleToInt cuts the fraction off. Neither bound of the integers can be reached,
// as the doubles next to them are beyond.
func doubleToInt(d float64) (int64, Cause) {
	if d > math.MinInt64 && d < math.MaxInt64 {
		return int64(d), NoCause
	}
	return 0, IntegerOverflow
}

func intToTimestamp(seconds int64) (Instant, Cause) {
	if seconds < firstSecond || seconds > lastSecond {
		return Instant{}, TimestampOverflow
	}
	return Instant{Seconds: seconds}, NoCause
}

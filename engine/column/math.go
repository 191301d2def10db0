// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"fmt"
	"math"
)

// doubleMaps are the functions from a double to a double. Finite ones stay so.
var doubleMaps = map[string]func(float64) float64{
	"math_abs_double": math.Abs, "math_ceil_double": math.Ceil, "math_floor_double": math.Floor, "math_round_double": math.Round,
	"math_sign_double": func(d float64) float64 {
		if d != d {
			return d
		}
		return float64(cmp.Compare(d, 0))
	},
}

func mapDouble(g *generator, t *term, args []*code, depth int) *code {
	f := floatBuffer(g.take(&g.frame(depth).floats))
	return &code{floats: mapped(args[0].floats, f, doubleMaps[t.call]), finite: args[0].finite, scratch: true}
}

func isFinite(g *generator, _ *term, args []*code, depth int) *code {
	return &code{bools: mapped(args[0].floats, boolBuffer(g.take(&g.frame(depth).bools)), func(d float64) bool { return d-d == 0 })}
}

func absInt(g *generator, _ *term, args []*code, depth int) *code {
	return &code{ints: partial(args[0].ints, intBuffer(g.take(&g.frame(depth).ints)), magnitudeOf)}
}

func magnitudeOf(i int64) (int64, Cause) {
	if i == math.MinInt64 {
		return 0, IntegerOverflow
	}
	return max(i, -i), NoCause
}

func signInt(g *generator, _ *term, args []*code, depth int) *code {
	return &code{ints: mapped(args[0].ints, intBuffer(g.take(&g.frame(depth).ints)), signOf)}
}

func signOf(i int64) int64 { return int64(cmp.Compare(i, 0)) }

// extremes are math.greatest and math.least, for two to four arguments.
var extremes = func() map[string]bool {
	greatest := map[string]bool{}
	for n := 2; n <= 4; n++ {
		for _, kind := range []Kind{Int, Double} {
			greatest[fmt.Sprintf("math_greatest_%s_%d", kind, n)] = true
			greatest[fmt.Sprintf("math_least_%s_%d", kind, n)] = false
		}
	}
	return greatest
}()

// extreme gives the argument that no later one replaces. A NaN neither replaces
// another nor is replaced.
func extreme(g *generator, t *term, args []*code, depth int) *code {
	f, greatest := g.frame(depth), extremes[t.call]
	if t.typ.Kind == Int {
		all := make([]values[int64], len(args))
		for i, a := range args {
			all[i] = a.ints
		}
		return &code{ints: extremeOf(all, greatest, intBuffer(g.take(&f.ints)))}
	}
	out := &code{scratch: true}
	all := make([]values[float64], len(args))
	for i, a := range args {
		all[i] = a.floats
		out.finite = max(out.finite, a.finite)
	}
	out.floats = extremeOf(all, greatest, floatBuffer(g.take(&f.floats)))
	return out
}

func extremeOf[T ordered](all []values[T], greatest bool, buffer func(*exec) []T) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		out := buffer(x)
		var e []RowFault
		for i, of := range all {
			v, failed := of(x, sel)
			e = x.either(e, failed)
			for _, r := range sel {
				if i == 0 || greatest && v[r] > out[r] || !greatest && v[r] < out[r] {
					out[r] = v[r]
				}
			}
		}
		return out, e
	}
}

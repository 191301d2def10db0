// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"slices"
	"time"

	"github.com/juncture-dev/juncture/engine/student"
)

// constant is a value that all rows share.
func (g *generator) constant(t *term, _ int) *code {
	if t.typ.Kind == Bool {
		return allOrNone(t.value.(bool)) //nolint:forcetypeassert // see valueOf
	}
	c, known := g.codes[t] // its values are the same for all readers
	if !known {
		c = repeating(t.value)
		g.codes[t] = c
	}
	return c
}

func allOrNone(v bool) *code {
	return &code{cond: func(_ *exec, sel, out []uint16) ([]uint16, []RowFault) {
		if !v {
			return out[:0], nil
		}
		return out[:copy(out[:len(sel)], sel)], nil
	}}
}

// repeating is a value that all rows have.
func repeating(value any) *code {
	switch v := value.(type) {
	case int64:
		return &code{ints: same(v)}
	case time.Duration:
		return &code{ints: same(int64(v))}
	case float64:
		how := finite
		if v-v != 0 {
			how = maybeNaN
		}
		return &code{floats: same(v), finite: how}
	case Instant:
		return &code{times: same(v)}
	case string:
		dict := []string{v}
		return &code{texts: func(*exec, []uint16) (Texts, []RowFault) { return Texts{Codes: zeroes.Codes, Dict: dict}, nil }}
	}
	return &code{lists: constantList(value), finite: finiteList(value)}
}

func same[T any](v T) values[T] {
	all := slices.Repeat([]T{v}, Rows)
	return func(*exec, []uint16) ([]T, []RowFault) { return all, nil }
}

// constantList is a list written out, the same for all rows.
func constantList(v any) listValues {
	all, n := elementsOfList(v)
	l := Lists{From: make([]uint32, Rows), To: slices.Repeat([]uint32{n}, Rows), elements: all}
	return func(*exec, []uint16) (Lists, []RowFault) { return l, nil }
}

// elementsOfList are the elements of a list written out, and how many there are.
func elementsOfList(v any) (elements, uint32) {
	var l elements
	n := 0
	switch v := v.(type) {
	case []bool:
		l.Bools, n = v, len(v)
	case []int64:
		l.Ints, n = v, len(v)
	case []time.Duration:
		for _, d := range v {
			l.Ints = append(l.Ints, int64(d))
		}
		n = len(v)
	case []float64:
		l.Floats, n = v, len(v)
	case []string:
		l.Texts = coded(v)
		n = len(v)
	case []Instant:
		l.Times, n = v, len(v)
	}
	return l, uint32(n)
}

func finiteList(v any) finiteness {
	if list, ok := v.([]float64); ok && slices.ContainsFunc(list, func(f float64) bool { return f-f != 0 }) {
		return maybeNaN
	}
	return finite
}

// coded gives strings codes.
func coded(all []string) Texts {
	t := Texts{Codes: make([]uint32, len(all))}
	for i, s := range all {
		at := slices.Index(t.Dict, s)
		if at < 0 {
			at = len(t.Dict)
			t.Dict = append(t.Dict, s)
		}
		t.Codes[i] = uint32(at)
	}
	return t
}

// read is the value of an input.
func (g *generator) read(t *term, depth int) *code {
	i, in, f := t.input, &g.inputs[t.input], g.frame(depth)
	switch t.typ.Kind {
	case Bool:
		return &code{bools: reading(i, in, boolsOf, boolBuffer(g.take(&f.bools)), nil)}
	case Int, Duration:
		return &code{ints: reading(i, in, intsOf, intBuffer(g.take(&f.ints)), durationDefault)}
	case Double:
		how := maybeNaN
		if in.Finite {
			how = finite
		}
		return &code{floats: reading(i, in, floatsOf, floatBuffer(g.take(&f.floats)), nil), finite: how}
	case Timestamp:
		return &code{times: readingTimes(i, in, g.take(&f.times))}
	case String:
		return &code{texts: readingTexts(i, in, g.take(&f.texts))}
	case List:
		how := maybeNaN
		if in.Finite {
			how = finite
		}
		return &code{lists: readingLists(i, g.take(&f.lists)), finite: how}
	}
	panic("column: no reader for " + t.typ.Kind.String())
}

func boolsOf(c *Column) []bool     { return c.Bools }
func intsOf(c *Column) []int64     { return c.Ints }
func floatsOf(c *Column) []float64 { return c.Floats }

func durationDefault(v any) (int64, bool) {
	d, ok := v.(time.Duration)
	return int64(d), ok
}

// reading reads a column of plain values: where it is whole, the column itself.
func reading[T any](input int, in *Input, of func(*Column) []T, buffer func(*exec) []T, convert func(any) (T, bool)) values[T] {
	var fallback T
	if in.Default != nil {
		v, ok := in.Default.(T)
		if !ok && convert != nil {
			v, _ = convert(in.Default)
		}
		fallback = v
	}
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		c := &x.m.inputs[input]
		v := part(c, x, of(&c.Column))
		if c.whole {
			return v, nil
		}
		top := x.top
		e, absent := x.gaps(c, sel, x.take(len(sel))[:0])
		if len(absent) > 0 {
			b := buffer(x)
			copy(b, v)
			for _, r := range absent {
				b[r] = fallback
			}
			v = b
		}
		x.top = top
		return v, e
	}
}

func readingTimes(input int, in *Input, buffer int) values[Instant] {
	fallback, _ := in.Default.(Instant)
	return func(x *exec, sel []uint16) ([]Instant, []RowFault) {
		c := &x.m.inputs[input]
		if c.whole && !c.Days {
			return part(c, x, c.Times), nil
		}
		b := x.times[buffer]
		if c.Days {
			days := part(c, x, c.Ints)
			for _, r := range sel {
				b[r] = Instant{Seconds: days[r] * 86400}
			}
		} else {
			copy(b, part(c, x, c.Times))
		}
		if c.whole {
			return b, nil
		}
		top := x.top
		e, absent := x.gaps(c, sel, x.take(len(sel))[:0])
		for _, r := range absent {
			b[r] = fallback
		}
		x.top = top
		return b, e
	}
}

func readingTexts(input int, in *Input, buffer int) textValues {
	fallback, _ := in.Default.(string)
	return func(x *exec, sel []uint16) (Texts, []RowFault) {
		c := &x.m.inputs[input]
		t := Texts{Codes: part(c, x, c.Codes), Dict: c.Dict}
		if c.whole && c.longCodes == nil {
			return t, nil
		}
		var e []RowFault
		if !c.whole {
			top := x.top
			var absent []uint16
			e, absent = x.gaps(c, sel, x.take(len(sel))[:0])
			if len(absent) > 0 {
				b := x.texts[buffer]
				for _, r := range sel {
					b[r] = fallback
				}
				presence := c.presence(x)
				for _, r := range sel {
					if presence[r] == student.Present {
						b[r] = t.At(r)
					}
				}
				e = x.either(e, x.longTexts(c, t, sel))
				x.top = top
				return Texts{All: b}, e
			}
			x.top = top
		}
		return t, x.either(e, x.longTexts(c, t, sel))
	}
}

// longTexts are the faults of strings that are longer than declared.
func (x *exec) longTexts(c *bound, t Texts, sel []uint16) []RowFault {
	if c.longCodes == nil {
		return nil
	}
	start := len(x.arena)
	for _, r := range sel {
		if (c.whole || c.presence(x)[r] == student.Present) && c.longCodes[t.Codes[r]] {
			x.arena = append(x.arena, RowFault{r, c.tooLong})
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

func readingLists(input, buffer int) listValues {
	return func(x *exec, sel []uint16) (Lists, []RowFault) {
		c := &x.m.inputs[input]
		l := Lists{elements: elements{Bools: c.Bools, Ints: c.Ints, Days: c.Days, Floats: c.Floats, Texts: Texts{Codes: c.Codes, Dict: c.Dict}, Times: c.Times}}
		if c.once {
			from, to := x.lists[buffer].bounds()
			for _, r := range sel {
				from[r], to[r] = c.Offsets[0], c.Offsets[1]
			}
			l.From, l.To = from, to
		} else {
			l.From, l.To = c.Offsets[x.base:x.base+x.n], c.Offsets[x.base+1:x.base+x.n+1]
		}
		var e []RowFault
		if !c.whole {
			top := x.top
			var absent []uint16
			e, absent = x.gaps(c, sel, x.take(len(sel))[:0])
			if len(absent) > 0 {
				from, to := x.lists[buffer].bounds()
				copy(from, l.From)
				copy(to, l.To)
				for _, r := range absent {
					from[r], to[r] = c.defaultFrom, c.defaultTo
				}
				l.From, l.To = from, to
			}
			x.top = top
		}
		return l, x.either(e, x.longLists(c, l, sel))
	}
}

// longLists are the faults of lists that have more elements than declared, or
// elements longer than declared.
func (x *exec) longLists(c *bound, l Lists, sel []uint16) []RowFault {
	if c.items == 0 && c.longCodes == nil {
		return nil
	}
	start := len(x.arena)
	for _, r := range sel {
		if !c.whole && c.presence(x)[r] != student.Present {
			continue
		}
		if c.items > 0 && int(l.To[r]-l.From[r]) > c.items {
			x.arena = append(x.arena, RowFault{r, c.tooMany})
			continue
		}
		if c.longCodes == nil {
			continue
		}
		for i := l.From[r]; i < l.To[r]; i++ {
			if c.longCodes[l.Texts.Codes[i]] {
				x.arena = append(x.arena, RowFault{r, c.tooLong})
				break
			}
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// has is whether an input, or a key of a map, has a value.
func (g *generator) has(t *term) *code {
	input, key := t.input, t.index-1
	if t.op == opHas {
		return &code{cond: func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
			c := &x.m.inputs[input]
			return present(x, c, c.Presence, sel, out), nil
		}}
	}
	return &code{cond: func(x *exec, sel, out []uint16) ([]uint16, []RowFault) {
		c := &x.m.inputs[input]
		if !c.whole {
			e, _ := x.gaps(c, sel, nil)
			sel = withoutFaults(out[:copy(out[:len(sel)], sel)], e)
			if key < 0 {
				return out[:0], e
			}
			return present(x, c, c.Members[key].Presence, sel, out), e
		}
		if key < 0 {
			return out[:0], nil
		}
		return present(x, c, c.Members[key].Presence, sel, out), nil
	}}
}

func present(x *exec, c *bound, presence []student.Presence, sel, out []uint16) []uint16 {
	if presence == nil {
		return out[:copy(out[:len(sel)], sel)]
	}
	there := part(c, x, presence)
	n := 0
	for _, r := range sel {
		out[n] = r
		n += number(there[r] == student.Present)
	}
	return out[:n]
}

// member is the value of a map's key.
func (g *generator) member(t *term, _ int) *code {
	input, key := t.input, t.index-1
	faults := func(x *exec, c *bound, sel []uint16) []RowFault {
		noKey := x.m.faults.number(Fault{Cause: NoSuchKey, Input: input})
		if key < 0 {
			e, _ := x.gapsIfAny(c, sel)
			return x.either(e, x.allFaults(sel, noKey))
		}
		m := c.Members[key]
		if c.whole && m.Presence == nil {
			return nil
		}
		e, _ := x.gapsIfAny(c, sel)
		if m.Presence == nil {
			return e
		}
		there := part(c, x, m.Presence)
		start := len(x.arena)
		for _, r := range sel {
			if there[r] != student.Present {
				x.arena = append(x.arena, RowFault{r, noKey})
			}
		}
		return x.either(e, x.arena[start:len(x.arena):len(x.arena)])
	}
	how := maybeNaN
	if g.inputs[input].Finite {
		how = finite
	}
	member := func(c *bound) *Column {
		if key < 0 {
			return &zeroes
		}
		return c.Members[key]
	}
	switch t.typ.Kind {
	case Bool:
		return &code{bools: ofMember(input, member, boolsOf, faults)}
	case Int, Duration:
		return &code{ints: ofMember(input, member, intsOf, faults)}
	case Double:
		return &code{floats: ofMember(input, member, floatsOf, faults), finite: how}
	}
	return &code{texts: func(x *exec, sel []uint16) (Texts, []RowFault) {
		c := &x.m.inputs[input]
		m := member(c)
		if key < 0 {
			return Texts{Codes: m.Codes, Dict: m.Dict}, faults(x, c, sel)
		}
		return Texts{Codes: part(c, x, m.Codes), Dict: m.Dict}, faults(x, c, sel)
	}}
}

func (x *exec) gapsIfAny(c *bound, sel []uint16) ([]RowFault, []uint16) {
	if c.whole {
		return nil, nil
	}
	return x.gaps(c, sel, nil)
}

// zeroes stands for the member of a key that no row has.
var zeroes = Column{
	Bools: make([]bool, Rows), Ints: make([]int64, Rows), Floats: make([]float64, Rows), Codes: make([]uint32, Rows), Dict: []string{""},
}

func ofMember[T any](input int, member func(*bound) *Column, of func(*Column) []T, faults func(*exec, *bound, []uint16) []RowFault) values[T] {
	return func(x *exec, sel []uint16) ([]T, []RowFault) {
		c := &x.m.inputs[input]
		m := member(c)
		v := of(m)
		if m != &zeroes {
			v = part(c, x, v)
		}
		return v, faults(x, c, sel)
	}
}

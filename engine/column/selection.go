// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// A selection is the rows of a batch that an evaluation looks at: their numbers
// within the batch, ascending and each once. The functions here compute with
// selections as sets. They write without branches where the outcome is a matter
// of chance: a mispredicted branch costs as much as ten rows.

// number is 1 for true. The compiler makes one instruction of it.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// without writes the rows of sel that are not in part, a subset of sel, to out,
// which may be sel itself.
func without(sel, part, out []uint16) []uint16 {
	if len(part) == 0 {
		return out[:copy(out[:len(sel)], sel)]
	}
	if len(part) == len(sel) {
		return out[:0]
	}
	n, p, next := 0, 0, part[0]
	for k, r := range sel {
		if r != next {
			out[n] = r
			n++
			continue
		}
		p++
		if p == len(part) {
			return out[:n+copy(out[n:n+len(sel)-k-1], sel[k+1:])]
		}
		next = part[p]
	}
	return out[:n]
}

// merge writes the rows of a and of b, which have none in common, to out in
// ascending order. out must not overlap a or b.
func merge(a, b, out []uint16) []uint16 {
	if len(a) == 0 {
		return out[:copy(out[:len(b)], b)]
	}
	if len(b) == 0 {
		return out[:copy(out[:len(a)], a)]
	}
	n, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		less := number(x < y)
		out[n] = min(x, y)
		i += less
		j += 1 - less
		n++
	}
	n += copy(out[n:n+len(a)-i], a[i:])
	n += copy(out[n:n+len(b)-j], b[j:])
	return out[:n]
}

// rowsOf writes the rows of faults to out.
func rowsOf(e []RowFault, out []uint16) []uint16 {
	for i := range e {
		out[i] = e[i].Row
	}
	return out[:len(e)]
}

// withoutFaults removes the rows of e from sel, in place.
func withoutFaults(sel []uint16, e []RowFault) []uint16 {
	if len(e) == 0 {
		return sel
	}
	n, p := 0, 0
	for _, r := range sel {
		for p < len(e) && e[p].Row < r {
			p++
		}
		if p < len(e) && e[p].Row == r {
			continue
		}
		sel[n] = r
		n++
	}
	return sel[:n]
}

// faultsWithin is the part of e whose rows are in sel. e must be a list of the
// batch; the result is a new one.
func (x *exec) faultsWithin(e []RowFault, sel []uint16) []RowFault {
	start, p := len(x.arena), 0
	for _, r := range sel {
		for p < len(e) && e[p].Row < r {
			p++
		}
		if p == len(e) {
			break
		}
		if e[p].Row == r {
			x.arena = append(x.arena, e[p])
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// either is the faults of a strict operation: those of the left operand, and
// those of the right one where the left one has a value.
func (x *exec) either(a, b []RowFault) []RowFault {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	start, i, j := len(x.arena), 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case j == len(b) || i < len(a) && a[i].Row < b[j].Row:
			x.arena = append(x.arena, a[i])
			i++
		case i == len(a) || b[j].Row < a[i].Row:
			x.arena = append(x.arena, b[j])
			j++
		default: // the right operand is not evaluated after an error of the left
			x.arena = append(x.arena, a[i])
			i++
			j++
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// disjoint merges two lists of faults that have no row in common.
func (x *exec) disjoint(a, b []RowFault) []RowFault { return x.either(a, b) }

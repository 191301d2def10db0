// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"github.com/juncture-dev/juncture/engine/student"
)

// Rows is the most rows of a batch. A batch of doubles is 8 KiB: several fit in
// the first-level cache, and the cost of calling a closure is spread over enough
// rows not to matter.
const Rows = 1024

// identity is the selection of all rows.
var identity = func() (all [Rows]uint16) {
	for i := range all {
		all[i] = uint16(i)
	}
	return all
}()

// exec is where a batch is evaluated: in the outermost frame its rows are
// students, in that of a loop they are the elements of lists.
type exec struct {
	m    *Machine
	base int // the population's row that is row 0
	n    int // rows in the batch

	// Buffers by number. A closure knows the numbers of its own.
	bools  [][]bool
	ints   [][]int64
	floats [][]float64
	texts  [][]string
	coded  [][]uint32
	times  [][]Instant
	lists  []listBuffer
	kept   []kept

	arena []RowFault // of the batch's lists of faults
	stack []uint16   // of temporary selections
	top   int
	inner []*exec // of the loops in this frame, by number

	// In a loop's frame: where each row's element lies, and the row of the frame
	// around that it belongs to.
	around   *exec
	at       []uint32 // places in the list's elements
	codes    []uint32 // of the loop's variable
	of       []uint16
	elements elements
}

// kept are the values of a shared term for the rows evaluated so far.
type kept struct {
	done     rowSet
	state    []uint8 // of a condition
	faults   []RowFault
	absorbed rowSet
}

// take borrows room for a selection of n rows; give it back with x.top = before.
func (x *exec) take(n int) []uint16 {
	if x.top+n > len(x.stack) {
		return make([]uint16, n) // deeper than any expression that people write
	}
	s := x.stack[x.top : x.top+n : x.top+n]
	x.top += n
	return s
}

// valid is sel without the rows of faults. It is sel itself or borrowed from the
// stack.
func (x *exec) valid(sel []uint16, e []RowFault) []uint16 {
	if len(e) == 0 {
		return sel
	}
	return withoutFaults(append(x.take(len(sel))[:0], sel...), e)
}

// begin turns to a batch.
func (x *exec) begin(base, n int) {
	x.base, x.n = base, n
	x.arena, x.top = x.arena[:0], 0
	for i := range x.kept {
		x.kept[i].begin()
	}
}

// allFaults is a list of one fault for all rows of sel.
func (x *exec) allFaults(sel []uint16, id uint16) []RowFault {
	start := len(x.arena)
	for _, r := range sel {
		x.arena = append(x.arena, RowFault{r, id})
	}
	return x.arena[start:len(x.arena):len(x.arena)]
}

// bound is an input's column, made ready for reading.
type bound struct {
	Column
	whole                  bool
	once                   bool
	missing                uint16 // the fault of reading a row without a value
	tooMany                uint16
	tooLong                uint16
	hasDefault             bool
	defaultFrom, defaultTo uint32 // the default's elements, of a list
	items                  int    // of a list: Input.Items, if there is one with more
	longCodes              []bool // by code: longer than Input.Length; nil if none is
}

// gaps are the faults of reading rows without a value. Rows that a default
// stands for are appended to absent.
func (x *exec) gaps(c *bound, sel []uint16, absent []uint16) (e []RowFault, defaulted []uint16) {
	start := len(x.arena)
	presence := c.presence(x)
	for _, r := range sel {
		switch p := presence[r]; {
		case p == student.Present:
		case p == student.Absent && c.hasDefault:
			absent = append(absent, r)
		default:
			x.arena = append(x.arena, RowFault{r, c.missing})
		}
	}
	return x.arena[start:len(x.arena):len(x.arena)], absent
}

func (c *bound) presence(x *exec) []student.Presence { return part(c, x, c.Presence) }

// part is the batch's part of a column's values. A column of one value has been
// repeated for a whole batch.
func part[T any](c *bound, x *exec, values []T) []T {
	if c.once {
		return values[:x.n]
	}
	return values[x.base : x.base+x.n]
}

func (k *kept) begin() {
	k.done.clear()
	k.absorbed.clear()
	k.faults = k.faults[:0]
}

// absorb notes that an error of a row did not decide.
func (x *exec) absorb(row uint16) {
	for x.around != nil {
		row = x.of[row]
		x = x.around
	}
	x.m.absorbed.add(row)
}

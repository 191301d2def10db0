// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

// term is a node of a lowered expression. Terms that are alike are one term, so
// that a program is a graph without repetition: what several rules compute is
// computed once.
type term struct {
	op     op
	typ    Type
	args   []*term
	value  any      // of a constant: bool, int64, float64, string, Instant, or a slice
	input  int      // of read, has, member
	index  int      // of member, hasKey: the key's number; of loop and element: the depth of the body's frame
	call   string   // of call: the overload
	kind   loopKind // of loop
	finite bool     // of element: no double among them is infinite or NaN
	id     int64    // of the syntax tree's node, for messages

	extent extent // how large its value may be

	number int // of the term in its program: terms that are alike have the same
	uses   int // how many terms and expressions have it as an argument
	weight int // about how many operations it takes, those of shared terms not counted
	depth  int // how many loops it is in: its value is one for each row of that depth's frame
}

type op uint8

const (
	opConst   op = iota
	opRead       // the value of an input
	opHas        // an input has a value
	opMember     // the value of a map's constant key
	opHasKey     // the constant key is in the map
	opElement    // the loop's variable
	opAnd
	opOr
	opNot
	opIf
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opAdd
	opSubtract
	opMultiply
	opDivide
	opModulo
	opNegate
	opIndex // list[int]
	opIn    // value in list
	opSize
	opList  // a list written out; only ever iterated
	opGuard // the last argument, where the others have a value
	opCall  // a function of the library, by its overload
	opLoop
	opForeign // computed by the caller, row by row
)

// loopKind is a comprehension over a list: a macro. Its body is evaluated in a
// frame one deeper than the loop itself.
type loopKind uint8

const (
	noLoop loopKind = iota
	loopAll
	loopExists
	loopExistsOne
	loopMap    // args: list, body
	loopFilter // args: list, condition
	loopMapIf  // args: list, condition, body
)

// constant reports whether the term is the same for all rows and known.
func (t *term) constant() bool { return t.op == opConst }

// shared reports whether a term is worth keeping for its other readers.
func (t *term) shared() bool {
	const worth = 8
	return t.uses > 1 && t.weight >= worth && t.depth == 0
}

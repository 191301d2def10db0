// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package column

import (
	"cmp"
	"time"

	"github.com/juncture-dev/juncture/engine/student"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds of values that columns hold and expressions compute.
const (
	None Kind = iota
	Bool
	Int
	Double
	String
	Timestamp
	Duration
	List
	Map
)

// String is CEL's name of the kind.
func (k Kind) String() string {
	return [...]string{"none", "bool", "int", "double", "string", "timestamp", "duration", "list", "map"}[k]
}

// Type is a kind and, of lists and maps, that of the elements. Maps have string
// keys that are the same for all rows.
type Type struct {
	Kind Kind
	Elem Kind
}

// Instant is a CEL timestamp: seconds since 1970-01-01T00:00:00Z and the
// nanoseconds within the second.
type Instant struct {
	Seconds int64
	Nanos   int32
}

// InstantOf is a time as an Instant.
func InstantOf(t time.Time) Instant { return Instant{t.Unix(), int32(t.Nanosecond())} }

// Time is the instant in UTC.
func (t Instant) Time() time.Time { return time.Unix(t.Seconds, int64(t.Nanos)).UTC() }

func (t Instant) compare(other Instant) int {
	if c := cmp.Compare(t.Seconds, other.Seconds); c != 0 {
		return c
	}
	return cmp.Compare(t.Nanos, other.Nanos)
}

// Input declares what a column will hold.
type Input struct {
	Name string
	Type Type
	// Keys of a map, in ascending order.
	Keys []string
	// Default stands for an absent value: bool, int64, float64, string, Instant,
	// time.Duration or a slice of one of these. Without it reading an absent
	// value is a fault.
	Default any
	// Items is the most elements of a list, Length the most bytes of a string;
	// 0 for no limit. Reading a value beyond is a fault.
	Items, Length int
	// Finite says that no double of the column is infinite or NaN.
	Finite bool
	// Once says that the column has one row, whose value all students share.
	Once bool
	// Batch says that the column, of no lists, has as many rows as a batch, which
	// the caller fills anew before each evaluates.
	Batch bool
}

// Column is the data of an input: exactly the slices that its type needs.
type Column struct {
	// Presence says which rows have a value; nil if all have.
	Presence []student.Presence
	// Whole says that all rows have a value. It spares the looking.
	Whole bool

	Bools   []bool
	Ints    []int64 // durations in nanoseconds
	Days    bool    // of timestamps: Ints are days since 1970-01-01
	Floats  []float64
	Codes   []uint32 // into Dict
	Dict    []string // without repetition
	Times   []Instant
	Offsets []uint32  // of lists, one more than rows
	Members []*Column // of maps, by key; an absent member is a key that the map lacks
}

// rows is the number of rows, as far as the column can tell.
func (c *Column) rows() int {
	switch {
	case c.Presence != nil:
		return len(c.Presence)
	case c.Offsets != nil:
		return len(c.Offsets) - 1
	case c.Members != nil:
		if len(c.Members) == 0 {
			return 0
		}
		return c.Members[0].rows()
	}
	return max(len(c.Bools), len(c.Ints), len(c.Floats), len(c.Codes), len(c.Times))
}

// Texts are strings by row: coded, or each for itself.
type Texts struct {
	Codes []uint32 // into Dict; nil if All has them
	Dict  []string
	All   []string
}

// At is a row's string.
func (t *Texts) At(row uint16) string {
	if t.Codes != nil {
		return t.Dict[t.Codes[row]]
	}
	return t.All[row]
}

// Lists are lists by row: row r has the elements [From[r], To[r]).
type Lists struct {
	From, To []uint32
	elements
}

// elements are the elements of lists, of one kind.
type elements struct {
	Bools  []bool
	Ints   []int64
	Days   bool // Ints are days since 1970-01-01
	Floats []float64
	Texts  Texts
	Times  []Instant
}

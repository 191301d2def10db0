// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

// Limits on expressions. They bound compiling and evaluating whatever anybody
// writes; docs/rules.md states them for authors. Limits on the number of rules,
// variables and attributes are in package bundle.
const (
	// MaxExpressionLength is the most bytes of one expression.
	MaxExpressionLength = 8 << 10
	// MaxExpressionNodes is the most nodes of one expression's syntax tree,
	// macros expanded.
	MaxExpressionNodes = 16 << 10
	// MaxExpressionDepth is how deep an expression may be nested.
	MaxExpressionDepth = 64
	// MaxPatternLength is the most bytes of a regular expression, which must be
	// a literal, and MaxPatternProgram the most instructions it compiles to.
	MaxPatternLength  = 256
	MaxPatternProgram = 2048
	// MaxTextLength is the most bytes of one reason text, and MaxPlaceholders
	// the most {{…}} in it.
	MaxTextLength   = 4 << 10
	MaxPlaceholders = 32

	// MaxExpressionCost is the most that one expression may cost for the
	// dearest student that the model's bounds allow, in the units of CEL's cost
	// model: about one for an operation, an element or ten bytes looked at.
	MaxExpressionCost = 200_000
	// MaxTableCost is the same for everything that one decision may evaluate.
	MaxTableCost = 1_000_000
	// MaxStringSize is the most bytes of a string that an expression computes.
	MaxStringSize = 16 << 10

	// runningCost is where a watched expression is stopped.
	runningCost = 2 * MaxExpressionCost
	// watchedCost is the estimate from which on an expression's cost is counted
	// while it runs too: a second belt, in case the estimate of a dear expression
	// is wrong. Counting makes evaluation half as slow again, so cheap
	// expressions go without.
	watchedCost = 2_000
)

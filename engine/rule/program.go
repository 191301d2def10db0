// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"sync"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/column"
)

// Program is a bundle's rules, compiled. It is immutable: any number of
// goroutines may use it at once, each with Evaluators of its own.
type Program struct {
	bundle     *bundle.Bundle
	attributes []attribute // declared and readable, sorted by name
	reads      set         // those that some expression may read
	variables  []variable
	byVariable map[string]int
	rules      []row
	otherwise  *row
	consumes   *expression
	order      []orderKey
	readsAt    bool // some expression reads `at`
	warnings   Diagnostics
	cost       uint64
	spare      sync.Pool       // of *bulk
	columns    *column.Program // all of the above expressions, over columns
	dispatch   *column.Dispatch
	policy     policy         // consumes and order over columns
	byRule     map[string]int // the rules' places, by id
	fixed      []shared       // the outcomes of rows that hit alone
	computes   uint64         // the fields that some row computes
}

type variable struct {
	name string
	expression
}

// row is a rule of the table, or its otherwise.
type row struct {
	id       string
	when     *expression   // nil for otherwise
	then     []*expression // by result field; nil under Collect Count
	priority *expression   // nil if there is none
	code     string
	texts    []text
	// needs are the distinct expressions of the texts: they are part of the
	// decision, as a reason that cannot be given is no reason.
	needs []*expression
}

type orderKey struct {
	path string
	expression
}

// Warnings are what Compile found doubtful but not wrong.
func (p *Program) Warnings() Diagnostics { return p.warnings }

// Reads are the names of all attributes that some expression may read, sorted:
// what a population must have columns for.
func (p *Program) Reads() []string { return p.reads.names(p.attributes) }

// Cost is the most that one decision may cost by the static estimate, in the
// units of MaxTableCost.
func (p *Program) Cost() uint64 { return p.cost }

// RuleIDs are the ids of the rules in table order, without otherwise.
func (p *Program) RuleIDs() []string {
	ids := make([]string, len(p.rules))
	for i := range p.rules {
		ids[i] = p.rules[i].id
	}
	return ids
}

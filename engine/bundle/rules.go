// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import "encoding/json"

// HitPolicy says what a decision table makes of several matching rules. The
// names and meanings are those of DMN 1.4, §8.2.8.
type HitPolicy string

const (
	// First takes the first match in table order.
	First HitPolicy = "First"
	// Unique allows one match at most; two are a rule failure.
	Unique HitPolicy = "Unique"
	// Any allows several matches if their results are equal.
	Any HitPolicy = "Any"
	// PriorityHit takes the match whose result stands highest in the fields'
	// Values, the leftmost field first.
	PriorityHit HitPolicy = "Priority"
	// Collect gathers all matches, in no particular order (ours: table order),
	// aggregated by RuleSet.Collect.
	Collect HitPolicy = "Collect"
	// RuleOrder gathers all matches in table order as lists.
	RuleOrder HitPolicy = "RuleOrder"
)

// How the hit policy Collect makes one result of several (DMN 1.4, §8.2.8.4).
const (
	CollectList    = "List" // the default
	CollectSum     = "Sum"
	CollectMinimum = "Minimum"
	CollectMaximum = "Maximum"
	CollectCount   = "Count" // the number of rules that hit
)

// Collects reports whether the policy gathers all matches instead of choosing
// one: no match is then a result too.
func (h HitPolicy) Collects() bool { return h == Collect || h == RuleOrder }

// RuleSet is a decision table of CEL rules.
type RuleSet struct {
	Name      string     `json:"name"`
	HitPolicy HitPolicy  `json:"hitPolicy"`
	Collect   string     `json:"collect,omitempty"` // List, Sum, Minimum, Maximum, Count
	Variables []Variable `json:"variables,omitempty"`
	Rules     []Rule     `json:"rules"`
	Otherwise *Otherwise `json:"otherwise,omitempty"`
	Tests     []Test     `json:"tests,omitempty"`
}

// Variable names an expression that later variables and rules may read as an
// identifier.
type Variable struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// Rule is one row of the table. All expressions are CEL over `student` (the
// declared attributes), the variables, and `at` (the instant of evaluation).
type Rule struct {
	ID        string            `json:"id"`
	When      string            `json:"when"`
	Then      map[string]string `json:"then"` // result field → expression
	Priority  string            `json:"priority,omitempty"`
	Reason    Reason            `json:"reason"`
	Authority string            `json:"authority,omitempty"`
}

// Otherwise is the result where no rule matches.
type Otherwise struct {
	Then     map[string]string `json:"then"`
	Priority string            `json:"priority,omitempty"`
	Reason   Reason            `json:"reason"`
}

// OtherwiseID is the rule id recorded where no rule matched.
const OtherwiseID = "otherwise"

// Reason says why, as a code and as text by language (BCP 47). A text may hold
// placeholders {{expression}} over the same names as the rule.
type Reason struct {
	Code string            `json:"code"`
	Text map[string]string `json:"text,omitempty"`
}

// Test is an example that travels with the rules. It is not part of the
// canonical form: a test cannot change a decision.
type Test struct {
	Name    string                     `json:"name"`
	At      string                     `json:"at,omitempty"` // RFC 3339; needed only where rules read `at`
	Student map[string]json.RawMessage `json:"student"`
	Expect  Expect                     `json:"expect"`
}

// Expect is what a test asserts. Empty members are not checked.
type Expect struct {
	Rule   string                     `json:"rule,omitempty"`  // rule id, or otherwise
	State  string                     `json:"state,omitempty"` // Decided (default), Undetermined, Failed
	Reason string                     `json:"reason,omitempty"`
	Result map[string]json.RawMessage `json:"result,omitempty"`
}

// Priority is the closed form of a PriorityPolicy.
type Priority struct {
	Name     string    `json:"name"`
	Capacity *Capacity `json:"capacity,omitempty"`
	Order    []Order   `json:"order,omitempty"`
	// WaitingList is the most candidates that may wait per capacity group; nil
	// means no limit, 0 no waiting list.
	WaitingList *int `json:"waitingList,omitempty"`
	// KeepSeated leaves students who hold a place theirs before anybody else is
	// considered.
	KeepSeated bool `json:"keepSeated,omitempty"`
}

// CapacityScope is what a capacity is counted per.
type CapacityScope string

const (
	PerDistrict CapacityScope = "District"
	PerSchool   CapacityScope = "School"
	PerClass    CapacityScope = "Class"
)

// Capacity is an amount of one resource.
type Capacity struct {
	Resource string        `json:"resource"` // seats, minutes, …
	Per      CapacityScope `json:"per"`
	Default  int64         `json:"default"` // ≥ 0
	// Consumes is a CEL integer expression over `decision` (rule, priority,
	// result) and `student`: the units a candidate needs, 0 for none. Empty: 1
	// for a decision made by a rule, 0 for otherwise.
	Consumes  string             `json:"consumes,omitempty"`
	Overrides []CapacityOverride `json:"overrides,omitempty"`
}

// CapacityOverride replaces the default amount for a district, school or class
// (the name of the District, the OneRoster sourcedId of a school or class). The most specific match wins.
type CapacityOverride struct {
	District string `json:"district,omitempty"`
	School   string `json:"school,omitempty"`
	Class    string `json:"class,omitempty"`
	Amount   int64  `json:"amount"`
}

// Order is one key of the published order: an expression or the lottery.
type Order struct {
	Expression string `json:"expression,omitempty"` // CEL over decision and student
	Descending bool   `json:"descending,omitempty"`
	// Lottery draws by seed. After the last key, ties are always broken by the
	// lottery: never by a name or an id.
	Lottery *Lottery `json:"lottery,omitempty"`
}

// Lottery is a verifiable draw: ticket = HMAC-SHA256(seed, process ‖ district ‖ student).
type Lottery struct {
	// Seed in hexadecimal, published with the policy. Empty: the run's seed.
	Seed string `json:"seed,omitempty"`
}

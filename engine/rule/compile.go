// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Compile checks a bundle and compiles its rules, its priority policy's
// expressions and its reason texts. The error, if there is one, is Diagnostics
// with every fault found, warnings among them; Program.Warnings has the
// warnings of a bundle without faults. The bundle must not be changed
// afterwards.
func Compile(b *bundle.Bundle) (*Program, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, fmt.Errorf("rule: building the environment: %w", err)
	}
	c := newCompiler(b)
	for _, fault := range b.Validate() {
		c.diagnostics = append(c.diagnostics, fromFault(fault))
	}
	if len(b.Information.Attributes) > bundle.MaxAttributes || len(b.Rules.Rules) > bundle.MaxRules || len(b.Rules.Variables) > bundle.MaxVariables || len(b.Process.Result) > bundle.MaxResultFields {
		return nil, c.finished() // too much to look at more closely
	}
	env, err := base.Extend(
		cel.CustomTypeProvider(c.schema), cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.Variable(nameStudent, cel.ObjectType(typeStudent)), cel.Variable(nameAt, cel.TimestampType))
	if err != nil {
		return nil, fmt.Errorf("rule: building the environment: %w", err)
	}
	rules, err := c.compileVariables(scope{env: env})
	if err != nil {
		return nil, err
	}
	c.compileTable(rules)
	if err := c.compilePriority(env); err != nil {
		return nil, err
	}
	c.checkTableCost()
	if err := c.finished(); err != nil {
		return nil, err
	}
	if err := c.p.compileColumns(); err != nil {
		return nil, err
	}
	c.p.fix()
	if err := c.p.compilePolicy(); err != nil {
		return nil, err
	}
	return c.p, nil
}

type compiler struct {
	b           *bundle.Bundle
	p           *Program
	schema      *schema
	byName      map[string]*attribute
	index       map[string]int
	diagnostics Diagnostics

	variableReads []set
	variableSizes map[string]cost.SizeEstimate
	variableCosts uint64
}

func newCompiler(b *bundle.Bundle) *compiler {
	c := &compiler{
		b: b, p: &Program{bundle: b, byVariable: map[string]int{}},
		byName: map[string]*attribute{}, index: map[string]int{}, variableSizes: map[string]cost.SizeEstimate{},
	}
	for _, a := range b.Information.Attributes {
		if a.Use != bundle.UseAuditOnly && len(c.p.attributes) < bundle.MaxAttributes {
			c.p.attributes = append(c.p.attributes, attribute{Attribute: a})
		}
	}
	slices.SortStableFunc(c.p.attributes, func(a, b attribute) int { return compareNames(a.Name, b.Name) })
	for i := range c.p.attributes {
		a := &c.p.attributes[i]
		c.byName[a.Name], c.index[a.Name] = a, i
		switch a.Missing {
		case bundle.MissingEmpty:
			a.absent = emptyOf(a.Type)
		case bundle.MissingDefault:
			if value, err := bundle.ParseValue(a.Type, a.Default); err == nil {
				a.absent = constantOf(a.Type, value)
			}
		}
	}
	c.schema = newSchema(c.p.attributes, b.Process.Result)
	return c
}

// finished is nil if nothing is wrong.
func (c *compiler) finished() error {
	c.diagnostics.sort()
	if len(c.diagnostics.Faults()) > 0 {
		return c.diagnostics
	}
	c.p.warnings = c.diagnostics
	return nil
}

func (c *compiler) ruleSet(path string, args ...any) place {
	return place{bundle.ObjectRuleSet, c.b.Rules.Name, fmt.Sprintf(path, args...)}
}

// keep notes what a finished expression reads.
func (c *compiler) keep(e *expression) *expression {
	if e != nil {
		c.p.reads.union(&e.reads)
	}
	return e
}

// compileVariables declares the variables one after another, each in the scope
// of those before it. A faulty one is declared all the same, so that its
// readers are not reported too.
func (c *compiler) compileVariables(sc scope) (scope, error) {
	for _, v := range c.b.Rules.Variables {
		sc.later = append(sc.later, v.Name)
	}
	for i, v := range c.b.Rules.Variables {
		e := c.keep(c.compile(c.ruleSet("spec.variables[%d].expression", i), origin{1, 1}, sc, v.Expression))
		sc.later = sc.later[1:]
		if slices.Contains(sc.variables, v.Name) {
			continue // declared twice: reported by bundle.Validate
		}
		typ := cel.DynType
		declared := variable{name: v.Name}
		if e != nil {
			typ, declared.expression = e.typ, *e
			c.variableSizes[v.Name] = e.size
			c.variableCosts = cost.SafeAdd(c.variableCosts, e.cost)
		}
		env, err := sc.env.Extend(cel.Variable(v.Name, typ))
		if err != nil {
			c.diagnostics = append(c.diagnostics, c.ruleSet("spec.variables[%d].name", i).diagnostic(bundle.CodeInvalid, "choose another name", "the variable cannot be declared"))
			continue
		}
		sc.env = env
		sc.variables = append(sc.variables, v.Name)
		c.p.byVariable[v.Name] = len(c.p.variables)
		c.p.variables = append(c.p.variables, declared)
		c.variableReads = append(c.variableReads, declared.reads)
	}
	return sc, nil
}

func (c *compiler) compileTable(sc scope) {
	rules := c.b.Rules.Rules
	c.checkResultTypes()
	always := -1
	for i := range rules {
		r := &rules[i]
		at := c.ruleSet("spec.rules[%d]", i)
		compiled := row{id: r.ID, code: r.Reason.Code}
		compiled.when = c.keep(c.compile(at.in(".when"), origin{1, 1}, sc, r.When, cel.BoolType))
		c.compileRow(&compiled, at, sc, r.Then, r.Priority, r.Reason, c.rowType)
		c.p.rules = append(c.p.rules, compiled)
		always = c.checkReach(at, i, compiled.when, always)
	}
	if o := c.b.Rules.Otherwise; o != nil {
		compiled := row{id: bundle.OtherwiseID, code: o.Reason.Code}
		c.compileRow(&compiled, c.ruleSet("spec.otherwise"), sc, o.Then, o.Priority, o.Reason, func(f *bundle.Field) *cel.Type { return celType(f.Type) })
		c.p.otherwise = &compiled
	} else if always < 0 && c.needsOtherwise() {
		c.warn(c.ruleSet("spec.otherwise"), CodeNoOtherwise, "say what holds where no rule matches", "where no rule matches, the decision fails: there is no otherwise")
	}
}

func (c *compiler) warn(p place, code, mend, message string, args ...any) {
	d := p.diagnostic(code, mend, message, args...)
	d.Warning = true
	c.diagnostics = append(c.diagnostics, d)
}

// needsOtherwise reports whether no match at all leaves nothing to say.
func (c *compiler) needsOtherwise() bool {
	r := &c.b.Rules
	if r.HitPolicy == bundle.Collect {
		return r.Collect == bundle.CollectMinimum || r.Collect == bundle.CollectMaximum
	}
	return !r.HitPolicy.Collects()
}

// checkReach warns of conditions that do not depend on the student. always is
// the index of the first rule whose condition is constantly true.
func (c *compiler) checkReach(at place, i int, when *expression, always int) int {
	if c.b.Rules.HitPolicy == bundle.First && always >= 0 {
		c.warn(at, CodeUnreachable, "remove it, or move it up", "the rule is never reached: spec.rules[%d] always matches", always)
		return always
	}
	if when == nil || when.constant == nil {
		return always
	}
	if when.constant == types.False {
		c.warn(at.in(".when"), CodeUnreachable, "remove the rule, or correct the condition", "the condition is never true")
		return always
	}
	if always < 0 {
		return i
	}
	return always
}

// checkResultTypes refuses result fields that the hit policy cannot fill.
func (c *compiler) checkResultTypes() {
	r := &c.b.Rules
	ordered := false
	for i := range c.b.Process.Result {
		f := &c.b.Process.Result[i]
		at := place{bundle.ObjectProcess, c.b.Process.Name, fmt.Sprintf("spec.result.fields[%d].type", i)}
		ordered = ordered || len(f.Values) > 0 && f.Type == bundle.String
		var ok bool
		var need string
		switch {
		case c.p.gathersLists():
			ok, need = f.Type.IsList(), "a list"
		case r.HitPolicy == bundle.Collect && r.Collect == bundle.CollectCount:
			ok, need = f.Type == bundle.Integer, "an Integer"
		case r.HitPolicy == bundle.Collect:
			ok, need = f.Type == bundle.Integer || f.Type == bundle.Number, "an Integer or a Number"
		default:
			ok = true
		}
		if !ok {
			policy := string(r.HitPolicy)
			if r.HitPolicy == bundle.Collect {
				policy += " " + c.collect()
			}
			c.diagnostics = append(c.diagnostics, at.diagnostic(CodeType, "make the field "+need+", or choose another hit policy",
				"the hit policy %s gathers into %s, and field %q is a %s", policy, need, f.Name, f.Type))
		}
	}
	if r.HitPolicy == bundle.PriorityHit && !ordered {
		c.diagnostics = append(c.diagnostics, c.ruleSet("spec.hitPolicy").diagnostic(bundle.CodeContradictory, "list the values of a String field of the result, most important first",
			"the hit policy Priority needs a String field with values to order hits by"))
	}
}

func (c *compiler) collect() string {
	if c.b.Rules.Collect == "" {
		return bundle.CollectList
	}
	return c.b.Rules.Collect
}

// rowType is what a rule's expression for a field gives: one element where the
// hit policy gathers lists.
func (c *compiler) rowType(f *bundle.Field) *cel.Type {
	if c.p.gathersLists() {
		return celType(f.Type.Element())
	}
	return celType(f.Type)
}

func (c *compiler) compileRow(compiled *row, at place, sc scope, then map[string]string, priority string, reason bundle.Reason, typ func(*bundle.Field) *cel.Type) {
	if len(then) > 0 {
		compiled.then = make([]*expression, len(c.b.Process.Result))
	}
	for i := range c.b.Process.Result {
		f := &c.b.Process.Result[i]
		source, set := then[f.Name]
		if !set {
			continue // reported by bundle.Validate, or counted
		}
		field := at.in(".then." + f.Name)
		e := c.keep(c.compile(field, origin{1, 1}, sc, source, typ(f)))
		compiled.then[i] = e
		c.checkConstant(field, f, e)
	}
	if priority != "" {
		compiled.priority = c.keep(c.compile(at.in(".priority"), origin{1, 1}, sc, priority, cel.DoubleType, cel.IntType))
		if e := compiled.priority; e != nil && e.constant != nil {
			if _, err := scalarOf(e.constant); err != nil {
				c.diagnostics = append(c.diagnostics, at.in(".priority").diagnostic(CodeOutOfRange, "use a finite number", "the priority is %s", err))
			}
		}
	}
	c.compileTexts(compiled, at.in(".reason.text"), sc, reason.Text)
}

// checkConstant holds a constant to what its field allows, and converts it once
// for all students.
func (c *compiler) checkConstant(at place, f *bundle.Field, e *expression) {
	if e == nil || e.constant == nil {
		return
	}
	t := f.Type
	if e.typ.Kind() != types.ListKind {
		t = t.Element()
	}
	value, err := nativeOf(t, e.constant)
	if err == nil && !c.p.sums() {
		err = allowed(f, value)
	}
	if err != nil {
		d := at.diagnostic(CodeOutOfRange, "use a value that spec.result.fields of the process allows", "the value is %s", err)
		if errors.Is(err, errOutsideValues) {
			d.Mend = fmt.Sprintf("use one of %q", f.Values)
		}
		d.Line, d.Column = 1, 1
		c.diagnostics = append(c.diagnostics, d)
		return
	}
	e.native = value
}

func (c *compiler) compilePriority(env *cel.Env) error {
	priority := c.b.Priority
	if priority == nil {
		return nil
	}
	env, err := env.Extend(cel.Variable(nameDecision, cel.ObjectType(typeDecision)))
	if err != nil {
		return fmt.Errorf("rule: building the environment: %w", err)
	}
	sc := scope{env: env}
	at := place{bundle.ObjectPriority, priority.Name, "spec"}
	if priority.Capacity != nil && priority.Capacity.Consumes != "" {
		c.p.consumes = c.keep(c.compile(at.in(".capacity.consumes"), origin{1, 1}, sc, priority.Capacity.Consumes, cel.IntType))
	}
	for i, key := range priority.Order {
		if key.Expression == "" {
			continue
		}
		path := fmt.Sprintf(".order[%d].expression", i)
		e := c.keep(c.compile(at.in(path), origin{1, 1}, sc, key.Expression, cel.DoubleType, cel.IntType, cel.BoolType, cel.TimestampType))
		if e != nil {
			c.p.order = append(c.p.order, orderKey{"spec" + path, *e})
		}
	}
	return nil
}

// checkTableCost sums what one decision may evaluate at most: all variables,
// all conditions, and the results of one row, or of all where several rows may
// be looked at.
func (c *compiler) checkTableCost() {
	total := c.variableCosts
	var dearest uint64
	rows := c.p.rules
	if c.p.otherwise != nil {
		rows = append(slices.Clip(rows), *c.p.otherwise)
	}
	all := c.b.Rules.HitPolicy != bundle.First && c.b.Rules.HitPolicy != bundle.Unique
	for i := range rows {
		r := &rows[i]
		total = cost.SafeAdd(total, costOf(r.when))
		outcome := costOf(r.priority)
		for _, e := range r.then {
			outcome = cost.SafeAdd(outcome, costOf(e))
		}
		for _, e := range r.needs {
			outcome = cost.SafeAdd(outcome, costOf(e))
		}
		if all {
			total = cost.SafeAdd(total, outcome)
		}
		dearest = max(dearest, outcome)
	}
	if !all {
		total = cost.SafeAdd(total, dearest)
	}
	c.p.cost = total
	if total > MaxTableCost {
		c.diagnostics = append(c.diagnostics, c.ruleSet("spec.rules").diagnostic(CodeTooExpensive,
			"declare smaller bounds (maxItems, maxLength) for the attributes, share work in variables, or split the table",
			"one decision may cost %s, more than %d: %d rules and %d variables", costText(total), MaxTableCost, len(c.p.rules), len(c.p.variables)))
	}
}

func costOf(e *expression) uint64 {
	if e == nil {
		return 0
	}
	return e.cost
}

func compareNames(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
)

// The resources that a bundle is closed from, as Fault.Object names them.
const (
	ObjectProcess  = "PersonalizationProcess"
	ObjectModel    = "InformationModel"
	ObjectRuleSet  = "RuleSet"
	ObjectPriority = "PriorityPolicy"
)

// Fault is something wrong with a bundle's structure.
type Fault struct {
	Object string // which resource declares it: one of the Object constants
	Name   string // that resource's name
	// Path is the field in the resource's manifest: spec.rules[2].when. A
	// bracket holds an index, or the name of the list's entry: an attribute is
	// spec.attributes[recentScores], as a bundle holds only those declared.
	Path    string
	Code    string // one of the Code constants
	Message string // what is wrong
	Mend    string // how to mend it
}

// Codes of structural faults: a closed list.
const (
	CodeRequired      = "Required"      // something must be given
	CodeInvalid       = "Invalid"       // outside what the field allows
	CodeDuplicate     = "Duplicate"     // a name is used twice
	CodeTooMany       = "TooMany"       // more than the engine allows
	CodeTooLong       = "TooLong"       // longer than the engine allows
	CodeReserved      = "Reserved"      // the name has a meaning of its own
	CodeUnknown       = "Unknown"       // names something that is not declared
	CodeProhibited    = "Prohibited"    // declares what a guardrail prohibits
	CodeWrongPurpose  = "WrongPurpose"  // the attribute is not for this purpose
	CodeContradictory = "Contradictory" // two fields do not go together
)

// Limits on what one bundle may hold.
const (
	MaxAttributes   = 256
	MaxResultFields = 64
	MaxRules        = 4096
	MaxVariables    = 128
	MaxOrderKeys    = 16
	MaxNameLength   = 253 // of a Kubernetes object
)

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	ruleID     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	reasonCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)
)

// keywords are CEL's own: they cannot even follow a dot.
var keywords = []string{
	"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
	"namespace", "null", "package", "return", "true", "var", "void", "while",
}

// takenNames already mean something where a variable could stand.
var takenNames = []string{
	"at", "decision", "math", "student",
	"bool", "bytes", "double", "duration", "dyn", "int", "list", "map", "null_type", "string", "timestamp", "type", "uint",
}

// Validate finds all faults of structure: everything that can be judged
// without compiling an expression. It says nothing about expressions; package
// rule does. Faults come in the order of the bundle's fields.
func (b *Bundle) Validate() []Fault {
	v := &validator{b: b}
	v.process()
	v.model()
	v.rules()
	v.agents()
	if b.Priority != nil {
		v.priority(b.Priority)
	}
	return v.faults
}

type validator struct {
	b      *Bundle
	faults []Fault
}

func (v *validator) add(object, path, code, mend, message string, args ...any) {
	name := map[string]string{
		ObjectProcess: v.b.Process.Name, ObjectModel: v.b.Information.Name, ObjectRuleSet: v.b.Rules.Name,
	}[object]
	if object == ObjectPriority {
		name = v.b.Priority.Name
	}
	v.faults = append(v.faults, Fault{Object: object, Name: name, Path: path, Code: code, Message: fmt.Sprintf(message, args...), Mend: mend})
}

// oneOf reports a value outside a closed list.
func oneOf[T ~string](v *validator, object, path string, value T, allowed ...T) {
	if !slices.Contains(allowed, value) {
		v.add(object, path, CodeInvalid, fmt.Sprintf("use one of %q", allowed), "%q is not allowed here", value)
	}
}

// name reports a name that cannot be an identifier of rules.
func (v *validator) name(object, path, name string) {
	switch {
	case name == "":
		v.add(object, path, CodeRequired, "give it a name", "the name is empty")
	case !identifier.MatchString(name):
		v.add(object, path, CodeInvalid, "use up to 63 letters, digits and _, not beginning with a digit", "%q cannot be a name in rules", name)
	case slices.Contains(keywords, name):
		v.add(object, path, CodeReserved, "choose another name", "%q has a meaning of its own in rules", name)
	}
}

func (v *validator) process() {
	p, o := &v.b.Process, ObjectProcess
	if v.b.Format != FormatV1 {
		v.add(o, "", CodeInvalid, "use "+FormatV1, "bundle format %q is not known here", v.b.Format)
	}
	if p.Name == "" || len(p.Name) > MaxNameLength {
		v.add(o, "metadata.name", CodeRequired, "give it a name of at most 253 bytes", "the process's name is missing or too long")
	}
	oneOf(v, o, "spec.mode", p.Mode, ModeCatalogue, ModeShadow, ModeAdvisory, ModeLive)
	if p.Purpose == "" {
		v.add(o, "spec.purpose", CodeRequired, "say what the decision is for, such as Placement", "the purpose is missing")
	}
	if p.Juncture == "" {
		v.add(o, "spec.juncture", CodeRequired, "name the juncture of the plan, such as Support", "the juncture is missing")
	}
	if p.ValidFor < 0 {
		v.add(o, "spec.result.validFor", CodeInvalid, "use a positive duration", "the validity is negative")
	}
	for i, t := range p.Triggers {
		path := fmt.Sprintf("spec.triggers[%d]", i)
		set := 0
		for _, is := range []bool{t.Schedule != nil, t.Information != nil, t.Request != nil} {
			if is {
				set++
			}
		}
		if set != 1 {
			v.add(o, path, CodeInvalid, "give each trigger exactly one of schedule, information, request", "%d kinds of trigger are given", set)
		}
		if t.Information != nil {
			for _, name := range t.Information.Attributes {
				if v.attribute(name) == nil {
					v.add(o, path+".information.attributes["+name+"]", CodeUnknown, "declare it in spec.information.attributes", "attribute %q is not declared", name)
				}
			}
		}
	}
	v.steps()
	v.result()
}

func (v *validator) steps() {
	for i, s := range v.b.Process.Steps {
		path := fmt.Sprintf("spec.agents[%d]", i)
		oneOf(v, ObjectProcess, path+".role", s.Role, RolePropose, RoleConfirm, RoleAccept)
		oneOf(v, ObjectProcess, path+".otherwise", s.Otherwise, "", "Escalate", "Lapse", "Proceed")
		oneOf(v, ObjectProcess, path+".appliesTo", s.AppliesTo, "", AppliesToSelected, AppliesToAll)
		if s.Within < 0 {
			v.add(ObjectProcess, path+".within", CodeInvalid, "use a positive duration", "the time allowed is negative")
		}
		if s.Agent != BuiltinRulesAgent && !slices.ContainsFunc(v.b.Agents, func(a Agent) bool { return a.Name == s.Agent }) {
			v.add(ObjectProcess, path+".agent", CodeUnknown, "name an Agent of this network, or "+BuiltinRulesAgent, "agent %q is not known", s.Agent)
		}
	}
}

func (v *validator) result() {
	fields, o := v.b.Process.Result, ObjectProcess
	if len(fields) == 0 {
		v.add(o, "spec.result.fields", CodeRequired, "declare at least one field", "the process has no result")
	}
	if len(fields) > MaxResultFields {
		v.add(o, "spec.result.fields", CodeTooMany, "declare fewer", "%d result fields, more than %d", len(fields), MaxResultFields)
	}
	seen := map[string]bool{}
	for i, f := range fields {
		path := fmt.Sprintf("spec.result.fields[%d]", i)
		v.name(o, path+".name", f.Name)
		if seen[f.Name] {
			v.add(o, path+".name", CodeDuplicate, "rename or remove one", "result field %q is declared twice", f.Name)
		}
		seen[f.Name] = true
		v.typ(o, path, f.Type)
		v.bounds(o, path, f.Type, f.Minimum, f.Maximum)
		if len(f.Values) > 0 && f.Type.Element() != String {
			v.add(o, path+".values", CodeContradictory, "remove values, or make the field a String", "values are for String fields only")
		}
		values := slices.Clone(f.Values)
		slices.Sort(values)
		if len(slices.Compact(values)) != len(f.Values) {
			v.add(o, path+".values", CodeDuplicate, "list each value once", "a value is listed twice")
		}
	}
}

func (v *validator) typ(object, path string, t Type) {
	if !t.Valid() {
		v.add(object, path+".type", CodeInvalid, "use one of "+TypeNames(), "%q is no type", t)
	}
}

func (v *validator) bounds(object, path string, t Type, minimum, maximum *float64) {
	if minimum == nil && maximum == nil {
		return
	}
	if e := t.Element(); e != Integer && e != Number {
		v.add(object, path, CodeContradictory, "remove minimum and maximum", "minimum and maximum are for numbers, not for %s", t)
	}
	for _, limit := range []*float64{minimum, maximum} {
		if limit != nil && (math.IsNaN(*limit) || math.IsInf(*limit, 0)) {
			v.add(object, path, CodeInvalid, "use finite numbers", "a bound is not a finite number")
		}
	}
	if minimum != nil && maximum != nil && *minimum > *maximum {
		v.add(object, path, CodeContradictory, "swap them", "the minimum is above the maximum")
	}
}

func (v *validator) attribute(name string) *Attribute {
	for i := range v.b.Information.Attributes {
		if v.b.Information.Attributes[i].Name == name {
			return &v.b.Information.Attributes[i]
		}
	}
	return nil
}

func (v *validator) model() {
	m, o := &v.b.Information, ObjectModel
	if len(m.Attributes) > MaxAttributes {
		v.add(ObjectProcess, "spec.information.attributes", CodeTooMany, "declare only what the rules read", "%d attributes, more than %d", len(m.Attributes), MaxAttributes)
	}
	seen := map[string]bool{}
	for i := range m.Attributes {
		a := &m.Attributes[i]
		path := "spec.attributes[" + a.Name + "]"
		v.name(o, path+".name", a.Name)
		if seen[a.Name] {
			v.add(o, path, CodeDuplicate, "rename or remove one", "attribute %q is declared twice", a.Name)
		}
		seen[a.Name] = true
		v.typ(o, path, a.Type)
		v.bounds(o, path, a.Type, a.Minimum, a.Maximum)
		v.missing(path, a)
		if a.MaxItems < 0 || a.MaxItems > MaxListItems {
			v.add(o, path+".maxItems", CodeInvalid, fmt.Sprintf("use 1 to %d", MaxListItems), "maxItems is out of range")
		}
		if a.MaxLength < 0 || a.MaxLength > MaxStringLength {
			v.add(o, path+".maxLength", CodeInvalid, fmt.Sprintf("use 1 to %d", MaxStringLength), "maxLength is out of range")
		}
		oneOf(v, o, path+".use", a.Use, "", UseDecide, UseAuditOnly)
		v.permitted(a)
	}
}

// permitted refuses the declaration of what the process may not use.
func (v *validator) permitted(a *Attribute) {
	p := &v.b.Process
	path := "spec.information.attributes[" + a.Name + "]"
	if slices.Contains(p.Guardrails.ProhibitedInputs, a.Name) {
		v.add(ObjectProcess, path, CodeProhibited, "remove it from the information; prohibited inputs cannot be used",
			"attribute %q is declared and prohibited by spec.guardrails.prohibitedInputs", a.Name)
	}
	if len(a.Purposes) > 0 && !slices.Contains(a.Purposes, p.Purpose) {
		v.add(ObjectProcess, path, CodeWrongPurpose, fmt.Sprintf("do without it, or have its owner allow the purpose %s in the information model", p.Purpose),
			"attribute %q may be used for %q only, and this process's purpose is %s", a.Name, a.Purposes, p.Purpose)
	}
}

func (v *validator) missing(path string, a *Attribute) {
	oneOf(v, ObjectModel, path+".missing", a.Missing, "", MissingUndetermined, MissingEmpty, MissingDefault)
	if a.Missing == MissingEmpty && !a.Type.IsList() {
		v.add(ObjectModel, path+".missing", CodeContradictory, "use Undetermined, or Default with a default", "only lists can be Empty, and this is a %s", a.Type)
	}
	if a.Missing != MissingDefault {
		if len(a.Default) > 0 {
			v.add(ObjectModel, path+".default", CodeContradictory, "write missing: Default, or remove the default", "a default is given but not used")
		}
		return
	}
	if len(a.Default) == 0 {
		v.add(ObjectModel, path+".default", CodeRequired, "give a default, or use missing: Undetermined", "missing is Default and there is no default")
		return
	}
	value, err := ParseValue(a.Type, a.Default)
	if err != nil {
		v.add(ObjectModel, path+".default", CodeInvalid, "give a value of type "+string(a.Type), "the default does not fit: %v", err)
		return
	}
	v.defaultFits(path, a, value)
}

// defaultFits holds a default to the bounds that the source's values obey.
func (v *validator) defaultFits(path string, a *Attribute, value any) {
	list := reflect.ValueOf(value)
	if !a.Type.IsList() {
		list = reflect.Append(reflect.MakeSlice(reflect.SliceOf(list.Type()), 0, 1), list)
	} else if list.Len() > a.ItemLimit() {
		v.add(ObjectModel, path+".default", CodeInvalid, "shorten it, or raise maxItems", "the default has more than %d elements", a.ItemLimit())
	}
	for i := range list.Len() {
		var number float64
		switch e := list.Index(i).Interface().(type) {
		case string:
			if len(e) > a.LengthLimit() {
				v.add(ObjectModel, path+".default", CodeInvalid, "shorten it, or raise maxLength", "the default is longer than %d bytes", a.LengthLimit())
			}
			continue
		case int64:
			number = float64(e)
		case float64:
			number = e
		default:
			continue
		}
		if a.Minimum != nil && number < *a.Minimum || a.Maximum != nil && number > *a.Maximum {
			v.add(ObjectModel, path+".default", CodeInvalid, "give a default within the bounds", "the default is outside minimum and maximum")
		}
	}
}

func (v *validator) rules() {
	r, o := &v.b.Rules, ObjectRuleSet
	oneOf(v, o, "spec.hitPolicy", r.HitPolicy, First, Unique, Any, PriorityHit, Collect, RuleOrder)
	if r.HitPolicy == Collect {
		oneOf(v, o, "spec.collect", r.Collect, "", CollectList, CollectSum, CollectMinimum, CollectMaximum, CollectCount)
	} else if r.Collect != "" {
		v.add(o, "spec.collect", CodeContradictory, "remove it, or use hitPolicy: Collect", "collect is for the hit policy Collect only")
	}
	if len(r.Rules) == 0 {
		v.add(o, "spec.rules", CodeRequired, "write at least one rule", "the table has no rule")
	}
	if len(r.Rules) > MaxRules {
		v.add(o, "spec.rules", CodeTooMany, "split the table", "%d rules, more than %d", len(r.Rules), MaxRules)
	}
	if len(r.Variables) > MaxVariables {
		v.add(o, "spec.variables", CodeTooMany, "use fewer", "%d variables, more than %d", len(r.Variables), MaxVariables)
	}
	names := map[string]bool{}
	for i, variable := range r.Variables {
		path := fmt.Sprintf("spec.variables[%d].name", i)
		v.name(o, path, variable.Name)
		if slices.Contains(takenNames, variable.Name) {
			v.add(o, path, CodeReserved, "choose another name", "%q has a meaning of its own in rules", variable.Name)
		}
		if names[variable.Name] {
			v.add(o, path, CodeDuplicate, "rename or remove one", "variable %q is declared twice", variable.Name)
		}
		names[variable.Name] = true
	}
	ids := map[string]int{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		path := fmt.Sprintf("spec.rules[%d]", i)
		v.ruleID(path+".id", rule.ID)
		if first, ok := ids[rule.ID]; ok {
			v.add(o, path+".id", CodeDuplicate, "rename one", "rule id %q is already used by spec.rules[%d]", rule.ID, first)
		} else {
			ids[rule.ID] = i
		}
		v.then(path, rule.Then)
		v.reason(path, rule.Reason)
	}
	if r.Otherwise != nil {
		v.then("spec.otherwise", r.Otherwise.Then)
		v.reason("spec.otherwise", r.Otherwise.Reason)
	}
}

func (v *validator) ruleID(path, id string) {
	switch {
	case id == "":
		v.add(ObjectRuleSet, path, CodeRequired, "give the rule an id", "the rule has no id")
	case id == OtherwiseID:
		v.add(ObjectRuleSet, path, CodeReserved, "choose another id", "the id %q stands for no rule having matched", id)
	case !ruleID.MatchString(id):
		v.add(ObjectRuleSet, path, CodeInvalid, "use up to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit", "%q cannot be a rule id", id)
	}
}

// then checks that a row sets every result field and no other.
func (v *validator) then(path string, then map[string]string) {
	path += ".then"
	for _, field := range sortedKeys(then) {
		if !slices.ContainsFunc(v.b.Process.Result, func(f Field) bool { return f.Name == field }) {
			v.add(ObjectRuleSet, path+"."+field, CodeUnknown, "remove it, or declare it in the process's spec.result.fields", "the result has no field %q", field)
		}
	}
	counts := v.b.Rules.HitPolicy == Collect && v.b.Rules.Collect == CollectCount && path != "spec.otherwise.then"
	for _, f := range v.b.Process.Result {
		_, set := then[f.Name]
		if counts && set {
			v.add(ObjectRuleSet, path+"."+f.Name, CodeContradictory, "leave then empty", "collect: Count fills the result with the number of rules that hit")
		}
		if !counts && !set {
			v.add(ObjectRuleSet, path, CodeRequired, "set it", "result field %q is not set", f.Name)
		}
	}
}

func (v *validator) reason(path string, r Reason) {
	path += ".reason"
	if r.Code == "" {
		v.add(ObjectRuleSet, path+".code", CodeRequired, "give a code such as FAR_BEHIND", "the reason has no code")
	} else if !reasonCode.MatchString(r.Code) {
		v.add(ObjectRuleSet, path+".code", CodeInvalid, "use up to 63 letters, digits, '-' and '_', beginning with a letter", "%q cannot be a reason code", r.Code)
	}
	for _, language := range sortedKeys(r.Text) {
		if language == "" || len(language) > 35 {
			v.add(ObjectRuleSet, path+".text."+language, CodeInvalid, "use a BCP 47 tag such as en or pt-BR", "%q is no language tag", language)
		}
	}
}

func (v *validator) agents() {
	seen := map[string]bool{}
	for _, a := range v.b.Agents {
		path := "spec.agents[" + a.Name + "]"
		if a.Name == "" || seen[a.Name] {
			v.add(ObjectProcess, path, CodeDuplicate, "list each agent once, by its name", "agent %q is listed twice or has no name", a.Name)
		}
		seen[a.Name] = true
		oneOf(v, ObjectProcess, path, a.Kind, AgentRules, AgentAlgorithm, AgentPerson, AgentCommittee)
	}
}

func (v *validator) priority(p *Priority) {
	o := ObjectPriority
	if p.WaitingList != nil && *p.WaitingList < 0 {
		v.add(o, "spec.waitingList.maximum", CodeInvalid, "use 0 for none, or leave it out for no limit", "the waiting list's maximum is negative")
	}
	if c := p.Capacity; c != nil {
		if c.Resource == "" {
			v.add(o, "spec.capacity.resource", CodeRequired, "name what is counted, such as seats", "the resource is missing")
		}
		oneOf(v, o, "spec.capacity.per", c.Per, PerDistrict, PerSchool, PerClass)
		if c.Default < 0 {
			v.add(o, "spec.capacity.default", CodeInvalid, "use 0 or more", "the capacity is negative")
		}
		seen := map[CapacityOverride]bool{}
		for i, override := range c.Overrides {
			path := fmt.Sprintf("spec.capacity.overrides[%d]", i)
			if override.Amount < 0 {
				v.add(o, path+".amount", CodeInvalid, "use 0 or more", "the capacity is negative")
			}
			override.Amount = 0
			if override == (CapacityOverride{}) {
				v.add(o, path, CodeRequired, "name a district, school or class", "the override does not say what it is for")
			}
			if seen[override] {
				v.add(o, path, CodeDuplicate, "remove one", "the same place is overridden twice")
			}
			seen[override] = true
		}
	}
	if len(p.Order) > MaxOrderKeys {
		v.add(o, "spec.order", CodeTooMany, "use fewer keys", "%d keys, more than %d", len(p.Order), MaxOrderKeys)
	}
	for i, key := range p.Order {
		path := fmt.Sprintf("spec.order[%d]", i)
		if (key.Expression != "") == (key.Lottery != nil) {
			v.add(o, path, CodeInvalid, "give each key exactly one of expression, lottery", "the key is neither an expression nor a lottery, or both")
		}
		if key.Lottery != nil {
			if _, err := hex.DecodeString(key.Lottery.Seed); err != nil {
				v.add(o, path+".lottery.seed", CodeInvalid, "write the seed as an even number of hexadecimal digits", "the seed is not hexadecimal")
			}
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidBundlesHaveNoFaults(t *testing.T) {
	for _, b := range []*Bundle{full(), small()} {
		if faults := b.Validate(); len(faults) > 0 {
			t.Errorf("%+v", faults)
		}
	}
}

func TestValidateNamesPlaceAndCode(t *testing.T) {
	attribute := func(change func(*Attribute)) func(*Bundle) {
		return func(b *Bundle) { change(&b.Information.Attributes[0]) }
	}
	for name, c := range map[string]struct {
		change func(*Bundle)
		want   []string // object path code
	}{
		"unknown format":    {func(b *Bundle) { b.Format = "v0" }, []string{"PersonalizationProcess  Invalid"}},
		"no process name":   {func(b *Bundle) { b.Process.Name = "" }, []string{"PersonalizationProcess metadata.name Required"}},
		"unknown mode":      {func(b *Bundle) { b.Process.Mode = "Maybe" }, []string{"PersonalizationProcess spec.mode Invalid"}},
		"no purpose":        {func(b *Bundle) { b.Process.Purpose = "" }, []string{"PersonalizationProcess spec.purpose Required"}},
		"no juncture":       {func(b *Bundle) { b.Process.Juncture = "" }, []string{"PersonalizationProcess spec.juncture Required"}},
		"negative validity": {func(b *Bundle) { b.Process.ValidFor = -1 }, []string{"PersonalizationProcess spec.result.validFor Invalid"}},
		"empty trigger":     {func(b *Bundle) { b.Process.Triggers = []Trigger{{}} }, []string{"PersonalizationProcess spec.triggers[0] Invalid"}},
		"trigger on undeclared": {func(b *Bundle) {
			b.Process.Triggers = []Trigger{{Information: &InformationTrigger{Attributes: []string{"x"}}}}
		}, []string{"PersonalizationProcess spec.triggers[0].information.attributes[x] Unknown"}},
		"unknown agent":       {func(b *Bundle) { b.Process.Steps = []Step{{Role: RoleConfirm, Agent: "nobody"}} }, []string{"PersonalizationProcess spec.agents[0].agent Unknown"}},
		"unknown role":        {func(b *Bundle) { b.Process.Steps = []Step{{Role: "Watch", Agent: "rules"}} }, []string{"PersonalizationProcess spec.agents[0].role Invalid"}},
		"agent twice":         {func(b *Bundle) { b.Agents = []Agent{{Name: "a", Kind: AgentPerson}, {Name: "a", Kind: AgentPerson}} }, []string{"PersonalizationProcess spec.agents[a] Duplicate"}},
		"no result":           {func(b *Bundle) { b.Process.Result = nil }, []string{"PersonalizationProcess spec.result.fields Required", "RuleSet spec.rules[0].then.yes Unknown"}},
		"result field twice":  {func(b *Bundle) { b.Process.Result = append(b.Process.Result, b.Process.Result[0]) }, []string{"PersonalizationProcess spec.result.fields[1].name Duplicate"}},
		"values on a boolean": {func(b *Bundle) { b.Process.Result[0].Values = []string{"a"} }, []string{"PersonalizationProcess spec.result.fields[0].values Contradictory"}},
		"bounds on a boolean": {func(b *Bundle) { b.Process.Result[0].Minimum = ptr(1.0) }, []string{"PersonalizationProcess spec.result.fields[0] Contradictory"}},
		"unknown type":        {attribute(func(a *Attribute) { a.Type = "Text" }), []string{"InformationModel spec.attributes[score].type Invalid"}},
		"attribute twice": {func(b *Bundle) {
			b.Information.Attributes = append(b.Information.Attributes, b.Information.Attributes[0])
		}, []string{"InformationModel spec.attributes[score] Duplicate"}},
		"attribute no identifier": {attribute(func(a *Attribute) { a.Name = "a-b" }), []string{"InformationModel spec.attributes[a-b].name Invalid"}},
		"attribute reserved":      {attribute(func(a *Attribute) { a.Name = "in" }), []string{"InformationModel spec.attributes[in].name Reserved"}},
		"attribute prohibited":    {func(b *Bundle) { b.Process.Guardrails.ProhibitedInputs = []string{"score"} }, []string{"PersonalizationProcess spec.information.attributes[score] Prohibited"}},
		"other purpose":           {attribute(func(a *Attribute) { a.Purposes = []string{"Pacing"} }), []string{"PersonalizationProcess spec.information.attributes[score] WrongPurpose"}},
		"empty for a number":      {attribute(func(a *Attribute) { a.Missing = MissingEmpty }), []string{"InformationModel spec.attributes[score].missing Contradictory"}},
		"default not given":       {attribute(func(a *Attribute) { a.Missing = MissingDefault }), []string{"InformationModel spec.attributes[score].default Required"}},
		"default not used":        {attribute(func(a *Attribute) { a.Default = json.RawMessage(`1`) }), []string{"InformationModel spec.attributes[score].default Contradictory"}},
		"default of other type":   {attribute(func(a *Attribute) { a.Missing, a.Default = MissingDefault, json.RawMessage(`"1"`) }), []string{"InformationModel spec.attributes[score].default Invalid"}},
		"default out of bounds":   {attribute(func(a *Attribute) { a.Missing, a.Default, a.Maximum = MissingDefault, json.RawMessage(`2`), ptr(1.0) }), []string{"InformationModel spec.attributes[score].default Invalid"}},
		"bounds swapped":          {attribute(func(a *Attribute) { a.Minimum, a.Maximum = ptr(2.0), ptr(1.0) }), []string{"InformationModel spec.attributes[score] Contradictory"}},
		"bound not finite":        {attribute(func(a *Attribute) { a.Minimum = ptr(math.Inf(-1)) }), []string{"InformationModel spec.attributes[score] Invalid"}},
		"too many items":          {attribute(func(a *Attribute) { a.MaxItems = MaxListItems + 1 }), []string{"InformationModel spec.attributes[score].maxItems Invalid"}},
		"unknown hit policy":      {func(b *Bundle) { b.Rules.HitPolicy = "Best" }, []string{"RuleSet spec.hitPolicy Invalid"}},
		"collect with First":      {func(b *Bundle) { b.Rules.Collect = CollectSum }, []string{"RuleSet spec.collect Contradictory"}},
		"unknown collect":         {func(b *Bundle) { b.Rules.HitPolicy, b.Rules.Collect = Collect, "Mean" }, []string{"RuleSet spec.collect Invalid"}},
		"empty table":             {func(b *Bundle) { b.Rules.Rules = nil }, []string{"RuleSet spec.rules Required"}},
		"rule id twice":           {func(b *Bundle) { b.Rules.Rules = append(b.Rules.Rules, b.Rules.Rules[0]) }, []string{"RuleSet spec.rules[1].id Duplicate"}},
		"rule id reserved":        {func(b *Bundle) { b.Rules.Rules[0].ID = "otherwise" }, []string{"RuleSet spec.rules[0].id Reserved"}},
		"rule id missing":         {func(b *Bundle) { b.Rules.Rules[0].ID = "" }, []string{"RuleSet spec.rules[0].id Required"}},
		"rule id with a space":    {func(b *Bundle) { b.Rules.Rules[0].ID = "a b" }, []string{"RuleSet spec.rules[0].id Invalid"}},
		"field not set":           {func(b *Bundle) { b.Rules.Rules[0].Then = nil }, []string{"RuleSet spec.rules[0].then Required"}},
		"field unknown":           {func(b *Bundle) { b.Rules.Rules[0].Then["no"] = "1" }, []string{"RuleSet spec.rules[0].then.no Unknown"}},
		"then with Count":         {func(b *Bundle) { b.Rules.HitPolicy, b.Rules.Collect = Collect, CollectCount }, []string{"RuleSet spec.rules[0].then.yes Contradictory"}},
		"otherwise without then":  {func(b *Bundle) { b.Rules.Otherwise = &Otherwise{Reason: Reason{Code: "N"}} }, []string{"RuleSet spec.otherwise.then Required"}},
		"no reason code":          {func(b *Bundle) { b.Rules.Rules[0].Reason.Code = "" }, []string{"RuleSet spec.rules[0].reason.code Required"}},
		"reason code with space":  {func(b *Bundle) { b.Rules.Rules[0].Reason.Code = "A B" }, []string{"RuleSet spec.rules[0].reason.code Invalid"}},
		"empty language":          {func(b *Bundle) { b.Rules.Rules[0].Reason.Text = map[string]string{"": "x"} }, []string{"RuleSet spec.rules[0].reason.text. Invalid"}},
		"variable twice":          {func(b *Bundle) { b.Rules.Variables = []Variable{{"v", "1"}, {"v", "2"}} }, []string{"RuleSet spec.variables[1].name Duplicate"}},
		"variable reserved":       {func(b *Bundle) { b.Rules.Variables = []Variable{{"student", "1"}} }, []string{"RuleSet spec.variables[0].name Reserved"}},
		"negative capacity": {func(b *Bundle) {
			b.Priority = &Priority{Capacity: &Capacity{Resource: "seats", Per: PerSchool, Default: -1}}
		}, []string{"PriorityPolicy spec.capacity.default Invalid"}},
		"capacity per nothing": {func(b *Bundle) { b.Priority = &Priority{Capacity: &Capacity{Resource: "seats"}} }, []string{"PriorityPolicy spec.capacity.per Invalid"}},
		"negative override": {func(b *Bundle) {
			b.Priority = &Priority{Capacity: &Capacity{Resource: "seats", Per: PerSchool, Overrides: []CapacityOverride{{School: "1", Amount: -1}, {School: "1"}, {}}}}
		}, []string{"PriorityPolicy spec.capacity.overrides[0].amount Invalid", "PriorityPolicy spec.capacity.overrides[1] Duplicate", "PriorityPolicy spec.capacity.overrides[2] Required"}},
		"negative waiting list": {func(b *Bundle) { b.Priority = &Priority{WaitingList: ptr(-1)} }, []string{"PriorityPolicy spec.waitingList.maximum Invalid"}},
		"order of nothing":      {func(b *Bundle) { b.Priority = &Priority{Order: []Order{{}}} }, []string{"PriorityPolicy spec.order[0] Invalid"}},
		"seed not hexadecimal":  {func(b *Bundle) { b.Priority = &Priority{Order: []Order{{Lottery: &Lottery{Seed: "xyz"}}}} }, []string{"PriorityPolicy spec.order[0].lottery.seed Invalid"}},
	} {
		b := small()
		c.change(b)
		var got []string
		for _, f := range b.Validate() {
			got = append(got, strings.Join([]string{f.Object, f.Path, f.Code}, " "))
			if f.Message == "" || f.Mend == "" {
				t.Errorf("%s: fault without message or mend: %+v", name, f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCapacityZeroIsAllowed(t *testing.T) {
	b := small()
	b.Priority = &Priority{Name: "none", Capacity: &Capacity{Resource: "seats", Per: PerDistrict}}
	if faults := b.Validate(); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
}

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		json string
		want string // of %#v; empty if it must fail
	}{
		{Boolean, `true`, `true`}, {Boolean, `"true"`, ``}, {Boolean, `1`, ``}, {Boolean, `null`, ``},
		{Integer, `-9223372036854775808`, `-9223372036854775808`}, {Integer, `9223372036854775808`, ``}, {Integer, `1.0`, ``}, {Integer, `1e3`, ``},
		{Number, `1`, `1`}, {Number, `-0.5`, `-0.5`}, {Number, `1e999`, ``}, {Number, `"1"`, ``},
		{String, `"é"`, `"é"`}, {String, `1`, ``},
		{Date, `"1970-01-02"`, `1`}, {Date, `"1969-12-31"`, `-1`}, {Date, `"2026-02-30"`, ``}, {Date, `20260101`, ``},
		{NumberList, `[1, 2.5]`, `[]float64{1, 2.5}`}, {NumberList, `[]`, `[]float64{}`}, {NumberList, `[null]`, ``}, {NumberList, `1`, ``},
		{IntegerList, `[1]`, `[]int64{1}`}, {StringList, `["a"]`, `[]string{"a"}`}, {DateList, `["1970-01-01"]`, `[]int64{0}`},
		{"Text", `1`, ``}, {Integer, ``, ``}, {Integer, `{`, ``},
	} {
		got, err := ParseValue(c.typ, json.RawMessage(c.json))
		switch {
		case c.want == "" && err == nil:
			t.Errorf("ParseValue(%s, %s) = %#v, want an error", c.typ, c.json, got)
		case c.want != "" && err != nil:
			t.Errorf("ParseValue(%s, %s): %v", c.typ, c.json, err)
		case c.want != "" && fmt.Sprintf("%#v", got) != c.want:
			t.Errorf("ParseValue(%s, %s) = %#v, want %s", c.typ, c.json, got, c.want)
		}
	}
}

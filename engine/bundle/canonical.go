// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// MaxSize is the most bytes a canonical bundle may have. It is what a
// ProcessRevision can hold beside its metadata, with room to spare below the
// 1.5 MiB that etcd accepts.
const MaxSize = 1 << 20

// ErrTooLarge is what the error of a bundle above MaxSize wraps.
var ErrTooLarge = errors.New("too large")

// maxExact is the greatest integer that RFC 8785 writes exactly: it spells
// numbers as IEEE 754 doubles, so 2^53 and 2^53+1 would be written alike.
const maxExact = 1<<53 - 1

// Canonical is the bundle's canonical form: RFC 8785 JSON without
// RuleSet.Tests, with lists whose order has no meaning sorted and with defaults
// written out. Bundles that decide alike because they differ only in those
// respects have the same bytes.
//
// Strings are kept as they are written: no Unicode normalisation, so that "é"
// as one code point and as two are different bundles. It is an error if a
// string is not valid UTF-8, if an integer is outside ±(2^53−1), which RFC 8785
// cannot write exactly, or if the form exceeds MaxSize.
func (b *Bundle) Canonical() ([]byte, error) {
	if err := checkSpelling(reflect.ValueOf(b), "bundle"); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(b.normalised())
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	form, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if len(form) > MaxSize {
		return nil, fmt.Errorf("bundle: %w: the canonical form has %d bytes, more than the %d allowed: shorten the rule set or its texts", ErrTooLarge, len(form), MaxSize)
	}
	return form, nil
}

// Parse reads a canonical form. It refuses whatever Canonical would not have
// written: unknown or misspelt members, another order, other spellings of
// numbers and strings, trailing bytes. So the digest of the bytes is always the
// digest of the bundle returned.
func Parse(canonical []byte) (*Bundle, error) {
	if len(canonical) > MaxSize {
		return nil, fmt.Errorf("bundle: %d bytes, more than the %d allowed", len(canonical), MaxSize)
	}
	d := json.NewDecoder(bytes.NewReader(canonical))
	d.DisallowUnknownFields()
	b := new(Bundle)
	if err := d.Decode(b); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("bundle: something follows the bundle's closing brace")
	}
	if b.Format != FormatV1 {
		return nil, fmt.Errorf("bundle: format %q is not known here, only %q", b.Format, FormatV1)
	}
	again, err := b.Canonical()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, canonical) {
		return nil, errors.New("bundle: not in canonical form (RFC 8785, sorted, defaults written out)")
	}
	return b, nil
}

// normalised is a copy in which everything that has one meaning has one
// spelling. The receiver is not changed.
func (b *Bundle) normalised() *Bundle {
	n := *b
	n.Process = b.Process.normalised()
	n.Information.Attributes = sortedBy(b.Information.Attributes, func(a Attribute) string { return a.Name })
	for i := range n.Information.Attributes {
		n.Information.Attributes[i] = n.Information.Attributes[i].normalised()
	}
	n.Rules = b.Rules.normalised()
	n.Agents = sortedBy(b.Agents, func(a Agent) string { return a.Name })
	if b.Priority != nil {
		p := b.Priority.normalised()
		n.Priority = &p
	}
	return &n
}

func (p Process) normalised() Process {
	p.Triggers = slices.Clone(p.Triggers)
	for i, t := range p.Triggers {
		if t.Information != nil {
			p.Triggers[i].Information = &InformationTrigger{Attributes: sortedSet(t.Information.Attributes)}
		}
	}
	p.Triggers = sortedBy(p.Triggers, func(t Trigger) string {
		text, _ := json.Marshal(t) // strings only: cannot fail
		return string(text)
	})
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].AppliesTo = cmp.Or(p.Steps[i].AppliesTo, AppliesToSelected)
	}
	p.Result = append([]Field{}, p.Result...)
	p.Guardrails.ProhibitedInputs = sortedSet(p.Guardrails.ProhibitedInputs)
	return p
}

func (a Attribute) normalised() Attribute {
	a.Missing = cmp.Or(a.Missing, MissingUndetermined)
	a.Use = cmp.Or(a.Use, UseDecide)
	a.Purposes = sortedSet(a.Purposes)
	if a.Type.IsList() {
		a.MaxItems = a.ItemLimit()
	}
	if a.Type.Element() == String {
		a.MaxLength = a.LengthLimit()
	}
	if r := a.From.OneRoster; r != nil {
		c := *r
		c.OrderBy = c.OrderColumn()
		a.From.OneRoster = &c
	}
	return a
}

func (r RuleSet) normalised() RuleSet {
	r.Tests = nil
	if r.HitPolicy == Collect {
		r.Collect = cmp.Or(r.Collect, CollectList)
	}
	r.Rules = append([]Rule{}, r.Rules...)
	for i := range r.Rules {
		if r.Rules[i].Then == nil {
			r.Rules[i].Then = map[string]string{}
		}
	}
	if r.Otherwise != nil && r.Otherwise.Then == nil {
		o := *r.Otherwise
		o.Then = map[string]string{}
		r.Otherwise = &o
	}
	return r
}

func (p Priority) normalised() Priority {
	if p.Capacity == nil {
		return p
	}
	c := *p.Capacity
	c.Overrides = slices.Clone(c.Overrides)
	slices.SortStableFunc(c.Overrides, func(a, b CapacityOverride) int {
		return cmp.Or(cmp.Compare(a.District, b.District), cmp.Compare(a.School, b.School),
			cmp.Compare(a.Class, b.Class), cmp.Compare(a.Amount, b.Amount))
	})
	p.Capacity = &c
	return p
}

// sortedBy is a sorted copy, and never nil: null and [] mean the same here.
func sortedBy[T any](list []T, key func(T) string) []T {
	c := append([]T{}, list...)
	slices.SortStableFunc(c, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return c
}

// sortedSet is nil for an empty set: a struct whose only member is an empty list
// is not left out by omitzero, and would have another spelling than none.
func sortedSet(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	c := slices.Clone(list)
	slices.Sort(c)
	return slices.Compact(c)
}

// checkSpelling refuses what encoding/json or RFC 8785 would silently change:
// bytes that are no UTF-8 and integers that a double cannot hold.
func checkSpelling(v reflect.Value, at string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return checkSpelling(v.Elem(), at)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Type == reflect.TypeFor[[]Test]() {
				continue // not part of the form
			}
			if err := checkSpelling(v.Field(i), at+"."+f.Name); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok {
			return checkRaw(raw, at)
		}
		for i := range v.Len() {
			if err := checkSpelling(v.Index(i), fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, k := range sortedBy(v.MapKeys(), reflect.Value.String) {
			if !utf8.ValidString(k.String()) {
				return fmt.Errorf("%s has a key that is not valid UTF-8", at)
			}
			if err := checkSpelling(v.MapIndex(k), at+"."+k.String()); err != nil {
				return err
			}
		}
	default:
		return checkScalar(v, at)
	}
	return nil
}

func checkScalar(v reflect.Value, at string) error {
	switch {
	case v.Kind() == reflect.String && !utf8.ValidString(v.String()):
		return fmt.Errorf("%s is not valid UTF-8", at)
	case v.CanInt() && (v.Int() > maxExact || v.Int() < -maxExact):
		return fmt.Errorf("%s is outside ±(2^53−1), the integers that JSON can hold exactly", at)
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return fmt.Errorf("%s is not a finite number", at)
	}
	return nil
}

func checkRaw(raw json.RawMessage, at string) error {
	if len(raw) == 0 {
		return nil
	}
	if !utf8.Valid(raw) {
		return fmt.Errorf("%s is not valid UTF-8", at)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s is not valid JSON: %w", at, err)
		}
		n, ok := t.(json.Number)
		if !ok || strings.ContainsAny(n.String(), ".eE") {
			continue
		}
		if i, err := n.Int64(); err != nil || i > maxExact || i < -maxExact {
			return fmt.Errorf("%s is outside ±(2^53−1), the integers that JSON can hold exactly", at)
		}
	}
}

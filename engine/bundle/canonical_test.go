// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func digest(t *testing.T, b *Bundle) Digest {
	t.Helper()
	d, err := b.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Recorded decisions name these digests. If this test fails, the form has
// changed: old records no longer match, and FormatV1 must become V2.
func TestDigestsArePinned(t *testing.T) {
	for name, c := range map[string]struct {
		bundle *Bundle
		want   Digest
	}{
		"full":  {full(), "sha256-5f107eed83ad398000662a08c16838f62359c316da3bdcdaa88c7f92563339b4"},
		"small": {small(), "sha256-c955fd3ebc1ecece99cbe581b9fffa72aac419c853e20c40c3033ceda37f9f23"},
	} {
		if got := digest(t, c.bundle); got != c.want {
			form, _ := c.bundle.Canonical()
			t.Errorf("%s: digest %s, want %s; the form is now\n%s", name, got, c.want, form)
		}
	}
}

func TestOrderWithoutMeaningDoesNotChangeTheDigest(t *testing.T) {
	want := digest(t, full())
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := full()
		shuffle(random, b.Information.Attributes)
		for i := range b.Information.Attributes {
			shuffle(random, b.Information.Attributes[i].Purposes)
		}
		shuffle(random, b.Process.Guardrails.ProhibitedInputs)
		shuffle(random, b.Process.Triggers)
		for _, trigger := range b.Process.Triggers {
			if trigger.Information != nil {
				shuffle(random, trigger.Information.Attributes)
			}
		}
		shuffle(random, b.Agents)
		shuffle(random, b.Priority.Capacity.Overrides)
		if got := digest(t, b); got != want {
			t.Fatalf("digest %s after shuffling, want %s", got, want)
		}
	}
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func TestSpellingsOfOneMeaningHaveOneDigest(t *testing.T) {
	for name, change := range map[string]func(*Bundle){
		"missing written out":    func(b *Bundle) { b.Information.Attributes[0].Missing = MissingUndetermined },
		"use written out":        func(b *Bundle) { b.Information.Attributes[0].Use = UseDecide },
		"empty lists":            func(b *Bundle) { b.Agents = []Agent{}; b.Process.Steps = []Step{} },
		"empty set":              func(b *Bundle) { b.Process.Guardrails.ProhibitedInputs = []string{} },
		"tests":                  func(b *Bundle) { b.Rules.Tests = []Test{{Name: "new", Student: map[string]json.RawMessage{"x": nil}}} },
		"no otherwise texts":     func(b *Bundle) { b.Rules.Rules[0].Reason.Text = map[string]string{} },
		"tests with invalid raw": func(b *Bundle) { b.Rules.Tests = []Test{{Name: "\xff"}} },
	} {
		b := small()
		change(b)
		if got, want := digest(t, b), digest(t, small()); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
	limits := func(items, length int, order string) *Bundle {
		b := small()
		b.Information.Attributes = []Attribute{{Name: "notes", Type: StringList, MaxItems: items, MaxLength: length, From: From{OneRoster: &OneRoster{File: "results", Field: "comment", OrderBy: order}}}}
		return b
	}
	if digest(t, limits(0, 0, "")) != digest(t, limits(MaxListItems, MaxStringLength, "scoreDate")) {
		t.Error("limits and orders left out and written out have different digests")
	}
	collecting := func(how string) *Bundle {
		b := small()
		b.Rules.HitPolicy, b.Rules.Collect = Collect, how
		return b
	}
	if digest(t, collecting("")) != digest(t, collecting(CollectList)) {
		t.Error("collect left out and written out have different digests")
	}
	if digest(t, collecting("")) == digest(t, collecting(CollectCount)) {
		t.Error("collect does not change the digest")
	}
	raw := full()
	raw.Information.Attributes[0].Default = json.RawMessage(" [ 5.0e1 ] ")
	if digest(t, raw) != digest(t, full()) {
		t.Error("two spellings of a default have different digests")
	}
}

// Every field there is, found by reflection, must change the digest when it
// changes. A field added later is covered without anybody thinking of it.
func TestEveryFieldChangesTheDigest(t *testing.T) {
	want := digest(t, full())
	changed := 0
	for {
		b := full()
		path := mutate(reflect.ValueOf(b).Elem(), "bundle", changed)
		if path == "" {
			break
		}
		changed++
		got, err := b.Digest()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if got == want {
			t.Errorf("%s does not change the digest", path)
		}
	}
	if changed < 110 {
		t.Errorf("only %d fields were changed: has the fixture lost some?", changed)
	}
}

// mutate changes the n-th leaf below v and returns its path.
func mutate(v reflect.Value, path string, n int) string {
	found, _ := mutateNth(v, path, n)
	return found
}

func mutateNth(v reflect.Value, path string, n int) (string, int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Type == reflect.TypeFor[[]Test]() {
				continue
			}
			var found string
			if found, n = mutateNth(v.Field(i), path+"."+v.Type().Field(i).Name, n); found != "" {
				return found, n
			}
		}
		return "", n
	case reflect.Pointer:
		if v.IsNil() {
			return "", n
		}
		if n == 0 && v.Type() != reflect.TypeFor[*RequestTrigger]() && v.Type() != reflect.TypeFor[*OneRoster]() {
			v.SetZero()
			return path + " removed", 0
		}
		return mutateNth(v.Elem(), path, n-1)
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok {
			if len(raw) == 0 {
				return "", n
			}
			if n == 0 {
				v.SetBytes([]byte(`[51]`))
				return path, 0
			}
			return "", n - 1
		}
		if v.Len() == 0 {
			return "", n
		}
		if n == 0 {
			v.Set(v.Slice(0, v.Len()-1))
			return path + " shortened", 0
		}
		n--
		for i := range v.Len() {
			var found string
			if found, n = mutateNth(v.Index(i), path+"[]", n); found != "" {
				return found, n
			}
		}
		return "", n
	case reflect.Map:
		if v.Len() == 0 {
			return "", n
		}
		if n > 0 {
			return "", n - 1
		}
		k := v.MapKeys()[0]
		v.SetMapIndex(k, reflect.ValueOf(v.MapIndex(k).String()+"x"))
		return path + " changed", 0
	}
	if v.IsZero() {
		// Left out in this entry of the fixture; another one has it.
		return "", n
	}
	if n > 0 {
		return "", n - 1
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	default:
		panic("a kind that this test does not know: " + v.Kind().String())
	}
	return path, 0
}

// Every field of every type of the bundle has a value somewhere in the fixture:
// otherwise the test above would pass it by.
func TestTheFixtureHasEveryField(t *testing.T) {
	seen := map[string]bool{}
	note(reflect.ValueOf(full()), seen)
	for field, filled := range seen {
		if !filled && field != "RuleSet.Collect" { // has a test of its own: it goes with another hit policy
			t.Errorf("%s has no value in the fixture", field)
		}
	}
}

func note(v reflect.Value, seen map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			note(v.Elem(), seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			note(v.Index(i), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Type == reflect.TypeFor[[]Test]() {
				continue
			}
			name := v.Type().Name() + "." + f.Name
			filled := !v.Field(i).IsZero() || f.Type.Kind() == reflect.Pointer && !v.Field(i).IsNil()
			seen[name] = seen[name] || filled
			note(v.Field(i), seen)
		}
	}
}

func TestCanonicalDoesNotChangeTheBundle(t *testing.T) {
	b := full()
	if _, err := b.Canonical(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), b); diff != "" {
		t.Errorf("Canonical changed its bundle:\n%s", diff)
	}
}

func TestCanonicalRefusesWhatJSONCannotHold(t *testing.T) {
	for name, change := range map[string]func(*Bundle){
		"string not UTF-8":  func(b *Bundle) { b.Process.Name = "a\xff" },
		"key not UTF-8":     func(b *Bundle) { b.Rules.Rules[0].Then["\xff"] = "1" },
		"integer too great": func(b *Bundle) { b.Priority.Capacity.Default = 1 << 53 },
		"integer too small": func(b *Bundle) { b.Process.ValidFor = -1 << 53 },
		"NaN":               func(b *Bundle) { b.Process.Result[1].Minimum = ptr(math.NaN()) },
		"infinite":          func(b *Bundle) { b.Process.Result[1].Maximum = ptr(math.Inf(1)) },
		"default no JSON":   func(b *Bundle) { b.Information.Attributes[0].Default = json.RawMessage(`[1`) },
		"default too great": func(b *Bundle) { b.Information.Attributes[0].Default = json.RawMessage(`[9007199254740993]`) },
		"too large":         func(b *Bundle) { b.Rules.Rules[0].Authority = strings.Repeat("x", MaxSize) },
	} {
		b := full()
		change(b)
		if form, err := b.Canonical(); err == nil {
			t.Errorf("%s: no error, but %d bytes", name, len(form))
		}
	}
}

func TestParseReadsWhatCanonicalWrites(t *testing.T) {
	for _, b := range []*Bundle{full(), small()} {
		form, err := b.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(form)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parsed.Canonical()
		if err != nil || !bytes.Equal(form, again) {
			t.Errorf("parsed and written again: %v\n%s\n%s", err, form, again)
		}
	}
}

func TestParseIsStrict(t *testing.T) {
	form, err := small().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	text := string(form)
	for name, broken := range map[string]string{
		"empty":             "",
		"truncated":         text[:len(text)-1],
		"trailing bytes":    text + " ",
		"two bundles":       text + text,
		"unknown member":    strings.Replace(text, `{`, `{"zzz":1,`, 1),
		"other case":        strings.Replace(text, `"format"`, `"Format"`, 1),
		"member twice":      strings.Replace(text, `"format":"juncture.dev/bundle/v1"`, `"format":"x","format":"juncture.dev/bundle/v1"`, 1),
		"other format":      strings.Replace(text, "bundle/v1", "bundle/v9", 1),
		"space":             strings.Replace(text, ":", ": ", 1),
		"escaped":           strings.Replace(text, "Placement", `\u0050lacement`, 1),
		"default left out":  strings.Replace(text, `"missing":"Undetermined",`, "", 1),
		"tests":             strings.Replace(text, `"rules":[{`, `"tests":[],"rules":[{`, 1),
		"not an object":     "[]",
		"null":              "null",
		"larger than limit": text + strings.Repeat(" ", MaxSize),
	} {
		if broken == text {
			t.Errorf("%s: the test changes nothing in %s", name, text)
		}
		if _, err := Parse([]byte(broken)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDigestText(t *testing.T) {
	d := digest(t, small())
	parsed, err := ParseDigest(d.String())
	if err != nil || parsed != d {
		t.Errorf("ParseDigest(%s) = %s, %v", d, parsed, err)
	}
	if want := string(d[7:19]); d.Short() != want {
		t.Errorf("Short() = %q, want %q", d.Short(), want)
	}
	for _, wrong := range []string{"", "sha256-", strings.ToUpper(string(d)), string(d) + "0", string(d)[:70], "sha512-" + string(d[7:]), "sha256-" + strings.Repeat("g", 64)} {
		if _, err := ParseDigest(wrong); err == nil {
			t.Errorf("ParseDigest(%q): accepted", wrong)
		}
		if s := Digest(wrong).Short(); s != "" {
			t.Errorf("Digest(%q).Short() = %q", wrong, s)
		}
	}
}

// Whatever bytes come: no panic, and what is accepted is the canonical form of
// what is returned.
func FuzzParse(f *testing.F) {
	for _, b := range []*Bundle{full(), small()} {
		form, err := b.Canonical()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(form)
	}
	f.Add([]byte(`{"format":"juncture.dev/bundle/v1"}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data)
		if err != nil {
			return
		}
		form, err := b.Canonical()
		if err != nil || !bytes.Equal(form, data) {
			t.Fatalf("accepted, but not canonical: %v", err)
		}
		b.Validate()
	})
}

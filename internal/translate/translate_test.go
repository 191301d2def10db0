// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/translate"
)

// The cases are manifests under testdata: those in closed with the bundle they
// give, those in refused with what is said of them. UPDATE_GOLDEN=1 writes the
// outcome down after a change that is meant; read the difference.

func TestClose(t *testing.T) {
	for _, file := range cases(t, "closed") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			set, problems, err := manifest.Read([]string{file}, nil)
			if err != nil || len(problems) > 0 {
				t.Fatal(problems, err)
			}
			process := manifest.Of[*v1alpha1.PersonalizationProcess](set)[0]
			closed, err := translate.Close(process, set.Lookup(process.Namespace))
			if err != nil {
				t.Fatal(err)
			}
			if faults := closed.Validate(); len(faults) > 0 {
				t.Error(faults)
			}
			text, err := json.MarshalIndent(closed, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".json", string(text)+"\n")
		})
	}
}

func TestRefuse(t *testing.T) {
	for _, file := range cases(t, "refused") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			set, _, err := manifest.Read([]string{file}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			tell := func(err error) {
				fmt.Fprintf(&got, "reason %q\n", translate.Reason(err))
				problems := set.DiagnoseFaults(manifest.DefaultNamespace, translate.Faults(err))
				for _, p := range problems {
					p.File = filepath.Base(p.File)
					fmt.Fprintln(&got, p)
				}
				if len(problems) == 0 {
					fmt.Fprintln(&got, err)
				}
			}
			var processes []v1alpha1.PersonalizationProcess
			for _, process := range manifest.Of[*v1alpha1.PersonalizationProcess](set) {
				processes = append(processes, *process)
				if closed, err := translate.Close(process, set.Lookup(process.Namespace)); err != nil {
					tell(err)
				} else if closed == nil {
					t.Error("neither a bundle nor an error")
				}
			}
			for _, cycle := range translate.Cycles(processes) {
				tell(cycle)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", got.String())
		})
	}
}

func cases(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/" + dir + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/%s: %v", dir, err)
	}
	return files
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestDigest: what does not change a decision does not change the revision, and
// everything else does.
func TestDigest(t *testing.T) {
	text, err := os.ReadFile("testdata/closed/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	digest := func(old, replacement string) string {
		t.Helper()
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("the manifest does not hold %q", old)
		}
		changed := strings.Replace(string(text), old, replacement, 1)
		set, problems, err := manifest.Read([]string{"-"}, strings.NewReader(changed))
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		process := manifest.Of[*v1alpha1.PersonalizationProcess](set)[0]
		closed, err := translate.Close(process, set.Lookup(process.Namespace))
		if err != nil {
			t.Fatal(err)
		}
		d, err := closed.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return string(d)
	}
	same := digest("", "")
	for old, replacement := range map[string]string{
		"  - {role: Propose, agent: rules}\n":    "",
		"attributes: [score, scores, days]":      "attributes: [days, score, scores]",
		"prohibitedInputs: [sex, home]":          "prohibitedInputs: [home, sex]",
		"name: low, at:":                         "name: renamed, at:",
		"defaultReason: a month is what we wait": "defaultReason: said otherwise",
		"validFor: 36h30m":                       "validFor: 2190m",
		"maximum: 100":                           `maximum: "100.0"`,
		"- {name: sex, type: String":             "- {name: sex, type: Boolean",
		"kind: Person\n":                         "kind: Person\n  description: who she is\n",
		"spec:\n  mode: Live":                    "spec:\n  suspend: true\n  districts: {selector: {matchLabels: {a: b}}}\n  mode: Live",
		"metadata: {name: counsellor}":           "metadata: {name: counsellor, labels: {a: b}}",
	} {
		if digest(old, replacement) != same {
			t.Errorf("%q for %q changes the digest", replacement, old)
		}
	}
	for old, replacement := range map[string]string{
		"mode: Live":                        "mode: Shadow",
		"granularity: Term":                 "granularity: Year",
		"attributes: [score, scores, days]": "attributes: [score, days]",
		"when: low &&":                      "when: low ||",
		"Nota {{":                           "Nota: {{",
		"authority: Board minute 1":         "authority: Board minute 2",
		"within: 120h":                      "within: 121h",
		"person: {role: lead}":              "person: {role: leader}",
		"amount: 60":                        "amount: 61",
		"seated: Release":                   "seated: Keep",
		"default: 30":                       "default: 31",
		"seed: \"00":                        "seed: \"01",
		"cron: \"0 2":                       "cron: \"0 3",
	} {
		if digest(old, replacement) == same {
			t.Errorf("%q for %q does not change the digest", replacement, old)
		}
	}
}

// failing is a cluster that does not answer.
type failing struct{ translate.Lookup }

var errUnreachable = errors.New("unreachable")

func (failing) InformationModel(string) (*v1alpha1.InformationModel, error) {
	return nil, errUnreachable
}

func (failing) RuleSet(string) (*v1alpha1.RuleSet, error) { return nil, nil }

// TestLookupFails: not knowing whether an object exists says nothing about the process.
func TestLookupFails(t *testing.T) {
	_, err := translate.Close(&v1alpha1.PersonalizationProcess{}, failing{})
	if !errors.Is(err, errUnreachable) || translate.Reason(err) != "" || len(translate.Faults(err)) > 0 {
		t.Errorf("%v, reason %q, faults %v", err, translate.Reason(err), translate.Faults(err))
	}
}

func TestSelect(t *testing.T) {
	district := func(namespace, name string, labels map[string]string) v1alpha1.District {
		return v1alpha1.District{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
	}
	leaving := district("n", "leaving", map[string]string{"state": "ma"})
	leaving.DeletionTimestamp = &metav1.Time{}
	*leaving.DeletionTimestamp = metav1.Unix(1, 0)
	districts := []v1alpha1.District{
		district("n", "b", map[string]string{"state": "ma"}), district("n", "a", nil), leaving,
		district("m", "c", map[string]string{"state": "ma"}), district("n", "d", map[string]string{"state": "ri"}),
	}
	for name, c := range map[string]struct {
		districts *v1alpha1.ProcessDistricts
		want      string
	}{
		"no districts":   {nil, "a b d"},
		"no selector":    {&v1alpha1.ProcessDistricts{}, "a b d"},
		"empty selector": {&v1alpha1.ProcessDistricts{Selector: &metav1.LabelSelector{}}, "a b d"},
		"label":          {&v1alpha1.ProcessDistricts{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"state": "ma"}}}, "b"},
		"expression": {&v1alpha1.ProcessDistricts{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "state", Operator: metav1.LabelSelectorOpDoesNotExist}}}}, "a"},
	} {
		process := &v1alpha1.PersonalizationProcess{ObjectMeta: metav1.ObjectMeta{Namespace: "n"}}
		process.Spec.Districts = c.districts
		picked, err := translate.Select(process, districts)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range picked {
			names = append(names, d.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}

	process := &v1alpha1.PersonalizationProcess{}
	process.Spec.Districts = &v1alpha1.ProcessDistricts{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}}
	_, err := translate.Select(process, districts)
	if translate.Reason(err) != v1alpha1.ReasonSelectorInvalid {
		t.Errorf("%v has reason %q", err, translate.Reason(err))
	}
}

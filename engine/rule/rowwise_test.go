// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/bundle"
)

func TestRowByRowTellsWhatIsNotEvaluatedOverColumns(t *testing.T) {
	b := kernelBundle([]string{"int student.i"})
	b.Rules.Variables = []bundle.Variable{{Name: "pairs", Expression: "student.is.map(x, [x, student.i])"}}
	b.Rules.Rules = []bundle.Rule{
		{ID: "a", When: "pairs.size() > 1", Then: map[string]string{"f0": "1"}, Reason: bundle.Reason{Code: "A"}},
		{ID: "b", When: "student.i == 7 ||\n  [[student.j]].size() == 2", Then: map[string]string{"f0": "student.is[0]"}, Reason: bundle.Reason{Code: "B", Text: map[string]string{"en": "See {{ [[1], [student.i]][0][0] }}."}}},
	}
	var got []string
	for _, d := range compiled(t, b).RowByRow() {
		got = append(got, d.String())
	}
	want := []string{
		"RuleSet kernels spec.rules[1].reason.text: warning: RowByRow: evaluated student by student, which takes longer: a list of lists or of values of several types",
		"RuleSet kernels spec.rules[1].when 2:3: warning: RowByRow: evaluated student by student, which takes longer: a list of lists or of values of several types",
		"RuleSet kernels spec.variables[0].expression 1:15: warning: RowByRow: evaluated student by student, which takes longer: a list of lists or maps",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	agree(t, compiled(t, b), kernelPopulation(b, 1100))
	if found := compiled(t, referenceBundle()).RowByRow(); len(found) > 0 {
		t.Errorf("of the reference table: %v", found)
	}
}

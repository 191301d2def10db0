// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/rule"
	"github.com/juncture-dev/juncture/engine/student"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, d)
	}
}

func decide(t testing.TB, b *bundle.Bundle, pop *student.Population, r engine.Run) *engine.Batch {
	t.Helper()
	batch, err := compile(t, b).DecideAll(context.Background(), pop, r)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// brief is a line a student: state, rule, rank, waiting, why.
func brief(batch *engine.Batch) string {
	var b strings.Builder
	for _, r := range batch.Records() {
		fmt.Fprintf(&b, "%s %s %s %d %d %s\n", r.Student, r.State, strings.Join(r.Rules, ";"), r.Rank, r.Waiting, r.Placement)
	}
	return b.String()
}

func TestDecideAll(t *testing.T) {
	batch := decide(t, tutoring(), small(t), run())

	var lines bytes.Buffer
	if err := export.Write(export.JSON, &lines, nil, batch.Decisions.All()); err != nil {
		t.Fatal(err)
	}
	golden(t, "tutoring.jsonl", lines.Bytes())

	want := engine.Counts{
		Decisions: 8,
		States:    map[decision.State]int{decision.Proposed: 3, decision.Waitlisted: 2, decision.Confirmed: 2, decision.Undetermined: 1},
		Rules:     map[string]int{"absent": 1, "far-behind": 5, bundle.OtherwiseID: 1},
	}
	if d := cmp.Diff(want, batch.Counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	var asked []string
	for _, task := range batch.Tasks {
		for _, r := range batch.Records() {
			if r.ID == task.Decision {
				asked = append(asked, r.Student+" "+task.Agent+" "+task.Due.Sub(task.Opened).String())
			}
		}
	}
	if d := cmp.Diff([]string{"s2 counsellor 120h0m0s", "s3 counsellor 120h0m0s", "s7 counsellor 120h0m0s"}, asked); d != "" {
		t.Errorf("tasks (-want +got):\n%s", d)
	}
}

func TestNumberOfWorkersNeverShows(t *testing.T) {
	pop := many(t, 20_000) // several pieces of work
	r := run()
	r.Workers = 1
	want := decide(t, tutoring(), pop, r)
	for _, workers := range []int{0, 2, 7, 1000} {
		r.Workers = workers
		if d := cmp.Diff(want, decide(t, tutoring(), pop, r), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%d workers give another batch than one (-one +many):\n%.2000s", workers, d)
		}
	}
}

func TestOneStudentAloneIsDecidedAsInBulk(t *testing.T) {
	p, pop := compile(t, withoutCapacity()), many(t, 700)
	batch, err := p.DecideAll(context.Background(), pop, run())
	if err != nil {
		t.Fatal(err)
	}
	tasks := map[string]decision.Task{}
	for _, task := range batch.Tasks {
		tasks[task.Decision] = task
	}
	for row := range pop.Len() {
		record, task, err := p.Decide(pop, row, run())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(batch.Decisions.Record(row), record); d != "" {
			t.Fatalf("row %d (-bulk +alone):\n%s", row, d)
		}
		bulk, asked := tasks[record.ID]
		if asked != (task != nil) || asked && bulk != *task {
			t.Fatalf("row %d: task %v alone, %v in bulk", row, task, bulk)
		}
	}
}

// TestTheProgramKeepsTheFormThatItsDigestIsOf: whoever records a run need not make
// the form anew.
func TestTheProgramKeepsTheFormThatItsDigestIsOf(t *testing.T) {
	p := compile(t, tutoring())
	want, err := p.Bundle().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if string(p.Canonical()) != string(want) || bundle.DigestOf(p.Canonical()) != p.Digest() {
		t.Error("it is the form of another bundle")
	}
}

func TestDecideAloneRefuses(t *testing.T) {
	if _, _, err := compile(t, tutoring()).Decide(small(t), 0, run()); !errors.Is(err, engine.ErrNeedsAll) {
		t.Errorf("error %v, want ErrNeedsAll: a rank is a rank among all", err)
	}
	for _, row := range []int{-1, 8} {
		if _, _, err := compile(t, withoutCapacity()).Decide(small(t), row, run()); err == nil {
			t.Errorf("row %d of 8 is accepted", row)
		}
	}
}

func TestTheSeatedKeepTheirSeats(t *testing.T) {
	info := tutoring().Information
	noScores := func(id, school string) pupil {
		return pupil{id, school, map[string]string{"attendanceRate": "0.9"}}
	}
	tests := []struct {
		name string
		pop  []pupil
		held map[string]decision.Seat
		edit func(*bundle.Bundle)
		want string
	}{
		{
			name: "before all others",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 2), scores("c", "north", 0.9, 39)},
			held: map[string]decision.Seat{"c": {Group: "north", Units: 1}},
			want: "a Proposed far-behind 2 0 Placed\nb Waitlisted far-behind 3 1 NoPlaceFree\nc Proposed far-behind 1 0 Kept\n",
		},
		{
			name: "while information about them is missing, and nobody else is given it",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 2), noScores("c", "north")},
			held: map[string]decision.Seat{"c": {Group: "north", Units: 1}},
			want: "a Proposed far-behind 1 0 Placed\nb Waitlisted far-behind 2 1 NoPlaceFree\nc Undetermined  0 0 Kept\n",
		},
		{
			name: "though the roster suddenly names no school",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 2), scores("c", "", 0.9, 39)},
			held: map[string]decision.Seat{"c": {Group: "north", Units: 1}},
			want: "a Proposed far-behind 2 0 Placed\nb Waitlisted far-behind 3 1 NoPlaceFree\nc Proposed far-behind 1 0 Kept\n",
		},
		{
			name: "in their school: who moved competes in the new one",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 2), scores("c", "north", 0.9, 39)},
			held: map[string]decision.Seat{"c": {Group: "south", Units: 1}},
			want: "a Proposed far-behind 1 0 Placed\nb Proposed far-behind 2 0 Placed\nc Waitlisted far-behind 3 1 NoPlaceFree\n",
		},
		{
			name: "but not against the rules' own decision that they need none",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("c", "north", 0.9, 80)},
			held: map[string]decision.Seat{"c": {Group: "north", Units: 1}},
			want: "a Proposed far-behind 1 0 Placed\nc Confirmed otherwise 0 0 \n",
		},
		{
			name: "only if the policy says so",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 2), scores("c", "north", 0.9, 39), noScores("d", "north")},
			held: map[string]decision.Seat{"c": {Group: "north", Units: 1}, "d": {Group: "north", Units: 1}},
			edit: func(b *bundle.Bundle) { b.Priority.KeepSeated = false },
			want: "a Proposed far-behind 1 0 Placed\nb Proposed far-behind 2 0 Placed\nc Waitlisted far-behind 3 1 NoPlaceFree\nd Undetermined  0 0 \n",
		},
		{
			name: "when a revision counts per district what was counted per school",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "south", 0.9, 39), noScores("c", "south")},
			held: map[string]decision.Seat{"b": {Group: "south", Units: 1}, "c": {Group: "south", Units: 1}},
			edit: func(b *bundle.Bundle) { b.Priority.Capacity.Per = bundle.PerDistrict },
			want: "a Waitlisted far-behind 2 1 NoPlaceFree\nb Proposed far-behind 1 0 Kept\nc Undetermined  0 0 Kept\n",
		},
		{
			name: "when a revision counts per school what was counted per district",
			pop:  []pupil{scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 39), noScores("c", "north")},
			held: map[string]decision.Seat{"b": {Group: "boston", Units: 1}, "c": {Group: "boston", Units: 1}},
			want: "a Waitlisted far-behind 2 1 NoPlaceFree\nb Proposed far-behind 1 0 Kept\nc Undetermined  0 0 Kept\n",
		},
		{
			name: "and what they hold is never so much that it seems to be less",
			pop:  []pupil{scores("a", "north", 0.9, 1), noScores("b", "north"), noScores("c", "north")},
			held: map[string]decision.Seat{"b": {Group: "north", Units: math.MaxInt64}, "c": {Group: "north", Units: math.MaxInt64}},
			want: "a Waitlisted far-behind 1 1 NoPlaceFree\nb Undetermined  0 0 Kept\nc Undetermined  0 0 Kept\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, r := tutoring(), run()
			if tt.edit != nil {
				tt.edit(b)
			}
			r.Held = tt.held
			batch := decide(t, b, population(t, info, tt.pop...), r)
			if d := cmp.Diff(tt.want, brief(batch)); d != "" {
				t.Errorf("decisions (-want +got):\n%s", d)
			}
		})
	}
}

// The seats of a run are what the next run is told are held; running again on
// the same information changes nobody's place.
func TestRunningAgainDisplacesNobody(t *testing.T) {
	b, pop := tutoring(), many(t, 3000)
	first := decide(t, b, pop, run())
	next := engine.Run{ID: "run-2", Trigger: "request/2", Seed: []byte("another seed"), Held: map[string]decision.Seat{}, Previous: map[string]string{}}
	for i := range first.Decisions.Len() {
		r := record(first, i)
		next.Previous[r.Student] = r.ID
		if seat, holds := decision.SeatOf(b.Process.Mode, r); holds {
			next.Held[r.Student] = seat
		}
	}
	if len(next.Held) == 0 {
		t.Fatal("nobody holds a seat")
	}
	second := decide(t, b, pop, next)
	for i := range first.Decisions.Len() {
		x, y := record(first, i), record(second, i)
		if x.State != y.State || x.Group != y.Group {
			t.Errorf("%s was %s in %q and is %s in %q", x.Student, x.State, x.Group, y.State, y.Group)
		}
		if y.Supersedes != x.ID || y.ID == x.ID {
			t.Fatalf("%s: decision %s supersedes %q, want %s", x.Student, y.ID, y.Supersedes, x.ID)
		}
	}
}

func TestARunDoneAgainGivesTheSameIDsAndSupersedesNothing(t *testing.T) {
	first := decide(t, tutoring(), small(t), run())
	again := run()
	again.Previous = map[string]string{}
	for _, r := range first.Records() {
		again.Previous[r.Student] = r.ID
	}
	if d := cmp.Diff(first, decide(t, tutoring(), small(t), again), cmpopts.EquateNaNs()); d != "" {
		t.Errorf("(-first +again):\n%s", d)
	}
}

func TestModes(t *testing.T) {
	for mode, want := range map[bundle.Mode]struct{ tasks, seats int }{
		bundle.ModeLive:     {3, 3},
		bundle.ModeAdvisory: {3, 0},
		bundle.ModeShadow:   {0, 0},
	} {
		b := tutoring()
		b.Process.Mode = mode
		batch := decide(t, b, small(t), run())
		seats := 0
		for i := range batch.Decisions.Len() {
			if _, holds := decision.SeatOf(mode, record(batch, i)); holds {
				seats++
			}
		}
		if len(batch.Tasks) != want.tasks || seats != want.seats {
			t.Errorf("%s: %d tasks and %d seats, want %d and %d", mode, len(batch.Tasks), seats, want.tasks, want.seats)
		}
	}
	b := tutoring()
	b.Process.Mode = bundle.ModeCatalogue
	if _, err := compile(t, b).DecideAll(context.Background(), small(t), run()); !errors.Is(err, engine.ErrNotRun) {
		t.Errorf("error %v, want ErrNotRun: a Catalogue process is never run", err)
	}
}

// Trouble with one student's place in the order is that student's: it says so,
// and the others are decided.
func TestAPolicyThatCannotRankOneStudentRanksTheOthers(t *testing.T) {
	b := tutoring()
	b.Priority.Order[0].Expression = "100 / (student.recentScores.size() - 1)"
	b.Priority.Capacity.Consumes = "decision.rule != 'otherwise' && student.attendanceRate > 0.0 ? 1 : 0"
	b.Rules.Rules[0].When = "false"
	pop := population(t, b.Information, scores("a", "north", 0.9, 1), scores("b", "north", 0.9, 1, 2), pupil{"c", "north", map[string]string{"recentScores": "[1,2,3]"}})
	batch := decide(t, b, pop, run())
	want := "a Failed  0 0 \nb Proposed far-behind 1 0 Placed\nc Undetermined  0 0 \n"
	if d := cmp.Diff(want, brief(batch)); d != "" {
		t.Errorf("decisions (-want +got):\n%s", d)
	}
	failed, undetermined := batch.Decisions.Record(0), batch.Decisions.Record(2)
	if failed.Failure != "priority policy, spec.order[0].expression: division by zero" || failed.Result != nil || failed.Reason.Code != decision.CodeFailed {
		t.Errorf("failed record %+v", failed)
	}
	if d := cmp.Diff([]string{"attendanceRate"}, undetermined.Missing); d != "" || undetermined.Result != nil {
		t.Errorf("undetermined record %+v", undetermined)
	}
}

func TestDecideAllRefuses(t *testing.T) {
	b := tutoring()
	tests := []struct {
		name string
		pop  *student.Population
		edit func(*engine.Run)
		want string
	}{
		{"no seed where places are scarce", small(t), func(r *engine.Run) { r.Seed = nil }, "needs a seed for its lottery"},
		{"no trigger instance", small(t), func(r *engine.Run) { r.Trigger = "" }, "needs an id and a trigger instance"},
		{"a student twice", population(t, b.Information, scores("a", "x", 1, 1), scores("a", "x", 1, 1)), nil, "rows 0 and 1 of the population"},
		{"a seat of nothing", small(t), func(r *engine.Run) { r.Held = map[string]decision.Seat{"s1": {}} }, "a seat that is held must have units"},
		{"a column is missing", population(t, bundle.Model{Attributes: b.Information.Attributes[:1]}, pupil{"a", "x", nil}), nil, "recentScores"},
		{"a column was read for another process", readOtherwise(t), nil, "recentScores of the population was read otherwise"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := run()
			if tt.edit != nil {
				tt.edit(&r)
			}
			batch, err := compile(t, b).DecideAll(context.Background(), tt.pop, r)
			if err == nil || batch != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// readOtherwise is a population whose recentScores is another process's.
func readOtherwise(t *testing.T) *student.Population {
	model := tutoring().Information
	other := *model.Attributes[1].From.OneRoster
	other.Where.Category = "Exam"
	model.Attributes[1].From.OneRoster = &other
	return population(t, model, scores("a", "x", 1, 1))
}

func TestNobodyToDecideAbout(t *testing.T) {
	batch := decide(t, tutoring(), population(t, tutoring().Information), run())
	if batch.Decisions.Len() != 0 || len(batch.Tasks) != 0 {
		t.Errorf("batch %+v", batch)
	}
}

func TestACancelledRunGivesNoBatch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := run()
	r.Progress = func(int, int) { cancel() }
	batch, err := compile(t, tutoring()).DecideAll(ctx, many(t, 5000), r)
	if !errors.Is(err, context.Canceled) || batch != nil {
		t.Errorf("batch %v, error %v", batch, err)
	}
}

func TestProgressRisesToTheEnd(t *testing.T) {
	var seen []int
	r := run()
	r.Workers = 4
	r.Progress = func(done, total int) {
		if total != 5000 || len(seen) > 0 && done <= seen[len(seen)-1] {
			t.Errorf("progress %d of %d after %v", done, total, seen)
		}
		seen = append(seen, done)
	}
	decide(t, tutoring(), many(t, 5000), r)
	if len(seen) == 0 || seen[len(seen)-1] != 5000 {
		t.Errorf("progress ends with %v", seen)
	}
}

func TestCompileRefusesWhatCannotBeRun(t *testing.T) {
	tests := []struct {
		name string
		edit func(*bundle.Bundle)
		path string
		code string
	}{
		{"a required confirmation that nobody gives", func(b *bundle.Bundle) { b.Process.Steps = b.Process.Steps[:1] }, "spec.guardrails.humanConfirmation", bundle.CodeContradictory},
		{"a required confirmation that is not waited for", func(b *bundle.Bundle) { b.Process.Steps[1].Otherwise = "Proceed" }, "spec.agents[1].otherwise", bundle.CodeContradictory},
		{"an algorithm", func(b *bundle.Bundle) {
			b.Agents = append(b.Agents, bundle.Agent{Name: "bkt", Kind: bundle.AgentAlgorithm, Version: "1"})
			b.Process.Steps[0].Agent = "bkt"
		}, "spec.agents[0].agent", engine.CodeUnsupported},
		{"a person who proposes", func(b *bundle.Bundle) { b.Process.Steps[0].Agent = "family" }, "spec.agents[0].role", engine.CodeUnsupported},
		{"rules that accept their own proposal", func(b *bundle.Bundle) { b.Process.Steps[2].Agent = bundle.BuiltinRulesAgent }, "spec.agents[2].agent", bundle.CodeContradictory},
		{"an otherwise that never comes", func(b *bundle.Bundle) { b.Process.Steps[2].Within = 0 }, "spec.agents[2].otherwise", bundle.CodeContradictory},
		{"an escalation to nobody", func(b *bundle.Bundle) { b.Process.Steps[1].EscalateTo = "" }, "spec.agents[1].escalateTo", bundle.CodeRequired},
		{"a deadline beyond all time", func(b *bundle.Bundle) { b.Process.Steps[1].Within = 1 << 52 }, "spec.agents[1].within", bundle.CodeTooLong},
		{"a validity beyond all time", func(b *bundle.Bundle) { b.Process.ValidFor = 1 << 52 }, "spec.result.validFor", bundle.CodeTooLong},
		{"a key after the lottery", func(b *bundle.Bundle) {
			b.Priority.Order = append(b.Priority.Order, bundle.Order{Expression: "decision.priority"})
		}, "spec.order[2]", bundle.CodeContradictory},
		{"a faulty rule", func(b *bundle.Bundle) { b.Rules.Rules[0].When = "student.height < 2.0" }, "spec.rules[0].when", rule.CodeUndeclaredAttribute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tutoring()
			tt.edit(b)
			_, err := engine.Compile(b)
			var found rule.Diagnostics
			if !errors.As(err, &found) || len(found.Faults()) != 1 {
				t.Fatalf("error %v, want one diagnostic", err)
			}
			if d := found.Faults()[0]; d.Path != tt.path || d.Code != tt.code || d.Message == "" || d.Mend == "" {
				t.Errorf("diagnostic %+v, want %s at %s with message and mend", d, tt.code, tt.path)
			}
		})
	}
}

func BenchmarkDecideAll(b *testing.B) {
	const students = 20_000
	p, pop := compile(b, tutoring()), many(b, students)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			r := run()
			r.Workers = workers
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.DecideAll(context.Background(), pop, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*students/b.Elapsed().Seconds(), "students/s")
		})
	}
}

func record(b *engine.Batch, i int) *decision.Record {
	r := b.Decisions.Record(i)
	return &r
}

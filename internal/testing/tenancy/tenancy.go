// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenancy makes what an evaluator is given: small rosters, revisions
// and assignments.
package tenancy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
)

// Old is a modification time that no test's clock is near of: a file of that
// age is not being written.
var Old = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Pupil is a row of users.csv.
type Pupil struct {
	ID, School string
	Score      string // empty: none is known
}

// Pupils are n pupils of a school with scores 0, 1, 2, …
func Pupils(prefix, school string, n int) []Pupil {
	pupils := make([]Pupil, n)
	for i := range pupils {
		pupils[i] = Pupil{fmt.Sprintf("%s-%05d", prefix, i), school, fmt.Sprint(i % 100)}
	}
	return pupils
}

// Given and Family are everybody's names, for tests that search for them.
const (
	Given  = "Wilhelmina"
	Family = "Quackenbush"
)

const manifest = `propertyName,value
manifest.version,1.0
oneroster.version,1.1
file.academicSessions,absent
file.categories,absent
file.classResources,absent
file.classes,absent
file.courseResources,absent
file.courses,absent
file.demographics,absent
file.enrollments,absent
file.lineItems,absent
file.orgs,bulk
file.resources,absent
file.results,absent
file.users,bulk
source.systemName,test
source.systemCode,test
`

// Write writes a roster as a folder and gives all its files one age.
func Write(t testing.TB, dir string, pupils []Pupil, modified time.Time) {
	t.Helper()
	schools := map[string]bool{}
	orgs := strings.Builder{}
	orgs.WriteString("sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n")
	users := strings.Builder{}
	users.WriteString("sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,metadata.score\n")
	for _, p := range pupils {
		if !schools[p.School] {
			schools[p.School] = true
			fmt.Fprintf(&orgs, "%s,,,%s,school,,\n", p.School, p.School)
		}
		fmt.Fprintf(&users, "%s,,,true,%s,student,%s,,%s,%s,,,,,,,06,,%s\n", p.ID, p.School, p.ID, Given, Family, p.Score)
	}
	for name, content := range map[string]string{"manifest.csv": manifest, "orgs.csv": orgs.String(), "users.csv": users.String()} {
		File(t, filepath.Join(dir, name), content, modified)
	}
}

// File writes a file of a given age.
func File(t testing.TB, name, content string, modified time.Time) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, modified, modified); err != nil {
		t.Fatal(err)
	}
}

// Tutoring is a process that gives two places a school to those with the lowest
// scores; ties are broken by lot.
func Tutoring(name string, triggers ...bundle.Trigger) *bundle.Bundle {
	return &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: name, Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support", Triggers: triggers,
			Steps:  []bundle.Step{{Role: bundle.RolePropose, Agent: bundle.BuiltinRulesAgent}, {Role: bundle.RoleConfirm, Agent: "counsellor"}},
			Result: []bundle.Field{{Name: "support", Type: bundle.String, Values: []string{"tutoring", "none"}}},
		},
		Agents: []bundle.Agent{{Name: "counsellor", Kind: bundle.AgentPerson, Role: "counsellor"}},
		Information: bundle.Model{Name: "k12", Attributes: []bundle.Attribute{
			{Name: "score", Type: bundle.Number, From: bundle.From{OneRoster: &bundle.OneRoster{File: "users", Field: "metadata.score"}}, Missing: bundle.MissingUndetermined},
		}},
		Rules: bundle.RuleSet{
			Name: name, HitPolicy: bundle.First,
			Rules: []bundle.Rule{{
				ID: "low", When: "student.score < 40.0", Then: map[string]string{"support": "'tutoring'"}, Priority: "100.0 - student.score",
				Reason: bundle.Reason{Code: "LOW_SCORE", Text: map[string]string{"en": "The score is {{student.score}}, below 40."}},
			}},
			Otherwise: &bundle.Otherwise{
				Then:   map[string]string{"support": "'none'"},
				Reason: bundle.Reason{Code: "NOT_NEEDED", Text: map[string]string{"en": "No tutoring is needed."}},
			},
		},
		Priority: &bundle.Priority{
			Name: "seats", KeepSeated: true,
			Capacity: &bundle.Capacity{Resource: "seats", Per: bundle.PerSchool, Default: 2, Consumes: "decision.result.support == 'none' ? 0 : 1"},
			Order:    []bundle.Order{{Expression: "decision.priority", Descending: true}, {Lottery: &bundle.Lottery{}}},
		},
	}
}

// Triggers.
var (
	OnRequest = bundle.Trigger{Request: &bundle.RequestTrigger{}}
	OnChange  = bundle.Trigger{Information: &bundle.InformationTrigger{}}
	Nightly   = bundle.Trigger{Schedule: &bundle.ScheduleTrigger{Cron: "0 2 * * *", TimeZone: "America/New_York"}}
)

// Compile compiles revisions.
func Compile(t testing.TB, bundles ...*bundle.Bundle) map[bundle.Digest]*engine.Program {
	t.Helper()
	programs := map[bundle.Digest]*engine.Program{}
	for _, b := range bundles {
		program, err := engine.Compile(b)
		if err != nil {
			t.Fatal(err)
		}
		programs[program.Digest()] = program
	}
	return programs
}

// District assigns revisions to a district.
func District(t testing.TB, name, roster string, bundles ...*bundle.Bundle) assignment.District {
	t.Helper()
	d := assignment.District{Name: name, TimeZone: "America/New_York", Source: assignment.Source{Path: roster, CheckSeconds: 60}}
	for _, b := range bundles {
		digest, err := b.Digest()
		if err != nil {
			t.Fatal(err)
		}
		d.Processes = append(d.Processes, assignment.Process{Name: b.Process.Name, Revision: digest})
	}
	return d
}

// Mount writes an assignment and its bundles as the operator mounts them.
func Mount(t testing.TB, dir string, a *assignment.Assignment, bundles ...*bundle.Bundle) (assignmentDir, bundleDir string) {
	t.Helper()
	form, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	assignmentDir, bundleDir = filepath.Join(dir, "assignment"), filepath.Join(dir, "bundles")
	File(t, filepath.Join(assignmentDir, assignment.File), string(form), Old)
	for _, b := range bundles {
		canonical, err := b.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		File(t, filepath.Join(bundleDir, string(bundle.DigestOf(canonical)), assignment.BundleFile), string(canonical), Old)
	}
	return assignmentDir, bundleDir
}

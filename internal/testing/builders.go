// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package testing is fixtures for tests: builders of resources, an API server,
// and players of the parts that a test leaves out.
package testing

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Process builds a PersonalizationProcess.
type Process struct {
	object v1alpha1.PersonalizationProcess
}

// MakeProcess builds a process that decides about tutoring by the mathsScores of
// the InformationModel k12 and the RuleSet of its own name, in every district.
func MakeProcess(namespace, name string) *Process {
	return &Process{v1alpha1.PersonalizationProcess{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PersonalizationProcessSpec{
			Mode: v1alpha1.ModeLive, Purpose: "Placement", Juncture: "Support",
			Triggers:    []v1alpha1.Trigger{{Request: &v1alpha1.RequestTrigger{}}},
			Information: v1alpha1.ProcessInformation{Model: "k12", Attributes: []v1alpha1.AttributeName{"mathsScores"}},
			Rules:       v1alpha1.ProcessRules{RuleSet: v1alpha1.ObjectName(name)},
			Result:      v1alpha1.ProcessResult{Fields: []v1alpha1.ResultField{{Name: "support", Type: "String", Values: []string{"tutoring", "none"}}}},
		},
	}}
}

// Mode of the process.
func (b *Process) Mode(mode v1alpha1.Mode) *Process { b.object.Spec.Mode = mode; return b }

// Rules names the RuleSet.
func (b *Process) Rules(ruleSet string) *Process {
	b.object.Spec.Rules.RuleSet = v1alpha1.ObjectName(ruleSet)
	return b
}

// Priority names the PriorityPolicy.
func (b *Process) Priority(policy string) *Process {
	b.object.Spec.Priority = &v1alpha1.ProcessPriority{Policy: v1alpha1.ObjectName(policy)}
	return b
}

// Within nests the process in another.
func (b *Process) Within(process string) *Process {
	b.object.Spec.Within = &v1alpha1.WithinProcess{Process: v1alpha1.ObjectName(process)}
	return b
}

// Agent adds an agent in a role.
func (b *Process) Agent(role v1alpha1.Role, agent string) *Process {
	b.object.Spec.Agents = append(b.object.Spec.Agents, v1alpha1.ProcessAgent{Role: role, Agent: v1alpha1.ObjectName(agent)})
	return b
}

// Selecting picks districts by a label.
func (b *Process) Selecting(key, value string) *Process {
	b.object.Spec.Districts = &v1alpha1.ProcessDistricts{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}}
	return b
}

// Revision is a status with an accepted revision.
func (b *Process) Revision(digest v1alpha1.Digest) *Process {
	b.object.Status.Revision = digest
	return b
}

// Suspended sets spec.suspend.
func (b *Process) Suspended() *Process { b.object.Spec.Suspend = true; return b }

// Obj is the process.
func (b *Process) Obj() *v1alpha1.PersonalizationProcess { return b.object.DeepCopy() }

// RuleSet builds a RuleSet.
type RuleSet struct{ object v1alpha1.RuleSet }

// MakeRuleSet builds a rule set that gives tutoring to those whose last score
// is below a limit.
func MakeRuleSet(namespace, name, below string) *RuleSet {
	reason := func(code, text string) v1alpha1.Reason {
		return v1alpha1.Reason{Code: code, Text: map[string]v1alpha1.ReasonText{"en": v1alpha1.ReasonText(text)}}
	}
	return &RuleSet{v1alpha1.RuleSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.RuleSetSpec{
			HitPolicy: "First",
			Rules: []v1alpha1.Rule{{
				ID: "behind", When: v1alpha1.Expression("student.mathsScores.last(1).mean() < " + below),
				Then: map[string]v1alpha1.Expression{"support": "'tutoring'"}, Reason: reason("BEHIND", "The last score is below the limit."),
			}},
			Otherwise: &v1alpha1.Otherwise{Then: map[string]v1alpha1.Expression{"support": "'none'"}, Reason: reason("FINE", "The last score is above the limit.")},
		},
	}}
}

// When replaces the condition of the first rule.
func (b *RuleSet) When(expression string) *RuleSet {
	b.object.Spec.Rules[0].When = v1alpha1.Expression(expression)
	return b
}

// Obj is the rule set.
func (b *RuleSet) Obj() *v1alpha1.RuleSet { return b.object.DeepCopy() }

// MakeInformationModel builds a model with the attribute mathsScores.
func MakeInformationModel(namespace, name string) *v1alpha1.InformationModel {
	return &v1alpha1.InformationModel{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.InformationModelSpec{Attributes: []v1alpha1.Attribute{{
			Name: "mathsScores", Type: "NumberList", MaxItems: 5, Purposes: []v1alpha1.Purpose{"Placement"},
			From: v1alpha1.AttributeSource{OneRoster: &v1alpha1.OneRosterSource{File: "results", Field: "score", Last: 5}},
		}}},
	}
}

// MakePerson builds an agent of kind Person.
func MakePerson(namespace, name string) *v1alpha1.Agent {
	return &v1alpha1.Agent{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.AgentSpec{Kind: v1alpha1.AgentPerson, Person: &v1alpha1.PersonAgent{Role: v1alpha1.AgentRole(name)}},
	}
}

// MakePolicy builds a policy of seats per school.
func MakePolicy(namespace, name string, seats int64) *v1alpha1.PriorityPolicy {
	amount := v1alpha1.Amount(seats)
	return &v1alpha1.PriorityPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PriorityPolicySpec{
			Capacity: &v1alpha1.Capacity{Resource: "seats", Per: "School", Default: &amount},
			Order:    []v1alpha1.OrderKey{{Lottery: &v1alpha1.Lottery{}}},
		},
	}
}

// District builds a District.
type District struct{ object v1alpha1.District }

// MakeDistrict builds a shared district with its export on the claim
// <name>-roster.
func MakeDistrict(namespace, name string) *District {
	return &District{v1alpha1.District{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.DistrictSpec{
			Enrolment: 1000, TimeZone: "UTC", Isolation: v1alpha1.IsolationShared,
			Source: v1alpha1.DistrictSource{OneRosterCSV: &v1alpha1.OneRosterCSV{
				Volume: &v1alpha1.RosterVolume{PersistentVolumeClaim: &v1alpha1.RosterClaim{ClaimName: v1alpha1.SecretName(name + "-roster")}},
				Path:   "export.zip",
			}},
		},
	}}
}

// Enrolment is the number of students.
func (b *District) Enrolment(students int64) *District { b.object.Spec.Enrolment = students; return b }

// Dedicated asks for an evaluator of the district's own.
func (b *District) Dedicated() *District {
	b.object.Spec.Isolation = v1alpha1.IsolationDedicated
	return b
}

// Suspended sets spec.suspend.
func (b *District) Suspended() *District { b.object.Spec.Suspend = true; return b }

// Labels adds labels.
func (b *District) Labels(labels map[string]string) *District {
	if b.object.Labels == nil {
		b.object.Labels = map[string]string{}
	}
	maps.Copy(b.object.Labels, labels)
	return b
}

// HostPath takes the export from a folder of the node.
func (b *District) HostPath(folder, path string) *District {
	b.object.Spec.Source.OneRosterCSV = &v1alpha1.OneRosterCSV{
		Volume: &v1alpha1.RosterVolume{HostPath: &v1alpha1.RosterHostPath{Path: folder}}, Path: path,
	}
	return b
}

// URL takes the export from a server, with credentials from a Secret.
func (b *District) URL(url, secret string) *District {
	b.object.Spec.Source.OneRosterCSV = &v1alpha1.OneRosterCSV{URL: url, CredentialsSecretRef: &v1alpha1.LocalObjectReference{Name: v1alpha1.SecretName(secret)}}
	return b
}

// CABundle names the key of a Secret with the server's certificates.
func (b *District) CABundle(secret, key string) *District {
	b.object.Spec.Source.OneRosterCSV.CABundleSecretRef = &v1alpha1.SecretKeyReference{Name: v1alpha1.SecretName(secret), Key: key}
	return b
}

// Pin holds a process at a revision until an instant (RFC 3339).
func (b *District) Pin(process string, revision v1alpha1.Digest, expires string) *District {
	b.object.Spec.Pins = append(b.object.Spec.Pins, v1alpha1.Pin{
		Process: v1alpha1.ObjectName(process), Revision: revision, Reason: "under review", Expires: v1alpha1.Timestamp(expires),
	})
	return b
}

// Obj is the district.
func (b *District) Obj() *v1alpha1.District { return b.object.DeepCopy() }

// Evaluator builds an Evaluator.
type Evaluator struct{ object v1alpha1.Evaluator }

// MakeEvaluator builds a shared evaluator without districts.
func MakeEvaluator(namespace, name string) *Evaluator {
	return &Evaluator{v1alpha1.Evaluator{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.EvaluatorSpec{Isolation: v1alpha1.IsolationShared, Store: v1alpha1.EvaluatorStore{Size: "10Gi"}},
	}}
}

// Dedicated marks the evaluator as one district's own.
func (b *Evaluator) Dedicated() *Evaluator {
	b.object.Spec.Isolation = v1alpha1.IsolationDedicated
	return b
}

// Holding places a district on the evaluator.
func (b *Evaluator) Holding(district string, enrolment int64) *Evaluator {
	b.object.Spec.Districts = append(b.object.Spec.Districts, v1alpha1.PlacedDistrict{Name: v1alpha1.ObjectName(district), Enrolment: enrolment})
	return b
}

// Serving says that all replicas serve a revision to so many districts.
func (b *Evaluator) Serving(process string, revision v1alpha1.Digest, districts int32) *Evaluator {
	b.object.Status.Serving = append(b.object.Status.Serving, v1alpha1.ServedRevision{Process: v1alpha1.ObjectName(process), Revision: revision, Districts: districts})
	return b
}

// Ready sets the condition.
func (b *Evaluator) Ready(status metav1.ConditionStatus, reason string) *Evaluator {
	b.object.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, Reason: reason}}
	return b
}

// Obj is the evaluator.
func (b *Evaluator) Obj() *v1alpha1.Evaluator { return b.object.DeepCopy() }

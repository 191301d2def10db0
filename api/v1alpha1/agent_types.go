// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AgentKind is what an agent is.
//
// +kubebuilder:validation:Enum=Rules;Algorithm;Person;Committee;Remote
type AgentKind string

const (
	// AgentRules is the process's own RuleSet.
	AgentRules AgentKind = "Rules"
	// AgentAlgorithm is an algorithm of the engine.
	AgentAlgorithm AgentKind = "Algorithm"
	// AgentPerson is a kind of person.
	AgentPerson AgentKind = "Person"
	// AgentCommittee is several persons who decide together.
	AgentCommittee AgentKind = "Committee"
	// AgentRemote is a model behind an inference endpoint.
	AgentRemote AgentKind = "Remote"
)

// AgentSpec says who decides: exactly what kind asks for.
//
// +kubebuilder:validation:XValidation:rule="(self.kind == 'Person') == has(self.person)",message="person is needed with kind: Person, and only there"
// +kubebuilder:validation:XValidation:rule="(self.kind == 'Committee') == has(self.committee)",message="committee is needed with kind: Committee, and only there"
// +kubebuilder:validation:XValidation:rule="(self.kind == 'Algorithm') == has(self.algorithm)",message="algorithm is needed with kind: Algorithm, and only there"
// +kubebuilder:validation:XValidation:rule="(self.kind == 'Remote') == has(self.remote)",message="remote is needed with kind: Remote, and only there"
type AgentSpec struct {
	// kind of agent.
	// +required
	Kind AgentKind `json:"kind"`

	// description of the agent for those who read the process.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Description string `json:"description,omitempty"`

	// person says who may act.
	// +optional
	Person *PersonAgent `json:"person,omitempty"`

	// committee says who decides together.
	// +optional
	Committee *CommitteeAgent `json:"committee,omitempty"`

	// algorithm of the engine.
	// +optional
	Algorithm *AlgorithmAgent `json:"algorithm,omitempty"`

	// remote model.
	// +optional
	Remote *RemoteAgent `json:"remote,omitempty"`
}

// AgentRole is the role that a person has in a school or district: counsellor, teacher, family, student.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
// +kubebuilder:title="up to 63 lower-case letters, digits and hyphens, as in counsellor"
type AgentRole string

// PersonAgent is a kind of person.
type PersonAgent struct {
	// role of those who may act.
	// +required
	Role AgentRole `json:"role"`
}

// CommitteeAgent is several persons who decide together.
//
// +kubebuilder:validation:XValidation:rule="self.quorum <= self.members.size()",message="quorum is greater than the number of members"
type CommitteeAgent struct {
	// members by their role; a role may stand for one member only.
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +required
	Members []AgentRole `json:"members"`

	// quorum is how many members must agree.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	// +required
	Quorum int32 `json:"quorum"`
}

// AlgorithmAgent is an algorithm of the engine.
type AlgorithmAgent struct {
	// name of the algorithm.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name"`

	// version of the algorithm.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Version string `json:"version"`

	// parameters by name.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Parameters map[string]Decimal `json:"parameters,omitempty"`
}

// RemoteAgent is a model behind an endpoint of the Open Inference Protocol v2.
type RemoteAgent struct {
	// url of the inference server.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https://[^\s]+$`
	// +kubebuilder:title="an https address"
	// +required
	URL string `json:"url"`

	// model on that server.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Model string `json:"model"`

	// version of the model.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Version string `json:"version"`

	// timeout of one call.
	// +optional
	Timeout Duration `json:"timeout,omitempty"`

	// fallback is the Agent that decides when the model does not answer in time.
	// +optional
	Fallback ObjectName `json:"fallback,omitempty"`
}

// Agent is who decides: a kind of person, a committee, an algorithm, a remote model, or the rules.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=juncture
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.spec.kind`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.person.role`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name != 'rules' || self.spec.kind == 'Rules'",message="in a process, the agent name rules stands for the process's own rules: choose another name, or kind: Rules"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may have 63 characters at most, and hold lower-case letters, digits and hyphens only"
type Agent struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is declared.
	// +required
	Spec AgentSpec `json:"spec"`
}

// AgentList is a list of Agent objects.
//
// +kubebuilder:object:root=true
type AgentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Agent `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Mode says what a process's decisions may do.
//
// +kubebuilder:validation:Enum=Catalogue;Shadow;Advisory;Live
type Mode string

const (
	// ModeCatalogue processes are read, simulated and compared, never run.
	ModeCatalogue Mode = "Catalogue"
	// ModeShadow processes decide and record, and nobody acts on the result.
	ModeShadow Mode = "Shadow"
	// ModeAdvisory processes propose to people and take no seats.
	ModeAdvisory Mode = "Advisory"
	// ModeLive processes decide.
	ModeLive Mode = "Live"
)

// Juncture is the point of a student's educational plan that a process decides.
//
// +kubebuilder:validation:Enum=Objective;Content;Pace;Time;Place;Path;Media;Method;Product;Grouping;Assessment;Feedback;Elective;Support;Mentor;Teacher;Section;Track;Plan
type Juncture string

// Granularity is how much of a student's time one decision covers.
//
// +kubebuilder:validation:Enum=Moment;Task;Lesson;Period;Day;Week;Unit;Month;Quarter;Term;Course;Year;Years
type Granularity string

// Role is what an agent does in a process.
//
// +kubebuilder:validation:Enum=Propose;Confirm;Accept
type Role string

const (
	RolePropose Role = "Propose"
	RoleConfirm Role = "Confirm"
	RoleAccept  Role = "Accept"
)

// RulesAgent is the agent name that stands for the process's own rules. It
// needs no Agent object.
const RulesAgent ObjectName = "rules"

// ValueType is the type of an attribute or of a result field.
//
// +kubebuilder:validation:Enum=Boolean;Integer;Number;String;Date;IntegerList;NumberList;StringList;DateList
type ValueType string

// PersonalizationProcessSpec is what people declare about one process.
//
// +kubebuilder:validation:XValidation:rule="self.mode == 'Catalogue' || !has(self.guardrails) || !has(self.guardrails.prohibitedInputs) || !self.information.attributes.exists(a, a in self.guardrails.prohibitedInputs)",message="information.attributes names an attribute that guardrails.prohibitedInputs prohibits: remove it from one of them, or set mode: Catalogue",fieldPath=".information.attributes"
// +kubebuilder:validation:XValidation:rule="self.mode == 'Catalogue' || !has(self.guardrails) || !has(self.guardrails.humanConfirmation) || self.guardrails.humanConfirmation != 'Required' || (has(self.agents) && self.agents.exists(a, a.role == 'Confirm'))",message="guardrails.humanConfirmation is Required, so agents needs one with role: Confirm",fieldPath=".guardrails.humanConfirmation"
type PersonalizationProcessSpec struct {
	// mode says what the decisions may do. Catalogue: the process is read, simulated and compared, never run. Shadow: it decides
	// and records, and nobody acts on the result. Advisory: it proposes to people and takes no seats. Live: it decides.
	// +required
	Mode Mode `json:"mode"`

	// suspend stops new runs in every district. Decisions already made, and tasks already open, stay as they are.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// purpose the process uses information for. It may read only attributes whose purposes include it.
	// +required
	Purpose Purpose `json:"purpose"`

	// juncture of the student's plan that is decided.
	// +required
	Juncture Juncture `json:"juncture"`

	// granularity is how much of the student's time one decision covers.
	// +optional
	Granularity Granularity `json:"granularity,omitempty"`

	// within nests the process in another one: it is evaluated only for students for whom that process's decision holds.
	// +optional
	Within *WithinProcess `json:"within,omitempty"`

	// triggers are the ways a run starts. Without any, a run starts only on request.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Triggers []Trigger `json:"triggers,omitempty"`

	// information the rules may read, and nothing else.
	// +required
	Information ProcessInformation `json:"information"`

	// rules that decide.
	// +required
	Rules ProcessRules `json:"rules"`

	// agents that take part in each decision, in order. Without any, the rules propose and nobody else takes part.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.filter(a, a.role == 'Propose').size() <= 1",message="at most one agent may have role: Propose"
	// +kubebuilder:validation:XValidation:rule="!self.exists(a, a.role == 'Propose') || self[0].role == 'Propose'",message="the agent with role: Propose comes first"
	// +listType=atomic
	// +optional
	Agents []ProcessAgent `json:"agents,omitempty"`

	// result is what is decided.
	// +required
	Result ProcessResult `json:"result"`

	// priority says who comes first where there is not enough for all.
	// +optional
	Priority *ProcessPriority `json:"priority,omitempty"`

	// guardrails are the limits that the process declares for itself.
	// +optional
	Guardrails *Guardrails `json:"guardrails,omitempty"`

	// provenance is who designed the process, by what authority, on what evidence.
	// +optional
	Provenance *Provenance `json:"provenance,omitempty"`

	// districts that the process runs in. Without it: every district of the namespace.
	// +optional
	Districts *ProcessDistricts `json:"districts,omitempty"`

	// rollout is how a new revision reaches the districts. Without it: all at once.
	// +optional
	Rollout *RolloutStrategy `json:"rollout,omitempty"`
}

// WithinProcess names the process that another one is nested in.
type WithinProcess struct {
	// process whose decision must hold.
	// +required
	Process ObjectName `json:"process"`
}

// Trigger is one way a run of the process starts.
//
// +kubebuilder:validation:ExactlyOneOf=schedule;information;request;event;decision
type Trigger struct {
	// schedule starts a run at fixed times.
	// +optional
	Schedule *ScheduleTrigger `json:"schedule,omitempty"`

	// information starts a run when a district's information source changes.
	// +optional
	Information *InformationTrigger `json:"information,omitempty"`

	// request lets an authorized caller start a run.
	// +optional
	Request *RequestTrigger `json:"request,omitempty"`

	// event starts a decision about the student that an event is about.
	// +optional
	Event *EventTrigger `json:"event,omitempty"`

	// decision starts a decision about a student when another process has decided about the student.
	// +optional
	Decision *DecisionTrigger `json:"decision,omitempty"`
}

// ScheduleTrigger starts a run at each time that a cron expression matches.
type ScheduleTrigger struct {
	// cron is an expression of five fields: minute, hour, day of the month, month, day of the week.
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4}$`
	// +kubebuilder:title="five fields, as in \"0 2 * * 1-5\""
	// +required
	Cron string `json:"cron"`

	// timeZone of the times, by its name in the IANA database. Without it: the district's own.
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`
}

// TimeZone is a name of the IANA time zone database: America/New_York.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`
// +kubebuilder:title="a name of the IANA database, as in America/New_York"
type TimeZone string

// InformationTrigger starts a run when the content of the source changes.
type InformationTrigger struct {
	// attributes whose change matters. Without any: all that the process declares.
	// +kubebuilder:validation:MaxItems=128
	// +listType=set
	// +optional
	Attributes []AttributeName `json:"attributes,omitempty"`
}

// RequestTrigger lets an authorized caller start a run.
type RequestTrigger struct{}

// EventTrigger starts a decision on a CloudEvent.
type EventTrigger struct {
	// type of the CloudEvent, or of the Caliper event or xAPI statement in it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Type string `json:"type"`

	// filter is a CEL condition over event.
	// +optional
	Filter Expression `json:"filter,omitempty"`
}

// DecisionTrigger starts a decision when another process has decided.
type DecisionTrigger struct {
	// process whose decision starts this one.
	// +required
	Process ObjectName `json:"process"`

	// when is a CEL condition over the other decision's result.
	// +optional
	When Expression `json:"when,omitempty"`
}

// ProcessInformation declares what the rules may read.
type ProcessInformation struct {
	// model is the InformationModel that defines the attributes.
	// +required
	Model ObjectName `json:"model"`

	// attributes of the model that the rules, the priority and the capacity may read: student.<name>.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +listType=set
	// +required
	Attributes []AttributeName `json:"attributes"`
}

// ProcessRules names the rules.
type ProcessRules struct {
	// ruleSet is the RuleSet that decides.
	// +required
	RuleSet ObjectName `json:"ruleSet"`
}

// ProcessAgent is one agent's part in each decision.
//
// +kubebuilder:validation:XValidation:rule="!has(self.otherwise) || has(self.within)",message="otherwise needs within: the time after which it happens"
// +kubebuilder:validation:XValidation:rule="!has(self.within) || has(self.otherwise)",message="within needs otherwise: what happens when the time is over (Escalate, Lapse or Proceed)"
// +kubebuilder:validation:XValidation:rule="(has(self.otherwise) && self.otherwise == 'Escalate') == has(self.escalateTo)",message="escalateTo is needed with otherwise: Escalate, and only there"
// +kubebuilder:validation:XValidation:rule="self.agent != 'rules' || self.role == 'Propose'",message="the agent rules can only have role: Propose"
type ProcessAgent struct {
	// role is what the agent does. Propose: makes the first decision. Confirm: must agree before anything is offered. Accept: takes
	// up or declines what is offered.
	// +required
	Role Role `json:"role"`

	// agent is the Agent that acts; rules stands for the process's own rules.
	// +required
	Agent ObjectName `json:"agent"`

	// within is the time the agent has.
	// +optional
	Within Duration `json:"within,omitempty"`

	// otherwise is what happens when the time is over. Escalate: the task goes to escalateTo. Lapse: the decision lapses. Proceed:
	// it goes on as if the agent had agreed.
	// +kubebuilder:validation:Enum=Escalate;Lapse;Proceed
	// +optional
	Otherwise string `json:"otherwise,omitempty"`

	// escalateTo is the Agent that the task goes to when the time is over.
	// +optional
	EscalateTo ObjectName `json:"escalateTo,omitempty"`

	// appliesTo says for which decisions the agent acts. Selected: those that a rule selected and, where there is a capacity, that
	// hold a place. All: every decision, those of otherwise included.
	// +kubebuilder:validation:Enum=Selected;All
	// +kubebuilder:default=Selected
	// +optional
	AppliesTo string `json:"appliesTo,omitempty"`
}

// ProcessResult is what is decided about each student.
type ProcessResult struct {
	// fields of the result, in the order in which they are printed.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(f, self.exists_one(g, g.name == f.name))",message="two fields have the same name"
	// +listType=atomic
	// +required
	Fields []ResultField `json:"fields"`

	// validFor is how long a decision holds; then it expires and must be decided anew. Without it: until it is superseded.
	// +optional
	ValidFor Duration `json:"validFor,omitempty"`
}

// ResultField is one field of the result.
//
// +kubebuilder:validation:XValidation:rule="!has(self.values) || self.type in ['String', 'StringList']",message="values is for fields of type String and StringList"
// +kubebuilder:validation:XValidation:rule="!(has(self.minimum) || has(self.maximum)) || self.type in ['Integer', 'Number', 'IntegerList', 'NumberList']",message="minimum and maximum are for numeric fields"
type ResultField struct {
	// name of the field: what the rules set under then.
	// +required
	Name AttributeName `json:"name"`

	// type of the field.
	// +required
	Type ValueType `json:"type"`

	// values are all that a String field may hold, highest output priority first: the hit policy Priority orders rules by it.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +optional
	Values []string `json:"values,omitempty"`

	// minimum is the least value of a number.
	// +optional
	Minimum *Decimal `json:"minimum,omitempty"`

	// maximum is the greatest value of a number.
	// +optional
	Maximum *Decimal `json:"maximum,omitempty"`
}

// ProcessPriority names the policy.
type ProcessPriority struct {
	// policy is the PriorityPolicy that holds the capacity and the order.
	// +required
	Policy ObjectName `json:"policy"`
}

// Guardrails are the limits that a process declares for itself.
type Guardrails struct {
	// prohibitedInputs are attributes that no rule may read, neither directly nor through anything derived from them.
	// +kubebuilder:validation:MaxItems=128
	// +listType=set
	// +optional
	ProhibitedInputs []AttributeName `json:"prohibitedInputs,omitempty"`

	// additiveOnly forbids decisions that take something away from a student who had it.
	// +optional
	AdditiveOnly bool `json:"additiveOnly,omitempty"`

	// humanConfirmation Required means that nothing happens before a person with role: Confirm agreed.
	// +kubebuilder:validation:Enum=Required;NotRequired
	// +optional
	HumanConfirmation string `json:"humanConfirmation,omitempty"`

	// appeal says to whom, and for how long, a decision can be contested.
	// +optional
	Appeal *Appeal `json:"appeal,omitempty"`

	// fairness are bounds on how groups may differ.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Fairness []FairnessBound `json:"fairness,omitempty"`
}

// Appeal is how a decision can be contested.
type Appeal struct {
	// to is the Agent that hears the appeal.
	// +required
	To ObjectName `json:"to"`

	// within is how long after the decision it can be contested.
	// +required
	Within Duration `json:"within"`
}

// FairnessBound is one bound on how groups may differ.
type FairnessBound struct {
	// attribute whose values are the groups. It may be one that rules may not read (use: AuditOnly).
	// +required
	Attribute AttributeName `json:"attribute"`

	// metric that is bounded. SelectionRateRatio: the least selection rate of a group divided by the greatest.
	// +kubebuilder:validation:Enum=SelectionRateRatio;SelectionRateDifference
	// +required
	Metric string `json:"metric"`

	// minimum the metric may have.
	// +optional
	Minimum *Decimal `json:"minimum,omitempty"`

	// maximum the metric may have.
	// +optional
	Maximum *Decimal `json:"maximum,omitempty"`

	// minimumCell is the least number of students a group needs to be looked at.
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=10000
	// +kubebuilder:default=10
	// +optional
	MinimumCell int32 `json:"minimumCell,omitempty"`

	// action when the bound is broken. Report: it is shown. HoldWave: the rollout stops before the next wave.
	// +kubebuilder:validation:Enum=Report;HoldWave
	// +kubebuilder:default=Report
	// +optional
	Action string `json:"action,omitempty"`
}

// Provenance is where a design comes from.
type Provenance struct {
	// author of the design.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Author string `json:"author,omitempty"`

	// authority that the design rests on: a board minute, a law, a contract.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Authority string `json:"authority,omitempty"`

	// vendorTies are interests of whoever sells something that the design needs; none says that there are none.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	VendorTies string `json:"vendorTies,omitempty"`

	// evidence that the design works.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Evidence is one source for a claim that a design works.
type Evidence struct {
	// citation of the source.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Citation string `json:"citation"`

	// strength by the tiers of the Every Student Succeeds Act (20 U.S.C. 7801(21)); None where the evidence speaks against it.
	// +kubebuilder:validation:Enum=Strong;Moderate;Promising;Rationale;None
	// +required
	Strength string `json:"strength"`
}

// ProcessDistricts selects the districts that a process runs in.
type ProcessDistricts struct {
	// selector over the labels of the District objects of the namespace. Without it: all of them.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// PersonalizationProcessStatus is what the controller found and did.
type PersonalizationProcessStatus struct {
	// observedGeneration is the generation of spec that this status is about.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// revision is the digest of the revision that the process and all it refers to amount to now.
	// +optional
	Revision Digest `json:"revision,omitempty"`

	// revisionName is the name of the ProcessRevision with that digest.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	RevisionName string `json:"revisionName,omitempty"`

	// districts counts the districts.
	// +optional
	Districts ProcessDistrictCounts `json:"districts,omitzero"`

	// conditions are Accepted and Ready.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ProcessDistrictCounts counts the districts of a process.
type ProcessDistrictCounts struct {
	// selected is how many districts the process selects.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Selected int32 `json:"selected"`

	// serving is how many of them are served by revision on every replica of their evaluator.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Serving int32 `json:"serving"`
}

// PersonalizationProcess is one decision process: once triggered, agents use declared information about a student, under rules,
// to decide one juncture of that student's educational plan.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pproc,categories=juncture
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revisionName`
// +kubebuilder:printcolumn:name="Districts",type=integer,JSONPath=`.status.districts.selected`
// +kubebuilder:printcolumn:name="Serving",type=integer,JSONPath=`.status.districts.serving`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Juncture",type=string,priority=1,JSONPath=`.spec.juncture`
// +kubebuilder:printcolumn:name="Within",type=string,priority=1,JSONPath=`.spec.within.process`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 50",message="the name may have 50 characters at most: revisions are named after it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name may hold lower-case letters, digits and hyphens only"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.within) || self.spec.within.process != self.metadata.name",message="a process cannot be within itself"
type PersonalizationProcess struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what people declare.
	// +required
	Spec PersonalizationProcessSpec `json:"spec"`

	// status is what the controller found and did.
	// +optional
	Status PersonalizationProcessStatus `json:"status,omitzero"`
}

// PersonalizationProcessList is a list of processes.
//
// +kubebuilder:object:root=true
type PersonalizationProcessList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []PersonalizationProcess `json:"items"`
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Conditions and their reasons. Each condition has one block; a reason not
// listed here is never written. Messages name objects, fields and counts, never
// a student, and hold no time stamps, so that the same state gives the same text.

// ConditionReady is the one condition that every kind with a status has: True when what
// is declared is in force, False when it cannot come to be without somebody
// acting, Unknown while it is on its way.
const ConditionReady = "Ready"

// Reasons of Ready on a PersonalizationProcess.
const (
	// ReasonAllServing (True): every selected district is served by the current revision on every replica.
	ReasonAllServing = "AllServing"
	// ReasonProgressing (Unknown): some districts are not served by the current revision yet; the message counts them.
	ReasonProgressing = "Progressing"
	// ReasonNotAccepted (False): the process is not accepted, see the condition Accepted. Districts keep the last revision that was.
	ReasonNotAccepted = "NotAccepted"
	// ReasonNoDistricts (False): no district of the namespace is selected.
	ReasonNoDistricts = "NoDistricts"
	// ReasonSuspended (False): spec.suspend is set, no run starts.
	ReasonSuspended = "Suspended"
	// ReasonCatalogueOnly (True): mode is Catalogue, so the process is closed into a revision and never run.
	ReasonCatalogueOnly = "CatalogueOnly"
	// ReasonEvaluatorsUnavailable (False): an evaluator that serves selected districts is not available; the message names it.
	ReasonEvaluatorsUnavailable = "EvaluatorsUnavailable"
)

// ConditionAccepted on a PersonalizationProcess: whether the process and all it refers
// to amount to a revision.
const ConditionAccepted = "Accepted"

// Reasons of Accepted.
const (
	// ReasonAccepted (True): status.revision is the revision of this generation and of the present state of what it refers to.
	ReasonAccepted = "Accepted"
	// ReasonReferenceNotFound (False): an object it refers to does not exist; the message names it. It heals when the object appears.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonInformationInvalid (False): the information does not fit: an attribute that the model does not have, that is for audit only, or
	// whose purposes leave this process's out.
	ReasonInformationInvalid = "InformationInvalid"
	// ReasonInvalid (False): the process, its agents and its priority do not make a whole; the message names the fields.
	ReasonInvalid = "Invalid"
	// ReasonRulesInvalid (False): the rules do not compile against the declared information and result; the message says where.
	ReasonRulesInvalid = "RulesInvalid"
	// ReasonCycleDetected (False): the process is within itself by way of others; the message names the cycle.
	ReasonCycleDetected = "CycleDetected"
	// ReasonUnsupported (False): the process asks for something that this version cannot evaluate; the message says what, and how to go on without.
	ReasonUnsupported = "Unsupported"
	// ReasonSelectorInvalid (False): a label selector cannot be evaluated; the message says why.
	ReasonSelectorInvalid = "SelectorInvalid"
	// ReasonRevisionTooLarge (False): the revision exceeds what one object may hold; the message gives both sizes.
	ReasonRevisionTooLarge = "RevisionTooLarge"
	// ReasonRevisionConflict (False): a ProcessRevision of the needed name exists with another content; the message names it.
	ReasonRevisionConflict = "RevisionConflict"
)

// Reasons of Ready on a District. ReasonAllServing, ReasonProgressing,
// ReasonSuspended and ReasonEvaluatorsUnavailable mean there what they mean on
// a process, for the processes that select the district.
const (
	// ReasonNoProcesses (True): the district is placed and its source can be read, and no process selects it.
	ReasonNoProcesses = "NoProcesses"
	// ReasonSourceUnreadable (False): the source cannot be read, see the condition SourceRead.
	ReasonSourceUnreadable = "SourceUnreadable"
	// ReasonNotPlaced (Unknown): the district is not placed yet, see the condition Placed.
	ReasonNotPlaced = "NotPlaced"
	// ReasonPinned (True): every process is served, at least one of them by a pinned revision; the message names the pins.
	ReasonPinned = "Pinned"
	// ReasonPinNotFound (False): a pin names a revision that does not exist, so that process does not run in the district; the message names both.
	ReasonPinNotFound = "PinNotFound"
)

// ConditionPlaced on a District: whether an Evaluator has been found for it.
const ConditionPlaced = "Placed"

// Reasons of Placed.
const (
	// ReasonPlaced (True): status.evaluator serves the district.
	ReasonPlaced = "Placed"
	// ReasonAwaitingPlacement (Unknown): an evaluator is being found.
	ReasonAwaitingPlacement = "AwaitingPlacement"
	// ReasonPlacementConflict (False): the district cannot be placed as declared without moving its record; the message says why.
	ReasonPlacementConflict = "PlacementConflict"
	// ReasonStoreUnsupported (False): spec.store names a kind of store that this version does not have.
	ReasonStoreUnsupported = "StoreUnsupported"
)

// ConditionSourceRead on a District and its DecisionReport: whether the last look at the
// source gave a roster.
const ConditionSourceRead = "SourceRead"

// Reasons of SourceRead.
const (
	// ReasonSourceRead (True): the source was read; the message counts rows that were left out.
	ReasonSourceRead = "SourceRead"
	// ReasonSourceAwaited (Unknown): nobody has looked yet.
	ReasonSourceAwaited = "SourceAwaited"
	// ReasonSourceNotFound (False): there is no volume, file or folder of that name, or the server answered 404.
	ReasonSourceNotFound = "SourceNotFound"
	// ReasonSourceRefused (False): the server or the file system refused access.
	ReasonSourceRefused = "SourceRefused"
	// ReasonSourceUnreachable (False): the server did not answer.
	ReasonSourceUnreachable = "SourceUnreachable"
	// ReasonSourceInvalid (False): what was found is no OneRoster export, and the message names file and column; or it lacks most of the students of
	// the last run. Nothing is decided on it, and decisions made before stand.
	ReasonSourceInvalid = "SourceInvalid"
	// ReasonCredentialsNotFound (False): the Secret that holds the credentials or certificates, or its key, does not exist.
	ReasonCredentialsNotFound = "CredentialsNotFound"
)

// Reasons of Ready on an Evaluator.
const (
	// ReasonServing (True): every replica serves the wanted assignment.
	ReasonServing = "Serving"
	// ReasonReplicasPending (Unknown): some replicas do not serve the wanted assignment yet; the message counts them.
	ReasonReplicasPending = "ReplicasPending"
	// ReasonReplicasFailing (False): replicas cannot start or keep failing; the message says what the pods say.
	ReasonReplicasFailing = "ReplicasFailing"
	// ReasonWorkloadInvalid (False): the cluster refused one of the evaluator's objects; the message names it.
	ReasonWorkloadInvalid = "WorkloadInvalid"
	// ReasonNothingAssigned (True): no process is to run in any of its districts. While a suspended one selects them it answers reads; else it
	// has no workload, and its claim keeps their record.
	ReasonNothingAssigned = "NothingAssigned"
)

// Reasons of Ready on a DecisionReport.
const (
	// ReasonReported (True): the counts are those of the last runs.
	ReasonReported = "Reported"
	// ReasonNoRuns (Unknown): no process has run in the district yet.
	ReasonNoRuns = "NoRuns"
	// ReasonRunFailed (False): the last run of a process could not be finished; the message names it.
	ReasonRunFailed = "RunFailed"
)

// ConditionRecordWhole on a DecisionReport: whether the record, read from end to end,
// holds what it acknowledged and nothing else.
const ConditionRecordWhole = "RecordWhole"

// Reasons of RecordWhole.
const (
	// ReasonRecordWhole (True): every segment is there, and its content is what its root says.
	ReasonRecordWhole = "RecordWhole"
	// ReasonRecordUnchecked (Unknown): the record has not been read from end to end yet.
	ReasonRecordUnchecked = "RecordUnchecked"
	// ReasonRecordDamaged (False): a segment is missing or changed; the message names the segment. No run starts in the district until it is mended.
	ReasonRecordDamaged = "RecordDamaged"
)

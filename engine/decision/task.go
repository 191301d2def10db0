// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// Task asks a person or a committee to act on one decision.
type Task struct {
	// ID is the first 16 bytes of SHA-256(decision ‖ role ‖ agent) in hexadecimal:
	// a retried run opens no second task.
	ID       string
	Decision string
	District string
	Process  string
	Role     bundle.Role
	Agent    string
	Opened   time.Time
	// Due is when Otherwise happens if nobody acted; zero for never.
	Due time.Time
	// Otherwise is Escalate, Lapse, Proceed, or empty where the task stays open.
	Otherwise  string
	EscalateTo string
	State      TaskState
}

// TaskState is where a task stands.
type TaskState string

const (
	// TaskOpen: somebody has to act.
	TaskOpen TaskState = "Open"
	// TaskDone: somebody acted.
	TaskDone TaskState = "Done"
	// TaskEscalated: nobody acted in time and another task was opened.
	TaskEscalated TaskState = "Escalated"
	// TaskLapsed: nobody acted in time and nothing more is asked.
	TaskLapsed TaskState = "Lapsed"
	// TaskWithdrawn: the decision came to its end before anybody acted.
	TaskWithdrawn TaskState = "Withdrawn"
)

// Open is the task that a step opens on a decision at that decision's instant.
func Open(r Record, s bundle.Step) Task {
	t := Task{
		ID:       digest(r.ID, string(s.Role), s.Agent),
		Decision: r.ID, District: r.District, Process: r.Process,
		Role: s.Role, Agent: s.Agent,
		Opened:    r.At,
		Otherwise: s.Otherwise, EscalateTo: s.EscalateTo,
		State: TaskOpen,
	}
	if s.Within > 0 {
		t.Due = r.At.Add(time.Duration(s.Within) * time.Second)
	}
	return t
}

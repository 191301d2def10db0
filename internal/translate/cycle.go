// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// CycleError says that processes are nested in one another in a circle.
type CycleError struct {
	// Processes of the cycle, beginning with the least name; each is within the
	// next, and the last within the first.
	Processes []string
}

func (e *CycleError) Error() string {
	return fmt.Sprintf("spec.within: %s", e.describe())
}

func (e *CycleError) describe() string {
	return "processes are within one another: " + strings.Join(append(slices.Clone(e.Processes), e.Processes[0]), " within ")
}

// Fault is the cycle as a fault of its first process.
func (e *CycleError) Fault() bundle.Fault {
	return bundle.Fault{
		Object: KindProcess, Name: e.Processes[0], Path: "spec.within.process", Code: CodeCycle,
		Message: e.describe(), Mend: "take one of them out of the other",
	}
}

// Cycles finds the cycles of spec.within among the processes of one namespace,
// ordered by their first name. A process that leads into a cycle without being
// part of it is not named.
func Cycles(processes []v1alpha1.PersonalizationProcess) []*CycleError {
	within := map[string]string{}
	for i := range processes {
		if w := processes[i].Spec.Within; w != nil {
			within[processes[i].Name] = string(w.Process)
		}
	}
	names := make([]string, 0, len(within))
	for name := range within {
		names = append(names, name)
	}
	slices.Sort(names)

	// Each process has one parent at most, so a walk upwards either ends or
	// comes back to where it has been.
	var cycles []*CycleError
	visited := map[string]bool{}
	for _, start := range names {
		var walk []string
		name := start
		for ; name != "" && !visited[name]; name = within[name] {
			visited[name] = true
			walk = append(walk, name)
		}
		if from := slices.Index(walk, name); from >= 0 {
			cycles = append(cycles, &CycleError{Processes: leastFirst(walk[from:])})
		}
	}
	slices.SortFunc(cycles, func(a, b *CycleError) int { return cmp.Compare(a.Processes[0], b.Processes[0]) })
	return cycles
}

// leastFirst turns a circle so that it begins with its least name.
func leastFirst(circle []string) []string {
	first := slices.Index(circle, slices.Min(circle))
	return slices.Concat(circle[first:], circle[:first])
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

// explainFailure prints what people look at first when something fails: the resources, the pods, what happened, what was logged.
// None of it may hold a student's data; see secrecy.
func explainFailure() {
	show := func(arguments ...string) {
		printed, err := try("kubectl", arguments...)
		if err != nil {
			printed += err.Error()
		}
		fmt.Fprintf(GinkgoWriter, "\n$ kubectl %s\n%s", strings.Join(arguments, " "), printed)
	}
	show("logs", "--namespace", releaseNamespace, "--selector", "app.kubernetes.io/component=manager", "--since", "2m", "--tail", "20", "--prefix")
	for _, n := range networks {
		in := "--namespace=" + n.namespace
		show("get", in, "personalizationprocesses,districts,evaluators,decisionreports", "--output", "wide")
		show("get", in, "pods", "--output", "wide")
		show("get", in, "events", "--sort-by", ".lastTimestamp")
		show("logs", in, "--selector", "app.kubernetes.io/component=evaluator", "--tail", "25", "--prefix")
	}
	if kept() {
		fmt.Fprintf(GinkgoWriter, "\nKept because of JUNCTURE_E2E_KEEP; to remove it: kubectl delete namespace --selector %s\n", labelled)
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// run runs a program on the PATH to its end and returns what it printed; the story fails if the program does.
func run(program string, arguments ...string) string {
	GinkgoHelper()
	printed, err := try(program, arguments...)
	Expect(err).NotTo(HaveOccurred(), "%s %s\n%s", program, strings.Join(arguments, " "), shortened(printed))
	return printed
}

// shortened is the beginning of what a program printed.
func shortened(printed string) string {
	const most = 4000
	if len(printed) <= most {
		return printed
	}
	return printed[:most] + "…"
}

// try is run for programs that may fail.
func try(program string, arguments ...string) (printed string, err error) {
	limited, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(limited, program, arguments...)
	command.Dir = root
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err = command.Run()
	return output.String(), err
}

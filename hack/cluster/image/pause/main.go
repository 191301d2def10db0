// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Pause is the program of a pod's sandbox: it holds the pod's namespaces open until it is told to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signal.Ignore(syscall.SIGCHLD) // the kernel reaps the children of a shared process namespace
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}

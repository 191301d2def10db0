// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command juncture runs, checks, tests and explains personalization processes
// without a cluster. Named kubectl-juncture it is a plugin of kubectl.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/juncture-dev/juncture/internal/cli"
)

func main() {
	cli.TradeMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(cli.Main(ctx, cli.System(), os.Args))
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine"
)

func newVersion(env *Environment) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and that of the engine that decides",
		Example: "  juncture version",
		Args:    noArguments,
		Run: func(*cobra.Command, []string) {
			fmt.Fprintf(env.Out, "juncture %s\nengine %s\n%s %s/%s\n", version(), engine.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// version is what the Go toolchain recorded when it built the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

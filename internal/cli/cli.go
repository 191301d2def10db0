// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line: one file a verb. It reads the clock in one
// place (Environment.Now) and hands everything else to the packages that the
// operator uses, so that a manifest gives the same decisions with and without a
// cluster.
//
// Standard output carries what was asked for and nothing else; everything about
// the work itself is on standard error.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // districts name their time zone, and not every machine has the table

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes.
const (
	ExitDone    = 0
	ExitRefused = 1 // something was refused, or failed
	ExitUsage   = 2 // the command line cannot be understood
)

// Environment is what a verb has from the outside.
type Environment struct {
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	Entropy  io.Reader // for students' keys in the record
}

// System is the environment of a program.
func System() Environment {
	return Environment{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, Entropy: rand.Reader}
}

// usageError says that the command line cannot be understood.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errReported ends a verb that has said already what is wrong.
var errReported = errors.New("reported")

// Main runs the program with its arguments, the first being its own name, and
// gives the exit code.
func Main(ctx context.Context, env Environment, args []string) int {
	root := newRoot(&env, programName(args))
	root.SetArgs(args[min(1, len(args)):])
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)

	running := false
	root.PersistentPreRunE = func(verb *cobra.Command, _ []string) error {
		running = true
		return noneEmpty(verb.Flags())
	}
	verb, err := root.ExecuteContextC(ctx)
	var misused usageError
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, errReported):
		return ExitRefused
	case errors.As(err, &misused) || !running:
		fmt.Fprintf(env.Err, "%s: %v\nSee '%s --help'.\n", verb.CommandPath(), err, verb.CommandPath())
		return ExitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(env.Err, "%s: interrupted; nothing was left half done\n", verb.CommandPath())
		return ExitRefused
	}
	fmt.Fprintf(env.Err, "%s: %v\n", verb.CommandPath(), err)
	return ExitRefused
}

// noneEmpty refuses flags that are given without a value: --store "$STORE" where
// the variable is not set would otherwise decide and keep no record.
func noneEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = usage("--%s is empty: give it a value, or leave it out", f.Name)
		}
	})
	return err
}

// programName is how the user calls the program: kubectl finds kubectl-juncture
// as "kubectl juncture".
func programName(args []string) string {
	if len(args) > 0 && strings.HasPrefix(filepath.Base(args[0]), "kubectl-") {
		return "kubectl juncture"
	}
	return "juncture"
}

// noArguments is for verbs that have flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return fmt.Errorf("there is no verb %q", args[0])
	}
	return fmt.Errorf("%q: no such argument is expected; what is named twice needs its flag twice", args[0])
}

func newRoot(env *Environment, name string) *cobra.Command {
	root := &cobra.Command{
		Use:   "juncture",
		Short: "Decide, check, test and explain personalization processes from their manifests",
		Long: `Juncture decides about students as declared: processes, rules, priorities and
districts are resources of juncture.dev, here read from files, in a cluster
reconciled by the operator. Both decide alike.

Exit codes: 0 done, 1 something was refused or failed, 2 the command line cannot
be understood.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Args:              noArguments,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.AddCommand(
		newRun(env), newVet(env), newTest(env), newExplain(env), newVerify(env), newGenerate(env), newVersion(env),
	)
	for _, verb := range root.Commands() {
		fillIn(verb, name)
	}
	return root
}

// fillIn puts the program's name into examples.
func fillIn(verb *cobra.Command, name string) {
	verb.Example = strings.ReplaceAll(verb.Example, "juncture ", name+" ")
	verb.DisableFlagsInUseLine = true
	for _, below := range verb.Commands() {
		fillIn(below, name)
	}
}

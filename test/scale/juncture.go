// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/juncture-dev/juncture/internal/cli"
)

// What a program finds in its environment if it is to be juncture.
const (
	childVariable   = "JUNCTURE_SCALE_CHILD"
	plainVariable   = "JUNCTURE_SCALE_PLAIN_KEYS"
	profileVariable = "JUNCTURE_SCALE_PROFILE"
)

// BeJuncture must be called first by every program that uses a Juncture. If a
// Juncture started the program, it runs the command line in it and does not
// return.
func BeJuncture() {
	if os.Getenv(childVariable) == "" {
		return
	}
	cli.TradeMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := cli.System()
	if os.Getenv(plainVariable) != "" {
		env.Entropy = same{}
	}
	finish, err := profile(os.Getenv(profileVariable))
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(cli.ExitRefused)
	}
	code := cli.Main(ctx, env, append([]string{"juncture"}, os.Args[1:]...))
	stop()
	if err := finish(); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		code = cli.ExitRefused
	}
	os.Exit(code)
}

// same is an endless run of one byte, whoever reads first: with it the heads of
// two records of the same decisions are the same. Nobody else may record so: the
// keys are what keeps students from being found out.
type same struct{}

func (same) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0x5e
	}
	return len(p), nil
}

// profile writes name.cpu, and at the end name.heap.
func profile(name string) (finish func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(name + ".cpu")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(name + ".heap")
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		runtime.GC()
		return errors.Join(pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close(), cpu.Close())
	}, nil
}

// Juncture runs the command line as a process of its own: this program, which
// calls BeJuncture first.
type Juncture struct {
	// PlainKeys makes the heads of records comparable.
	PlainKeys bool
	// Profiles, if not empty, is the folder for a CPU and an allocation profile of
	// each command.
	Profiles string
	// Log hears the commands and what they say.
	Log io.Writer
}

// Usage is what a command took.
type Usage struct {
	Wall   float64 `json:"wallSeconds"`
	User   float64 `json:"userSeconds"`
	System float64 `json:"systemSeconds"`
	// Peak is the most memory that was resident at once, in bytes. The kernel
	// counts from the moment the process was made, so that it is at least what the
	// campaign itself, which is small, had resident then.
	Peak int64 `json:"peakBytes"`
}

// Run runs one command and waits for it. What it writes to standard output goes
// to out.
func (j *Juncture) Run(ctx context.Context, out io.Writer, args ...string) (Usage, error) {
	program, err := os.Executable()
	if err != nil {
		return Usage{}, err
	}
	said := &strings.Builder{}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = out, said
	cmd.Env = append(os.Environ(), childVariable+"=1")
	if j.PlainKeys {
		cmd.Env = append(cmd.Env, plainVariable+"=1")
	}
	if j.Profiles != "" {
		cmd.Env = append(cmd.Env, profileVariable+"="+filepath.Join(j.Profiles, args[0]))
	}
	fmt.Fprintln(j.Log, "$ juncture", strings.Join(args, " "))
	began := time.Now()
	err = cmd.Run()
	took := time.Since(began)
	fmt.Fprint(j.Log, said)
	if err != nil {
		return Usage{}, fmt.Errorf("juncture %s: %w\n%s", strings.Join(args, " "), err, said)
	}
	state := cmd.ProcessState
	return Usage{Wall: took.Seconds(), User: state.UserTime().Seconds(), System: state.SystemTime().Seconds(), Peak: peak(state)}, nil
}

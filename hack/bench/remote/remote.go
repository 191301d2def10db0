// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package remote lets an engine that cannot be linked with the others decide in
// a process of its own, in turns with them: the process makes the same students
// itself and answers requests on its standard input.
package remote

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/juncture-dev/juncture/hack/bench/peer"
)

// request is what the other process shall do.
type request struct {
	Do       string // prepare, decide or decisions
	From, To int
}

type reply struct {
	Decisions peer.Decisions
	Error     string
}

// Serve answers requests with an engine until in ends.
func Serve(e peer.Engine, in io.Reader, out io.Writer) error {
	requests, replies := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var answer reply
		var err error
		switch r.Do {
		case "prepare":
			err = e.Prepare(r.From, r.To)
		case "decide":
			err = e.Decide()
		case "decisions":
			answer.Decisions, err = e.Decisions()
		}
		if err != nil {
			answer.Error = err.Error()
		}
		if err := replies.Encode(answer); err != nil {
			return err
		}
	}
}

// engine is the end of it that is compared.
type engine struct {
	command  *exec.Cmd
	in       io.WriteCloser
	requests *gob.Encoder
	replies  *gob.Decoder
}

// Start starts the program of an engine.
func Start(program string) (peer.Engine, error) {
	e := &engine{command: exec.Command(program)}
	e.command.Env = append(os.Environ(), "GOMAXPROCS=1")
	e.command.Stderr = os.Stderr
	in, err := e.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := e.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	e.in, e.requests, e.replies = in, gob.NewEncoder(in), gob.NewDecoder(out)
	return e, e.command.Start()
}

func (e *engine) ask(r request) (reply, error) {
	var answer reply
	if err := e.requests.Encode(r); err != nil {
		return answer, err
	}
	if err := e.replies.Decode(&answer); err != nil {
		return answer, fmt.Errorf("the engine's process: %w", err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

func (e *engine) Prepare(from, to int) error {
	_, err := e.ask(request{Do: "prepare", From: from, To: to})
	return err
}

func (e *engine) Decide() error {
	_, err := e.ask(request{Do: "decide"})
	return err
}

func (e *engine) Decisions() (peer.Decisions, error) {
	answer, err := e.ask(request{Do: "decisions"})
	return answer.Decisions, err
}

// CPU is the processor time of the engine's process.
func (e *engine) CPU() (int64, error) { return peer.CPU(e.command.Process.Pid) }

func (e *engine) Close() error {
	e.in.Close()
	return e.command.Wait()
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Echo is the workload of the cluster's smoke test. Without arguments it appends its pod's name to a file of the volume
// that the replicas share, then tells its name to whoever asks over HTTP. "echo names" prints that file, and "echo get
// N URL" asks another N times, so that an image of nothing but this program can be looked at from within.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const namesFile = "/data/names"

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		return serve()
	case len(args) == 1 && args[0] == "names":
		return printNames()
	case len(args) == 3 && args[0] == "get":
		return get(args[1], args[2])
	default:
		return errors.New("usage: echo [names | get N URL]")
	}
}

func serve() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	if err := record(name); err != nil {
		return err
	}
	server := &http.Server{
		Addr:              ":8080",
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, name) }),
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })
	log.Printf("%s listens", name)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func record(name string) error {
	file, err := os.OpenFile(namesFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, name)
	return errors.Join(err, file.Close())
}

func printNames() error {
	names, err := os.ReadFile(namesFile)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(names)
	return err
}

// get prints what url answers, each time over a connection of its own, so that a Service chooses anew.
func get(times, url string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range n {
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
	}
	return nil
}

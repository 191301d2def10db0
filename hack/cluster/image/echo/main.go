// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Echo is the workload of the cluster's smoke test. It appends its pod's name to a file of its volume, then tells its
// name to whoever asks over HTTP.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	if len(args) == 2 && args[0] == "get" {
		return get(args[1])
	}
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

// record appends name to the file that all replicas share.
func record(name string) error {
	file, err := os.OpenFile(filepath.Join("/data", "names"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, name); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}

// get asks url once and prints the answer, to check from within a pod that Services and names resolve.
func get(url string) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
	}}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return response.Write(os.Stdout)
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evaluator decides about the students of the districts that the operator
// assigned to it, and answers for the decisions.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zones of its own

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator"
	"github.com/juncture-dev/juncture/internal/evaluator/access"
	"github.com/juncture-dev/juncture/internal/evaluator/httpapi"
	"github.com/juncture-dev/juncture/internal/evaluator/report"
)

type options struct {
	assignmentDir, bundleDir, storeDir string
	listen, certFile, keyFile          string
	podName, kubeconfig, audiences     string
	grace                              time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.assignmentDir, "assignment-dir", assignment.Dir, "folder with the assignment")
	flag.StringVar(&o.bundleDir, "bundle-dir", assignment.BundleDir, "folder with a folder for each revision")
	flag.StringVar(&o.storeDir, "store-dir", assignment.StoreDir, "folder of the districts' records")
	flag.StringVar(&o.listen, "listen", ":8443", "address to serve HTTPS on")
	flag.StringVar(&o.certFile, "tls-cert-file", "", "certificate, PEM, read again when it changes (default: one made in memory)")
	flag.StringVar(&o.keyFile, "tls-key-file", "", "its private key")
	flag.StringVar(&o.podName, "pod-name", os.Getenv("POD_NAME"), "name that this replica reports under")
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server (default: as a pod of the cluster)")
	flag.StringVar(&o.audiences, "token-audiences", "", "audiences that callers' tokens must be for, separated by commas (default: the API server's own)")
	flag.DurationVar(&o.grace, "grace", 45*time.Second, "how long a run may go on after the evaluator was told to stop")
	flag.Parse()

	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := run(o, log); err != nil {
		log.Error("the evaluator ended", "error", err)
		os.Exit(1)
	}
}

func run(o options, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	assigned, err := assignment.Load(o.assignmentDir)
	if err != nil {
		return err
	}
	config, err := cluster(o.kubeconfig)
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	reporter, err := reporter(o, config, assigned, log)
	if err != nil {
		return err
	}
	e, err := evaluator.New(evaluator.Options{
		Reporter: reporter, Assignment: assigned, BundleDir: o.bundleDir, StoreDir: o.storeDir,
		Access: access.New(client, assigned.Namespace, split(o.audiences), time.Now),
		Clock:  clock.RealClock{}, Entropy: rand.Reader, Log: log, Version: version(), Grace: o.grace,
	})
	if err != nil {
		return err
	}
	certificate, err := httpapi.Certificate(o.certFile, o.keyFile, time.Now)
	if err != nil {
		return err
	}
	listener, err := tls.Listen("tcp", o.listen, httpapi.TLS(certificate))
	if err != nil {
		return err
	}
	return e.Run(ctx, listener)
}

func cluster(kubeconfig string) (*rest.Config, error) {
	load := rest.InClusterConfig
	if kubeconfig != "" { // asked for none, clientcmd would write a warning among the structured lines of the log
		load = func() (*rest.Config, error) { return clientcmd.BuildConfigFromFlags("", kubeconfig) }
	}
	config, err := load()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 100 // two reviews a request that is not remembered
	config.Timeout = 10 * time.Second
	return config, nil
}

func reporter(o options, config *rest.Config, a *assignment.Assignment, log *slog.Logger) (*report.Reporter, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	digest, err := a.Digest()
	if err != nil {
		return nil, err
	}
	return report.New(report.Options{
		Client: client, Namespace: a.Namespace, Evaluator: a.Evaluator, Pod: o.podName, Assignment: digest,
		Clock: clock.RealClock{}, Log: log,
	}), nil
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manager runs the controllers of Juncture.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/juncture-dev/juncture/internal/manager"
)

// version is set by the linker; without it, what the Go tool knows.
var version string

func main() {
	o, err := parse(flag.NewFlagSet("manager", flag.ContinueOnError), os.Args[1:])
	if err != nil {
		if err != flag.ErrHelp { //nolint:errorlint // flag returns it as it is.
			fmt.Fprintln(os.Stderr, "manager:", err)
		}
		os.Exit(2)
	}
	if o.version {
		fmt.Println(buildVersion())
		return
	}
	if o.installation != "" {
		if err := check(ctrl.SetupSignalHandler(), o.installation); err != nil {
			fmt.Fprintln(os.Stderr, "manager:", err)
			os.Exit(1)
		}
		return
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: o.logLevel}))
	ctrl.SetLogger(logr.FromSlogHandler(logger.Handler()))
	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		logger.Error("The manager stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        manager.Scheme(),
		Cache:                         manager.Cache(),
		Client:                        manager.Client(),
		HealthProbeBindAddress:        o.probes,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              manager.LeaseName,
		LeaderElectionReleaseOnCancel: true, // the process ends when its context does
		Metrics: server.Options{
			BindAddress: o.metrics, SecureServing: true, FilterProvider: filters.WithAuthenticationAndAuthorization, CertDir: o.metricsCerts,
		},
	})
	if err != nil {
		return err
	}
	if err := setUp(ctx, mgr, o); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	ctrl.Log.Info("Starting", "version", buildVersion())
	return mgr.Start(ctx)
}

// check looks at an installation for at most as long as a new leader takes.
func check(ctx context.Context, namespace string) error {
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.Timeout = patience
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return manager.Check(ctx, api, namespace, os.Stdout)
}

// buildVersion is what this program was built from.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return info.Main.Version + " " + setting.Value
		}
	}
	return info.Main.Version
}

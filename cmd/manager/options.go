// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/controllers/district"
	"github.com/juncture-dev/juncture/controllers/evaluator"
	"github.com/juncture-dev/juncture/controllers/process"
)

// options are the program's flags.
type options struct {
	version      bool
	installation string // to check, in this namespace
	logLevel     slog.Level
	metrics      string
	metricsCerts string
	probes       string
	leaderElect  bool
	packing      district.Limits
	store        v1alpha1.EvaluatorStore
	evaluators   evaluator.Options
}

func parse(flags *flag.FlagSet, args []string) (*options, error) {
	o := &options{}
	flags.BoolVar(&o.version, "version", false, "Print the version and exit.")
	flags.StringVar(&o.installation, "check", "", "Check the installation whose managers run in this namespace: say what was found, and exit.")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "Least level that is logged: DEBUG, INFO, WARN, ERROR.")
	flags.StringVar(&o.metrics, "metrics-bind-address", ":8443", "Where metrics are served, over TLS, to callers that may get /metrics; 0 for nowhere.")
	flags.StringVar(&o.metricsCerts, "metrics-cert-dir", "", "Folder of tls.crt and tls.key for the metrics; without it a certificate is made at start.")
	flags.StringVar(&o.probes, "health-probe-bind-address", ":8081", "Where /healthz and /readyz are served.")
	flags.BoolVar(&o.leaderElect, "leader-elect", false, "Work only while leading: needed with several replicas.")

	flags.Int64Var(&o.packing.Students, "evaluator-max-students", 50000, "Enrolment that is packed on one shared evaluator. A larger district is alone.")
	flags.IntVar(&o.packing.Districts, "evaluator-max-districts", district.MaxDistricts, "Districts that are packed on one shared evaluator, 64 at most.")
	flags.StringVar(&o.store.Size, "store-size", "10Gi", "Size of the volume of a new evaluator.")
	storageClass := flags.String("store-storage-class", "", "Storage class of the volume of a new evaluator; without it the cluster's default.")

	flags.StringVar(&o.evaluators.Image, "evaluator-image", "", "Image of the evaluators, of the manager's own version. Required.")
	pull := flags.String("evaluator-image-pull-policy", "", "Always, IfNotPresent or Never; without it what Kubernetes does for the image's tag.")
	cpu := flags.String("evaluator-cpu", "100m", "CPU that an evaluator asks for; it may use more.")
	memory := flags.String("evaluator-memory", "1Gi", "Memory that an evaluator asks for and may use.")
	ports := flags.String("api-server-ports", "443,6443", "Ports of the API server, which evaluators' network policies allow, separated by commas.")

	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.version || o.installation != "" {
		return o, nil
	}
	o.store.StorageClassName = v1alpha1.SecretName(*storageClass)
	o.evaluators.PullPolicy = corev1.PullPolicy(*pull)
	return o, errors.Join(
		quantity("evaluator-cpu", *cpu, &o.evaluators.CPU),
		quantity("evaluator-memory", *memory, &o.evaluators.Memory),
		portList(*ports, &o.evaluators.APIServerPorts),
		o.check(),
	)
}

// storeSize is what the schema of Evaluator accepts.
var storeSize = regexp.MustCompile(`^[1-9][0-9]{0,9}(Mi|Gi|Ti)$`)

func (o *options) check() error {
	var errs []error
	if o.evaluators.Image == "" {
		errs = append(errs, errors.New("--evaluator-image is required"))
	}
	if o.packing.Districts < 1 || o.packing.Districts > district.MaxDistricts {
		errs = append(errs, fmt.Errorf("--evaluator-max-districts is %d: give 1 to %d", o.packing.Districts, district.MaxDistricts))
	}
	if o.packing.Students < 1 {
		errs = append(errs, fmt.Errorf("--evaluator-max-students is %d: give 1 at least", o.packing.Students))
	}
	if !storeSize.MatchString(o.store.Size) {
		errs = append(errs, fmt.Errorf("--store-size is %q: write it as 10Gi", o.store.Size))
	}
	switch o.evaluators.PullPolicy {
	case "", corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
	default:
		errs = append(errs, fmt.Errorf("--evaluator-image-pull-policy is %q: give Always, IfNotPresent or Never", o.evaluators.PullPolicy))
	}
	return errors.Join(errs...)
}

func quantity(name, text string, into *resource.Quantity) error {
	parsed, err := resource.ParseQuantity(text)
	if err != nil || parsed.Sign() <= 0 {
		return fmt.Errorf("--%s is %q: write it as 500m or 1Gi", name, text)
	}
	*into = parsed
	return nil
}

func portList(text string, into *[]int32) error {
	for _, field := range strings.Split(text, ",") {
		port, err := strconv.ParseUint(strings.TrimSpace(field), 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("--api-server-ports is %q: write it as 443,6443", text)
		}
		*into = append(*into, int32(port))
	}
	return nil
}

// setUp adds the controllers.
func setUp(ctx context.Context, mgr ctrl.Manager, o *options) error {
	return errors.Join(
		(&process.Reconciler{
			Client: mgr.GetClient(), Events: mgr.GetEventRecorder("juncture-process-controller"), Clock: clock.RealClock{},
		}).SetupWithManager(ctx, mgr),
		(&district.Reconciler{
			Client: mgr.GetClient(), Events: mgr.GetEventRecorder("juncture-district-controller"), Clock: clock.RealClock{},
			Limits: o.packing, Store: o.store,
		}).SetupWithManager(ctx, mgr),
		(&evaluator.Reconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("juncture-evaluator-controller"), Clock: clock.RealClock{},
			Options: o.evaluators,
		}).SetupWithManager(ctx, mgr),
	)
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/controllers/district"
	"github.com/juncture-dev/juncture/controllers/evaluator"
	"github.com/juncture-dev/juncture/controllers/process"
	"github.com/juncture-dev/juncture/internal/manager"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

var (
	ctx      context.Context
	api      *rest.Config // of a user who may do anything
	k8s      client.Client
	replicas *jtesting.Replicas
	writes   = &jtesting.Writes{} // of the controllers
	asUser   *rest.Config         // of a user who may do what config/rbac/role.yaml says
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	reporter.Verbose = true // so that what was skipped is seen
	RunSpecs(t, "Controllers", suite, reporter)
}

var _ = BeforeSuite(func() {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		Skip("KUBEBUILDER_ASSETS is not set: export KUBEBUILDER_ASSETS=\"$(make -s envtest-assets)\"")
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(GinkgoWriter, &slog.HandlerOptions{Level: slog.LevelWarn})))
	var stop context.CancelFunc
	ctx, stop = context.WithCancel(context.Background())
	DeferCleanup(stop)

	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	var err error
	api, err = environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	api.QPS = -1
	k8s, err = client.New(api, client.Options{Scheme: manager.Scheme()})
	Expect(err).NotTo(HaveOccurred())

	user, err := environment.AddUser(envtest.User{Name: "manager"}, nil)
	Expect(err).NotTo(HaveOccurred())
	asUser = user.Config()
	asUser.QPS = -1
	grant("manager", "role.yaml", "evaluator_auth.yaml")

	replicas = &jtesting.Replicas{Admin: k8s, Config: api}
	playing, stopPlaying := context.WithCancel(ctx)
	played := make(chan struct{})
	go func() { defer close(played); replicas.Run(playing) }()
	DeferCleanup(func() { stopPlaying(); <-played })
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)

	startManager()
	DeferCleanup(func() { running.stop() })
})

// grant creates the ClusterRoles of config/rbac and binds the first to a user.
func grant(user string, files ...string) {
	for i, file := range files {
		raw, err := os.ReadFile(filepath.Join("../config/rbac", file))
		Expect(err).NotTo(HaveOccurred())
		role := &rbacv1.ClusterRole{}
		Expect(yaml.Unmarshal(raw, role)).To(Succeed())
		Expect(k8s.Create(ctx, role)).To(Succeed())
		if i > 0 {
			continue
		}
		Expect(k8s.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})).To(Succeed())
	}
}

// running is the manager that the stories share.
var running struct {
	process   *process.Reconciler
	district  *district.Reconciler
	evaluator *evaluator.Reconciler
	stop      func()
}

// limits that the stories' districts are packed by.
var limits = district.Limits{Students: 50000, Districts: 4}

// startManager runs the controllers as cmd/manager does, with the rights of
// config/rbac/role.yaml.
func startManager() {
	GinkgoHelper()
	mgr, err := ctrl.NewManager(asUser, ctrl.Options{
		Scheme: manager.Scheme(), Cache: manager.Cache(), Client: manager.Client(),
		Metrics:    server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	c := writes.Wrap(mgr.GetClient())
	running.process = &process.Reconciler{Client: c, Events: mgr.GetEventRecorder("juncture-process-controller"), Clock: clock.RealClock{}}
	running.district = &district.Reconciler{
		Client: c, Events: mgr.GetEventRecorder("juncture-district-controller"), Clock: clock.RealClock{},
		Limits: limits, Store: v1alpha1.EvaluatorStore{Size: "1Gi"},
	}
	running.evaluator = &evaluator.Reconciler{
		Client: c, Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("juncture-evaluator-controller"), Clock: clock.RealClock{},
		Options: evaluator.Options{Image: "evaluator:test", CPU: resource.MustParse("100m"), Memory: resource.MustParse("1Gi"), APIServerPorts: []int32{443, 6443}},
	}
	Expect(running.process.SetupWithManager(ctx, mgr)).To(Succeed())
	Expect(running.district.SetupWithManager(ctx, mgr)).To(Succeed())
	Expect(running.evaluator.SetupWithManager(ctx, mgr)).To(Succeed())

	managing, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- mgr.Start(managing) }()
	running.stop = func() {
		cancel()
		Expect(<-done).To(Succeed())
	}
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
}

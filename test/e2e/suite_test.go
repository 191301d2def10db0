// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/juncture-dev/juncture/internal/manager"
)

const (
	// aWhile is how long the cluster may take for one step, such as starting the pods of a new revision.
	aWhile = 90 * time.Second
	// aGlance is how often it is looked at meanwhile.
	aGlance = 250 * time.Millisecond
)

var (
	ctx    context.Context
	config *rest.Config
	// admin may do anything; so may clients.
	admin   client.Client
	clients *kubernetes.Clientset
	// root of the repository, and a folder that the suite removes.
	root, scratch string
)

func TestEndToEnd(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	reporter.Verbose = true // so that what was skipped, and with which data a story ran, is seen
	RunSpecs(t, "End to end", suite, reporter)
}

var _ = BeforeSuite(func() {
	var stop context.CancelFunc
	ctx, stop = context.WithCancel(context.Background())
	DeferCleanup(func() { stop() })
	ctrllog.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(aWhile)
	SetDefaultEventuallyPollingInterval(aGlance)

	var err error
	root, err = filepath.Abs("../..")
	Expect(err).NotTo(HaveOccurred())
	scratch, err = os.MkdirTemp("", "juncture-e2e-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		if !kept() {
			Expect(os.RemoveAll(scratch)).To(Succeed())
		}
	})

	config, err = clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	Expect(err).NotTo(HaveOccurred(), "KUBECONFIG reaches no cluster: run make test-e2e")
	config.QPS = -1
	admin, err = client.New(config, client.Options{Scheme: manager.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	clients, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())

	for _, file := range theClustersFiles() {
		began[strings.TrimPrefix(file.where, "file ")] = len(file.content)
	}
	install()
	listening.start()
})

var _ = AfterEach(func() {
	if CurrentSpecReport().Failed() {
		explainFailure()
	}
})

// kept says whether the namespaces, the release and the files stay after the tests.
func kept() bool { return os.Getenv("JUNCTURE_E2E_KEEP") == "1" }

// One container, so that the stories come in this order: the search at the end looks at what all the others left.
var _ = Describe("Juncture on a real cluster", func() {
	Context("as a chart", theChart)
	Context("deciding about the students of thirteen districts", thirteenDistricts)
	Context("for a network whose rules and rosters change", aLivingNetwork)
	Context("given bad input", badInput)
	Context("serving several tenants", tenants)
	Context("when an evaluator is killed", killed)
	Context("when a process is deleted", deletion)
	Context("as to students' privacy", secrecy)
})

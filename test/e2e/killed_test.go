// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/internal/names"
)

// killed is what a crash may not do.
func killed() {
	It("loses nothing and doubles nothing", func() {
		const students = 60000 // so that a run takes long enough to be hit
		springfield := generate("springfield", students)
		s := sampleNetwork("killed", "", inTerm, []roster{springfield}, "springfield")
		clerk := s.clerk()
		s.expectServing(s.process)
		began := time.Now()
		local := s.local(s.at)
		took := time.Since(began) // about what the evaluator will need

		request := asked{Process: s.process, At: s.at, Seed: seed}
		run := clerk.start("springfield", "killed", request)
		hits := 0
		for _, strike := range []struct {
			after time.Duration
			how   func(*network, string)
		}{{0, kill9}, {took / 5, evict}, {took / 4, kill9}} {
			if !clerk.pendingFor("springfield", run.ID, strike.after) {
				break
			}
			hits++
			strike.how(s.network, "springfield")
		}
		Expect(hits).To(BeNumerically(">=", 2), "the run was over before it could be hit: it took less than the %s of juncture run", took)
		AddReportEntry("killed", fmt.Sprintf("%d times in the midst of a run", hits))

		done := clerk.finished("springfield", run.ID)
		Expect(done.Students).To(Equal(students))
		Expect(done.Decisions).To(Equal(students))
		Expect(done.Sequence).To(BeEquivalentTo(1))
		Expect(clerk.start("springfield", "killed", request).ID).To(Equal(run.ID))
		Expect(clerk.runs("springfield", s.process)).To(HaveLen(1))

		decided := clerk.csv("springfield", s.process)
		if !bytes.Equal(decided, local) {
			Fail(firstDifference(decided, local))
		}
		s.verifyCopy("springfield")
	})
}

// pendingFor watches a run for a while; false says that it is over.
func (c *caller) pendingFor(district, id string, while time.Duration) bool {
	GinkgoHelper()
	c.get(district, "/runs/"+id) // the evaluator is back
	for until := time.Now().Add(while); ; {
		run := read[aRun](c, district, "/runs/"+id)
		if run.State != "Pending" {
			return false
		}
		if time.Now().After(until) {
			return true
		}
	}
}

// evict deletes the pod that serves a district, at once, and waits for another one to run.
func evict(n *network, district string) {
	GinkgoHelper()
	pod, err := n.podOf(ctx, district)
	Expect(err).NotTo(HaveOccurred())
	Expect(admin.Delete(ctx, pod, &client.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})).To(Succeed())
	Eventually(func(g Gomega) {
		next, err := n.podOf(ctx, district)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(next.UID).NotTo(Equal(pod.UID))
	}).Should(Succeed())
}

// kill9 kills the process of the container that serves a district, which gets no chance to end in order, and waits until
// it runs again. Where the nodes' processes are not this machine's, the pod is deleted instead.
func kill9(n *network, district string) {
	GinkgoHelper()
	pod, err := n.podOf(ctx, district)
	Expect(err).NotTo(HaveOccurred())
	status := pod.Status.ContainerStatuses[0]
	process, err := processOf(status.ContainerID)
	if err != nil {
		AddReportEntry("no process to kill", err.Error())
		evict(n, district)
		return
	}
	Expect(syscall.Kill(process, syscall.SIGKILL)).To(Succeed())
	Eventually(func(g Gomega) {
		now := &corev1.Pod{}
		g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(pod), now)).To(Succeed())
		g.Expect(now.Status.ContainerStatuses[0].RestartCount).To(BeNumerically(">", status.RestartCount))
		g.Expect(now.Status.ContainerStatuses[0].State.Running).NotTo(BeNil())
	}).Should(Succeed())
}

// processOf finds the first process of a container by its control group.
func processOf(container string) (int, error) {
	_, id, ok := strings.Cut(container, "://")
	if !ok || id == "" {
		return 0, fmt.Errorf("container id %q", container)
	}
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return 0, err
	}
	first := 0
	for _, file := range groups {
		content, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(content), id) {
			continue // it ended, or it is another's
		}
		if number, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && (first == 0 || number < first) {
			first = number
		}
	}
	if first == 0 {
		return 0, errors.New("the cluster's processes are not this machine's")
	}
	return first, nil
}

// verifyCopy checks a copy of a district's record with juncture verify, as an auditor does.
func (s *sampled) verifyCopy(district string) {
	GinkgoHelper()
	folder := folderOf(s.namespace, names.Claim(s.evaluatorOf(district)))
	copied, err := os.MkdirTemp(scratch, "record-")
	Expect(err).NotTo(HaveOccurred())
	run("cp", "-r", filepath.Join(folder, district), copied)
	run("juncture", "verify", "--store", copied)
}

func (n *network) evaluatorOf(district string) string {
	GinkgoHelper()
	return n.expectDistrict(district, "Placed", "True").Status.Evaluator
}

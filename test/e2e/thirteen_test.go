// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// sampled is a network made from one of the samples.
type sampled struct {
	*network
	objects []client.Object // all that is declared, for a platform team's Git
	process string
	rosters []roster
	at      string // an instant at which the rosters have something to tell
}

// seed of the lotteries.
const seed = "5eed0e2e5eed0e2e5eed0e2e5eed0e2e"

// sampleNetwork declares the sample of a folder (the first one if it is empty), with a District for each roster; the dedicated
// one has an evaluator of its own. Only a request starts a run, unless one of the changes to the sample says otherwise.
func sampleNetwork(name, folder, at string, rosters []roster, dedicated string, changes ...func([]*unstructured.Unstructured)) *sampled {
	GinkgoHelper()
	s := &sampled{network: newNetwork(name), rosters: rosters, at: at}
	objects := s.sample(folder)
	set(objects, "PersonalizationProcess", []any{map[string]any{"request": map[string]any{}}}, "spec", "triggers")
	for _, change := range changes {
		change(objects)
	}
	var labels map[string]string
	for _, object := range objects {
		if object.GetKind() == "PersonalizationProcess" {
			s.process = object.GetName()
			labels, _, _ = unstructured.NestedStringMap(object.Object, "spec", "districts", "selector", "matchLabels")
		}
		s.objects = append(s.objects, object)
	}
	for _, r := range rosters {
		s.place(r.name+".zip", r.content)
		district := s.district(r.name, r.students, labels)
		if r.name == dedicated {
			district.Spec.Isolation = v1alpha1.IsolationDedicated
		}
		s.objects = append(s.objects, district)
	}
	declare(s.objects...)
	return s
}

// local decides with juncture run, on the same manifests and rosters and without the cluster, and returns the CSV. It is
// what the evaluators have to agree with.
func (s *sampled) local(at string, districts ...string) []byte {
	GinkgoHelper()
	folder, err := os.MkdirTemp(scratch, "local-")
	Expect(err).NotTo(HaveOccurred())
	save(filepath.Join(folder, "manifests"), s.objects...)
	arguments := []string{"run", "-f", filepath.Join(folder, "manifests"), "--at", at, "--seed", seed, "-o", "csv", "--out", filepath.Join(folder, "out.csv")}
	for _, r := range s.rosters {
		path := filepath.Join(folder, r.name+".zip")
		Expect(os.WriteFile(path, r.content, 0o644)).To(Succeed())
		arguments = append(arguments, "--source", r.name+"="+path)
	}
	for _, district := range districts {
		arguments = append(arguments, "--district", district)
	}
	run("juncture", arguments...)
	decided, err := os.ReadFile(filepath.Join(folder, "out.csv"))
	Expect(err).NotTo(HaveOccurred())
	return decided
}

// thirteenDistricts is the main job, on real students where their data is at hand.
func thirteenDistricts() {
	It("gives exactly the decisions of juncture run on the same rosters and manifests", func() {
		var s *sampled
		if real, ok := realRosters(); ok {
			s = sampleNetwork("university", "oulad", "2013-12-15T00:00:00Z", real, "ireland")
		} else {
			AddReportEntry("generated data", "the real data is not there (JUNCTURE_DATA or ../shared/data): 13 districts were generated")
			var made []roster
			for i := range 13 {
				made = append(made, generate(fmt.Sprintf("district-%02d", i+1), 200*(i+1)))
			}
			s = sampleNetwork("university", "", inTerm, made, made[0].name)
		}
		Expect(s.rosters).To(HaveLen(13))
		clerk := s.clerk()

		process := s.expectServing(s.process)
		Expect(process.Status.Districts).To(Equal(v1alpha1.ProcessDistrictCounts{Selected: 13, Serving: 13}))

		By("deciding in all districts")
		parts := make([][]byte, len(s.rosters))
		each(s.rosters, func(i int, r roster) {
			begun := clerk.start(r.name, "thirteen", asked{Process: s.process, At: s.at, Seed: seed})
			done := clerk.finished(r.name, begun.ID)
			Expect(done.Students).To(Equal(r.students))
			Expect(done.Decisions).To(Equal(r.students))
			Expect(done.Revision).To(BeEquivalentTo(process.Status.Revision))
			parts[i] = clerk.csv(r.name, s.process)
		})

		By("comparing with juncture run")
		header, _, _ := bytes.Cut(parts[0], []byte("\n"))
		together := append(bytes.Clone(header), '\n')
		students := 0
		for i, part := range parts {
			its, rows, _ := bytes.Cut(part, []byte("\n"))
			Expect(string(its)).To(Equal(string(header)))
			together = append(together, rows...)
			students += s.rosters[i].students
		}
		local := s.local(s.at)
		if !bytes.Equal(together, local) {
			Fail(firstDifference(together, local))
		}
		AddReportEntry("decided", fmt.Sprintf("%d students of 13 districts, %d bytes of CSV the same", students, len(local)))

		By("checking a record with juncture verify")
		s.verifyCopy(s.rosters[0].name)
	})
}

// firstDifference shows the first lines that differ.
func firstDifference(evaluators, local []byte) string {
	a, b := bytes.Split(evaluators, []byte("\n")), bytes.Split(local, []byte("\n"))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			return fmt.Sprintf("line %d of %d and %d:\nevaluators:   %s\njuncture run: %s", i+1, len(a), len(b), a[i], b[i])
		}
	}
	return fmt.Sprintf("the evaluators gave %d lines, juncture run %d", len(a), len(b))
}

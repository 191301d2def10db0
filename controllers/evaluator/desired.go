// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/names"
	"github.com/juncture-dev/juncture/internal/translate"
)

// defaultInterval between two looks at a source.
const defaultInterval = 5 * time.Minute

// declared is what an evaluator's assignment depends on.
type declared struct {
	evaluator *v1alpha1.Evaluator
	// districts are those of spec.districts that exist.
	districts []v1alpha1.District
	// processes and revisions of the namespace; revisions by their names.
	processes []v1alpha1.PersonalizationProcess
	revisions map[string]*v1alpha1.ProcessRevision
	// claims are those that exist, of the claims that the districts' sources name.
	claims map[string]bool
	now    time.Time
}

// wanted is what an evaluator's replicas shall serve.
type wanted struct {
	assignment assignment.Assignment
	canonical  string // form of the assignment
	digest     v1alpha1.Digest
	bundles    map[bundle.Digest]string // by the digests that the assignment names
	sources    sources
	// needed says that there is something to run, or to be read.
	needed bool
	// expires is how long until a pin ends and another assignment is wanted; 0 for never.
	expires time.Duration
}

// sources is what has to be mounted and reached to read the rosters. Each list
// is sorted, and names a thing once.
type sources struct {
	claims    []string
	missing   []string // claims that do not exist: a pod that named one would not start
	hostPaths []string
	secrets   []string
	ports     []int32 // of https servers
}

// RevisionMissingError says that the revision a process has now does not exist.
// It heals by itself: the process controller makes it again.
type RevisionMissingError struct{ Name string }

func (e *RevisionMissingError) Error() string {
	return fmt.Sprintf("ProcessRevision %s does not exist", e.Name)
}

// assign computes the assignment. A new revision goes to all selected districts
// at once.
func assign(d declared) (*wanted, error) {
	w := &wanted{
		assignment: assignment.Assignment{Namespace: d.evaluator.Namespace, Evaluator: d.evaluator.Name},
		bundles:    map[bundle.Digest]string{},
	}
	assigned := map[string][]assignment.Process{}
	for i := range d.processes {
		if err := w.assignProcess(d, &d.processes[i], assigned); err != nil {
			return nil, err
		}
	}
	for i := range d.districts {
		district := &d.districts[i]
		if !district.DeletionTimestamp.IsZero() {
			continue
		}
		processes := assigned[district.Name]
		slices.SortFunc(processes, func(a, b assignment.Process) int { return cmp.Compare(a.Name, b.Name) })
		w.assignment.Districts = append(w.assignment.Districts, assignment.District{
			Name:       district.Name,
			Identifier: district.Spec.Identifier,
			TimeZone:   string(district.Spec.TimeZone),
			Source:     w.sources.add(district.Spec.Source.OneRosterCSV, d.claims),
			Processes:  processes,
			Suspend:    district.Spec.Suspend,
		})
	}
	slices.SortFunc(w.assignment.Districts, func(a, b assignment.District) int { return cmp.Compare(a.Name, b.Name) })
	w.sources.sort()

	canonical, err := w.assignment.Canonical()
	if err != nil {
		return nil, err
	}
	w.canonical, w.digest = string(canonical), v1alpha1.Digest(bundle.DigestOf(canonical))
	return w, nil
}

// assignProcess adds a process to the districts that it selects.
func (w *wanted) assignProcess(d declared, process *v1alpha1.PersonalizationProcess, assigned map[string][]assignment.Process) error {
	if process.Spec.Mode == v1alpha1.ModeCatalogue || process.Status.Revision == "" || !process.DeletionTimestamp.IsZero() {
		return nil
	}
	selected, err := translate.Select(process, d.districts)
	if err != nil {
		return nil //nolint:nilerr // told of on the process, which then selects nothing.
	}
	w.needed = w.needed || len(selected) > 0
	for i := range selected {
		district := &selected[i]
		if _, left := translate.PinOf(district, process.Name, d.now); left > 0 && (w.expires == 0 || left < w.expires) {
			w.expires = left
		}
		digest, pinned := translate.Wanted(process, district, d.now)
		if digest == "" {
			continue
		}
		revision := d.revisions[names.Revision(process.Name, digest)]
		switch {
		case revision == nil && pinned:
			continue // told of on the district; another revision is not what it asked for
		case revision == nil:
			return &RevisionMissingError{Name: names.Revision(process.Name, digest)}
		}
		w.bundles[bundle.Digest(digest)] = revision.Spec.Bundle
		assigned[district.Name] = append(assigned[district.Name], assignment.Process{Name: process.Name, Revision: bundle.Digest(digest)})
	}
	return nil
}

// add translates a source into what the evaluator finds in its file system. A
// claim that does not exist is not mounted: the evaluator finds nothing there
// and says so for that district, and the others of the evaluator go on.
func (s *sources) add(csv *v1alpha1.OneRosterCSV, exists map[string]bool) assignment.Source {
	if csv == nil {
		return assignment.Source{}
	}
	interval, err := csv.Interval.Duration()
	if err != nil || interval == 0 {
		interval = defaultInterval
	}
	source := assignment.Source{URL: csv.URL, CheckSeconds: int64(interval / time.Second)}
	if csv.URL != "" {
		s.ports = append(s.ports, port(csv.URL))
	}
	if volume := csv.Volume; volume != nil {
		switch {
		case volume.PersistentVolumeClaim != nil:
			claim := string(volume.PersistentVolumeClaim.ClaimName)
			if exists[claim] {
				s.claims = append(s.claims, claim)
			} else {
				s.missing = append(s.missing, claim)
			}
			source.Path = path.Join(assignment.SourceDir, claim, csv.Path)
		case volume.HostPath != nil:
			s.hostPaths = append(s.hostPaths, volume.HostPath.Path)
			source.Path = path.Join(hostPathMount(volume.HostPath.Path), csv.Path)
		}
	}
	if ref := csv.CredentialsSecretRef; ref != nil {
		s.secrets = append(s.secrets, string(ref.Name))
		source.Credentials = path.Join(assignment.SecretDir, string(ref.Name))
	}
	if ref := csv.CABundleSecretRef; ref != nil {
		s.secrets = append(s.secrets, string(ref.Name))
		source.CABundle = path.Join(assignment.SecretDir, string(ref.Name), ref.Key)
	}
	return source
}

func (s *sources) sort() {
	for _, list := range []*[]string{&s.claims, &s.missing, &s.hostPaths, &s.secrets} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(s.ports)
	s.ports = slices.Compact(s.ports)
}

// claimOf is the claim that a district's source is on; empty for none.
func claimOf(district *v1alpha1.District) string {
	csv := district.Spec.Source.OneRosterCSV
	if csv == nil || csv.Volume == nil || csv.Volume.PersistentVolumeClaim == nil {
		return ""
	}
	return string(csv.Volume.PersistentVolumeClaim.ClaimName)
}

// port of an https URL.
func port(address string) int32 {
	const https = 443
	parsed, err := url.Parse(address)
	if err != nil {
		return https
	}
	number, err := strconv.ParseUint(parsed.Port(), 10, 16)
	if err != nil {
		return https
	}
	return int32(number)
}

// hostPathMount is where a folder of the node is mounted: a claim cannot have
// this name, because names hold no underscore.
func hostPathMount(folder string) string {
	return path.Join(assignment.SourceDir, "_host", bundle.DigestOf([]byte(folder)).Short())
}

// digests are those of all bundles that the assignment needs, sorted.
func (w *wanted) digests() []bundle.Digest {
	digests := w.assignment.Revisions()
	slices.Sort(digests)
	return digests
}

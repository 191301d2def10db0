// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/names"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// digest of a revision that is told apart by a letter.
func digest(letter string) v1alpha1.Digest { return v1alpha1.Digest(bundle.DigestOf([]byte(letter))) }

// given is a namespace with revisions a and b of the processes maths and reading.
func given(processes []*jtesting.Process, districts ...*jtesting.District) declared {
	evaluator := jtesting.MakeEvaluator("n", "shared-0")
	d := declared{revisions: map[string]*v1alpha1.ProcessRevision{}, claims: map[string]bool{}, now: noon}
	for _, process := range []string{"maths", "reading"} {
		for _, letter := range []string{"a", "b"} {
			d.revisions[names.Revision(process, digest(letter))] = &v1alpha1.ProcessRevision{Spec: v1alpha1.ProcessRevisionSpec{Digest: digest(letter), Bundle: letter}}
		}
	}
	for _, p := range processes {
		d.processes = append(d.processes, *p.Obj())
	}
	for _, district := range districts {
		d.districts = append(d.districts, *district.Obj())
		evaluator.Holding(district.Obj().Name, 1)
		d.claims[district.Obj().Name+"-roster"] = true
	}
	d.evaluator = evaluator.Obj()
	return d
}

func TestAssign(t *testing.T) {
	boston, amherst := jtesting.MakeDistrict("n", "boston"), jtesting.MakeDistrict("n", "amherst")
	maths := func() *jtesting.Process { return jtesting.MakeProcess("n", "maths").Revision(digest("b")) }
	deleted := jtesting.MakeDistrict("n", "gone").Obj()
	deleted.DeletionTimestamp = &metav1.Time{Time: noon}

	type served map[string][]assignment.Process
	one := func(letter string) []assignment.Process {
		return []assignment.Process{{Name: "maths", Revision: bundle.Digest(digest(letter))}}
	}
	cases := map[string]struct {
		given   declared
		want    served
		needed  bool
		expires time.Duration
	}{
		"all districts, by name": {
			given: given([]*jtesting.Process{maths()}, boston, amherst), want: served{"amherst": one("b"), "boston": one("b")}, needed: true,
		},
		"those that are selected": {
			given: given([]*jtesting.Process{maths().Selecting("pilot", "true")}, boston, jtesting.MakeDistrict("n", "amherst").Labels(map[string]string{"pilot": "true"})),
			want:  served{"amherst": one("b"), "boston": nil}, needed: true,
		},
		"several processes, by name": {
			given: given([]*jtesting.Process{jtesting.MakeProcess("n", "reading").Revision(digest("a")), maths()}, boston),
			want:  served{"boston": append(one("b"), assignment.Process{Name: "reading", Revision: bundle.Digest(digest("a"))})}, needed: true,
		},
		"no process": {given: given(nil, boston), want: served{"boston": nil}},
		"another network's process": {
			given: given([]*jtesting.Process{jtesting.MakeProcess("other", "maths").Revision(digest("b"))}, boston), want: served{"boston": nil},
		},
		"never accepted": {given: given([]*jtesting.Process{maths().Revision("")}, boston), want: served{"boston": nil}},
		"catalogue":      {given: given([]*jtesting.Process{maths().Mode(v1alpha1.ModeCatalogue)}, boston), want: served{"boston": nil}},
		"suspended process: not run, and its decisions can be read": {
			given: given([]*jtesting.Process{maths().Suspended()}, boston), want: served{"boston": nil}, needed: true,
		},
		"pinned": {
			given: given([]*jtesting.Process{maths()}, jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T13:00:00Z"), amherst),
			want:  served{"amherst": one("b"), "boston": one("a")}, needed: true, expires: time.Hour,
		},
		"pinned in another time zone": {
			given: given([]*jtesting.Process{maths()}, jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T12:00:01-01:00")),
			want:  served{"boston": one("a")}, needed: true, expires: time.Hour + time.Second,
		},
		"the pin ends at this very instant": {
			given: given([]*jtesting.Process{maths()}, jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T12:00:00Z")),
			want:  served{"boston": one("b")}, needed: true,
		},
		"the pin is another process's": {
			given: given([]*jtesting.Process{maths()}, jtesting.MakeDistrict("n", "boston").Pin("reading", digest("a"), "2100-01-01T00:00:00Z")),
			want:  served{"boston": one("b")}, needed: true,
		},
		"a pin on a revision that does not exist: nothing else instead": {
			given: given([]*jtesting.Process{maths()}, jtesting.MakeDistrict("n", "boston").Pin("maths", digest("z"), "2026-09-01T13:00:00Z")),
			want:  served{"boston": nil}, needed: true, expires: time.Hour,
		},
		"the first pin to end": {
			given: given([]*jtesting.Process{maths()},
				jtesting.MakeDistrict("n", "boston").Pin("maths", digest("a"), "2026-09-01T14:00:00Z"), jtesting.MakeDistrict("n", "amherst").Pin("maths", digest("a"), "2026-09-01T13:00:00Z")),
			want: served{"amherst": one("a"), "boston": one("a")}, needed: true, expires: time.Hour,
		},
		"a district that is being deleted": {
			given: func() declared {
				d := given([]*jtesting.Process{maths()}, boston)
				d.districts = append(d.districts, *deleted)
				return d
			}(),
			want: served{"boston": one("b")}, needed: true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, err := assign(c.given)
			if err != nil {
				t.Fatal(err)
			}
			got := served{}
			for _, d := range w.assignment.Districts {
				got[d.Name] = d.Processes
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if w.needed != c.needed || w.expires != c.expires {
				t.Errorf("needed %t, expires %s; want %t, %s", w.needed, w.expires, c.needed, c.expires)
			}
			if own, _ := w.assignment.Digest(); v1alpha1.Digest(own) != w.digest {
				t.Errorf("digest %s, want the assignment's own %s", w.digest, own)
			}
			for _, r := range w.assignment.Revisions() {
				if w.bundles[r] == "" {
					t.Errorf("no bundle for %s", r)
				}
			}
		})
	}

	t.Run("the order of what is listed does not matter", func(t *testing.T) {
		reading := jtesting.MakeProcess("n", "reading").Revision(digest("a"))
		x, err1 := assign(given([]*jtesting.Process{maths(), reading}, boston, amherst))
		y, err2 := assign(given([]*jtesting.Process{reading, maths()}, amherst, boston))
		if err := errors.Join(err1, err2); err != nil || x.canonical != y.canonical {
			t.Errorf("%v\n%s\n%s", err, x.canonical, y.canonical)
		}
	})
	t.Run("a current revision that does not exist is waited for", func(t *testing.T) {
		_, err := assign(given([]*jtesting.Process{maths().Revision(digest("z"))}, boston))
		var missing *RevisionMissingError
		if !errors.As(err, &missing) || missing.Name != names.Revision("maths", digest("z")) {
			t.Errorf("%v", err)
		}
	})
}

func TestSources(t *testing.T) {
	w, err := assign(given(nil,
		jtesting.MakeDistrict("n", "a"), jtesting.MakeDistrict("n", "b").HostPath("/srv/rosters", "b/export.zip"), jtesting.MakeDistrict("n", "c").HostPath("/srv/rosters", "c"),
		jtesting.MakeDistrict("n", "d").URL("https://sis.example.org:8444/export.zip", "sis"),
		jtesting.MakeDistrict("n", "e").URL("https://[2001:db8::1]/export.zip", "sis").CABundle("ca", "ca.crt").Suspended(),
	))
	if err != nil {
		t.Fatal(err)
	}
	host := hostPathMount("/srv/rosters")
	want := []assignment.District{
		{Name: "a", TimeZone: "UTC", Source: assignment.Source{Path: "/var/run/juncture/sources/a-roster/export.zip", CheckSeconds: 300}},
		{Name: "b", TimeZone: "UTC", Source: assignment.Source{Path: host + "/b/export.zip", CheckSeconds: 300}},
		{Name: "c", TimeZone: "UTC", Source: assignment.Source{Path: host + "/c", CheckSeconds: 300}},
		{Name: "d", TimeZone: "UTC", Source: assignment.Source{URL: "https://sis.example.org:8444/export.zip", Credentials: "/var/run/juncture/credentials/sis", CheckSeconds: 300}},
		{Name: "e", TimeZone: "UTC", Suspend: true, Source: assignment.Source{
			URL: "https://[2001:db8::1]/export.zip", Credentials: "/var/run/juncture/credentials/sis", CABundle: "/var/run/juncture/credentials/ca/ca.crt", CheckSeconds: 300,
		}},
	}
	if diff := cmp.Diff(want, w.assignment.Districts, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("districts (-want +got):\n%s", diff)
	}
	wantSources := sources{claims: []string{"a-roster"}, hostPaths: []string{"/srv/rosters"}, secrets: []string{"ca", "sis"}, ports: []int32{443, 8444}}
	if diff := cmp.Diff(wantSources, w.sources, cmp.AllowUnexported(sources{})); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// One district's claim that does not exist must not keep the pod, and with it
// the other districts, from starting.
func TestMissingClaimIsNotMounted(t *testing.T) {
	d := given(nil, jtesting.MakeDistrict("n", "a"), jtesting.MakeDistrict("n", "b"))
	d.claims["a-roster"] = false
	w, err := assign(d)
	if err != nil {
		t.Fatal(err)
	}
	want := sources{claims: []string{"b-roster"}, missing: []string{"a-roster"}}
	if diff := cmp.Diff(want, w.sources, cmp.AllowUnexported(sources{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if path := w.assignment.Districts[0].Source.Path; path != "/var/run/juncture/sources/a-roster/export.zip" {
		t.Errorf("district a is to look at %q", path)
	}
}

// A state's districts, spread over evaluators of 64: what a new revision costs
// in the manager before anything is written.
func BenchmarkAssign(b *testing.B) {
	const districts, each = 13318, 64
	processes := []*jtesting.Process{}
	for _, name := range []string{"maths", "reading"} {
		processes = append(processes, jtesting.MakeProcess("n", name).Revision(digest("b")).Selecting("state", "ma"))
	}
	var evaluators []declared
	for first := 0; first < districts; first += each {
		var placed []*jtesting.District
		for i := first; i < min(first+each, districts); i++ {
			placed = append(placed, jtesting.MakeDistrict("n", fmt.Sprintf("district-%05d", i)).Labels(map[string]string{"state": "ma"}))
		}
		evaluators = append(evaluators, given(processes, placed...))
	}
	b.Run("one evaluator of 64 districts", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := assign(evaluators[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("13318 districts", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, d := range evaluators {
				if _, err := assign(d); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

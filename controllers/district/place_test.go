// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package district

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	jtesting "github.com/juncture-dev/juncture/internal/testing"
)

func TestPlace(t *testing.T) {
	evaluators := func(list ...*jtesting.Evaluator) []v1alpha1.Evaluator {
		var out []v1alpha1.Evaluator
		for _, e := range list {
			out = append(out, *e.Obj())
		}
		return out
	}
	shared := func(name string) *jtesting.Evaluator { return jtesting.MakeEvaluator("n", name) }
	a := jtesting.MakeDistrict("n", "a").Enrolment(100)
	full := shared("shared-0")
	for i := range MaxDistricts {
		full.Holding(fmt.Sprintf("d%d", i), 1)
	}
	limits := Limits{Students: 1000, Districts: 3}

	cases := map[string]struct {
		district   *jtesting.District
		evaluators []v1alpha1.Evaluator
		remembered string
		want       placement
		conflict   bool
	}{
		"the first of all": {
			district: a, want: placement{evaluator: "shared-0", isolation: "Shared"},
		},
		"where there is room, by number and not by name": {
			district: a, evaluators: evaluators(shared("shared-10").Holding("b", 1), shared("shared-2").Holding("c", 1), shared("shared-1").Holding("d", 950)),
			want: placement{evaluator: "shared-2", isolation: "Shared"},
		},
		"too many students": {
			district: a, evaluators: evaluators(shared("shared-0").Holding("b", 901)), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"just as many students as fit": {
			district: a, evaluators: evaluators(shared("shared-0").Holding("b", 900)), want: placement{evaluator: "shared-0", isolation: "Shared"},
		},
		"too many districts": {
			district: a, evaluators: evaluators(shared("shared-0").Holding("b", 1).Holding("c", 1).Holding("d", 1)), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"the least free number": {
			district: a, evaluators: evaluators(shared("shared-0").Holding("b", 1000), shared("shared-2").Holding("c", 1000)), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"larger than an evaluator may be: alone on a shared one": {
			district:   jtesting.MakeDistrict("n", "a").Enrolment(5000),
			evaluators: evaluators(shared("shared-0").Holding("b", 1)), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"stays although it no longer fits": {
			district: jtesting.MakeDistrict("n", "a").Enrolment(5000), evaluators: evaluators(shared("shared-0").Holding("b", 1), shared("shared-1").Holding("a", 1).Holding("c", 900)),
			want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"stays although an earlier one has room": {
			district: a, evaluators: evaluators(shared("shared-0"), shared("shared-1").Holding("a", 100)), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"on two after a restore: where the record is": {
			district: a, evaluators: evaluators(shared("shared-0").Holding("a", 100), shared("shared-1").Holding("a", 100)), remembered: "shared-1",
			want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"on two, and nobody remembers": {
			district: a, evaluators: evaluators(shared("shared-1").Holding("a", 100), shared("shared-0").Holding("a", 100)),
			want: placement{evaluator: "shared-0", isolation: "Shared"},
		},
		"comes back to its record, beyond the packing limits": {
			district: a, evaluators: evaluators(shared("shared-0"), shared("shared-1").Holding("b", 1000)), remembered: "shared-1",
			want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"comes back to an evaluator that is gone": {
			district: a, remembered: "shared-7", want: placement{evaluator: "shared-7", isolation: "Shared"},
		},
		"comes back to a full evaluator": {
			district: a, evaluators: evaluators(full), remembered: "shared-0", conflict: true,
		},
		"dedicated": {
			district: jtesting.MakeDistrict("n", "a").Dedicated(), evaluators: evaluators(shared("shared-0")), want: placement{evaluator: "a", isolation: "Dedicated"},
		},
		"dedicated, and its evaluator is there": {
			district: jtesting.MakeDistrict("n", "a").Dedicated(), evaluators: evaluators(shared("a").Dedicated()), want: placement{evaluator: "a", isolation: "Dedicated"},
		},
		"dedicated, with the name of a shared evaluator": {
			district: jtesting.MakeDistrict("n", "shared-0").Dedicated(), evaluators: evaluators(shared("shared-0").Holding("b", 1)), conflict: true,
		},
		"no shared district on a dedicated evaluator": {
			district: a, evaluators: evaluators(shared("shared-0").Dedicated()), want: placement{evaluator: "shared-1", isolation: "Shared"},
		},
		"to be dedicated, with a record on a shared evaluator": {
			district: jtesting.MakeDistrict("n", "a").Dedicated(), evaluators: evaluators(shared("shared-0").Holding("a", 100)),
			want: placement{evaluator: "shared-0", isolation: "Shared"}, conflict: true,
		},
		"to be dedicated, comes back to a record on a shared evaluator": {
			district: jtesting.MakeDistrict("n", "a").Dedicated(), remembered: "shared-0", conflict: true,
		},
		"may be shared, and keeps its own evaluator": {
			district: a, evaluators: evaluators(shared("a").Dedicated().Holding("a", 100)), want: placement{evaluator: "a", isolation: "Dedicated"},
		},
		"may be shared, and comes back to its own": {
			district: a, remembered: "a", want: placement{evaluator: "a", isolation: "Dedicated"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := place(c.district.Obj(), c.evaluators, c.remembered, limits)
			if (got.conflict != "") != c.conflict {
				t.Errorf("conflict %q, want one: %t", got.conflict, c.conflict)
			}
			got.conflict = ""
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(placement{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// However districts come and go, nobody but the one that comes is placed, no
// evaluator holds more than it may, and who comes back comes back to its place.
func TestPlaceMovesNobody(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	limits := Limits{Students: 3000, Districts: 5}
	world := &world{remembered: map[string]string{}}
	for range 3000 {
		name := fmt.Sprintf("d%d", random.IntN(120))
		before := world.placements()
		if before[name] != "" {
			world.remove(name)
			delete(before, name)
		} else {
			district := jtesting.MakeDistrict("n", name).Enrolment(int64(random.IntN(1500)))
			if random.IntN(10) == 0 {
				district.Dedicated()
			}
			to := place(district.Obj(), world.evaluators, world.remembered[name], limits)
			if back := world.remembered[name]; back != "" && to.conflict == "" && to.evaluator != back {
				t.Fatalf("%s came back to %s, its record is on %s", name, to.evaluator, back)
			}
			if to.conflict != "" {
				continue
			}
			world.add(district.Obj(), to)
			before[name] = to.evaluator
		}
		if diff := cmp.Diff(before, world.placements()); diff != "" {
			t.Fatalf("others moved (-before +after):\n%s", diff)
		}
		for _, e := range world.evaluators {
			if len(e.Spec.Districts) > MaxDistricts || e.Spec.Isolation == v1alpha1.IsolationDedicated && len(e.Spec.Districts) > 1 {
				t.Fatalf("evaluator %s (%s) holds %d districts", e.Name, e.Spec.Isolation, len(e.Spec.Districts))
			}
		}
	}
}

// world is what place is given, kept as the controller does.
type world struct {
	evaluators []v1alpha1.Evaluator
	remembered map[string]string
}

func (w *world) add(district *v1alpha1.District, to placement) {
	w.remembered[district.Name] = to.evaluator
	if e := named(to.evaluator, w.evaluators); e != nil {
		e.Spec.Districts = with(e.Spec.Districts, district)
		return
	}
	w.evaluators = append(w.evaluators, *newEvaluator(district, to, v1alpha1.EvaluatorStore{}))
}

func (w *world) remove(district string) {
	for i := range w.evaluators {
		e := &w.evaluators[i]
		if !holds(e, district) {
			continue
		}
		if e.Spec.Districts = without(e.Spec.Districts, district); len(e.Spec.Districts) == 0 {
			w.evaluators = append(w.evaluators[:i:i], w.evaluators[i+1:]...)
		}
		return
	}
}

func (w *world) placements() map[string]string {
	on := map[string]string{}
	for _, e := range w.evaluators {
		for _, d := range e.Spec.Districts {
			on[string(d.Name)] = e.Name
		}
	}
	return on
}

// The United States have some 13,318 districts: what one more costs, and all of
// them one after the other.
func BenchmarkPlace(b *testing.B) {
	const districts = 13318
	limits := Limits{Students: 50000, Districts: MaxDistricts}
	fill := func() *world {
		w := &world{remembered: map[string]string{}}
		for i := range districts {
			d := jtesting.MakeDistrict("n", fmt.Sprintf("district-%05d", i)).Enrolment(int64(i%9000 + 100)).Obj()
			w.add(d, place(d, w.evaluators, "", limits))
		}
		return w
	}
	b.Run("one more of 13318", func(b *testing.B) {
		w, one := fill(), jtesting.MakeDistrict("n", "new").Obj()
		b.ReportAllocs()
		for b.Loop() {
			place(one, w.evaluators, "", limits)
		}
	})
	b.Run("13318 from nothing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fill()
		}
	})
}

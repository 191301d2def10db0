// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
)

// FuzzAllocate checks what families are promised on arbitrary small instances,
// and compares with an oracle that follows the definition instead of sorting.
func FuzzAllocate(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p, args, in := instance(rng)
		got, err := allocate.Allocate(p, args, in)
		if err != nil {
			t.Fatalf("%v\n%+v", err, in)
		}

		if d := cmp.Diff(table(oracle(p, args, in)), table(got)); d != "" {
			t.Fatalf("differs from the definition (-want +got):\n%s\npolicy %+v capacity %+v\nin %+v", d, *p, *p.Capacity, in)
		}
		checkPromises(t, p, args, in, got)

		// The order in which candidates are given does not matter.
		shuffled, from := append([]allocate.Candidate(nil), in...), rng.Perm(len(in))
		for to, i := range from {
			shuffled[to] = in[i]
		}
		again, err := allocate.Allocate(p, args, shuffled)
		if err != nil {
			t.Fatal(err)
		}
		for to, i := range from {
			if d := cmp.Diff(got[i], again[to]); d != "" {
				t.Fatalf("another order of candidates gives another placement (-first +shuffled):\n%s", d)
			}
		}

		// Another seed reorders ties only.
		args.Seed = []byte{byte(seed), 'x'}
		other, err := allocate.Allocate(p, args, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in {
			for j := range in {
				if got[i].Group == got[j].Group && before(p, in[i], in[j]) && (got[i].Rank > got[j].Rank || other[i].Rank > other[j].Rank) {
					t.Fatalf("candidate %d stands before %d by the published order, and a seed turned that round", i, j)
				}
			}
		}
	})
}

// instance is a small random policy with candidates full of ties.
func instance(rng *rand.Rand) (*bundle.Priority, allocate.Arguments, []allocate.Candidate) {
	p := &bundle.Priority{
		KeepSeated: rng.IntN(2) == 0,
		Order:      []bundle.Order{{Expression: "a", Descending: rng.IntN(2) == 0}, {Expression: "b", Descending: rng.IntN(2) == 0}, {Lottery: &bundle.Lottery{}}},
		Capacity:   &bundle.Capacity{Per: []bundle.CapacityScope{bundle.PerDistrict, bundle.PerSchool, bundle.PerClass}[rng.IntN(3)], Default: rng.Int64N(6)},
	}
	if rng.IntN(2) == 0 {
		limit := rng.IntN(4)
		p.WaitingList = &limit
	}
	if rng.IntN(2) == 0 && p.Capacity.Per != bundle.PerDistrict {
		p.Capacity.Overrides = []bundle.CapacityOverride{{District: "d", Amount: rng.Int64N(4)}, {School: "s1", Amount: rng.Int64N(4)}}
	}
	args := allocate.Arguments{Process: "p", District: "d", Seed: []byte{byte(rng.Uint32())}}
	if rng.IntN(3) == 0 {
		args.Taken = map[string]int64{"d": rng.Int64N(3), "s1": rng.Int64N(3), "c1": rng.Int64N(3)}
	}
	in := make([]allocate.Candidate, rng.IntN(14))
	for i := range in {
		in[i] = allocate.Candidate{
			Student: "st" + strconv.Itoa(i),
			School:  []string{"", "s1", "s2"}[rng.IntN(3)],
			Class:   []string{"", "c1", "c2"}[rng.IntN(3)],
			Units:   max(0, rng.Int64N(4)-rng.Int64N(2)),
			Keys:    []float64{float64(rng.IntN(3)), float64(rng.IntN(2))},
			Held:    rng.IntN(4) == 0,
		}
	}
	return p, args, in
}

// before: x stands before y in the published order, ties left aside.
func before(p *bundle.Priority, x, y allocate.Candidate) bool {
	if x.Units == 0 || y.Units == 0 {
		return false
	}
	if hx, hy := keeps(p, x), keeps(p, y); hx != hy {
		return hx
	}
	for k := range 2 {
		if x.Keys[k] != y.Keys[k] {
			return (x.Keys[k] < y.Keys[k]) != p.Order[k].Descending
		}
	}
	return false
}

func keeps(p *bundle.Priority, c allocate.Candidate) bool {
	return p.KeepSeated && c.Held && groupOf(p, c) != ""
}

func groupOf(p *bundle.Priority, c allocate.Candidate) string {
	return map[bundle.CapacityScope]string{bundle.PerDistrict: "d", bundle.PerSchool: c.School, bundle.PerClass: c.Class}[p.Capacity.Per]
}

// oracle follows the definition: again and again it looks for the candidate of
// a group before whom nobody else stands.
func oracle(p *bundle.Priority, args allocate.Arguments, in []allocate.Candidate) []allocate.Placement {
	out := make([]allocate.Placement, len(in))
	first := func(i, j int) bool {
		if before(p, in[i], in[j]) || before(p, in[j], in[i]) {
			return before(p, in[i], in[j])
		}
		ti, tj := allocate.Draw(args.Seed, "p", "d", in[i].Student), allocate.Draw(args.Seed, "p", "d", in[j].Student)
		return bytes.Compare(ti[:], tj[:]) < 0
	}
	for _, group := range []string{"", "d", "s1", "s2", "c1", "c2"} {
		left := map[int]bool{}
		capacity := int64(1 << 40)
		for i, c := range in {
			if c.Units > 0 && groupOf(p, c) == group {
				left[i] = true
				amount := p.Capacity.Default
				for _, o := range p.Capacity.Overrides { // the school's stands after the district's and outweighs it
					if o.District != "" || o.School == c.School {
						amount = o.Amount
					}
				}
				capacity = min(capacity, amount)
			}
		}
		if group == "" {
			capacity = 0
		}
		free, blocked, waiting, rank := max(0, capacity-args.Taken[group]), false, 0, 0
		for len(left) > 0 {
			best := -1
			for i := range left {
				if best < 0 || first(i, best) {
					best = i
				}
			}
			delete(left, best)
			rank++
			need, o := in[best].Units, allocate.Placement{Group: group, Rank: rank}
			switch {
			case keeps(p, in[best]):
				o.Outcome, o.Reason, free = allocate.Seated, allocate.Kept, max(0, free-need)
			case group == "":
				waiting++
				o.Outcome, o.Waiting = allocate.Waiting, waiting
				o.Reason = map[bundle.CapacityScope]string{bundle.PerSchool: allocate.NoSchool, bundle.PerClass: allocate.NoClass}[p.Capacity.Per]
			case capacity > 0 && need > capacity:
				o.Outcome, o.Reason = allocate.NotPlaced, allocate.ExceedsCapacity
			case need <= free && !blocked:
				o.Outcome, o.Reason, free = allocate.Seated, allocate.Placed, free-need
			default:
				o.Reason = allocate.BehindWaiting
				if need > free {
					o.Reason, blocked = allocate.NoPlaceFree, true
				}
				if p.WaitingList != nil && waiting == *p.WaitingList {
					o.Outcome, o.Reason = allocate.NotPlaced, allocate.WaitingListFull
				} else {
					waiting++
					o.Outcome, o.Waiting = allocate.Waiting, waiting
				}
			}
			out[best] = o
		}
	}
	return out
}

// checkPromises holds what may be said to a family without knowing how the
// order is computed.
func checkPromises(t *testing.T, p *bundle.Priority, args allocate.Arguments, in []allocate.Candidate, got []allocate.Placement) {
	t.Helper()
	given, kept, waiting := map[string]int64{}, map[string]int64{}, map[string]int{}
	for i, c := range in {
		switch {
		case (c.Units == 0) != (got[i].Outcome == allocate.None):
			t.Fatalf("candidate %d needs %d and gets %v", i, c.Units, got[i])
		case got[i].Kept:
			kept[got[i].Group] += c.Units
		case got[i].Outcome == allocate.Seated:
			given[got[i].Group] += c.Units
		case got[i].Outcome == allocate.Waiting:
			waiting[got[i].Group]++
		}
		if keeps(p, c) && c.Units > 0 && got[i].Outcome != allocate.Seated {
			t.Fatalf("candidate %d was seated and is displaced: %v", i, got[i])
		}
	}
	for i := range got {
		g := got[i].Group
		if given[g] > 0 && given[g]+kept[g]+args.Taken[g] > got[i].Capacity {
			t.Fatalf("group %q gives %d beside %d kept and %d taken, of %d", g, given[g], kept[g], args.Taken[g], got[i].Capacity)
		}
		if g != "" && p.WaitingList != nil && waiting[g] > *p.WaitingList {
			t.Fatalf("group %q has %d waiting, its list holds %d", g, waiting[g], *p.WaitingList)
		}
		for j := range got {
			envies := got[i].Outcome == allocate.Waiting && got[j].Outcome == allocate.Seated && !got[j].Kept &&
				g == got[j].Group && got[i].Rank < got[j].Rank
			if envies {
				t.Fatalf("candidate %d waits on rank %d while %d has a place on rank %d", i, got[i].Rank, j, got[j].Rank)
			}
		}
	}
}

func table(placements []allocate.Placement) string {
	names := map[allocate.Outcome]string{allocate.None: "None", allocate.Seated: "Seated", allocate.Waiting: "Waiting", allocate.NotPlaced: "NotPlaced"}
	lines := make([]string, len(placements))
	for i, p := range placements {
		lines[i] = fmt.Sprintf("%s %s %s %d %d", names[p.Outcome], p.Reason, p.Group, p.Rank, p.Waiting)
	}
	return strings.Join(lines, "\n")
}

// A policy without expressions is a pure lottery: each of four students must
// win one of two seats about half the time over many seeds.
func TestLotteryIsFair(t *testing.T) {
	p := &bundle.Priority{Capacity: &bundle.Capacity{Per: bundle.PerDistrict, Default: 2}}
	in := []allocate.Candidate{{Student: "a", Units: 1}, {Student: "b", Units: 1}, {Student: "c", Units: 1}, {Student: "d", Units: 1}}
	const draws = 4000
	won := make([]int, len(in))
	for n := range draws {
		got, err := allocate.Allocate(p, allocate.Arguments{Process: "p", District: "d", Seed: []byte(strconv.Itoa(n))}, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i].Outcome == allocate.Seated {
				won[i]++
			}
		}
	}
	for i, n := range won {
		// Five standard deviations of a fair draw: √(4000·¼) ≈ 31.6.
		if n < draws/2-158 || n > draws/2+158 {
			t.Errorf("student %d won %d of %d draws", i, n, draws)
		}
	}
}

func BenchmarkAllocate(b *testing.B) {
	const students = 90_000
	rng := rand.New(rand.NewPCG(1, 2))
	p := &bundle.Priority{
		KeepSeated: true,
		Order:      []bundle.Order{{Expression: "decision.priority", Descending: true}, {Lottery: &bundle.Lottery{}}},
		Capacity:   &bundle.Capacity{Per: bundle.PerSchool, Default: 40},
	}
	in := make([]allocate.Candidate, students)
	for i := range in {
		in[i] = allocate.Candidate{
			Student: fmt.Sprintf("student-%06d", i), School: fmt.Sprintf("school-%03d", rng.IntN(150)),
			Units: 1, Keys: []float64{float64(rng.IntN(100))}, Held: rng.IntN(50) == 0,
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := allocate.Allocate(p, allocate.Arguments{Process: "maths-tutoring", District: "boston", Seed: []byte("seed")}, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*students/b.Elapsed().Seconds(), "students/s")
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package fairness

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSuppress(t *testing.T) {
	for name, c := range map[string]struct {
		cells []int64
		want  Shown
	}{
		"nothing to hide":                  {[]int64{10, 500, 0}, Shown{true, []bool{true, true, true}}},
		"one small cell takes one with it": {[]int64{3, 500, 40}, Shown{true, []bool{false, true, false}}},
		"two small cells that add to few":  {[]int64{1, 1, 500, 40}, Shown{true, []bool{false, false, true, false}}},
		"a small district shows nothing":   {[]int64{3, 4}, Shown{false, []bool{false, false}}},
		"only one group":                   {[]int64{7}, Shown{false, []bool{false}}},
		"zeros hide nothing":               {[]int64{0, 0}, Shown{true, []bool{true, true}}},
		"until what is hidden is enough":   {[]int64{9, 500, 11, 10}, Shown{true, []bool{false, true, false, false}}},
		"an empty group may be hidden":     {[]int64{9, 500, 11, 0}, Shown{true, []bool{false, true, false, false}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Suppress(c.cells, 10)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The attacker knows the algorithm and the minimum, sees what is published, and
// lists every table that would have been published the same way. No hidden
// cell that is small may have the same small value in all of them.
func TestSuppressAgainstEnumeration(t *testing.T) {
	const minimum, largest = 3, 14
	for size := 1; size <= 4; size++ {
		possible := map[string][]map[int64]bool{} // published form → values each cell can have
		tables(size, largest, func(cells []int64) {
			key := published(cells, minimum)
			if possible[key] == nil {
				possible[key] = make([]map[int64]bool, size)
				for i := range possible[key] {
					possible[key][i] = map[int64]bool{}
				}
			}
			for i, n := range cells {
				possible[key][i][n] = true
			}
		})
		tables(size, largest/2, func(cells []int64) {
			key := published(cells, minimum)
			for i, n := range cells {
				if n > 0 && n < minimum && len(possible[key][i]) < 2 {
					t.Errorf("%v is published as %s, from which cell %d is certainly %d", cells, key, i, n)
				}
			}
		})
	}
}

func published(cells []int64, minimum int64) string {
	shown := Suppress(cells, minimum)
	var b strings.Builder
	var total int64
	for i, n := range cells {
		total += n
		if shown.Cells[i] {
			fmt.Fprintf(&b, "%d ", n)
		} else {
			b.WriteString("? ")
		}
	}
	if shown.Total {
		fmt.Fprintf(&b, "of %d", total)
	} else {
		b.WriteString("of ?")
	}
	return b.String()
}

// tables calls f with every table of so many cells from 0 to largest.
func tables(size int, largest int64, f func([]int64)) {
	cells := make([]int64, size)
	var fill func(int)
	fill = func(i int) {
		if i == size {
			f(cells)
			return
		}
		for cells[i] = 0; cells[i] <= largest; cells[i]++ {
			fill(i + 1)
		}
	}
	fill(0)
}

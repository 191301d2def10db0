// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fairness is what may be said of groups of students without saying
// anything of one of them.
package fairness

// MinimumCell is the least count that reports show unless told otherwise. Ten
// is the threshold most state education agencies publish by (NCES 2011-603,
// "Statistical Methods for Protecting Personally Identifiable Information in
// Aggregate Reporting", table 2).
const MinimumCell = 10

// Shown says which counts of a table may be shown.
type Shown struct {
	Total bool
	Cells []bool // by the cells' order
}

// Suppress decides which counts of a one-way table (cells that add up to their
// total) may be shown, so that no count from 1 to minimum-1 can be read or
// computed from what is shown, even by somebody who knows this algorithm.
//
// Primary suppression hides the small cells. Complementary suppression then
// hides at least one more, and further ones until those hidden add up to twice
// the minimum: otherwise what is left of the total would pin them down.
// It takes them from the last to the first, whatever they hold. (Taking the
// smallest first, as is often done, tells an attacker that the hidden ones are
// smaller than those shown, and with the total that can be enough.) So callers
// put the counts that readers can best do without last. Where there are not
// enough cells, the total is hidden, too.
func Suppress(cells []int64, minimum int64) Shown {
	shown := Shown{Total: true, Cells: make([]bool, len(cells))}
	var hiddenSum int64
	for i, n := range cells {
		shown.Cells[i] = n == 0 || n >= minimum
		if !shown.Cells[i] {
			hiddenSum += n
		}
	}
	if hiddenSum == 0 {
		return shown
	}
	more := 0
	enough := func() bool { return more >= 1 && hiddenSum >= 2*minimum }
	for i := len(cells) - 1; i >= 0 && !enough(); i-- {
		if shown.Cells[i] {
			shown.Cells[i] = false
			hiddenSum += cells[i]
			more++
		}
	}
	shown.Total = enough()
	return shown
}

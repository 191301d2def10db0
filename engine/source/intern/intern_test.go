// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package intern

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// TestTable adds and finds texts in orders of every kind and holds the table
// against a map.
func TestTable(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for name, text := range map[string]func(i int) string{
		"ascending":                 func(i int) string { return fmt.Sprintf("r-%06d", i) },
		"counting":                  func(i int) string { return fmt.Sprintf("r-%d", i) },
		"descending":                func(i int) string { return fmt.Sprintf("r-%06d", 9999-i) },
		"random":                    func(int) string { return fmt.Sprintf("%x", random.Uint64()) },
		"ascending, then repeated":  func(i int) string { return fmt.Sprintf("r-%06d", i%1500) },
		"ascending, then one early": func(i int) string { return fmt.Sprintf("r-%06d", (i+1)%2000) },
		"few":                       func(int) string { return fmt.Sprint(random.IntN(50)) },
		"prefixes":                  func(i int) string { return string(bytes.Repeat([]byte{'a'}, i%300)) },
	} {
		for _, findFrom := range []int{0, 700, 2000} {
			t.Run(fmt.Sprintf("%s, looked up from %d on", name, findFrom), func(t *testing.T) {
				table, known := New(maphash.MakeSeed()), map[string]uint32{}
				var texts []string
				for i := range 2000 {
					s := text(i)
					want, is := known[s]
					if i >= findFrom {
						if n, ok := table.Find([]byte(s)); ok != is || ok && n != want {
							t.Fatalf("%q is found as %d, %v; want %d, %v", s, n, ok, want, is)
						}
					}
					n, isNew := table.Add([]byte(s))
					if isNew == is || is && n != want || !is && int(n) != len(texts) {
						t.Fatalf("%q is added as %d, %v; want %d, %v", s, n, isNew, want, !is)
					}
					if isNew {
						known[s] = n
						texts = append(texts, s)
					}
				}
				for range 5000 {
					a, b := random.IntN(len(texts)), random.IntN(len(texts))
					if got := table.Compare(uint32(a), uint32(b)); got != cmp.Compare(texts[a], texts[b]) {
						t.Fatalf("%q and %q compare as %d", texts[a], texts[b], got)
					}
				}
				for n, s := range texts {
					if got := string(table.Get(uint32(n))); got != s {
						t.Fatalf("text %d is %q, want %q", n, got, s)
					}
				}
				if table.Len() != len(texts) {
					t.Fatalf("%d texts, want %d", table.Len(), len(texts))
				}
			})
		}
	}
}

func TestLookingUpAllocatesNothing(t *testing.T) {
	table := New(maphash.MakeSeed())
	texts := make([][]byte, 100)
	for i := range texts {
		texts[i] = []byte(fmt.Sprint(i * 7919 % 100))
		table.Add(texts[i])
	}
	if allocs := testing.AllocsPerRun(10, func() {
		for _, text := range texts {
			table.Find(text)
			table.Add(text)
		}
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

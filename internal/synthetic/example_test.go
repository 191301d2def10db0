// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic_test

import (
	"context"
	"fmt"
	"os"

	"github.com/juncture-dev/juncture/internal/synthetic"
)

// A state of 2,000 students in three districts, as three packages and an index in a folder.
func ExampleGenerate() {
	dir, err := os.MkdirTemp("", "state-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	seed := []byte{0x2a}
	shape, err := synthetic.HeavyTailed(seed, 2000, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	options := synthetic.Options{Seed: seed, SchoolYear: 2025, Version: synthetic.Version12}
	districts, err := synthetic.Generate(context.Background(), shape, options, synthetic.Dir(dir), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range districts {
		fmt.Println(d.File, d.Identifier, d.Enrolment, d.Locale)
	}
	// Output:
	// alderbridge.zip 000010000 1434 Town
	// ambergate.zip 000020000 273 Rural
	// ashmouth.zip 000030000 293 Rural
}

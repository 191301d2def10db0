// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Namespace of all that a campaign declares: that of config/samples/state.
const Namespace = "state"

// Size says which state is generated.
type Size struct {
	// From is a table of real schools. If it is empty, districts have the sizes
	// that a heavy-tailed distribution gives.
	From string
	// Students in all; 0 for all that the table has.
	Students int
	// Districts, where there is no table; 0 for one for 3,500 students.
	Districts int
	// Seed in hexadecimal.
	Seed string
}

// State is a generated state.
type State struct {
	// Folder holds the packages, and districts.yaml.
	Folder    string `json:"-"`
	Students  int    `json:"students"`
	Districts int    `json:"districts"`
	// Packed is the size of the packages in bytes, Unpacked that of the CSV files
	// in them.
	Packed   int64 `json:"packedBytes"`
	Unpacked int64 `json:"unpackedBytes"`
}

// Generate generates a state into a folder.
func (j *Juncture) Generate(ctx context.Context, size Size, folder string) (State, Usage, error) {
	args := []string{"generate", "state", "--out", folder, "--seed", size.Seed, "--manifests", "--namespace", Namespace}
	for _, flag := range []struct {
		name  string
		value int
	}{{"--students", size.Students}, {"--districts", size.Districts}} {
		if flag.value > 0 {
			args = append(args, flag.name, strconv.Itoa(flag.value))
		}
	}
	if size.From != "" {
		args = append(args, "--from", size.From)
	}
	usage, err := j.Run(ctx, nil, args...)
	if err != nil {
		return State{}, usage, err
	}
	state, err := measured(folder)
	return state, usage, err
}

// measured reads the list of districts, and how large their packages are.
func measured(folder string) (State, error) {
	state := State{Folder: folder}
	list, err := os.Open(filepath.Join(folder, "districts.csv"))
	if err != nil {
		return state, err
	}
	defer list.Close()
	rows, err := csv.NewReader(list).ReadAll()
	if err != nil {
		return state, err
	}
	for _, row := range rows[1:] { // slug, identifier, name, enrolment, file
		students, err := strconv.Atoi(row[3])
		if err != nil {
			return state, err
		}
		if students == 0 {
			continue // such a district is not declared
		}
		state.Students += students
		state.Districts++
		if err := state.add(filepath.Join(folder, row[4])); err != nil {
			return state, fmt.Errorf("%s: %w", row[4], err)
		}
	}
	return state, nil
}

func (s *State) add(file string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		s.Packed += int64(f.CompressedSize64)
		s.Unpacked += int64(f.UncompressedSize64)
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/juncture-dev/juncture/internal/synthetic"
)

// roster is one district's OneRoster export.
type roster struct {
	name     string
	content  []byte
	students int
}

// rosters are all that any story used, for the search at the end.
var rosters []roster

func newRoster(name string, content []byte) roster {
	GinkgoHelper()
	r := roster{name: name, content: content}
	for range r.people() {
		r.students++
	}
	rosters = append(rosters, r)
	return r
}

// realRosters are those of the 13 regions of the Open University; false says that they are not there.
func realRosters() ([]roster, bool) {
	GinkgoHelper()
	folder := os.Getenv("JUNCTURE_DATA")
	if folder == "" {
		folder = filepath.Join(root, "../shared/data")
	}
	files, err := filepath.Glob(filepath.Join(folder, "oulad-2013/*.zip"))
	Expect(err).NotTo(HaveOccurred())
	var found []roster
	for _, file := range files {
		content, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		found = append(found, newRoster(strings.TrimSuffix(filepath.Base(file), ".zip"), content))
	}
	return found, len(found) > 0
}

// generate makes the roster of a district of so many invented students: the same name and number give the same roster.
func generate(name string, students int) roster {
	GinkgoHelper()
	seed := []byte(name)
	shape, err := synthetic.HeavyTailed(seed, students, 1)
	Expect(err).NotTo(HaveOccurred())
	folder, err := os.MkdirTemp(scratch, "generated-")
	Expect(err).NotTo(HaveOccurred())
	districts, err := synthetic.Generate(ctx, shape, synthetic.Options{Seed: seed, SchoolYear: 2025}, synthetic.Dir(folder), nil)
	Expect(err).NotTo(HaveOccurred())
	content, err := os.ReadFile(filepath.Join(folder, districts[0].File))
	Expect(err).NotTo(HaveOccurred())
	return newRoster(name, content)
}

// inTerm is an instant at which the generated students are enrolled and have results.
const inTerm = "2026-03-01T00:00:00Z"

// people are the students of the roster: what a line of users.csv says of each, by column.
func (r *roster) people() []map[string]string {
	GinkgoHelper()
	var students []map[string]string
	for _, line := range r.lines("users.csv") {
		if line["role"] == "student" {
			students = append(students, line)
		}
	}
	Expect(students).NotTo(BeEmpty(), "roster %s has no students", r.name)
	return students
}

func (r *roster) lines(file string) []map[string]string {
	GinkgoHelper()
	archive, err := zip.NewReader(bytes.NewReader(r.content), int64(len(r.content)))
	Expect(err).NotTo(HaveOccurred(), "roster %s", r.name)
	entry, err := archive.Open(file)
	Expect(err).NotTo(HaveOccurred(), "roster %s", r.name)
	defer entry.Close()
	rows := csv.NewReader(entry)
	header, err := rows.Read()
	Expect(err).NotTo(HaveOccurred())
	var lines []map[string]string
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return lines
		}
		Expect(err).NotTo(HaveOccurred(), "roster %s", r.name)
		line := make(map[string]string, len(row))
		for i, value := range row {
			line[header[i]] = value
		}
		lines = append(lines, line)
	}
}

// lowered is the roster after bad tests: the score of every test that has one is halved. The students are the same.
func (r *roster) lowered() roster {
	GinkgoHelper()
	archive, err := zip.NewReader(bytes.NewReader(r.content), int64(len(r.content)))
	Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	lower := zip.NewWriter(&out)
	for _, entry := range archive.File {
		if entry.Name != "results.csv" {
			Expect(lower.Copy(entry)).To(Succeed())
			continue
		}
		in, err := entry.Open()
		Expect(err).NotTo(HaveOccurred())
		rows, err := csv.NewReader(in).ReadAll()
		Expect(err).NotTo(HaveOccurred())
		halve(rows)
		w, err := lower.Create(entry.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(csv.NewWriter(w).WriteAll(rows)).To(Succeed())
	}
	Expect(lower.Close()).To(Succeed())
	return newRoster(r.name, out.Bytes())
}

// halve replaces each score by the half of its whole points.
func halve(rows [][]string) {
	score := -1
	for i, name := range rows[0] {
		if name == "score" {
			score = i
		}
	}
	for _, row := range rows[1:] {
		points := 0
		whole, _, _ := strings.Cut(row[score], ".")
		for _, digit := range whole {
			points = 10*points + int(digit-'0')
		}
		if whole != "" {
			row[score] = strconv.Itoa(points / 2)
		}
	}
}

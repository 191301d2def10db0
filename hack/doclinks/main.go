// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Command doclinks fails where a Markdown file of the repository links to a file or heading that is not there. Links to other
// sites are not followed: whether they answer is no property of a change.
//
// Usage, in the repository's root: doclinks
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	documents, err := documents()
	if err != nil {
		fmt.Fprintf(os.Stderr, "doclinks: %v\n", err)
		os.Exit(2)
	}
	repository := os.DirFS(".")
	var links, broken int
	for _, name := range documents {
		found, complaints := check(repository, name)
		links += found
		broken += len(complaints)
		for _, complaint := range complaints {
			fmt.Println(complaint)
		}
	}
	if broken > 0 {
		os.Exit(1)
	}
	fmt.Printf("doclinks: %d links in %d documents lead somewhere\n", links, len(documents))
}

// documents lists the Markdown files that are committed or would be.
func documents() ([]string, error) {
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.md").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var names []string
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if _, err := os.Stat(string(name)); len(name) > 0 && err == nil {
			names = append(names, string(name))
		}
	}
	return names, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each testdata/NAME.json is a recorded stream; NAME.txt beside it is what must be printed.
func TestRecordedRuns(t *testing.T) {
	streams, err := filepath.Glob("testdata/*.json")
	if err != nil || len(streams) == 0 {
		t.Fatalf("no recorded streams: %v", err)
	}
	for _, stream := range streams {
		t.Run(strings.TrimSuffix(filepath.Base(stream), ".json"), func(t *testing.T) {
			var total totals
			if err := addFile(&total, stream); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			total.print(&got)
			want, err := os.ReadFile(strings.TrimSuffix(stream, ".json") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("printed\n%swanted\n%s", got.String(), want)
			}
		})
	}
}

func TestStreamCutOff(t *testing.T) {
	if _, err := readRun(strings.NewReader(`{"Action":"run","Package":"p","Te`)); err == nil {
		t.Error("a stream that ends in the middle of an event must be an error")
	}
}

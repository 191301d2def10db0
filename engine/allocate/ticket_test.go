// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package allocate_test

import (
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
)

const lotteryDocument = "../../docs/lottery.md"

type vector struct{ process, district, student, ticket string }

// publishedVectors are the seed and the rows of the table in docs/lottery.md.
func publishedVectors(t *testing.T) (document, seed string, rows []vector) {
	t.Helper()
	raw, err := os.ReadFile(lotteryDocument)
	if err != nil {
		t.Fatal(err)
	}
	document = string(raw)
	m := regexp.MustCompile("Seed `([0-9a-f]+)`").FindStringSubmatch(document)
	if m == nil {
		t.Fatalf("%s names no seed", lotteryDocument)
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+) \| (\S+) \| (\S+) \| ([0-9a-f]{64}) \|$`).FindAllStringSubmatch(document, -1) {
		rows = append(rows, vector{row[1], row[2], row[3], row[4]})
	}
	if len(rows) < 3 {
		t.Fatalf("%s has %d test vectors, want 3 or more", lotteryDocument, len(rows))
	}
	return document, m[1], rows
}

func TestPublishedVectors(t *testing.T) {
	_, seed, rows := publishedVectors(t)
	key, err := hex.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rows {
		if got := allocate.Draw(key, v.process, v.district, v.student).String(); got != v.ticket {
			t.Errorf("%s %s %s: ticket %s, published %s", v.process, v.district, v.student, got, v.ticket)
		}
	}
}

// Whoever wants to check a draw uses the lines of the document, not our code.
func TestPublishedShellLinesReproduceTheVectors(t *testing.T) {
	for _, program := range []string{"bash", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s to run the document's lines", program)
		}
	}
	document, seed, rows := publishedVectors(t)
	lines := regexp.MustCompile("(?s)```bash\n(.*?)```").FindStringSubmatch(document)
	if lines == nil {
		t.Fatalf("%s has no block of bash", lotteryDocument)
	}
	for _, v := range rows {
		out, err := exec.Command("bash", "-c", lines[1]+`ticket "$@"`, "bash", seed, v.process, v.district, v.student).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := strings.TrimSpace(string(out)); got != v.ticket {
			t.Errorf("%s %s %s: the document's lines give %s, published %s", v.process, v.district, v.student, got, v.ticket)
		}
	}
}

// Moving a character from one part to the next must draw another ticket.
func TestTicketsFrameTheirParts(t *testing.T) {
	seed := []byte("seed")
	if allocate.Draw(seed, "maths", "boston", "s1") == allocate.Draw(seed, "math", "sboston", "s1") ||
		allocate.Draw(seed, "maths", "boston", "s1") == allocate.Draw(seed, "maths", "bostons", "1") {
		t.Error("two students share a ticket because the parts are not framed")
	}
}

func TestSeed(t *testing.T) {
	published := &bundle.Priority{Order: []bundle.Order{{Expression: "decision.priority"}, {Lottery: &bundle.Lottery{Seed: "c0ffee"}}}}
	seed, err := allocate.Seed(published, []byte("run"))
	if err != nil || hex.EncodeToString(seed) != "c0ffee" {
		t.Errorf("seed %x, %v: the published seed goes before the run's", seed, err)
	}
	own := &bundle.Priority{Name: "seats", Order: []bundle.Order{{Lottery: &bundle.Lottery{}}}}
	if seed, err = allocate.Seed(own, []byte("run")); err != nil || string(seed) != "run" {
		t.Errorf("seed %q, %v: without a published seed it is the run's", seed, err)
	}
	if _, err = allocate.Seed(own, nil); err == nil {
		t.Error("a lottery without a seed is a lottery that anybody can predict; it must be refused")
	}
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
)

// EntryFormat names the layout of an entry in a district's chain.
const EntryFormat = "juncture.dev/ledger/entry/v2"

// Entry is a committed run's link in the district's chain. Its hash is the
// SHA-256 of its canonical JSON (RFC 8785); the next entry holds that hash.
type Entry struct {
	Format   string `json:"format"`
	District string `json:"district"`
	Sequence int64  `json:"sequence"` // from 1
	Previous string `json:"previous"` // hash of the entry before; 64 zeros for the first
	Run      string `json:"run"`
	Trigger  string `json:"trigger"`
	At       string `json:"at"`   // RFC 3339, UTC
	Seed     string `json:"seed"` // hexadecimal
	Engine   string `json:"engine"`
	Process  string `json:"process"`
	Revision string `json:"revision"`
	// Mode is the process's. What supersedes what depends on it.
	Mode     bundle.Mode `json:"mode,omitempty"`
	Snapshot string      `json:"snapshot"` // seal of the file
	// Recording is the run that the segment file is named by: the first of those
	// that were recorded together.
	Recording string `json:"recording"`
	Segment   string `json:"segment"` // seal of the file
	Proof     Proof  `json:"proof"`
	Root      string `json:"root,omitempty"` // of the run's Merkle tree, where each decision is proved
	Tasks     string `json:"tasks"`          // SHA-256 over the tasks opened, see taskDigest
	Counts    Counts `json:"counts"`
}

// Counts sum up a run.
type Counts struct {
	Students  int                    `json:"students"` // of the population
	Decisions int                    `json:"decisions"`
	Seats     int                    `json:"seats"`
	Waiting   int                    `json:"waiting"`
	Tasks     int                    `json:"tasks"`
	States    map[decision.State]int `json:"states"`
}

// canonical is the entry's canonical form and its hash.
func (e Entry) canonical() ([]byte, Hash, error) {
	form, err := canonicalJSON(e)
	return form, sha256.Sum256(form), err
}

func canonicalJSON(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(plain)
}

// readEntry reads an entry that has the hash it is known by.
func readEntry(form []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(form, &e); err != nil {
		return e, err
	}
	if e.Format != EntryFormat {
		return e, fmt.Errorf("format %q is not known here, only %q", e.Format, EntryFormat)
	}
	return e, nil
}

// entryOf reads an entry back. It refuses what canonical would not have
// written.
func entryOf(form []byte) (Entry, error) {
	e, err := readEntry(form)
	if err != nil {
		return e, err
	}
	again, _, err := e.canonical()
	if err != nil {
		return e, err
	}
	if string(again) != string(form) {
		return e, errors.New("not in canonical form")
	}
	return e, nil
}

// run is the committed run that the entry records.
func (e Entry) run(hash Hash) (Run, error) {
	at, err := time.Parse(time.RFC3339Nano, e.At)
	if err != nil {
		return Run{}, err
	}
	seed, err := hex.DecodeString(e.Seed)
	if err != nil {
		return Run{}, err
	}
	run := Run{
		ID:       e.Run,
		RunStart: RunStart{Process: e.Process, Revision: e.Revision, Trigger: e.Trigger, At: at, Seed: seed, Engine: e.Engine},
		State:    RunCommitted, Mode: e.Mode, Sequence: e.Sequence, Snapshot: e.Snapshot, Recording: e.Recording, Segment: e.Segment,
		Proof: e.Proof, Entry: hash, Counts: e.Counts,
	}
	switch e.Proof {
	case ProofPerRun:
		if e.Root != "" {
			return Run{}, errors.New("a run without leaves has a root")
		}
	case ProofPerDecision:
		root, err := hex.DecodeString(e.Root)
		if err != nil || len(root) != len(Hash{}) {
			return Run{}, errors.New("root is not a SHA-256 hash in hexadecimal")
		}
		run.Root = Hash(root)
	default:
		return Run{}, fmt.Errorf("proof %q is not known here, only %q and %q", e.Proof, ProofPerDecision, ProofPerRun)
	}
	return run, nil
}

// RunID is the id of the run that a trigger instance starts.
func RunID(district, process, revision, trigger string) string {
	h := sha256.New()
	for _, s := range [...]string{district, process, revision, trigger} {
		io.WriteString(h, strconv.Itoa(len(s))+":"+s+",") //nolint:errcheck // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// hashNamed is the hash that a name by content is of.
func hashNamed(name string) (h Hash, err error) {
	text, ok := strings.CutPrefix(name, "sha256-")
	if n, err := hex.Decode(h[:], []byte(text[:min(len(text), 2*len(h))])); !ok || err != nil || n != len(h) || len(text) != 2*len(h) {
		return h, fmt.Errorf("%q is not sha256- and 64 hexadecimal digits", name)
	}
	return h, nil
}

// digestName is how files are named by content.
func digestName(h Hash) string { return "sha256-" + h.String() }

// taskDigest commits to what never changes of the tasks a run opened: SHA-256
// over the fields of each, as a list of strings in the canonical form's
// spelling, in order of id.
func taskDigest(tasks []decision.Task) Hash {
	h := sha256.New()
	var form []byte
	for i := range tasks {
		t := &tasks[i]
		form = appendStrings(form[:0], []string{
			t.ID, t.Decision, string(t.Role), t.Agent, formatTime(t.Opened), formatTime(t.Due), t.Otherwise, t.EscalateTo,
		})
		h.Write(form)
	}
	return Hash(h.Sum(nil))
}

// formatTime is RFC 3339 in UTC, and empty for the zero time.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// checkInstant fails on an instant that parseTime would not read back.
func checkInstant(t time.Time) error {
	if year := t.UTC().Year(); year > 9999 || year < 0 {
		return fmt.Errorf("an instant in the year %d cannot be written", year)
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, s)
}

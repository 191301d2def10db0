// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package assignment is what the operator tells an evaluator to serve: which
// districts, from which sources, under which process revisions.
//
// The Evaluator controller writes an assignment into an immutable ConfigMap; the
// evaluator reads it once at start. Its digest is in the pod template, so that
// a changed assignment is a new rollout, and in what each replica reports, so
// that progress is "every replica serves this", never "the pods are healthy".
package assignment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// File is the name of the assignment within its ConfigMap and its directory.
const File = "assignment.json"

// Where the Evaluator controller mounts things and the evaluator finds them.
const (
	Dir        = "/etc/juncture/assignment"      // holds File
	BundleDir  = "/etc/juncture/bundles"         // holds <digest>/bundle.json per revision
	SourceDir  = "/var/run/juncture/sources"     // a volume per source claim: <claim name>/…
	SecretDir  = "/var/run/juncture/credentials" // a Secret per source: <secret name>/<key>
	StoreDir   = "/var/lib/juncture"             // one record per district: <district>/…
	BundleFile = "bundle.json"
)

// Assignment is everything one evaluator deployment serves.
type Assignment struct {
	Namespace string `json:"namespace"`
	Evaluator string `json:"evaluator"`
	// Districts are sorted by name.
	Districts []District `json:"districts"`
}

// District is one tenant of an evaluator.
type District struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier,omitempty"`
	TimeZone   string `json:"timeZone"`
	Source     Source `json:"source"`
	// Processes are sorted by name.
	Processes []Process `json:"processes,omitempty"`
	// Suspend stops every trigger; the record stays readable.
	Suspend bool `json:"suspend,omitempty"`
}

// Source says where a district's OneRoster CSV export lies: a Path in a mounted
// volume, or an https URL.
type Source struct {
	Path string `json:"path,omitempty"` // a zip or a folder
	URL  string `json:"url,omitempty"`
	// Credentials is the directory of the mounted Secret: username and
	// password, or token.
	Credentials string `json:"credentials,omitempty"`
	// CABundle is a PEM file of the mounted Secret.
	CABundle string `json:"caBundle,omitempty"`
	// CheckSeconds is how often the source is looked at for a change.
	CheckSeconds int64 `json:"checkSeconds,omitempty"`
}

// Process is one revision that a district is to be decided by.
type Process struct {
	Name     string        `json:"name"`
	Revision bundle.Digest `json:"revision"`
}

// Canonical is the assignment's one byte form: struct order, no insignificant
// space.
func (a *Assignment) Canonical() ([]byte, error) {
	return json.Marshal(a)
}

// Digest identifies the assignment: sha256-<hex> over its canonical form.
func (a *Assignment) Digest() (string, error) {
	b, err := a.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "sha256-" + hex.EncodeToString(sum[:]), nil
}

// Revisions are the digests of all bundles the assignment needs, each once, in
// order of first use.
func (a *Assignment) Revisions() []bundle.Digest {
	var out []bundle.Digest
	seen := map[bundle.Digest]bool{}
	for _, d := range a.Districts {
		for _, p := range d.Processes {
			if !seen[p.Revision] {
				seen[p.Revision] = true
				out = append(out, p.Revision)
			}
		}
	}
	return out
}

// Load reads the assignment from a directory. Unknown fields are refused: an
// evaluator must not serve half of what a newer operator meant.
func Load(dir string) (*Assignment, error) {
	name := filepath.Join(dir, File)
	raw, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read assignment: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	a := &Assignment{}
	if err := dec.Decode(a); err != nil {
		return nil, fmt.Errorf("assignment %s: %w; it was written by another version of the operator: use the same image tag for manager and evaluator", name, err)
	}
	return a, nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"strings"
)

// version of the standard. 1.2 moved roles and orgs of users to roles.csv.
type version int

const (
	version11 version = iota
	version12
)

// manifest says which version an export has and which files.
type manifest struct {
	version version
	bulk    map[string]bool // by file without .csv
}

// read reads manifest.csv and compares it with the files that are there.
func (r *reader) readManifest() error {
	properties := map[string]string{}
	t, err := r.open(manifestFile, []string{"propertyName", "value"})
	if err != nil {
		return err
	}
	name, value := t.column("propertyName"), t.column("value")
	for t.next() {
		key := string(t.field(name))
		if old, twice := properties[key]; twice && old != string(t.field(value)) {
			t.guard.Close()
			return &Error{File: manifestFile, Row: int(t.row), Column: "propertyName", Fault: "names a property twice with different values", Mend: "keep one row for each property"}
		}
		properties[key] = string(t.field(value))
	}
	if err := t.finish(); err != nil {
		return err
	}
	if r.manifest, err = newManifest(properties); err != nil {
		return err
	}
	return r.compareManifest()
}

func newManifest(properties map[string]string) (manifest, error) {
	m := manifest{bulk: map[string]bool{}}
	switch v := properties["oneroster.version"]; {
	case v == "1.1" || strings.HasPrefix(v, "1.1."):
		m.version = version11
	case v == "1.2" || strings.HasPrefix(v, "1.2."):
		m.version = version12
	case v == "":
		return m, &Error{File: manifestFile, Fault: "property oneroster.version is missing", Mend: "say 1.1 or 1.2"}
	default:
		return m, &Error{File: manifestFile, Fault: "property oneroster.version is a version that cannot be read", Mend: "export OneRoster CSV 1.1 or 1.2"}
	}
	for _, standard := range standardFiles { // in order, so that the same error comes first each time
		file := strings.TrimSuffix(standard, ".csv")
		switch properties["file."+file] {
		case "", "absent":
		case "bulk":
			m.bulk[file] = true
		case "delta":
			return m, &Error{File: manifestFile, Fault: "property file." + file + " is delta: only what changed", Mend: "export bulk, all that is valid now: decisions need the whole of it"}
		default:
			return m, &Error{File: manifestFile, Fault: "property file." + file + " is neither bulk nor delta nor absent", Mend: "say bulk where the file is there, else absent"}
		}
	}
	return m, nil
}

// compareManifest holds the manifest against the files.
func (r *reader) compareManifest() error {
	needed := []string{users}
	if r.manifest.version == version12 {
		needed = append(needed, roles)
	}
	for _, file := range needed {
		if !r.manifest.bulk[file] {
			return &Error{File: manifestFile, Fault: "property file." + file + " is not bulk", Mend: "export " + csvName(file) + ": without it there are no students"}
		}
	}
	for _, standard := range standardFiles {
		file := strings.TrimSuffix(standard, ".csv")
		_, there := r.archive.files[standard]
		switch {
		case r.manifest.bulk[file] && !there:
			mend := "export it, or say absent in " + manifestFile
			if other, ok := r.archive.strangers[standard]; ok {
				mend = "rename " + printable(other) + ": capitals count"
			}
			return &Error{File: standard, Fault: "is missing although the manifest calls it bulk", Mend: mend}
		case there && !r.manifest.bulk[file] && standard != manifestFile:
			r.problems.once(standard, "", faultUndeclared)
		}
	}
	return nil
}

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"time"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// PinOf is the revision that a district holds a process at, and for how long
// still. Without a pin, or with an expired one, the revision is empty. A pin
// whose end cannot be read (the schema refuses those) holds without end, which
// is 0: what somebody held on purpose is not let go because of a typing error.
func PinOf(district *v1alpha1.District, process string, now time.Time) (v1alpha1.Digest, time.Duration) {
	for _, pin := range district.Spec.Pins {
		if string(pin.Process) != process {
			continue
		}
		expires, err := time.Parse(time.RFC3339, string(pin.Expires))
		if err != nil {
			return pin.Revision, 0
		}
		if left := expires.Sub(now); left > 0 {
			return pin.Revision, left
		}
	}
	return "", 0
}

// Wanted is the revision that a district shall be decided by under a process
// that selects it, and whether a pin says so. It is empty where the process is
// not to run there: it is suspended, in mode Catalogue, being deleted, or was
// never accepted.
func Wanted(process *v1alpha1.PersonalizationProcess, district *v1alpha1.District, now time.Time) (revision v1alpha1.Digest, pinned bool) {
	if process.Spec.Suspend || process.Spec.Mode == v1alpha1.ModeCatalogue || !process.DeletionTimestamp.IsZero() {
		return "", false
	}
	if pin, _ := PinOf(district, process.Name, now); pin != "" {
		return pin, true
	}
	return process.Status.Revision, false
}

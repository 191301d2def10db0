// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import "runtime/debug"

// Versioned is an engine that knows its version better than this module does.
type Versioned interface {
	Version() string
}

// Version is the version of an engine: what it says itself, or that of the
// module it comes from.
func Version(k Kind, e Engine) string {
	if v, ok := e.(Versioned); ok {
		return v.Version()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || k.Module == "" {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == k.Module && m.Replace == nil {
			return m.Version
		}
	}
	return ""
}

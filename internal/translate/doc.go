// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package translate is the one way from the resources of juncture.dev to the
// closed form that the engine decides by. Controllers, the command line and
// admission use the same functions, so a manifest means the same everywhere.
//
// Nothing here reads a clock or a cluster: what a process refers to comes
// through a Lookup.
package translate

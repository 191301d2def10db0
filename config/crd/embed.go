// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd carries the CustomResourceDefinitions of juncture.dev, so that
// programs can check manifests without an API server, and tests install them.
package crd

import "embed"

// Bases holds one file a definition: bases/juncture.dev_<plural>.yaml.
//
//go:embed bases/juncture.dev_*.yaml
var Bases embed.FS

// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oneroster reads a district's students from an export in OneRoster CSV
// 1.1 or 1.2, a zip or a folder, straight into columns.
package oneroster

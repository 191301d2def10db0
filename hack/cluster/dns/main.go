// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Dns is CoreDNS with only the plugins that a cluster's own names take: the release's full set would build for minutes.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	dnsserver.Directives = []string{"errors", "kubernetes"} // the order in which they handle a query
	coremain.Run()
}

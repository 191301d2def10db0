# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Where things are, for the scripts beside this file. Sourced, never run.

# shellcheck disable=SC2034 # the scripts that source this file use these
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=${JUNCTURE_CACHE:-$HOME/.cache/juncture}
bin=$cache/bin

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# The local cluster's own network: a link between the machine and the node, the pods, the services.
network=10.117.0.0/16
machine_address=10.117.0.1
node_address=10.117.0.2
pods=10.117.1.0/24
services=10.117.2.0/24
api_service_address=10.117.2.1
node_name=juncture

# State of the cluster that `make cluster-up` started.
state=$cache/cluster
kubeconfig=$state/kubeconfig
# The two ends of the link.
machine_link=juncture0
node_link=machine0
# Folders that the kubelet insists on. The node hides them under its own.
hidden_folders=(/var/lib/kubelet /var/lib/cni /var/log/containers)

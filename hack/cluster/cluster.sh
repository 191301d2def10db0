#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Starts and removes the cluster of the demo and of the end-to-end tests: the one that the kubeconfig reaches
# (CLUSTER=current), kind where it can run, or one built here. docs/local-cluster.md tells what it does to the machine.
#
# Usage: cluster.sh up | down | status | import ARCHIVE
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

# provider prints which kind of cluster is wanted, or, if one is up, which that is.
provider() {
  if [[ -s $state/provider ]]; then
    cat "$state/provider"
  elif [[ -n ${CLUSTER:-} ]]; then
    echo "$CLUSTER"
  elif command -v kind >/dev/null && docker info &>/dev/null; then
    echo kind
  else
    echo local
  fi
}

kubectl() {
  local program=$bin/kubectl
  [[ -x $program ]] || program=$(type -P kubectl) || die "no kubectl: install it, or run 'make envtest-assets' to build it"
  "$program" --kubeconfig="$kubeconfig" "$@"
}

answers() {
  [[ -s $kubeconfig ]] || return
  # Without its node the local cluster's addresses would lead elsewhere.
  [[ $(provider) != local ]] || node_pid >/dev/null || return
  kubectl get --raw /readyz --request-timeout=5s &>/dev/null
}

# begin PROVIDER notes which kind of cluster the state folder is about.
begin() {
  mkdir -p "$state"
  echo "$1" >"$state/provider"
}

up_current() {
  local program found
  program=$(type -P kubectl) || program=$bin/kubectl
  if ! found=$("$program" config view --minify --flatten --raw) ||
    ! "$program" get --raw /readyz --request-timeout=10s >/dev/null; then
    die "CLUSTER=current: the kubeconfig's current context reaches no cluster; try 'kubectl version'"
  fi
  begin current
  install -m 600 /dev/null "$kubeconfig"
  echo "$found" >"$kubeconfig"
}

up_kind() {
  begin kind
  kind create cluster --name juncture --kubeconfig "$kubeconfig" --wait 120s
}

# node_pid prints the process that made the namespaces in which the node's processes live; it is the parent of the
# node's process 1. It is found by its arguments, which a lost or stale file of process numbers cannot falsify.
node_pid() {
  local file
  while IFS= read -r file; do
    if [[ $({ tr '\0' ' ' <"$file"; } 2>/dev/null) == "unshare "* ]]; then # other processes come and go
      file=${file%/cmdline}
      echo "${file#/proc/}"
      return
    fi
  done < <(grep -lszxF "$state/node/node.sh" /proc/[0-9]*/cmdline)
  return 1
}

# in_node COMMAND... runs a command within the node's namespaces.
in_node() {
  local pid
  pid=$(node_pid) || die "the local cluster's node does not run; see $state/log/node.log"
  nsenter --mount="/proc/$pid/ns/mnt" --net="/proc/$pid/ns/net" --uts="/proc/$pid/ns/uts" --ipc="/proc/$pid/ns/ipc" \
    --pid="/proc/$pid/ns/pid_for_children" -- "$@"
}

install_packages() {
  local missing=()
  type -P runc >/dev/null || missing+=(runc)
  type -P nft >/dev/null || missing+=(nftables)
  type -P iptables >/dev/null || missing+=(iptables)
  type -P ip >/dev/null || missing+=(iproute2)
  type -P openssl >/dev/null || missing+=(openssl)
  [[ -x /usr/lib/cni/bridge ]] || missing+=(containernetworking-plugins)
  ((${#missing[@]})) || return 0
  type -P apt-get >/dev/null || die "install ${missing[*]} (names as in Debian), then try again"
  say "installing ${missing[*]} ..."
  if ! DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 </dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 </dev/null
  fi
}

start_node() {
  local pid
  (
    # Whoever started the cluster may wait for the other end of a pipe, or for a lock.
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || eval "exec $fd>&-"
    done
    exec setsid unshare --mount --pid --net --uts --ipc --fork --kill-child --mount-proc \
      "$state/node/node.sh" "$state" "$bin" </dev/null >>"$state/log/node.log" 2>&1
  ) &
  pid=$!
  # The link's end can be moved once the process is in its own network namespace.
  until [[ $(readlink "/proc/$pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do
    kill -0 "$pid" || die "the node did not start; see $state/log/node.log"
    sleep 0.05
  done
  ip link add "$machine_link" type veth peer name "$node_link" netns "$pid"
  ip address add "$machine_address/30" dev "$machine_link"
  ip link set "$machine_link" up
  ip route add "$network" via "$node_address"
}

# await WHAT COMMAND... waits until the command succeeds.
await() {
  local what=$1 deadline=$((SECONDS + 180))
  shift
  until "$@" &>/dev/null; do
    ((SECONDS < deadline)) || die "$what: not after 180 s; see $state/log"
    node_pid >/dev/null || die "$what: the node ended; see $state/log/node.log"
    sleep 0.3
  done
}

up_local() {
  local started=$SECONDS
  ((EUID == 0)) || die "building a cluster here takes root; or use one of yours with CLUSTER=current"
  install_packages
  "$here/build.sh" cluster
  "$here/images.sh" pack pause "$bin/pause" -tag dev
  down_local
  [[ -z $(ip route show root "$network") ]] ||
    die "the machine has a route within $network, which the local cluster uses; is there one of another JUNCTURE_CACHE?"

  say "starting the cluster ..."
  begin local
  mkdir -p "$state"/{log,volumes,cni,node}
  cp -R "$here"/{env.sh,node.sh,config} "$state/node" # so that the node outlives this checkout
  mkdir -m 700 "$state/etcd"
  "$here/pki.sh" "$state/pki"
  install -m 644 "$here/config/cni.conflist" "$state/cni/juncture.conflist"
  echo "nameserver 127.0.0.1" >"$state/resolv.conf"
  start_node
  await "containerd" in_node "$bin/ctr" version
  import "$cache/images/pause.tar"
  install -m 600 "$state/pki/admin.kubeconfig" "$kubeconfig"
  await "API server" answers
  await "storage class" kubectl get storageclass standard
  await "node" kubectl wait --for=condition=Ready "node/$node_name" --timeout=5s
  await "service account" kubectl get serviceaccount default
  say "the cluster is up after $((SECONDS - started)) s"
}

# down_local also clears away what a killed cluster left.
down_local() {
  local pid cgroups
  if pid=$(node_pid); then
    kill -KILL "$pid" # its child, the node's process 1, goes with it, and everything else with that
    while [[ -e /proc/$pid ]] || ip link show "$machine_link" &>/dev/null; do sleep 0.05; done
  fi
  for cgroups in /sys/fs/cgroup/k8s.io /sys/fs/cgroup/*/k8s.io; do
    [[ ! -d $cgroups ]] || find "$cgroups" -depth -type d -exec rmdir --ignore-fail-on-non-empty {} + 2>/dev/null || true
  done
  rmdir --ignore-fail-on-non-empty "${hidden_folders[@]}" 2>/dev/null || true
  rm -rf "$state"
}

up() {
  local kind
  mkdir -p "$cache"
  exec {lock}>"$cache/.cluster.lock" # against a second start at the same time
  flock "$lock"
  kind=$(provider)
  if [[ -n ${CLUSTER:-} && $CLUSTER != "$kind" ]]; then
    die "a cluster of kind $kind is noted in $state, but CLUSTER=$CLUSTER is asked for; run 'make cluster-down' first"
  fi
  if ! answers; then
    case $kind in
    current | kind | local) "up_$kind" ;;
    *) die "CLUSTER=$kind: must be current, kind or local" ;;
    esac
  fi
  say "cluster ($kind): export KUBECONFIG=$kubeconfig"
}

down() {
  case $(provider) in
  local)
    ((EUID == 0)) || die "removing the local cluster takes root"
    down_local
    ;;
  kind)
    kind delete cluster --name juncture
    rm -rf "$state"
    ;;
  *) rm -rf "$state" ;; # not ours to remove
  esac
}

status() {
  if [[ ! -s $state/provider ]]; then
    echo "no cluster; 'make cluster-up' starts one"
    return
  fi
  echo "cluster: $(provider), kubeconfig $kubeconfig"
  answers || die "it does not answer; 'make cluster-up' starts it anew"
  kubectl get nodes -o wide
  kubectl get pods -A -o wide
}

# import ARCHIVE loads an image into the local cluster.
import() {
  local output
  output=$(in_node "$bin/ctr" --namespace k8s.io images import --digests - <"$1" 2>&1) || die "importing $1: $output"
}

case ${1:-} in
up | down | status | import) "$@" ;;
*) die "usage: cluster.sh up | down | status | import ARCHIVE" ;;
esac

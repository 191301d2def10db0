#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# The node of the local cluster: process 1 of namespaces of its own, which cluster.sh made. It lays out what the
# programs expect of a machine, starts them, and starts again whichever ends. When it ends, the kernel ends everything
# in its namespaces, and the mounts, interfaces and packet filter rules go with them.
#
# Usage: node.sh STATE PROGRAMS, two folders
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

lay_out_files() {
  mount --make-rshared / # shared within these namespaces; containers may ask for mounts that propagate
  mount -t tmpfs tmpfs /run
  mkdir /run/juncture /run/juncture-bin
  mount --bind "$1" /run/juncture
  mount --bind "$2" /run/juncture-bin
  local folder
  for folder in "${hidden_folders[@]}"; do # paths that the kubelet does not let one choose
    mkdir -p "$folder"
    mount -t tmpfs tmpfs "$folder"
  done
  # The kubelet sets these for the whole machine. Here it finds them set, and the machine keeps its own values.
  local setting
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    mkdir -p "/run/sys/${setting%/*}"
    echo "${setting#*=}" >"/run/sys/${setting%=*}"
    mount --bind "/run/sys/${setting%=*}" "/proc/sys/${setting%=*}"
  done
}

lay_out_network() {
  hostname "$node_name"
  ip link set lo up
  until ip link show "$node_link" &>/dev/null; do sleep 0.1; done # cluster.sh moves it here
  ip address add "$node_address/30" dev "$node_link"
  ip link set "$node_link" up
  ip route add default via "$machine_address"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables # Services answer pods of the same bridge
}

# keep NAME COMMAND... runs the command, and runs it again whenever it ends.
keep() {
  local name=$1
  shift
  while true; do
    "$@" </dev/null >>"/run/juncture/log/$name.log" 2>&1 || true
    echo "$(date --utc +%FT%TZ) $name ended; starting it again" >>"/run/juncture/log/node.log"
    sleep 1
  done &
}

etcd() {
  keep etcd /run/juncture-bin/etcd --name=juncture --data-dir=etcd --log-level=warn \
    --listen-client-urls=https://127.0.0.1:2379 --advertise-client-urls=https://127.0.0.1:2379 \
    --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \
    --initial-cluster=juncture=http://127.0.0.1:2380 \
    --client-cert-auth --trusted-ca-file=pki/etcd-ca.crt --cert-file=pki/etcd.crt --key-file=pki/etcd.key \
    --auto-compaction-retention=30m --quota-backend-bytes=4294967296
}

apiserver() {
  keep kube-apiserver /run/juncture-bin/kube-apiserver --advertise-address="$node_address" \
    --etcd-servers=https://127.0.0.1:2379 --etcd-cafile=pki/etcd-ca.crt \
    --etcd-certfile=pki/apiserver-etcd.crt --etcd-keyfile=pki/apiserver-etcd.key \
    --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key \
    --client-ca-file=pki/ca.crt --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --allow-privileged --service-cluster-ip-range="$services" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file=pki/service-account.pub --service-account-signing-key-file=pki/service-account.key \
    --kubelet-certificate-authority=pki/ca.crt --kubelet-client-certificate=pki/apiserver-kubelet.crt \
    --kubelet-client-key=pki/apiserver-kubelet.key --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file=pki/front-proxy-ca.crt --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file=pki/front-proxy.crt --proxy-client-key-file=pki/front-proxy.key
}

controller_manager() {
  local credentials=pki/kube-controller-manager.kubeconfig
  keep kube-controller-manager /run/juncture-bin/kube-controller-manager --kubeconfig="$credentials" \
    --authentication-kubeconfig="$credentials" --authorization-kubeconfig="$credentials" \
    --leader-elect=false --bind-address=127.0.0.1 --use-service-account-credentials \
    --root-ca-file=pki/ca.crt --service-account-private-key-file=pki/service-account.key \
    --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key
}

scheduler() {
  local credentials=pki/kube-scheduler.kubeconfig
  keep kube-scheduler /run/juncture-bin/kube-scheduler --kubeconfig="$credentials" \
    --authentication-kubeconfig="$credentials" --authorization-kubeconfig="$credentials" \
    --leader-elect=false --bind-address=127.0.0.1
}

proxy() {
  keep kube-proxy /run/juncture-bin/kube-proxy --kubeconfig=pki/kube-proxy.kubeconfig \
    --hostname-override="$node_name" --proxy-mode=nftables --cluster-cidr="$pods" \
    --conntrack-max-per-core=0 --bind-address="$node_address"
}

containerd() {
  keep containerd /run/juncture-bin/containerd --config="$here/config/containerd.toml" --log-level=warn
}

kubelet() {
  keep kubelet /run/juncture-bin/kubelet --config="$here/config/kubelet.yaml" --root-dir=/run/juncture/kubelet \
    --kubeconfig=pki/kubelet.kubeconfig --hostname-override="$node_name" --node-ip="$node_address"
}

provisioner() {
  keep provisioner /run/juncture-bin/provisioner -kubeconfig=pki/provisioner.kubeconfig -root=/run/juncture/volumes
}

dns() {
  keep dns /run/juncture-bin/dns -quiet -conf="$here/config/Corefile"
}

lay_out_files "$1" "$2"
cd /run/juncture
export PATH=/run/juncture-bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset KUBECONFIG
lay_out_network
etcd
apiserver
containerd
until kubectl --kubeconfig=pki/admin.kubeconfig get --raw /readyz &>/dev/null; do sleep 0.2; done
# The programs below are refused until their roles are there.
until kubectl --kubeconfig=pki/admin.kubeconfig apply -f "$here/config/cluster.yaml" >/dev/null; do sleep 0.5; done
controller_manager
scheduler
proxy
kubelet
provisioner
dns
while true; do wait -n || true; done

#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Makes the keys, certificates and kubeconfigs of the local cluster.
#
# Usage: pki.sh FOLDER
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

umask 077
mkdir -p "$1"
cd "$1"

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

# authority NAME
authority() {
  key "$1"
  openssl req -x509 -new -sha256 -key "$1.key" -out "$1.crt" -days 3650 -subj "/CN=juncture-$1" \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
}

# certificate AUTHORITY NAME SUBJECT [ALTERNATIVE_NAMES]; with alternative names it may serve, without it is for clients only
certificate() {
  local usage=clientAuth
  [[ -z ${4:-} ]] || usage=serverAuth,clientAuth
  key "$2"
  openssl req -new -sha256 -key "$2.key" -subj "$3" |
    openssl x509 -req -sha256 -CA "$1.crt" -CAkey "$1.key" -set_serial "0x$(openssl rand -hex 16)" -days 3650 -out "$2.crt" \
      -extfile <(
        echo "basicConstraints=critical,CA:false"
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=$usage"
        [[ -z ${4:-} ]] || echo "subjectAltName=$4"
      ) 2>/dev/null
}

# kubeconfig NAME SUBJECT
kubeconfig() {
  certificate ca "$1" "$2"
  cat >"$1.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: juncture
clusters:
- name: juncture
  cluster:
    server: https://$node_address:6443
    certificate-authority-data: $(base64 -w0 ca.crt)
contexts:
- name: juncture
  context: {cluster: juncture, user: $1}
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$1.crt")
    client-key-data: $(base64 -w0 "$1.key")
END
}

authority ca
authority etcd-ca
authority front-proxy-ca

certificate etcd-ca etcd /CN=etcd DNS:localhost,IP:127.0.0.1
certificate etcd-ca apiserver-etcd /CN=kube-apiserver
certificate front-proxy-ca front-proxy /CN=front-proxy-client
certificate ca apiserver /CN=kube-apiserver \
  "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$node_address,IP:$api_service_address"
certificate ca apiserver-kubelet /CN=kube-apiserver-kubelet-client
certificate ca kubelet-serving "/O=system:nodes/CN=system:node:$node_name" "DNS:$node_name,IP:$node_address"

key service-account
openssl pkey -in service-account.key -pubout -out service-account.pub

kubeconfig admin /O=system:masters/CN=juncture-admin
kubeconfig kube-controller-manager /CN=system:kube-controller-manager
kubeconfig kube-scheduler /CN=system:kube-scheduler
kubeconfig kube-proxy /CN=system:kube-proxy
kubeconfig kubelet "/O=system:nodes/CN=system:node:$node_name"
kubeconfig provisioner /CN=juncture:provisioner
kubeconfig dns /CN=juncture:dns

#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Checks that the cluster can do what Juncture needs of one: restricted pods that run as nobody in particular, probes,
# a volume that they may write to, Services from pods and through the API server, logs, commands in containers. All
# happens in a namespace of its own, which is removed at the end.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

namespace=juncture-smoke
program=$bin/kubectl
[[ -x $program ]] || program=kubectl
kubectl() { "$program" --kubeconfig="$kubeconfig" --namespace "$namespace" "$@"; }

# expect WHAT WANTED GOT
expect() {
  [[ $3 == "$2" ]] || die "$1: want '$2', got '$3'"
  say "ok: $1"
}

# within SECONDS COMMAND... runs the command until it succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" &>/dev/null; do
    ((SECONDS < deadline)) || die "still failing: $*"
    sleep 0.3
  done
}

clean_up() {
  local status=$?
  if ((status)); then
    kubectl get pods,persistentvolumeclaims,events >&2 || true
  fi
  "$program" --kubeconfig="$kubeconfig" delete namespace "$namespace" --ignore-not-found --timeout=120s >/dev/null
}
trap clean_up EXIT

started=$SECONDS
"$here/build.sh" image echo
"$here/images.sh" pack echo "$bin/echo"
"$here/images.sh" load echo

kubectl create namespace "$namespace" >/dev/null
kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null
within 30 kubectl get serviceaccount default
sed "s|IMAGE|$("$here/images.sh" reference echo)|" "$here/config/smoke.yaml" | kubectl apply -f - >/dev/null
kubectl rollout status deployment/echo --timeout=120s >/dev/null
expect "two replicas are ready" 2 "$(kubectl get deployment echo -o 'jsonpath={.status.readyReplicas}')"

claim=$(kubectl get persistentvolumeclaim names -o 'jsonpath={.status.phase}')
expect "the claim is bound to a volume" Bound "$claim"

pod=$(kubectl get pods -l app=echo -o 'jsonpath={.items[0].metadata.name}')
expect "logs are there" "$pod listens" "$(kubectl logs "$pod")"
names=$(kubectl exec "$pod" -- /echo names | sort)
expect "both replicas wrote to the volume, as a user without rights" \
  "$(kubectl get pods -l app=echo -o name | cut -d/ -f2 | sort)" "$names"

expect "the API server reaches the Service" "$names" "$(
  for _ in {1..20}; do "$program" --kubeconfig="$kubeconfig" get --raw "/api/v1/namespaces/$namespace/services/echo:http/proxy/"; done | sort -u
)"
address=$(kubectl get service echo -o 'jsonpath={.spec.clusterIP}')
expect "pods reach the Service, themselves included" "$names" "$(kubectl exec "$pod" -- /echo get 20 "http://$address/" | sort -u)"
expect "pods reach the Service by name" "$names" "$(kubectl exec "$pod" -- /echo get 20 "http://echo.$namespace.svc/" | sort -u)"

if kubectl run privileged --image=echo --privileged &>/dev/null; then
  die "a privileged pod was admitted to a namespace of the restricted level"
fi
say "ok: Pod Security turns a privileged pod away"

volume=$(kubectl get persistentvolumeclaim names -o 'jsonpath={.spec.volumeName}')
kubectl delete deployment/echo persistentvolumeclaim/names --timeout=60s >/dev/null
within 60 eval "! kubectl get persistentvolume $volume"
say "ok: the volume went with its claim"
say "the cluster passed in $((SECONDS - started)) s"

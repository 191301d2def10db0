#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Shows the whole of Juncture on a real cluster: from manifests to decisions that can be explained and checked. Says what it does
# and why. It may be run again at any time; what is there already is left as it is.
#
# Usage: demo.sh up | down
#   DATA=generated|oulad   districts that are invented (default), or 13 real ones from $JUNCTURE_DATA or ../shared/data
#   CLUSTER=…, REGISTRY=…  which cluster, and where it pulls images from: docs/local-cluster.md
#   DEMO_STORAGE_CLASS=…   where volumes are made (default: the cluster's own)
#   DEMO_ACCESS_MODE=…     of the volume of rosters; on a cluster of several nodes ReadWriteMany, if the class can do that
set -Eeuo pipefail
cd "$(dirname "$0")/.."

cache=${JUNCTURE_CACHE:-$HOME/.cache/juncture}
export PATH=$cache/bin:$PATH
work=dist/demo
patience=180 # seconds that any one wait may last

release=juncture
operator=juncture-system

# --- What the two networks differ in -----------------------------------------------------------------------------------------

choose_data() {
  case ${DATA:-generated} in
  generated)
    network=juncture-demo at=2026-02-02T00:00:00Z later=2026-03-02T00:00:00Z seed=5eed5eed5eed5eed
    rosters=$work/rosters overlay=hack/demo/generated
    ;;
  oulad)
    network=open-university at=2013-12-15T00:00:00Z later=2014-01-15T00:00:00Z seed=0ead0ead0ead0ead
    rosters=${JUNCTURE_DATA:-../shared/data}/oulad-2013 overlay=hack/demo/oulad
    compgen -G "$rosters/*.zip" >/dev/null ||
      fail "$rosters holds no packages: set JUNCTURE_DATA to the folder that holds oulad-2013, or leave DATA out for generated districts"
    ;;
  *) fail "DATA=$DATA: must be generated or oulad" ;;
  esac
}

make_rosters() {
  if [[ ${DATA:-generated} == oulad ]]; then
    step "Real rosters: 13 regions of the Open University (OULAD, Kuzilek et al. 2015, CC BY 4.0)"
    kubectl kustomize "$overlay" >"$work/network.yaml"
  else
    step "Invented rosters: a state of 8 districts and 12,000 students as OneRoster packages; the same seed gives the same bytes"
    rm -rf "$rosters"
    run "$work/bin/juncture" generate state --out "$rosters" --students 12000 --districts 8 --seed 03 \
      --manifests --namespace "$network" --label state=ma --claim rosters
    { kubectl kustomize "$overlay" && cat "$rosters/districts.yaml"; } >"$work/network.yaml"
  fi
  packages=("$rosters"/*.zip)
  echo "${#packages[@]} packages, $(cat "${packages[@]}" | wc -c) bytes"
}

# use_cluster takes the cluster that cluster.sh noted.
use_cluster() {
  export KUBECONFIG=$cache/cluster/kubeconfig
  [[ -s $KUBECONFIG ]] || fail "no cluster is noted: 'make cluster-up' starts one"
}

# --- The steps ---------------------------------------------------------------------------------------------------------------

up() {
  choose_data
  mkdir -p "$work/bin"
  step "A cluster, and the programs to speak to it"
  explain "The one that is up, or the one that CLUSTER names; docs/local-cluster.md. The first time, everything is built from source."
  hack/cluster/cluster.sh up
  hack/cluster/build.sh kubectl helm
  use_cluster
  build_programs
  make_rosters
  install_operator
  bring_rosters
  decide_here
  apply_network
  decide
  show_decisions
  show_record
  compare
  next
  timings
}

build_programs() {
  step "The command-line tool, and the images of manager and evaluator"
  CGO_ENABLED=0 go build -trimpath -o "$work/bin/" ./cmd/juncture ./hack/demo/client
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$work/bin/intake" ./hack/demo/intake
  hack/cluster/images.sh build manager evaluator
  hack/cluster/images.sh pack intake "$work/bin/intake"
  hack/cluster/images.sh load manager evaluator intake
  manager_image=$(hack/cluster/images.sh reference manager)
  evaluator_image=$(hack/cluster/images.sh reference evaluator)
  intake_image=$(hack/cluster/images.sh reference intake)
}

install_operator() {
  step "The operator, by Helm"
  explain "Custom resource definitions, roles, two managers of which one leads. Its namespace enforces Pod Security 'restricted'."
  kubectl apply --server-side -f config/manager/namespace.yaml
  run helm upgrade --install "$release" charts/juncture --namespace "$operator" --wait --timeout "${patience}s" \
    --set "image.repository=${manager_image%:*}" --set-string "image.tag=${manager_image##*:}" \
    --set "evaluator.image.repository=${evaluator_image%:*}" --set-string "evaluator.image.tag=${evaluator_image##*:}" \
    --set "evaluator.storage.className=${DEMO_STORAGE_CLASS:-}" | grep -E '^(STATUS|REVISION)'
  helm test "$release" --namespace "$operator" --timeout "${patience}s" --logs | grep -vE '^(NAME|LAST|NAMESPACE|STATUS|REVISION|TEST|Last)|^$' | sed -n '/^Phase/p; /^POD LOGS/,$p'
}

# The districts' packages go onto a volume of the cluster that their evaluators mount.
bring_rosters() {
  step "A network is a namespace: $network. The rosters go onto a volume there"
  explain "No student's data goes through the cluster's API objects: the files stream into a pod that mounts the volume."
  kubectl create namespace "$network" --dry-run=client -o yaml | kubectl apply --server-side -f -
  kubectl label namespace "$network" --overwrite pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
  claim rosters | kubectl apply --namespace "$network" --server-side -f -
  start_intake intake-rosters rosters
  tar -C "$rosters" -cf - --mode=a+r "${packages[@]##*/}" | kubectl exec --namespace "$network" -i intake-rosters -- /intake receive /volume
  stop_intake intake-rosters
}

# Beforehand, as one would in a pull request. The revision that these manifests make is known then, too.
decide_here() {
  step "The manifests without a cluster: checked, tested, run"
  explain "Information model, rules, priorities, agents, one process with capacity, districts."
  local sources=() archive
  for archive in "${packages[@]}"; do sources+=(--source "$(basename "$archive" .zip)=$archive"); done
  run "$work/bin/juncture" vet -f "$work/network.yaml"
  run "$work/bin/juncture" test -f "$work/network.yaml"
  echo "$ juncture run -f $work/network.yaml --source DISTRICT=ZIP... --at $at --seed $seed -o csv --out $work/local.csv"
  "$work/bin/juncture" run -f "$work/network.yaml" "${sources[@]}" --at "$at" --seed "$seed" -o csv --out "$work/local.csv"
  IFS=, read -r _ _ _ process revision _ < <(tail -n 1 "$work/local.csv")
}

apply_network() {
  step "The manifests applied, and every district served"
  explain "The operator closes the process into a revision named by its digest, places the districts on evaluators, and starts those."
  kubectl apply --server-side --force-conflicts -f "$work/network.yaml" # also over what was tried out by hand
  await --for="jsonpath={.status.revision}=$revision" "personalizationprocess/$process"
  await --for=condition=Ready "personalizationprocess/$process"
  # After an upgrade what is ready may still be what was there before.
  await --for="jsonpath={.spec.template.spec.containers[0].image}=$evaluator_image" deployments -l app.kubernetes.io/component=evaluator
  kubectl rollout status --namespace "$network" --timeout "${patience}s" deployment -l app.kubernetes.io/component=evaluator >/dev/null
  await --for=condition=Ready evaluators,districts --all
  show get personalizationprocesses
  show get districts
  show get evaluators
}

# The evaluators' HTTP API lets in whom the cluster's RBAC lets in. The demo's account may read decisions and start runs here.
decide() {
  step "Runs, asked for over the evaluators' HTTP API: each student decided as of $at, lottery seed $seed"
  explain "A token of the ServiceAccount 'auditor', who is bound to juncture-decisions-reader and juncture-decisions-runner in $network."
  local role
  kubectl create serviceaccount auditor --namespace "$network" --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
  for role in reader runner; do
    kubectl create rolebinding "auditor-$role" --namespace "$network" --clusterrole "juncture-decisions-$role" \
      --serviceaccount "$network:auditor" --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
  done
  EVALUATOR_TOKEN=$(kubectl create token auditor --namespace "$network" --duration 1h)
  export EVALUATOR_TOKEN
  for_each_evaluator ask run "$at" "$seed"
}

show_decisions() {
  step "What the network sees: counts, those of fewer than 10 students suppressed, together with one more that would give them away"
  kubectl wait --namespace "$network" --timeout 30s --for="jsonpath={.status.processes[0].at}=$at" decisionreports --all >/dev/null ||
    fail "the reports are not about $at: were there other runs, of what was tried out since? 'make demo-down', then again"
  show get decisionreports
  # shellcheck disable=SC2016 # a template's variable
  kubectl get decisionreports --namespace "$network" -o go-template='
{{- range .items}}{{$district := .metadata.name}}{{range .status.processes}}
{{- printf "%-22s" $district}}{{range .states}}  {{.state}} {{if .suppressed}}<hidden>{{else}}{{.count}}{{end}}{{end}}
{{end}}{{end}}'

  step "One decision explained: to those only who may see it"
  if [[ ${DATA:-generated} == generated ]]; then
    explain "This is the only student that the demo shows, and is invented."
  else
    explain "This is the only student that the demo shows, one of a published and anonymized data set."
  fi
  explained=
  for_each_evaluator explain_one
  [[ $explained ]] || fail "no district has anybody on the waiting list"
}

explain_one() {
  [[ ! $explained ]] || return 0
  if ask explain Waitlisted "$@"; then explained=yes; fi
}

# The record is checked twice: by its evaluator, and by the command-line tool on a copy.
show_record() {
  step "The record: append-only, one per district"
  for_each_evaluator ask record
  local evaluator node
  rm -rf "$work/record"
  mkdir -p "$work/record"
  for evaluator in $(evaluators); do
    node=$(kubectl get pods --namespace "$network" -l "juncture.dev/evaluator=$evaluator" -o 'jsonpath={.items[0].spec.nodeName}')
    start_intake "intake-$evaluator" "juncture-record-$evaluator" "$node"
    kubectl exec --namespace "$network" "intake-$evaluator" -- /intake send /volume | tar -C "$work/record" -xf -
    stop_intake "intake-$evaluator"
  done
  run "$work/bin/juncture" verify --store "$work/record"
}

compare() {
  step "The cluster decided as 'juncture run' did, to the byte"
  local district
  rm -rf "$work/decisions"
  mkdir -p "$work/decisions"
  for_each_evaluator download
  : >"$work/cluster.csv"
  for district in $(kubectl get districts --namespace "$network" -o 'jsonpath={.items[*].metadata.name}' | tr ' ' '\n' | LC_ALL=C sort); do
    if [[ -s $work/cluster.csv ]]; then tail -n +2 "$work/decisions/$district.csv"; else cat "$work/decisions/$district.csv"; fi >>"$work/cluster.csv"
  done
  cmp "$work/cluster.csv" "$work/local.csv" ||
    fail "the cluster's decisions differ from those of 'juncture run': were there runs before, by which students hold seats? 'make demo-down', then again"
  echo "$(($(wc -l <"$work/local.csv") - 1)) decisions, byte for byte the same: sha256 $(sha256sum "$work/local.csv" | cut -c1-16)…"
}

download() {
  local district
  for district in "$@"; do ask decisions "$district" >"$work/decisions/$district.csv"; done
}

next() {
  step "What to try next"
  cat <<TEXT
  export KUBECONFIG=$KUBECONFIG PATH=$cache/bin:$PWD/$work/bin:\$PATH

  # Every field is described:
  kubectl explain personalizationprocess.spec.triggers
  # Change a rule, and watch the new revision arrive:
  kubectl --namespace $network edit ruleset
  kubectl --namespace $network get personalizationprocesses,processrevisions
  # How far it is, and why not further:
  kubectl --namespace $network describe districts
  # Ask an evaluator yourself, and have it decide as of a month later:
  kubectl --namespace $network port-forward service/evaluator-shared-0 8443:https &
  token=\$(kubectl --namespace $network create token auditor)
  curl --insecure --header "Authorization: Bearer \$token" https://localhost:8443/v1/districts
  curl --insecure --header "Authorization: Bearer \$token" --json '{"at": "$later"}' https://localhost:8443/v1/districts/DISTRICT/runs
  # Explain any decision of the copied record:
  juncture explain --store $work/record --district DISTRICT --student ID --language es
  # Remove the demo; make cluster-down removes the cluster, too:
  make demo-down
TEXT
}

down() {
  local namespace
  use_cluster
  hack/cluster/build.sh kubectl helm
  for namespace in juncture-demo open-university; do
    step "Removing the network $namespace, its records too"
    kubectl delete namespace "$namespace" --ignore-not-found --timeout "${patience}s"
  done
  step "Removing the operator"
  if helm status "$release" --namespace "$operator" >/dev/null 2>&1; then
    helm uninstall "$release" --namespace "$operator" --wait --timeout "${patience}s"
  fi
  kubectl delete namespace "$operator" --ignore-not-found --timeout "${patience}s"
  remove_definitions
  rm -rf "$work"
  echo "The cluster is still there: make cluster-down."
}

# The chart keeps the definitions, because what people declared goes with them.
remove_definitions() {
  local definitions left
  definitions=$(kubectl get customresourcedefinitions -o name | grep -E '\.juncture\.dev$' || true)
  [[ $definitions ]] || return 0
  left=$(kubectl get districts,personalizationprocesses --all-namespaces -o name)
  if [[ $left ]]; then
    echo "The custom resource definitions stay: other namespaces hold districts or processes."
    return 0
  fi
  # shellcheck disable=SC2086 # one word each
  kubectl delete --timeout "${patience}s" $definitions
}

# --- How ---------------------------------------------------------------------------------------------------------------------

started=$SECONDS
steps=()
doing=

step() {
  finish_step
  doing=$* began=$SECONDS
  printf '\n==> %s\n' "$*"
}

finish_step() {
  [[ ! $doing ]] || steps+=("$(printf '%4d s  %s' $((SECONDS - began)) "${doing%%:*}")")
  doing=
}

explain() { printf '    %s\n' "$@"; }

timings() {
  finish_step
  printf '\n'
  printf '%s\n' "${steps[@]}"
  printf '%4d s  in all. What took long the first time is cached: run it again to see.\n' $((SECONDS - started))
}

# run shows a command as one would type it, and runs it.
run() {
  printf '$ %s\n' "${*/#$work\/bin\//}"
  "$@"
}

show() {
  printf '$ kubectl --namespace %s %s\n' "$network" "$*"
  kubectl --namespace "$network" "$@"
  echo
}

await() {
  kubectl wait --namespace "$network" --timeout "${patience}s" "$@" >/dev/null
}

claim() {
  cat <<CLAIM
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: $1
spec:
  accessModes: [${DEMO_ACCESS_MODE:-ReadWriteOnce}]
  ${DEMO_STORAGE_CLASS:+storageClassName: $DEMO_STORAGE_CLASS}
  resources: {requests: {storage: 1Gi}}
CLAIM
}

# start_intake POD CLAIM [NODE] starts a pod that mounts the claim at /volume: on the node where the volume is in use, if any.
start_intake() {
  local pod
  pod=$(<hack/demo/intake/pod.yaml)
  pod=${pod//IMAGE/$intake_image} pod=${pod//NAME/$1} pod=${pod//CLAIM/$2} pod=${pod//NODE/${3:-}}
  stop_intake "$1"
  kubectl apply --namespace "$network" --server-side -f - <<<"$pod" >/dev/null
  await --for=condition=Ready "pod/$1"
}

stop_intake() {
  kubectl delete pod "$1" --namespace "$network" --ignore-not-found --timeout "${patience}s" >/dev/null
}

evaluators() { kubectl get evaluators --namespace "$network" -o 'jsonpath={.items[*].metadata.name}'; }

# for_each_evaluator COMMAND... runs the command with the districts of each evaluator, and EVALUATOR_URL set.
for_each_evaluator() {
  local evaluator districts
  for evaluator in $(evaluators); do
    read -ra districts <<<"$(kubectl get evaluator "$evaluator" --namespace "$network" -o 'jsonpath={.spec.districts[*].name}')"
    forward "$evaluator"
    "$@" "${districts[@]}"
    stop_forward
  done
}

ask() { "$work/bin/client" "$@"; }

forwarder=

# forward EVALUATOR makes its service reachable at EVALUATOR_URL, through the API server.
forward() {
  local service log=$work/port-forward.log deadline=$((SECONDS + 30)) port
  service=$(kubectl get service --namespace "$network" -l "juncture.dev/evaluator=$1" -o name)
  kubectl port-forward --namespace "$network" "$service" :https >"$log" 2>&1 &
  forwarder=$!
  until port=$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$log") && [[ $port ]]; do
    if ! kill -0 "$forwarder" 2>/dev/null || ((SECONDS > deadline)); then fail "kubectl port-forward $service: $(<"$log")"; fi
    sleep 0.1
  done
  export EVALUATOR_URL=https://127.0.0.1:$port
}

stop_forward() {
  [[ ! $forwarder ]] || kill "$forwarder" 2>/dev/null || true
  forwarder=
}

fail() {
  printf '\nerror: %s\n' "$*" >&2
  exit 1
}

# ended tells what to look at when something went wrong.
ended() {
  local status=$?
  trap - ERR EXIT
  stop_forward
  if ! ((status)) || [[ ! $doing ]]; then exit "$status"; fi
  printf '\nThe demo stopped after %d s in: %s\n' $((SECONDS - started)) "$doing" >&2
  if [[ ! -s ${KUBECONFIG:-} || ! ${network:-} ]] || ! kubectl get --raw /readyz --request-timeout=5s >/dev/null 2>&1; then
    exit "$status"
  fi
  local namespace
  {
    for namespace in "$operator" "$network"; do
      printf '\n--- %s: pods, volume claims, newest events\n' "$namespace"
      kubectl get pods,persistentvolumeclaims --namespace "$namespace"
      kubectl get events --namespace "$namespace" --sort-by=.metadata.creationTimestamp | tail -n 15
    done
    printf '\n--- %s: what is not ready, and why\n' "$network"
    # shellcheck disable=SC2016 # a template's variable
    kubectl get personalizationprocesses,districts,evaluators --namespace "$network" -o 'go-template={{range .items}}{{$o := .}}{{range .status.conditions}}{{if ne .status "True"}}{{$o.kind}} {{$o.metadata.name}}: {{.type}}: {{.reason}}: {{.message}}
{{end}}{{end}}{{end}}'
    printf '\n--- logs\n'
    kubectl logs --namespace "$operator" -l app.kubernetes.io/component=manager --tail 10 --prefix
    kubectl logs --namespace "$network" -l app.kubernetes.io/component=evaluator --tail 20 --prefix
  } >&2 2>&1 || true
  exit "$status"
}
trap ended EXIT

case ${1:-} in
up | down) "$1" ;;
*) fail "usage: demo.sh up | down" ;;
esac

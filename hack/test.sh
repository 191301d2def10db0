#!/usr/bin/env bash
# Runs the phases of tests that are named, goes on to the next when one fails, and ends with the totals of all.
# Usage: hack/test.sh unit|bench|e2e...      (called by make, which says where the tools are)
set -uo pipefail
cd "$(dirname "$0")/.." || exit

results=$PWD/dist/test
mkdir -p "$results"
rm -f "$results"/*

streams=() # what the phases' tests wrote
failed=()  # why a phase never came to its tests

say() { printf '\n==> %s\n' "$*"; }

# Units, and controllers against the kube-apiserver and etcd that `make envtest-assets` provides.
unit() {
  say 'unit: all packages; the controllers against a real API server'
  local assets
  if ! assets=$(make --silent envtest-assets | tail -n 1); then
    failed+=(-failed 'unit: there is no API server to test controllers against (make envtest-assets)')
    return
  fi
  KUBEBUILDER_ASSETS=$assets gotest unit pkgname -timeout 20m ./...
}

# The comparison with other engines, which is a module of its own: that it builds with all of them, and agrees with those that are
# quickly started (make test-peers has the others too).
bench() {
  say 'bench: the comparison with other engines'
  pushd hack/bench >/dev/null || return
  if go build ./...; then
    gotest bench pkgname -timeout 10m ./...
  else
    failed+=(-failed 'bench: it does not build')
  fi
  popd >/dev/null || return
}

# The whole on a real cluster. A cluster that was up before stays up; one that was started for the tests goes. The tests find
# juncture, kubectl and helm on the PATH, and the references of the images that the cluster has in JUNCTURE_*_IMAGE.
e2e() {
  say 'e2e: the operator and its evaluators on a real cluster'
  local status started=yes
  if status=$(make --silent cluster-status 2>/dev/null) && [[ $status == cluster:* ]]; then started=; fi
  if ! make cluster-up; then
    failed+=(-failed 'e2e: the cluster did not start (make cluster-up)')
  elif ! make build images-load || ! hack/cluster/build.sh kubectl helm; then
    failed+=(-failed 'e2e: the programs or their images could not be built (make build images-load)')
  else
    KUBECONFIG=$JUNCTURE_CACHE/cluster/kubeconfig PATH=$PWD/bin:$JUNCTURE_CACHE/bin:$PATH \
      JUNCTURE_MANAGER_IMAGE=$(hack/cluster/images.sh reference manager) \
      JUNCTURE_EVALUATOR_IMAGE=$(hack/cluster/images.sh reference evaluator) \
      gotest e2e standard-verbose -tags e2e -count 1 -timeout 30m ./test/e2e/...
  fi
  if [[ $started ]]; then make --silent cluster-down; fi
}

# gotest PHASE FORMAT ARGUMENT... runs go test and keeps its stream.
gotest() {
  local phase=$1 format=$2
  shift 2
  "$GOTESTSUM" --format "$format" --format-hide-empty-pkg --hide-summary skipped --jsonfile "$results/$phase.json" -- "$@"
  if [[ -s $results/$phase.json ]]; then
    streams+=("$results/$phase.json")
  else
    failed+=(-failed "$phase: go test did not run")
  fi
}

make --silent test-tools || exit
for phase in "$@"; do "$phase"; done

echo
go build -o "$results/testtotals" ./hack/testtotals && "$results/testtotals" "${failed[@]}" "${streams[@]}"

#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Builds the images of this project's programs without a container engine, and loads them into the cluster. The image
# of program X is named juncture/X, its archive $JUNCTURE_CACHE/images/X.tar, and X.ref beside it holds the reference
# to use in manifests; the tag changes with the contents.
#
# Usage: images.sh build PROGRAM...       builds ./cmd/PROGRAM of the repository (or of $IMAGE_SOURCE)
#        images.sh pack PROGRAM PATH [FLAG...]  packs a static program that is built already
#        images.sh load PROGRAM...        loads what was built into the cluster; with CLUSTER=current pushes to $REGISTRY
#        images.sh reference PROGRAM      prints the reference of what was built last
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

images=$cache/images

pack() {
  mkdir -p "$images"
  "$bin/image" -program "$2" -repository "juncture/$1" -archive "$images/.$1.tar" "${@:3}" >"$images/.$1.ref"
  mv "$images/.$1.tar" "$images/$1.tar"
  mv "$images/.$1.ref" "$images/$1.ref"
}

build() {
  local program
  "$here/build.sh" image
  for program in "$@"; do
    mkdir -p "$images/programs"
    (cd "${IMAGE_SOURCE:-$repo}" &&
      CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$images/programs/$program" "./cmd/$program")
    pack "$program" "$images/programs/$program"
    reference "$program"
  done
}

reference() {
  [[ -s $images/$1.ref ]] || die "no image of $1: run 'make images' first"
  cat "$images/$1.ref"
}

load() {
  local program provider
  provider=$(cat "$state/provider" 2>/dev/null) || die "no cluster: run 'make cluster-up' first"
  for program in "$@"; do
    reference "$program" >/dev/null
    case $provider in
    local) "$here/cluster.sh" import "$images/$program.tar" ;;
    kind) kind load image-archive --name juncture "$images/$program.tar" ;;
    current)
      [[ -n ${REGISTRY:-} ]] || die "CLUSTER=current: set REGISTRY to a registry that the cluster pulls from and you may push to"
      pack "$program" "$images/programs/$program" -push "$REGISTRY"
      ;;
    esac
    say "loaded $(reference "$program")"
  done
}

case ${1:-} in
build | pack | load | reference) "$@" ;;
*) die "usage: images.sh build|load PROGRAM... | pack PROGRAM PATH [FLAG...] | reference PROGRAM" ;;
esac

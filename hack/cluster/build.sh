#!/usr/bin/env bash
# Copyright 2026 The Juncture Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Builds the programs of a Kubernetes cluster from their Go modules into the
# cache. Each program carries a stamp of what it was made from, so that a
# second run has nothing to do.
#
# Usage: build.sh envtest (prints the folder for KUBEBUILDER_ASSETS) | cluster | PROGRAM...
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/env.sh"

# module_version DIR MODULE prints the version that DIR/go.mod requires.
module_version() {
  awk -v module="$2" '$1 == "require" { sub(/^require[ \t]+/, "") } $1 == module { print $2; exit }' "$here/$1/go.mod"
}

kubernetes_version=$(module_version k8s k8s.io/kubernetes)
envtest=$cache/envtest/${kubernetes_version#v}

kubernetes_ldflags() {
  local version=${kubernetes_version#v} package
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=v%s ' "$package" "$version"
    printf -- '-X %s.gitMajor=%s ' "$package" "${version%%.*}"
    printf -- '-X %s.gitMinor=%s ' "$package" "$(cut -d. -f2 <<<"$version")"
    printf -- '-X %s.gitTreeState=archive ' "$package"
  done
}

# The Kubernetes version that helm template and helm lint take a chart to be for.
helm_ldflags() {
  local package minor
  minor=$(module_version helm k8s.io/client-go)
  minor=${minor#v0.}
  for package in helm.sh/helm/v3/pkg/chartutil helm.sh/helm/v3/pkg/lint/rules; do
    printf -- '-X %s.k8sVersionMajor=1 -X %s.k8sVersionMinor=%s ' "$package" "$package" "${minor%%.*}"
  done
}

# recipe PROGRAM sets the folder of its module, the package to build and the
# linker flags that stamp its version.
recipe() {
  case $1 in
  kube-* | kubectl | kubelet)
    module=k8s package=k8s.io/kubernetes/cmd/$1 ldflags=$(kubernetes_ldflags)
    ;;
  etcd)
    module=etcd package=go.etcd.io/etcd/server/v3 ldflags=
    ;;
  containerd | containerd-shim-runc-v2 | ctr)
    module=containerd package=github.com/containerd/containerd/v2/cmd/$1
    ldflags="-X github.com/containerd/containerd/v2/version.Version=$(module_version containerd github.com/containerd/containerd/v2)"
    ;;
  helm)
    module=helm package=helm.sh/helm/v3/cmd/helm
    ldflags="-X helm.sh/helm/v3/internal/version.version=$(module_version helm helm.sh/helm/v3)"
    ldflags+=" $(helm_ldflags)"
    ;;
  provisioner | dns | image)
    module=$1 package=. ldflags=
    ;;
  pause | echo)
    module=image package=./$1 ldflags=
    ;;
  *) die "no recipe for program $1" ;;
  esac
}

# fingerprint prints what the program of the current recipe is made from.
fingerprint() {
  {
    go env GOVERSION GOOS GOARCH
    echo "$package $ldflags"
    find "$here/$module" -type f \( -name 'go.*' -o -name '*.go' \) ! -name '*_test.go' | sort | xargs cat
  } | sha256sum | cut -d' ' -f1
}

build() {
  local program=$1 module package ldflags stamp started=$SECONDS
  recipe "$program"
  stamp=$(fingerprint)
  if [[ -x $bin/$program && $(cat "$bin/.$program.stamp" 2>/dev/null) == "$stamp" ]]; then
    return
  fi
  say "building $program ..."
  (cd "$here/$module" && CGO_ENABLED=0 GOFLAGS='' go build -trimpath -buildvcs=false \
    -ldflags "-s -w $ldflags" -o "$bin/.$program.new" "$package")
  mv "$bin/.$program.new" "$bin/$program"
  echo "$stamp" >"$bin/.$program.stamp"
  say "built $program in $((SECONDS - started)) s ($(du -h "$bin/$program" | cut -f1))"
}

# What controller tests need, in the one folder where envtest looks for it.
build_envtest() {
  local program
  mkdir -p "$envtest"
  for program in etcd kubectl kube-apiserver; do
    build "$program"
    ln -sf "$bin/$program" "$envtest/$program"
  done
  echo "$envtest"
}

build_cluster() {
  local program
  build_envtest >/dev/null
  for program in kube-controller-manager kube-scheduler kubelet kube-proxy \
    containerd containerd-shim-runc-v2 ctr helm provisioner dns image pause echo; do
    build "$program"
  done
}

command -v go >/dev/null || die "go is not on the PATH; install the Go version that go.mod names"
mkdir -p "$bin"
exec {lock}>"$bin/.lock" # two builds at once would only slow each other down
flock "$lock"
for target in "$@"; do
  case $target in
  envtest) build_envtest ;;
  cluster) build_cluster ;;
  *) build "$target" ;;
  esac
done

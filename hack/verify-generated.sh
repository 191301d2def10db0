#!/usr/bin/env bash
# Regenerates and fails where a generated file was not what its source says. Other changes in the tree do not matter.
# Usage: hack/verify-generated.sh PATH...   (the paths that `make generate` writes)
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT

for path in "$@"; do
  if [[ -e $path ]]; then
    mkdir -p "$before/$(dirname "$path")"
    cp -R "$path" "$before/$path"
  fi
done

make generate

stale=0
for path in "$@"; do
  [[ -e $path || -e $before/$path ]] || continue
  diff --unified --recursive --new-file "$before/$path" "$path" || stale=1
done
if ((stale)); then
  echo 'Generated files were out of date. They are regenerated now: look at them and commit them ("make generate").' >&2
  exit 1
fi

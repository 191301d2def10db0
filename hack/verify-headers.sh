#!/usr/bin/env bash
# Every Go file begins with the header of hack/boilerplate.go.txt; a build constraint may stand before it.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
while IFS= read -r -d '' file; do
  [[ -f $file ]] || continue
  while IFS= read -r line; do
    if ! head -n 6 "$file" | grep -qxF -- "$line"; then
      echo "$file: lacks the header line \"$line\" (hack/boilerplate.go.txt)"
      missing=1
      break
    fi
  done <hack/boilerplate.go.txt
done < <(git ls-files --cached --others --exclude-standard --deduplicate -z '*.go')
exit "$missing"

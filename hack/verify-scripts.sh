#!/usr/bin/env bash
# Checks every shell script of the project: with shellcheck where it is installed, else their syntax alone.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts=()
while IFS= read -r -d '' file; do
  [[ -f $file ]] || continue
  name=${file##*/}
  if [[ $name == *.sh ]] || { [[ $name != *.* ]] && head -c 64 "$file" | grep -qaE '^#!.*\b(ba)?sh\b'; }; then
    scripts+=("$file")
  fi
done < <(git ls-files --cached --others --exclude-standard --deduplicate -z)

if command -v shellcheck >/dev/null; then
  shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
  echo "shellcheck: ${#scripts[@]} scripts are clean"
else
  for script in "${scripts[@]}"; do bash -n "$script"; done
  echo "shellcheck is not installed: checked the syntax of ${#scripts[@]} scripts only"
fi

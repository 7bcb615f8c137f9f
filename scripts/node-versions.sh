#!/usr/bin/env bash
# `npm test` on other versions of Node: scripts/node-versions.sh [VERSION…], by default all that are supported. Each program comes
# from its npm package into a temporary directory; node_modules and dist are those that are here. Exit 1 when one fails.
set -uo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 20 22 24 26
PROGRAM=$(node -p '`node-${process.platform}-${process.arch}`')
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM

FAILED=()
for version in "$@"; do
  if npm install --silent --no-save --prefix "$WORK/$version" "$PROGRAM@$version"; then
    echo "::: npm test on Node $("$WORK/$version/node_modules/$PROGRAM/bin/node" --version)"
    PATH="$WORK/$version/node_modules/$PROGRAM/bin:$PATH" npm test || FAILED+=("$version")
  else
    FAILED+=("$version")
  fi
done
[ ${#FAILED[@]} -eq 0 ] || { echo "failed on Node ${FAILED[*]}" >&2; exit 1; }

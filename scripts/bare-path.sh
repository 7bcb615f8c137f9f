#!/usr/bin/env bash
# Fills a new directory with links to node, npm, npx and git, and to the programs of Debian's essential packages. As the only
# directory on PATH it shows what works on a machine where nothing else is installed.
set -euo pipefail
DIRECTORY=${1:?usage: scripts/bare-path.sh DIRECTORY}

mkdir "$DIRECTORY"
dpkg-query -W -f '${Essential} ${binary:Package}\n' | sed -n 's/^yes //p' | xargs dpkg -L |
  grep -E '^(/usr)?/s?bin/[^/]+$' | xargs ln -sf -t "$DIRECTORY"
for name in node npm npx git; do ln -s "$(command -v "$name")" "$DIRECTORY/$name"; done

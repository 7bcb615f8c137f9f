#!/usr/bin/env bash
# Builds the programs that smoke and conformance tests use into .tools/bin, unless they are there: pinned, with Go's own
# checksums. Exit 1 when one could not be had.
set -euo pipefail
cd "$(dirname "$0")/.."

GRPCURL=v1.9.3
GRPC_HEALTH_PROBE=v0.4.61

install() { # NAME PACKAGE@VERSION
  [ -x ".tools/bin/$1" ] && return 0
  if ! command -v go >/dev/null; then
    echo "tools: $1 is built with Go, which is not here" >&2
    return 1
  fi
  GOBIN="$PWD/.tools/bin" GOFLAGS="" go install "$2"
}

install grpcurl "github.com/fullstorydev/grpcurl/cmd/grpcurl@$GRPCURL"
install grpc-health-probe "github.com/grpc-ecosystem/grpc-health-probe@$GRPC_HEALTH_PROBE"
echo "tools: grpcurl $GRPCURL, grpc-health-probe $GRPC_HEALTH_PROBE in .tools/bin"

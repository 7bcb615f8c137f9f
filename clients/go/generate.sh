#!/usr/bin/env bash
# Generates the stubs in sessionlogv1/ from proto/, with pinned generators that it builds into .tools/bin. With --check it
# changes nothing, and exits 1 when the committed stubs are not what it would write.
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd ../.. && pwd)

PROTOC_GEN_GO=v1.36.11
PROTOC_GEN_GO_GRPC=v1.6.1

install() { # NAME PACKAGE VERSION
  [ -x "$ROOT/.tools/bin/$1" ] && "$ROOT/.tools/bin/$1" --version | grep -qF "${3#v}" && return 0
  (cd / && GOBIN="$ROOT/.tools/bin" GOFLAGS="" go install "$2@$3")
}
install protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go "$PROTOC_GEN_GO"
install protoc-gen-go-grpc google.golang.org/grpc/cmd/protoc-gen-go-grpc "$PROTOC_GEN_GO_GRPC"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
MODULE=github.com/sessionlog/sessionlog/clients/go
cat >"$WORK/buf.gen.yaml" <<YAML
version: v2
plugins:
  - {local: "$ROOT/.tools/bin/protoc-gen-go", out: out, opt: "module=$MODULE"}
  - {local: "$ROOT/.tools/bin/protoc-gen-go-grpc", out: out, opt: "module=$MODULE"}
YAML
(cd "$ROOT" && node_modules/.bin/buf generate proto --template "$WORK/buf.gen.yaml" --output "$WORK")

if [ "${1:-}" = --check ]; then
  diff -r sessionlogv1 "$WORK/out/sessionlogv1" && exit 0
  echo "clients/go/sessionlogv1 is not what clients/go/generate.sh writes" >&2
  exit 1
fi
rm -rf sessionlogv1
mv "$WORK/out/sessionlogv1" .

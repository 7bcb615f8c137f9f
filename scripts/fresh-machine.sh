#!/usr/bin/env bash
# `npm ci && npm start` and `npm ci && npm test` as on a fresh machine: in a clone of its own, with an empty environment, and
# with nothing on PATH but node, npm, git and Debian's essential programs. Its last line has the tests' counts.
set -euo pipefail
cd "$(dirname "$0")/.."
WORK=$(mktemp -d)
SERVICE=
clean_up() {
  if [ -n "$SERVICE" ]; then kill -TERM "$SERVICE" 2>/dev/null || true; fi
  rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

scripts/bare-path.sh "$WORK/bin"
git clone --quiet . "$WORK/clone"
cd "$WORK/clone"

# HOME and the variables of this pattern are how npm reaches its packages; nothing else of the caller's is handed on.
mapfile -t NETWORK < <(env | grep -iE '^(npm_config_registry|https?_proxy|no_proxy|node_extra_ca_certs)=' || true)
ENVIRONMENT=("${NETWORK[@]}" HOME="$HOME" PATH="$WORK/bin" NO_COLOR=1)
bare() { # [NAME=VALUE…] COMMAND…
  env -i "${ENVIRONMENT[@]}" "$@"
}
fail() { # WHAT
  echo "fresh machine: $1" >&2
  cat "$WORK/log" >&2 2>/dev/null || true
  exit 1
}

for name in go grpcurl grpc-health-probe duckdb python3 cargo java; do
  if bare sh -c "command -v $name" >/dev/null; then fail "$name is on its PATH"; fi
done

# Starts, appends one session, and stops by SIGTERM to npm; twice, since a second start needs the lock of the first.
bare npm ci
for answer in "appended 1, duplicate 0, refused 0" "appended 0, duplicate 1, refused 0"; do
  # npm itself has to be the child, not a shell around it. Port 0, as another service may run on this machine.
  env -i "${ENVIRONMENT[@]}" SESSIONLOG_SERVER_LISTEN=127.0.0.1:0 npm start >"$WORK/log" 2>&1 &
  SERVICE=$!
  for _ in $(seq 600); do
    grep -q '"msg":"serving"' "$WORK/log" && break
    kill -0 "$SERVICE" 2>/dev/null || fail "npm start ended"
    sleep 0.1
  done
  ADDRESS=$(sed -n 's/.*"address":"\([^"]*\)".*"msg":"serving".*/\1/p' "$WORK/log")
  [ -n "$ADDRESS" ] || fail "npm start did not serve within 60 s"
  OUT=$(head -n 1 examples/sessions.jsonl | bare npx --no sessionlog append --address "$ADDRESS" - 2>&1) || fail "append: $OUT"
  [ "$OUT" = "$answer" ] || fail "append: $OUT"
  kill -TERM "$SERVICE"
  wait "$SERVICE" || fail "npm start ended with $? after SIGTERM"
  SERVICE=
  if (exec 3<>"/dev/tcp/${ADDRESS%:*}/${ADDRESS##*:}") 2>/dev/null; then fail "$ADDRESS is still open after SIGTERM"; fi
done
[ "$(wc -l <data/sessions.jsonl)" = 1 ] || fail "$(wc -l <data/sessions.jsonl) rows"
echo "fresh machine: npm start serves, takes a session and stops"

bare npm ci
bare CI=true npm test
# What differs without CI: the commands of the pages and the program itself.
bare npm test -- test/docs.test.ts test/cli
